//! What every database must do.

use url::Url;

use super::Outcome;
use super::records::{absent, blob_info, file, lock, name, page, sha256, time, version};
use crate::{
    BlobInfo, BlobRow, Database, DatabaseError, FileRecord, LockFormat, LockKind, LockRecord,
    PageRecord, STOCK, StockedFile,
};

pub async fn a_file_is_read_as_it_was_written(database: &dyn Database) -> Outcome {
    let full = FileRecord {
        size: Some(1 << 40),
        upload_time: Some(time(1)),
        requires_python: Some(">=3.9, <4 'é'".to_owned()),
        yanked: Some(String::new()),
        metadata: Some(sha256(9)),
        url: Url::parse("https://files.example/a/flask-1.0.tar.gz#x").ok(),
        ..file("flask", "1.0", "flask-1.0.tar.gz", 1)
    };
    let bare = file("flask", "1.0", "Flask-1.0-py3-none-any.whl", 2);
    database.put_files(&[full.clone(), bare.clone()]).await?;
    for file in [full, bare] {
        let found = database.file(STOCK, &file.filename).await?;
        assert_eq!(found, Some(absent(file)));
    }
    assert_eq!(database.file(STOCK, "flask-2.0.tar.gz").await?, None);
    Ok(())
}

pub async fn credentials_are_not_written(database: &dyn Database) -> Outcome {
    let url = Url::parse("https://ann:s3cret@files.example/a-1.tar.gz").ok();
    database.put_files(&[FileRecord { url, ..file("a", "1", "a-1.tar.gz", 1) }]).await?;
    let found = database.file(STOCK, "a-1.tar.gz").await?.and_then(|found| found.record.url);
    assert_eq!(found.as_ref().map(Url::as_str), Some("https://files.example/a-1.tar.gz"));

    let upstream = "https://ann:s3cret@index.example/simple/";
    database.put_page(&page(upstream, b"{}")).await?;
    for asked in [upstream, "https://index.example/simple/"] {
        let found = database.page(asked, &name("flask")).await?.map(|page| page.upstream);
        assert_eq!(found.as_deref(), Some("https://index.example/simple/"));
    }
    Ok(())
}

pub async fn a_release_is_replaced_as_a_whole(database: &dyn Database) -> Outcome {
    let (flask, one, two) = (name("flask"), version("1.0"), version("2.0"));
    let old = file("flask", "1.0", "flask-1.0.zip", 1);
    let kept = file("flask", "1.0", "flask-1.0.tar.gz", 2);
    let other = file("flask", "2.0", "flask-2.0.tar.gz", 3);
    database.put_release(STOCK, &flask, &one, &[old, kept.clone()]).await?;
    database.put_release(STOCK, &flask, &two, std::slice::from_ref(&other)).await?;

    let changed = FileRecord { yanked: Some("broken".to_owned()), ..kept };
    database.put_release(STOCK, &flask, &one, std::slice::from_ref(&changed)).await?;
    assert_eq!(database.release(STOCK, &flask, &one).await?, [absent(changed.clone())]);
    let of_project = database.project_files(STOCK, &flask).await?;
    assert_eq!(of_project, [absent(changed), absent(other)]);

    database.put_release(STOCK, &flask, &one, &[]).await?;
    assert_eq!(database.release(STOCK, &flask, &one).await?, []);
    assert_eq!(database.release(STOCK, &flask, &two).await?.len(), 1);
    Ok(())
}

pub async fn a_file_of_another_release_is_refused(database: &dyn Database) -> Outcome {
    let files =
        [file("flask", "1.0", "flask-1.0.zip", 1), file("flask", "2.0", "flask-2.0.zip", 2)];
    let refused = database.put_release(STOCK, &name("flask"), &version("1.0"), &files).await;
    assert!(matches!(refused, Err(DatabaseError::OtherRelease { .. })), "{refused:?}");
    assert_eq!(database.project_files(STOCK, &name("flask")).await?, []);
    Ok(())
}

pub async fn versions_are_compared_and_not_spelled(database: &dyn Database) -> Outcome {
    let flask = name("flask");
    let spelled = file("flask", "1.0.0", "flask-1.0.0.tar.gz", 1);
    database.put_release(STOCK, &flask, &version("1.0"), std::slice::from_ref(&spelled)).await?;
    assert_eq!(database.release(STOCK, &flask, &version("1")).await?, [absent(spelled)]);
    assert_eq!(database.release(STOCK, &flask, &version("1.0.0+cu12")).await?, []);

    let ten = file("flask", "1.10", "flask-1.10.tar.gz", 2);
    database.put_files(std::slice::from_ref(&ten)).await?;
    let found = database.project_files(STOCK, &flask).await?;
    assert_eq!(found.last(), Some(&absent(ten)));
    Ok(())
}

