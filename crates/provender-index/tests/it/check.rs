//! Proving a stock, with the machine's own Python where there is one.

mod bench;
mod broken;
mod installs;
mod interrupted;
mod locks;
mod running;
mod tools;

use bench::{Bench, python_version};
