//! Our layers, read by the tools that will meet them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use provender_image::layer::{EntryKind, write};
use provender_image::manifest::to_bytes;
use provender_image::{Compression, Descriptor, Digest, ImageFormat, Manifest, MediaType};
use provender_test::{left_out, python};

use super::{entries, options};

/// What a tool unpacked: by path the kind, mode and owner, and a file's digest or a link's target.
type Found = BTreeMap<String, String>;

/// What is to be found. Owners are left out where a tool runs without the right to set them.
fn wanted(folder: &Path, owners: bool) -> Found {
    let mut found = Found::new();
    let owner = |uid, gid| if owners { format!("{uid}:{gid}") } else { String::new() };
    for entry in entries(folder) {
        for (at, _) in entry.path.match_indices('/') {
            let parent = entry.path[..at].to_owned();
            found.entry(parent).or_insert_with(|| format!("folder 755 {}", owner(0, 0)));
        }
        let (mode, owner) = (entry.mode, owner(entry.uid, entry.gid));
        let said = match entry.kind {
            EntryKind::Folder => format!("folder {mode:o} {owner}"),
            EntryKind::Link(target) => format!("link {target} {owner}"),
            EntryKind::File(content) => format!("file {mode:o} {owner} {}", content.sha256()),
        };
        found.insert(entry.path, said);
    }
    found
}

fn unpacked(root: &Path, owners: bool) -> Found {
    let mut found = Found::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let mode = metadata.mode() & 0o7777;
            let owner = if owners {
                format!("{}:{}", metadata.uid(), metadata.gid())
            } else {
                String::new()
            };
            let said = if metadata.is_dir() {
                folders.push(path);
                format!("folder {mode:o} {owner}")
            } else if metadata.is_symlink() {
                format!("link {} {owner}", fs::read_link(&path).unwrap().display())
            } else {
                let digest = Digest::of(&fs::read(&path).unwrap()).sha256();
                format!("file {mode:o} {owner} {digest}")
            };
            found.insert(name, said);
        }
    }
    found
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn is_there(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn is_root(folder: &Path) -> bool {
    folder.metadata().unwrap().uid() == 0
}

/// A layout with one image, `demo`, of one layer.
fn layout(folder: &Path, to: &Path, compression: Compression) {
    let blobs = to.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let layer = write(&entries(folder), &options(compression), &to.join("layer")).unwrap();
    fs::rename(to.join("layer"), blobs.join(layer.digest.hex())).unwrap();
    let blob = |media_type: MediaType, bytes: &[u8]| {
        let descriptor = Descriptor::of(media_type, bytes);
        fs::write(blobs.join(descriptor.digest.hex()), bytes).unwrap();
        descriptor
    };
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id]},
    });
    let format = ImageFormat::Oci;
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(format.manifest()),
        artifact_type: None,
        config: blob(format.config(), config.to_string().as_bytes()),
        layers: vec![layer.descriptor(format)],
        subject: None,
        annotations: BTreeMap::new(),
    };
    let mut manifest = blob(format.manifest(), &to_bytes(&manifest).unwrap());
    let name = ("org.opencontainers.image.ref.name".to_owned(), "demo".to_owned());
    manifest.annotations.extend([name]);
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [manifest]});
    fs::write(to.join("index.json"), index.to_string()).unwrap();
    fs::write(to.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}

#[test]
fn tar_and_gzip_read_our_layers() {
    const TEST: &str = "tar_and_gzip_read_our_layers";
    if !is_there("tar") || !is_there("gzip") {
        return left_out(TEST, "no tar or no gzip");
    }
    let folder = tempfile::tempdir().unwrap();
    let layer = folder.path().join("layer.tar.gz");
    write(&entries(folder.path()), &options(Compression::Gzip), &layer).unwrap();
    succeeds(Command::new("gzip").arg("-t").arg(&layer));
    let to = folder.path().join("unpacked");
    fs::create_dir(&to).unwrap();
    succeeds(Command::new("tar").arg("-xpzf").arg(&layer).arg("-C").arg(&to));
    let owners = is_root(folder.path());
    assert_eq!(unpacked(&to, owners), wanted(folder.path(), owners));
    // A tool that says anything about a header has found something odd in it.
    let listed = Command::new("tar").arg("-tvzf").arg(&layer).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&listed.stderr), "");
}

