//! npm's packages and node.

use super::*;

#[test]
fn packages_lie_directly_under_node_modules() {
    let inventory = scan_of(&[
        (
            "app/node_modules/a/package.json",
            r#"{"name": "a", "version": "1.0.0", "license": "MIT"}"#,
        ),
        ("app/node_modules/@s/b/package.json", r#"{"name": "@s/b", "version": "2.0.0-rc.1"}"#),
        ("app/node_modules/a/node_modules/c/package.json", r#"{"version": "3.0.0"}"#),
        (
            "app/node_modules/a/test/node_modules/d/package.json",
            r#"{"name": "d", "version": "1.0.0"}"#,
        ),
        ("app/node_modules/a/lib/package.json", r#"{"type": "module"}"#),
        ("app/package.json", r#"{"name": "app", "version": "0.1.0"}"#),
        ("app/node_modules/e/package.json", r#"{"name": "e"}"#),
        ("app/node_modules/f/package.json", "{\n\"name\": "),
    ]);
    assert_eq!(names(&inventory, Ecosystem::Npm), ["@s/b 2.0.0-rc.1", "a 1.0.0", "c 3.0.0"]);
    assert_eq!(package(&inventory, "@s/b").purl, "pkg:npm/%40s/b@2.0.0-rc.1");
    assert_eq!(package(&inventory, "a").licence.as_deref(), Some("MIT"));
    let notes: Vec<_> = inventory.notes.iter().map(|note| (&*note.place, note.line)).collect();
    let place = |name: &str| format!("app/node_modules/{name}/package.json");
    assert_eq!(notes, [(&*place("e"), None), (&*place("f"), Some(2))]);
}

#[test]
fn what_a_package_bundles_is_vendored_inside_it() {
    let npm = "usr/local/lib/node_modules/npm";
    let inventory = scan_of(&[
        (
            &format!("{npm}/package.json"),
            r#"{"name": "npm", "version": "10.2.4", "bundleDependencies": ["tar"]}"#,
        ),
        (&format!("{npm}/node_modules/tar/package.json"), r#"{"name": "tar", "version": "6.2.0"}"#),
        (
            &format!("{npm}/node_modules/tar/node_modules/fs-minipass/package.json"),
            r#"{"name": "fs-minipass", "version": "2.1.0"}"#,
        ),
    ]);
    let kinds: Vec<_> = inventory.packages.iter().map(|p| (&*p.name, p.kind.clone())).collect();
    let expected =
        [("fs-minipass", inside("npm")), ("npm", Kind::Installed), ("tar", inside("npm"))];
    assert_eq!(kinds, expected);
}

#[test]
fn node_that_nobody_owns_is_a_runtime() {
    let header = "#define NODE_MAJOR_VERSION 20\n#define NODE_MINOR_VERSION 11\n#define NODE_PATCH_VERSION 1\n";
    let path = "usr/local/include/node/node_version.h";
    let inventory = scan_of(&[(path, header)]);
    let node = package(&inventory, "node");
    assert_eq!((&*node.version, &node.kind), ("20.11.1", &Kind::Runtime));
    let list = ("var/lib/dpkg/info/nodejs.list", "/usr/local/include/node/node_version.h\n");
    assert_eq!(scan_of(&[(path, header), list]).packages, []);
}
