use super::*;

fn assigned(text: &str) -> DefaultValue {
    with("a.py", text, |module| {
        let assignment = module.of_kind("assignment").next().unwrap();
        module.value(assignment.child_by_field_name("right").unwrap())
    })
}

#[test]
fn a_literal_has_its_value() {
    for (expression, value) in [
        ("'a'", "a"),
        (r#""it's""#, "it's"),
        (r"'it\'s\n'", "it's\n"),
        (r"r'a\b'", r"a\b"),
        ("'''a\nb'''", "a\nb"),
        ("('a' # why\n 'b')", "ab"),
        ("u'a' \"b\"", "ab"),
        ("''", ""),
        ("8_000", "8000"),
        ("-1.5", "-1.5"),
        ("True", "true"),
    ] {
        let found = assigned(&format!("x = {expression}\n"));
        assert_eq!(found, DefaultValue::Literal(value.to_owned()), "{expression}");
    }
    assert_eq!(assigned("x = None"), DefaultValue::Unset);
}

#[test]
fn what_is_computed_is_left_open() {
    for expression in
        ["f'{a}'", "b'a'", r"'\x41'", "'a' f'{b}'", "rb'a'", "a", "f()", "-a", "'a' + 'b'", "['a']"]
    {
        assert_eq!(
            assigned(&format!("x = {expression}\n")),
            DefaultValue::Computed,
            "{expression}"
        );
    }
}

#[test]
fn a_name_is_what_it_was_imported_as() {
    let text = "import os as o\nimport a.b\nfrom os import environ as e, getenv\nfrom . import x\n\
                from ..core.settings import Settings\nimport pkg\n";
    with("top/web/main.py", text, |module| {
        let imports: Vec<(&str, &str)> =
            module.imports.iter().map(|(name, what)| (*name, what.as_str())).collect();
        assert_eq!(
            imports,
            [
                ("Settings", "top.core.settings.Settings"),
                ("a", "a"),
                ("e", "os.environ"),
                ("getenv", "os.getenv"),
                ("o", "os"),
                ("pkg", "pkg"),
                ("x", "top.web.x"),
            ]
        );
    });
    with("top/__init__.py", "from .web import app\n", |module| {
        assert_eq!(module.imports["app"], "top.web.app");
    });
}

#[test]
fn no_text_is_too_deep_or_too_broken() {
    let deep = format!("x = {}1{}\n", "(".repeat(20_000), ")".repeat(20_000));
    let attributes = format!("import os\nos{}['X']\n", ".a".repeat(20_000));
    for text in [&deep, &attributes, "'open", "class", "def f(:\n\t@", "\u{0}", "a = \\"] {
        if let Some(tree) = Parser::new().unwrap().parse(text) {
            let file = PythonFile { path: "a.py".to_owned(), module: None, text: text.to_string() };
            let module = Module::new(&file, &tree);
            for placed in module.nodes() {
                let _ = (module.qualified(placed.node), module.value(placed.node));
                let _ = module.arguments(placed.node);
            }
        }
    }
}
