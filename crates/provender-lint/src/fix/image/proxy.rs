//! Proxies that a Dockerfile writes into its image. A builder has arguments of these names without `ARG`, sets them for
//! every step, and leaves them out of image and history (Dockerfile reference, "Predefined ARGs").

use url::Url;

use crate::dockerfile::{Body, Dockerfile};
use crate::facts::{Origin, Span, Variable};
use crate::finding::Edit;
use crate::source::File;

/// The arguments that need no `ARG`.
const PREDEFINED: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// The proxies that a Dockerfile sets.
pub(super) struct Proxies<'a> {
    dockerfile: &'a Dockerfile,
    all: &'a [Variable],
    /// Those that can go: nothing but steps reads them.
    set: Vec<&'a Variable>,
}

/// The proxies that a Dockerfile sets.
pub(super) fn of<'a>(file: &'a File, dockerfile: &'a Dockerfile) -> Proxies<'a> {
    let all = &file.facts.variables;
    let set: Vec<&Variable> = all.iter().filter(|variable| is_proxy(variable)).collect();
    let read = |name: &str| is_read(file, dockerfile, name, &set);
    let unread = set.iter().filter(|variable| !read(&variable.name)).copied().collect();
    Proxies { dockerfile, all, set: unread }
}

fn is_proxy(variable: &Variable) -> bool {
    matches!(variable.origin, Origin::DockerEnv { .. } | Origin::DockerArg { .. })
        && PREDEFINED.contains(&variable.name.as_str())
}

/// Whether an instruction that is no step puts the variable in somewhere, the proxies' own apart.
fn is_read(file: &File, dockerfile: &Dockerfile, name: &str, proxies: &[&Variable]) -> bool {
    let (plain, braced) = (format!("${name}"), format!("${{{name}"));
    dockerfile.instructions.iter().filter(|one| one.keyword != "RUN").any(|instruction| {
        [&plain, &braced].into_iter().any(|wanted| {
            file.text[instruction.span.clone()].match_indices(wanted.as_str()).any(|(at, found)| {
                let at = instruction.span.start + at;
                let next = file.text[at + found.len()..].chars().next();
                let longer = next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_');
                !longer && !proxies.iter().any(|proxy| within(at, &proxy.whole))
            })
        })
    })
}

fn within(at: usize, span: &Span) -> bool {
    span.contains(&at)
}

impl Proxies<'_> {
    /// Their names, each once.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.set.iter().map(|variable| variable.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The edits that take them away, with the instruction where nothing else stands in it.
    pub(super) fn deletions(&self) -> Vec<Edit> {
        let mut edits: Vec<Edit> = Vec::new();
        for instruction in &self.dockerfile.instructions {
            let stands = |variable: &&Variable| within(variable.name_span.start, &instruction.span);
            let own: Vec<&&Variable> =
                self.set.iter().filter(|variable| stands(variable)).collect();
            if own.is_empty() || matches!(instruction.body, Body::Exec { .. }) {
                continue;
            }
            if self.all.iter().filter(|variable| stands(&variable)).count() == own.len() {
                edits.push(Edit::delete(instruction.lines.clone()));
            } else {
                edits.extend(own.iter().map(|variable| Edit::delete(variable.whole.clone())));
            }
        }
        edits
    }

    /// Says where the address comes from now, or that it stayed.
    pub(super) fn note(&self, gone: bool, notes: &mut Vec<String>) {
        let names = self.names().join(", ");
        if names.is_empty() {
            return;
        }
        if !gone {
            notes.push(format!(
                "the image keeps {names}: pass it as a build argument (`--build-arg NAME`, without a value) and delete it from the Dockerfile"
            ));
            return;
        }
        let mut addresses: Vec<String> = self
            .set
            .iter()
            .filter_map(|variable| variable.value.as_ref())
            .filter(|value| value.known && !value.text.is_empty())
            .map(|value| without_credentials(&value.text))
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        let was = if addresses.is_empty() {
            String::new()
        } else {
            format!(" (was {})", addresses.join(", "))
        };
        notes.push(format!(
            "{names}{was} comes from the environment of the build now, and is in no image: a container that needs it gets it when it runs"
        ));
    }
}

fn without_credentials(address: &str) -> String {
    match Url::parse(address) {
        Ok(mut url) if !url.username().is_empty() || url.password().is_some() => {
            // Only a URL without a host takes no user, and that has none.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.to_string().trim_end_matches('/').to_owned()
        }
        // What is no URL may still hold a password.
        Err(_) if address.contains('@') => "an address with credentials".to_owned(),
        _ => address.to_owned(),
    }
}
