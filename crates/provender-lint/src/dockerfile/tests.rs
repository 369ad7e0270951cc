//! Tests of reading Dockerfiles.

use super::*;
use crate::facts::{Command, Facts, Home, Origin, Variable};

fn read(text: &str) -> (Dockerfile, Facts) {
    parse(text)
}

fn joined(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join("|")
}

/// Each command with its words joined by `|`.
fn commands(text: &str) -> Vec<String> {
    read(text).1.commands.iter().map(|command| joined(&command.words)).collect()
}

fn keywords(text: &str) -> Vec<String> {
    read(text).0.instructions.into_iter().map(|instruction| instruction.keyword).collect()
}

fn command<'f>(facts: &'f Facts, program: &str) -> &'f Command {
    facts.commands.iter().find(|command| command.words[0].text == program).expect("a command")
}

fn variable<'f>(facts: &'f Facts, name: &str) -> &'f Variable {
    facts.variables.iter().find(|variable| variable.name == name).expect("a variable")
}

fn value(facts: &Facts, name: &str) -> (String, bool) {
    let word = variable(facts, name).value.as_ref().expect("a value");
    (word.text.clone(), word.known)
}

fn without(text: &str, span: Span) -> String {
    let mut text = text.to_owned();
    text.replace_range(span, "");
    text
}

#[test]
fn directives_stand_at_the_top_only() {
    let (dockerfile, facts) = read("# Syntax = a/b:1\n#escape=`\n# note\n# check=x\nFROM a\n");
    let names: Vec<_> = dockerfile.directives.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["syntax", "escape"]);
    assert_eq!(dockerfile.directives[0].1, "a/b:1");
    assert_eq!(dockerfile.escape, '`');
    assert_eq!(facts.comments.len(), 2);
    assert!(read("\n# escape=`\nFROM a").0.directives.is_empty());
    assert_eq!(read("# escape=`\n# escape=\\\nFROM a").1.errors.len(), 1);
}

#[test]
fn a_backtick_continues_where_the_directive_says_so() {
    let text = "# escape=`\nFROM a\nRUN b `\n  c\\ d\nENV X=a` b\n";
    let (dockerfile, facts) = read(text);
    assert_eq!(dockerfile.instructions.len(), 3);
    assert_eq!(value(&facts, "X"), ("a b".to_owned(), true));
    assert_eq!(commands(text), ["b|c d"]);
}

#[test]
fn a_continuation_skips_comments_and_empty_lines() {
    let text = "FROM a\nRUN b \\\n  # c \\\n\n  d && \\  \n\t# é\n  e f\\\ng\n# h\nUSER i\n";
    let (dockerfile, facts) = read(text);
    assert_eq!(commands(text), ["b|d", "e|fg"]);
    assert_eq!(dockerfile.instructions.len(), 3);
    let comments: Vec<_> =
        facts.comments.iter().map(|comment| &text[comment.span.clone()]).collect();
    assert_eq!(comments, ["# c \\", "# é", "# h"]);
    let run = &dockerfile.instructions[1];
    assert!(text[run.span.clone()].ends_with("f\\\ng"));
    assert_eq!(&text[run.lines.end..], "# h\nUSER i\n");
}

#[test]
fn a_word_goes_with_the_continuation_before_it() {
    for (text, word, left) in [
        ("FROM a\nRUN b \\\n  -c \\\n  d\n", "-c", "FROM a\nRUN b \\\n  d\n"),
        ("FROM a\nRUN b \\\n  # why\n  -c\nUSER d\n", "-c", "FROM a\nRUN b\nUSER d\n"),
        ("FROM a\nRUN b\\\n -c\\\n d\n", "-c", "FROM a\nRUN b\\\n d\n"),
        ("FROM a\r\nRUN b \\\r\n  -c \\\r\n  d\r\n", "-c", "FROM a\r\nRUN b \\\r\n  d\r\n"),
        ("FROM a\nRUN cat <<E -c\nx\nE\n", "-c", "FROM a\nRUN cat <<E\nx\nE\n"),
        ("FROM a\nRUN [\"b\", \"-c\"]\n", "-c", "FROM a\nRUN [\"b\"]\n"),
        (
            "FROM a\nRUN [\"sh\", \"-c\", \"b \\\"-c\\\" d\"]\n",
            "-c",
            "FROM a\nRUN [\"sh\", \"-c\", \"b d\"]\n",
        ),
    ] {
        let facts = read(text).1;
        let mut words = facts.commands.iter().rev().flat_map(|command| &command.words);
        let word = words.find(|candidate| candidate.text == word).expect("the word");
        assert_eq!(without(text, word.whole.clone()), left, "{text}");
    }
}

