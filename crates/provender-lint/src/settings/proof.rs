//! What the tests of all formats ask of a parser.

use crate::facts::{Facts, Setting, Span};

/// Reads a text and holds that every span lies in it, in order and between characters.
pub(crate) fn check(text: &str, parse: impl Fn(&str) -> Facts) -> Facts {
    let facts = parse(text);
    check_spans(text, &facts);
    facts
}

/// Holds that every span lies in the text, in order and between characters.
pub(crate) fn check_spans(text: &str, facts: &Facts) {
    let holds = |span: &Span| {
        assert!(text.get(span.clone()).is_some(), "{span:?} in {text:?}");
    };
    for setting in &facts.settings {
        holds(&setting.key);
        holds(&setting.whole);
        for value in &setting.values {
            holds(&value.span);
            holds(&value.whole);
        }
    }
    for variable in &facts.variables {
        holds(&variable.name_span);
        holds(&variable.whole);
        if let Some(value) = &variable.value {
            holds(&value.span);
            holds(&value.whole);
        }
    }
    for command in &facts.commands {
        holds(&command.span);
        assert!(!command.words.is_empty());
        for word in &command.words {
            holds(&word.span);
            holds(&word.whole);
        }
        for assignment in &command.assignments {
            assert!(*assignment < facts.variables.len());
        }
    }
    for comment in &facts.comments {
        holds(&comment.span);
    }
    for error in &facts.errors {
        holds(&error.span);
    }
}

/// The one setting of this path.
pub(crate) fn setting<'a>(facts: &'a Facts, path: &[&str]) -> &'a Setting {
    let found: Vec<_> = facts.settings.iter().filter(|setting| setting.path == path).collect();
    let paths: Vec<_> = facts.settings.iter().map(|setting| &setting.path).collect();
    assert_eq!(found.len(), 1, "{path:?} among {paths:?}");
    found[0]
}

/// The text without this setting; holds that it is readable and says everything else as before.
pub(crate) fn without(text: &str, parse: impl Fn(&str) -> Facts, path: &[&str]) -> String {
    let facts = check(text, &parse);
    let rest = cut(text, &setting(&facts, path).whole);
    let after = check(&rest, &parse);
    assert_eq!(after.errors.len(), facts.errors.len(), "{rest}");
    let values = |facts: &Facts| -> Vec<(usize, String)> {
        let kept = facts.settings.iter().filter(|setting| setting.path != path);
        kept.map(|setting| (setting.path.len(), setting.value.clone())).collect()
    };
    assert_eq!(values(&facts), values(&after), "{rest}");
    rest
}

/// The text without the one value of this setting; holds that the others are still there.
pub(crate) fn without_value(
    text: &str,
    parse: impl Fn(&str) -> Facts,
    path: &[&str],
    index: usize,
) -> String {
    let facts = check(text, &parse);
    let before = setting(&facts, path);
    let rest = cut(text, &before.values[index].whole);
    let after = check(&rest, &parse);
    assert_eq!(after.errors.len(), facts.errors.len(), "{rest}");
    let texts = |setting: &Setting| -> Vec<String> {
        setting.values.iter().map(|value| value.text.clone()).collect()
    };
    let mut expected = texts(before);
    expected.remove(index);
    assert_eq!(texts(setting(&after, path)), expected, "{rest}");
    rest
}

/// The text without a span.
pub(crate) fn cut(text: &str, span: &Span) -> String {
    format!("{}{}", &text[..span.start], &text[span.end..])
}
