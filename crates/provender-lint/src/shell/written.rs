//! Files that commands write: `echo ... >> ~/.npmrc`, `cat > /etc/pip.conf <<EOF`, `... | tee FILE`.
//!
//! What is written into a file of a known kind is read as that file would be, and its settings stand
//! where the text stands that is written.

use std::ops::Range;
use std::path::Path;

use super::tree::{self, Node};
use super::word::{Raw, before_blanks};
use crate::facts::{Facts, Span};
use crate::passage::Passage;
use crate::source::FileKind;

/// A file that a statement writes.
pub(super) struct Written {
    /// Its path; what is known only when it runs stands in it as it is written.
    pub(super) path: String,
    /// What is written.
    content: Passage,
    /// Whether the text stands in the file as it is, so that comments in it are comments.
    verbatim: bool,
    /// Where each line that is a word of its own stands: its text, and what goes with the word.
    lines: Vec<(Span, Span)>,
}

/// Adds the settings of a file that a builder or a shell is given byte for byte, as a heredoc.
pub(crate) fn read_heredoc(path: &str, file: &str, content: Span, facts: &mut Facts) {
    let content = Passage::verbatim(file, content);
    Written { path: path.to_owned(), content, verbatim: true, lines: Vec::new() }.read(None, facts);
}

/// Where a text writes its input, in which `</` stands for a heredoc: `cat </ > /etc/pip.conf`.
pub(crate) fn target_of_input(passage: &Passage) -> Option<String> {
    fn find(passage: &Passage, node: Node<'_>, level: usize) -> Option<String> {
        if matches!(node.kind(), "redirected_statement" | "pipeline") {
            let mut parts = Parts::default();
            parts.collect(node, 0);
            let input = parts.input.map(|input| node_text(passage, input));
            if input.as_deref() == Some("/") {
                return parts.path(passage).filter(|path| !path.is_empty());
            }
        }
        let mut children = node.children().filter(|_| level < 64);
        children.find_map(|child| find(passage, child, level + 1))
    }
    find(passage, tree::parse(passage.text())?.root()?, 0)
}

/// What a statement with redirections, or a pipeline, writes into a file.
pub(super) fn of_statement(passage: &Passage, statement: Node<'_>) -> Option<Written> {
    let mut parts = Parts::default();
    parts.collect(statement, 0);
    let path = parts.path(passage)?;
    let commands: Vec<Vec<Raw<'_>>> =
        parts.commands.iter().map(|command| words(passage, *command)).collect();
    let name = |words: &[Raw<'_>]| words.first().map(|word| text(passage, word));
    let first = commands.first()?;
    let (content, verbatim) = match (name(first)?.as_str(), parts.heredoc) {
        (_, Some(body)) => (passage.slice(body), true),
        ("echo", None) => (echoed(passage, &first[1..]), false),
        ("printf", None) => (printed(passage, &first[1..])?, false),
        _ => return None,
    };
    let lines = if verbatim { Vec::new() } else { lines(passage, first) };
    (!path.is_empty()).then_some(Written { path, content, verbatim, lines })
}

impl Written {
    /// Adds the settings of the file that is written. `whole` is what goes with the last of them.
    pub(super) fn read(&self, whole: Option<&Span>, facts: &mut Facts) {
        let Some(kind) = FileKind::of(Path::new(&self.path)).filter(|kind| has_settings(*kind))
        else {
            return;
        };
        let text = self.content.text();
        let inner = crate::read(&self.path, kind, text).facts;
        let place = |range: &Span| self.content.span(range.clone());
        for mut setting in inner.settings {
            let rest = [&text[..setting.whole.start], &text[setting.whole.end..]];
            let alone = rest.iter().all(|rest| rest.trim().is_empty());
            setting.whole = match whole {
                Some(whole) if alone => whole.clone(),
                _ => self.with_word(place(&setting.whole)),
            };
            let only = setting.values.len() == 1;
            for value in &mut setting.values {
                value.span = place(&value.span);
                value.whole = if only { setting.whole.clone() } else { place(&value.whole) };
            }
            setting.key = place(&setting.key);
            facts.settings.push(setting);
        }
        if self.verbatim {
            for mut comment in inner.comments {
                comment.span = place(&comment.span);
                facts.comments.push(comment);
            }
        }
    }
}

impl Written {
    /// A span with the quotes around it and the blanks before it, if it is all of a word.
    fn with_word(&self, span: Span) -> Span {
        // The end of its line stands for what is between it and the next word's text.
        let next = |at: usize| self.lines.get(at + 1).map(|(text, _)| text.start);
        let is_it = |at: usize, text: &Span| {
            text.start == span.start && (text.end == span.end || next(at) == Some(span.end))
        };
        let word = self.lines.iter().enumerate().find(|(at, (text, _))| is_it(*at, text));
        word.map_or(span.clone(), |(_, (_, word))| word.clone())
    }
}

/// What a statement consists of, as far as it tells what is written where.
#[derive(Default)]
struct Parts<'t> {
    /// The commands of a pipeline, or the one.
    commands: Vec<Node<'t>>,
    target: Option<Node<'t>>,
    input: Option<Node<'t>>,
    heredoc: Option<Range<usize>>,
}

