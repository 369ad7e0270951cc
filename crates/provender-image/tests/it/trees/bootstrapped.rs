//! A real Debian with its Python, made by mmdebstrap from the machine's own sources.

use std::process::Command;

use provender_image::ImageConfig;
use provender_image::base::{Base, Libc, wanted};
use provender_image::tree::{Limits, Tree, read_layer};

#[test]
fn network_a_debian_by_mmdebstrap_is_told_as_its_own_python_tells_it() {
    let left_out = |why: &str| println!("left out: a base made by mmdebstrap, since {why}");
    let folder = tempfile::tempdir().unwrap();
    let archive = match provender_test::debian(folder.path()) {
        Ok(archive) => archive,
        Err(why) => return left_out(&why),
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
        print(platform.python_version(), sysconfig.get_path('purelib'), sysconfig.get_path('scripts'), sysconfig.get_path('data'), sysconfig.get_path('include'),\
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
        "{} {} {} {} {} {soabi} {magic} {major}.{minor} {}",
        python.version,
        python.site_packages,
        python.scripts,
        python.data,
        python.headers,
        python.executable
    );
    assert_eq!(ours, told.trim());
    assert!(python.externally_managed || python.version.minor < 11);
    assert!(base.libraries.contains("libc.so.6") && base.libraries.contains("libz.so.1"));
    assert!(base.has_shell && base.users.iter().any(|user| user.name == "www-data"));
}
