//! `provender image`: from a project with a lock and a stock to an image, and what other tools make of it.

mod attached;
mod base;
mod building;
#[cfg(unix)]
mod bytecode;
mod certificates;
#[cfg(unix)]
mod example;
mod platforms;
mod pruning;
mod pushing;
mod refusals;
mod scanning;
mod verifying;

use std::path::PathBuf;

use provender_image::source::{self, WantedImage};
use provender_image::tree::{self, Keep, Limits, Tree};
use provender_image::{Image, Location};
use provender_test::Run;
use serde_json::Value;

use crate::project::{LOCK, Project};

/// What the service requires, and what that requires.
const RELEASES: &str = r#"
[web]
"1.0" = { requires = ["lib"] }
[lib]
"1.0.0" = {}
"#;

/// A service of the standard library with one route.
const MAIN: &str = r#"from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import lib


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
        self.wfile.write(lib.__version__.encode())


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"#;

/// What is said of its image.
const IMAGE: &str = "[image]\nport = 8000\nhealth-path = '/health'\n";

/// A service that is locked and in stock, beside a base that it can stand on.
struct Service {
    project: Project,
}

impl Service {
    fn new() -> Self {
        let service = Self::locked(RELEASES, LOCK);
        service.project.run("stock").exits(0);
        service
    }

    /// One of which nothing is in stock yet.
    fn locked(releases: &str, lock: &str) -> Self {
        let project = Project::new(releases, "web\n", []);
        project.settings(IMAGE);
        project.sandbox.write("app/__init__.py", "");
        project.sandbox.write("app/__main__.py", MAIN);
        project.run(lock).exits(0);
        let service = Self { project };
        std::fs::write(service.base(), base::debian_with_python()).unwrap();
        service
    }

    /// The base, outside of the project.
    fn base(&self) -> PathBuf {
        self.project.sandbox.home().join("base.tar")
    }

    /// `image build` on the base.
    fn arguments(&self, args: &str) -> String {
        format!("image build --base {} {args}", self.base().display())
    }

    fn build(&self, args: &str) -> Run {
        self.project.run(&self.arguments(args))
    }

    /// What a build that succeeds tells in JSON.
    #[track_caller]
    fn built(&self, args: &str) -> Value {
        let run = self.build(&format!("{args} --format json")).exits(0);
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
    }

    /// Changes one line of the application.
    fn change_a_line(&self) {
        let changed = MAIN.replace("404", "410");
        self.project.sandbox.write("app/__main__.py", changed);
    }

    /// Opens an image that was written into the project.
    #[track_caller]
    fn open(&self, prefix: &str, name: &str) -> Image {
        let path = self.project.sandbox.path(name);
        let location: Location = format!("{prefix}:{}", path.display()).parse().unwrap();
        source::open(&location, &WantedImage::default()).unwrap()
    }
}

/// Everything in an image, the content of small files included.
#[track_caller]
fn tree_of(image: &Image) -> Tree {
    tree::of_image(image, &|_, _| Keep::Content, &Limits::default()).unwrap()
}

/// The only platform of what a build told.
fn platform(built: &Value) -> &Value {
    &built["platforms"][0]
}

/// The digests of the layers over the base's, the lowest first.
fn layers(built: &Value) -> Vec<String> {
    let layers = platform(built)["layers"].as_array().unwrap().iter();
    layers.map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect()
}