#[test]
fn stages_stand_on_images_and_on_each_other() {
    let text = "ARG V=3\nFROM --platform=$BUILDPLATFORM reg.example/a:${V}@sha256:0 AS Base\nRUN x\n\
                from base as two\nFROM ${W:-c}\nFROM $Q\n";
    let (dockerfile, facts) = read(text);
    let bases: Vec<_> = dockerfile.stages.iter().map(|stage| stage.base.text.as_str()).collect();
    assert_eq!(bases, ["reg.example/a:3@sha256:0", "base", "c", "$Q"]);
    assert_eq!(dockerfile.stages[0].name.as_deref(), Some("base"));
    assert_eq!(dockerfile.stages[1].base_stage, Some(0));
    assert_eq!(dockerfile.stages[0].instructions, 1..3);
    assert_eq!(dockerfile.stages[3].instructions, 5..6);
    assert!(!dockerfile.stages[3].base.known);
    assert_eq!(dockerfile.instructions[0].stage, None);
    assert_eq!(dockerfile.instructions[2].stage, Some(0));
    assert_eq!(dockerfile.instructions[1].flags[0].value.as_deref(), Some("$BUILDPLATFORM"));
    assert!(facts.errors.is_empty());
    assert_eq!(command(&facts, "x").home, Home::Run { stage: 0, instruction: 2 });
}

#[test]
fn flags_are_split_from_what_they_belong_to() {
    let text = "FROM a\nRUN --mount=type=secret,id=x \\\n  --mount=type=cache,target=/$D --network=none -- --b c\n";
    let (dockerfile, facts) = read(text);
    let run = &dockerfile.instructions[1];
    let mounts: Vec<_> = run.flag_values("mount").collect();
    assert_eq!(mounts, ["type=secret,id=x", "type=cache,target=/$D"]);
    assert_eq!(&text[run.flags[2].word.span.clone()], "--network=none");
    assert_eq!(
        without(text, run.flags[1].word.whole.clone()),
        "FROM a\nRUN --mount=type=secret,id=x --network=none -- --b c\n"
    );
    assert_eq!(joined(&facts.commands[0].words), "--b|c");
}

#[test]
fn env_and_arg_set_variables() {
    let text = "FROM a\nENV A=1 B=\"2 3\" \\\n  C='4' D=\nENV E 5 6\nARG F=7 G H=\"$F-$A\"\nenv I=${A}x J=$I K=\\$A\n";
    let facts = read(text).1;
    for (name, expected) in [
        ("A", "1"),
        ("B", "2 3"),
        ("C", "4"),
        ("D", ""),
        ("E", "5 6"),
        ("F", "7"),
        ("H", "7-1"),
        ("I", "1x"),
        ("K", "$A"),
    ] {
        assert_eq!(value(&facts, name), (expected.to_owned(), true), "{name}");
    }
    assert_eq!(value(&facts, "J"), ("$I".to_owned(), false));
    assert!(variable(&facts, "G").value.is_none());
    assert_eq!(variable(&facts, "A").origin, Origin::DockerEnv { stage: 0 });
    assert_eq!(variable(&facts, "G").origin, Origin::DockerArg { stage: Some(0) });
    let value = variable(&facts, "B").value.as_ref().expect("a value");
    assert_eq!(&text[value.span.clone()], "\"2 3\"");
    assert_eq!(&text[variable(&facts, "B").name_span.clone()], "B");
}

