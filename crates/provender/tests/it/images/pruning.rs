//! `provender stock prune` of what was kept of images.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use provender_image::InUse;

use super::Service;
use crate::project::{Project, says};

const OUT: &str = "-o oci-archive:image.tar --tag app:1";

/// The folder of what was kept.
fn images(project: &Project) -> PathBuf {
    project.sandbox.data_dir().join("images")
}

/// Every file that is kept.
fn kept(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(kept(&path));
        } else if path.file_name().is_some_and(|name| name != "lock") {
            files.push(path);
        }
    }
    files
}

/// Makes all of it as old as what was last used this many days ago.
fn lie(project: &Project, days: u32) {
    let then = SystemTime::now() - Duration::from_secs(24 * 60 * 60) * days;
    for path in kept(&images(project)) {
        File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
    }
}

#[test]
fn what_lay_unused_goes_and_is_made_again_with_the_same_bytes() {
    let service = Service::new();
    let (project, first) = (&service.project, service.built(OUT));
    // What a killed build left.
    fs::write(images(project).join("layers/tmp/.layer-x"), "begun").unwrap();
    lie(project, 29);
    let begun = project.run("stock prune --dry-run").exits(0);
    assert_eq!(begun.stdout, "would remove 1 file of images, 5 B\n");
    project.run("stock prune --yes").exits(0);
    lie(project, 31);
    let number = kept(&images(project)).len();
    assert!(number > 4, "{number}");
    let run = project.run("stock prune --dry-run").exits(0);
    assert!(run.stdout.starts_with(&format!("would remove {number} files of images, ")), "{run}");
    let document = project.json("stock prune --dry-run");
    assert_eq!(document["images"]["files"], number);
    assert_eq!(document["files"], serde_json::json!([]));
    let longer = project.run("stock prune --dry-run --images-older-than 40").exits(0);
    assert!(longer.stdout.starts_with("every file in stock is needed"), "{longer}");
    assert!(longer.stdout.ends_with("lay unused for 40 days\n"), "{longer}");
    says(&project.run("stock prune").exits(2), &["stock/not-asked", "files of images"]);
    assert_eq!(kept(&images(project)).len(), number);

    let run = project.run("stock prune --yes").exits(0);
    assert!(run.stdout.starts_with(&format!("removed {number} files of images, ")), "{run}");
    assert_eq!(kept(&images(project)).len(), 0);
    assert_eq!(service.built(OUT)["digest"], first["digest"]);
}

#[test]
fn what_a_build_uses_stays() {
    let service = Service::new();
    service.build(OUT).exits(0);
    let large = || {
        let mut kept = kept(&images(&service.project));
        // A layer that is found by its wheels is not looked for by its entries.
        kept.retain(|path| !path.parent().unwrap().ends_with("layers/layers"));
        kept.sort();
        kept
    };
    let before = large();
    assert!(before.len() > 2, "{before:?}");
    lie(&service.project, 99);
    service.build(OUT).exits(0);
    service.project.run("stock prune --yes").exits(0);
    assert_eq!(large(), before);
    let again = service.build(OUT).exits(0);
    assert!(!again.stdout.contains("  made"), "{again}");
}

#[test]
fn nothing_goes_while_somebody_works_with_images() {
    let service = Service::new();
    service.build(OUT).exits(0);
    let before = kept(&images(&service.project)).len();
    let working = InUse::of(&images(&service.project)).unwrap();
    let run = service.project.run("stock prune --yes --images-older-than 0").exits(0);
    says(&run, &["note[stock/images-in-use]"]);
    assert_eq!(run.stdout, "removed nothing\n");
    assert_eq!(kept(&images(&service.project)).len(), before);
    drop(working);
    let document = service.project.json("stock prune --yes --images-older-than 0");
    assert_eq!(document["images"]["files"], before);
    assert_eq!(kept(&images(&service.project)).len(), 0);
}

#[test]
fn builds_succeed_however_often_all_is_removed_beside_them() {
    let service = Service::new();
    let first = service.built(OUT);
    let build = || service.built(OUT)["digest"].clone();
    std::thread::scope(|scope| {
        let builds = scope.spawn(|| (0..8).map(|_| build()).collect::<Vec<_>>());
        while !builds.is_finished() {
            service.project.run("stock prune --yes --images-older-than 0").exits(0);
        }
        let digests = builds.join().unwrap();
        assert!(digests.iter().all(|digest| *digest == first["digest"]), "{digests:?}");
    });
}

#[test]
fn it_works_where_images_are_looked_at_and_nothing_is_stocked() {
    let project = Project::new("", "", []);
    let looks = images(&project).join("looks");
    fs::create_dir_all(&looks).unwrap();
    fs::write(looks.join("one.json"), "{}").unwrap();
    lie(&project, 31);
    let run = project.run("stock prune --yes").exits(0);
    assert_eq!(run.stdout, "removed 1 file of images, 2 B\n");
}