#[test]
fn python_reads_our_layers() {
    const TEST: &str = "python_reads_our_layers";
    const READ: &str = "
import hashlib, sys, tarfile
with tarfile.open(sys.argv[1], 'r:gz') as tar:
    for m in tar:
        assert m.mtime == 1700000000 and m.uname == m.gname == '', m
        kind = 'folder' if m.isdir() else 'link' if m.issym() else 'file'
        owner = f'{m.uid}:{m.gid}'
        if kind == 'link':
            print(m.name, 'link', m.linkname, owner, sep='\\t')
        elif kind == 'folder':
            print(m.name, 'folder', oct(m.mode)[2:], owner, sep='\\t')
        else:
            digest = hashlib.sha256(tar.extractfile(m).read()).hexdigest()
            print(m.name, 'file', oct(m.mode)[2:], owner, digest, sep='\\t')
";
    let folder = tempfile::tempdir().unwrap();
    let Some(mut python) = python(folder.path()) else { return left_out(TEST, "no python3") };
    let layer = folder.path().join("layer.tar.gz");
    write(&entries(folder.path()), &options(Compression::Gzip), &layer).unwrap();
    let said = succeeds(python.env("PYTHONUTF8", "1").args(["-c", READ]).arg(&layer));
    let found = said.lines().map(|line| {
        let (path, said) = line.split_once('\t').unwrap();
        (path.to_owned(), said.replace('\t', " "))
    });
    assert_eq!(found.collect::<Found>(), wanted(folder.path(), true));
}

#[test]
fn umoci_unpacks_our_layers() {
    const TEST: &str = "umoci_unpacks_our_layers";
    if !is_there("umoci") {
        return left_out(TEST, "no umoci");
    }
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("layout");
    layout(folder.path(), &to, Compression::Gzip);
    let bundle = folder.path().join("bundle");
    let mut umoci = Command::new("umoci");
    umoci.arg("unpack").arg("--image").arg(format!("{}:demo", to.display()));
    let owners = is_root(folder.path());
    if !owners {
        umoci.arg("--rootless");
    }
    succeeds(umoci.arg(&bundle));
    assert_eq!(unpacked(&bundle.join("rootfs"), owners), wanted(folder.path(), owners));
}

#[test]
fn skopeo_and_podman_take_our_layers_into_their_storage() {
    const TEST: &str = "skopeo_and_podman_take_our_layers_into_their_storage";
    let folder = tempfile::tempdir().unwrap();
    if !is_there("skopeo") || !is_there("podman") || !is_root(folder.path()) {
        return left_out(TEST, "no skopeo, no podman or not root");
    }
    let (storage, run) = (folder.path().join("storage"), folder.path().join("run"));
    for (compression, name) in [(Compression::Gzip, "gzip"), (Compression::Zstd, "zstd")] {
        let to = folder.path().join(name);
        layout(folder.path(), &to, compression);
        let mut skopeo = Command::new("skopeo");
        skopeo.args(["copy", "--insecure-policy"]).arg(format!("oci:{}:demo", to.display()));
        let place = format!("[vfs@{}+{}]", storage.display(), run.display());
        succeeds(skopeo.arg(format!("containers-storage:{place}localhost/{name}:1")));
        let podman = |verb: &str| {
            let mut podman = Command::new("podman");
            podman.args(["--storage-driver", "vfs", "--root"]).arg(&storage);
            podman.arg("--runroot").arg(&run).args(["image", verb]);
            succeeds(podman.arg(format!("localhost/{name}:1")))
        };
        let root = podman("mount");
        assert_eq!(unpacked(Path::new(root.trim()), true), wanted(folder.path(), true));
        podman("unmount");
    }
}
