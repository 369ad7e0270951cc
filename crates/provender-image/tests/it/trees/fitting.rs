//! Whether wheels fit a base.

use std::collections::BTreeSet;
use std::process::Command;

use provender_image::Platform;
use provender_image::base::{Base, BasePython, Libc, Loader};
use provender_image::fit::{FitError, Misfit, Problem, Tags, check_shared_object};

use super::Layer;
use super::bases::{GLIBC, debian, from_source, inspect};
use super::elf::{AARCH64, Elf};

fn base(change: impl FnOnce(&mut Base, &mut BasePython)) -> (Base, BasePython) {
    let layers = vec![debian(), from_source("3.11.9", GLIBC, "x86_64-linux-gnu")];
    let mut base = inspect(layers, &[]).unwrap();
    let mut python = base.python().unwrap().clone();
    change(&mut base, &mut python);
    (base, python)
}

/// As it is told where the whole base is at hand.
fn checked(path: &str, bytes: &[u8], base: &Base, brought: &BTreeSet<String>) -> Vec<Misfit> {
    let holds = |path: &str| base.tree.resolve(path).is_some();
    check_shared_object(path, bytes, &Loader::of(base), &holds, brought)
}

fn tags(change: impl FnOnce(&mut Base, &mut BasePython)) -> Tags {
    let (base, python) = base(change);
    Tags::of(&base, &python).unwrap()
}

fn texts(tags: &Tags) -> Vec<String> {
    tags.iter().map(ToString::to_string).collect()
}

#[test]
fn the_tags_of_a_base_are_those_that_pypas_packaging_gives() {
    let script = "
import sys
try:
    from packaging import tags
except ImportError:
    from pip._vendor.packaging import tags
major, minor = sys.version_info[:2]
plain = [f'cp{major}{minor}']
threaded = [[plain[0] + 't']] if hasattr(tags, '_is_threaded_cpython') else []
for abis in [plain] + threaded:
    # Newer versions of packaging put the platform without a C library first.
    platforms = sorted(tags.platform_tags(), key=lambda platform: platform.startswith('linux_'))
    print(major, minor, *platforms[0].split('_')[1:3], '-'.join(platforms[0].split('_')[3:]))
    listed = list(tags.cpython_tags((major, minor), abis, platforms)) + list(tags.compatible_tags((major, minor), plain[0], platforms))
    print(*listed)
";
    let Ok(output) = Command::new("python3").args(["-c", script]).output() else {
        println!("left out: comparing tags with packaging's, since there is no python3");
        return;
    };
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = output.lines().collect();
    let [head, plain, ref threaded @ ..] = lines[..] else {
        println!("left out: comparing tags with packaging's, since Python has neither it nor pip");
        return;
    };
    let threaded = threaded.get(1).copied();
    if threaded.is_none() {
        println!("left out: comparing tags without the lock, since packaging is older than those");
    }
    let [major, minor, libc_major, libc_minor, "x86-64"] = head.split(' ').collect::<Vec<_>>()[..]
    else {
        println!("left out: comparing tags with packaging's, since this is no x86-64 with glibc");
        return;
    };
    for (free_threaded, theirs) in [(false, Some(plain)), (true, threaded)] {
        let Some(theirs) = theirs else { continue };
        let ours = tags(|base, python| {
            python.version.major = major.parse().unwrap();
            python.version.minor = minor.parse().unwrap();
            python.free_threaded = free_threaded;
            base.libc = Libc::Glibc(libc_major.parse().unwrap(), libc_minor.parse().unwrap());
        });
        let mut ours = texts(&ours);
        // Older versions of it do not know this ABI.
        ours.retain(|tag| theirs.contains("abi3t") || !tag.contains("abi3t"));
        assert_eq!(ours.join(" "), theirs, "free threaded: {free_threaded}");
    }
}

#[test]
fn the_older_names_stand_behind_the_versions_they_mean() {
    let tags = texts(&tags(|base, _| base.libc = Libc::Glibc(2, 17)));
    let first: Vec<&str> = tags.iter().take(3).map(String::as_str).collect();
    assert_eq!(
        first,
        [
            "cp311-cp311-manylinux_2_17_x86_64",
            "cp311-cp311-manylinux2014_x86_64",
            "cp311-cp311-manylinux_2_16_x86_64"
        ]
    );
    assert!(tags.contains(&"cp311-cp311-manylinux1_x86_64".to_owned()));
    assert!(tags.contains(&"cp32-abi3-manylinux2010_x86_64".to_owned()));
    assert_eq!(tags.last().unwrap(), "py30-none-any");
    assert!(!tags.iter().any(|tag| tag.contains("2_18") || tag.contains("musl")));
}

