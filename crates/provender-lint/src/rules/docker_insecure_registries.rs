//! Registries whose TLS is not verified: docker, buildkit, podman, buildah, skopeo.

use provender_core::Level;

use super::Rule;
use super::bypass::{Bypass, Found, invocations};
use super::host;
use super::value::State;
use crate::facts::{Command, Invocation, Setting, Tool};
use crate::finding::Finding;
use crate::source::File;

/// `lint/docker-insecure-registries`.
pub(crate) struct DockerInsecureRegistries;

const BYPASS: Bypass = Bypass {
    rule: "lint/docker-insecure-registries",
    what: "TLS verification of a container registry",
    label: "whoever answers for this registry is believed",
    because: &[
        "a tag is what the registry says it is; an insecure one is also spoken to in plain \
                http",
    ],
    hint: "delete it; where the registry's CA is private, put it at \
           /etc/docker/certs.d/HOST:PORT/ca.crt (docker), /etc/containers/certs.d/HOST:PORT/ca.crt \
           (podman, buildah, skopeo), or name it in `ca` of `[registry.\"HOST\"]` (buildkit)",
};

/// Programs that take `--tls-verify=false`.
const CONTAINERS: &[&str] = &["podman", "buildah", "skopeo", "podman-remote", "podman-compose"];

impl Rule for DockerInsecureRegistries {
    fn id(&self) -> &'static str {
        "lint/docker-insecure-registries"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of a container registry is switched off"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/docker-insecure-registries.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for setting in &file.facts.settings {
            of_setting(file, setting, findings);
        }
        for (command, invocation) in invocations(file) {
            if CONTAINERS.contains(&invocation.program) {
                for option in ["--tls-verify", "--src-tls-verify", "--dest-tls-verify"] {
                    of_tls_verify(command, &invocation, option, findings);
                }
            } else if ["dockerd", "docker", "nerdctl"].contains(&invocation.program) {
                for used in invocation.option("--insecure-registry", true) {
                    let known = used.value_word.unwrap_or(used.option).known;
                    let state = if known { State::Off } else { State::Unknown };
                    let registry = used.value.unwrap_or_default();
                    findings.extend(judge(registry, state, Found::option(&used)));
                }
            }
        }
    }
}

fn of_setting(file: &File, setting: &Setting, findings: &mut Vec<Finding>) {
    let path: Vec<&str> = setting.path.iter().map(String::as_str).collect();
    match (setting.tool, path.as_slice()) {
        (Tool::Docker, [.., "insecure-registries"])
        | (Tool::Containers, [.., "registries", "insecure", "registries"]) => {
            for value in &setting.values {
                let state = State::of_text(&value.text, |registry| !registry.is_empty());
                findings.extend(judge(&value.text, state, Found::value(setting, value)));
            }
        }
        (Tool::Containers, [.., "insecure"]) if setting.value == "true" => {
            let beside = |name: &str| {
                let settings = file.facts.settings.iter();
                let mut beside = settings.filter(|one| {
                    one.name() == name
                        && one.path[..one.path.len() - 1] == setting.path[..path.len() - 1]
                });
                beside.next().map(|one| one.value.clone()).filter(|value| !value.is_empty())
            };
            let registry = beside("location").or_else(|| beside("prefix")).unwrap_or_default();
            findings.extend(judge(&registry, State::Off, Found::setting(setting)));
        }
        (Tool::Buildkit, [.., "registry", registry, "insecure"]) if setting.value == "true" => {
            findings.extend(judge(registry, State::Off, Found::setting(setting)));
        }
        (Tool::Buildkit, [.., "registry", registry, "http"]) if setting.value == "true" => {
            // It speaks plain http: that it could speak TLS is not known.
            findings.extend(judge(registry, State::Off, Found::setting(setting).unfixed()));
        }
        _ => {}
    }
}

/// `--tls-verify=false`: a value stands behind the sign only.
fn of_tls_verify(
    command: &Command,
    invocation: &Invocation<'_>,
    option: &str,
    findings: &mut Vec<Finding>,
) {
    for used in invocation.option(option, false) {
        let Some(value) = used.value else { continue };
        let off = ["false", "f", "0"].iter().any(|no| value.eq_ignore_ascii_case(no));
        let state = match (used.option.known, off) {
            (false, _) => State::Unknown,
            (true, true) => State::Off,
            (true, false) => State::On,
        };
        let hosts = invocation.arguments.iter().filter_map(|word| of_image(&word.text));
        let hosts = host::distinct(hosts.chain(host::of_command(command)));
        findings.extend(BYPASS.judge(state, Found::option(&used), hosts));
    }
}

