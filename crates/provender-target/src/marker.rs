//! When a pin is installed: its marker, asked for one platform at a time.

use provender_core::target::{Arch, System};
use provender_core::{Platform, PythonVersion};
use uv_pep508::{MarkerEnvironment, MarkerEnvironmentBuilder, MarkerTree};

/// The condition of a pin (packaging specifications, "Dependency specifiers", from PEP 508).
#[derive(Debug, Clone, Default)]
pub struct Marker(Option<MarkerTree>);

impl Marker {
    /// A condition that holds everywhere.
    pub fn always() -> Self {
        Self(None)
    }

    /// Reads a marker. One that cannot be read holds everywhere: a file too many is stocked
    /// rather than one too few.
    pub fn parse(text: Option<&str>) -> Self {
        Self(text.and_then(|text| text.parse().ok()))
    }

    /// Whether the pin is installed with this CPython on this platform, without any extra.
    pub fn applies(&self, python: PythonVersion, platform: Platform) -> bool {
        let Some(tree) = self.0 else { return true };
        let holds = |python| {
            environment(python, platform).is_none_or(|environment| tree.evaluate(&environment, &[]))
        };
        // Where the patch is not known, its first and any later one will do.
        let any_later = PythonVersion { patch: python.patch.or(Some(u8::MAX)), ..python };
        holds(python) || holds(any_later)
    }

    /// The condition under which either is installed.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(one), Some(other)) => Self(Some(one.or(other))),
            _ => Self(None),
        }
    }
}

/// The environment markers of CPython on a platform, as the resolver has them: a lock must not
/// depend on the kernel, so its release and version are empty.
fn environment(python: PythonVersion, platform: Platform) -> Option<MarkerEnvironment> {
    let full = python.full().to_string();
    let minor = python.minor_version().to_string();
    let (os_name, platform_system, sys_platform) = match platform.system {
        System::Manylinux(..) | System::Musllinux(..) => ("posix", "Linux", "linux"),
        System::Macos(..) => ("posix", "Darwin", "darwin"),
        System::Windows => ("nt", "Windows", "win32"),
    };
    let platform_machine = match (platform.system, platform.arch) {
        (System::Macos(..), Arch::Aarch64) => "arm64",
        (System::Windows, Arch::X86_64) => "AMD64",
        (System::Windows, Arch::Aarch64) => "ARM64",
        (System::Windows, Arch::I686) => "x86",
        (_, arch) => arch.as_str(),
    };
    MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
        implementation_name: "cpython",
        implementation_version: &full,
        os_name,
        platform_machine,
        platform_python_implementation: "CPython",
        platform_release: "",
        platform_system,
        platform_version: "",
        python_full_version: &full,
        python_version: &minor,
        sys_platform,
    })
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applies(marker: &str, platform: &str) -> bool {
        Marker::parse(Some(marker)).applies("3.11".parse().unwrap(), platform.parse().unwrap())
    }

    #[test]
    fn a_marker_holds_on_its_platforms_only() {
        assert!(applies("sys_platform == 'win32'", "windows"));
        assert!(!applies("sys_platform == 'win32'", "linux"));
        assert!(applies("platform_machine == 'arm64'", "macos"));
        assert!(!applies("python_version < '3.11'", "linux"));
    }

    #[test]
    fn a_marker_that_holds_for_a_later_patch_holds_where_the_patch_is_not_known() {
        assert!(applies("python_full_version >= '3.11.4'", "linux"));
        assert!(applies("python_full_version < '3.11.4'", "linux"));
        assert!(!applies("python_full_version >= '3.12'", "linux"));
    }

    #[test]
    fn no_marker_and_one_that_cannot_be_read_hold_everywhere() {
        assert!(Marker::always().applies("3.11".parse().unwrap(), "linux".parse().unwrap()));
        assert!(applies("no marker at all", "linux"));
    }

    #[test]
    fn two_markers_hold_where_either_does() {
        let both = Marker::parse(Some("sys_platform == 'win32'"))
            .or(Marker::parse(Some("sys_platform == 'darwin'")));
        let on = |platform: &str| both.applies("3.11".parse().unwrap(), platform.parse().unwrap());
        assert!(on("windows") && on("macos") && !on("linux"));
    }
}
