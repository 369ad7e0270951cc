//! A step of a Dockerfile with the variables and the files that they name.
//!
//! `ENV` would stay in the image and point at files that are not there when its containers run. So the files are
//! mounted for one step, from a build context of their own, and the variables are exported within it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::shell::{Shell, quoted};
use super::variables::{EnvironmentError, Roots, Variables};

pub(super) fn render(variables: &Variables) -> Result<String, EnvironmentError> {
    let mut contexts: BTreeMap<&Path, String> = BTreeMap::new();
    let mut mounts = Vec::new();
    let mut targets = Vec::new();
    for file in variables.files() {
        let unwritable = |what| EnvironmentError::Unwritable {
            name: variables.iter().find(|v| Path::new(&v.value) == file).map_or("", |v| v.name),
            what,
            syntax: "the mount of a Dockerfile",
        };
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if name.is_empty() || !name.chars().all(plain) {
            return Err(unwritable(
                "a file name with other characters than letters, digits, `.`, `-` and `_`",
            ));
        }
        let folder = file.parent().unwrap_or(Path::new("/"));
        let number = contexts.len();
        let context = contexts.entry(folder).or_insert_with(|| match number {
            0 => "provender-ca".to_owned(),
            number => format!("provender-ca-{}", number + 1),
        });
        let target = format!("/run/{context}/{name}");
        mounts.push(format!("--mount=type=bind,from={context},source={name},target={target}"));
        targets.push((file, target));
    }
    let mut exports = Vec::new();
    for variable in variables.iter() {
        let value = match variable.roots {
            Roots::Untouched => variable.value.as_str(),
            Roots::Adds | Roots::Replaces => targets
                .iter()
                .find(|(file, _)| *file == Path::new(&variable.value))
                .map_or(variable.value.as_str(), |(_, target)| target),
        };
        let written = quoted(value, Shell::Docker).map_err(|what| {
            EnvironmentError::Unwritable { name: variable.name, what, syntax: "a Dockerfile" }
        })?;
        exports.push(format!("export {}={written}", variable.name));
    }
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "# In each step that uses the network; ENV would stay in the image and outlive the files."
    );
    if !contexts.is_empty() {
        let mut command = String::from("docker build");
        for (folder, context) in &contexts {
            let folder = format!("{context}={}", folder.display());
            let folder = quoted(&folder, Shell::Sh).unwrap_or_default();
            let _ = write!(command, " --build-context {folder}");
        }
        let _ = writeln!(out, "# Build with: {command} .");
    }
    out.push_str("RUN ");
    for mount in mounts {
        let _ = write!(out, "{mount} \\\n    ");
    }
    for export in exports {
        let _ = write!(out, "{export} && \\\n    ");
    }
    out.push_str("pip install -r requirements.txt\n");
    Ok(out)
}
