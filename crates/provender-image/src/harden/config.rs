//! The configuration of a hardened image.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::environment::{Dropped, merged};
use super::labels;
use crate::config::{ContainerConfig, HealthCheck, History, RootFs};
use crate::dockerfile::{HEALTH_RETRIES, HEALTH_START_PERIOD, HEALTH_TIMEOUT};
use crate::{Digest, ImageConfig};

/// How a container is run, and what was laid over the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HardenOptions {
    /// Its user and group, as numbers: an orchestrator can see that they are not root's.
    pub user: (u32, u32),
    /// The folder that the program starts in.
    pub workdir: String,
    /// The program and its first arguments, which no shell reads.
    pub entrypoint: Vec<String>,
    /// The program's further arguments, which whoever runs it may replace.
    pub cmd: Vec<String>,
    /// Variables that are set, whatever the base has.
    pub env: BTreeMap<String, String>,
    /// The TCP port that is served.
    pub port: Option<u16>,
    /// How a runtime asks whether the service is well.
    pub health: Option<Health>,
    /// The signal that ends it.
    pub stop_signal: String,
    /// Labels; see [`Facts`](super::Facts).
    pub labels: BTreeMap<String, String>,
    /// The one time of the image.
    pub created: Timestamp,
    /// The layers over the base's, the lowest first.
    pub layers: Vec<NewLayer>,
}

/// A health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The program and its arguments, which no shell reads.
    pub command: Vec<String>,
    /// From one check to the next.
    pub interval: Duration,
    /// How long one may take.
    pub timeout: Duration,
    /// How long failures do not count after the start.
    pub start_period: Duration,
    /// How many failures in a row make it unhealthy.
    pub retries: u32,
}

impl Health {
    /// The check that the equivalent Dockerfile has as well.
    pub fn of(command: Vec<String>, interval: Duration) -> Self {
        Self {
            command,
            interval,
            timeout: HEALTH_TIMEOUT,
            start_period: HEALTH_START_PERIOD,
            retries: HEALTH_RETRIES,
        }
    }
}

/// A layer over the base's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLayer {
    /// What its archive hashes to when it is not compressed.
    pub diff_id: Digest,
    /// How it came about, such as `provender image build: dependencies`.
    pub created_by: String,
}

/// A configuration, and what it does not take over.
#[derive(Debug, Clone, PartialEq)]
pub struct Hardened {
    /// The configuration.
    pub config: ImageConfig,
    /// What the base has and the image has not, in the configuration's order.
    pub dropped: Vec<Dropped>,
}

