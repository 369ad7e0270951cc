//! The empty stage that stands where no CA is given, and the numbers of the stages behind it.

use super::CONTEXT;
use crate::dockerfile::{Dockerfile, Instruction};
use crate::finding::Edit;
use crate::source::File;

/// The edits that put the stage before all others, or why that cannot be. None if it is there.
///
/// Without it the name would be looked for among images: a build without the CA would fail, or mount what a registry has
/// under that name. BuildKit and buildah both take a named context before a stage of its name.
pub(super) fn edits(file: &File, dockerfile: &Dockerfile) -> Result<Vec<Edit>, &'static str> {
    if dockerfile.stages.iter().any(|stage| stage.name.as_deref() == Some(CONTEXT)) {
        return Ok(Vec::new());
    }
    let first = dockerfile
        .stages
        .first()
        .and_then(|stage| dockerfile.instructions.get(stage.instructions.start))
        .ok_or("the file has no stage")?;
    let at = before_comments(file, dockerfile, first);
    let line_end = if file.text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut edits = vec![Edit {
        span: at..at,
        text: format!(
            "# Stays empty unless a build is given a CA: --build-context {CONTEXT}=DIR{line_end}\
             FROM scratch AS {CONTEXT}{line_end}{line_end}"
        ),
    }];
    for instruction in &dockerfile.instructions {
        if let Some(edit) = renumbered(file, instruction)? {
            edits.push(edit);
        }
    }
    Ok(edits)
}

/// The beginning of the comments that stand directly above the first `FROM`, parser directives left above.
fn before_comments(file: &File, dockerfile: &Dockerfile, first: &Instruction) -> usize {
    let start = file.text[..first.span.start].rfind('\n').map_or(0, |end| end + 1);
    let mut lines: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    for line in file.text[..start].split_inclusive('\n') {
        lines.push((at, line));
        at += line.len();
    }
    // Directives are the first lines of a file, one to each.
    let directives = lines.iter().take(dockerfile.directives.len()).count();
    let above = |belongs: fn(&str) -> bool| {
        let lines = lines[directives..].iter().rev();
        lines.take_while(|(_, line)| belongs(line.trim_start())).last().map(|(begin, _)| *begin)
    };
    match above(|line| line.starts_with('#')) {
        // What a file begins with speaks of the file, but for words to a linter, which speak of the next instruction.
        Some(0) => above(is_for_linters).unwrap_or(start),
        Some(begin) => begin,
        None => start,
    }
}

/// Whether a comment tells a linter to accept something.
fn is_for_linters(line: &str) -> bool {
    let words = line.trim_start_matches('#').trim_start();
    ["provender:", "hadolint ", "checkov:", "trivy:", "kics-scan ", "nosemgrep"]
        .iter()
        .any(|linter| line.starts_with('#') && words.starts_with(linter))
}

/// `--from=1` with the number that the stage has behind one more.
fn renumbered(file: &File, instruction: &Instruction) -> Result<Option<Edit>, &'static str> {
    for flag in &instruction.flags {
        let Some(value) = flag.value.as_deref() else { continue };
        let number = match flag.name.as_str() {
            "from" => Some(value),
            "mount" => value.split(',').find_map(|option| option.strip_prefix("from=")),
            _ => None,
        };
        let Some(number) = number
            .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        else {
            continue;
        };
        let written = &file.text[flag.word.span.clone()];
        let (Some(found), Ok(counted)) =
            (written.find(&format!("from={number}")), number.parse::<usize>())
        else {
            return Err("a stage is named by a number that a variable holds");
        };
        let start = flag.word.span.start + found + "from=".len();
        let text = (counted + 1).to_string();
        return Ok(Some(Edit { span: start..start + number.len(), text }));
    }
    Ok(None)
}
