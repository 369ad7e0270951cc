//! Wheels: what is refused, and what they become.

mod made;
#[cfg(unix)]
mod pip;

use std::fs;
use std::io::Cursor;

use provender_image::Compression;
use provender_image::layer::{self, Content, Entry, EntryKind, LayerOptions};
use provender_image::wheel::{self, Installed, Requested, WheelError, install};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use made::{Made, blob, expected, open_bytes, patched, scheme};

/// An entry's bytes.
fn bytes_of(entry: &Entry) -> Vec<u8> {
    let EntryKind::File(content) = &entry.kind else { panic!("{} is no file", entry.path) };
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut content.open().unwrap(), &mut bytes).unwrap();
    bytes
}

fn text_of(installed: &Installed, path: &str) -> String {
    let entry = installed.entries.iter().find(|entry| entry.path == path);
    String::from_utf8(bytes_of(entry.unwrap_or_else(|| panic!("no {path}")))).unwrap()
}

fn installed(made: &Made) -> Result<Installed, WheelError> {
    let folder = tempfile::tempdir().unwrap();
    let wheel = made.open(folder.path())?;
    let installed = install(&wheel, &scheme("/usr/local"), Requested::AsDependency)?;
    // What is not here stays in the wheel, which goes with the folder.
    let entries = installed.entries.iter().map(|entry| Entry {
        kind: EntryKind::File(Content::Bytes(bytes_of(entry))),
        ..entry.clone()
    });
    Ok(Installed { entries: entries.collect(), ..installed })
}

#[test]
fn a_wheel_with_another_digest_is_not_looked_into() {
    let folder = tempfile::tempdir().unwrap();
    let made = Made::new();
    let bytes = made.bytes();
    fs::write(blob(folder.path()), b"no zip at all").unwrap();
    let error = wheel::open(&blob(folder.path()), &expected(&made.filename, &bytes)).unwrap_err();
    assert!(matches!(error, WheelError::Digest { .. }), "{error}");
}

#[test]
fn the_files_of_a_wheel_go_where_python_looks_for_them() {
    let made = Made::new()
        .with_mode("demo/tool.sh", b"#!/bin/sh\n", 0o755)
        .file("demo-1.0.data/purelib/extra.py", b"")
        .file("demo-1.0.data/data/share/demo/x.txt", b"x")
        .file("demo-1.0.data/headers/demo.h", b"")
        .file("demo-1.0.data/scripts/hello", b"#!python\nprint('hello')\n")
        .file("demo-1.0.dist-info/entry_points.txt", b"[console_scripts]\ndemo = demo:main\n");
    let installed = installed(&made).unwrap();
    let found: Vec<(&str, u32)> =
        installed.entries.iter().map(|entry| (entry.path.as_str(), entry.mode)).collect();
    let site = |path: &str| format!("usr/local/lib/python3.11/site-packages/{path}");
    let expected = [
        ("usr/local/bin/demo".to_owned(), 0o755),
        ("usr/local/bin/hello".to_owned(), 0o755),
        ("usr/local/include/site/python3.11/demo/demo.h".to_owned(), 0o644),
        (site("demo-1.0.dist-info/INSTALLER"), 0o644),
        (site("demo-1.0.dist-info/METADATA"), 0o644),
        (site("demo-1.0.dist-info/RECORD"), 0o644),
        (site("demo-1.0.dist-info/WHEEL"), 0o644),
        (site("demo-1.0.dist-info/entry_points.txt"), 0o644),
        (site("demo/__init__.py"), 0o644),
        (site("demo/tool.sh"), 0o755),
        (site("extra.py"), 0o644),
        ("usr/local/share/demo/x.txt".to_owned(), 0o644),
    ];
    let expected: Vec<(&str, u32)> =
        expected.iter().map(|(path, mode)| (path.as_str(), *mode)).collect();
    assert_eq!(found, expected);
    assert_eq!(installed.scripts, ["usr/local/bin/demo", "usr/local/bin/hello"]);
    assert!(installed.entries.iter().all(|entry| (entry.uid, entry.gid) == (0, 0)));
    let hello = text_of(&installed, "usr/local/bin/hello");
    assert_eq!(hello, "#!/usr/local/bin/python\nprint('hello')\n");
    let demo = text_of(&installed, "usr/local/bin/demo");
    let expected = "#!/usr/local/bin/python\nimport sys\nfrom demo import main\n\
                    if __name__ == '__main__':\n    sys.exit(main())\n";
    assert_eq!(demo, expected);
    let record = text_of(&installed, &site("demo-1.0.dist-info/RECORD"));
    let first = record.lines().next().unwrap();
    assert!(first.starts_with("../../../bin/demo,sha256="), "{first}");
    assert!(record.contains("\r\ndemo-1.0.dist-info/RECORD,,\r\n"), "{record}");
}

