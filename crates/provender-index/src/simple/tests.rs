use super::*;

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn project() -> ProjectName {
    "some-project".parse().unwrap()
}

fn url() -> Url {
    "https://index.example/simple/some-project/".parse().unwrap()
}

fn from_json(body: &str) -> Result<ProjectPage, PageError> {
    ProjectPage::from_json(&project(), &url(), body.as_bytes())
}

fn from_html(body: &str) -> Result<ProjectPage, PageError> {
    ProjectPage::from_html(&project(), &url(), body.as_bytes())
}

/// A page on which every attribute is used.
fn full() -> ProjectPage {
    let file = |filename: &str| PageFile {
        filename: filename.to_owned(),
        url: Some(url().join("../../files/").unwrap().join(filename).unwrap()),
        sha256: Some(HEX.parse().unwrap()),
        size: Some(1234),
        upload_time: Some("2024-01-31T12:00:00.123456Z".parse().unwrap()),
        requires_python: Some(">=3.8,<4 \"'&".to_owned()),
        yanked: None,
        metadata: Metadata::No,
        version: version_of(&project(), filename),
    };
    let wheel = PageFile {
        metadata: Metadata::Yes(Some(HEX.parse().unwrap())),
        yanked: Some("broken on <windows> & \"elsewhere\"".to_owned()),
        ..file("some_project-1.0+cpu-py3-none-any.whl")
    };
    let sdist = PageFile { yanked: Some(String::new()), ..file("some-project-1.0.tar.gz") };
    let files = vec![wheel, sdist, file("some_project-2.0-py3-none-any.whl")];
    let reason = Some("no longer kept".to_owned());
    let status = Some(ProjectStatus { status: "archived".to_owned(), reason });
    ProjectPage { name: project(), files, status }.sorted()
}

#[test]
fn a_page_is_read_as_it_was_written() {
    let page = full();
    assert_eq!(ProjectPage::from_json(&project(), &url(), &render::remembered(&page)), Ok(page));
}

#[test]
fn both_forms_say_the_same() {
    let page = full();
    let json = ProjectPage::from_json(&project(), &url(), &render::json(&page, "../../")).unwrap();
    let html = ProjectPage::from_html(&project(), &url(), &render::html(&page, "../../")).unwrap();
    // HTML has no place for sizes and times.
    let files = json.files.iter().cloned();
    let files = files.map(|file| PageFile { size: None, upload_time: None, ..file }).collect();
    assert_eq!(ProjectPage { files, ..json }, html);
}

#[test]
fn links_are_relative_and_name_the_digest() {
    let html = String::from_utf8(render::html(&full(), "../../")).unwrap();
    let href = format!("../../packages/01/23/{HEX}/some_project-1.0%2Bcpu-py3-none-any.whl");
    assert!(html.contains(&format!("href=\"{href}#sha256={HEX}\"")), "{html}");
    let json = String::from_utf8(render::json(&full(), "../../")).unwrap();
    assert!(json.contains(&format!("\"url\":\"{href}\"")), "{json}");
}

#[test]
fn metadata_are_promised_under_both_names_in_html_and_under_the_newer_one_in_json() {
    let html = String::from_utf8(render::html(&full(), "../../")).unwrap();
    for attribute in ["data-dist-info-metadata", "data-core-metadata"] {
        assert!(html.contains(&format!(" {attribute}=\"sha256={HEX}\"")), "{html}");
    }
    let json = String::from_utf8(render::json(&full(), "../../")).unwrap();
    assert!(json.contains(&format!("\"core-metadata\":{{\"sha256\":\"{HEX}\"}}")), "{json}");
    assert!(!json.contains("dist-info-metadata"), "{json}");
}

#[test]
fn nothing_from_outside_breaks_out_of_its_attribute() {
    let html = String::from_utf8(render::html(&full(), "../../")).unwrap();
    assert!(!html.contains("<windows>"), "{html}");
    assert!(html.contains("data-requires-python=\"&gt;=3.8,&lt;4 &quot;"), "{html}");
}

#[test]
fn a_page_without_every_size_claims_no_version_that_demands_them() {
    let mut page = full();
    let version = |page: &ProjectPage| {
        let json: serde_json::Value = serde_json::from_slice(&render::json(page, "")).unwrap();
        json["meta"]["api-version"].as_str().unwrap().to_owned()
    };
    assert_eq!(version(&page), "1.4");
    page.files[0].size = None;
    assert_eq!(version(&page), "1.0");
}

