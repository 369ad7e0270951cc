//! A writer that is killed, at any instant.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use provender_image::write::{self, BuiltImage};
use provender_image::{Compression, ImageFormat};
use tempfile::TempDir;

use super::bench::{built, file, layer, layers, open_path, platform, tar};

/// The folder in which the other process writes.
const FOLDER: &str = "PROVENDER_LAYOUT_TEST_FOLDER";

fn image(number: u8) -> BuiltImage {
    let tars = [1, 2].map(|n| tar(&[file("a", vec![number.wrapping_mul(n); 150_000])]));
    let layers = tars.iter().map(|tar| layer(Compression::None, tar)).collect();
    built(vec![platform(ImageFormat::Oci, "linux/amd64", layers)])
}

/// What the other process does: writes one image after another into the same places.
fn write_on(folder: PathBuf) {
    for number in 1..=u8::MAX {
        let image = image(number);
        write::layout(&image, &folder.join("layout"), None).unwrap();
        write::oci_archive(&image, &folder.join("oci.tar"), None).unwrap();
        write::docker_archive(&image, &folder.join("docker.tar"), &[]).unwrap();
        // To the parent, past what the test harness captures.
        println!("written");
    }
}

#[test]
fn a_writer_that_is_killed_leaves_a_whole_image() {
    if let Some(folder) = env::var_os(FOLDER) {
        return write_on(folder.into());
    }
    let folder = TempDir::new().unwrap();
    for round in 0..8 {
        let test = "layouts::killed::a_writer_that_is_killed_leaves_a_whole_image";
        let mut child = Command::new(env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture", "--quiet"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Where it is when it is killed depends on how fast it is: somewhere in the next image.
        let written = lines.by_ref().filter(|line| line.as_ref().unwrap().ends_with("written"));
        assert_eq!(written.take(1 + round % 2).count(), 1 + round % 2);
        child.kill().unwrap();
        child.wait().unwrap();
        for name in ["layout", "oci.tar", "docker.tar"] {
            let image = open_path(&folder.path().join(name)).unwrap();
            assert_eq!(layers(&image).unwrap().len(), 2, "{name}");
        }
    }
}
