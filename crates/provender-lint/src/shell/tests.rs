//! Tests of reading shell text.

use super::*;
use crate::facts::{Command, Origin, Variable, Word};

fn read(text: &str) -> Facts {
    parse(text, 0..text.len(), &Home::Script, &Known::new())
}

fn texts(command: &Command) -> Vec<&str> {
    command.words.iter().map(|word| word.text.as_str()).collect()
}

/// Each command with its words joined by `|`.
fn commands(text: &str) -> Vec<String> {
    read(text).commands.iter().map(|command| texts(command).join("|")).collect()
}

fn variable<'f>(facts: &'f Facts, name: &str) -> &'f Variable {
    facts.variables.iter().find(|variable| variable.name == name).expect("a variable")
}

fn without(text: &str, span: Span) -> String {
    let mut text = text.to_owned();
    text.replace_range(span, "");
    text
}

#[test]
fn commands_are_found_wherever_they_stand() {
    assert_eq!(
        commands(
            "f() { a 1; }\nif ! b; then c; elif d; then e; else g; fi\n\
             for x in $(h i) j; do k `l`; done | m\ncase $x in y) n;; *) o;; esac\n\
             ( p ) && q || r & { s; } > t\nwhile u; do v; done < w\nX=$(x y) z <(aa) [ \"$(bb)\" ]\n"
        ),
        [
            "a|1",
            "b",
            "c",
            "d",
            "e",
            "g",
            "h|i",
            "k|`l`",
            "l",
            "m",
            "n",
            "o",
            "p",
            "q",
            "r",
            "s",
            "u",
            "v",
            "z|<(aa)|[|$(bb)|]",
            "x|y",
            "aa",
            "bb"
        ]
    );
}

#[test]
fn quotes_are_undone() {
    assert_eq!(
        commands(
            r#"a 'b c'"d e"\ f "g\"h\$i\j" $'k\n\x41\'' $"l" --m="n o" '' p\
q"#
        ),
        ["a|b cd e f|g\"h$i\\j|k\nA'|l|--m=n o||pq"]
    );
}

#[test]
fn redirections_are_no_words() {
    assert_eq!(
        commands("a b >c 2>&1 d </e f <<<g h\n>x i -j\nk | l >m n\no <<EOF p\nbody\nEOF\nq"),
        ["a|b|d|f|h", "i|-j", "k", "l|n", "o|p", "q"]
    );
}

#[test]
fn known_variables_are_put_in() {
    let known = Known::from([("HOST".to_owned(), "pypi.example".to_owned())]);
    let text = "A=1; export B=\"$A-2\"; a $HOST ${HOST%.*} ${B} \"$B$C\" '$A' ${A:-x} ${C:-x} $(b) ${HOST/p/q}";
    let facts = parse(text, 0..text.len(), &Home::Script, &known);
    assert_eq!(
        texts(&facts.commands[0]),
        ["a", "pypi.example", "pypi", "1-2", "1-2$C", "$A", "1", "${C:-x}", "$(b)", "qypi.example"]
    );
    let known: Vec<bool> = facts.commands[0].words.iter().map(|word| word.known).collect();
    assert_eq!(known, [true, true, true, true, false, true, true, false, false, true]);
}

#[test]
fn a_value_that_may_not_have_been_set_is_not_known() {
    assert_eq!(
        commands("X=1; if a; then X=2; b $X; else c $X; fi; d $X"),
        ["a", "b|2", "c|$X", "d|$X"]
    );
    assert_eq!(commands("X=1; (X=2; a $X); b $X"), ["a|2", "b|1"]);
    assert_eq!(
        commands("a || X=2; b $X; X=3 && c $X; unset X; d $X"),
        ["a", "b|$X", "c|3", "d|$X"]
    );
    assert_eq!(commands("X=1; for X in a; do b $X; done; X+=2; c $X"), ["b|$X", "c|$X"]);
    assert_eq!(commands("X=1; read X; b $X; X=$(c); d $X"), ["read|X", "b|$X", "c", "d|$X"]);
}

#[test]
fn assignments_say_how_long_they_last() {
    let text = "A=1 B='2 3' cmd C=4\nexport D=5 E\nreadonly F=6\nG=7\ndeclare -x H=8";
    let facts = read(text);
    let names: Vec<_> = facts.variables.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["A", "B", "D", "E", "F", "G", "H"]);
    assert_eq!(facts.commands[0].assignments, [0, 1]);
    assert_eq!(variable(&facts, "B").origin, Origin::Prefix(Home::Script));
    assert_eq!(variable(&facts, "G").origin, Origin::Shell(Home::Script));
    assert!(variable(&facts, "E").value.is_none());
    let value = variable(&facts, "B").value.as_ref().expect("a value");
    assert_eq!((value.text.as_str(), &text[value.span.clone()]), ("2 3", "'2 3'"));
    assert_eq!(&text[variable(&facts, "D").name_span.clone()], "D");
}

