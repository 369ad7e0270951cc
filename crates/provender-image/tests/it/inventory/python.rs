//! Python distributions and interpreters.

use super::*;

const SITE: &str = "usr/local/lib/python3.11/site-packages";

#[test]
fn distributions_are_found_in_every_form() {
    let inventory = scan_of(&[
        (&format!("{SITE}/Wheel_x-1.0.dist-info/METADATA"), "Name: Wheel.X\nVersion: 1.0\n"),
        (&format!("{SITE}/egg_folder.egg-info/PKG-INFO"), "Name: egg_folder\nVersion: 2\n"),
        (&format!("{SITE}/egg_file-3.egg-info"), "Name: egg-file\r\nVersion: 3\r\n"),
        (&format!("{SITE}/unzipped-4-py3.11.egg/EGG-INFO/PKG-INFO"), "Name: unzipped\nVersion: 4"),
        (&format!("{SITE}/zipped-5-py3.11.egg"), "PK"),
        ("app/libs/elsewhere-6.dist-info/METADATA", "Name: elsewhere\nVersion: 6\n"),
        (&format!("{SITE}/silent-7.dist-info/METADATA"), "Metadata-Version: 2.1\n"),
    ]);
    let expected = [
        "egg-file 3",
        "egg-folder 2",
        "elsewhere 6",
        "silent 7",
        "unzipped 4",
        "wheel-x 1.0",
        "zipped 5",
    ];
    assert_eq!(names(&inventory, Ecosystem::PyPI), expected);
    assert!(inventory.packages.iter().all(|package| package.kind == Kind::Installed));
    assert_eq!(package(&inventory, "wheel-x").purl, "pkg:pypi/wheel-x@1.0");
    assert_eq!(inventory.notes, []);
}

#[test]
fn what_another_project_carries_along_is_vendored_inside_it() {
    let inventory = scan_of(&[
        (&format!("{SITE}/pip-24.0.dist-info/METADATA"), "Name: pip\nVersion: 24.0\n"),
        (
            &format!("{SITE}/pip/_vendor/vendor.txt"),
            "# pins\nrequests==2.31.0\n    urllib3==1.26.17\nmoved @ https://files.example/m.zip\n",
        ),
        (
            &format!("{SITE}/setuptools-75.0.dist-info/METADATA"),
            "Name: setuptools\nVersion: 75.0\n",
        ),
        (
            &format!("{SITE}/setuptools-75.0.dist-info/RECORD"),
            "setuptools/__init__.py,sha256=x,1\nother/place/_vendor/zipp-3.dist-info/METADATA,,\n",
        ),
        (
            &format!("{SITE}/setuptools/_vendor/wheel-0.43.dist-info/METADATA"),
            "Name: wheel\nVersion: 0.43\n",
        ),
        (
            &format!("{SITE}/other/place/_vendor/zipp-3.dist-info/METADATA"),
            "Name: zipp\nVersion: 3\n",
        ),
        (&format!("{SITE}/virtualenv/seed/embed/pip-23.0-py3-none-any.whl"), "PK"),
        ("usr/local/lib/python3.11/ensurepip/_bundled/setuptools-65.5.0-py3-none-any.whl", "PK"),
        (&format!("{SITE}/left-1-py3-none-any.whl"), "PK"),
        ("root/wheels/unused-1-py3-none-any.whl", "PK"),
    ]);
    let found: Vec<_> =
        inventory.packages.iter().map(|p| (&*p.name, &*p.version, p.kind.clone())).collect();
    let expected = [
        ("pip", "23.0", inside("virtualenv")),
        ("pip", "24.0", Kind::Installed),
        ("requests", "2.31.0", inside("pip")),
        ("setuptools", "65.5.0", inside("python")),
        ("setuptools", "75.0", Kind::Installed),
        ("urllib3", "1.26.17", inside("pip")),
        ("wheel", "0.43", inside("setuptools")),
        ("zipp", "3", inside("setuptools")),
    ];
    assert_eq!(found, expected);
    let [note] = &inventory.notes[..] else { panic!("{:?}", inventory.notes) };
    assert_eq!(note.line, Some(4));
}

#[test]
fn a_distribution_in_two_places_of_one_layer_is_one_package() {
    let metadata = "Name: a\nVersion: 1\n";
    let mut tree = Builder::of(&[
        ("opt/one/site-packages/a-1.dist-info/METADATA", metadata),
        ("opt/two/site-packages/a-1.dist-info/METADATA", metadata),
    ]);
    tree.layer = 1;
    tree.file("opt/three/site-packages/a-1.dist-info/METADATA", metadata.as_bytes());
    let inventory = tree.scan();
    let places: Vec<_> = inventory.packages.iter().map(|p| (p.layer, p.locations.len())).collect();
    assert_eq!(places, [(0, 2), (1, 1)]);
}

#[test]
fn what_the_interpreters_own_tests_use_is_not_installed() {
    let inventory = scan_of(&[
        ("usr/lib/python3.11/test/test_importlib/data/example-21.12-py3.6.egg", "PK"),
        ("usr/lib/python3.11/site-packages/test/a-1.egg", "PK"),
    ]);
    assert_eq!(names(&inventory, Ecosystem::PyPI), ["a 1"]);
}

#[test]
fn where_a_distribution_came_from_is_told_without_credentials() {
    let inventory = scan_of(&[
        (&format!("{SITE}/a-1.dist-info/METADATA"), "Name: a\nVersion: 1\n"),
        (
            &format!("{SITE}/a-1.dist-info/direct_url.json"),
            r#"{"url": "https://user:secret@git.example/a.git", "vcs_info": {"vcs": "git"}}"#,
        ),
    ]);
    let url = package(&inventory, "a").direct_url.as_deref();
    assert_eq!(url, Some("https://git.example/a.git"));
}

#[test]
fn an_interpreter_that_nobody_owns_is_a_runtime() {
    let stdlib = ("usr/local/lib/python3.11/os.py", "");
    let header = "#define PY_VERSION              \"3.11.7\"\n";
    let inventory = scan_of(&[stdlib, ("usr/local/include/python3.11/patchlevel.h", header)]);
    let python = package(&inventory, "python");
    assert_eq!((&*python.version, &python.kind), ("3.11.7", &Kind::Runtime));
    assert_eq!(inventory.osv_ecosystem(python), None);

    let library = ("usr/local/lib/libpython3.11.so.1.0", "\u{7f}ELF\0x\x003.11.8\0");
    assert_eq!(package(&scan_of(&[stdlib, library]), "python").version, "3.11.8");

    let unknown = scan_of(&[stdlib]);
    assert_eq!(package(&unknown, "python").version, "3.11");
    assert_eq!(unknown.notes.len(), 1);
}

#[test]
fn an_interpreter_of_the_distribution_is_its_package_only() {
    let inventory = scan_of(&[
        ("usr/lib/python3.11/os.py", ""),
        ("var/lib/dpkg/info/libpython3.11-minimal:amd64.list", "/lib/python3.11/os.py\n"),
    ]);
    assert_eq!(inventory.packages, []);
}
