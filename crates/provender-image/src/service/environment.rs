//! Reads of the environment: `os.environ["NAME"]`, `os.environ.get("NAME", DEFAULT)`,
//! `os.environ.setdefault`, `os.getenv`, and python-decouple's `config("NAME", default=...)`.

use provender_lint::secret::names_secret;
use tree_sitter::Node;

use super::python::{Module, Placed};
use super::{DefaultValue, Field, Setting};

/// What the system, a shell or the interpreter sets or reads; nobody writes it into a `.env` of a
/// service.
const OF_THE_SYSTEM: [&str; 13] = [
    "HOME",
    "HOSTNAME",
    "LANG",
    "LOGNAME",
    "PATH",
    "PWD",
    "PYTHONPATH",
    "SHELL",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "USER",
];

/// Whether a name is one that a `.env` can set (POSIX, "Environment Variable Definition") and that
/// is a service's own.
pub(super) fn is_setting(name: &str) -> bool {
    name.len() <= 128
        && name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
        && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
        && !OF_THE_SYSTEM.contains(&name)
}

/// The settings that a file reads from the environment itself, each with where it stands.
pub(super) fn reads(module: &Module<'_>) -> Vec<(usize, Field)> {
    let mut found = Vec::new();
    for placed in module.nodes() {
        let read = match placed.node.kind() {
            "call" => call(module, placed.node),
            "subscript" => item(module, placed),
            _ => None,
        };
        if let Some((name, default)) = read {
            let default = alternative(module, placed, default);
            let secret = names_secret(&name);
            let setting = Setting { name, default, secret, file: module.path.to_owned() };
            found.push((placed.node.start_byte(), Field { setting, field: None }));
        }
    }
    found
}

/// `os.getenv("NAME", DEFAULT)` and its like: the name and the default.
pub(super) fn call<'t>(module: &Module<'t>, node: Node<'t>) -> Option<(String, DefaultValue)> {
    let callee = module.callee(node)?;
    let arguments = module.arguments(node);
    let (default, otherwise) = match callee.as_str() {
        "os.getenv" | "os.environ.get" | "os.environ.setdefault" => {
            (arguments.get(1, "default"), DefaultValue::Unset)
        }
        "decouple.config" => (arguments.keyword("default"), DefaultValue::Required),
        _ => return None,
    };
    let name = module.string(arguments.get(0, "key")?)?;
    Some((name, default.map_or(otherwise, |default| module.value(default))))
}

/// `os.environ["NAME"]`, read and neither written nor deleted.
fn item<'t>(module: &Module<'t>, placed: Placed<'t>) -> Option<(String, DefaultValue)> {
    let Placed { node, parent } = placed;
    if module.qualified(node.child_by_field_name("value")?)? != "os.environ" {
        return None;
    }
    let changed = parent.is_some_and(|parent| match parent.kind() {
        "assignment" | "augmented_assignment" => parent.child_by_field_name("left") == Some(node),
        "delete_statement" => true,
        _ => false,
    });
    let name = module.string(node.child_by_field_name("subscript")?)?;
    (!changed).then_some((name, DefaultValue::Required))
}

/// What stands behind `or`, where a read has no default of its own.
fn alternative<'t>(module: &Module<'t>, placed: Placed<'t>, default: DefaultValue) -> DefaultValue {
    let behind = placed.parent.filter(|parent| {
        default == DefaultValue::Unset
            && parent.kind() == "boolean_operator"
            && parent.child_by_field_name("left") == Some(placed.node)
            && parent.child_by_field_name("operator").is_some_and(|sign| sign.kind() == "or")
    });
    behind
        .and_then(|parent| parent.child_by_field_name("right"))
        .map_or(default, |right| module.value(right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::python::with;

    fn found(text: &str) -> Vec<(String, DefaultValue)> {
        with("a.py", text, |module| {
            let found = reads(module).into_iter();
            found.map(|(_, field)| (field.setting.name, field.setting.default)).collect()
        })
    }

    fn literal(value: &str) -> DefaultValue {
        DefaultValue::Literal(value.to_owned())
    }

    #[test]
    fn reads_are_found_with_their_defaults() {
        for (expression, default) in [
            ("os.environ['X']", DefaultValue::Required),
            ("os.environ['X'] == 'y'", DefaultValue::Required),
            ("os.environ.get('X')", DefaultValue::Unset),
            ("os.environ.get('X', None)", DefaultValue::Unset),
            ("int(os.environ.get('X', '80'))", literal("80")),
            ("os.getenv(\n  'X',\n  'y' 'z',\n)", literal("yz")),
            ("os.getenv('X', default='y')", literal("y")),
            ("os.getenv(key='X', default='y')", literal("y")),
            ("os.getenv('X', -1)", literal("-1")),
            ("os.getenv('X', str(80))", DefaultValue::Computed),
            ("os.getenv('X', f'{b}')", DefaultValue::Computed),
            ("os.getenv('X') or 'y'", literal("y")),
            ("os.getenv('X') or y()", DefaultValue::Computed),
            ("os.environ.setdefault('X', 'shop.settings')", literal("shop.settings")),
            ("environ['X']", DefaultValue::Required),
            ("e.get('X', 'y')", literal("y")),
            ("getenv('X')", DefaultValue::Unset),
            ("config('X', cast=bool, default=False)", literal("false")),
        ] {
            let text = format!(
                "import os\nfrom os import environ, environ as e, getenv\nfrom decouple import config\n\
                 a = {expression}\n"
            );
            assert_eq!(found(&text), [("X".to_owned(), default)], "{expression}");
        }
    }

    #[test]
    fn what_is_no_read_is_not_found() {
        for text in [
            "import os\nos.environ['X'] = 'y'\n",
            "import os\ndel os.environ['X']\n",
            "import os\nos.environ[x]\nos.getenv(x)\nos.getenv()\n",
            "import os\nself.os.getenv('X')\n",
            "def application(environ, start): return environ['X']\n",
            "def f(config): return config('X')\n",
            "# os.environ['X']\n's = os.getenv(\"X\")'\n",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn a_value_that_is_written_may_be_read_from_another() {
        let text = "import os\nos.environ['A'] = os.environ['B']\n";
        assert_eq!(found(text), [("B".to_owned(), DefaultValue::Required)]);
    }

    #[test]
    fn only_names_that_a_file_can_set_are_settings() {
        assert!(is_setting("DATABASE_URL") && is_setting("_x1"));
        for name in ["", "1A", "A-B", "A B", "A=B", "PATH", "A\nB"] {
            assert!(!is_setting(name), "{name:?}");
        }
    }
}