#[test]
fn a_variable_goes_alone_or_with_its_instruction() {
    for (text, name, left) in [
        ("FROM a\nENV A=1\nUSER b\n", "A", "FROM a\nUSER b\n"),
        ("FROM a\nENV A 1", "A", "FROM a\n"),
        ("FROM a\nENV A=1 \\\n  # c\n    B=2\n", "A", "FROM a\nENV B=2\n"),
        ("FROM a\nENV A=1 \\\n    B=2\nUSER b\n", "B", "FROM a\nENV A=1\nUSER b\n"),
        ("FROM a\nRUN export A=1\nUSER b\n", "A", "FROM a\nUSER b\n"),
        ("FROM a\nRUN export A=1 && \\\n  b\n", "A", "FROM a\nRUN b\n"),
        ("FROM a\nRUN b \\\n && A=1\nUSER c\n", "A", "FROM a\nRUN b\nUSER c\n"),
        ("FROM a\nRUN A=1 \\\n  b\n", "A", "FROM a\nRUN b\n"),
        ("FROM a\nRUN <<E\nexport A=1\nb\nE\n", "A", "FROM a\nRUN <<E\nb\nE\n"),
        ("FROM a\nRUN <<E\nexport A=1\nE\nUSER c\n", "A", "FROM a\nUSER c\n"),
    ] {
        let facts = read(text).1;
        assert_eq!(without(text, variable(&facts, name).whole.clone()), left, "{text}");
    }
}

#[test]
fn variables_are_in_force_where_the_reference_says() {
    let text = "ARG G=global\nARG X\nFROM a AS one\nRUN r1 $G\nARG G\nARG X=arg\nENV X=env\nARG X=late\n\
                RUN r2 $G $X\nFROM one\nRUN r3 $X $G\nFROM b\nRUN r4 $X $G\n";
    let (dockerfile, facts) = read(text);
    for (program, words) in
        [("r1", "r1|$G"), ("r2", "r2|global|env"), ("r3", "r3|env|global"), ("r4", "r4|$X|$G")]
    {
        let found = command(&facts, program);
        assert_eq!(joined(&found.words), words);
        let Home::Run { instruction, .. } = found.home else { panic!("{found:?}") };
        for (name, binding) in dockerfile.environment_at(instruction) {
            let value = binding.value.expect("a value");
            assert!(joined(&found.words).contains(&value), "{name}={value} at {program}");
        }
    }
    let names =
        |instruction: usize| dockerfile.environment_at(instruction).into_keys().collect::<Vec<_>>();
    assert_eq!(names(2), ["G", "X"]);
    assert!(names(3).is_empty());
    assert_eq!(names(8), ["G", "X"]);
    assert_eq!(dockerfile.environment_at(8)["X"].source, Source::Env);
    assert!(names(12).is_empty());
}

#[test]
fn a_heredoc_alone_is_a_script() {
    let text = "FROM a\nRUN --network=none <<EOF\n# c\nset -e\ncurl \\\n  -k\nEOF\nUSER b\n";
    let (dockerfile, facts) = read(text);
    let run = &dockerfile.instructions[1];
    let Body::Shell { script: Some(script), span } = &run.body else { panic!("{run:?}") };
    assert_eq!(&text[script.clone()], "# c\nset -e\ncurl \\\n  -k\n");
    assert!(text[span.clone()].starts_with("<<EOF\n") && text[span.clone()].ends_with("\nEOF"));
    assert_eq!(&text[run.lines.end..], "USER b\n");
    assert_eq!(commands(text), ["set|-e", "curl|-k"]);
    assert!(facts.comments[0].own_line);
}