#[test]
fn a_file_without_a_digest_is_never_offered() {
    let mut page = full();
    page.files[0].sha256 = None;
    let json = ProjectPage::from_json(&project(), &url(), &render::json(&page, "")).unwrap();
    assert_eq!(json.files.len(), page.files.len() - 1);
    let html = ProjectPage::from_html(&project(), &url(), &render::html(&page, "")).unwrap();
    assert_eq!(html.files.len(), page.files.len() - 1);
}

#[test]
fn versions_are_those_of_the_files_in_order() {
    let page = from_json(
        r#"{"meta": {"api-version": "1.9"}, "files": [
            {"filename": "some_project-10.0-py3-none-any.whl", "url": "a"},
            {"filename": "some-project-9.tar.gz", "url": "b"},
            {"filename": "Some.Project-1.0-py2.7.egg", "url": "c"},
            {"filename": "other-3.0-py3-none-any.whl", "url": "d"}]}"#,
    )
    .unwrap();
    let versions: Vec<_> = page.versions().iter().map(ToString::to_string).collect();
    assert_eq!(versions, ["1.0", "9", "10.0"]);
    assert_eq!(page.files.len(), 4);
}

#[test]
fn odd_keys_and_newer_minor_versions_are_passed_over() {
    let page = from_json(
        r#"{"meta": {"api-version": "1.9", "_x": 1}, "name": "Some_Project", "extra": [],
            "project-status": 7, "files": [
            {"filename": "some-project-1.tar.gz", "url": "../../f/some-project-1.tar.gz#sha256=00",
             "hashes": {"md5": "x", "sha256": "not hex"}, "yanked": true, "upload-time": "soon",
             "size": null, "requires-python": null, "core-metadata": false,
             "dist-info-metadata": {"sha256": "x"}, "provenance": null}]}"#,
    )
    .unwrap();
    let file = &page.files[0];
    assert_eq!(
        file.url.as_ref().unwrap().as_str(),
        "https://index.example/f/some-project-1.tar.gz"
    );
    assert_eq!(file.yanked.as_deref(), Some(""));
    assert_eq!((file.sha256, file.upload_time, file.metadata), (None, None, Metadata::No));
}

#[test]
fn a_file_that_could_climb_out_of_its_folder_is_dropped() {
    let page = from_json(
        r#"{"files": [
            {"filename": "../some-project-1.tar.gz", "url": "a"},
            {"filename": "some-project-1\u0000.tar.gz", "url": "a"},
            {"filename": "", "url": "a"},
            {"filename": "some-project-2.tar.gz", "url": "file:///etc/passwd"},
            {"filename": "some-project-3.tar.gz", "url": "https://user:secret@files.example/3"}]}"#,
    )
    .unwrap();
    assert_eq!(page.files.len(), 1);
    assert_eq!(page.files[0].url.as_ref().unwrap().as_str(), "https://files.example/3");
}

