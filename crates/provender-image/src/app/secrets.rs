//! Keys, tokens and credentials among the files of an application.
//!
//! What is a key or a token by its shape, and files that hold nothing but credentials, are refused.
//! So are passwords in the addresses that configuration names, unless the host is one of this
//! machine or of a compose network. What is written in sources, such as the default of a setting, may
//! be a secret or an example: that is told and not refused.

mod literal;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};

use provender_core::{Diagnostic, Level, Place};
use provender_lint::dockerignore::Patterns;
use provender_lint::secret;
use rayon::prelude::*;

use self::literal::Kind;

use super::{AppError, Application};
use crate::layer::{Content, Entry, EntryKind};

/// How many secrets of one file are told.
const MOST: usize = 20;

/// How much of a file is looked at at once, in bytes.
const BLOCK: usize = 1 << 20;

/// How far a token may reach over the end of a block without a line's end, in bytes.
const OVERLAP: usize = 1024;

/// Something in an application that looks like a secret. The secret itself is not in here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretFound {
    /// The file, relative to the context.
    pub path: String,
    /// The line, counted from 1; none where the file as a whole is meant.
    pub line: Option<u32>,
    /// What it is, such as `a private key`.
    pub what: String,
    /// [`Level::Error`] where it is refused, [`Level::Warning`] where it may be an example.
    pub level: Level,
}

impl fmt::Display for SecretFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "`{}` line {line} holds {}", self.path, self.what),
            None => write!(f, "`{}` holds {}", self.path, self.what),
        }
    }
}

impl Application {
    /// Looks for secrets in every file, by path and line. A file of any size is read once, in
    /// blocks.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn secrets(&self) -> Result<Vec<SecretFound>, AppError> {
        let found = self.entries.par_iter().map(|entry| {
            let path = entry.path.strip_prefix(&self.folder).unwrap_or(&entry.path);
            in_entry(path.trim_start_matches('/'), entry)
        });
        let mut found: Vec<SecretFound> =
            found.collect::<Result<Vec<_>, AppError>>()?.into_iter().flatten().collect();
        found.sort();
        Ok(found)
    }
}

/// Decides about what was found: what is refused and not allowed is an error, everything else is
/// told. `allowed` are paths relative to the context, or patterns as `.dockerignore` has them.
///
/// # Errors
///
/// [`AppError::Secrets`] with all that is refused.
pub fn judge(found: &[SecretFound], allowed: &[String]) -> Result<Vec<Diagnostic>, AppError> {
    let each: Vec<Patterns> = allowed.iter().map(|pattern| Patterns::read(pattern)).collect();
    let is_allowed =
        |found: &SecretFound| each.iter().any(|pattern| pattern.leave_out(&found.path));
    let refused: Vec<SecretFound> = found
        .iter()
        .filter(|found| found.level == Level::Error && !is_allowed(found))
        .cloned()
        .collect();
    if !refused.is_empty() {
        return Err(AppError::Secrets(refused));
    }
    let mut told = Vec::new();
    for found in found {
        let place = match found.line {
            Some(line) => Place::line(&found.path, line),
            None => Place::file(&found.path),
        };
        let diagnostic = if is_allowed(found) {
            Diagnostic::note("image/secret-allowed", format!("{} gets into the image", found.what))
                .decided_by("`allow-secrets` of [image]")
        } else {
            Diagnostic::warning("image/secret-literal", format!("{} stands in a file", found.what))
                .because("whoever has the image can read it")
                .hint("have it read from the environment, without a default that works anywhere")
        };
        told.push(diagnostic.at(place));
    }
    for (pattern, text) in each.iter().zip(allowed) {
        if !found.iter().any(|found| pattern.leave_out(&found.path)) {
            let message = format!("`allow-secrets` names `{text}`, where no secret was found");
            let unused = Diagnostic::warning("image/allowance-unused", message);
            told.push(unused.hint("take it out of `allow-secrets` of [image]"));
        }
    }
    Ok(told)
}

