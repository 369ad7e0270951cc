//! What a lock is made for: a Python and the platforms it must install on.

use std::fmt;
use std::str::FromStr;

use crate::Version;

/// Why a text does not name a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not `MAJOR.MINOR` or `MAJOR.MINOR.PATCH`.
    #[error("`{0}` is not a Python version such as 3.11 or 3.11.9")]
    Python(String),
    /// Not a platform that is known.
    #[error(
        "`{0}` is not a platform such as x86_64-manylinux_2_28, aarch64-musllinux_1_2, \
         arm64-macos_13_0 or x86_64-windows (short: linux, macos, windows)"
    )]
    Platform(String),
}

/// A CPython version: `MAJOR.MINOR`, with or without a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PythonVersion {
    /// The first number.
    pub major: u8,
    /// The second number; wheels' tags are made of these two.
    pub minor: u8,
    /// The third number, where the user gave one.
    pub patch: Option<u8>,
}

impl PythonVersion {
    /// The version in full; an unknown patch counts as 0, as uv has it.
    pub fn full(self) -> Version {
        let patch = self.patch.unwrap_or(0);
        Version::new([u64::from(self.major), u64::from(self.minor), u64::from(patch)])
    }

    /// `MAJOR.MINOR`.
    pub fn minor_version(self) -> Version {
        Version::new([u64::from(self.major), u64::from(self.minor)])
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        self.patch.map_or(Ok(()), |patch| write!(f, ".{patch}"))
    }
}

impl FromStr for PythonVersion {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let bad = || TargetError::Python(text.to_owned());
        let number = |part: &str| part.parse::<u8>().map_err(|_| bad());
        let parts: Vec<&str> = text.trim().split('.').collect();
        match parts[..] {
            [major, minor] => {
                Ok(Self { major: number(major)?, minor: number(minor)?, patch: None })
            }
            [major, minor, patch] => Ok(Self {
                major: number(major)?,
                minor: number(minor)?,
                patch: Some(number(patch)?),
            }),
            _ => Err(bad()),
        }
    }
}

/// A processor architecture, in the words of wheel tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arch {
    /// 64-bit x86.
    X86_64,
    /// 64-bit ARM (`arm64` in macOS tags).
    Aarch64,
    /// 32-bit x86.
    I686,
    /// 32-bit ARM.
    Armv7l,
    /// 64-bit POWER, little endian.
    Ppc64le,
    /// IBM Z.
    S390x,
    /// 64-bit RISC-V.
    Riscv64,
}

impl Arch {
    const ALL: [(Self, &'static str); 7] = [
        (Self::X86_64, "x86_64"),
        (Self::Aarch64, "aarch64"),
        (Self::I686, "i686"),
        (Self::Armv7l, "armv7l"),
        (Self::Ppc64le, "ppc64le"),
        (Self::S390x, "s390x"),
        (Self::Riscv64, "riscv64"),
    ];

    /// The name that wheel tags and `platform_machine` use on Linux.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(arch, _)| *arch == self).map_or("", |(_, name)| name)
    }

    fn parse(text: &str) -> Option<Self> {
        let text = match text {
            "arm64" => "aarch64",
            "amd64" | "x86-64" => "x86_64",
            other => other,
        };
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(arch, _)| *arch)
    }
}

/// An operating system with the version of the interface that wheels are built against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// Linux with glibc of at least this version (PEP 600).
    Manylinux(u16, u16),
    /// Linux with musl of at least this version (PEP 656).
    Musllinux(u16, u16),
    /// macOS of at least this version.
    Macos(u16, u16),
    /// Windows.
    Windows,
}

/// One platform that a lock must install on, such as `x86_64-manylinux_2_28`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// The processor.
    pub arch: Arch,
    /// The operating system.
    pub system: System,
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arch = self.arch.as_str();
        match self.system {
            System::Manylinux(major, minor) => write!(f, "{arch}-manylinux_{major}_{minor}"),
            System::Musllinux(major, minor) => write!(f, "{arch}-musllinux_{major}_{minor}"),
            System::Macos(major, minor) => write!(f, "{arch}-macos_{major}_{minor}"),
            System::Windows => write!(f, "{arch}-windows"),
        }
    }
}

impl FromStr for Platform {
    type Err = TargetError;

