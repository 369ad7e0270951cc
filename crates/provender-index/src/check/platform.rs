//! The platforms of a target in the words of pip, and whether this machine is one of them.

use provender_core::Platform;
use provender_core::target::{Arch, System};

use super::interpreter::Interpreter;

/// What `--platform` has to be told, the best first. pip takes each as it is, except that it knows
/// what runs on a macOS.
pub(super) fn pip_platforms(platform: Platform) -> Vec<String> {
    let arch = platform.arch.as_str();
    match platform.system {
        System::Manylinux(major, minor) => {
            // The oldest glibc that wheels are made for (PEP 513, PEP 571, PEP 599).
            let oldest = if matches!(platform.arch, Arch::X86_64 | Arch::I686) { 5 } else { 17 };
            let mut all = Vec::new();
            for minor in (oldest..=minor).rev() {
                all.push(format!("manylinux_{major}_{minor}_{arch}"));
                match minor {
                    17 => all.push(format!("manylinux2014_{arch}")),
                    12 => all.push(format!("manylinux2010_{arch}")),
                    5 => all.push(format!("manylinux1_{arch}")),
                    _ => {}
                }
            }
            all.push(format!("linux_{arch}"));
            all
        }
        System::Musllinux(major, minor) => {
            let all = (0..=minor).rev().map(|minor| format!("musllinux_{major}_{minor}_{arch}"));
            all.chain([format!("linux_{arch}")]).collect()
        }
        System::Macos(major, minor) => {
            let arch = if platform.arch == Arch::Aarch64 { "arm64" } else { arch };
            vec![format!("macosx_{major}_{minor}_{arch}")]
        }
        System::Windows => vec![match platform.arch {
            Arch::X86_64 => "win_amd64".to_owned(),
            Arch::I686 => "win32".to_owned(),
            _ => "win_arm64".to_owned(),
        }],
    }
}

/// Whether what is for `platform` runs under the interpreter.
pub(super) fn runs_here(platform: Platform, interpreter: &Interpreter) -> bool {
    // `linux-x86_64`, `macosx-13.0-arm64`, `win-amd64`, `win32`.
    let (system, arch) = interpreter.platform.split_once('-').unwrap_or(("win", "i686"));
    let (version, arch) = match arch.split_once('-') {
        Some((version, arch)) => (two_numbers(version), arch),
        None => (None, arch),
    };
    let same_arch = match arch {
        "amd64" => platform.arch == Arch::X86_64,
        "arm64" => platform.arch == Arch::Aarch64,
        "universal2" => matches!(platform.arch, Arch::X86_64 | Arch::Aarch64),
        arch => platform.arch.as_str() == arch,
    };
    let same_system = match platform.system {
        System::Manylinux(major, minor) => {
            system == "linux" && interpreter.glibc().is_some_and(|glibc| glibc >= (major, minor))
        }
        System::Musllinux(..) => system == "linux" && interpreter.glibc().is_none(),
        System::Macos(major, minor) => {
            system == "macosx" && version.is_some_and(|version| version >= (major, minor))
        }
        System::Windows => system == "win",
    };
    same_arch && same_system
}

/// The first two numbers of a version.
pub(super) fn two_numbers(version: &str) -> Option<(u16, u16)> {
    let mut parts = version.split('.');
    let major = parts.next()?.parse().ok()?;
    Some((major, parts.next().unwrap_or("0").parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpreter(platform: &str, glibc: &str) -> Interpreter {
        Interpreter::for_tests((3, 11, 7), platform, glibc)
    }

    fn runs(platform: &str, on: &Interpreter) -> bool {
        runs_here(platform.parse().unwrap(), on)
    }

    #[test]
    fn a_linux_runs_what_is_for_an_older_glibc_of_its_processor() {
        let debian = interpreter("linux-x86_64", "2.36");
        assert!(runs("x86_64-manylinux_2_28", &debian));
        assert!(!runs("x86_64-manylinux_2_39", &debian));
        assert!(!runs("aarch64-manylinux_2_28", &debian));
        assert!(!runs("x86_64-musllinux_1_2", &debian));
        assert!(runs("x86_64-musllinux_1_2", &interpreter("linux-x86_64", "")));
    }

    #[test]
    fn other_systems_are_known_by_pythons_names_for_them() {
        let mac = interpreter("macosx-14.2-arm64", "");
        assert!(runs("macos", &mac) && !runs("arm64-macos_15_0", &mac) && !runs("linux", &mac));
        assert!(runs("windows", &interpreter("win-amd64", "")));
        assert!(runs("i686-windows", &interpreter("win32", "")));
    }

    #[test]
    fn pip_is_told_every_older_manylinux() {
        let all = pip_platforms("x86_64-manylinux_2_17".parse().unwrap());
        assert_eq!(all[..2], ["manylinux_2_17_x86_64", "manylinux2014_x86_64"]);
        assert!(all.contains(&"manylinux1_x86_64".to_owned()));
        let arm = pip_platforms("aarch64-manylinux_2_28".parse().unwrap());
        assert_eq!(arm[arm.len() - 2], "manylinux2014_aarch64");
        assert_eq!(pip_platforms("macos".parse().unwrap()), ["macosx_13_0_arm64"]);
    }
}
