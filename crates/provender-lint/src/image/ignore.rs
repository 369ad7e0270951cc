//! `.dockerignore`: what of a folder a build is not given (moby's `patternmatcher`; the Dockerfile
//! reference, ".dockerignore file").

use std::path::{Path, PathBuf};

use crate::project::Project;
use crate::source::{File, FileKind};

use super::{folder, tidy};

/// The folder that a build is given, and what of it is left out.
#[derive(Debug, Clone)]
pub(crate) struct Context<'a> {
    /// The folder.
    pub(crate) root: PathBuf,
    /// The file that leaves things out.
    pub(crate) ignore: Option<&'a File>,
    /// Whether it is this folder for sure. Otherwise it may be the Dockerfile's own folder as well.
    pub(crate) certain: bool,
}

/// The context of a Dockerfile's build: the one that a compose file names; else the nearest folder
/// from the Dockerfile's upwards that has a `.dockerignore`; else the Dockerfile's own.
///
/// `NAME.dockerignore` beside the Dockerfile goes before the context's own, as BuildKit has it.
pub(crate) fn context<'a>(dockerfile: &Path, project: &Project<'a>) -> Context<'a> {
    let own = folder(dockerfile);
    let named = project.services_of(dockerfile).iter().find_map(|service| service.context());
    let general = |root: &Path| {
        [".dockerignore", ".containerignore"]
            .iter()
            .find_map(|name| ignore_file(project, &root.join(name)))
    };
    let specific = dockerfile.file_name().and_then(|name| {
        let mut name = name.to_owned();
        name.push(".dockerignore");
        ignore_file(project, &own.join(name))
    });
    let is_named = named.is_some();
    let root = named
        .or_else(|| own.ancestors().find(|root| general(root).is_some()).map(Path::to_path_buf))
        .unwrap_or_else(|| own.clone());
    let ignore = specific.or_else(|| general(&root));
    let certain = is_named || specific.is_some() || root == own;
    Context { root, ignore, certain }
}

fn ignore_file<'a>(project: &Project<'a>, path: &Path) -> Option<&'a File> {
    project.file(path).filter(|file| file.kind == FileKind::Dockerignore)
}

impl Context<'_> {
    /// Whether a path of the context, relative to it, is left out.
    pub(crate) fn leaves_out(&self, path: &str) -> bool {
        self.ignore.is_some_and(|file| Patterns::read(&file.text).leave_out(path))
    }

    /// A file's path relative to the context; none if it lies elsewhere.
    pub(crate) fn relative(&self, path: &Path) -> Option<String> {
        let path = tidy(path);
        let relative = path.strip_prefix(&self.root).ok()?;
        Some(relative.to_str()?.replace('\\', "/"))
    }
}

/// The lines of an ignore file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patterns<'t> {
    /// Each pattern, and whether it is an exception (`!`).
    patterns: Vec<(Pattern<'t>, bool)>,
}

/// One pattern's parts between slashes.
type Pattern<'t> = Vec<&'t str>;

impl<'t> Patterns<'t> {
    /// Reads an ignore file.
    pub(crate) fn read(text: &'t str) -> Self {
        let patterns = text
            .trim_start_matches('\u{feff}')
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| {
                let line = line.trim();
                let (line, exception) = match line.strip_prefix('!') {
                    Some(rest) => (rest.trim(), true),
                    None => (line, false),
                };
                let mut parts: Pattern<'t> = Vec::new();
                for part in line.split('/') {
                    match part {
                        "" | "." => {}
                        ".." => {
                            parts.pop();
                        }
                        part => parts.push(part),
                    }
                }
                (!parts.is_empty()).then_some((parts, exception))
            })
            .collect();
        Self { patterns }
    }

    /// Whether a path is left out: the last pattern decides that matches it or a folder that it
    /// lies in.
    pub(crate) fn leave_out(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let mut out = false;
        for (pattern, exception) in &self.patterns {
            let applies = (1..=parts.len()).any(|length| matches(pattern, &parts[..length]));
            if applies {
                out = !exception;
            }
        }
        out
    }
}

