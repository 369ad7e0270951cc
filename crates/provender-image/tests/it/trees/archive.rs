//! What is read from an archive.

use provender_image::tree::{Keep, Kind, Limits, read_layer};

use super::{Layer, header, paths, text, tree};

#[test]
fn names_are_cleaned_and_never_lead_above_the_root() {
    let layer = Layer::default()
        .folder("./")
        .file("./a//b", "1")
        .file("/etc/x", "2")
        .file("../../up", "3")
        .file("c/../d", "4");
    let tree = tree([layer]);
    assert_eq!(paths(&tree), ["a", "a/b", "d", "etc", "etc/x", "up"]);
    assert_eq!(text(&tree, "/up"), "3");
}

#[test]
fn long_names_are_read_in_either_form() {
    let (folder, name) = ("f".repeat(120), "n".repeat(130));
    let path = format!("{folder}/{name}");
    let gnu = format!("{path}\0");
    let layer = Layer::default()
        .entry(b'L', "././@LongLink", "", gnu.as_bytes())
        .file("cut", "gnu")
        .pax(&[
            ("path", &format!("x/{path}")),
            ("uid", "70000"),
            ("SCHILY.xattr.security.capability", "\n=\n"),
        ])
        .file("cut", "pax")
        .entry(b'K', "././@LongLink", "", gnu.as_bytes())
        .link("link", "cut");
    let tree = tree([layer]);
    assert_eq!(text(&tree, &path), "gnu");
    assert_eq!(text(&tree, &format!("x/{path}")), "pax");
    assert_eq!(tree.get(&format!("x/{path}")).unwrap().uid, 70000);
    assert_eq!(text(&tree, "link"), "gnu");
}

#[test]
fn a_global_header_changes_nothing() {
    let layer =
        Layer::default().records(b'g', &[("path", "everything"), ("comment", "x")]).file("a", "1");
    assert_eq!(paths(&tree([layer])), ["a"]);
}

#[test]
fn the_size_in_an_extended_header_counts() {
    let short = header(b'0', "a", "", 0);
    let layer = Layer::default().pax(&[("size", "3")]).raw(&short, b"abc").file("b", "x");
    let tree = tree([layer]);
    assert_eq!((text(&tree, "a"), text(&tree, "b")), ("abc".into(), "x".into()));
}

#[test]
fn a_link_has_no_data_whatever_its_header_says() {
    let claims = header(b'2', "link", "b", 512);
    let layer = Layer::default().raw(&claims, b"").file("b", "x");
    assert_eq!(text(&tree([layer]), "link"), "x");
}

#[test]
fn a_hard_link_is_the_file_it_names() {
    let layer = Layer::default().file("a/b", "1").hard_link("c", "./a/b").file("a/b", "2");
    let tree = tree([layer]);
    assert_eq!((text(&tree, "c"), text(&tree, "a/b")), ("1".into(), "2".into()));
}

#[test]
fn a_later_entry_of_a_path_wins() {
    let layer = Layer::default()
        .folder("a")
        .file("a/b", "1")
        .file("a", "2")
        .folder("c")
        .file("c/d/e", "3")
        .link("c/d", "../f")
        .file("c/d/g", "4");
    let tree = tree([layer]);
    assert_eq!(paths(&tree), ["a", "c", "c/d", "f", "f/g"]);
    assert_eq!((text(&tree, "a"), text(&tree, "c/d/g")), ("2".into(), "4".into()));
}

#[test]
fn a_folder_that_came_over_a_file_of_its_own_layer_hides_what_lower_ones_have_there() {
    let below = Layer::default().file("a/old", "1");
    let above = Layer::default().file("a/x", "2").file("a", "3").file("a/new", "4");
    assert_eq!(paths(&tree([below, above])), ["a", "a/new"]);
}

