//! A static tree of what is stocked.

use std::fs;
use std::path::Path;

use provender_index::export::{ExportError, Placing, export};
use provender_test::{Release, left_out, pip};
use tempfile::TempDir;

use crate::stock::Bench;
use crate::stock::bench::tree;

async fn stocked() -> Bench {
    let bench = Bench::with([
        Release::new("My.Pkg", "1+local.1").requires("b").requires_python(">=3.8"),
        Release::new("b", "1").sdist(),
    ])
    .await;
    let lock = bench.lock(&["My.Pkg==1+local.1", "b==1"]);
    assert!(bench.stock([lock]).await.is_complete());
    bench
}

#[tokio::test]
async fn a_tree_holds_pages_in_both_forms_and_every_file() {
    let bench = stocked().await;
    let dir = TempDir::new().unwrap();
    let exported = export(&bench.store, dir.path(), Placing::Link).await.unwrap();
    assert!(exported.is_complete());
    assert_eq!((exported.projects, exported.files), (2, 2));
    let files = tree(dir.path());
    for page in ["simple", "simple/my-pkg", "simple/b"] {
        for form in ["index.html", "index.json"] {
            assert!(files.contains_key(&format!("{page}/{form}")), "{page}/{form}");
        }
    }
    let page = std::str::from_utf8(&files["simple/my-pkg/index.html"]).unwrap();
    let link = page.split("href=\"").nth(1).unwrap().split('#').next().unwrap();
    assert!(link.starts_with("../../packages/"), "{link}");
    let path = link.trim_start_matches("../../").replace("%2B", "+");
    assert!(files.contains_key(&path), "{path} in {:?}", files.keys());
    assert!(files.contains_key(&format!("{path}.metadata")));
    assert!(page.contains("data-core-metadata=\"sha256="));
    assert_eq!(exported.written, files.len() - 1, "all but the marker");
}

#[tokio::test]
async fn a_second_run_writes_nothing_and_links_and_copies_are_the_same() {
    let bench = stocked().await;
    let (linked, copied) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    for (dir, placing) in [(&linked, Placing::Link), (&copied, Placing::Copy)] {
        export(&bench.store, dir.path(), placing).await.unwrap();
        let before = tree(dir.path());
        let again = export(&bench.store, dir.path(), placing).await.unwrap();
        assert_eq!((again.written, again.removed), (0, 0));
        assert_eq!(tree(dir.path()), before);
    }
    assert_eq!(tree(linked.path()), tree(copied.path()));
}

#[tokio::test]
async fn what_is_no_longer_stocked_and_what_was_left_behind_goes() {
    let bench = stocked().await;
    let dir = TempDir::new().unwrap();
    export(&bench.store, dir.path(), Placing::Copy).await.unwrap();
    fs::write(dir.path().join("simple/b/.new-leftover"), "half").unwrap();
    fs::write(dir.path().join("simple/index.html"), "changed").unwrap();
    bench.store.database().remove_files("stock", &["b-1-py3-none-any.whl".into()]).await.unwrap();
    let exported = export(&bench.store, dir.path(), Placing::Copy).await.unwrap();
    // Two pages, the wheel, its metadata and what was left behind.
    assert_eq!((exported.projects, exported.removed), (1, 5));
    let files = tree(dir.path());
    assert!(!files.keys().any(|path| path.contains("/b")), "{:?}", files.keys());
    let fresh = TempDir::new().unwrap();
    export(&bench.store, fresh.path(), Placing::Copy).await.unwrap();
    assert_eq!(files, tree(fresh.path()));
}

#[tokio::test]
async fn a_folder_with_something_else_in_it_is_refused() {
    let bench = stocked().await;
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("thesis.txt"), "years of work").unwrap();
    let error = export(&bench.store, dir.path(), Placing::Link).await.unwrap_err();
    assert!(matches!(error, ExportError::NotAnExport { .. }) && error.hint().is_some());
    assert_eq!(tree(dir.path()).len(), 1);
}

#[tokio::test]
async fn a_damaged_file_is_left_out_and_named() {
    for placing in [Placing::Link, Placing::Copy] {
        let bench = stocked().await;
        let (_, path) = bench.blob("b-1-py3-none-any.whl").await;
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let mut bytes = fs::read(&path).unwrap();
        bytes[10] ^= 1;
        fs::write(&path, bytes).unwrap();
        if placing == Placing::Copy {
            // Length and time do not tell, but whoever copies reads it all.
            fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        }
        let dir = TempDir::new().unwrap();
        let exported = export(&bench.store, dir.path(), placing).await.unwrap();
        assert!(!exported.is_complete());
        assert_eq!(exported.diagnostics[0].rule, "export/damaged");
        assert!(exported.diagnostics[0].message.contains("b-1-py3-none-any.whl"));
        assert_eq!(exported.projects, 1);
        assert!(!tree(dir.path()).keys().any(|path| path.contains("b-1-")));
    }
}

#[tokio::test]
async fn a_copy_that_somebody_wrote_to_is_written_again() {
    let bench = stocked().await;
    let dir = TempDir::new().unwrap();
    export(&bench.store, dir.path(), Placing::Copy).await.unwrap();
    let before = tree(dir.path());
    let wheel = before.keys().find(|path| path.ends_with("b-1-py3-none-any.whl")).unwrap();
    let mut bytes = before[wheel].clone();
    bytes[10] ^= 1;
    fs::write(dir.path().join(wheel), bytes).unwrap();
    let exported = export(&bench.store, dir.path(), Placing::Copy).await.unwrap();
    assert_eq!(exported.written, 1);
    assert_eq!(tree(dir.path()), before);
}

#[tokio::test]
async fn pip_installs_from_the_tree() {
    const NAME: &str = "export::pip_installs_from_the_tree";
    let bench = stocked().await;
    let (dir, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    export(&bench.store, dir.path(), Placing::Link).await.unwrap();
    let Some(mut pip) = pip(home.path()) else {
        left_out(NAME, "there is no pip");
        return;
    };
    let index = format!("file://{}/simple/", dir.path().display());
    let into = home.path().join("into");
    let arguments = ["install", "--quiet", "--no-input", "--index-url", &index, "--target"];
    let output = pip.args(arguments).arg(&into).arg("my-pkg").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(is_folder(&into, "my_pkg") && is_folder(&into, "b"));
}

fn is_folder(into: &Path, name: &str) -> bool {
    into.join(name).is_dir()
}