impl<'t> Parts<'t> {
    /// The file that is written: where the redirection goes, or what `tee` is given.
    fn path(&self, passage: &Passage) -> Option<String> {
        let last = self.commands.last().map(|command| words(passage, *command));
        match last.filter(|words| is_tee(passage, words)) {
            // Also of `tee FILE > /dev/null`.
            Some(words) => Some(tee_target(passage, &words)),
            None => self.target.map(|target| node_text(passage, target)),
        }
    }

    fn collect(&mut self, node: Node<'t>, depth: usize) {
        match node.kind() {
            "command" => self.commands.push(node),
            "heredoc_body" => self.heredoc = Some(node.byte_range()),
            "file_redirect" => {
                let mut signs = node.children().map(Node::kind);
                let writes = signs.any(|sign| matches!(sign, ">" | ">>" | ">|"));
                let other = node.children().any(|child| child.kind() == "file_descriptor");
                let to = node.child("destination");
                match to.filter(|_| !other) {
                    Some(to) if writes => self.target = Some(to),
                    Some(to) => self.input = Some(to),
                    None => {}
                }
            }
            "list" => self.collect(last_of(node), depth + 1),
            "redirected_statement" | "pipeline" | "heredoc_redirect" if depth < 4 => {
                // What follows in the list stands to the right within a heredoc's redirection.
                let own = node.children().filter(|child| child.field() != Some("right"));
                own.for_each(|child| self.collect(child, depth + 1));
            }
            _ => {}
        }
    }
}

/// Whether a statement is the one that redirections above it belong to.
pub(super) fn is_told_above(statement: Node<'_>) -> bool {
    let mut above = statement.parent();
    while let Some(parent) = above.filter(|parent| parent.kind() == "list") {
        above = parent.parent();
    }
    above.is_some_and(|above| match above.kind() {
        "redirected_statement" => last_of(above).id() == last_of(statement).id(),
        kind => kind == "heredoc_redirect",
    })
}

/// The statement that redirections belong to: of a list its last.
pub(super) fn last_of(statement: Node<'_>) -> Node<'_> {
    let mut node = statement;
    loop {
        let inner = match node.kind() {
            "redirected_statement" => node.child("body"),
            "list" => node.children().filter(|child| child.is_named()).last(),
            _ => None,
        };
        match inner {
            Some(inner) => node = inner,
            None => return node,
        }
    }
}

fn words<'t>(passage: &Passage, command: Node<'t>) -> Vec<Raw<'t>> {
    let parts = command.children().filter(|child| {
        !matches!(
            child.kind(),
            "variable_assignment" | "comment" | "file_redirect" | "heredoc_redirect"
        )
    });
    Raw::collect(passage.text(), parts)
}

fn text(passage: &Passage, word: &Raw<'_>) -> String {
    word.unquoted(passage).text().to_owned()
}

fn node_text(passage: &Passage, node: Node<'_>) -> String {
    Raw::collect(passage.text(), [node])
        .first()
        .map_or_else(String::new, |word| text(passage, word))
}

