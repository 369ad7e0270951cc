//! What holds for every Dockerfile, whatever its shape.

use provender_lint::Span;
use provender_lint::dockerfile::{self, Body, Dockerfile};
use provender_lint::facts::{Command, Facts, Word};

use crate::shapes::{self, Random};

/// Every span of a parsed file, with what it is.
fn spans(dockerfile: &Dockerfile, facts: &Facts) -> Vec<(&'static str, Span)> {
    let mut all = Vec::new();
    let mut word = |kind, word: &Word| {
        all.push((kind, word.span.clone()));
        all.push((kind, word.whole.clone()));
    };
    dockerfile.stages.iter().for_each(|stage| word("base", &stage.base));
    facts.commands.iter().flat_map(|one| &one.words).for_each(|one| word("word", one));
    facts.variables.iter().flat_map(|one| &one.value).for_each(|one| word("value", one));
    for instruction in &dockerfile.instructions {
        instruction.flags.iter().for_each(|flag| word("flag", &flag.word));
        instruction.words().iter().for_each(|one| word("argument", one));
    }
    for instruction in &dockerfile.instructions {
        all.push(("keyword", instruction.keyword_span.clone()));
        all.push(("instruction", instruction.span.clone()));
        all.push(("lines", instruction.lines.clone()));
        for heredoc in &instruction.heredocs {
            all.push(("operator", heredoc.operator.clone()));
            all.push(("heredoc", heredoc.content.clone()));
        }
        match &instruction.body {
            Body::Exec { span, .. } => all.push(("exec", span.clone())),
            Body::Shell { span, script } => {
                all.push(("shell", span.clone()));
                all.extend(script.clone().map(|script| ("script", script)));
            }
            Body::Words(_) => {}
        }
    }
    for variable in &facts.variables {
        all.push(("name", variable.name_span.clone()));
        all.push(("variable", variable.whole.clone()));
    }
    all.extend(facts.commands.iter().map(|one| ("command", one.span.clone())));
    for removal in &facts.removals {
        all.push(("removal", removal.command.clone()));
        all.push(("removal", removal.whole.clone()));
    }
    all.extend(facts.comments.iter().map(|one| ("comment", one.span.clone())));
    all.extend(facts.errors.iter().map(|one| ("error", one.span.clone())));
    all
}

/// Asserts what holds for every text, however broken.
fn check(text: &str) -> (Dockerfile, Facts) {
    let (dockerfile, facts) = dockerfile::parse(text);
    for (kind, span) in spans(&dockerfile, &facts) {
        assert!(text.get(span.clone()).is_some(), "{kind} at {span:?} of {text:?}");
    }
    let mut end = 0;
    for instruction in &dockerfile.instructions {
        assert!(end <= instruction.lines.start, "instructions overlap in {text:?}");
        end = instruction.lines.end;
        let keyword = &text[instruction.keyword_span.clone()];
        let continued = keyword.contains(['\\', '`', '\n']);
        assert!(continued || keyword.eq_ignore_ascii_case(&instruction.keyword), "{keyword}");
        let within = |span: &Span, outer: &Span| outer.start <= span.start && span.end <= outer.end;
        assert!(within(&instruction.span, &instruction.lines));
        assert!(within(&instruction.keyword_span, &instruction.span));
        let words =
            instruction.words().iter().chain(instruction.flags.iter().map(|flag| &flag.word));
        for word in words {
            assert!(within(&word.span, &instruction.span), "{word:?} in {text:?}");
            assert!(within(&word.span, &word.whole), "{word:?} in {text:?}");
        }
    }
    for command in &facts.commands {
        assert!(!command.words.is_empty());
        assert!(command.assignments.iter().all(|&index| index < facts.variables.len()));
        let ends = command.words.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start);
        assert!(ends, "words overlap: {command:?} in {text:?}");
    }
    assert!(facts.commands.is_sorted_by_key(|one| one.span.start), "{text:?}");
    assert!(facts.variables.is_sorted_by_key(|one| one.name_span.start), "{text:?}");
    assert!(facts.comments.is_sorted_by_key(|one| one.span.start), "{text:?}");
    for stage in &dockerfile.stages {
        assert_eq!(dockerfile.instructions[stage.instructions.start].keyword, "FROM");
    }
    for index in 0..=dockerfile.instructions.len() {
        dockerfile.environment_at(index);
    }
    (dockerfile, facts)
}

fn texts(command: &Command) -> Vec<&str> {
    command.words.iter().map(|word| word.text.as_str()).collect()
}

