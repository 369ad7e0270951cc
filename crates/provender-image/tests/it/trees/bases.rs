//! What bases of every kind offer, each made by hand.

use provender_image::base::{
    self, Base, BaseError, Implementation, Libc, PackageManager, VersionSource,
};
use provender_image::tree::Tree;

use super::elf::{AARCH64, Elf};
use super::{Layer, images};

pub(super) const GLIBC: &str = "/lib64/ld-linux-x86-64.so.2";
pub(super) const MUSL: &str = "/lib/ld-musl-x86_64.so.1";

fn python(loader: &'static str) -> Vec<u8> {
    Elf { loader, needed: vec!["libc.so.6"], ..Elf::default() }.bytes()
}

/// Debian 12 without Python.
pub(super) fn debian() -> Layer {
    let libc = Elf {
        defined: vec!["GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.36"],
        data: b"GNU C Library (Debian GLIBC 2.36-9+deb12u9) stable release version 2.36.\n"
            .to_vec(),
        ..Elf::default()
    };
    let cxx =
        Elf { defined: vec!["GLIBCXX_3.4", "GLIBCXX_3.4.30", "CXXABI_1.3"], ..Elf::default() };
    Layer::default()
        .link("bin", "usr/bin")
        .link("lib", "usr/lib")
        .link("lib64", "usr/lib64")
        .file("etc/debian_version", "12.9\n")
        .link("etc/os-release", "../usr/lib/os-release")
        .file("usr/lib/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n")
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nbroken\n")
        .file("etc/group", "root:x:0:\nadm:x:4:syslog,me\n")
        .file("etc/ld.so.conf", "# all\ninclude /etc/ld.so.conf.d/*.conf\n")
        .file("etc/ld.so.conf.d/libc.conf", "/usr/local/lib\n")
        .file("etc/ld.so.conf.d/other.txt", "/srv/lib\n")
        .file("srv/lib/libnever.so.1", "")
        .file("usr/bin/dash", "")
        .link("usr/bin/sh", "dash")
        .file("usr/bin/apt-get", "")
        .file("etc/ssl/certs/ca-certificates.crt", "")
        .bytes("usr/lib/x86_64-linux-gnu/libc.so.6", &libc.bytes())
        .bytes("usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30", &cxx.bytes())
        .link("usr/lib/x86_64-linux-gnu/libstdc++.so.6", "libstdc++.so.6.0.30")
        .link("usr/lib/x86_64-linux-gnu/libdangling.so.1", "libdangling.so.1.0")
        .file("usr/lib/x86_64-linux-gnu/libz.so.1", "")
}

/// Python as python.org's builds have it, in `/usr/local`.
pub(super) fn from_source(version: &str, loader: &'static str, machine: &str) -> Layer {
    let (short, _) = version.rsplit_once('.').unwrap();
    let digits = short.replace('.', "");
    let interpreter = Elf {
        loader,
        needed: vec!["libpython3.so"],
        runpath: "$ORIGIN/../lib/own",
        ..Elf::default()
    };
    Layer::default()
        .link("usr/local/bin/python3", &format!("python{short}"))
        .link("usr/local/bin/python", "python3")
        .bytes(&format!("usr/local/bin/python{short}"), &interpreter.bytes())
        .file(&format!("usr/local/lib/python{short}/os.py"), "")
        .file(&format!("usr/local/lib/python{short}/site.py"), "# Debian says 'dist-packages'\n")
        .file(
            &format!("usr/local/lib/python{short}/importlib/_bootstrap_external.py"),
            "#\nMAGIC_NUMBER = (3495).to_bytes(2, 'little')\n",
        )
        .file(
            &format!("usr/local/lib/python{short}/lib-dynload/_json.cpython-{digits}-{machine}.so"),
            "",
        )
        .file(&format!("usr/local/lib/libpython{short}.so.1.0"), "")
        .file("usr/local/lib/own/libown.so.1", "")
        .file(
            &format!("usr/local/include/python{short}/patchlevel.h"),
            &format!("#define PY_VERSION      \t\"{version}\"\n"),
        )
}

pub(super) fn inspect(layers: Vec<Layer>, env: &[&str]) -> Result<Base, BaseError> {
    base::inspect(&images::image(layers, "amd64", env))
}

