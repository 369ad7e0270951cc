//! A lock in pip's requirements format: pins with `--hash` options and `# via` notes.
//!
//! pip, uv and pip-tools read it as it is. What only provender needs stands in comments: the
//! header, and the build requirements of what has no wheel.

use std::fmt::Write as _;

use super::{Lock, LockError, LockHeader, LockedFile, LockedProject, LockedSource, Via};
use crate::requirements_txt::{self, EntryKind, Requirement, RequirementSource};

const TITLE: &str =
    "# A lock by provender. To change it, change its inputs and run `provender lock`.";
const BUILD_TITLE: &str = "# Installed only while what has no wheel is built; kept in comments, for pip must not install it.";
const KEY: &str = "# provender: ";
const BUILD: &str = "# build: ";

/// Writes a lock. The same lock gives the same bytes, with `\n` at line ends.
pub fn render(lock: &Lock) -> String {
    let mut out = String::new();
    out.push_str(TITLE);
    out.push('\n');
    for (key, value) in header_lines(&lock.header) {
        let _ = writeln!(out, "{KEY}{key} = {value}");
    }
    for project in &lock.projects {
        render_project(&mut out, project);
    }
    if !lock.build.is_empty() {
        let _ = writeln!(out, "\n{BUILD_TITLE}");
        for project in &lock.build {
            let _ = write!(out, "{BUILD}{}", requirement(project));
            for file in &project.files {
                let _ = write!(out, " --hash={}", file.hash);
            }
            let via: Vec<String> = project.via.iter().map(Via::to_string).collect();
            let _ = writeln!(out, "  # via {}", via.join(", "));
        }
    }
    out
}

fn header_lines(header: &LockHeader) -> Vec<(&'static str, String)> {
    let mut lines = vec![("lock", "1".to_owned())];
    if !header.inputs.is_empty() {
        lines.push(("inputs", header.inputs.join(", ")));
    }
    if let Some(target) = &header.target {
        lines.push(("python", target.python.to_string()));
        lines.push(("platforms", target.platforms.to_string()));
    }
    if let Some(instant) = &header.exclude_newer {
        lines.push(("exclude-newer", instant.to_string()));
    }
    if header.exclude_dev {
        lines.push(("exclude-dev", "true".to_owned()));
    }
    lines.extend(header.built.iter().map(|built| ("built", built.to_string())));
    lines
}

/// The requirement without its hashes, as pip reads it.
pub fn requirement(project: &LockedProject) -> String {
    let mut text = match (&project.source, &project.version) {
        (LockedSource::Editable(location), _) => format!("-e {location}"),
        (LockedSource::Direct(location), _) => format!("{} @ {location}", project.name),
        (LockedSource::Index(_), Some(version)) => format!("{}=={version}", project.name),
        (LockedSource::Index(_), None) => project.name.to_string(),
    };
    if let Some(marker) = &project.marker {
        let _ = write!(text, " ; {marker}");
    }
    text
}

fn render_project(out: &mut String, project: &LockedProject) {
    out.push_str(&requirement(project));
    for file in &project.files {
        let _ = write!(out, " \\\n    --hash={}", file.hash);
    }
    out.push('\n');
    match &project.via[..] {
        [] => {}
        [only] => {
            let _ = writeln!(out, "    # via {only}");
        }
        several => {
            out.push_str("    # via\n");
            for via in several {
                let _ = writeln!(out, "    #   {via}");
            }
        }
    }
}

/// Reads a lock that provender, pip-tools or uv wrote in this format, `# via` notes included.
///
/// # Errors
///
/// A line that is no requirement, a header value that cannot be read, or a header of a newer
/// format than this program knows.
pub fn parse(text: &str) -> Result<Lock, LockError> {
    let mut lock = Lock { header: parse_header(text)?, ..Lock::default() };
    lock.build = build_lines(text)?.into_iter().map(|(project, _)| project).collect();
    let entries =
        requirements_txt::parse(text).map_err(|error| LockError::at(error.line, error.message))?;
    let lines: Vec<&str> = text.lines().collect();
    for entry in entries {
        if let EntryKind::Requirement(requirement) = entry.kind
            && let Some(mut project) = locked(requirement)
        {
            let first = usize::try_from(entry.line).unwrap_or(usize::MAX);
            project.via = via_after(lines.get(first.saturating_sub(1)..).unwrap_or_default());
            lock.projects.push(project);
        }
    }
    Ok(lock)
}

