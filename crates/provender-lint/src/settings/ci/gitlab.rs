//! `.gitlab-ci.yml`: scripts are commands, `variables` variables, images settings.

use super::{Interpreter, Reader, below};
use crate::facts::Facts;
use crate::settings::embedded::Template;
use crate::settings::yaml::{Id, Yaml};
use crate::shell::Known;

/// Keys with commands, of a job, of `default` and of the file (GitLab's CI/CD YAML syntax reference).
const SCRIPTS: &[&str] = &["before_script", "script", "after_script"];

/// Keys of the file that are no jobs.
const NO_JOBS: &[&str] = &["include", "spec", "stages", "variables", "workflow"];

/// Reads a file.
pub(crate) fn parse(text: &str) -> Facts {
    let yaml = Yaml::parse(text);
    let mut reader = Reader::new(&yaml, Template::Dollar, &[]);
    for &root in &yaml.documents {
        let mut known = Known::new();
        read_job(&mut reader, root, &[], &mut known);
        for entry in yaml.entries(root) {
            if !NO_JOBS.contains(&entry.name.as_str()) && yaml.is_mapping(entry.value) {
                read_job(&mut reader, entry.value, &[entry.name], &mut known.clone());
            }
        }
    }
    // Lists that only aliases and `!reference` use.
    for &root in &yaml.documents {
        for entry in yaml.entries(root) {
            if entry.name.starts_with('.') && !yaml.is_mapping(entry.value) {
                reader.script(entry.value, Interpreter::Shell, &Known::new());
            }
        }
    }
    reader.finish()
}

fn read_job(reader: &mut Reader<'_, '_>, job: Id, path: &[String], known: &mut Known) {
    let yaml = reader.yaml;
    if let Some(variables) = yaml.entry(job, "variables") {
        reader.environment(&variables, known);
    }
    for name in SCRIPTS {
        if let Some(id) = yaml.get(job, name) {
            reader.script(id, Interpreter::Shell, known);
        }
    }
    let hooks = yaml.get(job, "hooks");
    if let Some(id) = hooks.and_then(|hooks| yaml.get(hooks, "pre_get_sources_script")) {
        reader.script(id, Interpreter::Shell, known);
    }
    if let Some(image) = yaml.entry(job, "image") {
        reader.image(&below(path, "image"), &image);
    }
    if let Some(services) = yaml.entry(job, "services") {
        reader.setting(&below(path, "services"), &services);
        for (index, &service) in yaml.items(services.value).iter().enumerate() {
            if let Some(name) = yaml.entry(service, "name") {
                let path = below(&below(&below(path, "services"), &index.to_string()), "name");
                reader.setting(&path, &name);
            }
        }
    }
}