fn in_entry(path: &str, entry: &Entry) -> Result<Vec<SecretFound>, AppError> {
    let EntryKind::File(content) = &entry.kind else { return Ok(Vec::new()) };
    if let Some(what) = by_name(path) {
        let (path, what) = (path.to_owned(), what.to_owned());
        return Ok(vec![SecretFound { path, line: None, what, level: Level::Error }]);
    }
    match content {
        Content::Bytes(bytes) => in_bytes(path, &mut bytes.as_slice(), BLOCK)
            .map_err(|source| AppError::Io { path: path.into(), source }),
        Content::Path { path: file, .. } => File::open(file)
            .and_then(|mut reader| in_bytes(path, &mut reader, BLOCK))
            .map_err(|source| AppError::Io { path: file.clone(), source }),
        // What a release brings along, everybody has.
        Content::Member { .. } => Ok(Vec::new()),
    }
}

/// What the bytes of a file hold, read in blocks of this size.
fn in_bytes(path: &str, reader: &mut dyn Read, block: usize) -> io::Result<Vec<SecretFound>> {
    let mut search = Search { path, kind: Kind::of(path), found: Vec::new() };
    blocks(reader, block, &mut |block, line| search.block(block, line))?;
    let mut found = search.found;
    found.sort();
    found.dedup();
    found.truncate(MOST);
    Ok(found)
}

/// What a file holds that its name alone tells. A file that may hold a key or a certificate, and
/// npm's settings, are told by their content.
fn by_name(path: &str) -> Option<&'static str> {
    let mut parts = path.rsplit('/');
    let name = parts.next()?.to_ascii_lowercase();
    let by_content = [".key", ".pem"].iter().any(|end| name.ends_with(end)) || name == ".npmrc";
    let own = secret::held_by(&name).filter(|_| !by_content);
    let is_store = |part: &str| matches!(part, ".ssh" | ".aws" | ".gnupg" | ".kube");
    let of_folder = parts.find(|part| is_store(part)).and_then(secret::held_by);
    own.or(of_folder).map(|holds| holds.trim_start_matches("holds "))
}

/// What one file gave.
struct Search<'a> {
    path: &'a str,
    kind: Kind,
    found: Vec<SecretFound>,
}

impl Search<'_> {
    fn add(&mut self, line: u32, what: String, level: Level) {
        // Blocks overlap, so that twice as many may come.
        if self.found.len() < 4 * MOST {
            self.found.push(SecretFound {
                path: self.path.to_owned(),
                line: Some(line),
                what,
                level,
            });
        }
    }

    /// Looks at whole lines, the first of which has this number.
    fn block(&mut self, block: &[u8], first: u32) {
        for token in secret::tokens(block) {
            let before = block.get(..token.span.start).unwrap_or_default();
            self.add(first.saturating_add(line_ends(before)), token.what.to_owned(), Level::Error);
        }
        let Ok(text) = std::str::from_utf8(block) else { return };
        for (line, number) in text.lines().zip(first..) {
            for (what, level) in literal::in_line(self.kind, line) {
                self.add(number, what, level);
            }
        }
    }
}

