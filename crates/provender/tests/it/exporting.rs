//! `provender export`: a tree that any web server can serve.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;

use provender_test::{left_out, pip, python};

use crate::beside::{Beside, address_in, get};
use crate::project::{LOCK, Project, fails, files_of, one_error, says};
use crate::stored::{blob_of, lose, requests, stocked};

/// Every file of a tree by its path in it.
fn tree(project: &Project, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let root = project.sandbox.path(folder);
    let prefix = format!("{}/", root.display());
    let files = files_of(&root).into_iter();
    files.map(|(path, bytes)| (path.strip_prefix(&prefix).unwrap().to_owned(), bytes)).collect()
}

#[test]
fn a_tree_has_pages_in_both_forms_files_and_their_metadata() {
    let project = stocked();
    let run = project.run("export site").exits(0);
    assert!(run.stdout.starts_with("2 projects, 2 files ("), "{run}");
    assert!(run.stdout.contains(") in site: ") && run.stdout.ends_with(" written\n"), "{run}");
    let tree = tree(&project, "site");
    for page in ["simple/index", "simple/app/index", "simple/lib/index"] {
        assert!(tree.contains_key(&format!("{page}.html")), "{page}");
        assert!(tree.contains_key(&format!("{page}.json")), "{page}");
    }
    let (name, hash) = project.index.hashes("lib", "2.0.0").remove(0);
    let file = format!("packages/{}/{}/{hash}/{name}", &hash[..2], &hash[2..4]);
    assert_eq!(tree[&file], fs::read(blob_of(&project, "lib", "2.0.0")).unwrap());
    assert!(tree.contains_key(&format!("{file}.metadata")));
}

#[test]
fn an_export_is_told_in_json_as_well() {
    let project = stocked();
    let first = project.json("export site");
    assert_eq!(first["schema"], "provender.export/1");
    assert_eq!((&first["folder"], &first["complete"]), (&"site".into(), &true.into()));
    assert_eq!((&first["projects"], &first["files"]), (&2.into(), &2.into()));
    assert!(first["written"].as_u64() > Some(0));
    let second = project.json("export site");
    assert_eq!((&second["written"], &second["removed"]), (&0.into(), &0.into()));
}

#[test]
fn a_second_export_changes_no_byte() {
    let project = stocked();
    project.run("export site").exits(0);
    let first = tree(&project, "site");
    let run = project.run("export site").exits(0);
    assert!(run.stdout.ends_with(": nothing changed\n"), "{run}");
    assert_eq!(tree(&project, "site"), first);
}

#[test]
fn the_same_stock_gives_the_same_tree_whether_linked_or_copied() {
    let project = stocked();
    project.run("export linked").exits(0);
    project.run("export copied --copy").exits(0);
    assert_eq!(tree(&project, "copied"), tree(&project, "linked"));
    let other = stocked();
    other.run("export site").exits(0);
    assert_eq!(tree(&other, "site"), tree(&project, "linked"));
}

#[test]
fn what_is_no_longer_stocked_leaves_the_tree() {
    let project = stocked();
    project.run("export site").exits(0);
    project.sandbox.write("requirements.txt", "lib\n");
    for command in [LOCK, "stock", "stock prune --yes"] {
        project.run(command).exits(0);
    }
    let run = project.run("export site").exits(0);
    assert!(run.stdout.starts_with("1 project, 1 file ("), "{run}");
    assert!(run.stdout.contains(" removed"), "{run}");
    let tree = tree(&project, "site");
    assert!(!tree.keys().any(|path| path.contains("app")), "{:#?}", tree.keys());
}

#[test]
fn an_export_asks_nothing() {
    let project = stocked();
    project.run("export site").exits(0);
    assert_eq!(requests(&project), 0);
}

#[test]
fn a_folder_that_holds_something_else_is_refused() {
    let project = stocked();
    project.sandbox.write("site/index.html", "<p>mine</p>");
    let words =
        ["export/failed", "site is not empty and holds no earlier export", "new or empty folder"];
    fails(&project, "export site", 2, &words);
    project.sandbox.write("file", "");
    fails(&project, "export file", 2, &["export/failed", "file"]);
}

#[test]
fn an_empty_folder_is_taken() {
    let project = stocked();
    fs::create_dir(project.sandbox.path("site")).unwrap();
    project.run("export site").exits(0);
    assert!(project.sandbox.has("site/simple/index.html"));
}

#[test]
fn without_a_stock_there_is_nothing_to_export() {
    fails(&Project::new("", "", []), "export site", 2, &["store/none", "provender stock"]);
}

#[test]
fn a_lost_file_is_left_out_and_named() {
    let project = stocked();
    lose(&project, "lib", "2.0.0");
    let run = project.run("export site").exits(2);
    one_error(&run);
    says(&run, &["error[export/damaged]: lib-2.0.0-py3-none-any.whl", "provender stock"]);
    // It is known to be gone now, and a lock still needs it.
    project.run("export site").exits(2);
    let lost = tree(&project, "site");
    assert!(!lost.keys().any(|path| path.contains("lib")), "{:#?}", lost.keys());
    project.run("stock").exits(0);
    project.run("export site").exits(0);
    assert!(project.sandbox.has("site/simple/lib/index.html"));
}

/// A plain web server over a folder of the project. `None` without Python.
fn web_server(project: &Project, folder: &str) -> Option<(Beside, SocketAddr)> {
    let mut command = python(&project.sandbox.home())?;
    command.args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory"]);
    command.arg(project.sandbox.path(folder)).arg("0");
    let server = Beside::start(&mut command);
    let address = address_in(&server.stdout.with("Serving HTTP on "));
    Some((server, address))
}

#[test]
fn pip_installs_from_a_plain_web_server_over_the_tree() {
    let test = "pip_installs_from_a_plain_web_server_over_the_tree";
    let project = stocked();
    project.run("export site").exits(0);
    let Some(mut pip) = pip(&project.sandbox.home()) else { return left_out(test, "no pip") };
    let Some((server, address)) = web_server(&project, "site") else {
        return left_out(test, "no python3");
    };
    assert_eq!(get(address, "/simple/lib/", "").status, 200);
    let url = format!("http://{address}/simple/");
    pip.args(["install", "--quiet", "--require-hashes", "--no-input", "--retries", "0"])
        .args(["--target", "installed", "--index-url", &url, "-r", "constraints.txt"])
        .current_dir(project.sandbox.project());
    project.sandbox.finish(&mut pip).exits(0);
    for release in ["app-1.0", "lib-2.0.0"] {
        assert!(project.sandbox.has(&format!("installed/{release}.dist-info")), "{release}");
        server.stderr.with(&format!("/{release}-py3-none-any.whl HTTP/1.1\" 200"));
    }
    assert_eq!(requests(&project), 0);
}
