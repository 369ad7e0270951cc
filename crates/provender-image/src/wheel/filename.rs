//! The names of wheels (PyPA specification "Binary distribution format", "File name convention").

use std::fmt;
use std::str::FromStr;

use provender_core::{ProjectName, Version};

/// Why a text is not the name of a wheel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a wheel's name such as demo-1.0-py3-none-any.whl")]
pub struct BadFilename(String);

/// `NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelFilename {
    text: String,
    name: ProjectName,
    version: Version,
    tags: (usize, usize),
}

impl WheelFilename {
    /// The project.
    pub fn name(&self) -> &ProjectName {
        &self.name
    }

    /// The release.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The compatibility tags, of which each part may be several, joined by dots:
    /// `cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64`.
    pub fn tags(&self) -> &str {
        self.text.get(self.tags.0..self.tags.1).unwrap_or_default()
    }
}

impl fmt::Display for WheelFilename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for WheelFilename {
    type Err = BadFilename;

    fn from_str(text: &str) -> Result<Self, BadFilename> {
        let bad = || BadFilename(text.to_owned());
        let stem = text.strip_suffix(".whl").ok_or_else(bad)?;
        let parts: Vec<&str> = stem.split('-').collect();
        let known = |part: &&str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.+!".contains(&b))
        };
        if !parts.iter().all(known) {
            return Err(bad());
        }
        let [name, version, tags @ ..] = parts.as_slice() else { return Err(bad()) };
        let tags = match tags {
            [build, tags @ ..]
                if tags.len() == 3 && build.starts_with(|c: char| c.is_ascii_digit()) =>
            {
                tags
            }
            tags if tags.len() == 3 => tags,
            _ => return Err(bad()),
        };
        let length = tags.iter().map(|tag| tag.len()).sum::<usize>() + 2;
        Ok(Self {
            name: name.parse().map_err(|_| bad())?,
            // What stands for a hyphen in old names is an underscore.
            version: version.replace('_', "-").parse().map_err(|_| bad())?,
            tags: (stem.len() - length, stem.len()),
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_apart() {
        let name: WheelFilename =
            "My_Demo-1.0+cpu-1abc-cp311-abi3-linux_x86_64.whl".parse().unwrap();
        assert_eq!(name.name().to_string(), "my-demo");
        assert_eq!(name.version().to_string(), "1.0+cpu");
        assert_eq!(name.tags(), "cp311-abi3-linux_x86_64");
        let name: WheelFilename = "demo-1-py2.py3-none-any.whl".parse().unwrap();
        assert_eq!(name.tags(), "py2.py3-none-any");
    }

    #[test]
    fn what_is_no_wheel_is_refused() {
        for bad in [
            "demo-1.0.tar.gz",
            "demo-1.0-py3-none.whl",
            "demo-1.0-x-py3-none-any.whl",
            "demo-one-py3-none-any.whl",
            "../demo-1.0-py3-none-any.whl",
            "demo-1.0-1-2-py3-none-any.whl",
            "-1.0-py3-none-any.whl",
        ] {
            assert!(bad.parse::<WheelFilename>().is_err(), "{bad}");
        }
    }
}