pub async fn many_releases_are_found_at_once(database: &dyn Database) -> Outcome {
    let mut asked = Vec::new();
    let mut files = Vec::new();
    for number in 0..2500_u32 {
        let project = format!("project-{number}");
        if number % 10 == 0 {
            files.push(file(&project, "1.0", &format!("{project}-1.0.tar.gz"), 1));
            files.push(file(&project, "2.0", &format!("{project}-2.0.tar.gz"), 2));
        }
        asked.push((name(&project), version("2.0.0")));
    }
    asked.push(asked[0].clone());
    database.put_files(&files).await?;
    let found = database.releases(STOCK, &asked).await?;
    assert_eq!(found.len(), 250);
    assert!(found.iter().all(|found| found.record.sha256 == sha256(2)));
    assert_eq!(database.releases(STOCK, &[]).await?, []);
    Ok(())
}

pub async fn indexes_do_not_see_each_others_files(database: &dyn Database) -> Outcome {
    let ours = file("flask", "1.0", "flask-1.0.tar.gz", 1);
    let theirs =
        FileRecord { index: "team".to_owned(), ..file("flask", "1.0", "flask-1.0.tar.gz", 2) };
    database.put_files(&[ours.clone(), theirs.clone()]).await?;
    for blob in [1, 2] {
        database.record_blob(&blob_info(blob)).await?;
    }
    for (index, file) in [(STOCK, &ours), ("team", &theirs)] {
        let (project, filename) = (&file.project, &file.filename);
        let found = StockedFile { present: true, ..absent(file.clone()) };
        assert_eq!(database.project_files(index, project).await?, std::slice::from_ref(&found));
        assert_eq!(database.all_files(index).await?, std::slice::from_ref(&found));
        assert_eq!(database.file(index, filename).await?, Some(found));
    }
    database.put_release("team", &ours.project, &ours.version, &[]).await?;
    assert_eq!(database.all_files("team").await?, []);
    assert_eq!(database.all_files(STOCK).await?.len(), 1);
    Ok(())
}

pub async fn a_file_is_present_while_its_blob_is_recorded_and_intact(
    database: &dyn Database,
) -> Outcome {
    let file = FileRecord { metadata: Some(sha256(2)), ..file("a", "1", "a-1.whl", 1) };
    database.put_files(std::slice::from_ref(&file)).await?;
    let seen = async || {
        let found = database.file(STOCK, &file.filename).await?;
        Ok::<_, DatabaseError>(found.map(|found| (found.present, found.metadata_present)))
    };
    assert_eq!(seen().await?, Some((false, false)));
    database.record_blob(&blob_info(1)).await?;
    assert_eq!(seen().await?, Some((true, false)));
    database.record_blob(&blob_info(2)).await?;
    assert_eq!(seen().await?, Some((true, true)));
    database.mark_damaged(&sha256(1)).await?;
    assert_eq!(seen().await?, Some((false, true)));
    database.record_blob(&blob_info(1)).await?;
    database.forget_blob(&sha256(2)).await?;
    assert_eq!(seen().await?, Some((true, false)));
    Ok(())
}

pub async fn only_present_projects_and_files_are_listed(database: &dyn Database) -> Outcome {
    let b = file("b", "1", "b-1.tar.gz", 1);
    let a = file("a", "1", "a-1.tar.gz", 2);
    let files =
        [b.clone(), a.clone(), file("a", "2", "a-2.tar.gz", 3), file("c", "1", "c-1.tar.gz", 4)];
    database.put_files(&files).await?;
    for blob in [1, 2, 4] {
        database.record_blob(&blob_info(blob)).await?;
    }
    database.mark_damaged(&sha256(4)).await?;
    assert_eq!(database.projects(STOCK).await?, [name("a"), name("b")]);
    let present = |file| StockedFile { present: true, ..absent(file) };
    assert_eq!(database.all_files(STOCK).await?, [present(a), present(b)]);
    Ok(())
}

