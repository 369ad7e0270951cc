//! The settings of docker (`daemon.json`), BuildKit (`buildkitd.toml`) and podman (`registries.conf`), and
//! `.dockerignore`.

use super::lines::{comment_line, lines, trimmed};
use super::yaml::Yaml;
use super::{single, toml};
use crate::facts::{Facts, Tool};

/// Reads `daemon.json`.
pub(crate) fn daemon(text: &str) -> Facts {
    let mut facts = Yaml::parse_json(text).settings(Tool::Docker);
    // JSON has no comments.
    facts.comments.clear();
    facts
}

/// Reads `buildkitd.toml`.
pub(crate) fn buildkitd(text: &str) -> Facts {
    toml::parse(text, |_| Some(Tool::Buildkit))
}

/// Reads `registries.conf` (containers-registries.conf(5), versions 1 and 2).
pub(crate) fn registries(text: &str) -> Facts {
    toml::parse(text, |_| Some(Tool::Containers))
}

/// Reads `.dockerignore`: a pattern a line, each a setting `["pattern"]`.
pub(crate) fn dockerignore(text: &str) -> Facts {
    let mut facts = Facts::default();
    for line in lines(text) {
        let content = trimmed(text, &line.span);
        if text[line.span.clone()].starts_with('#') {
            facts.comments.extend(comment_line(text, &line, &['#']));
        } else if !content.is_empty() {
            let path = vec!["pattern".to_owned()];
            let value = text[content.clone()].to_owned();
            let key = content.clone();
            facts.settings.push(single(Tool::Docker, path, value, content, key, line.whole));
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::proof::{check, cut, setting, without, without_value};

    #[test]
    fn settings_of_docker_stand_where_they_are_said_to_stand() {
        let text = "{\n\t\"insecure-registries\": [\"a.example:5000\", \"b.example\"],\n\t\"log-opts\": {\"tag\": \"ü\"},\n\t\"registry-mirrors\": [\n\t\t\"http://c.example\",\n\t\t\"http://d.example\"\n\t],\n\t\"live-restore\": true\n}\n";
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let facts = check(&text, daemon);
            assert!(facts.errors.is_empty());
            let insecure = setting(&facts, &["insecure-registries"]);
            assert_eq!(&text[insecure.values[0].span.clone()], "\"a.example:5000\"");
            assert_eq!(setting(&facts, &["log-opts", "tag"]).value, "ü");
            without_value(&text, daemon, &["insecure-registries"], 0);
            let last = without_value(&text, daemon, &["registry-mirrors"], 1);
            let ends = without(&text, daemon, &["live-restore"]);
            let first = without(&text, daemon, &["insecure-registries"]);
            let only = without(&text, daemon, &["log-opts", "tag"]);
            for rest in [last, ends, first, only] {
                holds_no_spare_comma(&rest);
            }
        }
    }

    /// JSON has no comma before a closing bracket.
    fn holds_no_spare_comma(text: &str) {
        let dense: String = text.split_whitespace().collect();
        assert!(!dense.contains(",}") && !dense.contains(",]") && !dense.contains("{,"), "{text}");
    }

    #[test]
    fn settings_of_buildkit_and_podman_stand_where_they_are_said_to_stand() {
        let text = "# ü\n[registry.\"a.example:5000\"]\n  http = true\n  insecure = true # why\n";
        let facts = check(text, buildkitd);
        let path = ["registry", "a.example:5000", "insecure"];
        assert_eq!(setting(&facts, &path).value, "true");
        assert!(without(text, buildkitd, &path).ends_with("http = true\n"));

        let text = "unqualified-search-registries = [\"a.example\"]\n[[registry]]\nlocation = \"a.example\"\ninsecure = true\n[[registry.mirror]]\nlocation = \"b.example\"\n[registries.insecure]\nregistries = ['c.example']\n";
        let facts = check(text, registries);
        assert_eq!(setting(&facts, &["registry", "0", "insecure"]).value, "true");
        let mirror = setting(&facts, &["registry", "0", "mirror", "0", "location"]);
        assert_eq!(mirror.value, "b.example");
        assert_eq!(setting(&facts, &["registries", "insecure", "registries"]).values.len(), 1);
    }

    #[test]
    fn patterns_of_dockerignore_stand_where_they_are_said_to_stand() {
        let text = "# ü\n.git\n\n!keep#1\n";
        let facts = check(text, dockerignore);
        let patterns: Vec<_> =
            facts.settings.iter().map(|found| &text[found.values[0].span.clone()]).collect();
        assert_eq!(patterns, [".git", "!keep#1"]);
        assert_eq!(cut(text, &facts.settings[0].whole), "# ü\n\n!keep#1\n");
    }
}
