//! What cannot be stocked, and how it is told.

use provender_store::{FileRecord, STOCK};
use provender_test::{Fault, Release};

use super::bench::{Bench, LINUX, lock, rules};

#[tokio::test]
async fn addresses_and_folders_are_named_and_the_rest_is_stocked() {
    let bench = Bench::with([Release::new("a", "1")]).await;
    let text = format!(
        "{LINUX}{}b @ git+https://ann:s3cret@git.example/b.git@0123456\n-e ./c#egg=c\n",
        bench.pins(&["a==1"])
    );
    let stocked = bench.stock([lock(&text)]).await;
    assert!(!stocked.is_complete());
    assert!(rules(&stocked).iter().all(|rule| *rule == "stock/direct"), "{stocked:?}");
    assert!(!format!("{stocked:?}").contains("s3cret"));
    assert_eq!(bench.stocked().await, ["a-1-py3-none-any.whl"]);
}

#[tokio::test]
async fn a_pin_without_hashes_is_refused() {
    let bench = Bench::with([Release::new("a", "1")]).await;
    let stocked = bench.stock([lock("a==1\n")]).await;
    assert_eq!(rules(&stocked), ["stock/no-hash"]);
    assert!(bench.index.http().requests().is_empty());
}

#[tokio::test]
async fn a_file_that_was_replaced_is_named_with_what_is_offered_instead() {
    let bench = Bench::with([Release::new("a", "1")]).await;
    let locked = bench.lock(&["a==1"]);
    bench.index.add(&Release::new("a", "1").requires("evil"));
    let (_, offered) = bench.index.hashes("a", "1").pop().unwrap();
    let stocked = bench.stock([locked.clone()]).await;
    assert!(!stocked.is_complete());
    let [diagnostic] = &stocked.diagnostics[..] else { panic!("{stocked:?}") };
    assert_eq!(diagnostic.rule, "stock/hash");
    assert!(diagnostic.causes[0].contains(&locked.lock.projects[0].files[0].hash.to_string()));
    assert!(diagnostic.causes[1].contains("a-1-py3-none-any.whl"), "{diagnostic:?}");
    assert!(diagnostic.causes[1].contains(&offered));
    assert!(bench.stocked().await.is_empty());
    assert_eq!(bench.index.http().count("/files/"), 0);

    // Once it is what was locked again, it is found although the page is remembered.
    bench.index.add(&Release::new("a", "1"));
    assert!(bench.stock([locked]).await.is_complete());
}

#[tokio::test]
async fn a_missing_project_and_a_missing_release_are_told_apart() {
    let bench = Bench::with([Release::new("a", "1"), Release::new("b", "1")]).await;
    let lock = bench.lock(&["a==1", "b==1"]);
    bench.index.remove("a", "1");
    bench.index.remove("b", "1");
    bench.index.add(&Release::new("b", "2"));
    let stocked = bench.stock([lock]).await;
    assert_eq!(rules(&stocked), ["stock/no-project", "stock/no-release"]);
    assert!(stocked.diagnostics[1].causes[0].contains("it has 2"));
}

#[tokio::test]
async fn a_release_without_a_file_for_the_target_is_named() {
    let bench = Bench::with([Release::new("a", "1").wheel("cp311-cp311-win_amd64")]).await;
    let stocked = bench.stock([bench.lock(&["a==1"])]).await;
    assert_eq!(rules(&stocked), ["stock/no-file"]);
    assert!(stocked.diagnostics[0].message.contains("CPython 3.11 on x86_64-manylinux_2_28"));
}

#[tokio::test]
async fn an_unreadable_page_is_named_and_the_rest_is_stocked() {
    for fault in
        [Fault::HtmlPage, Fault::Status(503), Fault::Closed, Fault::Truncated, Fault::Stalled]
    {
        let bench = Bench::with([Release::new("a", "1"), Release::new("b", "1")]).await;
        let lock = bench.lock(&["a==1", "b==1"]);
        bench.index.http().fail("/simple/a/", fault.clone());
        let stocked = bench.stock([lock.clone()]).await;
        assert_eq!(rules(&stocked), ["stock/index"], "{fault:?}");
        assert!(!stocked.is_complete());
        assert!(stocked.diagnostics[0].hint.is_some());
        assert_eq!(bench.stocked().await, ["b-1-py3-none-any.whl"]);

        bench.index.http().heal();
        let stocked = bench.stock([lock]).await;
        assert!(stocked.is_complete(), "{fault:?}: {stocked:?}");
        assert_eq!(stocked.fetched.len(), 1);
    }
}

#[tokio::test]
async fn a_refresh_without_an_answer_is_incomplete_and_loses_nothing() {
    let bench = Bench::with([Release::new("a", "1")]).await;
    let lock = bench.lock(&["a==1"]);
    bench.stock([lock.clone()]).await;
    bench.index.http().fail("/simple/", Fault::Status(500));
    let request = super::bench::request([lock]);
    let refresh = provender_index::stock::StockRequest { refresh: true, ..request.clone() };
    let stocked = bench.run(&refresh).await.unwrap();
    assert_eq!(rules(&stocked), ["stock/index"]);
    assert_eq!(stocked.present, 1);
    bench.index.http().forget_requests();
    assert!(bench.run(&request).await.unwrap().is_complete());
    assert!(bench.index.http().requests().is_empty());
}

#[tokio::test]
async fn a_choice_among_few_known_files_is_not_believed_once_the_index_answers() {
    let bench = Bench::with([Release::new("a", "1").sdist()]).await;
    let lock = bench.lock(&["a==1"]);
    // The sdist alone is known and there, as if it had been pulled through.
    let sdist = &Release::new("a", "1").no_wheel().sdist().files()[0];
    let mut spool = bench.store.spool().await.unwrap();
    spool.write(&sdist.bytes).await.unwrap();
    let info = bench.store.keep(spool.finish(None).await.unwrap()).await.unwrap();
    let record = FileRecord {
        index: STOCK.to_owned(),
        project: "a".parse().unwrap(),
        version: "1".parse().unwrap(),
        filename: sdist.filename.clone(),
        sha256: info.sha256,
        size: Some(info.size),
        upload_time: None,
        requires_python: None,
        yanked: None,
        metadata: None,
        url: Some(format!("{}a", bench.index.url()).parse().unwrap()),
    };
    bench.store.database().put_files(&[record]).await.unwrap();

    bench.index.http().fail("/simple/", Fault::Status(500));
    for _ in 0..2 {
        let stocked = bench.stock([lock.clone()]).await;
        assert_eq!(rules(&stocked), ["stock/index"]);
    }
    bench.index.http().heal();
    assert!(bench.stock([lock]).await.is_complete());
    assert_eq!(bench.stocked().await, ["a-1-py3-none-any.whl", "a-1.tar.gz"]);
}