/// Whether a pattern matches all of a path; `**` stands for any number of folders.
fn matches(pattern: &[&str], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((&"**", [])) => !path.is_empty(),
        Some((&"**", rest)) => (0..=path.len()).any(|skip| matches(rest, &path[skip..])),
        Some((first, rest)) => match path.split_first() {
            Some((name, below)) => part_matches(first, name) && matches(rest, below),
            None => false,
        },
    }
}

/// Whether one part of a pattern (`*`, `?`, `[a-z]`, `\x`) matches one name.
pub(crate) fn part_matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    glob(&pattern, &name)
}

fn glob(pattern: &[char], name: &[char]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return name.is_empty() };
    match first {
        '*' => (0..=name.len()).any(|skip| glob(rest, &name[skip..])),
        '?' => name.split_first().is_some_and(|(_, name)| glob(rest, name)),
        '[' => {
            let Some((class, rest)) = rest
                .iter()
                .skip(1)
                .position(|character| *character == ']')
                .map(|end| (&rest[..=end], &rest[end + 2..]))
            else {
                return name.first() == Some(&'[') && glob(rest, &name[1..]);
            };
            name.split_first()
                .is_some_and(|(character, name)| in_class(class, *character) && glob(rest, name))
        }
        '\\' if !rest.is_empty() => name
            .split_first()
            .is_some_and(|(character, name)| *character == rest[0] && glob(&rest[1..], name)),
        literal => name
            .split_first()
            .is_some_and(|(character, name)| character == literal && glob(rest, name)),
    }
}

fn in_class(class: &[char], character: char) -> bool {
    let (class, inverted) = match class.split_first() {
        Some(('^' | '!', rest)) => (rest, true),
        _ => (class, false),
    };
    let mut found = false;
    let mut at = 0;
    while at < class.len() {
        if at + 2 < class.len() && class[at + 1] == '-' {
            found |= (class[at]..=class[at + 2]).contains(&character);
            at += 3;
        } else {
            found |= class[at] == character;
            at += 1;
        }
    }
    found != inverted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(patterns: &str, path: &str) -> bool {
        Patterns::read(patterns).leave_out(path)
    }

    #[test]
    fn a_pattern_leaves_out_a_folder_with_all_in_it() {
        assert!(left_out(".git\n", ".git"));
        assert!(left_out(".git\n", ".git/config"));
        assert!(left_out("/.git/\n", ".git/config"));
        assert!(!left_out(".git\n", "sub/.git"));
        assert!(left_out("**/.git\r\n", "sub/.git"));
        assert!(left_out("**/.git", ".git"));
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        assert!(left_out("*\n!src\n", ".env"));
        assert!(!left_out("*\n!src\n", "src/main.py"));
        assert!(left_out("*\n!src\nsrc/secret\n", "src/secret"));
        assert!(!left_out(".env\n!.env\n", ".env"));
    }

    #[test]
    fn comments_and_blank_lines_are_no_patterns() {
        assert!(!left_out("# .env\n\n", ".env"));
        assert!(left_out("\u{feff}.env\n", ".env"));
    }

    #[test]
    fn signs_stand_for_names() {
        assert!(left_out(".env*", ".env.local"));
        assert!(left_out("*.pem", "key.pem"));
        assert!(!left_out("*.pem", "keys/key.pem"));
        assert!(left_out("**/*.pem", "keys/key.pem"));
        assert!(left_out("**", "anything"));
        assert!(left_out("id_[a-r]sa", "id_rsa"));
        assert!(!left_out("id_[^r]sa", "id_rsa"));
        assert!(left_out("?env", ".env"));
        assert!(left_out(r"\*", "*"));
        assert!(!left_out("[", "x"));
    }
}