#[test]
fn every_shape_is_read_with_spans_in_their_place() {
    for shape in shapes::all(600) {
        let (dockerfile, facts) = check(&shape.text);
        if shape.valid {
            assert!(facts.errors.is_empty(), "{}: {:?}\n{}", shape.seed, facts.errors, shape.text);
            assert!(!dockerfile.stages.is_empty());
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_shape() {
    assert_eq!(shapes::shape(7).text, shapes::shape(7).text);
    let distinct: std::collections::BTreeSet<_> =
        shapes::all(500).map(|shape| shape.text).collect();
    assert!(distinct.len() > 490, "{}", distinct.len());
}

#[test]
fn deleting_a_word_leaves_everything_else() {
    let mut deleted = 0;
    for shape in shapes::all(500).filter(|shape| shape.valid) {
        let mut random = Random::new(shape.seed);
        let facts = check(&shape.text).1;
        for _ in 0..4 {
            if facts.commands.is_empty() {
                break;
            }
            let at = random.below(facts.commands.len());
            let command = &facts.commands[at];
            let reads_script =
                texts(command).iter().any(|word| matches!(*word, "sh" | "bash" | "eval"));
            if command.words.len() < 2 || reads_script {
                continue;
            }
            let index = 1 + random.below(command.words.len() - 1);
            let word = &command.words[index];
            let mut text = shape.text.clone();
            text.replace_range(word.whole.clone(), "");
            let expected: Vec<Vec<&str>> = facts
                .commands
                .iter()
                .enumerate()
                .filter(|(other, one)| {
                    // What stands in the word goes with it.
                    *other == at || one.span.start < word.span.start || one.span.end > word.span.end
                })
                .map(|(other, one)| {
                    let mut words = texts(one);
                    if other == at {
                        words.remove(index);
                    }
                    words
                })
                .collect();
            let again = check(&text).1;
            let found: Vec<Vec<&str>> = again.commands.iter().map(texts).collect();
            // A command around the deleted word, such as that of a substitution, says it in its own words.
            let around = facts.commands.iter().enumerate().any(|(other, one)| {
                other != at
                    && one.words.iter().any(|outer| {
                        outer.span.start <= word.span.start && word.span.end <= outer.span.end
                    })
            });
            if around {
                assert_eq!(found.len(), expected.len());
            } else {
                assert_eq!(found, expected, "without {word:?} of\n{}\nit is\n{text}", shape.text);
            }
            assert!(again.errors.is_empty(), "{:?}\n{text}", again.errors);
            deleted += 1;
        }
    }
    assert!(deleted > 800, "{deleted}");
}

#[test]
fn deleting_a_variable_leaves_everything_else() {
    let mut deleted = 0;
    for shape in shapes::all(300).filter(|shape| shape.valid) {
        let facts = check(&shape.text).1;
        for (index, variable) in facts.variables.iter().enumerate() {
            let mut text = shape.text.clone();
            text.replace_range(variable.whole.clone(), "");
            let again = check(&text).1;
            let mut expected: Vec<_> = facts.variables.iter().map(|one| &one.name).collect();
            expected.remove(index);
            let found: Vec<_> = again.variables.iter().map(|one| &one.name).collect();
            assert_eq!(found, expected, "without {variable:?} of\n{}\nit is\n{text}", shape.text);
            assert_eq!(again.commands.len(), facts.commands.len(), "{text}");
            assert!(again.errors.is_empty(), "{:?}\n{text}", again.errors);
            deleted += 1;
        }
    }
    assert!(deleted > 200, "{deleted}");
}

#[test]
fn deleting_a_command_leaves_everything_else() {
    let mut deleted = 0;
    for shape in shapes::all(300).filter(|shape| shape.valid) {
        let facts = check(&shape.text).1;
        for removal in &facts.removals {
            let mut text = shape.text.clone();
            text.replace_range(removal.whole.clone(), "");
            let (whole, command) = (&removal.whole, &removal.command);
            let expected: Vec<Vec<&str>> = facts
                .commands
                .iter()
                .filter(|one| one.span.start < whole.start || one.span.end > whole.end)
                .map(texts)
                .collect();
            let again = check(&text).1;
            let found: Vec<Vec<&str>> = again.commands.iter().map(texts).collect();
            assert!(whole.start <= command.start && command.end <= whole.end);
            let around = facts.commands.iter().any(|one| {
                one.words
                    .iter()
                    .any(|word| word.span.start <= command.start && command.end <= word.span.end)
                    && one.span != *command
            });
            if around {
                assert_eq!(found.len(), expected.len());
            } else {
                assert_eq!(found, expected, "without {whole:?} of\n{}\nit is\n{text}", shape.text);
            }
            assert!(again.errors.is_empty(), "{:?}\n{text}", again.errors);
            deleted += 1;
        }
    }
    assert!(deleted > 300, "{deleted}");
}

#[test]
fn random_changes_of_bytes_are_survived() {
    for shape in shapes::all(300) {
        let mut random = Random::new(shape.seed ^ 0xf00d);
        let mut bytes = shape.text.clone().into_bytes();
        for _ in 0..6 {
            mutate(&mut bytes, &mut random);
            check(&String::from_utf8_lossy(&bytes));
        }
    }
}

const NASTY: &[&[u8]] = &[
    b"\\\n",
    b"\\",
    b"\n",
    b"\r",
    b"\"",
    b"'",
    b"`",
    b"$(",
    b"${",
    b")",
    b"}",
    b"<<EOF",
    b"<<-",
    b"#",
    b"[\"",
    b"\"]",
    b" ",
    b"\t",
    b"\xc3\xa9",
    b"\xff",
    b"\0",
    b"&&",
    b";;",
    b"|",
    b"<",
    b">",
    b"=",
    b"--",
    b"FROM a\n",
    b"ENV A=$A\n",
    b"ONBUILD ",
    b"RUN ",
    b"sh -c \"",
    b"eval '",
    b"\xef\xbb\xbf",
];

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let to = (at + random.below(12)).min(bytes.len());
    match random.below(5) {
        0 => drop(bytes.drain(at..to)),
        1 => drop(bytes.splice(at..at, random.pick(NASTY).iter().copied())),
        2 => drop(bytes.splice(at..to, random.pick(NASTY).iter().copied())),
        3 => {
            let copied = bytes[at..to].to_vec();
            let place = random.below(bytes.len() + 1);
            drop(bytes.splice(place..place, copied));
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.below(256) as u8;
            }
        }
    }
}
