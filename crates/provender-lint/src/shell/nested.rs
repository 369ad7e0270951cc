//! Scripts within words: `sh -c '...'`, `su -c '...'`, `eval '...'`.

use super::is_shell;
use crate::facts::{Command, Word};

/// Which word of a command is itself shell text, if the shell is known to read it.
pub(crate) fn script_word(command: &Command) -> Option<usize> {
    let invocation = command.invocation()?;
    let before = command.words.len() - invocation.arguments.len();
    let at = match invocation.program {
        "eval" => (invocation.arguments.len() == 1).then_some(0),
        "su" | "runuser" => behind_option(invocation.arguments, |word| {
            matches!(word.text.as_str(), "-c" | "--command" | "-lc")
        }),
        program if is_shell(program) => shell_script(invocation.arguments),
        _ => None,
    }?;
    Some(before + at)
}

fn behind_option(words: &[Word], is_option: impl Fn(&Word) -> bool) -> Option<usize> {
    let at = words.iter().position(is_option)? + 1;
    (at < words.len()).then_some(at)
}

/// The first operand of a shell that was given `-c`, as in `bash -euxo pipefail -c '...'`.
fn shell_script(words: &[Word]) -> Option<usize> {
    let mut reads_text = false;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let text = word.text.as_str();
        if text == "--" {
            at += 1;
            break;
        }
        let Some(letters) = text.strip_prefix(['-', '+']) else { break };
        if matches!(text, "--rcfile" | "--init-file") {
            at += 1;
        } else if !letters.starts_with('-') {
            reads_text |= text.starts_with('-') && letters.contains('c');
            at += usize::from(letters.ends_with(['o', 'O']));
        }
        at += 1;
    }
    (reads_text && at < words.len()).then_some(at)
}
