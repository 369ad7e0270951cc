//! The tar archive of a root file system as an image.

use provender_image::source::{self, WantedImage};
use provender_image::{Compression, Digest, Image, ImageError, Location, Platform};
use tempfile::TempDir;

use super::bench::{Member, compress, file, layers, tar, wanted};

/// The beginning of a program for a processor, by its number in ELF.
fn program(machine: u8) -> Vec<u8> {
    let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, 1, 1];
    bytes.resize(64, 0);
    bytes[18] = machine;
    bytes
}

const AMD64: u8 = 62;
const ARM64: u8 = 183;

fn open(bytes: &[u8], wanted: &WantedImage) -> Result<Image, ImageError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("root.tar");
    std::fs::write(&path, bytes).unwrap();
    source::open(&Location::Path(path), wanted)
}

fn root() -> Vec<u8> {
    tar(&[
        file("./etc/os-release", "ID=some"),
        file("./usr/bin/qemu-aarch64-static", program(ARM64)),
        file("./usr/bin/dash", program(AMD64)),
        Member::Link("./usr/bin/sh".into(), "dash".into()),
    ])
}

#[test]
fn a_root_file_system_is_one_layer_of_its_own_bytes() {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let image = open(&compress(compression, &root()), &WantedImage::default()).unwrap();
        assert_eq!(image.platform(), &Platform::linux("amd64"));
        assert_eq!(image.layers[0].compression, compression);
        assert_eq!(layers(&image).unwrap(), [root()]);
        assert_eq!(image.config.created, None);
    }
}

#[test]
fn the_same_root_file_system_is_the_same_image() {
    let one = open(&root(), &WantedImage::default()).unwrap();
    let other = open(&root(), &wanted("linux/amd64")).unwrap();
    assert_eq!(one.digest(), other.digest());
    // From the specification alone, without a time or anything of this machine.
    let layer = Digest::of(&root());
    let config = format!(
        r#"{{"os":"linux","architecture":"amd64","config":{{}},"rootfs":{{"type":"layers","diff_ids":["{layer}"]}},"history":[{{"created_by":"root file system archive"}}]}}"#
    );
    let of_config = Digest::of(config.as_bytes());
    let manifest = format!(
        concat!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","#,
            r#""config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"#,
            r#""layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{}","size":{}}}]}}"#
        ),
        of_config,
        config.len(),
        layer,
        root().len()
    );
    assert_eq!(one.digest(), Digest::of(manifest.as_bytes()));
}

#[test]
fn a_platform_that_is_asked_for_must_not_be_another_than_the_programs() {
    let error = open(&root(), &wanted("linux/arm64")).unwrap_err().to_string();
    assert!(
        error.ends_with("no image for linux/arm64; it holds programs for linux/amd64"),
        "{error}"
    );
    let scripts = tar(&[file("bin/sh", "#!/nowhere with more than twenty bytes")]);
    let error = open(&scripts, &WantedImage::default()).unwrap_err().to_string();
    assert!(error.contains("no program that tells its processor; name the platform"), "{error}");
    let named = open(&scripts, &wanted("linux/arm/v7")).unwrap();
    assert_eq!(named.platform().to_string(), "linux/arm/v7");
}

#[test]
fn the_shell_tells_the_platform_or_else_the_first_program() {
    let on = |members: &[Member]| {
        open(&tar(members), &WantedImage::default()).unwrap().platform().architecture.clone()
    };
    let [early, late] = ["bin/a", "bin/z"].map(|name| file(name, program(ARM64)));
    let [shell, other] = ["bin/sh", "bin/b"].map(|name| file(name, program(AMD64)));
    assert_eq!(on(&[early, shell, late.clone()]), "amd64");
    assert_eq!(on(&[other, late]), "amd64");
}

#[test]
fn what_comes_first_tells_an_archive_from_a_root_file_system() {
    let members = ["index.json", "usr/bin/sh", "oci-layout"].map(|name| file(name, "{}"));
    let error = open(&tar(&members), &WantedImage::default()).unwrap_err().to_string();
    assert!(error.contains("layout missing field `imageLayoutVersion`"), "{error}");
}

#[test]
fn a_file_of_a_root_file_system_does_not_make_it_an_archive() {
    let mut members = vec![file("bin/sh", program(AMD64))];
    members.extend(["manifest.json", "index.json", "oci-layout"].map(|name| file(name, "{}")));
    let image = open(&tar(&members), &WantedImage::default()).unwrap();
    assert_eq!(image.layers.len(), 1);
}

#[test]
fn a_root_file_system_that_is_cut_off_is_refused() {
    let bytes = root();
    let whole = bytes.len();
    for length in [513, 1100, whole - 1024 - 512 - 30] {
        let error = open(&bytes[..length], &wanted("linux/amd64")).unwrap_err();
        assert!(matches!(error, ImageError::Malformed { .. }), "{length}: {error}");
    }
    let packed = compress(Compression::Gzip, &bytes);
    assert!(open(&packed[..packed.len() / 2], &wanted("linux/amd64")).is_err());
}

#[cfg(unix)]
#[test]
fn whatever_the_machines_tar_writes_is_read_to_its_end() {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    let folder = TempDir::new().unwrap();
    let bin = folder.path().join("root/usr/bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join("sh"), program(ARM64)).unwrap();
    std::fs::hard_link(bin.join("sh"), bin.join("bash")).unwrap();
    symlink("x".repeat(200), bin.join("link")).unwrap();
    std::fs::write(bin.join("n".repeat(180)), "long").unwrap();
    std::fs::write(bin.join("ü"), "").unwrap();
    // More holes than the first header has room for.
    let holes = std::fs::File::create(bin.join("a-file-with-holes")).unwrap();
    for at in 0..40 {
        std::os::unix::fs::FileExt::write_at(&holes, b"x", at << 20).unwrap();
    }
    drop(holes);
    for format in ["gnu", "oldgnu", "posix"] {
        let path = folder.path().join("root.tar");
        let mut tar = Command::new("tar");
        tar.args(["--sparse", "--format", format, "-C"]);
        let made = tar.arg(folder.path().join("root")).arg("-cf").arg(&path).arg(".").output();
        match made {
            Ok(made) if made.status.success() => {}
            _ => return println!("left out: no GNU tar is installed"),
        }
        let image = source::open(&Location::Path(path), &WantedImage::default()).unwrap();
        assert_eq!(image.platform(), &Platform::linux("arm64"), "{format}");
        assert_eq!(layers(&image).unwrap().len(), 1);
    }
}
