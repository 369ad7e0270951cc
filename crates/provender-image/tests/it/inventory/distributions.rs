//! The packages of Debian, Ubuntu and Alpine.

use super::*;

const DEBIAN: &str = "ID=debian\nVERSION_ID=\"12\"\n";

const STATUS: &str = "Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl (3.0.11-1)
Version: 3.0.11-1+b1
Description: Secure Sockets Layer toolkit
 Package: not-this-one
 .
 the end

Package: gone
Status: deinstall ok config-files
Version: 1

Package: broken
Status: install ok half-configured
Architecture: all
Version: 1:2.0
";

#[test]
fn debians_packages_are_known_by_name_and_by_source() {
    let inventory = scan_of(&[("etc/os-release", DEBIAN), ("var/lib/dpkg/status", STATUS)]);
    assert_eq!(names(&inventory, Ecosystem::Debian), ["broken 1:2.0", "libssl3 3.0.11-1+b1"]);
    let libssl3 = package(&inventory, "libssl3");
    let source = libssl3.source.as_ref().unwrap();
    assert_eq!((&*source.name, &*source.version), ("openssl", "3.0.11-1"));
    assert_eq!(inventory.osv_ecosystem(libssl3), Some("Debian:12"));
    assert_eq!(
        libssl3.purl,
        "pkg:deb/debian/libssl3@3.0.11-1%2Bb1?arch=amd64&distro=debian-12&upstream=openssl%403.0.11-1"
    );
    let [note] = &inventory.notes[..] else { panic!("{:?}", inventory.notes) };
    assert_eq!((&*note.place, note.line), ("var/lib/dpkg/status", Some(15)));
    assert_eq!(note.message, "broken is half-configured");
}

#[test]
fn a_package_is_of_the_layer_that_installed_it() {
    let mut tree = Builder::of(&[("var/lib/dpkg/info/libssl3:amd64.list", "/.\n")]);
    tree.layer = 3;
    tree.file("var/lib/dpkg/status", STATUS.as_bytes());
    let inventory = tree.scan();
    assert_eq!(package(&inventory, "libssl3").layer, 0);
    assert_eq!(package(&inventory, "broken").layer, 3);
}

#[test]
fn images_without_dpkg_have_a_file_for_each_package() {
    let inventory = scan_of(&[
        ("usr/lib/os-release", "ID=debian\nVERSION_CODENAME=trixie\n"),
        ("var/lib/dpkg/status.d/tzdata", "Package: tzdata\nVersion: 2024a-0\nArchitecture: all\n"),
        ("var/lib/dpkg/status.d/python3-x", "Package: python3-x\nVersion: 1-1\n"),
        (
            "var/lib/dpkg/status.d/python3-x.md5sums",
            "d41d8cd98f00b204e9800998ecf8427e  usr/lib/python3/dist-packages/X-1.egg-info/PKG-INFO\n",
        ),
        ("usr/lib/python3/dist-packages/X-1.egg-info/PKG-INFO", "Name: X\nVersion: 1\n"),
    ]);
    assert_eq!(names(&inventory, Ecosystem::Debian), ["python3-x 1-1", "tzdata 2024a-0"]);
    assert_eq!(inventory.os.as_ref().unwrap().ecosystem.as_deref(), Some("Debian:13"));
    assert_eq!(package(&inventory, "x").owner.as_deref(), Some("python3-x"));
    assert_eq!(inventory.notes, []);
}

#[test]
fn os_release_may_be_a_link() {
    let mut tree = Builder::of(&[("usr/lib/os-release", "ID=ubuntu\nVERSION_ID=\"22.04\"\n")]);
    tree.link("etc/os-release", "../usr/lib/os-release");
    tree.file("var/lib/dpkg/status", STATUS.as_bytes());
    let inventory = tree.scan();
    assert_eq!(names(&inventory, Ecosystem::Ubuntu).len(), 2);
    assert_eq!(inventory.os.unwrap().ecosystem.as_deref(), Some("Ubuntu:22.04"));
}

#[test]
fn older_files_tell_the_distribution_where_os_release_is_missing() {
    for (path, text, ecosystem) in [
        ("etc/debian_version", "12.4\n", Some("Debian:12")),
        ("etc/debian_version", "trixie/sid\n", Some("Debian:13")),
        ("etc/alpine-release", "3.18.4\n", Some("Alpine:v3.18")),
        ("etc/hostname", "x\n", None),
    ] {
        let os = scan_of(&[(path, text)]).os;
        assert_eq!(os.and_then(|os| os.ecosystem).as_deref(), ecosystem, "{text}");
    }
}

#[test]
fn packages_of_a_distribution_that_osv_does_not_know_have_no_ecosystem() {
    let os = "ID=kali\nID_LIKE=debian\nVERSION_ID=\"2024.1\"\n";
    let inventory = scan_of(&[("etc/os-release", os), ("var/lib/dpkg/status", STATUS)]);
    let libssl3 = package(&inventory, "libssl3");
    assert_eq!((libssl3.ecosystem, inventory.osv_ecosystem(libssl3)), (Ecosystem::Other, None));
}

const INSTALLED: &str = "C:Q1abc=
P:libssl3
V:3.1.4-r1
A:x86_64
L:Apache-2.0
o:openssl
F:usr
F:usr/lib
R:libssl.so.3
a:0:0:755
Z:Q1def=

P:py3-idna
V:3.4-r4
A:noarch
o:py3-idna
F:usr/lib/python3.11/site-packages/idna-3.4.dist-info
R:METADATA

P:musl
V:1.2.4-r2
";

#[test]
fn alpines_packages_and_what_they_own() {
    for database in ["lib/apk/db/installed", "usr/lib/apk/db/installed"] {
        let mut tree = Builder::of(&[
            ("etc/os-release", "ID=alpine\nVERSION_ID=3.18.4\n"),
            ("usr/lib/libssl.so.3", ""),
            (
                "usr/lib/python3.11/site-packages/idna-3.4.dist-info/METADATA",
                "Name: idna\nVersion: 3.4\n",
            ),
        ]);
        tree.layer = 1;
        tree.file(database, INSTALLED.as_bytes());
        let inventory = tree.scan();
        assert_eq!(
            names(&inventory, Ecosystem::Alpine),
            ["libssl3 3.1.4-r1", "musl 1.2.4-r2", "py3-idna 3.4-r4"]
        );
        let libssl3 = package(&inventory, "libssl3");
        assert_eq!(libssl3.source.as_ref().unwrap().name, "openssl");
        assert_eq!((libssl3.licence.as_deref(), libssl3.layer), (Some("Apache-2.0"), 0));
        assert_eq!(package(&inventory, "musl").layer, 1);
        assert_eq!(inventory.osv_ecosystem(libssl3), Some("Alpine:v3.18"));
        assert_eq!(package(&inventory, "idna").owner.as_deref(), Some("py3-idna"));
        assert_eq!(inventory.notes, []);
    }
}