#[test]
fn what_is_cut_of_another_version_or_of_another_project_is_refused() {
    assert!(matches!(from_json(r#"{"meta": {}, "files": [{"#), Err(PageError::Json(_))));
    let other_version = r#"{"meta": {"api-version": "2.0"}, "files": []}"#;
    assert_eq!(from_json(other_version), Err(PageError::ApiVersion("2.0".into())));
    let other = r#"{"name": "other", "files": []}"#;
    assert_eq!(from_json(other), Err(PageError::OtherProject("other".parse().unwrap())));
}

#[test]
fn a_page_in_html_is_read_with_all_its_attributes() {
    let page = from_html(&format!(
        "<!DOCTYPE html><html><head><base href='https://files.example/'></head><body>
         <a href='..'>up</a> <a href=\"/help\">Help</a>
         <A HREF=\"a/some_project-1.0%2Bcpu-py3-none-any.whl?x=1#sha256={HEX}\"
            data-requires-python=\"&gt;=3.8\" data-yanked data-dist-info-metadata=\"true\">x</A>
         <a href='some-project-2.zip#md5=abc' data-yanked='why &amp; how'
            data-core-metadata='sha256={HEX}' data-dist-info-metadata='true'>y</a></body></html>"
    ))
    .unwrap();
    let [wheel, sdist] = &page.files[..] else { panic!("{page:#?}") };
    let (wheel, sdist) =
        if wheel.filename.ends_with(".whl") { (wheel, sdist) } else { (sdist, wheel) };
    assert_eq!(wheel.filename, "some_project-1.0+cpu-py3-none-any.whl");
    assert_eq!(
        wheel.url.as_ref().unwrap().as_str(),
        "https://files.example/a/some_project-1.0%2Bcpu-py3-none-any.whl?x=1"
    );
    assert_eq!(wheel.sha256, Some(HEX.parse().unwrap()));
    assert_eq!(wheel.requires_python.as_deref(), Some(">=3.8"));
    assert_eq!(wheel.yanked.as_deref(), Some(""));
    assert_eq!(wheel.metadata, Metadata::Yes(None));
    assert_eq!((sdist.sha256, sdist.yanked.as_deref()), (None, Some("why & how")));
    assert_eq!(sdist.metadata, Metadata::Yes(Some(HEX.parse().unwrap())));
}

#[test]
fn a_portal_is_not_an_empty_index() {
    let portal = "<!DOCTYPE html><html><head><title>Sign in</title></head>\
                  <body><a href='/login'>in</a></body></html>";
    assert_eq!(from_html(portal), Err(PageError::NotAnIndex(Some("Sign in".into()))));
    for empty in [
        "<html><head><meta name=\"pypi:repository-version\" content=\"1.0\"></head></html>",
        "<html><head><title>Links for some-project</title></head></html>",
        "<html><head><title>Index of /simple/some-project/</title></head></html>",
    ] {
        assert_eq!(from_html(empty).unwrap().files, [], "{empty}");
    }
}

#[test]
fn a_content_type_decides_how_a_page_is_read() {
    let read = |content_type, body: &str| {
        ProjectPage::parse(&project(), &url(), content_type, body.as_bytes())
    };
    assert!(read("application/vnd.pypi.simple.v1+json", "{\"files\": []}").is_ok());
    assert!(read("text/html; charset=utf-8", "<title>Simple index</title>").is_ok());
    assert!(matches!(read("image/png", ""), Err(PageError::ContentType(_))));
}

#[test]
fn the_list_of_projects_is_written_in_both_forms() {
    let names = ["a".parse().unwrap(), "b-c".parse().unwrap()];
    let html = String::from_utf8(render::root_html(&names)).unwrap();
    assert!(html.contains("<a href=\"b-c/\">b-c</a>"), "{html}");
    let json: serde_json::Value = serde_json::from_slice(&render::root_json(&names)).unwrap();
    assert_eq!(json["projects"], serde_json::json!([{"name": "a"}, {"name": "b-c"}]));
}

fn stocked(filename: &str, present: bool) -> provender_store::StockedFile {
    let record = full()
        .files
        .iter()
        .find(|file| file.filename == filename)
        .unwrap()
        .record(provender_store::STOCK, &project());
    provender_store::StockedFile { record: record.unwrap(), present, metadata_present: present }
}

#[test]
fn a_page_of_the_stock_holds_what_is_present() {
    let wheel = "some_project-2.0-py3-none-any.whl";
    let page = ProjectPage::of_stocked(&project(), &[stocked(wheel, true)]);
    assert_eq!(page.files, [full().file(wheel).unwrap().clone()]);
    assert_eq!(ProjectPage::of_stocked(&project(), &[stocked(wheel, false)]).files, []);
}

#[test]
fn of_a_file_known_to_both_ours_is_offered_and_the_upstream_says_whether_it_was_yanked() {
    let wheel = "some_project-2.0-py3-none-any.whl";
    let ours = ProjectPage::of_stocked(&project(), &[stocked(wheel, true)]);
    let mut theirs = full();
    for file in &mut theirs.files {
        file.requires_python = None;
        file.yanked = Some("gone bad".to_owned());
    }
    let merged = ours.clone().merged_with(theirs.clone());
    assert_eq!(merged.files.len(), 3);
    let file = merged.file(wheel).unwrap();
    assert_eq!(file.requires_python, ours.files[0].requires_python);
    assert_eq!(file.yanked.as_deref(), Some("gone bad"));

    // Another file of the same name is none of ours.
    theirs.files.retain(|file| file.filename == wheel);
    theirs.files[0].sha256 = Some(Sha256::from_bytes([7; 32]));
    assert_eq!(ours.clone().merged_with(theirs).files, ours.files);
}

#[test]
fn what_cannot_be_verified_is_not_taken_from_an_upstream() {
    let mut theirs = full();
    theirs.files[0].sha256 = None;
    theirs.files[1].metadata = Metadata::Yes(None);
    let name = theirs.files[1].filename.clone();
    let merged = ProjectPage::empty(project()).merged_with(theirs);
    assert_eq!(merged.files.len(), 2);
    assert_eq!(merged.file(&name).unwrap().metadata, Metadata::No);
}

#[test]
fn a_page_that_nests_deeply_needs_no_deep_stack() {
    let body = format!("<title>{}", "<b>x".repeat(15_000));
    let read = move || {
        let url = "https://index.example/simple/a/".parse().unwrap();
        ProjectPage::from_html(&"a".parse().unwrap(), &url, body.as_bytes()).is_err()
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(read).unwrap();
    assert!(thread.join().unwrap());
}