#[test]
fn a_base_with_python_from_source_is_told_from_its_files() {
    let base = inspect(
        vec![debian(), from_source("3.11.9", GLIBC, "x86_64-linux-gnu")],
        &["PATH=/usr/local/bin:/usr/bin:/bin"],
    )
    .unwrap();
    assert_eq!((base.os.id.as_str(), base.os.version_id.as_str()), ("debian", "12"));
    assert_eq!(base.os.pretty_name, "Debian GNU/Linux 12 (bookworm)");
    assert_eq!(base.libc, Libc::Glibc(2, 36));
    assert_eq!(base.users.len(), 2);
    assert_eq!((base.users[1].name.as_str(), base.users[1].uid), ("www-data", 33));
    assert_eq!(base.groups[1].members, ["syslog", "me"]);
    assert!(base.has_shell && base.package_manager == Some(PackageManager::Apt));
    assert_eq!(base.ca_bundles, ["/etc/ssl/certs/ca-certificates.crt"]);
    let libraries: Vec<&str> = base.libraries.iter().map(String::as_str).collect();
    assert_eq!(
        libraries,
        [
            "libc.so.6",
            "libown.so.1",
            "libpython3.11.so.1.0",
            "libstdc++.so.6",
            "libstdc++.so.6.0.30",
            "libz.so.1"
        ]
    );
    assert!(base.symbols["libstdc++.so.6"].contains("GLIBCXX_3.4.30"));
    assert!(base.compressed_size > 0 && base.unpacked_size > 0);

    let python = base.python().unwrap();
    assert_eq!(base.pythons.len(), 1);
    assert_eq!(python.executable, "/usr/local/bin/python3");
    assert_eq!(python.interpreter, "/usr/local/bin/python3.11");
    assert_eq!(
        (python.version.to_string().as_str(), python.version_source),
        ("3.11.9", VersionSource::Header)
    );
    assert_eq!((python.prefix.as_str(), python.is_virtual()), ("/usr/local", false));
    assert_eq!(python.stdlib, "/usr/local/lib/python3.11");
    assert_eq!(python.site_packages, "/usr/local/lib/python3.11/site-packages");
    assert_eq!(python.platlib, python.site_packages);
    assert_eq!(python.scripts, "/usr/local/bin");
    assert_eq!(python.soabi.as_deref(), Some("cpython-311-x86_64-linux-gnu"));
    assert!(!python.free_threaded && !python.debug && !python.externally_managed);
    assert_eq!(python.bytecode_magic, Some([0xa7, 0x0d, b'\r', b'\n']));
}

/// Debian's Python, in `/usr`.
fn debians_python() -> Layer {
    let program = Elf { loader: GLIBC, data: b"3.11.2\0x\0".to_vec(), ..Elf::default() };
    Layer::default()
        .link("usr/bin/python3", "python3.11")
        .bytes("usr/bin/python3.11", &program.bytes())
        .file("usr/lib/python3.11/os.py", "")
        .file("usr/lib/python3.11/site.py", "        sitepackages.append(os.path.join(prefix, \"local/lib\", \"dist-packages\"))\n")
        .file("usr/lib/python3.11/EXTERNALLY-MANAGED", "")
        .file("usr/lib/python3.11/_sysconfigdata__x86_64-linux-gnu.py", "build_time_vars = {\n 'ALT_SOABI': 0,\n 'SOABI': 'cpython-311-x86_64-linux-gnu',\n}\n")
        .file("var/lib/dpkg/status", "Package: python3.11\nVersion: 3.11.1-1\n\nPackage: python3.11-minimal\nVersion: 3.11.7-6+deb12u6\n")
}

#[test]
fn debians_python_installs_into_dist_packages_below_local() {
    let base = inspect(vec![debian(), debians_python()], &[]).unwrap();
    let python = base.python().unwrap();
    assert_eq!(python.executable, "/usr/bin/python3");
    assert_eq!((python.version.patch, python.version_source), (Some(2), VersionSource::Program));
    assert_eq!(python.site_packages, "/usr/local/lib/python3.11/dist-packages");
    assert_eq!(python.scripts, "/usr/local/bin");
    assert_eq!(python.data, "/usr/local");
    assert_eq!(python.headers, "/usr/include/python3.11");
    assert!(python.externally_managed);
    assert_eq!(python.soabi.as_deref(), Some("cpython-311-x86_64-linux-gnu"));
    assert_eq!(python.bytecode_magic, Some([0xa7, 0x0d, b'\r', b'\n']), "known of 3.11");
}