pub async fn files_are_found_by_their_digest(database: &dyn Database) -> Outcome {
    let ours = file("a", "1", "a-1.tar.gz", 1);
    let theirs = FileRecord { index: "team".to_owned(), ..ours.clone() };
    let other = file("a", "2", "a-2.tar.gz", 2);
    database.put_files(&[ours.clone(), theirs.clone(), other]).await?;
    assert_eq!(database.files_of(&sha256(1)).await?, [absent(ours), absent(theirs)]);
    assert_eq!(database.files_of(&sha256(3)).await?, []);
    Ok(())
}

pub async fn removed_files_are_forgotten(database: &dyn Database) -> Outcome {
    let files = [file("a", "1", "a-1.tar.gz", 1), file("a", "2", "a-2.tar.gz", 2)];
    database.put_files(&files).await?;
    let names = ["a-1.tar.gz".to_owned(), "b-1.tar.gz".to_owned()];
    database.remove_files(STOCK, &names).await?;
    let left = database.project_files(STOCK, &name("a")).await?;
    assert_eq!(left, [absent(files[1].clone())]);
    Ok(())
}

pub async fn blobs_are_recorded_as_they_were_kept(database: &dyn Database) -> Outcome {
    let row = |number, damaged| BlobRow { info: blob_info(number), damaged };
    database.record_blob(&blob_info(2)).await?;
    database.record_blob(&blob_info(1)).await?;
    database.mark_damaged(&sha256(2)).await?;
    database.mark_damaged(&sha256(3)).await?;
    assert_eq!(database.blobs().await?, [row(1, false), row(2, true)]);
    assert_eq!(database.blob(&sha256(2)).await?, Some(row(2, true)));
    assert_eq!(database.blob(&sha256(3)).await?, None);

    let again = BlobInfo { modified: time(7), ..blob_info(2) };
    database.record_blob(&again).await?;
    assert_eq!(database.blob(&sha256(2)).await?, Some(BlobRow { info: again, damaged: false }));
    database.forget_blob(&sha256(1)).await?;
    database.forget_blob(&sha256(1)).await?;
    assert_eq!(database.blob(&sha256(1)).await?, None);
    Ok(())
}

pub async fn a_blob_is_unnamed_that_is_no_file_no_metadata_and_in_no_lock(
    database: &dyn Database,
) -> Outcome {
    for number in 1..=4 {
        database.record_blob(&blob_info(number)).await?;
    }
    let bare = FileRecord { index: "other".to_owned(), ..file("a", "1", "a-1.tar.gz", 5) };
    let wheel =
        FileRecord { metadata: Some(sha256(2)), ..file("a", "1", "a-1-py3-none-any.whl", 1) };
    database.put_files(&[bare, wheel]).await?;
    database.put_lock(&lock("/srv/app/pylock.toml"), &[sha256(3)]).await?;
    let unnamed = async || {
        let rows = database.unnamed_blobs().await?;
        Ok::<_, DatabaseError>(rows.into_iter().map(|row| row.info.sha256).collect::<Vec<_>>())
    };
    assert_eq!(unnamed().await?, [sha256(4)]);
    database.remove_lock("/srv/app/pylock.toml").await?;
    assert_eq!(unnamed().await?, [sha256(3), sha256(4)]);
    database.remove_files(STOCK, &["a-1-py3-none-any.whl".to_owned()]).await?;
    assert_eq!(unnamed().await?, [sha256(1), sha256(2), sha256(3), sha256(4)]);
    Ok(())
}

pub async fn a_page_is_read_as_it_was_written(database: &dyn Database) -> Outcome {
    let flask = name("flask");
    let upstream = "https://index.example/simple/";
    assert_eq!(database.page(upstream, &flask).await?, None);
    let first = page(upstream, b"<html>\0\xff</html>");
    database.put_page(&first).await?;
    assert_eq!(database.page(upstream, &flask).await?, Some(first.clone()));
    let second = PageRecord { etag: None, body: Vec::new(), ..first };
    database.put_page(&second).await?;
    assert_eq!(database.page(upstream, &flask).await?, Some(second));
    assert_eq!(database.page("https://other.example/simple/", &flask).await?, None);
    assert_eq!(database.page(upstream, &name("django")).await?, None);
    Ok(())
}

pub async fn a_page_that_is_still_right_keeps_its_body(database: &dyn Database) -> Outcome {
    let upstream = "https://index.example/simple/";
    let first = page(upstream, b"{}");
    database.put_page(&first).await?;
    database.touch_page(upstream, &first.project, time(5), time(6)).await?;
    let touched = PageRecord { fetched_at: time(5), fresh_until: time(6), ..first.clone() };
    assert_eq!(database.page(upstream, &first.project).await?, Some(touched));
    Ok(())
}

