//! `--exposure`: what is installed, compared with what the index has, over the verified channel.
//!
//! What came over an unverified channel may be something else than the index has. The wheel of each
//! installed distribution is fetched again, verified, and the files on the disk are held against its
//! `RECORD` (packaging specifications, "Recording installed projects").

mod installed;
mod wheel;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use provender_core::check::Step;
use provender_core::{Diagnostic, Place, ProjectName};
use provender_index::simple::{self, ProjectPage};
use provender_net::{Client, ClientSettings, NetError};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::Url;

use super::targets::page_url;
use crate::commands::store;
use crate::output::{counted, shown};
use crate::progress::Spinner;
use crate::settings::network;
use installed::{Installed, Origin};

/// How many wheels are fetched at a time.
const AT_A_TIME: usize = 8;

/// How many files of a distribution are named that differ.
const NAMED: usize = 10;

/// What became of one distribution.
enum Verdict {
    Same,
    /// It is worked on in a folder of this machine, which is no copy of anything.
    Editable,
    /// These files differ, are missing, or are not from the wheel.
    Differs(Vec<String>),
    /// There is nothing to compare it with.
    Unknown(String),
}

/// A distribution, compared.
struct Compared {
    /// Name and version, for people.
    shown: String,
    /// Its `.dist-info`.
    folder: PathBuf,
    verdict: Verdict,
}

impl Compared {
    fn new(distribution: &Installed, verdict: Verdict) -> Self {
        Self { shown: distribution.shown(), folder: distribution.folder.clone(), verdict }
    }
}