/// The registry of an image's name, as in `docker://registry.example:5000/app:1`.
fn of_image(word: &str) -> Option<String> {
    let name = word.strip_prefix("docker://").unwrap_or(word);
    let (registry, _) = name.split_once('/')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:".contains(&byte);
    let registry_like = registry.contains(['.', ':']) && registry.bytes().all(plain);
    (registry_like && !registry.starts_with(['.', '-'])).then(|| registry.to_owned())
}

fn judge(registry: &str, state: State, found: Found) -> Option<Finding> {
    let registry = registry.split('/').next().unwrap_or_default();
    if state == State::Off && host::is_loopback(registry) {
        return None;
    }
    // A range of addresses names no host.
    let named = !registry.is_empty() && !registry.contains('*');
    BYPASS.judge(state, found, named.then(|| registry.to_owned()).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::DockerInsecureRegistries;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str =
        "TLS verification of a container registry is switched off for `a.example:5000`";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            ("daemon.json", "{\"insecure-registries\": [\"a.example:5000\"]}\n", OFF),
            (
                "registries.conf",
                "[[registry]]\nlocation = \"a.example:5000\"\ninsecure = true\n",
                OFF,
            ),
            (
                "registries.conf",
                "[[registry]]\nprefix = \"b.example\"\nlocation = \"a.example:5000/mirror\"\ninsecure = true\n",
                OFF,
            ),
            ("registries.conf", "[registries.insecure]\nregistries = [\"a.example:5000\"]\n", OFF),
            ("buildkitd.toml", "[registry.\"a.example:5000\"]\n  insecure = true\n", OFF),
            ("buildkitd.toml", "[registry.\"a.example:5000\"]\n  http = true\n", OFF),
            ("a.sh", "podman pull --tls-verify=false a.example:5000/app:1\n", OFF),
            (
                "a.sh",
                "skopeo copy --dest-tls-verify=false dir:x docker://a.example:5000/app\n",
                OFF,
            ),
            ("a.sh", "buildah bud --tls-verify=0 -t a.example:5000/app .\n", OFF),
            ("a.sh", "dockerd --insecure-registry a.example:5000\n", OFF),
            (
                "a.sh",
                "podman login --tls-verify=$V\n",
                "TLS verification of a container registry may be switched off",
            ),
        ] {
            assert_eq!(
                messages(&DockerInsecureRegistries, &[(path, text)]),
                [message],
                "{path}: {text}"
            );
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            (
                "daemon.json",
                "{\"insecure-registries\": [\"localhost:5000\", \"127.0.0.1\"], \"debug\": true}\n",
            ),
            ("registries.conf", "[[registry]]\nlocation = \"a.example\"\ninsecure = false\n"),
            ("a.sh", "podman pull --tls-verify=true a.example/app\n"),
            ("a.sh", "podman pull --tls-verify a.example/app\n"),
        ] {
            assert_eq!(
                messages(&DockerInsecureRegistries, &[(path, text)]),
                [""; 0],
                "{path}: {text}"
            );
        }
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            (
                "daemon.json",
                "{\n  \"debug\": true,\n  \"insecure-registries\": [\"a.example:5000\"]\n}\n",
                "{\n  \"debug\": true\n}\n",
            ),
            (
                "registries.conf",
                "[[registry]]\nlocation = \"a.example\"\ninsecure = true\n",
                "[[registry]]\nlocation = \"a.example\"\n",
            ),
            (
                "buildkitd.toml",
                "[registry.\"a.example\"]\n  http = true\n",
                "[registry.\"a.example\"]\n  http = true\n",
            ),
            (
                "a.sh",
                "podman pull --tls-verify=false a.example/app\n",
                "podman pull a.example/app\n",
            ),
        ] {
            assert_eq!(fixed(&DockerInsecureRegistries, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "[[registry]]\nlocation = \"a.example\"\ninsecure = true # provender: allow lint/docker-insecure-registries -- a laboratory\n";
        assert_eq!(messages(&DockerInsecureRegistries, &[("registries.conf", text)]), [""; 0]);
    }
}