pub async fn a_lock_is_replaced_with_what_it_needs(database: &dyn Database) -> Outcome {
    let lock = lock("/srv/app/constraints.txt");
    database.put_lock(&lock, &[sha256(2), sha256(1), sha256(2)]).await?;
    let carried = LockRecord {
        kind: LockKind::Carried,
        format: LockFormat::Pylock,
        target: None,
        ..self::lock("with:pip-audit")
    };
    database.put_lock(&carried, &[sha256(2)]).await?;
    assert_eq!(database.lock_files(&lock.name).await?, [sha256(1), sha256(2)]);

    let changed = LockRecord { text: "flask==2.0\n".to_owned(), ..lock };
    database.put_lock(&changed, &[sha256(3)]).await?;
    assert_eq!(database.locks().await?, [changed.clone(), carried.clone()]);
    assert_eq!(database.lock_files(&changed.name).await?, [sha256(3)]);
    assert_eq!(database.lock_files(&carried.name).await?, [sha256(2)]);
    Ok(())
}

pub async fn a_removed_lock_needs_nothing(database: &dyn Database) -> Outcome {
    let lock = lock("/srv/app/constraints.txt");
    database.put_lock(&lock, &[sha256(1)]).await?;
    database.remove_lock(&lock.name).await?;
    database.remove_lock(&lock.name).await?;
    assert_eq!(database.locks().await?, []);
    assert_eq!(database.lock_files(&lock.name).await?, []);
    Ok(())
}

pub async fn the_generation_grows_with_every_difference_and_no_other(
    database: &dyn Database,
) -> Outcome {
    let (a, one) = (name("a"), version("1"));
    let files = [file("a", "1", "a-1.tar.gz", 1)];
    let mut last = database.generation().await?;
    let mut grew = async || {
        let before = std::mem::replace(&mut last, database.generation().await?);
        Ok::<_, DatabaseError>(last > before)
    };
    database.put_files(&files).await?;
    assert!(grew().await?);
    database.put_files(&files).await?;
    database.put_release(STOCK, &a, &one, &files).await?;
    assert!(!grew().await?);
    database.record_blob(&blob_info(1)).await?;
    assert!(grew().await?);
    database.mark_damaged(&sha256(1)).await?;
    assert!(grew().await?);
    database.mark_damaged(&sha256(1)).await?;
    database.put_page(&page("https://index.example/simple/", b"")).await?;
    database.put_lock(&lock("/srv/app/pylock.toml"), &[sha256(1)]).await?;
    assert!(!grew().await?);
    database.forget_blob(&sha256(1)).await?;
    assert!(grew().await?);
    database.put_release(STOCK, &a, &one, &[]).await?;
    assert!(grew().await?);
    database.put_files(&files).await?;
    assert!(grew().await?);
    database.remove_files(STOCK, &["a-1.tar.gz".to_owned()]).await?;
    assert!(grew().await?);
    database.remove_files(STOCK, &["a-1.tar.gz".to_owned()]).await?;
    database.forget_blob(&sha256(1)).await?;
    assert!(!grew().await?);
    Ok(())
}

pub async fn many_may_write_at_once(database: &dyn Database) -> Outcome {
    let write = async |project: &str| {
        for number in 0..20_u8 {
            let filename = format!("{project}-{number}.tar.gz");
            let file = file(project, &number.to_string(), &filename, number);
            database.put_files(std::slice::from_ref(&file)).await?;
            database.record_blob(&blob_info(number)).await?;
            assert_eq!(
                database.file(STOCK, &filename).await?,
                Some(StockedFile { present: true, ..absent(file) })
            );
        }
        Ok::<_, DatabaseError>(())
    };
    let all = tokio::join!(write("a"), write("b"), write("c"), write("d"));
    for done in [all.0, all.1, all.2, all.3] {
        done?;
    }
    assert_eq!(database.all_files(STOCK).await?.len(), 80);
    assert_eq!(database.blobs().await?.len(), 20);
    Ok(())
}

pub async fn a_fresh_database_is_sound(database: &dyn Database) -> Outcome {
    assert_eq!(database.verify().await?, Vec::<String>::new());
    assert_eq!(database.all_files(STOCK).await?, []);
    assert_eq!(database.locks().await?, []);
    Ok(())
}