#[test]
fn the_python_that_path_finds_first_is_the_one() {
    let layers =
        || vec![debian(), debians_python(), from_source("3.12.1", GLIBC, "x86_64-linux-gnu")];
    let base = inspect(layers(), &["PATH=/usr/local/bin:/usr/bin"]).unwrap();
    let executables: Vec<&str> =
        base.pythons.iter().map(|python| python.executable.as_str()).collect();
    assert_eq!(executables, ["/usr/local/bin/python3", "/usr/bin/python3"]);
    let base = inspect(layers(), &["PATH=/usr/bin:/usr/local/bin"]).unwrap();
    assert_eq!(base.python().unwrap().executable, "/usr/bin/python3");
}

#[test]
fn the_third_number_comes_from_the_best_evidence_there_is() {
    let without = |header: bool| {
        let layer = from_source("3.11.9", GLIBC, "x86_64-linux-gnu");
        if header {
            layer
        } else {
            layer
                .file("usr/local/include/.wh.python3.11", "")
                .file("usr/local/include/python3.11", "")
        }
    };
    let version = |layers: Vec<Layer>, env: &[&str]| {
        let base = inspect(layers, env).unwrap();
        let python = base.python().unwrap();
        (python.version.to_string(), python.version_source)
    };
    let env = &["PYTHON_VERSION=3.11.8"];
    assert_eq!(
        version(vec![debian(), without(true)], env),
        ("3.11.9".into(), VersionSource::Header)
    );
    assert_eq!(
        version(vec![debian(), without(false)], env),
        ("3.11.8".into(), VersionSource::Environment)
    );
    assert_eq!(
        version(vec![debian(), without(false)], &["PYTHON_VERSION=3.10.8"]),
        ("3.11".into(), VersionSource::Folder)
    );
    let status = Layer::default().file(
        "var/lib/dpkg/status.d/python3.11-minimal",
        "Package: python3.11-minimal\nVersion: 3.11.7-6+deb12u6\n",
    );
    assert_eq!(
        version(vec![debian(), without(false), status], &[]),
        ("3.11.7".into(), VersionSource::Distribution)
    );
    let library = Elf { data: b"3.11.6\0".to_vec(), ..Elf::default() }.bytes();
    let library = Layer::default().bytes("usr/local/lib/libpython3.11.so.1.0", &library);
    assert_eq!(
        version(vec![debian(), without(false), library], env),
        ("3.11.6".into(), VersionSource::Program)
    );
}

#[test]
fn alpines_python_installs_into_site_packages_of_usr() {
    let musl =
        Elf { data: b"musl libc (x86_64)\nVersion %s\n\x001.2.5\0".to_vec(), ..Elf::default() };
    let layer = Layer::default()
        .file("etc/os-release", "ID=alpine\nVERSION_ID=3.20.1\n")
        .bytes("lib/ld-musl-x86_64.so.1", &musl.bytes())
        .link("lib/libc.musl-x86_64.so.1", "ld-musl-x86_64.so.1")
        .file("usr/lib/libz.so.1", "")
        .file("usr/local/lib/libmine.so", "")
        .file("bin/busybox", "")
        .link("bin/sh", "/bin/busybox")
        .file("sbin/apk", "")
        .link("usr/bin/python3", "python3.12")
        .bytes("usr/bin/python3.12", &python(MUSL))
        .file("usr/lib/python3.12/os.py", "")
        .file("usr/lib/python3.12/lib-dynload/_json.cpython-312-x86_64-linux-musl.so", "")
        .file("lib/apk/db/installed", "P:musl\nV:1.2.5-r0\n\nP:python3\nV:3.12.8-r1\n");
    let base = inspect(vec![layer], &[]).unwrap();
    assert_eq!((base.libc, base.os.id.as_str()), (Libc::Musl(1, 2), "alpine"));
    assert_eq!(base.package_manager, Some(PackageManager::Apk));
    assert!(base.libraries.contains("libz.so.1") && base.libraries.contains("libmine.so"));
    let python = base.python().unwrap();
    assert_eq!(python.site_packages, "/usr/lib/python3.12/site-packages");
    assert_eq!(python.scripts, "/usr/bin");
    assert_eq!(
        (python.version.to_string().as_str(), python.version_source),
        ("3.12.8", VersionSource::Distribution)
    );
}