    /// Reads `ARCH-SYSTEM`, the short names `linux`, `macos` and `windows`, the tag spelling
    /// `manylinux_2_28_x86_64`, and the triples that uv takes for `--python-platform`.
    fn from_str(text: &str) -> Result<Self, TargetError> {
        let bad = || TargetError::Platform(text.to_owned());
        match text {
            "linux" => {
                return Ok(Self { arch: Arch::X86_64, system: System::Manylinux(2, 28) });
            }
            "macos" => return Ok(Self { arch: Arch::Aarch64, system: System::Macos(13, 0) }),
            "windows" => return Ok(Self { arch: Arch::X86_64, system: System::Windows }),
            _ => {}
        }
        if let Some((arch, system)) = text.split_once('-')
            && let Some(arch) = Arch::parse(arch)
        {
            return Ok(Self { arch, system: parse_system(system).ok_or_else(bad)? });
        }
        // Tags put the system first: manylinux_2_28_x86_64.
        for (arch, name) in Arch::ALL {
            if let Some(system) = text.strip_suffix(name).and_then(|s| s.strip_suffix('_')) {
                return Ok(Self { arch, system: parse_system(system).ok_or_else(bad)? });
            }
        }
        Err(bad())
    }
}

fn parse_system(text: &str) -> Option<System> {
    let version = |rest: &str| {
        let (major, minor) = rest.split_once('_')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    match text {
        "manylinux2014" => Some(System::Manylinux(2, 17)),
        "unknown-linux-gnu" | "unknown-linux" | "linux" => Some(System::Manylinux(2, 28)),
        "unknown-linux-musl" => Some(System::Musllinux(1, 2)),
        "apple-darwin" | "macos" => Some(System::Macos(13, 0)),
        "pc-windows-msvc" | "windows" => Some(System::Windows),
        _ => {
            if let Some(rest) = text.strip_prefix("manylinux_") {
                version(rest).map(|(major, minor)| System::Manylinux(major, minor))
            } else if let Some(rest) = text.strip_prefix("musllinux_") {
                version(rest).map(|(major, minor)| System::Musllinux(major, minor))
            } else {
                let rest = text.strip_prefix("macos_")?;
                version(rest).map(|(major, minor)| System::Macos(major, minor))
            }
        }
    }
}

/// The platforms of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Platforms {
    /// Every platform; pins carry markers where they differ.
    Universal,
    /// These; never empty.
    Only(Vec<Platform>),
}

impl fmt::Display for Platforms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Universal => f.write_str("universal"),
            Self::Only(platforms) => {
                for (index, platform) in platforms.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{platform}")?;
                }
                Ok(())
            }
        }
    }
}

impl FromStr for Platforms {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if text.trim() == "universal" {
            return Ok(Self::Universal);
        }
        let platforms: Result<Vec<_>, _> = text.split(',').map(|p| p.trim().parse()).collect();
        platforms.map(Self::Only)
    }
}

/// What a lock is made for. It stands in the lock's header and is the default of every command
/// that reads the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The Python; for a universal lock the lowest one.
    pub python: PythonVersion,
    /// The platforms.
    pub platforms: Platforms,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Python {} on {}", self.python, self.platforms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_shown_as_it_is_read() {
        for text in [
            "x86_64-manylinux_2_28",
            "aarch64-musllinux_1_2",
            "aarch64-macos_13_0",
            "x86_64-windows",
        ] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_tools_spellings_are_understood() {
        for (other, ours) in [
            ("linux", "x86_64-manylinux_2_28"),
            ("x86_64-manylinux2014", "x86_64-manylinux_2_17"),
            ("manylinux_2_28_aarch64", "aarch64-manylinux_2_28"),
            ("x86_64-unknown-linux-gnu", "x86_64-manylinux_2_28"),
            ("aarch64-unknown-linux-musl", "aarch64-musllinux_1_2"),
            ("aarch64-apple-darwin", "aarch64-macos_13_0"),
            ("arm64-macos_14_0", "aarch64-macos_14_0"),
            ("x86_64-pc-windows-msvc", "x86_64-windows"),
        ] {
            assert_eq!(other.parse::<Platform>().unwrap().to_string(), ours, "{other}");
        }
    }

    #[test]
    fn what_is_no_platform_or_version_is_refused() {
        for text in ["", "x86_64", "x86_64-beos", "manylinux_2_x86_64", "x86_64-manylinux_2"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
        for text in ["3", "3.x", "3.11.0.1", "three.eleven", "3.999"] {
            assert!(text.parse::<PythonVersion>().is_err(), "{text}");
        }
    }
}
