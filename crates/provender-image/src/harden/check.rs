//! The rules of hardening, held against any image.
//!
//! What a rule finds is one [`Diagnostic`] with the first few places among its causes. What the
//! image's settings say (variables, pip's and npm's configuration, user, health check) is read by the
//! rules of `provender lint` and has their ids.

mod code;
mod files;
mod said;
mod settings;
mod user;

use provender_core::Diagnostic;

use crate::ImageConfig;
use crate::tree::{Keep, Tree};

/// The largest file whose content [`check`] looks at, in bytes.
const LARGEST: u64 = 64 << 10;

/// How many places of one kind are named.
const NAMED: usize = 5;

/// What is known of an image besides what it says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckOptions {
    /// How many of its layers are its base's, whose files are the base's business. Where nobody
    /// knows, the lowest layer counts as the base.
    pub base_layers: usize,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self { base_layers: 1 }
    }
}

/// The rules of [`check`] besides those of the linter.
const RULES: [&str; 12] = [
    "image/ca-added",
    "image/ca-missing",
    "image/missing-labels",
    "image/package-tools",
    "image/root-by-name",
    "image/secret-file",
    "image/secret-in-env",
    "image/secret-in-history",
    "image/secret-in-label",
    "image/setuid",
    "image/shell-form",
    "image/world-writable",
];

/// The rule of this name, if it is one by which an image is held.
pub fn rule(name: &str) -> Option<&'static str> {
    let own = RULES.iter().copied().chain(["image/writable-code"]);
    let linters = provender_lint::rules::all().iter().map(|rule| rule.id());
    own.chain(linters).find(|rule| *rule == name)
}

/// Which files' contents [`check`] looks at, to be given to whoever reads the tree. Where others are
/// kept, too, nothing changes.
pub fn wanted(path: &str, size: u64) -> Keep {
    let is_looked_at = matches!(path, "etc/passwd" | "etc/group")
        || settings::kind(path).is_some()
        || files::may_hold_key(path);
    if is_looked_at && size <= LARGEST { Keep::Content } else { Keep::Nothing }
}

/// Holds an image against the rules. The answer has the order of the rules, and the same image gives
/// the same answer.
pub fn check(config: &ImageConfig, tree: &Tree, options: &CheckOptions) -> Vec<Diagnostic> {
    let mut found = settings::of_config(config);
    found.extend(settings::of_files(tree));
    found.extend(settings::certificates(config, tree));
    found.extend(said::shell_form(config));
    found.extend(said::secrets(config));
    found.extend(said::missing_labels(config));
    found.extend(files::check(config, tree, options.base_layers));
    found.extend(code::check(config, tree, options.base_layers));
    found
}

/// A diagnostic about several places, the first of which it names.
fn about(diagnostic: Diagnostic, places: &[&str]) -> Diagnostic {
    let named = places.iter().take(NAMED).map(|path| format!("/{path}"));
    let mut diagnostic = named.fold(diagnostic, Diagnostic::because);
    if let Some(more) = places.len().checked_sub(NAMED).filter(|more| *more > 0) {
        diagnostic = diagnostic.because(format!("and {more} more"));
    }
    diagnostic
}