#[test]
fn a_virtual_environment_on_the_path_is_installed_into() {
    let environment = Layer::default()
        .file("opt/venv/pyvenv.cfg", "home = /usr/local/bin\n")
        .link("opt/venv/bin/python3", "/usr/local/bin/python3");
    let layers = vec![debian(), from_source("3.11.9", GLIBC, "x86_64-linux-gnu"), environment];
    let base = inspect(layers, &["PATH=/opt/venv/bin:/usr/local/bin"]).unwrap();
    let python = base.python().unwrap();
    assert_eq!(
        (python.executable.as_str(), python.interpreter.as_str()),
        ("/opt/venv/bin/python3", "/usr/local/bin/python3.11")
    );
    assert_eq!((python.prefix.as_str(), python.base_prefix.as_str()), ("/opt/venv", "/usr/local"));
    assert_eq!(python.site_packages, "/opt/venv/lib/python3.11/site-packages");
    assert_eq!(python.scripts, "/opt/venv/bin");
    assert_eq!(python.data, "/opt/venv");
    assert_eq!(python.headers, "/opt/venv/include/site/python3.11");
    assert_eq!(base.pythons.len(), 2);
}

#[test]
fn red_hats_python_has_two_folders_below_local() {
    let layer = Layer::default()
        .bytes("usr/lib64/libc-2.34.so", &Elf::default().bytes())
        .link("usr/lib64/libc.so.6", "libc-2.34.so")
        .link("lib64", "usr/lib64")
        .bytes("usr/bin/python3.9", &python(GLIBC))
        .link("usr/bin/python3", "python3.9")
        .file("usr/lib64/python3.9/os.py", "")
        .folder("usr/lib/python3.9/site-packages");
    let base = inspect(vec![layer], &[]).unwrap();
    assert_eq!(base.libc, Libc::Glibc(2, 34));
    let python = base.python().unwrap();
    assert_eq!(python.site_packages, "/usr/local/lib/python3.9/site-packages");
    assert_eq!(python.platlib, "/usr/local/lib64/python3.9/site-packages");
    assert_eq!(python.data, "/usr/local");
    assert_eq!(python.headers, "/usr/include/python3.9");
}

#[test]
fn a_python_in_opt_and_one_without_the_lock_are_found() {
    let layer = Layer::default()
        .bytes("opt/py/bin/python3.13t", &python(GLIBC))
        .file("opt/py/lib/python3.13t/os.py", "")
        .file("opt/py/lib/python3.13t/lib-dynload/_json.cpython-313t-x86_64-linux-gnu.so", "");
    let base = inspect(vec![debian(), layer], &[]).unwrap();
    let python = base.python().unwrap();
    assert!(python.free_threaded);
    assert_eq!(python.site_packages, "/opt/py/lib/python3.13t/site-packages");
    assert_eq!(python.headers, "/opt/py/include/python3.13t");
}

#[test]
fn a_script_that_starts_python_is_none() {
    let shim = Layer::default().file("opt/shims/bin/python3", "#!/bin/sh\n");
    let base = inspect(vec![debian(), shim], &["PATH=/opt/shims/bin"]).unwrap();
    let Err(BaseError::NoPython { searched }) = base.python() else { panic!("{:?}", base.pythons) };
    assert_eq!(searched[0], "/opt/shims/bin");
}

#[test]
fn pypy_is_named_and_refused() {
    let layer = Layer::default()
        .bytes("opt/pypy/bin/pypy3.10", &python(GLIBC))
        .link("opt/pypy/bin/python3", "pypy3.10")
        .file("opt/pypy/lib/pypy3.10/os.py", "");
    let base = inspect(vec![debian(), layer], &[]).unwrap();
    assert_eq!(base.pythons[0].implementation, Implementation::PyPy);
    let error = base.python().unwrap_err().to_string();
    assert!(error.contains("/opt/pypy/bin/python3 is PyPy"), "{error}");
}

#[test]
fn a_python_for_another_processor_is_refused_with_both_names() {
    let foreign = Elf { machine: AARCH64, loader: GLIBC, ..Elf::default() };
    let layer = from_source("3.11.9", GLIBC, "aarch64-linux-gnu")
        .bytes("usr/local/bin/python3.11", &foreign.bytes());
    let error = inspect(vec![debian(), layer], &[]).unwrap_err().to_string();
    assert!(
        error.contains("arm64")
            && error.contains("amd64")
            && error.contains("/usr/local/bin/python3.11"),
        "{error}"
    );
}

#[test]
fn a_base_of_nothing_offers_nothing() {
    let base = inspect(vec![Layer::default().file("app", "x")], &[]).unwrap();
    assert_eq!((base.libc, base.has_shell, base.libraries.len()), (Libc::None, false, 0));
    assert!(matches!(base.python(), Err(BaseError::NoPython { .. })));
    assert_eq!(
        base.tree,
        Tree::lay([Layer::default().file("app", "x").contents(0)].map(|mut contents| {
            contents.nodes.get_mut("app").unwrap().kind =
                provender_image::tree::Kind::File { size: 1, sha256: None, content: None };
            contents
        }))
    );
}