fn line_ends(bytes: &[u8]) -> u32 {
    let count = bytes.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Gives a file in blocks that end with a line, with the number of their first line. A line that is
/// longer than a block is cut, and its parts overlap.
fn blocks(reader: &mut dyn Read, size: usize, each: &mut dyn FnMut(&[u8], u32)) -> io::Result<()> {
    let mut buffer = Vec::new();
    let mut line = 1_u32;
    loop {
        let read = Read::take(&mut *reader, size as u64).read_to_end(&mut buffer)?;
        if read > 0 {
            each(&buffer, line);
        }
        if read < size {
            return Ok(());
        }
        // A key's beginning and its first line belong together: some lines are kept back as well.
        let end = buffer.len().saturating_sub(OVERLAP);
        let whole = buffer.get(..end).unwrap_or_default();
        let cut = whole.iter().rposition(|byte| *byte == b'\n').map_or(end, |at| at + 1);
        line = line.saturating_add(line_ends(buffer.get(..cut).unwrap_or_default()));
        buffer.drain(..cut);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::AppError;

    const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1234567890abcdef";

    fn application(files: &[(&str, &str)]) -> Application {
        let entry = |(path, text): &(&str, &str)| Entry {
            path: format!("app/{path}"),
            kind: EntryKind::File(Content::Bytes(text.as_bytes().to_vec())),
            mode: 0o644,
            uid: 0,
            gid: 0,
        };
        let entries = files.iter().map(entry).collect();
        Application { entries, notes: Vec::new(), folder: "app".to_owned() }
    }

    fn found(path: &str, text: &str) -> Vec<(Option<u32>, String, Level)> {
        let found = application(&[(path, text)]).secrets().unwrap();
        found.into_iter().map(|found| (found.line, found.what, found.level)).collect()
    }

    fn private_key() -> String {
        format!("-----BEGIN {0} KEY-----\n{KEY}\n-----END {0} KEY-----\n", "PRIVATE")
    }

    #[test]
    fn a_private_key_is_found_with_its_line_whatever_its_file_is_called() {
        let text = format!("first\n\n{}", private_key());
        let key = (Some(3), "a private key".to_owned(), Level::Error);
        assert_eq!(found("conf/tls.txt", &text), std::slice::from_ref(&key));
        assert_eq!(found("tls.pem", &text), [key]);
        assert_eq!(found("ca.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n"), []);
    }

    #[test]
    fn files_of_credentials_are_known_by_their_names() {
        for path in [".netrc", "deploy/.pypirc", "id_rsa", "certs/store.p12", ".aws/config"] {
            let found = found(path, "anything");
            assert_eq!(found.len(), 1, "{path}");
            assert_eq!((found[0].0, found[0].2), (None, Level::Error), "{path}");
        }
        for path in [".env.example", "id_rsa.pub", "netrc.py", ".docker/Dockerfile", ".npmrc"] {
            assert_eq!(found(path, "anything"), [], "{path}");
        }
    }

    #[test]
    fn a_refusal_names_file_and_line_and_never_the_secret() {
        let token = format!("gh{}_{}", 'p', "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYz1A2bC3d");
        let application = application(&[("a.py", &format!("import os\nTOKEN = '{token}'\n"))]);
        let found = application.secrets().unwrap();
        let error = judge(&found, &[]).unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with("`a.py` line 2 holds a GitHub token"), "{said}");
        assert!(said.contains("allow-secrets = [\"a.py\"]"), "{said}");
        assert!(!said.contains(&token[4..]) && !format!("{error:?}").contains(&token[4..]));
    }

    #[test]
    fn a_path_can_be_allowed_and_an_allowance_without_use_is_told() {
        let application = application(&[("tests/key.pem", &private_key())]);
        let found = application.secrets().unwrap();
        assert!(matches!(judge(&found, &[]), Err(AppError::Secrets(all)) if all.len() == 1));
        let told = judge(&found, &["tests".to_owned(), "old.pem".to_owned()]).unwrap();
        let rules: Vec<&str> = told.iter().map(|told| told.rule).collect();
        assert_eq!(rules, ["image/secret-allowed", "image/allowance-unused"]);
    }

    #[test]
    fn a_token_across_two_blocks_is_found_once() {
        let token = format!("gh{}_{}", 'p', "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYz1A2bC3d");
        let block = 4 * OVERLAP;
        for filler in ["x\n", "x "] {
            for shift in (1..2 * OVERLAP).step_by(37) {
                let before = filler.repeat(block / 2 - shift);
                let text = format!("{before} {token} {}", filler.repeat(block));
                let found = in_bytes("data.csv", &mut text.as_bytes(), block).unwrap();
                assert_eq!(found.len(), 1, "{filler:?} {shift}");
                let line = line_ends(before.as_bytes()) + 1;
                assert_eq!(found[0].line, Some(line), "{filler:?} {shift}");
            }
        }
    }
}