/// The configuration of an image on a base.
///
/// The base's variables are taken over but for [those](Dropped) that belong to its own build, and so
/// are its labels but for those that describe the base itself. Its program, health check, volumes,
/// open ports and `ONBUILD` triggers are not: they are its own service's. The same input gives the
/// same configuration.
///
/// The health check is docker's field, and is written for OCI images, too: docker and containerd
/// keep it there, podman drops it.
pub fn config(base: &ImageConfig, options: &HardenOptions) -> Hardened {
    let mut dropped = Vec::new();
    let env = merged(&base.config.env, &options.env, &mut dropped);
    let mut labels = labels::inherited(&base.config.labels);
    labels.extend(options.labels.clone());
    not_inherited(&base.config, options, &mut dropped);
    let created = options.created.to_string();
    let layers = options.layers.iter();
    let mut diff_ids = base.rootfs.diff_ids.clone();
    diff_ids.extend(layers.clone().map(|layer| layer.diff_id));
    let mut history = full_history(base);
    history.extend(layers.map(|layer| History {
        created: Some(created.clone()),
        created_by: Some(layer.created_by.clone()),
        ..History::default()
    }));
    let (uid, gid) = options.user;
    let exposed = options.port.map(|port| (format!("{port}/tcp"), json!({})));
    // What a runtime must know of a system's features; the rest tells of the base's build.
    let features = base.other.get("os.features");
    let other = features.map(|features| ("os.features".to_owned(), features.clone()));
    let config = ImageConfig {
        created: Some(created),
        author: None,
        platform: base.platform.clone(),
        config: ContainerConfig {
            user: format!("{uid}:{gid}"),
            exposed_ports: exposed.into_iter().collect(),
            env,
            entrypoint: options.entrypoint.clone(),
            cmd: options.cmd.clone(),
            volumes: BTreeMap::new(),
            working_dir: options.workdir.clone(),
            labels,
            stop_signal: options.stop_signal.clone(),
            healthcheck: options.health.as_ref().map(health_check),
            other: BTreeMap::new(),
        },
        rootfs: RootFs { r#type: "layers".to_owned(), diff_ids },
        history,
        other: other.into_iter().collect(),
    };
    Hardened { config, dropped }
}

fn not_inherited(base: &ContainerConfig, options: &HardenOptions, dropped: &mut Vec<Dropped>) {
    let mut drop = |is_there: bool, what: &str, why| {
        if is_there {
            dropped.push(Dropped { what: what.to_owned(), why });
        }
    };
    let own = "it is the base's own service's";
    let port = options.port.map(|port| format!("{port}/tcp"));
    drop(!base.entrypoint.is_empty(), "the entry point", own);
    drop(!base.cmd.is_empty(), "the command", own);
    drop(base.healthcheck.is_some(), "the health check", own);
    drop(base.exposed_ports.keys().any(|name| Some(name) != port.as_ref()), "open ports", own);
    drop(
        !base.volumes.is_empty(),
        "volumes",
        "each container would get a writable folder nobody asked for",
    );
    let triggers = base.other.get("OnBuild").and_then(Value::as_array);
    drop(
        triggers.is_some_and(|triggers| !triggers.is_empty()),
        "ONBUILD triggers",
        "they are for builds by Dockerfile",
    );
}

/// The base's history with an entry for each of its layers, as tools that compare both expect.
fn full_history(base: &ImageConfig) -> Vec<History> {
    let layers = base.rootfs.diff_ids.len();
    let told = base.history.iter().filter(|entry| !entry.empty_layer).count();
    if told == layers {
        return base.history.clone();
    }
    let entry = History { comment: Some("a layer of the base".to_owned()), ..History::default() };
    vec![entry; layers]
}

fn health_check(health: &Health) -> HealthCheck {
    let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let mut test = vec!["CMD".to_owned()];
    test.extend(health.command.iter().cloned());
    HealthCheck {
        test,
        interval: nanoseconds(health.interval),
        timeout: nanoseconds(health.timeout),
        start_period: nanoseconds(health.start_period),
        retries: health.retries.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = r#"{"architecture":"arm64","variant":"v8","os":"linux","author":"somebody","docker_version":"24",
        "container_config":{"Env":["TOKEN=x"]},
        "config":{"User":"root","Env":["PATH=/usr/bin","HTTP_PROXY=http://proxy.example"],"Cmd":["python3"],"Entrypoint":["/run"],
            "Volumes":{"/data":{}},"ExposedPorts":{"80/tcp":{}},"OnBuild":["RUN x"],"Shell":["/bin/bash","-c"],
            "Healthcheck":{"Test":["CMD","/old"]},"Labels":{"org.opencontainers.image.version":"12","team":"base"}},
        "rootfs":{"type":"layers","diff_ids":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]},
        "history":[{"created_by":"ADD rootfs"},{"created_by":"CMD","empty_layer":true}]}"#;

    fn options() -> HardenOptions {
        let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        HardenOptions {
            user: (10001, 10001),
            workdir: "/app".to_owned(),
            entrypoint: text(&["/usr/bin/python3", "-m", "app"]),
            cmd: Vec::new(),
            env: BTreeMap::from([("PYTHONUNBUFFERED".to_owned(), "1".to_owned())]),
            port: Some(8000),
            health: Some(Health::of(
                text(&["/usr/bin/python3", "-c", "check"]),
                Duration::from_secs(30),
            )),
            stop_signal: "SIGTERM".to_owned(),
            labels: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
            created: "2026-01-02T03:04:05Z".parse().unwrap(),
            layers: vec![NewLayer {
                diff_id: Digest::of(b"1"),
                created_by: "dependencies".to_owned(),
            }],
        }
    }

    #[test]
    fn a_base_gives_its_variables_and_labels_and_not_its_service() {
        let base: ImageConfig = serde_json::from_str(BASE).unwrap();
        let hardened = config(&base, &options());
        let expected = json!({
            "created": "2026-01-02T03:04:05Z", "architecture": "arm64", "variant": "v8", "os": "linux",
            "config": {
                "User": "10001:10001",
                "ExposedPorts": {"8000/tcp": {}},
                "Env": ["PATH=/usr/bin", "PYTHONUNBUFFERED=1"],
                "Entrypoint": ["/usr/bin/python3", "-m", "app"],
                "WorkingDir": "/app",
                "Labels": {"a": "b", "team": "base"},
                "StopSignal": "SIGTERM",
                "Healthcheck": {
                    "Test": ["CMD", "/usr/bin/python3", "-c", "check"],
                    "Interval": 30_000_000_000_u64, "Timeout": 5_000_000_000_u64,
                    "StartPeriod": 20_000_000_000_u64, "Retries": 3,
                },
            },
            "rootfs": {"type": "layers", "diff_ids": [Digest::of(b""), Digest::of(b"1")]},
            "history": [
                {"created_by": "ADD rootfs"},
                {"created_by": "CMD", "empty_layer": true},
                {"created": "2026-01-02T03:04:05Z", "created_by": "dependencies"},
            ],
        });
        assert_eq!(serde_json::to_value(&hardened.config).unwrap(), expected);
        let dropped: Vec<&str> = hardened.dropped.iter().map(|d| d.what.as_str()).collect();
        let expected = [
            "HTTP_PROXY",
            "the entry point",
            "the command",
            "the health check",
            "open ports",
            "volumes",
            "ONBUILD triggers",
        ];
        assert_eq!(dropped, expected);
    }

    #[test]
    fn every_layer_of_the_base_has_an_entry_in_the_history() {
        let mut base: ImageConfig = serde_json::from_str(BASE).unwrap();
        base.history.clear();
        let hardened = config(&base, &options());
        let layers = hardened.config.history.iter().filter(|entry| !entry.empty_layer).count();
        assert_eq!(layers, hardened.config.rootfs.diff_ids.len());
    }
}
