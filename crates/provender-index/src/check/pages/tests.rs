use provender_store::FileRecord;

use super::*;
use crate::simple::render;

/// What a page says wrongly, how, and whether it says that in HTML too.
type Lie = (&'static str, fn(&mut PageFile), bool);

fn file(name: &str) -> StockedFile {
    StockedFile {
        record: FileRecord {
            index: STOCK.to_owned(),
            project: "a".parse().unwrap(),
            version: "1".parse().unwrap(),
            filename: name.to_owned(),
            sha256: Sha256::from_bytes([1; 32]),
            size: Some(5),
            upload_time: Some("2024-01-31T12:00:00Z".parse().unwrap()),
            requires_python: Some(">=3.9, <4".to_owned()),
            yanked: Some("it's <broken>".to_owned()),
            metadata: Some(Sha256::from_bytes([2; 32])),
            url: None,
        },
        present: true,
        metadata_present: true,
    }
}

fn rendered(page: &ProjectPage, is_json: bool) -> ProjectPage {
    let url = "http://index.example/simple/a/".parse().unwrap();
    if is_json {
        ProjectPage::from_json(&page.name, &url, &render::json(page, "../../")).unwrap()
    } else {
        ProjectPage::from_html(&page.name, &url, &render::html(page, "../../")).unwrap()
    }
}

#[test]
fn our_own_pages_agree_in_both_formats() {
    let page = ProjectPage::of_stocked(
        &"a".parse().unwrap(),
        &[file("a-1-py3-none-any.whl"), file("a-1.tar.gz")],
    );
    for is_json in [true, false] {
        let found = rendered(&page, is_json);
        assert_eq!(disagreements(&page.files, &found, is_json, true), Vec::<String>::new());
    }
}

#[test]
fn every_lie_of_a_page_is_found() {
    let name = "a-1-py3-none-any.whl";
    let page = ProjectPage::of_stocked(&"a".parse().unwrap(), &[file(name)]);
    let lies: [Lie; 7] = [
        ("sha256", |file| file.sha256 = Some(Sha256::from_bytes([9; 32])), true),
        ("size", |file| file.size = Some(6), false),
        ("upload time", |file| file.upload_time = None, false),
        ("requires-python", |file| file.requires_python = None, true),
        ("yanked", |file| file.yanked = None, true),
        ("metadata", |file| file.metadata = crate::simple::Metadata::No, true),
        ("missing", |file| file.filename = "a-1.tar.gz".to_owned(), true),
    ];
    for (what, lie, in_html) in lies {
        let mut found = page.clone();
        lie(&mut found.files[0]);
        let wrong = disagreements(&page.files, &rendered(&found, true), true, true);
        assert!(wrong.iter().any(|wrong| wrong.contains(what)), "{what}: {wrong:?}");
        let wrong = disagreements(&page.files, &rendered(&found, false), false, true);
        assert_eq!(wrong.iter().any(|wrong| wrong.contains(what)), in_html, "{what}: {wrong:?}");
    }
}

#[test]
fn a_running_index_may_have_more() {
    let one = ProjectPage::of_stocked(&"a".parse().unwrap(), &[file("a-1.tar.gz")]);
    let two = [file("a-1.tar.gz"), file("a-1-py3-none-any.whl")];
    let mut two = ProjectPage::of_stocked(&"a".parse().unwrap(), &two);
    two.files.iter_mut().for_each(|file| file.yanked = Some("since".to_owned()));
    assert!(disagreements(&one.files, &two, true, false).is_empty());
    assert!(!disagreements(&one.files, &two, true, true).is_empty());
}