#[test]
fn files_that_only_an_installer_writes_are_not_taken_over() {
    let made = Made::new()
        .file("demo-1.0.dist-info/INSTALLER", b"somebody\n")
        .file("demo-1.0.dist-info/direct_url.json", b"{}")
        .file("demo-1.0.dist-info/REQUESTED", b"");
    let installed = installed(&made).unwrap();
    let site = "usr/local/lib/python3.11/site-packages/demo-1.0.dist-info";
    assert_eq!(text_of(&installed, &format!("{site}/INSTALLER")), "provender\n");
    let paths: Vec<_> = installed.entries.iter().map(|entry| entry.path.as_str()).collect();
    assert!(!paths.iter().any(|path| path.ends_with("direct_url.json")), "{paths:?}");
    assert!(!paths.iter().any(|path| path.ends_with("REQUESTED")), "{paths:?}");
}

#[test]
fn scripts_that_old_builders_made_for_entry_points_are_left_out() {
    let points = b"[gui_scripts]\ndemo = demo:main\n";
    let made = Made::new()
        .file("demo-1.0.dist-info/entry_points.txt", points)
        .file("demo-1.0.data/scripts/demo", b"#!/build/python\n")
        .file("demo-1.0.data/scripts/demo-script.py", b"#!python\n");
    let installed = installed(&made).unwrap();
    assert_eq!(installed.scripts, ["usr/local/bin/demo"]);
    assert!(text_of(&installed, "usr/local/bin/demo").contains("from demo import main"));
}

#[test]
fn members_that_no_wheel_may_have_are_refused_by_name() {
    for (name, said) in [
        ("../evil.py", "leads out of its folder"),
        ("/etc/evil", "absolute"),
        ("demo/../../evil", "leads out of its folder"),
        ("demo\\evil.py", "backslash"),
        ("C:/evil.py", "drive"),
        ("demo//evil.py", "empty part"),
        ("demo/.wh.other.py", "take another file away"),
        ("demo/__init__.py/evil", "is below it"),
        ("other-2.0.dist-info/METADATA", "another such folder"),
        ("other-2.0.data/scripts/x", "another name"),
        ("demo-1.0.data/purelib/other-2.0.dist-info/METADATA", "second distribution"),
    ] {
        let error = Made::new().file(name, b"evil").refused();
        assert!(error.contains(said), "{name}: {error}");
        assert!(error.contains("demo-1.0-py3-none-any.whl"), "{error}");
    }
}

#[test]
fn a_data_folder_spreads_to_known_places_only() {
    for (name, said) in [
        ("demo-1.0.data/etc/passwd", "no files go to a place of that name"),
        ("demo-1.0.data/passwd", "and nothing else"),
    ] {
        let error = installed(&Made::new().file(name, b"")).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains(name), "{error}");
    }
}

#[test]
fn links_and_encrypted_members_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let name = "demo-1.0-py3-none-any.whl";
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("demo/link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    let error = open_bytes(folder.path(), name, &bytes).unwrap_err().to_string();
    assert!(error.contains("`demo/link`") && error.contains("neither a plain file"), "{error}");

    // Bit 0 of the flags, in the local header and in the directory.
    let mut bytes = Made::new().bytes();
    let central = find(&bytes, b"PK\x01\x02");
    bytes[6] |= 1;
    bytes[central + 8] |= 1;
    let error = open_bytes(folder.path(), name, &bytes).unwrap_err().to_string();
    assert!(error.contains("encrypted"), "{error}");
}

fn find(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|window| window == what).unwrap()
}

#[test]
fn archives_that_can_be_read_in_two_ways_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let name = "demo-1.0-py3-none-any.whl";
    let made = Made::new().file("demo/aaaa.py", b"").file("demo/bbbb.py", b"");
    let twice = patched(made.bytes(), b"demo/bbbb.py", b"demo/aaaa.py");
    let error = open_bytes(folder.path(), name, &twice).unwrap_err();
    assert!(matches!(error, WheelError::Archive { .. }), "{error}");

    // The local header of the first member has another name than the directory.
    let mut bytes = made.bytes();
    let at = find(&bytes, b"demo/__init__.py");
    bytes[at..at + 4].copy_from_slice(b"evil");
    let error = open_bytes(folder.path(), name, &bytes).unwrap_err();
    assert!(matches!(error, WheelError::Archive { .. }), "{error}");

    let not_utf8 = patched(made.bytes(), b"demo/aaaa.py", b"demo/a\xff\xffa.py");
    let error = open_bytes(folder.path(), name, &not_utf8).unwrap_err().to_string();
    assert!(error.contains("not UTF-8"), "{error}");

    let error = open_bytes(folder.path(), name, b"not a zip").unwrap_err();
    assert!(matches!(error, WheelError::Archive { .. }), "{error}");
}