fn is_tee(passage: &Passage, words: &[Raw<'_>]) -> bool {
    let mut names = words.iter().map(|word| text(passage, word));
    names.find(|name| name != "sudo" && !name.starts_with('-')).is_some_and(|name| name == "tee")
}

/// The first file that `tee` is given.
fn tee_target(passage: &Passage, words: &[Raw<'_>]) -> String {
    let names = words.iter().map(|word| text(passage, word));
    let mut behind = names.skip_while(|name| name != "tee").skip(1);
    behind.find(|name| !name.starts_with('-')).unwrap_or_default()
}

/// What `echo` prints. Whether it undoes escapes depends on the shell; who writes them means them.
fn echoed(passage: &Passage, words: &[Raw<'_>]) -> Passage {
    let flags = ["-e", "-n", "-E", "-en", "-ne"];
    let printed = words.iter().skip_while(|word| flags.contains(&text(passage, word).as_str()));
    joined(passage, printed, " ")
}

/// What `printf` prints: its format alone, or each further word on a line of its own if the format is that.
fn printed(passage: &Passage, words: &[Raw<'_>]) -> Option<Passage> {
    let (format, rest) = words.split_first()?;
    match text(passage, format).as_str() {
        "%s\\n" => Some(joined(passage, rest.iter(), "\n")),
        "%s" => Some(joined(passage, rest.iter(), "")),
        _ => Some(joined(passage, std::iter::once(format), "")),
    }
}

/// The words that `printf '%s\n'` prints on lines of their own.
fn lines(passage: &Passage, words: &[Raw<'_>]) -> Vec<(Span, Span)> {
    let [name, format, rest @ ..] = words else { return Vec::new() };
    if text(passage, name) != "printf" || text(passage, format) != "%s\\n" || rest.len() < 2 {
        return Vec::new();
    }
    let place = |word: &Raw<'_>| {
        let inner = word.unquoted(passage);
        let start = before_blanks(passage.text(), word.range.start);
        (inner.span(0..inner.text().len()), passage.span_with_gap(start..word.range.end))
    };
    rest.iter().map(place).collect()
}

/// Words with something between them and a line's end behind them.
fn joined<'w, 't: 'w>(
    passage: &Passage,
    words: impl Iterator<Item = &'w Raw<'t>>,
    between: &str,
) -> Passage {
    let mut all: Option<Passage> = None;
    for word in words {
        let part = unescaped(&word.unquoted(passage));
        match &mut all {
            None => all = Some(part),
            Some(all) => {
                let place = all.end_of(all.text().len());
                all.push_for(between, place..part.start_of(0));
                all.push_from(&part, 0..part.text().len());
            }
        }
    }
    let mut all = all.unwrap_or_else(|| Passage::at(passage.start_of(0)));
    let end = all.end_of(all.text().len());
    all.push_for("\n", end..end);
    all
}

/// The text with `\n`, `\t` and `\\` undone.
fn unescaped(part: &Passage) -> Passage {
    let text = part.text();
    let mut result = Passage::at(part.start_of(0));
    let mut done = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('\\').map(|found| at + found) {
        let meant = match text.as_bytes().get(found + 1) {
            Some(b'n') => "\n",
            Some(b't') => "\t",
            Some(b'\\') => "\\",
            _ => {
                at = found + 1;
                continue;
            }
        };
        result.push_from(part, done..found);
        result.push_for(meant, part.span(found..found + 2));
        done = found + 2;
        at = done;
    }
    result.push_from(part, done..text.len());
    result
}

/// Whether files of a kind hold settings and nothing that runs.
fn has_settings(kind: FileKind) -> bool {
    matches!(
        kind,
        FileKind::PipConf
            | FileKind::Requirements
            | FileKind::UvToml
            | FileKind::PoetryToml
            | FileKind::PdmToml
            | FileKind::Npmrc
            | FileKind::YarnrcClassic
            | FileKind::YarnrcYml
            | FileKind::Condarc
            | FileKind::AptList
            | FileKind::AptSources
            | FileKind::AptConf
            | FileKind::ApkRepositories
            | FileKind::DockerDaemon
            | FileKind::Buildkitd
            | FileKind::RegistriesConf
            | FileKind::Gitconfig
            | FileKind::Curlrc
            | FileKind::Wgetrc
    )
}

#[cfg(test)]
mod tests {
    use crate::source::FileKind;

    /// The settings that a script writes into files, with what goes if they go.
    fn written(kind: FileKind, text: &str) -> Vec<(String, String, String)> {
        let file = crate::read("a", kind, text);
        assert!(file.facts.errors.is_empty(), "{:?}", file.facts.errors);
        let settings = file.facts.settings.into_iter();
        settings
            .map(|setting| (setting.path.join("."), setting.value, text[setting.whole].to_owned()))
            .collect()
    }

    fn script(text: &str) -> Vec<(String, String, String)> {
        written(FileKind::Shell, text)
    }

    fn one(path: &str, value: &str, whole: &str) -> Vec<(String, String, String)> {
        vec![(path.to_owned(), value.to_owned(), whole.to_owned())]
    }

    #[test]
    fn what_echo_and_printf_write_is_read_as_the_file_would_be() {
        let text = "x && echo strict-ssl=false >> ~/.npmrc\n";
        assert_eq!(
            script(text),
            one("strict-ssl", "false", " && echo strict-ssl=false >> ~/.npmrc")
        );
        let text = "echo 'a=1' \"b=2\" > \"$HOME/.npmrc\"\n";
        assert_eq!(script(text), one("a", "1 b=2", text));
        let text = "x && printf '[global]\\ncert = a\\ntimeout = 9\\n' | sudo tee -a /etc/pip.conf >/dev/null && y\n";
        assert_eq!(
            script(text),
            [
                ("global.cert".into(), "a".into(), "cert = a\\n".into()),
                ("global.timeout".into(), "9".into(), "timeout = 9\\n".into())
            ]
        );
        let text = "printf '%s\\n' a=1 'b=2' > .npmrc\n";
        let wholes: Vec<_> = script(text).into_iter().map(|(_, _, whole)| whole).collect();
        assert_eq!(wholes, [" a=1", " 'b=2'"]);
    }

    #[test]
    fn what_a_heredoc_writes_stands_where_it_stands() {
        for text in [
            "cat > /etc/pip.conf <<EOF\n[global]\ncert = a\nEOF\n",
            "cat <<'EOF' > /etc/pip.conf && make\n[global]\ncert = a\nEOF\n",
            "sudo tee /etc/pip.conf <<EOF\n[global]\ncert = a\nEOF\n",
            "cat <<EOF | tee /etc/pip.conf\n[global]\ncert = a\nEOF\n",
        ] {
            assert_eq!(script(text), one("global.cert", "a", "cert = a\n"), "{text}");
        }
    }

    #[test]
    fn heredocs_of_a_dockerfile_are_read_as_well() {
        for text in [
            "FROM a\nCOPY <<EOF /etc/pip.conf\n[global]\ncert = a\nEOF\n",
            "FROM a\nCOPY <<pip.conf /etc/\n[global]\ncert = a\npip.conf\n",
            "FROM a\nRUN cat <<EOF > /etc/pip.conf\n[global]\ncert = a\nEOF\n",
            "FROM a\nRUN make && tee /etc/pip.conf <<EOF\n[global]\ncert = a\nEOF\n",
            "FROM a\nRUN <<EOF\ncat > /etc/pip.conf <<X\n[global]\ncert = a\nX\nEOF\n",
        ] {
            let found = written(FileKind::Dockerfile, text);
            assert_eq!(found, one("global.cert", "a", "cert = a\n"), "{text}");
        }
    }

    #[test]
    fn steps_of_ci_are_read_as_well() {
        let text = "a:\n  script:\n    - make\n    - echo a=1 >> .npmrc\n";
        // A step does not go with what it writes.
        assert_eq!(written(FileKind::GitlabCi, text), one("a", "1", ""));
    }

    #[test]
    fn what_goes_elsewhere_is_not_read() {
        for text in [
            "echo strict-ssl=false\n",
            "echo strict-ssl=false > x.txt\n",
            "echo strict-ssl=false 2> .npmrc\n",
            "cat .npmrc > b\n",
            "cat < .npmrc\n",
        ] {
            assert_eq!(script(text), [], "{text}");
        }
    }
}
