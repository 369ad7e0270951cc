//! What is too large, damaged or made to harm.

use super::*;

#[test]
fn a_file_that_is_too_large_is_told_and_not_read() {
    assert_eq!(scan::wanted()("var/lib/dpkg/status", 100 << 20), Keep::Nothing);
    assert_eq!(scan::wanted()("var/lib/dpkg/status", 1 << 20), Keep::Content);
    assert_eq!(scan::wanted()("etc/passwd", 1), Keep::Nothing);
    let mut tree = Builder::default();
    let kind = NodeKind::File { size: 100 << 20, sha256: None, content: None };
    tree.add("var/lib/dpkg/status", kind);
    let [note] = &tree.scan().notes[..] else { panic!("one note") };
    assert_eq!(note.message, "not read: it has 104857600 bytes");
    assert!(note.hides, "nobody knows which packages it names");
}

#[test]
fn damaged_stanzas_are_told_with_their_line_and_hide_nothing() {
    let status =
        "Package: a\nnonsense\nVersion: 1\n\nVersion: 2\n\nPackage: b\n\nPackage: c\nVersion: 3\n";
    let inventory = scan_of(&[("var/lib/dpkg/status", status)]);
    assert_eq!(names(&inventory, Ecosystem::Debian), ["a 1", "c 3"]);
    let notes: Vec<_> = inventory.notes.iter().map(|note| (note.line, &*note.message)).collect();
    let expected = [
        (Some(2), "a line that is no field"),
        (Some(5), "a package without Package"),
        (Some(7), "a package without Version"),
    ];
    assert_eq!(notes, expected);
    let hides: Vec<_> = inventory.notes.iter().map(|note| note.hides).collect();
    assert_eq!(hides, [false, true, true], "whose package has a name and a version is known");
    let inventory = scan_of(&[("lib/apk/db/installed", "P:a\nV:1\n\nnonsense\nP:b\n\nP:c\nV:3\n")]);
    assert_eq!(names(&inventory, Ecosystem::Alpine), ["a 1", "c 3"]);
    let lines: Vec<_> = inventory.notes.iter().map(|note| note.line).collect();
    assert_eq!(lines, [Some(4), Some(4)]);
    assert!(inventory.notes[1].hides && !inventory.notes[0].hides);
}

#[test]
fn names_and_versions_that_could_be_none_are_refused() {
    let long = "9".repeat(600);
    let status = format!("Package: a\nVersion: {long}\n\nPackage: b \u{1b}[31m\nVersion: 1\n");
    let inventory = scan_of(&[("var/lib/dpkg/status", &status)]);
    assert_eq!((inventory.packages.len(), inventory.notes.len()), (0, 2));
    assert!(inventory.notes.iter().all(|note| !note.message.contains('\u{1b}')));
}

#[test]
fn there_are_never_more_than_a_thousand_notes() {
    let nonsense = "x\n".repeat(5_000);
    // The stanza has a package of which nothing is known, or one.
    for (begins, hides) in [("", true), ("P:a\nV:1\n", false)] {
        let inventory = scan_of(&[("lib/apk/db/installed", &format!("{begins}{nonsense}"))]);
        assert_eq!(inventory.notes.len(), 1_001);
        let further = if hides { "4001" } else { "4000" };
        let said = format!("{further} further notes are left out");
        assert_eq!((&inventory.notes[1_000].message, inventory.notes[1_000].hides), (&said, hides));
    }
}

#[test]
fn no_beginning_of_a_file_and_no_changed_byte_ends_the_scan() {
    let site = "usr/lib/python3/site-packages";
    let good: [(&str, &str); 10] = [
        ("etc/os-release", "ID='debian'\nVERSION_ID=\"1\\2\"\n"),
        (
            "var/lib/dpkg/status",
            "Package: a\nStatus: install ok installed\nSource: b (1)\nVersion: 1\nX: y\n c\n",
        ),
        ("var/lib/dpkg/info/a.list", "/.\n/usr/lib/python3.1/os.py\n"),
        ("lib/apk/db/installed", "P:a\nV:1\nF:usr\nR:os.py\n"),
        (
            &format!("{site}/a-1.dist-info/METADATA"),
            "Name: a\nVersion: 1\nClassifier: License :: é\n",
        ),
        (&format!("{site}/a-1.dist-info/RECORD"), "a/_vendor/vendor.txt,,\n\"x,y\",,\n"),
        (&format!("{site}/a/_vendor/vendor.txt"), "b==1 # é\n -r x\n"),
        ("usr/lib/python3.1/os.py", ""),
        ("usr/bin/python3.1", "\x003.1.2\0"),
        ("x/node_modules/a/package.json", "{\"name\":\"a\",\"version\":\"1\"}"),
    ];
    let inventory = Builder::of(&good).scan();
    assert_eq!(inventory.packages.len(), 5, "{inventory:#?}");
    for (path, text) in good {
        for at in 0..text.len() {
            let mut tree = Builder::of(&good);
            tree.file(path, &text.as_bytes()[..at]);
            tree.scan();
            for byte in [0, b'\n', b':', b'"', 0xff] {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] = byte;
                tree.file(path, &bytes);
                tree.scan();
            }
        }
    }
}

#[test]
fn an_inventory_survives_json_and_takes_what_an_sbom_adds() {
    let metadata = "Name: a\nVersion: 1\n";
    let mut inventory = scan_of(&[("x/a-1.dist-info/METADATA", metadata)]);
    let sbom = r#"{"bomFormat": "CycloneDX", "components": [{"purl": "pkg:pypi/a@1.0"}, {"purl": "pkg:pypi/b@2"}]}"#;
    let packages = scan::packages_of_cyclonedx(sbom, "sbom.json").unwrap();
    assert_eq!(inventory.add_from_sbom(packages.clone()), 0);
    inventory.add_from_sbom(packages);
    assert_eq!(names(&inventory, Ecosystem::PyPI), ["a 1", "b 2"]);
    assert_eq!(package(&inventory, "a").kind, Kind::Installed);
    assert_eq!(package(&inventory, "b").kind, Kind::FromSbom);
    // Of another distribution than the image's, and of an ecosystem that is looked at nowhere.
    let sbom = r#"{"bomFormat": "CycloneDX", "components": [{"purl": "pkg:deb/debian/a@1"}, {"purl": "pkg:golang/b@2"}]}"#;
    let others = || scan::packages_of_cyclonedx(sbom, "sbom.json").unwrap();
    let before = inventory.clone();
    assert_eq!(inventory.add_from_sbom(others()), 2);
    assert_eq!(inventory, before);
    let mut debian = scan_of(&[("etc/os-release", "ID=debian\nVERSION_ID=12\n")]);
    assert_eq!(debian.add_from_sbom(others()), 1);
    assert_eq!(names(&debian, Ecosystem::Debian), ["a 1"]);
    let json = serde_json::to_string(&inventory).unwrap();
    assert_eq!(serde_json::from_str::<Inventory>(&json).unwrap(), inventory);
}