/// Compares the distributions of an environment with the index.
///
/// # Errors
///
/// Where there is no environment, the index has no verified channel, or it does not answer.
pub(super) fn steps<'a>(
    environment: &Path,
    mut indexes: impl Iterator<Item = &'a Url>,
    client: ClientSettings,
    spinner: &Spinner,
) -> Result<Vec<Step>, Diagnostic> {
    let installed::Found { distributions, unread } = installed::find(environment)?;
    let Some(index) = indexes.find(|url| url.scheme() == "https" || is_this_machine(url)) else {
        let message = "there is no index with TLS: what another one says proves nothing";
        return Err(Diagnostic::error("doctor/exposure-channel", message)
            .hint("name the https URL of the index")
            .decided_by("--exposure"));
    };
    let client = Client::new(client).map_err(|error| network::diagnostic(&error))?;
    let scratch = tempfile::tempdir().map_err(|error| {
        Diagnostic::error("file/cannot-write", format!("cannot make a folder: {error}"))
            .hint("make room in the folder for temporary files, or name another with TMPDIR")
    })?;
    let total = distributions.len();
    // Where a comparison ends without a verdict, this is left.
    let mut open: BTreeMap<PathBuf, String> = distributions
        .iter()
        .map(|distribution| (distribution.folder.clone(), distribution.shown()))
        .collect();
    let mut verdicts = store::runtime()?.block_on(async {
        let places = Arc::new(Semaphore::new(AT_A_TIME));
        let mut tasks = JoinSet::new();
        for (nth, distribution) in distributions.into_iter().enumerate() {
            let (places, client, index) = (Arc::clone(&places), client.clone(), index.clone());
            let file = scratch.path().join(format!("{nth}.whl"));
            tasks.spawn(async move {
                let _place = places.acquire_owned().await;
                let verdict = verdict(&distribution, &index, &client, &file).await;
                let _ = std::fs::remove_file(&file);
                verdict.map(|verdict| (distribution, verdict))
            });
        }
        let mut verdicts = Vec::new();
        while let Some(done) = tasks.join_next().await {
            // What has no verdict is told below.
            let Ok(done) = done else { continue };
            let (distribution, verdict) = done?;
            open.remove(&distribution.folder);
            verdicts.push(Compared::new(&distribution, verdict));
            spinner.say(&format!("comparing with the index: {}/{total}", verdicts.len()));
        }
        Ok::<_, Diagnostic>(verdicts)
    })?;
    let unfinished = open.into_iter().map(|(folder, shown)| {
        let verdict = Verdict::Unknown("the comparison did not come to an end".to_owned());
        Compared { shown, folder, verdict }
    });
    let unread = unread.into_iter().map(|installed::Unread { folder, why }| {
        let name = folder.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Compared { shown: name, folder, verdict: Verdict::Unknown(why) }
    });
    verdicts.extend(unfinished.chain(unread));
    Ok(told(verdicts))
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

async fn verdict(
    distribution: &Installed,
    index: &Url,
    client: &Client,
    file: &Path,
) -> Result<Verdict, Diagnostic> {
    match &distribution.origin {
        Origin::Index => {}
        Origin::Editable => return Ok(Verdict::Editable),
        Origin::Url(url) => {
            return Ok(Verdict::Unknown(format!("it was installed from {url}, not from an index")));
        }
    }
    let Some(page) = page(&distribution.name, index, client).await? else {
        return Ok(Verdict::Unknown("the index does not have the project".to_owned()));
    };
    let release = page.release(&distribution.version);
    let mut fitting = release.filter_map(|listed| {
        let fits = distribution.fits(&listed.filename);
        Some((listed.url.as_ref().filter(|_| fits)?, listed.sha256?))
    });
    let Some((url, sha256)) = fitting.next() else {
        return Ok(Verdict::Unknown("the index has no such wheel".to_owned()));
    };
    let failed = |error: NetError| network::diagnostic(&error);
    client.download(url, file).sha256(sha256).send().await.map_err(failed)?;
    let record = wheel::record(file).map_err(|reason| {
        Diagnostic::error("doctor/exposure-wheel", format!("{}: {reason}", distribution.shown()))
            .hint("ask the owner of the index: it promises just these bytes")
    })?;
    let differing = distribution.differing(&record);
    Ok(if differing.is_empty() { Verdict::Same } else { Verdict::Differs(differing) })
}

/// The page of a project; none where the index does not have it.
async fn page(
    project: &ProjectName,
    index: &Url,
    client: &Client,
) -> Result<Option<ProjectPage>, Diagnostic> {
    const LARGEST: u64 = 256 * 1024 * 1024;
    let accept = format!("{}, {}, {};q=0.1", simple::JSON, simple::HTML_V1, simple::HTML);
    let url = page_url(index, project);
    let answer = match client.get(&url).accept(&accept).max_bytes(LARGEST).send().await {
        Ok(fetched) => fetched.into_new(),
        Err(NetError::Status { status: 404, .. }) => None,
        Err(error) => return Err(network::diagnostic(&error)),
    };
    let Some(answer) = answer else { return Ok(None) };
    let page = ProjectPage::parse(project, &answer.url, &answer.content_type, &answer.body);
    page.map(Some).map_err(|error| {
        Diagnostic::error("lock/index-answer", format!("{project}: {error}")).hint(error.hint())
    })
}

/// One step for each class of verdicts.
fn told(mut verdicts: Vec<Compared>) -> Vec<Step> {
    verdicts.sort_by(|a, b| (&a.shown, &a.folder).cmp(&(&b.shown, &b.folder)));
    let (mut same, mut exposed, mut unknown) = (0, Vec::new(), Vec::new());
    let mut editable = Vec::new();
    for Compared { shown: name, folder, verdict } in &verdicts {
        let place = Place::file(shown(folder));
        match verdict {
            Verdict::Same => same += 1,
            Verdict::Editable => editable.push(name.as_str()),
            Verdict::Differs(files) => {
                let count = counted(files.len(), "file");
                let message = format!("{name} is not what the index has: {count}");
                let hint = if files.iter().all(|file| file.ends_with("cacert.pem differs")) {
                    "authorities were added to it or taken out: that is how some name their CA; install it again, with \
                     hashes, and name the CA by a setting (`provender configure`)"
                } else {
                    "take it for hostile until you know why: install it again over the verified channel, with hashes, \
                     and look at what ran meanwhile"
                };
                let mut finding = Diagnostic::error("doctor/exposed", message).at(place).hint(hint);
                for file in files.iter().take(NAMED) {
                    finding = finding.because(file);
                }
                exposed.push(finding);
            }
            Verdict::Unknown(why) => {
                let message = format!("{name} cannot be compared: {why}");
                unknown.push(
                    Diagnostic::warning("doctor/exposure-unknown", message)
                        .at(place)
                        .hint("install it again over the verified channel, with hashes"),
                );
            }
        }
    }
    let title = "what is installed is what the index has";
    let mut steps = vec![if exposed.is_empty() {
        let mut summary = format!("{} compared", counted(same, "distribution"));
        if !editable.is_empty() {
            summary.push_str(&format!("; editable, so not compared: {}", editable.join(", ")));
        }
        Step::passed("exposure", title, summary)
    } else {
        let summary = format!("{} of {} differ", exposed.len(), verdicts.len());
        Step::failed("exposure", title, summary, exposed)
    }];
    if !unknown.is_empty() {
        let summary = counted(unknown.len(), "distribution");
        let title = "everything that is installed can be compared";
        steps.push(Step::not_run("exposure_unknown", title, summary, unknown));
    }
    steps
}