#[test]
fn a_wheel_that_unpacks_to_far_more_than_it_holds_is_refused() {
    let zeros = vec![0; 65 << 20];
    let error = Made::new().file("demo/zeros", &zeros).refused();
    assert!(error.contains("too much for its size"), "{error}");
}

#[test]
fn a_member_that_is_longer_than_it_says_is_an_error_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let made = Made::new().file("demo/long.txt", &[b'x'; 1000]);
    let bytes = made.record(|record| record.replace(",1000\n", ",10\n")).bytes();
    let size = 1000_u32.to_le_bytes();
    let bytes = patched(bytes, &size, &10_u32.to_le_bytes());
    let wheel = open_bytes(folder.path(), "demo-1.0-py3-none-any.whl", &bytes).unwrap();
    let error = wheel::verify(&wheel).unwrap_err().to_string();
    assert!(error.contains("demo/long.txt") && error.contains("more bytes"), "{error}");
}

#[test]
fn record_must_name_every_file_with_its_size_and_a_strong_hash_and_nothing_else() {
    let module = "demo/__init__.py";
    let line = |record: &str| {
        record.lines().find(|line| line.starts_with(module)).unwrap().to_owned() + "\n"
    };
    for (change, file, said) in [
        (
            &(|r: String| r.replace(&line(&r), "")) as &dyn Fn(String) -> String,
            module,
            "is not in RECORD",
        ),
        (&|r| r + "demo/gone.py,,\n", "demo/gone.py", "not in the wheel"),
        (&|r| r.replace(&line(&r), "demo/__init__.py,,\n"), module, "without a hash"),
        (
            &|r| r.replace(&line(&r), "demo/__init__.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\n"),
            module,
            "weaker than sha256",
        ),
        (
            &|r| r.replace(&line(&r), &line(&r).replace(",30\n", ",28\n")),
            module,
            "and 28 in RECORD",
        ),
    ] {
        let error = Made::new().record(change).refused();
        assert!(error.contains(file) && error.contains(said), "{error}");
    }
}

#[test]
fn a_file_with_another_hash_than_in_record_gets_into_no_layer() {
    let folder = tempfile::tempdir().unwrap();
    let other = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    let made = Made::new().record(|record| {
        let line = record.lines().find(|line| line.starts_with("demo/")).unwrap();
        let hash = line.split(',').nth(1).unwrap();
        record.replace(hash, other)
    });
    let wheel = made.open(folder.path()).unwrap();
    let error = wheel::verify(&wheel).unwrap_err().to_string();
    assert!(error.contains("demo/__init__.py in "), "{error}");
    let entries = install(&wheel, &scheme("/usr"), Requested::ByName).unwrap().entries;
    let layers = folder.path().join("layers");
    fs::create_dir(&layers).unwrap();
    let options = LayerOptions::new(0, Compression::Gzip);
    let error = layer::write(&entries, &options, &layers.join("layer")).unwrap_err();
    assert!(error.to_string().contains("demo/__init__.py"), "{error}");
    assert_eq!(fs::read_dir(&layers).unwrap().count(), 0);
}

