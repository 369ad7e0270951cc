//! `provender stock prune`.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::time::Duration;

use provender_core::Diagnostic;
use provender_image::{ImageError, Unused};
use provender_index::stock::{self, PrunePlan};
use provender_report::size;
use provender_store::Store;
use serde::Serialize;

use super::list::lock;
use super::{summary, told};
use crate::cli::{Format, PruneArgs};
use crate::commands::{image, store};
use crate::exit::{Answer, Failure};
use crate::output::Output;
use crate::settings::Settings;

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    removed: bool,
    files: Vec<String>,
    bytes: u64,
    forgotten_locks: Vec<String>,
    images: ImagesJson,
}

#[derive(Serialize)]
struct ImagesJson {
    files: usize,
    bytes: u64,
}

/// What is to be removed.
struct Prune<'a> {
    output: &'a Output,
    /// What no lock needs; none where there is no store.
    stock: Option<(Store, PrunePlan)>,
    /// The folder of what was kept of images.
    folder: PathBuf,
    /// How long that may lie unused.
    age: Duration,
}

/// Removes what no known lock needs, and what was kept of images and not used for long.
pub(super) fn run(
    args: &PruneArgs,
    settings: &Settings,
    output: &Output,
) -> Result<Answer, Failure> {
    store::runtime()?.block_on(async {
        let folder = image::folder(settings);
        let stock = match store::existing(settings).await {
            Ok(store) => {
                let plan = stock::prune_plan(&store).await.map_err(|error| told(&error))?;
                Some((store, plan))
            }
            // Images may be looked at where nothing is stocked.
            Err(error) if error.rule == "store/none" && folder.is_dir() => None,
            Err(error) => return Err(error.into()),
        };
        let age = Duration::from_secs(u64::from(args.images_older_than) * 24 * 60 * 60);
        let prune = Prune { output, stock, folder, age };
        prune.run(args).await
    })
}

impl Prune<'_> {
    async fn run(self, args: &PruneArgs) -> Result<Answer, Failure> {
        let unused = Unused::find(&self.folder, self.age).map_err(|error| of_images(&error))?;
        let is_needed = self.stock.as_ref().is_none_or(|(_, plan)| plan.is_empty());
        if is_needed && unused.files() == 0 {
            let days = summary::counted(args.images_older_than, "day");
            let text = format!(
                "every file in stock is needed by a known lock, and nothing that was kept of images lay unused for {days}"
            );
            self.tell(false, &unused, &text)?;
            return Ok(Answer::Yes);
        }
        if let Some((_, plan)) = &self.stock {
            for name in &plan.gone {
                let name = lock(name);
                self.output.say(&format!("{name} is gone: what only it needs is not needed"));
            }
            for file in &plan.files {
                self.output.say(&format!("  {}", file.filename));
            }
        }
        let what = self.what(&unused);
        if args.dry_run {
            self.tell(false, &unused, &format!("would remove {what}"))?;
            return Ok(Answer::Yes);
        }
        if !args.yes && !agreed(&what)? {
            self.output.say("nothing was removed");
            return Ok(Answer::No);
        }
        if let Some((store, plan)) = &self.stock {
            stock::prune(store, plan).await.map_err(|error| told(&error))?;
            let _ = store.collect_garbage(super::GRACE, jiff::Timestamp::now()).await;
        }
        // What was used while somebody was asked stays.
        let removed = Unused::remove(&self.folder, self.age).map_err(|error| of_images(&error))?;
        let removed = removed.unwrap_or_else(|| {
            self.output.diagnostics(&[in_use()]);
            Unused::default()
        });
        let text = format!("removed {}", self.what(&removed));
        self.tell(true, &removed, &text)?;
        Ok(Answer::Yes)
    }

    /// `2 files, 13 MB, and 12 files of images, 340 MB`.
    fn what(&self, unused: &Unused) -> String {
        let (files, bytes) = self.stocked();
        let told = |number, of, bytes| {
            let files = summary::counted(number, "file");
            (number > 0).then(|| format!("{files}{of}, {}", size(bytes)))
        };
        let stock = told(files.len(), "", bytes);
        let images = told(unused.files(), " of images", unused.bytes());
        let both: Vec<String> = stock.into_iter().chain(images).collect();
        if both.is_empty() { "nothing".to_owned() } else { both.join(", and ") }
    }

    /// The names of the stocked files that go, and their size.
    fn stocked(&self) -> (Vec<String>, u64) {
        let plan = self.stock.as_ref().map(|(_, plan)| plan);
        let files = plan.into_iter().flat_map(|plan| &plan.files);
        (files.map(|file| file.filename.clone()).collect(), plan.map_or(0, PrunePlan::bytes))
    }

    fn tell(&self, removed: bool, unused: &Unused, text: &str) -> Result<(), Failure> {
        if self.output.format != Format::Json {
            return Ok(self.output.result(text)?);
        }
        let (files, bytes) = self.stocked();
        let gone = self.stock.iter().flat_map(|(_, plan)| &plan.gone);
        let document = Document {
            schema: "provender.stock-prune/1",
            removed,
            files,
            bytes,
            forgotten_locks: gone.map(|name| lock(name)).collect(),
            images: ImagesJson { files: unused.files(), bytes: unused.bytes() },
        };
        Ok(self.output.result(&crate::commands::json(&document)?)?)
    }
}

fn in_use() -> Diagnostic {
    Diagnostic::note(
        "stock/images-in-use",
        "what was kept of images stays: another command works with it",
    )
    .hint("run it again when no image is being built, verified or scanned")
}

fn of_images(error: &ImageError) -> Diagnostic {
    let diagnostic = Diagnostic::error("file/cannot-write", error.to_string());
    store::because(diagnostic, error)
        .hint("check the data directory and its permissions, or name another one with --data-dir")
}

/// Asks, where somebody can answer.
fn agreed(what: &str) -> Result<bool, Diagnostic> {
    if !std::io::stdin().is_terminal() {
        return Err(Diagnostic::error("stock/not-asked", format!("{what} would be removed"))
            .hint("say --yes to remove without being asked, or --dry-run to look only"));
    }
    anstream::eprint!("remove {what}? [y/N] ");
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    Ok(read.is_ok() && ["y", "yes"].contains(&line.trim().to_ascii_lowercase().as_str()))
}
