//! The requirement files of a project that are no input of its lock.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The requirement files in `project` that no input is or includes, sorted.
pub(super) fn requirement_files(project: &Path, inputs: &[PathBuf], output: &Path) -> Vec<String> {
    let mut known = BTreeSet::new();
    let mut waiting = inputs.to_vec();
    waiting.push(output.to_path_buf());
    while let Some(path) = waiting.pop() {
        let canonical = path.canonicalize().unwrap_or_else(|_| path.clone());
        if !known.insert(canonical) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let folder = path.parent().unwrap_or(Path::new("."));
        waiting.extend(text.lines().filter_map(included).map(|name| folder.join(name)));
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(project).into_iter().flatten().flatten() {
        let path = entry.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let is_input = name.starts_with("requirements") && name.ends_with(".txt")
            || name.ends_with(".in") && name.starts_with("requirements")
            || name == "pyproject.toml" && has_project(&path);
        let canonical = path.canonicalize().unwrap_or_else(|_| path.clone());
        if is_input && path.is_file() && !known.contains(&canonical) {
            found.push(name.to_owned());
        }
    }
    found.sort();
    found
}

/// What a line of a requirements file includes with `-r` or `-c`.
fn included(line: &str) -> Option<&str> {
    let line = line.trim();
    let starts = ["-r", "--requirement", "-c", "--constraint"];
    let rest = starts.iter().find_map(|option| {
        let rest = line.strip_prefix(option)?;
        rest.starts_with([' ', '=', '\t']).then_some(rest)
    })?;
    Some(rest.trim_start_matches(['=', ' ', '\t']).split(" #").next().unwrap_or_default().trim())
}

fn has_project(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("project"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_an_input_nor_included_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let input =
            write("requirements.txt", "-r requirements/base.txt\n-r requirements-web.txt # x\n");
        write("requirements-web.txt", "a\n");
        write("requirements-dev.txt", "b\n");
        write("pyproject.toml", "[tool.black]\n");
        let output = folder.path().join("constraints.txt");
        assert_eq!(requirement_files(folder.path(), &[input], &output), ["requirements-dev.txt"]);
    }
}