#[test]
fn musl_takes_musllinux_and_no_libc_takes_neither() {
    let musl = texts(&tags(|base, _| base.libc = Libc::Musl(1, 2)));
    assert_eq!(
        musl[..3],
        [
            "cp311-cp311-musllinux_1_2_x86_64",
            "cp311-cp311-musllinux_1_1_x86_64",
            "cp311-cp311-musllinux_1_0_x86_64"
        ]
    );
    assert!(!musl.iter().any(|tag| tag.contains("manylinux")));
    let none = texts(&tags(|base, _| base.libc = Libc::None));
    assert_eq!(none[0], "cp311-cp311-linux_x86_64");
}

#[test]
fn other_processors_have_their_own_oldest_version() {
    let tags = texts(&tags(|base, _| base.platform = Platform::linux("arm64")));
    assert!(tags.contains(&"cp311-cp311-manylinux2014_aarch64".to_owned()));
    assert!(!tags.iter().any(|tag| tag.contains("2_16") || tag.contains("2010")));
    let (base, python) = base(|base, _| base.platform = "windows/amd64".parse().unwrap());
    assert!(matches!(Tags::of(&base, &python), Err(FitError::Platform(_))));
}

#[test]
fn the_wheel_with_the_best_tag_is_chosen() {
    let tags = tags(|_, _| {});
    let names = [
        "x-1-py3-none-any.whl",
        "x-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "x-1-cp39-abi3-manylinux_2_28_x86_64.whl",
        "x-1-cp311-cp311-manylinux_2_28_x86_64.whl",
        "x-1-cp311-cp311-manylinux_2_39_x86_64.whl",
        "x-1-cp311-cp311-musllinux_1_2_x86_64.whl",
        "x-1-cp312-cp312-manylinux_2_17_x86_64.whl",
        "x-1.tar.gz",
    ];
    assert_eq!(tags.choose(names), Some(names[3]));
    assert_eq!(tags.choose(names.into_iter().rev()), Some(names[3]));
    assert_eq!(tags.choose([names[0], names[2]]), Some(names[2]));
    assert_eq!(tags.choose(names[4..].iter().copied()), None);
    assert_eq!(
        tags.choose(["x-1-2-py3-none-any.whl", "x-1-10-py3-none-any.whl", "x-1-py3-none-any.whl"]),
        Some("x-1-10-py3-none-any.whl")
    );
    assert_eq!(tags.rank("x-1-py2.py3-none-any.whl"), tags.rank("x-1-py3-none-any.whl"));
    let bomb = format!("x-1-{0}-{0}-{0}.whl", "a.".repeat(2000));
    assert_eq!(tags.rank(&bomb), None);
}

/// The lines about a file of a wheel.
fn lines(object: &Elf, change: impl FnOnce(&mut Base, &mut BasePython)) -> Vec<String> {
    lines_at("pkg/_x.cpython-311-x86_64-linux-gnu.so", object, change)
}

fn lines_at(
    path: &str,
    object: &Elf,
    change: impl FnOnce(&mut Base, &mut BasePython),
) -> Vec<String> {
    let (base, _) = base(change);
    let brought: BTreeSet<String> = ["libfoo-1a2b.so.1".to_owned()].into();
    let misfits = checked(path, &object.bytes(), &base, &brought);
    misfits.iter().map(ToString::to_string).collect()
}

#[test]
fn a_module_with_all_that_it_needs_fits() {
    let object = Elf {
        needed: vec!["libc.so.6", "libz.so.1", "libfoo-1a2b.so.1", "libcuda.so.1"],
        runpath: "$ORIGIN/../pkg.libs",
        required: vec![
            ("libc.so.6", vec!["GLIBC_2.2.5", "GLIBC_2.36"]),
            ("libstdc++.so.6", vec!["GLIBCXX_3.4.30"]),
        ],
        ..Elf::default()
    };
    assert_eq!(lines(&object, |_, _| {}), [""; 0]);
}

#[test]
fn a_library_that_is_nowhere_is_named_with_what_would_help() {
    let object = Elf { needed: vec!["libc.so.6", "libpq.so.5"], ..Elf::default() };
    let lines = lines(&object, |_, _| {});
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0]
            .starts_with("pkg/_x.cpython-311-x86_64-linux-gnu.so needs libpq.so.5, which neither"),
        "{}",
        lines[0]
    );
    assert!(lines[0].contains("add the package"));
}

