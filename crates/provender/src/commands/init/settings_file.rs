//! `provender.toml` for a project that has none.
//!
//! A line that begins with `#` and a blank is a remark; one that begins with `#` alone is a
//! setting that can be taken in by removing it.

use super::found::Found;

/// The file.
pub(super) fn render(found: &Found) -> String {
    let inputs = match found.input {
        Some(input) => format!("inputs = [\"{input}\"]"),
        None => "#inputs = [\"requirements.txt\"]".to_owned(),
    };
    let others = match &found.others[..] {
        [] => String::new(),
        others => format!("# Here as well, and not locked: {}.\n", others.join(", ")),
    };
    let python = match &found.python {
        Some(python) => {
            format!("# From {}.\npython-version = \"{}\"", python.said_by, python.version)
        }
        None => "# Where nothing is said, the Python of the present lock, else of this machine.\n\
                 #python-version = \"3.11\""
            .to_owned(),
    };
    format!(
        r##"# Settings of provender for this project. Paths are relative to this file.

[lock]
# What is locked where no file is named on the command line.
{inputs}
{others}output = "constraints.txt"
{python}
# What the service runs on, where that is another kind of machine than this one.
#platform = ["x86_64-manylinux_2_28"]
# Leave out what only development needs: requirements-dev.txt, pytest, black ...
#exclude-dev = true
# How far a vulnerable pin may move: "patch", "minor", "major", or "off" for neither audit nor repair.
fix = "minor"

# Projects that may move further, or less far.
#[lock.fix-project]
#cryptography = "major"

[audit]
# The severity from which a finding counts.
fail-on = "low"

[advisories]
# From which age on advisory data is stale.
max-age-days = 7

# A mirror of OSV's dump inside the network, in place of OSV's own.
#[[advisories.source]]
#name = "mirror"
#url = "https://mirror.example/osv/PyPI/all.zip"

# Tools to carry along in the stock.
#[stock]
#with = ["pip-audit"]

# The index to lock from, in place of the one that this machine's uv or pip is configured for.
#[index]
#url = "https://index.example/simple/"

# A CA to trust as well, such as that of a proxy that inspects TLS.
#[network]
#ca-bundles = ["corporate-ca.pem"]

# Accepted risks; `provender waiver add` writes them here.
#[[waiver]]
#id = "CVE-2024-23342"
#project = "ecdsa"
#reason = "why it does not matter here"
#owner = "the team that decided"
#until = "fixed"
"##
    )
}

#[cfg(test)]
mod tests {
    use super::super::found::FoundPython;
    use super::*;
    use crate::settings::file::SettingsFile;

    fn settings(text: &str) -> SettingsFile {
        toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    fn with_all_settings(text: &str) -> String {
        let taken_in = |line: &str| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
            _ => format!("{line}\n"),
        };
        text.lines().map(taken_in).collect()
    }

    #[test]
    fn what_is_written_is_valid_and_so_is_every_setting_that_it_shows() {
        let python = FoundPython { version: "3.11".parse().unwrap(), said_by: "a file" };
        let others = vec!["requirements-dev.txt".to_owned()];
        let full = Found { input: Some("requirements.in"), others, python: Some(python) };
        for found in [Found::default(), full] {
            let text = render(&found);
            let plain = settings(&text);
            assert_eq!(plain.lock.inputs.len(), usize::from(found.input.is_some()));
            assert_eq!(plain.lock.python_version.is_some(), found.python.is_some());
            assert!(plain.waivers.is_empty() && plain.index.url.is_none());
            let all = settings(&with_all_settings(&text));
            assert_eq!(all.waivers.len(), 1);
            assert_eq!(all.advisories.sources.len(), 1);
            assert_eq!(all.lock.python_version.as_deref(), Some("3.11"));
            assert!(all.lock.exclude_dev && all.index.url.is_some());
            assert_eq!(all.stock.with, ["pip-audit"]);
            assert_eq!(all.network.ca_bundles.len(), 1);
        }
    }

    #[test]
    fn the_defaults_that_are_written_are_the_defaults() {
        let plain = settings(&render(&Found::default()));
        assert_eq!(plain.audit.fail_on, Some(provender_core::Severity::Low));
        assert_eq!(plain.lock.fix.as_deref(), Some("minor"));
        let days = plain.advisories.max_age_days.map(|days| 24 * i64::from(days)).unwrap();
        let default = provender_advisory::freshness::DEFAULT_ALLOWED_AGE;
        assert_eq!(jiff::SignedDuration::from_hours(days), default);
    }
}