/// Who asked for the pin that `lines` begin with: the comments below it.
fn via_after(lines: &[&str]) -> Vec<Via> {
    let below = lines.iter().skip_while(|line| line.trim_end().ends_with('\\')).skip(1);
    let mut notes = below.map_while(|line| line.trim().strip_prefix("# ")).map(str::trim);
    let Some(first) = notes.next().and_then(|note| note.strip_prefix("via")) else {
        return Vec::new();
    };
    let several: &mut dyn Iterator<Item = &str> = &mut notes;
    let names = std::iter::once(first.trim()).chain(several);
    names.filter(|name| !name.is_empty()).filter_map(via).collect()
}

/// Reads what [`Via`] shows.
fn via(text: &str) -> Option<Via> {
    if let Some(file) = text.strip_prefix("-r ") {
        return Some(Via::Input(file.to_owned()));
    }
    if let Some(file) = text.strip_prefix("-c ") {
        return Some(Via::Constraint(file.to_owned()));
    }
    if text.ends_with(".toml") {
        return Some(Via::Input(text.to_owned()));
    }
    text.parse().ok().map(Via::Project)
}

/// Reads the header only; a file of another tool has none of its lines.
///
/// # Errors
///
/// As [`parse`], for the header's lines.
pub fn parse_header(text: &str) -> Result<LockHeader, LockError> {
    let mut header = LockHeader::default();
    let (mut python, mut platforms) = (None, None);
    for (line, number) in text.lines().zip(1_u32..) {
        let Some((key, value)) = line.strip_prefix(KEY).and_then(|rest| rest.split_once(" = "))
        else {
            continue;
        };
        let bad = |error: &dyn std::fmt::Display| LockError::at(number, error.to_string());
        match key {
            "lock" if value != "1" => {
                let message = format!("lock format {value} is newer than this provender reads");
                return Err(LockError::at(number, message));
            }
            "inputs" => header.inputs = value.split(", ").map(str::to_owned).collect(),
            "python" => python = Some(value.parse().map_err(|error| bad(&error))?),
            "platforms" => platforms = Some(value.parse().map_err(|error| bad(&error))?),
            "exclude-newer" => {
                header.exclude_newer = Some(value.parse().map_err(|error| bad(&error))?);
            }
            "exclude-dev" => header.exclude_dev = value == "true",
            "built" => header.built.push(value.parse().map_err(|error| bad(&error))?),
            _ => {}
        }
    }
    if let (Some(python), Some(platforms)) = (python, platforms) {
        header.target = Some(crate::Target { python, platforms });
    }
    Ok(header)
}

/// The build requirements that a lock keeps in comments, each with its line.
///
/// # Errors
///
/// A line that begins as one and is no requirement.
pub fn build_lines(text: &str) -> Result<Vec<(LockedProject, u32)>, LockError> {
    let lines = text.lines().zip(1_u32..);
    let builds = lines.filter_map(|(line, number)| Some((line.strip_prefix(BUILD)?, number)));
    builds.map(|(line, number)| Ok((parse_build(line, number)?, number))).collect()
}

fn parse_build(line: &str, number: u32) -> Result<LockedProject, LockError> {
    let (requirement, via) = line.split_once("  # via ").unwrap_or((line, ""));
    let entries = requirements_txt::parse(requirement)
        .map_err(|error| LockError::at(number, error.message))?;
    let project = entries.into_iter().find_map(|entry| match entry.kind {
        EntryKind::Requirement(requirement) => locked(requirement),
        EntryKind::Include { .. } | EntryKind::Option { .. } => None,
    });
    let mut project = project
        .ok_or_else(|| LockError::at(number, format!("`{line}` is no build requirement")))?;
    project.via = via.split(", ").filter_map(|name| name.parse().ok()).map(Via::Project).collect();
    Ok(project)
}

