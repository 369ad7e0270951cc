//! `provender serve`.

mod background;
mod log;
mod state;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use provender_core::Diagnostic;
use provender_index::server::{self, Index, RequestLog};
use provender_lock::IndexSettings;
use provender_net::Client;
use tokio::net::TcpListener;

use super::store;
use crate::cli::{GlobalArgs, ServeArgs, ServeCommand};
use crate::exit::{Answer, Failure};
use crate::output::Output;
use crate::settings::{Settings, indexes, network};
pub(crate) use log::Lines;
pub(crate) use state::{Running, running_index};

pub(crate) fn run(
    args: &ServeArgs,
    global: &GlobalArgs,
    here: &Path,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, here)?;
    match &args.command {
        Some(ServeCommand::Status) => return state::status(&settings, output),
        Some(ServeCommand::Stop) => return state::stop(&settings, output),
        None => {}
    }
    if args.background && !args.detached {
        return background::start(&settings, output);
    }
    Running::refuse_second(&settings)?;
    let client = network::client(&settings)?;
    let (indexes, notes) = indexes::gather(&args.indexes, &settings)?;
    output.diagnostics(&notes);
    let log = Lines::new(output);
    let log = Arc::new(if args.detached { log.into_stderr() } else { log });
    let runtime = store::runtime()?;
    runtime.block_on(async {
        let index = index(&settings, client, &indexes).await?;
        let (listener, address) = listen(args.listen).await?;
        let running = Running::register(&settings, address)?;
        if args.detached {
            background::ready(&running)?;
        } else {
            output.say(&announced(address, settings.offline));
        }
        serve(listener, index, log).await?;
        drop(running);
        Ok(Answer::Yes)
    })
}

/// What is served with these settings.
async fn index(
    settings: &Settings,
    client: Client,
    indexes: &IndexSettings,
) -> Result<Index, Diagnostic> {
    let opened = store::open(settings, client, indexes).await?;
    Ok(if settings.offline {
        Index::offline(opened.store)
    } else {
        Index::pulling_through(opened.store, opened.upstreams, opened.transfers)
    })
}

/// Serves until Ctrl-C or a request to end.
pub(crate) async fn serve(
    listener: TcpListener,
    index: Index,
    log: Arc<dyn RequestLog>,
) -> Result<(), Diagnostic> {
    server::serve(listener, index, log, ended()).await.map_err(|error| {
        Diagnostic::error("serve/stopped", error.to_string())
            .hint("let the process have more open files (ulimit -n), and serve again")
    })
}

/// Ends when the process is asked to.
async fn ended() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Takes a port.
pub(crate) async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Diagnostic> {
    let bound = TcpListener::bind(address).await;
    let with_address = bound.and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    with_address.map_err(|error| {
        let (rule, hint) = match error.kind() {
            std::io::ErrorKind::AddrInUse => (
                "serve/port-in-use",
                "name another port with --listen, or 0 for a free one; `provender serve status` \
                 tells whether it is one of ours",
            ),
            std::io::ErrorKind::PermissionDenied => (
                "serve/cannot-listen",
                "name a port above 1023 with --listen, or give the process the right to this one",
            ),
            _ => ("serve/cannot-listen", "name an address of this machine with --listen"),
        };
        Diagnostic::error(rule, format!("cannot listen on {address}: {error}"))
            .hint(hint)
            .decided_by("--listen")
    })
}

/// What is said when a server is there.
pub(crate) fn announced(address: SocketAddr, offline: bool) -> String {
    let what = if offline {
        "what is stocked"
    } else {
        "what is stocked, and what the upstream index has"
    };
    format!(
        "serving at http://{address}/simple/ ({what}; Ctrl-C ends it)\n  pip install --index-url \
         http://{address}/simple/ NAME"
    )
}
