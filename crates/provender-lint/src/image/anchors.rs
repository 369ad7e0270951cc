//! Certificates that are put where the image's own CAs are made from.

use crate::dockerfile::Dockerfile;
use crate::facts::{Command, Span, Word};
use crate::source::File;

use super::copying::{copyings, within};
use super::network::ANCHOR_FOLDERS;
use super::reference::Reference;
use super::shipped;

/// Something that is put into a folder of CA certificates.
#[derive(Debug, Clone)]
pub(crate) struct Anchor {
    /// Where the instruction or command says so.
    pub(crate) span: Span,
    /// The instruction within the Dockerfile.
    pub(crate) instruction: usize,
}

/// The folder of CA certificates that a path lies in.
pub(crate) fn anchor_folder(path: &str) -> Option<&'static str> {
    ANCHOR_FOLDERS.into_iter().find(|folder| within(path, folder))
}

/// What a stage and all that it stands on put into folders of CA certificates, in order.
pub(crate) fn anchors(file: &File, dockerfile: &Dockerfile, stage: usize) -> Vec<Anchor> {
    let mut found = Vec::new();
    for copying in copyings(dockerfile, stage) {
        for source in copying.sources {
            let Some(path) = copying.target_of(&source.text, dockerfile) else { continue };
            if anchor_folder(&path).is_some() {
                found.push(Anchor {
                    span: copying.instruction.span.clone(),
                    instruction: copying.index,
                });
            }
        }
    }
    let chain = shipped::chain(dockerfile, stage);
    for (instruction, command) in shipped::build_commands(file, &chain) {
        for (path, _) in written(command) {
            if anchor_folder(&path).is_some() {
                found.push(Anchor { span: command.span.clone(), instruction });
            }
        }
    }
    found.sort_by_key(|anchor| anchor.instruction);
    found
}

/// The files that a command writes with `cp`, `mv`, `install`, `ln`, `curl -o` or `wget -O`, and
/// the word that names each.
pub(crate) fn written(command: &Command) -> Vec<(String, &Word)> {
    let Some(invocation) = command.invocation() else { return Vec::new() };
    let options: &[&str] = match invocation.program {
        "cp" | "mv" | "install" | "ln" => &[],
        "curl" => &["-o", "--output"],
        "wget" => &["-O", "--output-document"],
        _ => return Vec::new(),
    };
    if options.is_empty() {
        let plain: Vec<&Word> = invocation.plain().collect();
        let [sources @ .., target] = plain.as_slice() else { return Vec::new() };
        if !target.text.starts_with('/') {
            return Vec::new();
        }
        let folder = target.text.trim_end_matches('/');
        let fills =
            target.text.ends_with('/') || sources.len() > 1 || ANCHOR_FOLDERS.contains(&folder);
        return sources
            .iter()
            .map(|source| {
                let name = source.text.rsplit('/').next().unwrap_or_default();
                if fills {
                    (format!("{folder}/{name}"), *source)
                } else {
                    (folder.to_owned(), *target)
                }
            })
            .collect();
    }
    let mut found = Vec::new();
    for option in options {
        for used in invocation.option(option, true) {
            if let Some(value) = used.value.filter(|value| value.starts_with('/')) {
                found.push((value.to_owned(), used.value_word.unwrap_or(used.option)));
            }
        }
    }
    found
}

/// Whether a stage is Alpine's, as far as the names of its images and its package manager tell:
/// there `update-ca-certificates` is another program than Debian's.
pub(crate) fn is_alpine(file: &File, dockerfile: &Dockerfile, stage: usize) -> bool {
    let base = shipped::base(dockerfile, stage).and_then(|base| Reference::parse(&base.text));
    base.is_some_and(|base| base.mentions("alpine"))
        || shipped::build_commands(file, &shipped::chain(dockerfile, stage))
            .filter_map(|(_, command)| command.invocation())
            .any(|invocation| invocation.program == "apk")
}
