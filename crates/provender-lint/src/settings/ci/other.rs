//! CI files of other makers in YAML, told by their keys alone: whatever is called `run`, `script` or `commands` is
//! commands, whatever is called `env`, `environment` or `variables` is variables, wherever it stands.

use super::{Interpreter, Reader, below};
use crate::facts::Facts;
use crate::settings::embedded::Template;
use crate::settings::yaml::{Entry, Id, Yaml};
use crate::shell::Known;

/// How deep keys are looked for.
const DEPTH: usize = 32;

/// Reads a file.
pub(crate) fn parse(text: &str) -> Facts {
    let yaml = Yaml::parse(text);
    let templates = &[Template::DoubleBraces, Template::Chevrons];
    let mut reader = Reader::new(&yaml, Template::Chevrons, templates);
    for &root in &yaml.documents {
        read(&mut reader, root, &[], 0);
    }
    reader.finish()
}

fn read(reader: &mut Reader<'_, '_>, id: Id, path: &[String], depth: usize) {
    let yaml = reader.yaml;
    // What an alias refers to is read where it stands.
    if depth > DEPTH || yaml.is_alias(id) {
        return;
    }
    for (index, &item) in yaml.items(id).iter().enumerate() {
        read(reader, item, &below(path, &index.to_string()), depth + 1);
    }
    for (index, &(key, value)) in yaml.own_entries(id).iter().enumerate() {
        let Some(name) = yaml.scalar(key) else { continue };
        let path = below(path, name);
        let entry = Entry { name: name.to_owned(), map: id, index, key, value };
        match name {
            "run" | "script" | "command" | "commands" | "bash" | "install" | "before_install"
            | "before_script" | "after_script" | "after_success" | "after_failure"
            | "before_deploy" | "after_deploy" => {
                reader.script(value, Interpreter::Shell, &Known::new());
            }
            "pwsh" | "powershell" => {
                reader.script(value, Interpreter::OtherShell, &Known::new());
            }
            "env" | "environment" | "variables" => {
                // Travis sorts variables under further keys.
                let sorted = yaml.entries(value).into_iter();
                let sorted: Vec<Entry> = sorted
                    .filter(|entry| matches!(&*entry.name, "global" | "jobs" | "matrix"))
                    .collect();
                if sorted.is_empty() {
                    reader.environment(&entry, &mut Known::new());
                } else {
                    for entry in sorted {
                        reader.environment(&entry, &mut Known::new());
                    }
                }
                continue;
            }
            "image" => reader.image(&path, &entry),
            _ => {}
        }
        read(reader, value, &path, depth + 1);
    }
}
