//! `provender secure`: the whole path in one command.

mod left_out;
mod path;
mod reports;

use jiff::Timestamp;
use provender_core::{Diagnostic, Place};
use provender_report::secure::{self, SecureReport};
use provender_report::{ReportFormat, Style};

use super::serve;
use crate::cli::{Format, GlobalArgs, SecureArgs};
use crate::exit::{Answer, Failure};
use crate::output::{Output, shown};
use crate::settings::{Settings, network};
use path::Path;

pub(crate) fn run(
    args: &SecureArgs,
    global: &GlobalArgs,
    output: &Output,
) -> Result<Answer, Failure> {
    if !args.project.is_dir() {
        return Err(Diagnostic::error("secure/no-project", "this is no project's folder")
            .at(Place::file(shown(&args.project)))
            .hint("name the folder; a single file is locked with `provender lock FILE`")
            .into());
    }
    let settings = Settings::gather(global, &args.project)?;
    reports::check_folder(args, &settings)?;
    let client = network::client(&settings)?;
    // A port that is taken is told before the work, not after it.
    let serving = if args.serve { Some(Serving::listen(args, &settings)?) } else { None };
    let walked = Path { args, settings: &settings, client, output }.walk()?;
    let now = Timestamp::now();
    let mut report = walked.report(now);
    report.serving =
        serving.as_ref().map(|serving| format!("http://{}/simple/", serving.running.state.address));
    reports::write(args, &settings, &walked, &mut report, now);
    print(&report, output)?;
    if let Some(serving) = serving {
        serving.until_asked_to_end(&settings, output)?;
    }
    Ok(match report.answer() {
        secure::Answer::Yes => Answer::Yes,
        secure::Answer::No => Answer::No,
        secure::Answer::Missing => Answer::Missing,
    })
}

fn print(report: &SecureReport, output: &Output) -> Result<(), Failure> {
    let (format, style) = match output.format {
        Format::Json => (ReportFormat::Json, Style::PLAIN),
        Format::Text => (ReportFormat::Text, Style::PLAIN),
        Format::Markdown => (ReportFormat::Markdown, Style::PLAIN),
        Format::Human | Format::Sarif | Format::Github => (ReportFormat::Table, output.style()),
    };
    output.result(&report.render(format, style))?;
    Ok(())
}

/// A port that is ours from the beginning.
struct Serving {
    runtime: tokio::runtime::Runtime,
    listener: tokio::net::TcpListener,
    running: serve::Running,
}

impl Serving {
    fn listen(args: &SecureArgs, settings: &Settings) -> Result<Self, Failure> {
        serve::Running::refuse_second(settings)?;
        let runtime = super::store::runtime()?;
        let (listener, address) = runtime.block_on(serve::listen(args.listen))?;
        let running = serve::Running::register(settings, address)?;
        Ok(Self { runtime, listener, running })
    }

    fn until_asked_to_end(self, settings: &Settings, output: &Output) -> Result<(), Diagnostic> {
        let Self { runtime, listener, running } = self;
        runtime.block_on(async {
            let store = super::store::existing(settings).await?;
            output.say(&serve::announced(running.state.address, true));
            let log = std::sync::Arc::new(serve::Lines::new(output));
            // What was proved is what is served: nothing is pulled through beside it.
            serve::serve(listener, provender_index::server::Index::offline(store), log).await
        })
    }
}
