//! An image's configuration: what runs in it and how (image-spec 1.1, "OCI Image Configuration"),
//! with the fields that docker adds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Digest, Platform};

/// The configuration of an image. What is not known here is kept as it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// When it was made (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// What it runs on.
    #[serde(flatten)]
    pub platform: Platform,
    /// How a container is run from it.
    #[serde(default)]
    pub config: ContainerConfig,
    /// What its layers are, unpacked.
    pub rootfs: RootFs,
    /// How each layer came about, the lowest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<History>,
    /// What else stands in it.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// The settings with which a container is run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainerConfig {
    /// `USER[:GROUP]`, names or numbers; empty means root.
    #[serde(skip_serializing_if = "is_blank", deserialize_with = "or_default")]
    pub user: String,
    /// `PORT/PROTOCOL`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "or_default")]
    pub exposed_ports: BTreeMap<String, Value>,
    /// `NAME=VALUE`, in order.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub env: Vec<String>,
    /// The program and its first arguments.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub entrypoint: Vec<String>,
    /// The program's arguments, or the program where there is no entry point.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub cmd: Vec<String>,
    /// Where data goes that is not part of the image.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "or_default")]
    pub volumes: BTreeMap<String, Value>,
    /// Where the program starts.
    #[serde(skip_serializing_if = "is_blank", deserialize_with = "or_default")]
    pub working_dir: String,
    /// What is said of it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
    /// The signal that ends it, such as `SIGTERM`.
    #[serde(skip_serializing_if = "is_blank", deserialize_with = "or_default")]
    pub stop_signal: String,
    /// How a runtime asks whether it is well: docker's field, which OCI's configuration has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<HealthCheck>,
    /// What else stands in it.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// Docker's health check; lengths of time in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HealthCheck {
    /// `["NONE"]`, `["CMD", PROGRAM, ARGUMENT...]` or `["CMD-SHELL", COMMAND]`.
    #[serde(deserialize_with = "or_default")]
    pub test: Vec<String>,
    /// From one check to the next.
    #[serde(skip_serializing_if = "is_zero")]
    pub interval: u64,
    /// How long one may take.
    #[serde(skip_serializing_if = "is_zero")]
    pub timeout: u64,
    /// How long failures do not count after the start.
    #[serde(skip_serializing_if = "is_zero")]
    pub start_period: u64,
    /// How many failures in a row make it unhealthy.
    #[serde(skip_serializing_if = "is_zero")]
    pub retries: u64,
}

/// The layers by what they hash to when they are not compressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// Always `layers`.
    pub r#type: String,
    /// The digests of the tar archives, the lowest layer first.
    #[serde(default, deserialize_with = "or_default")]
    pub diff_ids: Vec<Digest>,
}

/// How one layer, or a setting without a layer, came about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// When (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// By which command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// What is said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Whether there is no layer for it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
}

/// Docker writes `null` where a list or a map is empty.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn is_blank(text: &str) -> bool {
    text.is_empty()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_docker_wrote_is_read_and_kept() {
        let text = r#"{"architecture":"amd64","os":"linux","docker_version":"20.10","config":{"Env":["A=1"],"Cmd":null,
            "Volumes":null,"OnBuild":null,"ArgsEscaped":true,"Healthcheck":{"Test":["CMD","/check"],"Interval":30000000000}},
            "rootfs":{"type":"layers","diff_ids":null}}"#;
        let config: ImageConfig = serde_json::from_str(text).unwrap();
        assert_eq!(config.platform, Platform::linux("amd64"));
        assert_eq!(config.config.env, ["A=1"]);
        assert!(config.config.cmd.is_empty());
        assert_eq!(config.config.healthcheck.as_ref().unwrap().interval, 30_000_000_000);
        let again = serde_json::to_value(&config).unwrap();
        assert_eq!(again["docker_version"], "20.10");
        assert_eq!(again["config"]["ArgsEscaped"], true);
    }
}
