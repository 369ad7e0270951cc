//! The web application: what a server is given as `MODULE:ATTRIBUTE` (ASGI 3, PEP 3333).

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::python::{Module, named_children};

/// How a server calls an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interface {
    /// The asynchronous one: FastAPI, Starlette, Django's `asgi`.
    Asgi,
    /// The older one: Flask, Django's `wsgi`.
    Wsgi,
}

/// A web application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The module that has it.
    pub module: String,
    /// Its name there.
    pub attribute: String,
    /// How it is called.
    pub interface: Interface,
    /// Whether the name is that of a function which makes it.
    pub factory: bool,
}

impl Application {
    /// `MODULE:ATTRIBUTE`.
    pub fn target(&self) -> String {
        format!("{}:{}", self.module, self.attribute)
    }
}

/// What makes an application, in full.
pub(super) fn made_by(callee: &str) -> Option<Interface> {
    match callee {
        "fastapi.FastAPI"
        | "fastapi.applications.FastAPI"
        | "starlette.applications.Starlette"
        | "quart.Quart"
        | "litestar.Litestar"
        | "falcon.asgi.App"
        | "blacksheep.Application"
        | "django.core.asgi.get_asgi_application" => Some(Interface::Asgi),
        "flask.Flask"
        | "flask.app.Flask"
        | "bottle.Bottle"
        | "falcon.App"
        | "django.core.wsgi.get_wsgi_application" => Some(Interface::Wsgi),
        _ => None,
    }
}

/// The applications of a project and the functions that make them.
#[derive(Default)]
pub(super) struct Applications {
    instances: Vec<Application>,
    factories: Vec<Application>,
    /// What the project's own call of `uvicorn.run` names.
    served: Vec<String>,
}

pub(super) fn read(modules: &[Module<'_>]) -> Applications {
    let mut found = Applications::default();
    // In full, as an import names them.
    let mut makers: BTreeMap<String, Interface> = BTreeMap::new();
    for module in modules {
        let Some(name) = module.name else { continue };
        for function in module.statements().into_iter().map(undecorated) {
            let Some((attribute, interface, callable)) = factory(module, function) else {
                continue;
            };
            makers.insert(format!("{name}.{attribute}"), interface);
            if callable {
                found.factories.push(Application {
                    module: name.to_owned(),
                    attribute: attribute.to_owned(),
                    interface,
                    factory: true,
                });
            }
        }
    }
    for module in modules {
        let Some(name) = module.name else { continue };
        found.served.extend(served(module));
        let statements = module.statements().into_iter();
        let assignments =
            statements.flat_map(named_children).filter(|node| node.kind() == "assignment");
        for assignment in assignments {
            let Some((attribute, callee)) = assigned_call(module, assignment) else { continue };
            let own = || makers.get(&format!("{name}.{callee}")).copied();
            let interface = made_by(&callee).or_else(|| makers.get(&callee).copied()).or_else(own);
            if let Some(interface) = interface {
                found.instances.push(Application {
                    module: name.to_owned(),
                    attribute: attribute.to_owned(),
                    interface,
                    factory: false,
                });
            }
        }
    }
    found
}

impl Applications {
    /// The one to serve: the one that the project serves itself, else the one whose names are most
    /// like those of applications, nearest to the top.
    pub(super) fn best(&self) -> Option<Application> {
        let named = self.served.iter().find_map(|target| {
            self.instances.iter().chain(&self.factories).find(|found| found.target() == *target)
        });
        let nearest = |all: &[Application]| all.iter().min_by_key(|found| rank(found)).cloned();
        let best = named.cloned().or_else(|| nearest(&self.instances));
        best.or_else(|| nearest(&self.factories))
    }
}

/// Smaller is likelier.
fn rank(found: &Application) -> (usize, usize, usize, String) {
    let place = |names: &[&str], name: &str| {
        names.iter().position(|known| *known == name).unwrap_or(names.len())
    };
    let last = found.module.rsplit('.').next().unwrap_or_default();
    (
        place(&["app", "application", "asgi_app", "api", "create_app"], &found.attribute),
        place(&["main", "app", "asgi", "application", "api", "server", "wsgi"], last),
        found.module.matches('.').count(),
        found.target(),
    )
}

/// What `uvicorn.run("MODULE:ATTRIBUTE")` names.
fn served(module: &Module<'_>) -> Vec<String> {
    let calls = module.of_kind("call");
    calls
        .filter(|call| module.callee(*call).as_deref() == Some("uvicorn.run"))
        .filter_map(|call| module.string(module.arguments(call).get(0, "app")?))
        .collect()
}

/// A function that makes an application: its name, and whether it can be called with nothing.
fn factory<'t>(module: &Module<'t>, function: Node<'t>) -> Option<(&'t str, Interface, bool)> {
    if function.kind() != "function_definition" {
        return None;
    }
    let name = module.text_of(function.child_by_field_name("name")?);
    let annotated = function
        .child_by_field_name("return_type")
        .and_then(|kind| named_children(kind).first().copied())
        .and_then(|kind| made_by(&module.qualified(kind)?));
    let body = function.child_by_field_name("body")?;
    let interface = annotated.or_else(|| made_in(module, body))?;
    let parameters = named_children(function.child_by_field_name("parameters")?);
    let optional = |parameter: &Node<'_>| {
        matches!(
            parameter.kind(),
            "default_parameter"
                | "typed_default_parameter"
                | "keyword_separator"
                | "positional_separator"
                | "dictionary_splat_pattern"
                | "list_splat_pattern"
                | "comment"
        )
    };
    // Others are called by something else than a server.
    let is_named_so = name.contains("app");
    Some((name, interface, is_named_so && parameters.iter().all(optional)))
}

