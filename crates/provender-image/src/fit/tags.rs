//! The tags of the wheels that a base accepts, the best first: PEP 425, with the platforms of PEP 600
//! (and its elders PEP 513, 571 and 599) and PEP 656. The order is that of PyPA's `packaging.tags`, but
//! that a wheel that says `linux` and no C library comes after those that do, as with uv and with pip.

use std::collections::HashMap;
use std::fmt;

use crate::Platform;
use crate::base::{Base, BasePython, Implementation, Libc};

/// Why it cannot be told which wheels a base accepts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// Wheels' tags have no word for the platform.
    #[error("there are no wheels for {0}")]
    Platform(Platform),
    /// A Python that provender installs nothing for.
    #[error("{executable} is {implementation}, and provender installs for CPython only")]
    Implementation {
        /// The program.
        executable: String,
        /// What it is.
        implementation: Implementation,
    },
}

/// One tag: Python, ABI and platform.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WheelTag {
    /// Such as `cp311` or `py3`.
    pub python: String,
    /// Such as `cp311`, `abi3` or `none`.
    pub abi: String,
    /// Such as `manylinux_2_28_x86_64` or `any`.
    pub platform: String,
}

impl fmt::Display for WheelTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.python, self.abi, self.platform)
    }
}

/// The tags that a base accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    order: Vec<WheelTag>,
    ranks: HashMap<WheelTag, usize>,
}

impl Tags {
    /// The tags that this Python of this base accepts.
    ///
    /// # Errors
    ///
    /// A platform or a Python that there are no wheels for.
    pub fn of(base: &Base, python: &BasePython) -> Result<Self, FitError> {
        if python.implementation != Implementation::CPython {
            let executable = python.executable.clone();
            let implementation = python.implementation;
            return Err(FitError::Implementation { executable, implementation });
        }
        let architecture = architecture(&base.platform);
        let architecture = architecture.ok_or_else(|| FitError::Platform(base.platform.clone()))?;
        let (major, minor) = (python.version.major, python.version.minor);
        let platforms = platforms(base.libc, architecture);
        let own = format!("cp{major}{minor}");
        let mut abis = vec![match (python.free_threaded, python.debug) {
            (true, true) => format!("{own}td"),
            (true, false) => format!("{own}t"),
            (false, true) => format!("{own}d"),
            (false, false) => own.clone(),
        }];
        // Modules of a release build load into a debug build since 3.8.
        if python.debug {
            abis.push(if python.free_threaded { format!("{own}t") } else { own.clone() });
        }
        let mut order = Vec::new();
        let mut add = |python: &str, abi: &str, platforms: &[String]| {
            order.extend(platforms.iter().map(|platform| WheelTag {
                python: python.to_owned(),
                abi: abi.to_owned(),
                platform: platform.clone(),
            }));
        };
        for abi in &abis {
            add(&own, abi, &platforms);
        }
        // The stable ABI (PEP 384) is another one for builds without the lock (PEP 803).
        let stable = if python.free_threaded { "abi3t" } else { "abi3" };
        add(&own, stable, &platforms);
        add(&own, "none", &platforms);
        for older in (2..minor).rev() {
            add(&format!("cp{major}{older}"), stable, &platforms);
        }
        let generic: Vec<String> = std::iter::once(format!("py{major}{minor}"))
            .chain(std::iter::once(format!("py{major}")))
            .chain((0..minor).rev().map(|older| format!("py{major}{older}")))
            .collect();
        for python in &generic {
            add(python, "none", &platforms);
        }
        let any = ["any".to_owned()];
        add(&own, "none", &any);
        for python in &generic {
            add(python, "none", &any);
        }
        let ranks = order.iter().cloned().enumerate().map(|(rank, tag)| (tag, rank)).collect();
        Ok(Self { order, ranks })
    }

    /// The tags, the best first.
    pub fn iter(&self) -> impl Iterator<Item = &WheelTag> {
        self.order.iter()
    }

