//! The test binary, run again as a process of its own that can be killed or kept short.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use provender_index::stock::{StockObserver, Stocked};
use provender_store::Store;

use super::bench::{lock, request, run};

/// The folder in which the other process works: it holds the index's `url`, the `lock`, and what
/// is stocked, `data`.
const FOLDER: &str = "PROVENDER_STOCK_TEST_FOLDER";

/// The folder to work in, if this is the other process.
pub(crate) fn folder() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}

/// Writes down what the other process has to do.
pub(crate) fn task(folder: &Path, url: &str, lock: &str) {
    std::fs::write(folder.join("url"), url).unwrap();
    std::fs::write(folder.join("lock"), lock).unwrap();
    std::fs::create_dir_all(folder.join("data")).unwrap();
}

/// Does it, in the other process.
pub(crate) async fn work(folder: &Path, observer: &dyn StockObserver) -> (Store, Stocked) {
    let url = std::fs::read_to_string(folder.join("url")).unwrap();
    let text = std::fs::read_to_string(folder.join("lock")).unwrap();
    let store = Store::open(&folder.join("data")).await.unwrap();
    let stocked = run(&store, &url, &request([lock(&text)]), observer).await.unwrap();
    (store, stocked)
}

/// Runs one test, by its whole name, in another process that works in `folder`. Whatever comes
/// first in `before` starts it.
pub(crate) fn command(before: &[&str], test: &str, folder: &Path) -> Command {
    let binary = env::current_exe().unwrap();
    let arguments = [test, "--exact", "--nocapture", "--quiet"];
    let mut command = match before {
        [] => Command::new(binary),
        [program, rest @ ..] => {
            let mut command = Command::new(program);
            command.args(rest).arg(binary);
            command
        }
    };
    command.args(arguments).env(FOLDER, folder);
    command
}
