//! The route that says whether a service is well.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::application::{assigned_call, made_by};
use super::python::{Arguments, Module, named_children};

/// Paths by which services tell that they are well, the likeliest first. Those that tell whether a
/// service can work at the moment (`/ready`) are none: who restarts a service because its database is
/// away makes it worse.
const PATHS: [&str; 12] = [
    "/health",
    "/healthz",
    "/livez",
    "/live",
    "/health/live",
    "/healthcheck",
    "/health-check",
    "/_health",
    "/-/healthy",
    "/up",
    "/heartbeat",
    "/ping",
];

/// The path, where some route of the application has one of those.
pub(super) fn health(modules: &[Module<'_>]) -> Option<String> {
    // Where routers are put below a path, those of their routes are not known here.
    let moved = modules.iter().any(|module| module.of_kind("call").any(|call| moves(module, call)));
    let found: Vec<String> = modules.iter().flat_map(|module| routes(module, moved)).collect();
    let rank = |path: &String| {
        let plain = path.strip_suffix('/').unwrap_or(path);
        PATHS.iter().position(|known| *known == plain)
    };
    let known = found.into_iter().filter_map(|path| Some((rank(&path)?, path)));
    known.min().map(|(_, path)| path)
}

/// Whether a call puts a router below a path.
fn moves<'t>(module: &Module<'t>, call: Node<'t>) -> bool {
    let arguments = module.arguments(call);
    match method(module, call) {
        Some("include_router") => arguments.keyword("prefix").is_some(),
        Some("register_blueprint") => arguments.keyword("url_prefix").is_some(),
        Some("mount") => true,
        _ => false,
    }
}

/// What stands behind the last point of what is called.
fn method<'t>(module: &Module<'t>, call: Node<'t>) -> Option<&'t str> {
    let function =
        call.child_by_field_name("function").filter(|function| function.kind() == "attribute")?;
    Some(module.text_of(function.child_by_field_name("attribute")?))
}

/// The paths that a file answers to GET.
fn routes<'t>(module: &Module<'t>, moved: bool) -> Vec<String> {
    // What each name of the file puts before its routes.
    let mut prefixes: BTreeMap<&str, String> = BTreeMap::new();
    for assignment in module.of_kind("assignment") {
        let Some((name, callee)) = assigned_call(module, assignment) else { continue };
        let right = assignment.child_by_field_name("right");
        let option = |name: &str| right.and_then(|call| module.arguments(call).keyword(name));
        let (last, prefix) = match callee.rsplit('.').next() {
            _ if made_by(&callee).is_some() => (true, None),
            Some("APIRouter") => (false, option("prefix")),
            Some("Blueprint") => (false, option("url_prefix")),
            _ => continue,
        };
        if last || !moved {
            let known = prefix.map_or(Some(String::new()), |prefix| module.string(prefix));
            prefixes.extend(known.map(|prefix| (name, prefix)));
        }
    }
    let mut found = Vec::new();
    for call in module.of_kind("call") {
        let arguments = module.arguments(call);
        if let Some(path) = of_function(module, call, &arguments) {
            found.push(path);
            continue;
        }
        let answers = match method(module, call) {
            Some("get") => true,
            Some("route" | "api_route" | "add_api_route" | "add_route" | "add_url_rule") => {
                answers_get(module, &arguments)
            }
            _ => false,
        };
        let receiver = call
            .child_by_field_name("function")
            .and_then(|function| function.child_by_field_name("object"))
            .map(|object| module.text_of(object));
        if let Some(prefix) = receiver.filter(|_| answers).and_then(|name| prefixes.get(name))
            && let Some(path) = path_of(module, &arguments)
        {
            found.push(format!("{prefix}{path}"));
        }
    }
    found.retain(|path| path.starts_with('/'));
    found
}

/// `Route("/health", ...)` of Starlette and `path("health/", ...)` of Django.
fn of_function<'t>(
    module: &Module<'t>,
    call: Node<'t>,
    arguments: &Arguments<'t>,
) -> Option<String> {
    match module.callee(call)?.as_str() {
        "starlette.routing.Route" if answers_get(module, arguments) => path_of(module, arguments),
        "django.urls.path" => path_of(module, arguments).map(|path| format!("/{path}")),
        _ => None,
    }
}

fn path_of<'t>(module: &Module<'t>, arguments: &Arguments<'t>) -> Option<String> {
    let names = ["path", "rule", "route"];
    let first = arguments.positional.first().copied();
    module.string(first.or_else(|| names.iter().find_map(|name| arguments.keyword(name)))?)
}

/// Whether GET is among the methods that a route is given; without any it is.
fn answers_get<'t>(module: &Module<'t>, arguments: &Arguments<'t>) -> bool {
    arguments.keyword("methods").is_none_or(|methods| {
        named_children(methods).into_iter().any(|method| {
            module.string(method).is_some_and(|name| name.eq_ignore_ascii_case("GET"))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::python::with;

    fn found(text: &str) -> Option<String> {
        with("app/main.py", text, |module| health(std::slice::from_ref(module)))
    }

    const APP: &str = "from fastapi import FastAPI, APIRouter\napp = FastAPI()\n";

    #[test]
    fn the_route_of_a_health_check_is_found() {
        for (text, path) in [
            ("@app.get('/health')\ndef f(): pass\n", "/health"),
            ("@app.get('/ping')\ndef f(): pass\n@app.get('/livez/')\ndef g(): pass\n", "/livez/"),
            ("@app.api_route('/healthz', methods=['HEAD', 'GET'])\ndef f(): pass\n", "/healthz"),
            ("app.add_api_route('/health', f)\n", "/health"),
            ("router = APIRouter()\n@router.get(path='/health')\ndef f(): pass\n", "/health"),
            ("r = APIRouter(prefix='/health')\n@r.get('/live')\ndef f(): pass\n", "/health/live"),
            ("def make():\n    app = FastAPI()\n    @app.get('/up')\n    def up(): pass\n", "/up"),
            (
                "from flask import Flask\nweb = Flask('x')\n@web.route('/health')\ndef f(): pass\n",
                "/health",
            ),
            ("from starlette.routing import Route\nroutes = [Route('/healthz', f)]\n", "/healthz"),
            ("from django.urls import path\nurlpatterns = [path('health/', f)]\n", "/health/"),
        ] {
            assert_eq!(found(&format!("{APP}{text}")).as_deref(), Some(path), "{text}");
        }
    }

    #[test]
    fn a_path_that_does_not_answer_there_is_not_found() {
        for text in [
            "@app.post('/health')\ndef f(): pass\n",
            "@app.route('/health', methods=['POST'])\ndef f(): pass\n",
            "@app.get('/ready')\ndef f(): pass\n",
            "client.get('/health')\n",
            "r = APIRouter(prefix='/api')\n@r.get('/health')\ndef f(): pass\n",
            "r = APIRouter(prefix=P)\n@r.get('/health')\ndef f(): pass\n",
            "r = APIRouter()\n@r.get('/health')\ndef f(): pass\napp.include_router(r, prefix='/api')\n",
        ] {
            assert_eq!(found(&format!("{APP}{text}")), None, "{text}");
        }
    }
}
