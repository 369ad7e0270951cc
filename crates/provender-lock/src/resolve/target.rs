//! Our target in the resolver's words.

use provender_core::target::{Arch, System};
use provender_core::{Platform, Platforms, PythonVersion, Target};
use uv_distribution_types::RequiresPython;
use uv_pep508::{MarkerEnvironment, MarkerEnvironmentBuilder, MarkerTree};
use uv_platform_tags::{Os, Tags, TagsOptions};
use uv_pypi_types::ResolverMarkerEnvironment;
use uv_resolver::{PythonRequirement, ResolverEnvironment};

/// A target as the resolver takes it.
pub(crate) struct Environment {
    pub(crate) resolver: ResolverEnvironment,
    pub(crate) python: PythonRequirement,
    pub(crate) requires_python: RequiresPython,
    pub(crate) tags: Option<Tags>,
    pub(crate) markers: MarkerEnvironment,
    pub(crate) universal: bool,
}

impl Environment {
    /// The markers of the one environment that is resolved for; none where there are several.
    pub(crate) fn fixed_markers(&self) -> Option<&MarkerEnvironment> {
        (!self.universal).then_some(&self.markers)
    }
}

/// Translates a target.
///
/// One platform is resolved for itself. Several, or all, are resolved at once, with markers where
/// they differ.
pub(crate) fn environment(target: &Target) -> anyhow::Result<Environment> {
    let first = match &target.platforms {
        Platforms::Only(platforms) => platforms.first().copied(),
        Platforms::Universal => None,
    };
    let first = first.unwrap_or(Platform { arch: Arch::X86_64, system: System::Manylinux(2, 28) });
    let markers = markers(target.python, first)?;
    let alone = matches!(&target.platforms, Platforms::Only(platforms) if platforms.len() == 1);
    if alone {
        let version = target.python.full();
        let requires = RequiresPython::greater_than_equal_version(&version);
        return Ok(Environment {
            resolver: ResolverEnvironment::specific(ResolverMarkerEnvironment::from(
                markers.clone(),
            )),
            python: PythonRequirement::from_marker_environment(&markers, requires.clone()),
            requires_python: requires,
            tags: Some(tags(target.python, first)?),
            markers,
            universal: false,
        });
    }
    let forks = match &target.platforms {
        Platforms::Universal => Vec::new(),
        Platforms::Only(platforms) => {
            platforms.iter().map(|platform| fork(*platform)).collect::<Result<_, _>>()?
        }
    };
    let requires = RequiresPython::greater_than_equal_version(&target.python.minor_version());
    Ok(Environment {
        resolver: ResolverEnvironment::universal(forks),
        python: PythonRequirement::from_marker_environment(&markers, requires.clone()),
        requires_python: requires,
        tags: None,
        markers,
        universal: true,
    })
}

/// The wheel tags of every platform that a target names; none where it is for all of them.
pub(crate) fn all_tags(target: &Target) -> anyhow::Result<Vec<Tags>> {
    match &target.platforms {
        Platforms::Universal => Ok(Vec::new()),
        Platforms::Only(platforms) => {
            platforms.iter().map(|platform| tags(target.python, *platform)).collect()
        }
    }
}

/// The environment markers of CPython on a platform. The kernel's release and version are left
/// empty: a lock must not depend on them.
fn markers(python: PythonVersion, platform: Platform) -> anyhow::Result<MarkerEnvironment> {
    let full = python.full().to_string();
    let minor = python.minor_version().to_string();
    let (os_name, system, sys_platform) = match platform.system {
        System::Manylinux(..) | System::Musllinux(..) => ("posix", "Linux", "linux"),
        System::Macos(..) => ("posix", "Darwin", "darwin"),
        System::Windows => ("nt", "Windows", "win32"),
    };
    Ok(MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
        implementation_name: "cpython",
        implementation_version: &full,
        os_name,
        platform_machine: machine(platform),
        platform_python_implementation: "CPython",
        platform_release: "",
        platform_system: system,
        platform_version: "",
        python_full_version: &full,
        python_version: &minor,
        sys_platform,
    })?)
}

/// `platform_machine` as Python reports it there.
fn machine(platform: Platform) -> &'static str {
    match (platform.system, platform.arch) {
        (System::Macos(..), Arch::Aarch64) => "arm64",
        (System::Windows, Arch::X86_64) => "AMD64",
        (System::Windows, Arch::Aarch64) => "ARM64",
        (System::Windows, Arch::I686) => "x86",
        (_, arch) => arch.as_str(),
    }
}

fn fork(platform: Platform) -> anyhow::Result<MarkerTree> {
    let sys_platform = match platform.system {
        System::Manylinux(..) | System::Musllinux(..) => "linux",
        System::Macos(..) => "darwin",
        System::Windows => "win32",
    };
    let machine = machine(platform);
    let text = format!("sys_platform == '{sys_platform}' and platform_machine == '{machine}'");
    Ok(text.parse()?)
}

fn tags(python: PythonVersion, platform: Platform) -> anyhow::Result<Tags> {
    let os = match platform.system {
        System::Manylinux(major, minor) => Os::Manylinux { major, minor },
        System::Musllinux(major, minor) => Os::Musllinux { major, minor },
        System::Macos(major, minor) => Os::Macos { major, minor },
        System::Windows => Os::Windows,
    };
    let arch = match platform.arch {
        Arch::X86_64 => uv_platform_tags::Arch::X86_64,
        Arch::Aarch64 => uv_platform_tags::Arch::Aarch64,
        Arch::I686 => uv_platform_tags::Arch::X86,
        Arch::Armv7l => uv_platform_tags::Arch::Armv7L,
        Arch::Ppc64le => uv_platform_tags::Arch::Powerpc64Le,
        Arch::S390x => uv_platform_tags::Arch::S390X,
        Arch::Riscv64 => uv_platform_tags::Arch::Riscv64,
    };
    let version = (python.major, python.minor);
    let options = TagsOptions {
        manylinux_compatible: matches!(platform.system, System::Manylinux(..)),
        gil_disabled: false,
        debug_enabled: false,
        is_cross: true,
    };
    let platform = uv_platform_tags::Platform::new(os, arch);
    Ok(Tags::from_env(platform, version, "cpython", version, options)?)
}