    /// How well the wheel of this file name fits: 0 is best. None if it does not, or is no wheel.
    pub fn rank(&self, filename: &str) -> Option<usize> {
        let [pythons, abis, platforms] = compressed(filename)?;
        let mut best = None;
        for python in pythons.split('.') {
            for abi in abis.split('.') {
                for platform in platforms.split('.') {
                    let own = |text: &str| text.to_ascii_lowercase();
                    let tag =
                        WheelTag { python: own(python), abi: own(abi), platform: own(platform) };
                    let rank = self.ranks.get(&tag).copied();
                    best = best.into_iter().chain(rank).min();
                }
            }
        }
        best
    }

    /// The wheel that fits best. Of equals that with the highest build number (binary distribution
    /// format, "File name convention"), then the last by name, so that the order given does not matter.
    pub fn choose<'a>(&self, filenames: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        let ranked = filenames.into_iter().filter_map(|name| Some((self.rank(name)?, name)));
        let best = ranked.max_by_key(|(rank, name)| (std::cmp::Reverse(*rank), build(name), *name));
        best.map(|(_, name)| name)
    }
}

/// The three sets of tags in a wheel's file name.
fn compressed(filename: &str) -> Option<[&str; 3]> {
    // File systems have none longer, and it bounds how many tags there can be.
    let stem = filename.strip_suffix(".whl").filter(|_| filename.len() <= 255)?;
    let parts: Vec<&str> = stem.split('-').collect();
    match parts[..] {
        [_, _, python, abi, platform] | [_, _, _, python, abi, platform] => {
            Some([python, abi, platform])
        }
        _ => None,
    }
}

/// The build tag: its number, then what follows that.
fn build(filename: &str) -> (u64, &str) {
    let parts: Vec<&str> = filename.split('-').collect();
    let [_, _, build, _, _, _] = parts[..] else { return (0, "") };
    let end = build.find(|c: char| !c.is_ascii_digit()).unwrap_or(build.len());
    let (number, rest) = build.split_at_checked(end).unwrap_or_default();
    (number.parse().unwrap_or_default(), rest)
}

/// The processor in the words of wheels' tags.
pub(super) fn architecture(platform: &Platform) -> Option<&'static str> {
    let known = match (platform.os.as_str(), platform.architecture.as_str()) {
        ("linux", known) => known,
        _ => return None,
    };
    Some(match (known, platform.variant.as_deref()) {
        ("amd64", _) => "x86_64",
        ("386", _) => "i686",
        ("arm64", _) => "aarch64",
        ("arm", Some("v6" | "v5")) => "armv6l",
        ("arm", _) => "armv7l",
        ("ppc64le", _) => "ppc64le",
        ("s390x", _) => "s390x",
        ("riscv64", _) => "riscv64",
        ("loong64", _) => "loongarch64",
        _ => return None,
    })
}

/// The platforms, the newest C library first.
fn platforms(libc: Libc, architecture: &str) -> Vec<String> {
    let mut platforms = Vec::new();
    match libc {
        // The minor version decides: there is no glibc 3.
        Libc::Glibc(major, minor) => {
            let oldest = if matches!(architecture, "x86_64" | "i686") { 5 } else { 17 };
            for minor in (oldest..=minor.min(999)).rev() {
                platforms.push(format!("manylinux_{major}_{minor}_{architecture}"));
                let elder = match (major, minor) {
                    (2, 17) => "manylinux2014",
                    (2, 12) => "manylinux2010",
                    (2, 5) => "manylinux1",
                    _ => continue,
                };
                platforms.push(format!("{elder}_{architecture}"));
            }
        }
        Libc::Musl(major, minor) => {
            let minors = (0..=minor.min(999)).rev();
            platforms
                .extend(minors.map(|minor| format!("musllinux_{major}_{minor}_{architecture}")));
        }
        Libc::None => {}
    }
    platforms.push(format!("linux_{architecture}"));
    platforms
}