/// What a line locks; nothing where it names no project or pins no version.
fn locked(requirement: Requirement) -> Option<LockedProject> {
    let version = requirement.pin().cloned();
    let source = match requirement.source {
        RequirementSource::Index(_) => {
            version.as_ref()?;
            LockedSource::Index(None)
        }
        RequirementSource::Url(location) | RequirementSource::Vcs(location) => {
            LockedSource::Direct(location)
        }
        RequirementSource::Editable(location) => LockedSource::Editable(location),
    };
    Some(LockedProject {
        name: requirement.name?,
        version,
        marker: requirement.marker,
        source,
        requires_python: None,
        files: requirement.hashes.into_iter().map(LockedFile::of_hash).collect(),
        via: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Platforms, Target};

    fn project(name: &str, version: &str, via: &[Via]) -> LockedProject {
        LockedProject {
            name: name.parse().unwrap(),
            version: Some(version.parse().unwrap()),
            marker: None,
            source: LockedSource::Index(None),
            requires_python: None,
            files: vec![LockedFile::of_hash(
                format!("sha256:{}", "0f".repeat(32)).parse().unwrap(),
            )],
            via: via.to_vec(),
        }
    }

    fn example() -> Lock {
        let mut marked = project("colorama", "0.4.6", &[Via::Project("click".parse().unwrap())]);
        marked.marker = Some("sys_platform == 'win32'".into());
        Lock {
            header: LockHeader {
                inputs: vec!["requirements.txt".into(), "dev/requirements.txt".into()],
                target: Some(Target {
                    python: "3.11".parse().unwrap(),
                    platforms: "x86_64-manylinux_2_28, aarch64-windows"
                        .parse::<Platforms>()
                        .unwrap(),
                }),
                exclude_newer: Some("2026-01-02T00:00:00Z".parse().unwrap()),
                exclude_dev: true,
                built: vec![format!("ta==0.11.0 sha256:{}", "ab".repeat(32)).parse().unwrap()],
            },
            projects: vec![
                project(
                    "click",
                    "8.1.7",
                    &[
                        Via::Input("requirements.txt".into()),
                        Via::Project("typer".parse().unwrap()),
                    ],
                ),
                marked,
            ],
            build: vec![project("setuptools", "80.9.0", &[Via::Project("ta".parse().unwrap())])],
        }
    }

    #[test]
    fn a_lock_reads_as_people_know_it() {
        let (hash, built) = ("0f".repeat(32), "ab".repeat(32));
        assert_eq!(
            render(&example()),
            format!(
                "{TITLE}\n\
                 # provender: lock = 1\n\
                 # provender: inputs = requirements.txt, dev/requirements.txt\n\
                 # provender: python = 3.11\n\
                 # provender: platforms = x86_64-manylinux_2_28, aarch64-windows\n\
                 # provender: exclude-newer = 2026-01-02T00:00:00Z\n\
                 # provender: exclude-dev = true\n\
                 # provender: built = ta==0.11.0 sha256:{built}\n\
                 click==8.1.7 \\\n    --hash=sha256:{hash}\n    # via\n    #   -r requirements.txt\n    #   typer\n\
                 colorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:{hash}\n    # via click\n\
                 \n{BUILD_TITLE}\n# build: setuptools==80.9.0 --hash=sha256:{hash}  # via ta\n"
            )
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(parse(&render(&example())).unwrap(), example());
    }

    #[test]
    fn a_newer_format_is_refused_with_its_line() {
        let error = parse("# A lock\n# provender: lock = 2\na==1\n").unwrap_err();
        assert_eq!(error.line, Some(2));
    }

    #[test]
    fn a_header_that_cannot_be_read_is_refused() {
        assert_eq!(parse("# provender: python = three\n").unwrap_err().line, Some(1));
    }
}
