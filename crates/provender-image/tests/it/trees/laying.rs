//! Layers over one another (image-spec 1.1, "Representing Changes").

use super::{Layer, paths, text, tree};

#[test]
fn a_whiteout_takes_a_lower_file_away() {
    let below = Layer::default().file("a/b", "1").file("a/c", "2").file("d/e/f", "3");
    let above = Layer::default().file("a/.wh.b", "").file(".wh.d", "");
    assert_eq!(paths(&tree([below, above])), ["a", "a/c"]);
}

#[test]
fn a_whiteout_takes_nothing_of_its_own_layer_away() {
    for reversed in [false, true] {
        let below = Layer::default().file("a/old", "1");
        let above = if reversed {
            Layer::default().file("a/new", "2").file(".wh.a", "")
        } else {
            Layer::default().file(".wh.a", "").file("a/new", "2")
        };
        assert_eq!(paths(&tree([below, above])), ["a", "a/new"]);
    }
}

#[test]
fn an_opaque_folder_hides_what_lower_layers_have_in_it() {
    let below = Layer::default().file("a/b", "1").file("a/c/d", "2").file("ab", "3");
    let above = Layer::default().file("a/new", "4").file("a/.wh..wh..opq", "");
    assert_eq!(paths(&tree([below, above])), ["a", "a/new", "ab"]);
}

#[test]
fn an_opaque_root_hides_everything_below() {
    let below = Layer::default().file("a/b", "1");
    let above = Layer::default().file(".wh..wh..opq", "").file("c", "2");
    assert_eq!(paths(&tree([below, above])), ["c"]);
}

#[test]
fn what_aufs_kept_for_itself_is_no_part_of_the_image() {
    let layer =
        Layer::default().file(".wh..wh.aufs", "").file(".wh..wh.plnk/1", "x").file("a", "1");
    assert_eq!(paths(&tree([layer])), ["a"]);
}

#[test]
fn a_file_over_a_folder_takes_all_of_it_away() {
    let below = Layer::default().file("a/b/c", "1").file("a-b", "2");
    let tree = tree([below, Layer::default().file("a", "3")]);
    assert_eq!(paths(&tree), ["a", "a-b"]);
    assert_eq!(text(&tree, "a"), "3");
}

#[test]
fn a_folder_over_a_folder_merges_and_has_the_upper_ones_mode() {
    let below = Layer::default().folder("a").file("a/b", "1");
    let mut private = super::header(b'5', "a", "", 0);
    private.set_mode(0o700);
    private.set_cksum();
    let tree = tree([below, Layer::default().raw(&private, b"").file("a/c", "2")]);
    assert_eq!(paths(&tree), ["a", "a/b", "a/c"]);
    assert_eq!((tree.get("a").unwrap().mode, tree.get("a").unwrap().layer), (0o700, 1));
    assert_eq!(tree.get("a/b").unwrap().layer, 0);
}

#[test]
fn an_entry_without_its_folder_leaves_the_lower_folder_as_it_was() {
    let mut private = super::header(b'5', "a", "", 0);
    private.set_mode(0o700);
    private.set_cksum();
    let tree = tree([Layer::default().raw(&private, b""), Layer::default().file("a/b/c", "1")]);
    assert_eq!(tree.get("a").unwrap().mode, 0o700);
    let implied = tree.get("a/b").unwrap();
    assert_eq!((implied.mode, implied.uid, implied.layer), (0o755, 0, 1));
}

#[test]
fn an_entry_below_a_lower_layers_link_goes_where_the_link_points() {
    let below = Layer::default().file("usr/lib/a", "1").link("lib", "usr/lib");
    let above = Layer::default().file("lib/b", "2").file("lib/.wh.a", "");
    let tree = tree([below, above]);
    assert_eq!(paths(&tree), ["lib", "usr", "usr/lib", "usr/lib/b"]);
    assert_eq!(text(&tree, "lib/b"), "2");
}

#[test]
fn a_folder_over_a_link_takes_its_place() {
    let below = Layer::default().file("usr/lib/a", "1").link("lib", "usr/lib");
    let above = Layer::default().folder("lib").file("lib/b", "2");
    assert_eq!(paths(&tree([below, above])), ["lib", "lib/b", "usr", "usr/lib", "usr/lib/a"]);
}

#[test]
fn a_hard_link_to_a_lower_layers_file_is_that_file() {
    let below = Layer::default().file("a/b", "1").file("gone", "2");
    let above = Layer::default()
        .hard_link("c", "a/b")
        .hard_link("kept", "gone")
        .file(".wh.gone", "")
        .file("a/b", "3");
    let tree = tree([below, above]);
    assert_eq!((text(&tree, "c"), text(&tree, "kept")), ("1".into(), "2".into()));
    assert_eq!(text(&tree, "a/b"), "3");
    assert_eq!(tree.get("c").unwrap().layer, 1);
}

#[test]
fn a_hard_link_to_nothing_is_left_out() {
    assert!(tree([Layer::default().hard_link("a", "nowhere")]).is_empty());
}

#[test]
fn links_are_followed_within_the_root() {
    let layer = Layer::default()
        .file("usr/bin/python3.11", "elf")
        .link("usr/bin/python3", "python3.11")
        .link("bin", "usr/bin")
        .link("python", "/bin/python3")
        .link("out", "../../../../usr/bin/../bin/python3")
        .link("dangling", "nowhere");
    let tree = tree([layer]);
    for path in ["bin/python3", "/python", "out", "usr/../bin/python3"] {
        assert_eq!(tree.resolve(path).unwrap().0, "usr/bin/python3.11", "{path}");
        assert_eq!(text(&tree, path), "elf");
    }
    assert!(tree.resolve("dangling").is_none() && tree.resolve("usr/bin/none").is_none());
}

#[test]
fn a_folder_knows_its_children_and_all_that_is_under_it() {
    let layer = Layer::default()
        .file("a/b/c", "1")
        .file("a/b.d", "2")
        .file("a/b0", "3")
        .file("a/z", "4")
        .file("ab", "5");
    let tree = tree([layer]);
    let names = |folder| tree.children(folder).map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names("a"), ["b", "b.d", "b0", "z"]);
    assert_eq!(names("/a/b/"), ["c"]);
    assert_eq!(names(""), ["a", "ab"]);
    assert!(names("none").is_empty() && names("ab").is_empty());
    let under: Vec<&str> = tree.under("a").map(|(path, _)| path).collect();
    assert_eq!(under, ["a/b", "a/b.d", "a/b/c", "a/b0", "a/z"]);
    assert_eq!((tree.len(), tree.bytes()), (7, 5));
}
