//! Commands of `RUN`, `CMD`, `ENTRYPOINT` and `HEALTHCHECK`.

use std::ops::Range;

use super::exec::Element;
use super::heredoc::{Announced, Heredoc};
use crate::facts::{Command, Facts, Home, Span, Word};
use crate::passage::Passage;
use crate::shell::{self, Known};

/// The shell that a stage's instructions are given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shell {
    /// `sh` or one that reads much the same.
    Posix,
    /// PowerShell, cmd, Python or whatever else.
    Other,
}

impl Shell {
    /// The shell of an image, by its name.
    pub(super) fn of_image(image: &str) -> Self {
        let windows = ["windows/", "windowsservercore", "nanoserver", "/servercore"];
        if windows.iter().any(|part| image.contains(part)) { Self::Other } else { Self::Posix }
    }

    /// The shell that `SHELL` names.
    pub(super) fn of_words<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        let names_shell = words.into_iter().any(|word| {
            let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
            shell::is_shell(name.strip_suffix(".exe").unwrap_or(name))
        });
        if names_shell { Self::Posix } else { Self::Other }
    }
}

/// What a `RUN <<EOF` that is nothing else runs: its script, unless another interpreter is named.
pub(super) fn script_facts(file: &str, content: &Span, home: &Home, known: &Known) -> Facts {
    let text = file.get(content.clone()).unwrap_or_default();
    let text = text.trim_start_matches('\t');
    if shell::is_shell_script(text) {
        shell::parse(file, content.clone(), home, known)
    } else {
        Facts::default()
    }
}

/// What shell text runs. Heredocs in it are input, of which a shell's is read too.
pub(super) fn text_facts(
    file: &str,
    line: &Passage,
    body: Range<usize>,
    announced: &[Announced],
    heredocs: &[Heredoc],
    home: &Home,
    known: &Known,
) -> Facts {
    let mut text = Passage::at(line.start_of(body.start));
    let mut at = body.start;
    for one in announced {
        if one.range.start < at || one.range.end > body.end {
            continue;
        }
        text.push_from(line, at..one.range.start);
        // Any redirection in its place: the shell's parser shall not look for the heredoc's lines.
        text.push_for("</", line.span(one.range.clone()));
        at = one.range.end;
    }
    text.push_from(line, at..body.end);
    let mut facts = shell::parse_passage(&text, home, known);
    if !heredocs.is_empty() {
        // Their lines would stay behind.
        facts.removals.clear();
    }
    if let [heredoc] = heredocs
        && heredoc.descriptor.is_none_or(|descriptor| descriptor == 0)
        && facts.commands.iter().any(|command| reads_script(command, heredoc))
    {
        facts.append(shell::parse(file, heredoc.content.clone(), home, known));
    } else if let [heredoc] = heredocs
        && let Some(path) = shell::target_of_input(&text)
    {
        shell::read_heredoc(&path, file, heredoc.content.clone(), &mut facts);
    }
    facts
}

/// Whether a command is a shell that reads its script from a heredoc which stands right behind it.
fn reads_script(command: &Command, heredoc: &Heredoc) -> bool {
    let options_only = |words: &[Word]| {
        words.iter().all(|word| {
            let short = word.text.strip_prefix('-').unwrap_or("c");
            word.text == "pipefail" || (!short.contains('c') || word.text == "--login")
        })
    };
    command.span.end <= heredoc.operator.start
        && command.invocation().is_some_and(|invocation| {
            shell::is_shell(invocation.program) && options_only(invocation.arguments)
        })
}

/// The one command of an exec form.
pub(super) fn exec_facts(
    line: &Passage,
    elements: &[Element],
    home: &Home,
    known: &Known,
) -> Facts {
    let mut facts = Facts::default();
    let words = exec_words(line, elements);
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return facts };
    let span = first.span.start..last.span.end;
    let command = Command { assignments: Vec::new(), words, span, home: home.clone() };
    let script = shell::script_word(&command);
    facts.commands.push(command);
    if let Some(element) = script.and_then(|index| elements.get(index)) {
        facts.append(shell::parse_passage(&element.value, home, known));
    }
    facts
}

/// The words of an exec form, in which no variable is put in.
pub(super) fn exec_words(line: &Passage, elements: &[Element]) -> Vec<Word> {
    let word = |element: &Element| Word {
        text: element.value.text().to_owned(),
        known: true,
        span: line.span(element.range.clone()),
        whole: line.span(element.whole.clone()),
    };
    elements.iter().map(word).collect()
}
