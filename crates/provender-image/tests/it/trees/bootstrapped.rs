//! A real Debian with its Python, made by mmdebstrap from the machine's own sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use provender_image::ImageConfig;
use provender_image::base::{Base, Libc, wanted};
use provender_image::tree::{Limits, Tree, read_layer};

#[test]
fn network_a_debian_by_mmdebstrap_is_told_as_its_own_python_tells_it() {
    let left_out = |why: &str| println!("left out: a base made by mmdebstrap, since {why}");
    let folder = tempfile::tempdir().unwrap();
    let archive = match std::env::var_os("PROVENDER_TEST_DEBIAN") {
        Some(archive) => PathBuf::from(archive),
        None => {
            let archive = folder.path().join("root.tar");
            match bootstrap(&archive) {
                Ok(()) => archive,
                Err(why) => return left_out(&why),
            }
        }
    };
    let file = std::fs::File::open(&archive).unwrap();
    let contents = read_layer(file, 0, &wanted, &Limits::default()).unwrap();
    let text = r#"{"architecture":"ARCH","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
    let processor = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => return left_out(other),
    };
    let config: ImageConfig = serde_json::from_str(&text.replace("ARCH", processor)).unwrap();
    let base = Base::of_tree(Tree::lay([contents]), &config).unwrap();
    let python = base.python().unwrap();

    let root = folder.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let unpacked =
        Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&root).output().unwrap();
    if !unpacked.status.success() {
        return left_out("it cannot be unpacked here");
    }
    let script = "import sys, sysconfig, platform, importlib.util as u\n\
        print(platform.python_version(), sysconfig.get_path('purelib'), sysconfig.get_path('scripts'),\
        sysconfig.get_config_var('SOABI'), u.MAGIC_NUMBER.hex(), platform.libc_ver()[1], sys.executable)";
    let told = Command::new("chroot").arg(&root).args(["/usr/bin/python3", "-c", script]).output();
    let Ok(told) = told.as_ref().map(|output| String::from_utf8_lossy(&output.stdout)) else {
        return left_out("there is no chroot");
    };
    if told.is_empty() {
        return left_out("nothing can be run in it");
    }
    let Libc::Glibc(major, minor) = base.libc else { panic!("{:?}", base.libc) };
    let magic: String =
        python.bytecode_magic.unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    let soabi = python.soabi.as_deref().unwrap();
    let ours = format!(
        "{} {} {} {soabi} {magic} {major}.{minor} {}",
        python.version, python.site_packages, python.scripts, python.executable
    );
    assert_eq!(ours, told.trim());
    assert!(python.externally_managed || python.version.minor < 11);
    assert!(base.libraries.contains("libc.so.6") && base.libraries.contains("libz.so.1"));
    assert!(base.has_shell && base.users.iter().any(|user| user.name == "www-data"));
}

/// Makes the archive of a minimal Debian with Python; it takes minutes. `PROVENDER_TEST_DEBIAN` names
/// one that is already there.
fn bootstrap(archive: &Path) -> Result<(), String> {
    let sources = std::fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten();
    let mut sources: Vec<PathBuf> = sources.map(|entry| entry.path()).collect();
    sources.push("/etc/apt/sources.list".into());
    sources.retain(|path| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let known = path.extension().is_some_and(|ending| ending == "sources" || ending == "list");
        known && text.lines().any(|line| line.starts_with("deb ") || line.starts_with("URIs:"))
    });
    if sources.is_empty() {
        return Err("the machine has no sources of packages".to_owned());
    }
    let mut command = Command::new("mmdebstrap");
    command
        .args(["--variant=minbase", "--include=python3", "--quiet", ""])
        .arg(archive)
        .args(sources);
    let made = command.output().map_err(|_| "there is no mmdebstrap".to_owned())?;
    let failed = || String::from_utf8_lossy(&made.stderr).into_owned();
    made.status.success().then_some(()).ok_or_else(failed)
}
