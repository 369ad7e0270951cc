//! Other tools read what provender wrote, and provender what they wrote.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use provender_image::write::{self, BuiltImage};
use provender_image::{Compression, Image, ImageFormat};
use tempfile::TempDir;

use super::bench::{built, file, layer, layers, open, platform, tar};

/// How many seconds one command may take.
const LIMIT: &str = "120";

/// Runs a tool, if it is there; tells what was left out if not.
fn run<A: AsRef<OsStr>>(tool: &str, arguments: &[A], home: &Path) -> Option<Output> {
    if Command::new(tool).arg("--version").output().is_err() {
        println!("left out: {tool} is not installed");
        return None;
    }
    let mut command = Command::new("timeout");
    command.arg(LIMIT).arg(tool).args(arguments);
    command.env("HOME", home).env("XDG_RUNTIME_DIR", home).env("TMPDIR", home);
    Some(command.output().unwrap())
}

#[track_caller]
fn succeeded(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// Copies with skopeo, if it is there.
#[track_caller]
fn skopeo(folder: &Path, options: &[&str], from: &str, to: &str) -> Option<()> {
    let mut arguments = vec!["--insecure-policy", "copy", "--quiet"];
    arguments.extend(options);
    arguments.extend([from, to]);
    let output = run("skopeo", &arguments, folder)?;
    succeeded(&output);
    Some(())
}

/// An image of two layers.
fn image(format: ImageFormat, compression: Compression) -> (BuiltImage, [Vec<u8>; 2]) {
    let tars = [tar(&[file("a", "1"), file("b", "2")]), tar(&[file("a", vec![3; 70_000])])];
    let layers = tars.iter().map(|tar| layer(compression, tar)).collect();
    (built(vec![platform(format, "linux/amd64", layers)]), tars)
}

/// That both are of the same layers and the same settings.
#[track_caller]
fn same(read: &Image, image: &BuiltImage, tars: &[Vec<u8>]) {
    let config = image.platforms()[0].config();
    assert_eq!(layers(read).unwrap(), tars);
    assert_eq!(read.config.rootfs, config.rootfs);
    assert_eq!(read.config.config.env, config.config.env);
}

#[test]
fn skopeo_reads_what_was_written_and_is_read() {
    for format in [ImageFormat::Oci, ImageFormat::Docker] {
        for compression in [Compression::Gzip, Compression::Zstd, Compression::None] {
            let (image, tars) = image(format, compression);
            let folder = TempDir::new().unwrap();
            let at = |kind: &str, name: &str| format!("{kind}:{}/{name}", folder.path().display());
            // Docker's manifests skopeo finds in a layout by their being alone, and not by name.
            let name = (format == ImageFormat::Oci).then_some("app:1");
            write::layout(&image, &folder.path().join("layout"), name).unwrap();
            write::oci_archive(&image, &folder.path().join("oci.tar"), name).unwrap();
            let name = name.unwrap_or_default();
            let tags = ["localhost/app:1".to_owned()];
            write::docker_archive(&image, &folder.path().join("docker.tar"), &tags).unwrap();
            let ours = [
                at("oci", &format!("layout:{name}")),
                at("oci-archive", &format!("oci.tar:{name}")),
                at("docker-archive", "docker.tar:localhost/app:1"),
            ];
            for (number, from) in ours.iter().enumerate() {
                for (kind, name) in [
                    ("oci", "app:1"),
                    ("oci-archive", "app:1"),
                    ("docker-archive", "localhost/app:1"),
                ] {
                    let is_zstd = compression == Compression::Zstd && number < 2;
                    if is_zstd && (kind == "docker-archive" || format == ImageFormat::Docker) {
                        // Docker's words have no name for such layers.
                        continue;
                    }
                    let to = at(kind, &format!("{kind}-{number}:{name}"));
                    if skopeo(folder.path(), &[], from, &to).is_none() {
                        return;
                    }
                    same(&open(&to).unwrap(), &image, &tars);
                }
            }
        }
    }
}

#[test]
fn skopeo_keeps_the_digest_of_what_was_written() {
    let (image, _) = image(ImageFormat::Oci, Compression::Gzip);
    let folder = TempDir::new().unwrap();
    let at = |name: &str| format!("oci:{}/{name}:app", folder.path().display());
    write::layout(&image, &folder.path().join("ours"), Some("app")).unwrap();
    let options = ["--preserve-digests"];
    if skopeo(folder.path(), &options, &at("ours"), &at("theirs")).is_some() {
        assert_eq!(open(&at("theirs")).unwrap().digest(), image.digest());
    }
}

#[test]
fn skopeo_and_provender_add_to_one_layout() {
    let (ours, tars) = image(ImageFormat::Oci, Compression::Gzip);
    let folder = TempDir::new().unwrap();
    let layout = folder.path().join("layout");
    let at = |name: &str| format!("oci:{}:{name}", layout.display());
    write::layout(&ours, &layout, Some("one")).unwrap();
    if skopeo(folder.path(), &[], &at("one"), &at("two")).is_none() {
        return;
    }
    write::layout(&ours, &layout, Some("three")).unwrap();
    for name in ["one", "two", "three"] {
        same(&open(&at(name)).unwrap(), &ours, &tars);
    }
}

#[test]
fn skopeo_chooses_from_an_index_by_platform() {
    let parts = ["linux/amd64", "linux/arm64"].map(|on| super::bench::saying(on, on));
    let image = built(parts.to_vec());
    let folder = TempDir::new().unwrap();
    let at = |name: &str| format!("oci:{}/{name}:app", folder.path().display());
    write::layout(&image, &folder.path().join("ours"), Some("app")).unwrap();
    let arguments =
        ["--insecure-policy", "--override-arch", "arm64", "copy", "-q", &at("ours"), &at("theirs")];
    if let Some(output) = run("skopeo", &arguments, folder.path()) {
        succeeded(&output);
        let read = open(&at("theirs")).unwrap();
        assert_eq!(super::bench::said(&read), "linux/arm64");
    }
    if skopeo(folder.path(), &["--all"], &at("ours"), &at("all")).is_some() {
        let read = super::bench::open_for(&at("all"), "linux/amd64").unwrap();
        assert_eq!(super::bench::said(&read), "linux/amd64");
    }
}

#[test]
fn umoci_unpacks_what_was_written() {
    let (image, _) = image(ImageFormat::Oci, Compression::Gzip);
    let folder = TempDir::new().unwrap();
    let layout = folder.path().join("layout");
    write::layout(&image, &layout, Some("app")).unwrap();
    let name = format!("{}:app", layout.display());
    let bundle = folder.path().join("bundle").display().to_string();
    let arguments = ["unpack", "--rootless", "--image", &name, &bundle];
    let Some(output) = run("umoci", &arguments, folder.path()) else { return };
    succeeded(&output);
    let root = folder.path().join("bundle/rootfs");
    assert_eq!(std::fs::read(root.join("a")).unwrap(), vec![3; 70_000]);
    assert_eq!(std::fs::read(root.join("b")).unwrap(), b"2");
    // It says itself what it thinks of the layout.
    let stat = ["stat", "--json", "--image", &name];
    succeeded(&run("umoci", &stat, folder.path()).unwrap());
}

/// Has podman or buildah take in an archive of ours, into a storage of its own, and give it back.
fn through_storage(
    tool: &str,
    take: &[&str],
    give: &[&str],
    back: &Path,
    folder: &TempDir,
) -> bool {
    let (root, runroot) = (folder.path().join("root"), folder.path().join("runroot"));
    let storage = |command: &[&str]| {
        let mut arguments = vec!["--storage-driver".to_owned(), "vfs".to_owned()];
        arguments.extend(["--root".to_owned(), root.display().to_string()]);
        arguments.extend(["--runroot".to_owned(), runroot.display().to_string()]);
        arguments.extend(command.iter().map(ToString::to_string));
        run(tool, &arguments, folder.path())
    };
    let Some(output) = storage(take) else { return false };
    if String::from_utf8_lossy(&output.stderr).contains("not permitted") {
        println!("left out: {tool} may not keep a storage here");
        return false;
    }
    succeeded(&output);
    succeeded(&storage(give).unwrap());
    assert!(back.exists());
    true
}

#[test]
fn podman_loads_a_docker_archive() {
    let (image, tars) = image(ImageFormat::Docker, Compression::Gzip);
    let folder = TempDir::new().unwrap();
    let [path, back] = ["a.tar", "back.tar"].map(|name| folder.path().join(name));
    write::docker_archive(&image, &path, &["localhost/app:1".to_owned()]).unwrap();
    let [from, to] = [&path, &back].map(|path| path.display().to_string());
    let take = ["load", "--quiet", "--input", &from];
    let give =
        ["save", "--quiet", "--format", "docker-archive", "--output", &to, "localhost/app:1"];
    if through_storage("podman", &take, &give, &back, &folder) {
        same(&open(&format!("docker-archive:{to}:localhost/app:1")).unwrap(), &image, &tars);
    }
}

#[test]
fn buildah_takes_an_image_from_an_archive() {
    let (image, tars) = image(ImageFormat::Oci, Compression::Gzip);
    let folder = TempDir::new().unwrap();
    let [path, back] = ["a.tar", "back"].map(|name| folder.path().join(name));
    write::oci_archive(&image, &path, Some("app:1")).unwrap();
    let from = format!("oci-archive:{}", path.display());
    let to = format!("oci:{}:app", back.display());
    let Some(_) = run("buildah", &["--version"], folder.path()) else { return };
    let take = ["pull", "--quiet", &from];
    let give = ["push", "--quiet", "localhost/app:1", &to];
    if through_storage("buildah", &take, &give, &back, &folder) {
        same(&open(&to).unwrap(), &image, &tars);
    }
}