#[test]
fn other_heredocs_are_input() {
    let text = "FROM a\nRUN cat <<-'A' >x && cat <<B\n\tRUN no\n\tA\ncurl -k\nB\nCOPY <<c.txt <<\"d\" /e/\nFROM no\nc.txt\nx\nd\nRUN f\n";
    let (dockerfile, facts) = read(text);
    assert_eq!(commands(text), ["cat", "cat", "f"]);
    assert_eq!(keywords(text), ["FROM", "RUN", "COPY", "RUN"]);
    let names: Vec<_> = dockerfile.instructions.iter().flat_map(|one| &one.heredocs).collect();
    assert_eq!(
        names.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
        ["A", "B", "c.txt", "d"]
    );
    assert!(names[0].strips_tabs && !names[0].expands && names[1].expands);
    assert_eq!(&text[names[3].content.clone()], "x\n");
    assert_eq!(joined(dockerfile.instructions[2].words()), "<<c.txt|<<\"d\"|/e/".replace('"', ""));
    assert!(facts.errors.is_empty());
}

#[test]
fn interpreters_read_their_own_heredocs() {
    assert_eq!(commands("FROM a\nRUN <<E\n#!/bin/bash -e\ncurl\nE\n"), ["curl"]);
    assert_eq!(commands("FROM a\nRUN <<E\n#!/usr/bin/env python3\nimport x\nE\n"), [""; 0]);
    assert_eq!(commands("FROM a\nRUN bash -ex <<E\ncurl -k\nE\n"), ["bash|-ex", "curl|-k"]);
    assert_eq!(commands("FROM a\nRUN python3 <<E\nimport x\nE\n"), ["python3"]);
}

#[test]
fn the_exec_form_is_one_command() {
    let text = "FROM a\nRUN [\"curl\", \"-k\", \"$X\"]\nCMD [ \"sh\", \"-c\", \"curl \\\"-k\\\" é\" ]\nENTRYPOINT ['a']\n";
    let (dockerfile, facts) = read(text);
    assert_eq!(commands(text)[..3], ["curl|-k|$X", "sh|-c|curl \"-k\" é", "curl|-k|é"]);
    assert!(facts.commands[0].words.iter().all(|word| word.known));
    assert_eq!(facts.commands[2].home, Home::Container { stage: Some(0) });
    assert_eq!(&text[facts.commands[2].words[1].span.clone()], "\\\"-k\\\"");
    let Body::Exec { span, words } = &dockerfile.instructions[1].body else { panic!() };
    assert_eq!(&text[span.clone()], "[\"curl\", \"-k\", \"$X\"]");
    assert_eq!(&text[words[1].span.clone()], "\"-k\"");
    assert!(matches!(dockerfile.instructions[3].body, Body::Shell { .. }));
}

#[test]
fn onbuild_holds_an_instruction() {
    let text = "FROM a\nONBUILD run --mount=type=tmpfs,target=/t \\\n curl -k\nONBUILD ENV A=1\nRUN b $A\n";
    let (dockerfile, facts) = read(text);
    let run = &dockerfile.instructions[1];
    assert!(run.onbuild && run.keyword == "RUN" && run.flags.len() == 1);
    assert_eq!(&text[run.keyword_span.clone()], "run");
    assert!(text[run.span.clone()].starts_with("ONBUILD run"));
    assert_eq!(commands(text), ["curl|-k", "b|$A"]);
    assert_eq!(value(&facts, "A").0, "1");
}

#[test]
fn a_health_check_may_run_a_command() {
    let text = "FROM a\nHEALTHCHECK --interval=5s CMD curl -k x || exit 1\nHEALTHCHECK NONE\nHEALTHCHECK CMD [\"w\", \"x\"]\nHEALTHCHECK x\n";
    let (dockerfile, facts) = read(text);
    assert_eq!(commands(text), ["curl|-k|x", "exit|1", "w|x"]);
    assert_eq!(joined(dockerfile.instructions[2].words()), "NONE");
    assert_eq!(facts.errors.len(), 1);
}

#[test]
fn another_shell_is_not_read_as_sh() {
    let text = "FROM a AS w\nSHELL [\"powershell\", \"-Command\"]\nRUN a -b\nCMD c\nFROM w\nRUN d\n\
                SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN e\nFROM b\nRUN f\n\
                FROM reg.example/windows/servercore\nRUN g\n";
    assert_eq!(commands(text), ["e", "f"]);
    assert_eq!(read("FROM a\nSHELL bash\n").1.errors.len(), 1);
}