/// What a function's own statements make and return.
fn made_in<'t>(module: &Module<'t>, body: Node<'t>) -> Option<Interface> {
    let mut made: BTreeMap<&str, Interface> = BTreeMap::new();
    for statement in named_children(body) {
        for inner in named_children(statement) {
            match (statement.kind(), inner.kind()) {
                (_, "assignment") => {
                    let Some((name, callee)) = assigned_call(module, inner) else { continue };
                    made.extend(made_by(&callee).map(|interface| (name, interface)));
                }
                ("return_statement", "call") => {
                    if let Some(interface) =
                        module.callee(inner).and_then(|callee| made_by(&callee))
                    {
                        return Some(interface);
                    }
                }
                ("return_statement", "identifier") => {
                    if let Some(interface) = made.get(module.text_of(inner)) {
                        return Some(*interface);
                    }
                }
                _ => {}
            }
        }
    }
    None
}

/// `NAME = CALLEE(...)`.
pub(super) fn assigned_call<'t>(
    module: &Module<'t>,
    assignment: Node<'t>,
) -> Option<(&'t str, String)> {
    let left = assignment.child_by_field_name("left").filter(|left| left.kind() == "identifier")?;
    let right = assignment.child_by_field_name("right").filter(|right| right.kind() == "call")?;
    Some((module.text_of(left), module.callee(right)?))
}

fn undecorated(node: Node<'_>) -> Node<'_> {
    match node.kind() {
        "decorated_definition" => node.child_by_field_name("definition").unwrap_or(node),
        _ => node,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::python::with;

    fn best(path: &str, text: &str) -> Option<(String, Interface, bool)> {
        with(path, text, |module| {
            let best = read(std::slice::from_ref(module)).best()?;
            Some((best.target(), best.interface, best.factory))
        })
    }

    #[test]
    fn an_application_is_found_whoever_makes_it() {
        for (text, target, interface) in [
            ("from fastapi import FastAPI\napp = FastAPI(title='x')\n", "m:app", Interface::Asgi),
            ("import fastapi as f\nservice = f.FastAPI()\n", "m:service", Interface::Asgi),
            (
                "from starlette.applications import Starlette\napp: Starlette = Starlette()\n",
                "m:app",
                Interface::Asgi,
            ),
            (
                "from flask import Flask\napplication = Flask(__name__)\n",
                "m:application",
                Interface::Wsgi,
            ),
            (
                "from django.core.asgi import get_asgi_application as g\napplication = g()\n",
                "m:application",
                Interface::Asgi,
            ),
            (
                "from fastapi import FastAPI\ndef make(s) -> FastAPI:\n    return x(s)\napp = make(1)\n",
                "m:app",
                Interface::Asgi,
            ),
            (
                "from flask import Flask\ndef make(s):\n    a = Flask('x')\n    return a\nweb = make(1)\n",
                "m:web",
                Interface::Wsgi,
            ),
            (
                "from fastapi import FastAPI\nadmin = FastAPI()\napp = FastAPI()\n",
                "m:app",
                Interface::Asgi,
            ),
            (
                "import uvicorn\nfrom fastapi import FastAPI\napp = FastAPI()\nadmin = FastAPI()\nuvicorn.run('m:admin')\n",
                "m:admin",
                Interface::Asgi,
            ),
        ] {
            assert_eq!(best("m.py", text), Some((target.to_owned(), interface, false)), "{text}");
        }
    }

    #[test]
    fn a_function_that_makes_one_serves_where_there_is_none() {
        let text = "from fastapi import FastAPI\ndef create_app(a=1, *, b: int = 2):\n    app = FastAPI()\n    return app\n";
        assert_eq!(
            best("pkg/web.py", text),
            Some(("pkg.web:create_app".to_owned(), Interface::Asgi, true))
        );
        let needs = text.replace("a=1", "a");
        assert_eq!(best("pkg/web.py", &needs), None);
    }

    #[test]
    fn what_is_no_application_is_not_found() {
        for text in [
            "def FastAPI(): pass\napp = FastAPI()\n",
            "from other import FastAPI\napp = FastAPI()\n",
            "from fastapi import FastAPI\ndef f():\n    app = FastAPI()\n",
            "from fastapi import APIRouter\napp = APIRouter()\n",
        ] {
            assert_eq!(best("m.py", text), None, "{text}");
        }
    }
}
