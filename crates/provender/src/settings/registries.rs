//! What is known of registries of images: who may go in, and which speak no TLS.

use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy as _;
use provender_core::{Diagnostic, Place};
use provender_image::registry::docker_config::{self, DockerConfig, Stored};
use provender_image::registry::{RegistrySettings, helper};

use super::{Settings, variable};

/// How long a credential helper may take: it may ask somebody.
const HELPER_LIMIT: Duration = Duration::from_secs(60);

/// The credentials for these registries, from the files that docker and podman keep theirs in.
pub(crate) async fn gather(
    settings: &Settings,
    hosts: &[String],
) -> Result<RegistrySettings, Diagnostic> {
    let mut gathered = RegistrySettings {
        credentials: Vec::new(),
        plain_http: settings.file.values.registries.plain_http.clone(),
    };
    for file in files() {
        let Some(config) = read(&file)? else { continue };
        for (name, credential) in config.credentials() {
            gathered.credentials.push((name.to_owned(), credential.clone()));
        }
        for host in hosts {
            let Some(Stored::Helper(name)) = config.stored(host) else { continue };
            let program = PathBuf::from(format!("docker-credential-{name}"));
            let asked = helper::get(&program, host, HELPER_LIMIT).await.map_err(|error| {
                Diagnostic::error("image/credential", error.to_string())
                    .at(Place::file(&file))
                    .hint("run the helper by hand, or log in again with `docker login` or `podman login`")
            })?;
            gathered.credentials.extend(asked.map(|credential| (host.clone(), credential)));
        }
    }
    Ok(gathered)
}

/// Where docker and podman keep credentials, those that are named by variables first.
fn files() -> Vec<PathBuf> {
    let home = etcetera::choose_base_strategy().ok();
    let home = home.as_ref().map(|strategy| strategy.home_dir());
    let named = variable("REGISTRY_AUTH_FILE").map(PathBuf::from);
    let docker = variable("DOCKER_CONFIG").map(PathBuf::from);
    let docker = docker.or_else(|| home.map(|home| home.join(".docker")));
    let runtime = variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    let config = home.map(|home| home.join(".config"));
    let podman = runtime.into_iter().chain(config);
    named
        .into_iter()
        .chain(docker.map(|folder| folder.join("config.json")))
        .chain(podman.map(|folder| folder.join("containers/auth.json")))
        .collect()
}

fn read(file: &Path) -> Result<Option<DockerConfig>, Diagnostic> {
    let unusable = |message: String| {
        Diagnostic::error("image/credential", message)
            .at(Place::file(file))
            .hint("log in again with `docker login` or `podman login`, or remove the file")
    };
    match std::fs::read_to_string(file) {
        Ok(text) => {
            let name = file.display().to_string();
            docker_config::parse(&text, &name)
                .map(Some)
                .map_err(|error| unusable(error.to_string()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(error.to_string())),
    }
}