#[test]
fn other_instructions_have_words() {
    let text = "FROM a\nCOPY --from=b [\"c d\", \"/e $X\"]\nLABEL f=g h=\"i j\"\nWORKDIR /k l\nEXPOSE 80\t81/udp\nUSER \"m\"\nVOLUME /n /o\n";
    let (dockerfile, _) = read(text);
    let words: Vec<_> =
        dockerfile.instructions[1..].iter().map(|one| joined(one.words())).collect();
    assert_eq!(words, ["c d|/e $X", "f=g|h=i j", "/k l", "80|81/udp", "m", "/n|/o"]);
    let copy = &dockerfile.instructions[1];
    assert_eq!(
        without(text, copy.words()[0].whole.clone())[..31],
        *"FROM a\nCOPY --from=b [\"/e $X\"]\n"
    );
}

#[test]
fn marks_and_ends_of_lines_do_not_matter() {
    let text = "\u{feff}# syntax=x\r\nFROM a\r\n\r\nRUN b \\\r\n\tc\r\nENV A=1\r\nRUN <<E\r\nd é\r\nE\r\nUSER f";
    let (dockerfile, facts) = read(text);
    assert_eq!(dockerfile.directives.len(), 1);
    assert_eq!(keywords(text), ["FROM", "RUN", "ENV", "RUN", "USER"]);
    assert_eq!(commands(text), ["b|c", "d|é"]);
    assert_eq!(value(&facts, "A").0, "1");
    assert!(facts.errors.is_empty());
}

#[test]
fn what_the_builder_refuses_is_an_error_and_the_rest_is_used() {
    for text in [
        "FROM a\nFETCH x\nRUN y\n",
        "FROM a\nRUN\nRUN y\n",
        "FROM a b\nRUN y\n",
        "FROM a\nENV A\nRUN y\n",
        "FROM a\nENV A=1 B\nRUN y\n",
        "FROM a\nRUN y <<EOF\nz\n",
        "FROM a\nRUN y \"z\n",
        "FROM a\nONBUILD ONBUILD RUN x\nRUN y\n",
        "# escape=x\nFROM a\nRUN y\n",
    ] {
        let facts = read(text).1;
        assert!(!facts.errors.is_empty(), "{text}");
        assert_eq!(command(&facts, "y").words[0].text, "y");
    }
    assert!(read("").0.instructions.is_empty());
}

#[test]
fn a_keyword_may_be_continued() {
    assert_eq!(keywords("FR\\\nOM a\n\\\nRUN b \\\n"), ["FROM", "RUN"]);
    assert_eq!(commands("FROM a\nRUN b \\\n# c"), ["b"]);
    assert_eq!(commands("FROM a\nRUN b \\\\\nUSER c"), ["b|\\"]);
}

#[test]
fn a_command_goes_with_its_instruction_if_it_is_alone() {
    for (text, left) in [
        ("FROM a\nRUN npm x\nUSER b\n", Some("FROM a\nUSER b\n")),
        ("FROM a\nRUN [\"npm\"]\nUSER b\n", Some("FROM a\nUSER b\n")),
        ("FROM a\nRUN c && \\\n # d\n npm x\nUSER b\n", Some("FROM a\nRUN c\nUSER b\n")),
        ("FROM a\nRUN <<E\nnpm x\nE\nUSER b\n", Some("FROM a\nUSER b\n")),
        ("FROM a\nRUN \\\n npm x # c\nUSER b\n", Some("FROM a\nUSER b\n")),
        ("FROM a\nRUN npm x <<E\nc\nE\n", None),
        ("FROM a\nCMD npm x\n", None),
    ] {
        let facts = read(text).1;
        let whole = facts.whole_of(command(&facts, "npm"));
        assert_eq!(whole.map(|whole| without(text, whole.clone())).as_deref(), left, "{text}");
    }
}