#[test]
fn a_library_in_a_folder_of_the_base_that_the_module_names_is_found() {
    let object = Elf { needed: vec!["libnever.so.1"], runpath: "/srv/lib", ..Elf::default() };
    assert_eq!(lines(&object, |_, _| {}), [""; 0]);
    let without = Elf { runpath: "", ..object };
    assert_eq!(lines(&without, |_, _| {}).len(), 1);
}

#[test]
fn newer_symbols_than_the_base_has_are_named_with_the_bases_version() {
    let object = Elf {
        needed: vec!["libc.so.6", "libstdc++.so.6"],
        required: vec![
            ("libc.so.6", vec!["GLIBC_2.38", "GLIBC_2.4"]),
            ("libstdc++.so.6", vec!["GLIBCXX_3.4.32", "CXXABI_1.3"]),
        ],
        ..Elf::default()
    };
    let lines = lines(&object, |_, _| {});
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].contains("needs GLIBC_2.38 of libc.so.6, and the base has glibc 2.36"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1]
            .contains("needs GLIBCXX_3.4.32 of libstdc++.so.6, and the base has GLIBCXX_3.4.30"),
        "{}",
        lines[1]
    );
}

#[test]
fn a_module_for_the_other_c_library_is_refused_in_one_line() {
    let glibc = Elf { needed: vec!["libpthread.so.0", "libc.so.6", "libx.so"], ..Elf::default() };
    let lines_for = |object, libc| lines(object, move |base, _| base.libc = libc);
    assert!(
        lines_for(&glibc, Libc::Musl(1, 2))[0]
            .contains("built for glibc, and the base has musl 1.2: take a musllinux wheel")
    );
    assert_eq!(lines_for(&glibc, Libc::Musl(1, 2)).len(), 1);
    let musl = Elf { needed: vec!["libc.musl-x86_64.so.1"], ..Elf::default() };
    assert!(
        lines_for(&musl, Libc::Glibc(2, 36))[0]
            .contains("built for musl, and the base has glibc 2.36")
    );
    let own = Elf { needed: vec!["libc.so", "libm.so.6"], ..Elf::default() };
    assert_eq!(lines_for(&own, Libc::Musl(1, 2)), [""; 0]);
}

#[test]
fn a_module_for_another_processor_is_refused_unless_python_would_never_load_it() {
    let object = Elf { machine: AARCH64, ..Elf::default() };
    let at = |path| lines_at(path, &object, |_, _| {});
    for path in ["pkg/_x.cpython-311-x86_64-linux-gnu.so", "pkg/_x.abi3.so"] {
        assert!(at(path)[0].contains("built for arm64, and the base is for amd64"), "{path}");
    }
    for path in ["pkg/_x.cpython-311-aarch64-linux-gnu.so", "pkg/attach_arm64.so"] {
        assert_eq!(at(path), [""; 0], "{path}");
    }
}

#[test]
fn what_is_no_elf_file_has_no_misfit_and_a_broken_one_has() {
    let (base, _) = base(|_, _| {});
    let check = |bytes: &[u8]| checked("a.so", bytes, &base, &BTreeSet::new());
    assert!(check(b"#!/bin/sh\n").is_empty());
    assert!(matches!(check(b"\x7fELF\x02\x01")[0].problem, Problem::Malformed { .. }));
}

#[test]
fn no_cut_or_flipped_byte_makes_the_check_panic() {
    let (base, _) = base(|_, _| {});
    let object = Elf {
        loader: GLIBC,
        needed: vec!["libc.so.6"],
        runpath: "$ORIGIN",
        required: vec![("libc.so.6", vec!["GLIBC_2.4", "GLIBC_2.38"])],
        defined: vec!["X_1", "X_2"],
        ..Elf::default()
    };
    let whole = object.bytes();
    for index in 0..whole.len() {
        for value in [0x00, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[index] = value;
            checked("a.so", &bytes, &base, &BTreeSet::new());
        }
        checked("a.so", &whole[..index], &base, &BTreeSet::new());
    }
}

#[test]
fn the_machines_own_libraries_are_read() {
    let Ok(bytes) = std::fs::read("/lib/x86_64-linux-gnu/libz.so.1") else {
        println!("left out: the machine's own libz, since it is not where Debian has it");
        return;
    };
    let base = inspect(vec![debian(), Layer::default()], &[]).unwrap();
    assert_eq!(checked("libz.so.1", &bytes, &base, &BTreeSet::new()), []);
    let older = Base { libc: Libc::Glibc(2, 2), ..base };
    assert!(!checked("libz.so.1", &bytes, &older, &BTreeSet::new()).is_empty());
}
