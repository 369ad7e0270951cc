//! The port that a service listens on.

use tree_sitter::Node;

use super::python::Module;
use super::{Field, environment};

/// Settings that hold it, the likeliest first.
const NAMES: [&str; 6] =
    ["PORT", "APP_PORT", "HTTP_PORT", "SERVER_PORT", "API_PORT", "LISTEN_PORT"];

/// How deep `int(str(...))` may go.
const MAX_DEPTH: usize = 4;

/// The port with which the project serves itself, else the default of a setting.
pub(super) fn find(modules: &[Module<'_>], settings: &[Field]) -> Option<u16> {
    let served = modules.iter().find_map(|module| {
        module
            .of_kind("call")
            .filter(|call| module.callee(*call).as_deref() == Some("uvicorn.run"))
            .find_map(|call| port(module, settings, module.arguments(call).keyword("port")?, 0))
    });
    let of_setting = || {
        NAMES.iter().find_map(|name| {
            let field = settings.iter().find(|field| field.setting.name == *name)?;
            number(field.setting.default.literal()?)
        })
    };
    served.or_else(of_setting)
}

/// What an expression comes to: a number, a read of the environment, a field of the settings, or
/// one of these within `int(...)`.
fn port<'t>(module: &Module<'t>, settings: &[Field], node: Node<'t>, depth: usize) -> Option<u16> {
    match node.kind() {
        "call" if depth < MAX_DEPTH => {
            if let Some((_, default)) = environment::call(module, node) {
                return number(default.literal()?);
            }
            let inner = *module.arguments(node).positional.first()?;
            port(module, settings, inner, depth + 1)
        }
        "attribute" => {
            let name = module.text_of(node.child_by_field_name("attribute")?);
            let field = settings.iter().find(|field| field.field.as_deref() == Some(name))?;
            number(field.setting.default.literal()?)
        }
        _ => number(module.value(node).literal()?),
    }
}

fn number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::python::with;

    fn found(text: &str) -> Option<u16> {
        with("m.py", text, |module| {
            let modules = std::slice::from_ref(module);
            find(modules, &crate::service::settings(modules))
        })
    }

    #[test]
    fn the_port_is_what_the_project_serves_itself_on() {
        let settings = "from pydantic_settings import BaseSettings\n\
                        class S(BaseSettings):\n    port: int = 7000\n    web_port: int = 7001\nsettings = S()\n";
        for (text, port) in [
            ("uvicorn.run('m:app', port=9000)", Some(9000)),
            ("uvicorn.run('m:app', port=int(os.getenv('WEB', '9001')))", Some(9001)),
            ("uvicorn.run(app, port=settings.web_port)", Some(7001)),
            ("uvicorn.run(app)", Some(7000)),
            ("other.run(app, port=1)", Some(7000)),
            ("uvicorn.run(app, port=0)", Some(7000)),
        ] {
            let text = format!("import os, uvicorn\n{settings}{text}\n");
            assert_eq!(found(&text), port, "{text}");
        }
        assert_eq!(found("import os\nos.getenv('PORT', '5000')\n"), Some(5000));
        assert_eq!(found("x = 1\n"), None);
    }
}
