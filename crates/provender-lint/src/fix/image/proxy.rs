//! Proxies that a Dockerfile writes into its image, by `ENV` or by a command that configures a tool.
//!
//! A builder knows arguments of these names without an `ARG`, sets them for every step, and leaves them out of image and
//! history (Dockerfile reference, "Predefined ARGs"). With an `ARG` they are in the history.

use std::collections::BTreeSet;

use url::Url;

use super::super::edits::compose as join;
use super::again;
use crate::dockerfile::Instruction;
use crate::facts::{Command, Home, Origin, Variable};
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

/// The proxies of a Dockerfile.
pub(super) struct Proxies {
    /// The arguments that take their place.
    names: BTreeSet<&'static str>,
    /// Where they led, without credentials.
    addresses: BTreeSet<String>,
}

/// One place that sets a proxy.
struct Place {
    name: &'static str,
    address: Option<String>,
    deletion: Edit,
}

/// The proxies of a Dockerfile.
pub(super) fn of(file: &File) -> Proxies {
    let places = places(file);
    let addresses = places.iter().filter_map(|place| place.address.as_deref());
    Proxies {
        names: places.iter().map(|place| place.name).collect(),
        addresses: addresses.filter(|text| !text.is_empty()).map(without_credentials).collect(),
    }
}

/// A file's edits and itself, with its proxies gone too.
pub(super) fn without(file: &File, mut edits: Vec<Edit>, mut after: File) -> (Vec<Edit>, File) {
    // One at a time: what goes with one may be what stood between it and the next.
    let most = places(&after).len();
    for _ in 0..most {
        let Some(place) = places(&after).into_iter().next() else { break };
        edits = join(&edits, &[place.deletion]);
        after = again(file, &edits);
    }
    (edits, after)
}

fn places(file: &File) -> Vec<Place> {
    let Some(dockerfile) = &file.dockerfile else { return Vec::new() };
    let instructions = &dockerfile.instructions;
    let variables: Vec<&Variable> =
        file.facts.variables.iter().filter(|one| is_proxy(one)).collect();
    let set = variables
        .iter()
        .filter(|variable| !is_read(file, instructions, &variable.name, &variables));
    let set = set.filter_map(|variable| {
        Some(Place {
            name: PREDEFINED.into_iter().find(|name| *name == variable.name)?,
            address: variable
                .value
                .as_ref()
                .filter(|value| value.known)
                .map(|value| value.text.clone()),
            deletion: Edit::delete(variable.whole.clone()),
        })
    });
    let configured = file.facts.commands.iter().filter_map(|command| {
        let (name, address) = configures(command)?;
        let whole = file.facts.whole_of(command)?.clone();
        Some(Place { name, address: Some(address), deletion: Edit::delete(whole) })
    });
    set.chain(configured).collect()
}

fn is_proxy(variable: &Variable) -> bool {
    matches!(variable.origin, Origin::DockerEnv { .. } | Origin::DockerArg { .. })
        && PREDEFINED.contains(&variable.name.as_str())
}

/// Whether an instruction that is no step puts the variable in somewhere, the proxies' own apart.
fn is_read(file: &File, instructions: &[Instruction], name: &str, proxies: &[&Variable]) -> bool {
    let own = |at: usize| proxies.iter().any(|proxy| proxy.whole.contains(&at));
    instructions.iter().filter(|one| one.keyword != "RUN").any(|instruction| {
        [format!("${name}"), format!("${{{name}")].iter().any(|wanted| {
            file.text[instruction.span.clone()].match_indices(wanted.as_str()).any(|(at, _)| {
                let at = instruction.span.start + at;
                let next = file.text[at + wanted.len()..].chars().next();
                let longer = next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_');
                !longer && !own(at)
            })
        })
    })
}

/// The argument that does what a step writes into a tool's configuration, and the address.
fn configures(command: &Command) -> Option<(&'static str, String)> {
    if !matches!(command.home, Home::Run { .. }) {
        return None;
    }
    let invocation = command.invocation()?;
    let plain: Vec<&str> = invocation.plain().map(|word| word.text.as_str()).collect();
    let (key, address) = match (invocation.program, plain.as_slice()) {
        ("npm" | "pnpm" | "yarn" | "pip", ["config", "set", key, address]) => (*key, *address),
        ("npm" | "pnpm", ["set", key, address]) | ("git", ["config", key, address]) => {
            (*key, *address)
        }
        ("npm" | "pnpm", ["config", "set", pair] | ["set", pair]) => pair.split_once('=')?,
        _ => return None,
    };
    let name = match (invocation.program, key) {
        ("npm" | "pnpm" | "yarn", "https-proxy" | "httpsProxy") | ("git", "https.proxy") => {
            "HTTPS_PROXY"
        }
        // git and pip use theirs for every scheme, and all that they speak to here is TLS.
        ("pip", "global.proxy" | "user.proxy" | "site.proxy") | ("git", "http.proxy") => {
            "HTTPS_PROXY"
        }
        ("npm" | "pnpm" | "yarn", "proxy" | "http-proxy" | "httpProxy") => "HTTP_PROXY",
        ("npm" | "pnpm", "noproxy") => "NO_PROXY",
        _ => return None,
    };
    Some((name, address.to_owned()))
}

impl Proxies {
    /// The arguments that take their place.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.names.iter().copied().collect()
    }

    /// Says where the address comes from now, or that it stayed.
    pub(super) fn note(&self, gone: bool, notes: &mut Vec<String>) {
        let names = self.names().join(", ");
        if names.is_empty() {
            return;
        }
        if !gone {
            notes.push(format!(
                "the image keeps {names}: pass them as build arguments (`--build-arg NAME`, without a value) and delete them from the Dockerfile"
            ));
            return;
        }
        let addresses: Vec<&str> = self.addresses.iter().map(String::as_str).collect();
        let was = if addresses.is_empty() {
            String::new()
        } else {
            format!(" (was {})", addresses.join(", "))
        };
        notes.push(format!(
            "the build takes {names} from its environment now{was}, and the image holds none: a container that needs a proxy is given it when it runs"
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