#[test]
fn words_behind_env_and_sudo_set_variables_too() {
    let facts = read("sudo env A=1 'B=2 3' pip install C=4");
    let names: Vec<_> = facts.variables.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["A", "B"]);
    assert_eq!(facts.commands[0].assignments, [0, 1]);
    assert_eq!(facts.commands[0].invocation().expect("one").program, "pip");
}

#[test]
fn an_assignment_goes_with_its_separator() {
    for (text, name, left) in [
        ("A=1 B=2 cmd", "A", "B=2 cmd"),
        ("A=1 \\\n  B=2 cmd", "A", "B=2 cmd"),
        ("export A=1 B=2\nc", "A", "export B=2\nc"),
        ("export A=1 B=2\nc", "B", "export A=1\nc"),
        ("a\n  export A=1\nb", "A", "a\nb"),
        ("a\r\nA=1\r\nb", "A", "a\r\nb"),
        ("A=1; b", "A", "b"),
        ("A=1 && b", "A", "b"),
        ("A=1 &&\n  b", "A", "b"),
        ("a && A=1 && b", "A", "a && b"),
        ("a && A=1", "A", "a"),
        ("a; A=1;\nb", "A", "a; \nb"),
        ("A=1;\nb", "A", "b"),
        ("if a; then A=1; fi", "A", "if a; then A=; fi"),
        ("if a; then\n  A=1\nfi", "A", "if a; then\n  A=\nfi"),
        ("if a; then\n  b\n  A=1\nfi", "A", "if a; then\n  b\n  A=\nfi"),
        ("if a; then\n  b\n  A=1\nfi\nc", "A", "if a; then\n  b\nfi\nc"),
        ("a && A=1; b", "A", "a && A=; b"),
        ("a || A=1", "A", "a || A="),
        ("A=1 # why\nb", "A", " # why\nb"),
        ("env A=1 b", "A", "env b"),
        ("A=1 B=2\nC=3 d", "B", "A=1 \nC=3 d"),
    ] {
        let facts = read(text);
        assert_eq!(without(text, variable(&facts, name).whole.clone()), left, "{text}");
    }
}

#[test]
fn a_word_goes_with_the_blanks_before_it() {
    for (text, word, left) in [
        ("a b c", "b", "a c"),
        ("a \\\n  b \\\n  c", "b", "a \\\n  c"),
        ("a\\\r\n\tb", "b", "a"),
        ("a 'b'>c", "b", "a >c"),
        ("a 2 b>c", "b", "a 2 >c"),
        ("a; b c", "c", "a; b"),
        ("a\n\n  b c", "b", "a\n\n c"),
    ] {
        let facts = read(text);
        let mut words = facts.commands.iter().flat_map(|command| &command.words);
        let word = words.find(|candidate| candidate.text == word).expect("the word");
        assert_eq!(without(text, word.whole.clone()), left, "{text}");
    }
}

#[test]
fn text_that_is_given_to_a_shell_is_read_with_exact_spans() {
    for text in [
        "sh -c 'curl -k x'",
        "sudo bash -euxo pipefail -c \"set -e; curl -k x\"",
        "eval 'curl -k x'",
        "su app -c \"curl -k x\"",
        "bash -c \"echo \\\"a\\\"; curl \\\"-k\\\" x\"",
        "sh -c 'a '\"'\"'b'\"'\"'; curl -k x'",
        "xargs -n1 sh -lc \"sh -c 'curl -k x'\"",
    ] {
        let facts = read(text);
        let curl = facts.commands.iter().find(|command| command.words[0].text == "curl");
        let curl = curl.unwrap_or_else(|| panic!("{text}: {:?}", facts.commands));
        assert_eq!(texts(curl), ["curl", "-k", "x"]);
        let word: &Word = &curl.words[1];
        assert_eq!(text[word.span.clone()].replace(['\\', '"'], ""), "-k");
        assert_eq!(&text[curl.words[0].span.clone()], "curl");
        let left = without(text, word.whole.clone());
        let again = read(&left);
        assert!(again.commands.iter().any(|command| texts(command) == ["curl", "x"]), "{left}");
    }
}

#[test]
fn a_substitution_within_text_for_a_shell_is_found_once() {
    assert_eq!(commands("eval \"$(a b)\""), ["eval|$(a b)", "$(a b)", "a|b"]);
}