#[test]
fn sparse_files_are_filled_with_zeros() {
    let expected = format!("\0\0\0\0ab{}cd\0\0", "\0".repeat(504));
    let data = "abcd";
    let map_1_0 = format!("{:\0<512}{data}", "2\n4\n2\n510\n2\n");
    let real = expected.len().to_string();
    let named: &[_] = &[
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", "d/one"),
        ("GNU.sparse.realsize", &real),
    ];
    let listed: &[_] = &[
        ("GNU.sparse.size", real.as_str()),
        ("GNU.sparse.map", "4,2,510,2"),
        ("GNU.sparse.name", "d/two"),
    ];
    let mut own = header(b'S', "d/three", "", 4);
    let bytes = own.as_mut_bytes();
    bytes[257..265].copy_from_slice(b"ustar  \0");
    for (at, value) in [(386, 4), (398, 2), (410, 510), (422, 2), (483, expected.len())] {
        bytes[at..at + 12].copy_from_slice(format!("{value:011o}\0").as_bytes());
    }
    own.set_cksum();
    let layer = Layer::default()
        .pax(named)
        .file("GNUSparseFile.0/one", &map_1_0)
        .pax(listed)
        .file("GNUSparseFile.0/two", data)
        .raw(&own, data.as_bytes())
        .file("after", "x");
    let tree = tree([layer]);
    for name in ["d/one", "d/two", "d/three"] {
        assert_eq!(tree.get(name).unwrap().size(), expected.len() as u64, "{name}");
        assert_eq!(text(&tree, name), expected, "{name}");
    }
    assert_eq!(text(&tree, "after"), "x");
}

#[test]
fn what_nobody_wants_is_not_kept() {
    let archive = Layer::default().file("a", "1").file("b", "22").file("c", "333").end();
    let wanted = |path: &str, size| match (path, size) {
        ("a", 1) => Keep::Content,
        ("b", 2) => Keep::Digest,
        _ => Keep::Nothing,
    };
    let contents = read_layer(archive.as_slice(), 3, &wanted, &Limits::default()).unwrap();
    let kept = |path: &str| match &contents.nodes[path].kind {
        Kind::File { sha256, content, .. } => (sha256.is_some(), content.is_some()),
        other => panic!("{other:?}"),
    };
    assert_eq!((kept("a"), kept("b"), kept("c")), ((true, true), (true, false), (false, false)));
    assert_eq!(contents.nodes["a"].layer, 3);
}

#[test]
fn what_the_tar_program_writes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let name = "n".repeat(200);
    let (root, file) = (folder.path().join("root"), folder.path().join("root").join(&name));
    std::fs::create_dir(&root).unwrap();
    let write = || -> std::io::Result<()> {
        let holes = std::fs::File::create(&file)?;
        std::os::unix::fs::FileExt::write_all_at(&holes, b"end", 1 << 20)?;
        std::fs::hard_link(&file, root.join("hard"))?;
        std::os::unix::fs::symlink(&name, root.join("soft"))
    };
    write().unwrap();
    for format in ["gnu", "pax"] {
        let archive = std::process::Command::new("tar")
            .args(["--sparse", &format!("--format={format}"), "-C"])
            .arg(&root)
            .args(["-c", "."])
            .output();
        let Ok(archive) = archive else {
            println!("left out: reading what tar writes, since there is no tar");
            return;
        };
        assert!(archive.status.success(), "{}", String::from_utf8_lossy(&archive.stderr));
        let wanted = |_: &str, _| Keep::Content;
        let contents =
            read_layer(archive.stdout.as_slice(), 0, &wanted, &Limits::default()).unwrap();
        let tree = provender_image::tree::Tree::lay([contents]);
        let expected = std::fs::read(&file).unwrap();
        for path in [name.as_str(), "hard", "soft"] {
            assert_eq!(tree.content(path), Some(expected.as_slice()), "{format}: {path}");
        }
        assert!(archive.stdout.len() < expected.len(), "the archive is sparse");
    }
}
