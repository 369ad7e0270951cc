//! Hosts, in URLs and on their own.

use crate::facts::{Command, Setting};
use crate::source::File;

/// The hosts of the URLs beside a setting in its table, or else in all settings of its tool.
pub(crate) fn of_table(file: &File, setting: &Setting) -> Vec<String> {
    let table = |path: &[String]| path.split_last().map(|(_, table)| table.to_vec());
    let own = table(&setting.path);
    let same_tool = || file.facts.settings.iter().filter(|other| other.tool == setting.tool);
    let hosts = |settings: &mut dyn Iterator<Item = &Setting>| {
        distinct(settings.flat_map(|one| &one.values).filter_map(|value| of_url(&value.text)))
    };
    let beside = hosts(&mut same_tool().filter(|other| table(&other.path) == own));
    if beside.is_empty() { hosts(&mut same_tool()) } else { beside }
}

/// The hosts of the URLs that a command is given.
pub(crate) fn of_command(command: &Command) -> Vec<String> {
    let words = command.words.iter().skip(1);
    distinct(words.filter_map(|word| {
        let value = word
            .text
            .split_once("=http")
            .map_or(&*word.text, |(option, _)| &word.text[option.len() + 1..]);
        of_url(value)
    }))
}

/// The hosts of the URLs with this scheme that a file names anywhere.
pub(crate) fn of_file(file: &File, wanted: &str) -> Vec<String> {
    let facts = &file.facts;
    let settings = facts.settings.iter().flat_map(|setting| &setting.values);
    let variables = facts.variables.iter().filter_map(|variable| variable.value.as_ref());
    let words = variables.chain(facts.commands.iter().flat_map(|command| &command.words));
    let texts = settings.map(|value| &*value.text).chain(words.map(|word| &*word.text));
    distinct(texts.flat_map(|text| within(text, wanted)))
}

/// The hosts of the URLs with this scheme that stand somewhere in a text.
fn within(text: &str, wanted: &str) -> impl Iterator<Item = String> {
    text.match_indices("://").filter_map(move |(at, _)| {
        let start = (at + "://".len()).checked_sub(wanted.len())?;
        let url = text.get(start..)?;
        scheme(url, wanted).and_then(|_| of_url(url))
    })
}

/// A host without its port.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.contains(':') => {
            name
        }
        _ => host,
    }
}

/// Each once, sorted.
pub(crate) fn distinct(hosts: impl Iterator<Item = String>) -> Vec<String> {
    hosts.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// The host of an `http:` or `https:` URL, with its port if it names one; none of anything else.
pub(crate) fn of_url(text: &str) -> Option<String> {
    let rest = scheme(text, "https://").or_else(|| scheme(text, "http://"))?;
    let authority = rest.split(['/', '?', '#', ' ', '\'', '"']).next()?;
    let host = authority.rsplit('@').next()?;
    // A host that is put in only when the file is used is none.
    if host.is_empty() || host.contains(['$', '{', '`', '(']) {
        return None;
    }
    Some(host.to_ascii_lowercase())
}

/// The hosts of a list with blanks between, each with or without a scheme; not the machine itself.
pub(crate) fn listed(hosts: &str) -> impl Iterator<Item = String> {
    hosts
        .split_whitespace()
        .map(|host| of_url(host).unwrap_or_else(|| host.to_owned()))
        .filter(|host| !is_loopback(host))
}

/// The rest of a URL behind its scheme, whose letters may have any case.
pub(crate) fn scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// Whether a host, with or without a port, is the machine itself: what goes there leaves no wire
/// to listen at.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None if host.matches(':').count() == 1 => host.split(':').next().unwrap_or(host),
        None => host,
    };
    host.eq_ignore_ascii_case("localhost")
        || host.to_ascii_lowercase().ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_its_host_with_its_port_and_without_its_credentials() {
        assert_eq!(of_url("https://index.example/simple").as_deref(), Some("index.example"));
        assert_eq!(of_url("HTTP://u:p@Index.example:8080").as_deref(), Some("index.example:8080"));
        assert_eq!(of_url("https://$HOST/simple"), None);
        assert_eq!(of_url("ftp://index.example"), None);
    }

    #[test]
    fn the_machine_itself_is_loopback() {
        for host in ["localhost", "localhost:80", "127.0.0.1", "127.9.0.1:1", "::1", "[::1]:80"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["index.example", "10.0.0.1", "localhost.example"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
