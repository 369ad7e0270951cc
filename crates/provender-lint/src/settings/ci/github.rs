//! Workflows and composite actions of GitHub Actions, and of Gitea and Forgejo, which read the same.
//!
//! `run` is commands, `env` at any level variables; `uses`, `with` and images are settings of [`Tool::Ci`] with
//! their whole path: `["jobs", "build", "steps", "0", "with", "registry-url"]`.
//!
//! [`Tool::Ci`]: crate::facts::Tool::Ci

use std::rc::Rc;

use super::{Interpreter, Reader, below};
use crate::facts::Facts;
use crate::settings::embedded::Template;
use crate::settings::yaml::{Id, Yaml};
use crate::shell::{self, Known};

/// Reads a file.
pub(crate) fn parse(text: &str) -> Facts {
    let yaml = Yaml::parse(text);
    let mut reader = Reader::new(&yaml, Template::DoubleBraces, &[Template::DoubleBraces]);
    for &root in &yaml.documents {
        let scope = Scope::default().within(&mut reader, root);
        if let Some(jobs) = yaml.get(root, "jobs") {
            for job in yaml.entries(jobs) {
                let path = ["jobs".to_owned(), job.name.clone()];
                read_job(&mut reader, job.value, &path, &scope);
            }
        }
        // A composite action, or one that is an image.
        if let Some(runs) = yaml.get(root, "runs") {
            read_job(&mut reader, runs, &["runs".to_owned()], &scope);
        }
    }
    reader.finish()
}

/// What holds for the steps below.
#[derive(Debug, Clone, Default)]
struct Scope {
    known: Rc<Known>,
    shell: Option<String>,
}

impl Scope {
    /// With what this level adds: `env`, and the shell of `defaults`.
    fn within(&self, reader: &mut Reader<'_, '_>, id: Id) -> Self {
        let mut scope = self.clone();
        let yaml = reader.yaml;
        if let Some(env) = yaml.entry(id, "env") {
            reader.environment(&env, Rc::make_mut(&mut scope.known));
        }
        let run = yaml.get(id, "defaults").and_then(|defaults| yaml.get(defaults, "run"));
        let shell = run.and_then(|run| yaml.get(run, "shell")).and_then(|id| yaml.scalar(id));
        if let Some(shell) = shell {
            scope.shell = Some(shell.to_owned());
        }
        scope
    }
}

fn read_job(reader: &mut Reader<'_, '_>, job: Id, path: &[String], scope: &Scope) {
    let yaml = reader.yaml;
    let mut scope = scope.within(reader, job);
    let runs_on = yaml.get(job, "runs-on").and_then(|id| yaml.scalar(id)).unwrap_or_default();
    if scope.shell.is_none() && runs_on.to_ascii_lowercase().contains("windows") {
        scope.shell = Some("pwsh".to_owned());
    }
    for name in ["container", "image"] {
        if let Some(image) = yaml.entry(job, name) {
            reader.image(&below(path, name), &image);
            if let Some(env) = yaml.entry(image.value, "env") {
                reader.environment(&env, &mut Known::new());
            }
        }
    }
    if let Some(services) = yaml.get(job, "services") {
        for service in yaml.entries(services) {
            let path = below(&below(path, "services"), &service.name);
            reader.image(&path, &service);
            if let Some(env) = yaml.entry(service.value, "env") {
                reader.environment(&env, &mut Known::new());
            }
        }
    }
    read_inputs(reader, job, path);
    let steps = yaml.get(job, "steps").map(|steps| yaml.items(steps)).unwrap_or_default();
    for (index, &step) in steps.iter().enumerate() {
        let path = below(&below(path, "steps"), &index.to_string());
        let scope = scope.within(reader, step);
        read_inputs(reader, step, &path);
        if let Some(run) = yaml.get(step, "run") {
            let shell = yaml.get(step, "shell").and_then(|id| yaml.scalar(id));
            let interpreter = interpreter(shell.or(scope.shell.as_deref()));
            reader.script(run, interpreter, &scope.known);
        }
    }
}

/// What is used, with its inputs.
fn read_inputs(reader: &mut Reader<'_, '_>, id: Id, path: &[String]) {
    let yaml = reader.yaml;
    if let Some(uses) = yaml.entry(id, "uses") {
        reader.setting(&below(path, "uses"), &uses);
    }
    if let Some(with) = yaml.get(id, "with") {
        for input in yaml.entries(with) {
            reader.setting(&below(&below(path, "with"), &input.name), &input);
        }
    }
}

fn interpreter(shell: Option<&str>) -> Interpreter {
    let program = shell.and_then(|shell| shell.split_whitespace().next()).unwrap_or("bash");
    let program = program.rsplit('/').next().unwrap_or(program);
    match program {
        "pwsh" | "powershell" | "cmd" => Interpreter::OtherShell,
        _ if shell::is_shell(program) || program.contains("${{") => Interpreter::Shell,
        _ => Interpreter::None,
    }
}