#[test]
fn stronger_hashes_than_sha256_are_checked_too() {
    let sha512 = |bytes: &[u8]| {
        use base64::Engine as _;
        use sha2::Digest as _;
        let hash = sha2::Sha512::digest(bytes);
        format!("sha512={}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash))
    };
    let with = |hash: String| {
        Made::new().record(|record| {
            let line = record.lines().find(|line| line.starts_with("demo/")).unwrap();
            let old = line.split(',').nth(1).unwrap();
            record.replace(old, &hash)
        })
    };
    let folder = tempfile::tempdir().unwrap();
    let right = with(sha512(b"def main():\n    print('demo')\n"));
    wheel::verify(&right.open(folder.path()).unwrap()).unwrap();
    let error = with(sha512(b"other")).refused();
    assert!(error.contains("demo/__init__.py has another hash than in RECORD"), "{error}");
}

#[test]
fn names_and_versions_must_be_the_locked_ones_everywhere() {
    let metadata = |text: &str| Made::new().file("demo-1.0.dist-info/METADATA", text.as_bytes());
    let cases = [
        (Made::new().filename("other-1.0-py3-none-any.whl"), "its file name says other"),
        (Made::new().filename("demo-2.0-py3-none-any.whl"), "its file name says 2.0"),
        (metadata("Name: other\nVersion: 1.0\n"), "METADATA says other"),
        (metadata("Name: demo\nVersion: 1.1\n"), "METADATA says 1.1"),
        (metadata("Version: 1.0\n"), "has no name"),
        (metadata("Name: demo\nName: other\nVersion: 1.0\n"), "more than one name"),
    ];
    for (made, said) in cases {
        let error = made.refused();
        assert!(error.contains(said), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let spelled = metadata("Name: DeMo\nVersion: 1.0.0\n");
    spelled.open(folder.path()).unwrap();
}

#[test]
fn a_wheel_that_is_too_new_or_incomplete_is_refused() {
    let wheel = |text: &str| Made::new().file("demo-1.0.dist-info/WHEEL", text.as_bytes());
    let cases = [
        (wheel("Wheel-Version: 2.0\nRoot-Is-Purelib: true\nTag: a\n"), "is of version 2.0"),
        (wheel("Wheel-Version: 1.0\nTag: a\n"), "has no root-is-purelib"),
        (wheel("Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"), "has no tag"),
        (Made::new().without("demo-1.0.dist-info/WHEEL"), "WHEEL is missing"),
        (Made::new().without("demo-1.0.dist-info/METADATA"), "METADATA is missing"),
    ];
    for (made, said) in cases {
        let error = made.refused();
        assert!(error.contains(said), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    wheel("Wheel-Version: 1.9\nRoot-Is-Purelib: False\nTag: a\n").open(folder.path()).unwrap();
}

#[test]
fn an_interpreter_that_scripts_cannot_name_matters_only_where_there_are_scripts() {
    let folder = tempfile::tempdir().unwrap();
    let mut scheme = scheme("/usr/local");
    scheme.python = format!("/opt/{}/bin/python3", "x".repeat(120));
    let plain = Made::new().open(folder.path()).unwrap();
    install(&plain, &scheme, Requested::ByName).unwrap();
    let points = b"[console_scripts]\ndemo = demo:main\n";
    let made = Made::new().file("demo-1.0.dist-info/entry_points.txt", points);
    let scripted = made.open(folder.path()).unwrap();
    let error = install(&scripted, &scheme, Requested::ByName).unwrap_err().to_string();
    assert!(error.contains("`demo`") && error.contains("too long"), "{error}");
}

#[test]
fn two_files_of_a_wheel_at_one_path_are_refused() {
    let made = Made::new().file("demo-1.0.data/purelib/demo/__init__.py", b"other");
    let error = installed(&made).unwrap_err().to_string();
    assert!(error.contains("site-packages/demo/__init__.py twice"), "{error}");
}

#[test]
fn the_machine_code_of_a_wheel_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let elf = b"\x7fELF and more";
    let wheel = Made::new()
        .stored()
        .file("demo/_c.cpython-311-x86_64-linux-gnu.so", elf)
        .file("demo.libs/libx-1.so.2", elf)
        .file("demo-1.0.data/scripts/tool", elf)
        .file("demo/not.so", b"text")
        .file("demo/elf.py", elf)
        .open(folder.path())
        .unwrap();
    let found: Vec<_> = wheel::libraries(&wheel).map(Result::unwrap).collect();
    let names: Vec<_> = found.iter().map(|library| library.name.as_str()).collect();
    let expected = [
        "demo/_c.cpython-311-x86_64-linux-gnu.so",
        "demo.libs/libx-1.so.2",
        "demo-1.0.data/scripts/tool",
    ];
    assert_eq!(names, expected);
    assert!(found.iter().all(|library| library.bytes.as_deref() == Some(&elf[..])));
}

/// Any byte of a wheel may be another: the wheel is refused or read, and nothing panics.
#[test]
fn a_damaged_wheel_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let points = b"[console_scripts]\ndemo = demo:main\n";
    let made = Made::new().file("demo-1.0.dist-info/entry_points.txt", points);
    let whole = made.bytes();
    for at in (0..whole.len()).step_by(3) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        if let Ok(wheel) = open_bytes(folder.path(), &made.filename, &bytes) {
            let _ = wheel::verify(&wheel);
            let _ = install(&wheel, &scheme("/usr"), Requested::ByName);
        }
    }
    for length in (0..whole.len()).step_by(7) {
        assert!(open_bytes(folder.path(), &made.filename, &whole[..length]).is_err());
    }
}