/// `1 file`, `3 files`.
fn count(places: &[&str], one: &str, many: &str) -> String {
    match places.len() {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::config::HealthCheck;
    use crate::tree::{Kind, Node};

    /// A configuration and files that no rule finds anything in.
    struct Sample {
        config: ImageConfig,
        nodes: BTreeMap<String, Node>,
    }

    impl Sample {
        fn hardened() -> Self {
            let text = r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"created":"2026-01-01T00:00:00Z",
                "config":{"User":"10001:10001","Env":["PATH=/usr/bin"],"Entrypoint":["/usr/bin/python3","-m","app"],"ExposedPorts":{"8000/tcp":{}},
                "WorkingDir":"/app","Labels":{}},"history":[{"created_by":"base"}]}"#;
            let mut config: ImageConfig = serde_json::from_str(text).unwrap();
            let test = vec!["CMD".to_owned(), "/usr/bin/python3".to_owned()];
            config.config.healthcheck = Some(HealthCheck { test, ..HealthCheck::default() });
            for key in said::LABELS {
                config.config.labels.insert(key.to_owned(), "x".to_owned());
            }
            let mut sample = Self { config, nodes: BTreeMap::new() };
            sample.add("etc/passwd", 0, 0o644, "root:x:0:0::/:/x\napp:x:10001:10001::/:/x\n");
            sample.add("usr/bin/su", 0, 0o4755, "");
            sample.add("app/main.py", 1, 0o644, "");
            sample.folder("tmp", 0, 0o1777);
            sample
        }

        fn add(&mut self, path: &str, layer: usize, mode: u32, text: &str) -> &mut Node {
            let content: Arc<[u8]> = Arc::from(text.as_bytes());
            let kind = Kind::File { size: text.len() as u64, sha256: None, content: Some(content) };
            self.nodes.insert(path.to_owned(), Node { kind, mode, uid: 0, gid: 0, layer });
            self.nodes.get_mut(path).unwrap()
        }

        fn folder(&mut self, path: &str, layer: usize, mode: u32) {
            let node = Node { kind: Kind::Folder, mode, uid: 0, gid: 0, layer };
            self.nodes.insert(path.to_owned(), node);
        }

        fn found(&self) -> Vec<Diagnostic> {
            check(&self.config, &Tree::from_nodes(self.nodes.clone()), &CheckOptions::default())
        }

        fn rules(&self) -> Vec<&'static str> {
            self.found().iter().map(|found| found.rule).collect()
        }
    }

    #[test]
    fn a_hardened_image_is_clean() {
        let sample = Sample::hardened();
        assert_eq!(sample.found(), []);
        assert_eq!(wanted("etc/passwd", 100), Keep::Content);
        assert_eq!(wanted("etc/passwd", LARGEST + 1), Keep::Nothing);
        assert_eq!(wanted("usr/bin/python3", 100), Keep::Nothing);
    }

    #[test]
    fn an_image_that_runs_as_root_is_told_whatever_it_calls_root() {
        for user in ["", "0", "root", "0:0", "root:app"] {
            let mut sample = Sample::hardened();
            sample.config.config.user = user.to_owned();
            assert_eq!(sample.rules(), ["lint/root-user"], "{user:?}");
        }
        // A name for the number 0.
        let mut sample = Sample::hardened();
        sample.add("etc/passwd", 0, 0o644, "toor:x:0:0::/:/x\n");
        sample.config.config.user = "toor".to_owned();
        assert_eq!(sample.rules(), ["image/root-by-name"]);
    }

    #[test]
    fn a_service_without_a_health_check_is_told() {
        let mut sample = Sample::hardened();
        sample.config.config.healthcheck = None;
        assert_eq!(sample.rules(), ["lint/missing-healthcheck"]);
    }

    #[test]
    fn variables_that_switch_verification_off_are_told() {
        for (variable, rule) in [
            ("PIP_TRUSTED_HOST=index.example", "lint/pip-trusted-host"),
            ("NODE_TLS_REJECT_UNAUTHORIZED=0", "lint/node-tls-reject"),
            ("GIT_SSL_NO_VERIFY=true", "lint/git-ssl-verify"),
            ("PYTHONHTTPSVERIFY=0", "lint/python-https-verify"),
            ("HTTPS_PROXY=http://proxy.corp:3128", "lint/proxy-in-image"),
            ("API_TOKEN=k8s2-49dj-wq", "lint/credential-in-env"),
            ("API_TOKEN=k8s2-$49dj-wq", "image/secret-in-env"),
            ("SSL_CERT_FILE=/etc/no/ca.pem", "image/ca-missing"),
        ] {
            let mut sample = Sample::hardened();
            sample.config.config.env.push(variable.to_owned());
            assert_eq!(sample.rules(), [rule], "{variable}");
        }
    }

    #[test]
    fn a_value_cannot_become_an_instruction() {
        let mut sample = Sample::hardened();
        sample.config.config.env.push("A=x\"\nUSER root\n# provender: allow".to_owned());
        sample.config.config.env.push("A B=x".to_owned());
        sample.config.config.user = "10001 \nUSER root".to_owned();
        let rules = sample.rules();
        assert!(!rules.contains(&"lint/unreadable"), "{rules:?}");
    }

    #[test]
    fn settings_of_the_image_s_tools_are_linted_with_their_place() {
        let mut sample = Sample::hardened();
        sample.add("etc/pip.conf", 0, 0o644, "[global]\ntrusted-host = index.example\n");
        sample.add("root/.npmrc", 0, 0o644, "strict-ssl=false\n");
        sample.add("usr/lib/python3/site-packages/x/.npmrc", 0, 0o644, "strict-ssl=false\n");
        let found = sample.found();
        let told: Vec<_> = found
            .iter()
            .map(|found| (found.rule, found.place.as_ref().unwrap().to_string()))
            .collect();
        let expected = [
            ("lint/pip-trusted-host", "/etc/pip.conf:2".to_owned()),
            ("lint/npm-strict-ssl", "/root/.npmrc:1".to_owned()),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn an_image_cannot_allow_its_own_findings() {
        let mut sample = Sample::hardened();
        let text = "# provender: allow lint/npm-strict-ssl -- trust me\nstrict-ssl=false\n";
        sample.add("root/.npmrc", 0, 0o644, text);
        assert_eq!(sample.rules(), ["lint/npm-strict-ssl"]);
    }

    #[test]
    fn a_program_that_a_shell_starts_is_told() {
        let mut sample = Sample::hardened();
        let command = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        sample.config.config.entrypoint = command(&["/bin/sh", "-c", "python3 -m app"]);
        assert_eq!(sample.rules(), ["image/shell-form"]);
        sample.config.config.entrypoint = command(&["/bin/sh", "-c", "exec python3 -m app"]);
        assert_eq!(sample.rules(), [""; 0]);
        sample.config.config.entrypoint = Vec::new();
        sample.config.config.cmd = command(&["/bin/bash", "-c", "python3 -m app"]);
        assert_eq!(sample.rules(), ["image/shell-form"]);
    }

    #[test]
    fn secrets_in_history_and_labels_are_told_and_not_shown() {
        let mut sample = Sample::hardened();
        let said = "|1 NPM_TOKEN=k8s2-49dj-wq /bin/sh -c npm ci # buildkit";
        sample.config.history[0].created_by = Some(said.to_owned());
        let address = "https://bob:hunter2secret@git.corp/app.git".to_owned();
        sample.config.config.labels.insert("org.opencontainers.image.source".to_owned(), address);
        let found = sample.found();
        let rules: Vec<_> = found.iter().map(|found| found.rule).collect();
        assert_eq!(rules, ["image/secret-in-label", "image/secret-in-history"]);
        let said = format!("{found:?}");
        assert!(!said.contains("k8s2") && !said.contains("hunter2secret"), "{said}");
        sample.config.config.labels.remove("org.opencontainers.image.source");
        let header = "RUN curl -H 'Authorization: Bearer k8s249djwqk8s249djwq' x";
        sample.config.history[0].created_by = Some(header.to_owned());
        assert_eq!(sample.rules(), ["image/secret-in-history", "image/missing-labels"]);
    }

    #[test]
    fn what_upper_layers_add_is_told_and_the_base_s_is_not() {
        for (path, mode, rule) in [
            ("usr/local/bin/x", 0o4755, "image/setuid"),
            ("usr/local/bin/x", 0o2755, "image/setuid"),
            ("app/data.json", 0o666, "image/world-writable"),
            ("usr/lib/python3/dist-packages/pip/__init__.py", 0o644, "image/package-tools"),
            ("usr/bin/gcc", 0o755, "image/package-tools"),
            ("usr/local/share/ca-certificates/proxy.crt", 0o644, "image/ca-added"),
        ] {
            let mut sample = Sample::hardened();
            sample.add(path, 1, mode, "");
            assert_eq!(sample.rules(), [rule], "{path}");
            sample.add(path, 0, mode, "");
            assert_eq!(sample.rules(), [""; 0], "{path} of the base");
        }
    }

    #[test]
    fn certificates_that_the_build_was_asked_for_are_a_note() {
        let mut sample = Sample::hardened();
        sample.add("usr/local/share/ca-certificates/corporate.crt", 1, 0o644, "");
        assert_eq!(sample.found()[0].level, provender_core::Level::Warning);
        let created_by = Some("provender image build: certificates".to_owned());
        sample.config.history.push(crate::config::History { created_by, ..Default::default() });
        assert_eq!(sample.found()[0].level, provender_core::Level::Note);
    }

    #[test]
    fn a_folder_that_everybody_may_write_to_needs_its_sticky_bit() {
        let mut sample = Sample::hardened();
        sample.folder("srv/spool", 1, 0o777);
        assert_eq!(sample.rules(), ["image/world-writable"]);
        sample.folder("srv/spool", 1, 0o1777);
        assert_eq!(sample.rules(), [""; 0]);
    }

    #[test]
    fn code_that_its_user_may_change_is_told() {
        let mut sample = Sample::hardened();
        sample.add("app/main.py", 1, 0o644, "").uid = 10001;
        let found = sample.found();
        assert_eq!(found[0].rule, "image/writable-code");
        assert_eq!(found[0].causes, ["/app/main.py"]);
        let mut sample = Sample::hardened();
        sample.add("app/main.py", 1, 0o664, "").gid = 10001;
        assert_eq!(sample.rules(), ["image/writable-code"]);
        // The same by name.
        sample.config.config.user = "app".to_owned();
        assert_eq!(sample.rules(), ["image/writable-code"]);
    }

    #[test]
    fn keys_in_files_are_told() {
        let mut sample = Sample::hardened();
        let body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1234567890abcdef";
        let key = format!("-----BEGIN {0} KEY-----\n{body}\n-----END {0} KEY-----\n", "PRIVATE");
        sample.add("app/tls.key", 1, 0o644, &key);
        sample.add("app/ca.pem", 1, 0o644, "-----BEGIN CERTIFICATE-----\n");
        sample.add("root/.netrc", 1, 0o600, "");
        let found = sample.found();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].rule, "image/secret-file");
        assert_eq!(found[0].causes, ["/app/tls.key", "/root/.netrc"]);
    }

    #[test]
    fn a_long_list_is_cut() {
        let paths: Vec<String> = (0..8).map(|number| format!("x{number}")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let told = about(Diagnostic::note("image/setuid", "x"), &paths);
        assert_eq!(told.causes.len(), NAMED + 1);
        assert_eq!(told.causes[NAMED], "and 3 more");
    }
}