#[test]
fn lines_of_assignments_alone_are_no_prefix() {
    let facts = read("A=1 B=2\nC=3 d $A");
    assert_eq!(facts.commands[0].assignments, [2]);
    assert_eq!(texts(&facts.commands[0]), ["d", "1"]);
    assert_eq!(facts.variables[1].origin, Origin::Shell(Home::Script));
}

#[test]
fn comments_know_whether_they_have_their_line() {
    let text = "#!/bin/sh\r\na # b\r\n  # ç\r\nc";
    let found: Vec<_> = read(text)
        .comments
        .into_iter()
        .map(|comment| (text[comment.span.clone()].to_owned(), comment.text, comment.own_line))
        .collect();
    let expected = [("#!/bin/sh", true), ("# b", false), ("# ç", true)]
        .map(|(text, own_line)| (text.to_owned(), text[1..].to_owned(), own_line));
    assert_eq!(found, expected);
}

#[test]
fn what_is_broken_is_said_and_the_rest_is_used() {
    for text in [
        "a 1; b) ; curl -k x",
        "if a; then curl -k x",
        "curl -k x; a \"b",
        "for; do curl -k x; done",
        "a $(b; curl -k x",
        "curl -k x && (",
    ] {
        let facts = read(text);
        assert!(!facts.errors.is_empty(), "{text}");
        let found =
            facts.commands.iter().any(|command| texts(command).starts_with(&["curl", "-k", "x"]));
        assert!(found, "{text}: {:?}", facts.commands);
    }
}

#[test]
fn deep_nesting_ends() {
    let text = "$(".repeat(5000) + &"(".repeat(5000);
    assert!(!read(&text).errors.is_empty());
}

#[test]
fn a_part_of_a_file_is_read_where_it_stands() {
    let file = "é: a b";
    let facts = parse(file, 4..file.len(), &Home::Ci, &Known::new());
    assert_eq!(&file[facts.commands[0].words[1].whole.clone()], " b");
    assert_eq!(facts.commands[0].home, Home::Ci);
}

#[test]
fn interpreters_of_scripts_are_told_apart() {
    assert!(is_shell_script("echo"));
    assert!(is_shell_script("#!/bin/sh -e\n"));
    assert!(is_shell_script("#! /usr/bin/env -S bash -e\n"));
    assert!(!is_shell_script("#!/usr/bin/env python3\n"));
}

#[test]
fn what_a_ci_service_puts_in_is_not_known() {
    let text = "curl -k ${{ env.é }}/x --y=\"${{ z }}\"\nexport A=${{ secrets.B }}";
    let facts = read(text);
    assert_eq!(texts(&facts.commands[0]), ["curl", "-k", "${{ env.é }}/x", "--y=${{ z }}"]);
    assert!(!facts.commands[0].words[2].known && facts.errors.is_empty());
    assert!(!variable(&facts, "A").value.as_ref().expect("a value").known);
}

#[test]
fn a_command_goes_with_its_separator() {
    for (text, left) in [
        ("npm x\nb", Some("b")),
        ("a && npm x >y && b", Some("a && b")),
        ("A=1; A=1 npm x", Some("A=1")),
        ("set -e; a; npm x", Some("set -e; a")),
        // Behind it nobody asked whether this failed.
        ("a; npm x", None),
        ("a && npm x", Some("a")),
        ("a &&\n  npm x", Some("a")),
        ("a && npm x; b", None),
        ("a &&\n  npm x\nb", None),
        ("a ||\n  npm x\nb", None),
        ("a && # why\n  npm x", None),
        ("a || b && npm x; c", None),
        ("a && npm x || b", None),
        ("if a; npm x; then b; fi", None),
        ("if a; then npm x; fi; b", None),
        ("if a; then b; npm x; fi; c", Some("if a; then b; fi; c")),
        ("a || { b; npm x; } && c", None),
        ("npm x || true", None),
        ("b | npm x", None),
        ("if npm x; then b; fi", None),
        ("if a; then npm x; b; fi", Some("if a; then b; fi")),
        ("if a; then b; npm x; fi", None),
        ("f() {\n  npm x\n}", None),
        ("X=$(npm x)", None),
        ("sh -c 'npm x'", Some("sh -c ''")),
        ("npm x <<E\nb\nE\nc", None),
        ("(echo; npm x)", Some("(echo)")),
        ("npm x &", None),
    ] {
        let facts = read(text);
        let npm = facts.commands.iter().find(|command| command.words[0].text == "npm");
        let whole = facts.whole_of(npm.expect("the command"));
        assert_eq!(whole.map(|whole| without(text, whole.clone())).as_deref(), left, "{text}");
    }
}
