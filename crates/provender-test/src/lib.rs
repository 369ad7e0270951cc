//! What the workspace's tests stand on: wheels and sdists made in memory, a fake index and a fake advisory server on
//! loopback with faults to order, authorities, forward proxies that tunnel or intercept, and a sandbox that runs the binary away from the machine's own configuration.
//!
//! Nothing that ships may depend on this crate. Its functions panic when set-up fails, because then the test has failed.

#![expect(clippy::expect_used, reason = "a test whose set-up fails is a failed test")]

mod advisories;
mod authority;
mod backend;
mod cut;
mod debian;
mod http;
mod image;
mod index;
mod loopback;
mod metadata;
mod npm;
mod osv;
mod page;
mod proxy;
mod python;
mod raw;
mod registry;
mod release;
mod sandbox;
mod scenario;
mod sdist;
mod shared;
mod wheel;

pub use advisories::AdvisoryServer;
pub use authority::{Authority, CaFlaw, Leaf, TlsIdentity};
pub use cut::CuttingProxy;
pub use debian::debian;
pub use http::{Fault, HttpServer, Reply, Request};
pub use image::{docker_archive, root_tar};
pub use index::{Caching, FakeIndex};
pub use npm::FakeRegistry;
pub use osv::{OsvRecord, osv, osv_zip};
pub use proxy::{ForwardProxy, InterceptingProxy, SocksProxy};
pub use python::{pip, python};
pub use raw::RawServer;
pub use registry::{OciRegistry, TokenServer};
pub use release::{DistFile, Release, Yanked};
pub use sandbox::{Run, Sandbox};
pub use scenario::Scenario;
pub use sdist::Sdist;
pub use shared::{left_out, poetry_dir, shared_dir, venv_dir};
pub use wheel::Wheel;
