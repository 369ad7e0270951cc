//! Docker's credential helpers: programs that are asked for a registry's credential.
//!
//! The protocol is that of docker-credential-helpers: `docker-credential-NAME get` reads the
//! registry's name and writes `{"Username", "Secret"}`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::{RegistryCredential, RegistrySecret};

/// The longest answer that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// The user name that says that the secret is an identity token.
const IS_TOKEN: &str = "<token>";

/// Why a helper gave no answer. What it wrote is not told: it may be the secret.
#[derive(Debug, thiserror::Error)]
pub enum HelperError {
    /// It cannot be run.
    #[error("cannot run the credential helper {}: {source}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It took too long.
    #[error("the credential helper {} gave no answer within {} s", program.display(), after.as_secs_f64())]
    Silent {
        /// The program.
        program: PathBuf,
        /// The limit.
        after: Duration,
    },
    /// It failed.
    #[error("the credential helper {} failed for {registry} with {status}", program.display())]
    Failed {
        /// The program.
        program: PathBuf,
        /// The registry.
        registry: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// It wrote something else than an answer.
    #[error("the credential helper {} answered for {registry} what is no credential", program.display())]
    Answer {
        /// The program.
        program: PathBuf,
        /// The registry.
        registry: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    username: String,
    secret: String,
}

/// Asks a helper for a registry's credential; none where it has none.
///
/// # Errors
///
/// A helper that cannot be run, fails, is silent for longer than `limit` (it is then ended), or
/// answers something else.
pub async fn get(
    program: &Path,
    registry: &str,
    limit: Duration,
) -> Result<Option<RegistryCredential>, HelperError> {
    let program = program.to_owned();
    let spawned = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let failed = |source| HelperError::Run { program: program.clone(), source };
    let child = spawned.map_err(failed)?;
    let Ok(ended) = tokio::time::timeout(limit, converse(child, registry)).await else {
        return Err(HelperError::Silent { program, after: limit });
    };
    let (status, output) = ended.map_err(failed)?;
    let registry = registry.to_owned();
    if !status.success() {
        // How helpers say that they have none.
        let text = String::from_utf8_lossy(&output).to_ascii_lowercase();
        if text.contains("credentials not found") || text.contains("no credentials server url") {
            return Ok(None);
        }
        return Err(HelperError::Failed { program, registry, status });
    }
    let Ok(Answer { username, secret }) = serde_json::from_slice(&output) else {
        return Err(HelperError::Answer { program, registry });
    };
    let secret = if username == IS_TOKEN {
        RegistrySecret::IdentityToken(secret)
    } else {
        RegistrySecret::Password { user: username, password: secret }
    };
    let source = format!("the credential helper {}", program.display());
    Ok(Some(RegistryCredential { secret, source }))
}

async fn converse(
    mut child: Child,
    registry: &str,
) -> io::Result<(std::process::ExitStatus, Vec<u8>)> {
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read is judged by what it answers.
        let _ = stdin.write_all(format!("{registry}\n").as_bytes()).await;
    }
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        // Closed behind the limit, so that a helper without end ends.
        stdout.take(LONGEST).read_to_end(&mut output).await?;
    }
    Ok((child.wait().await?, output))
}
