//! The example project on a real Debian: built, run as a container, listed, and built from its Dockerfile.

mod container;
mod dockerfile;
mod inventory;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use provender_image::source::{self, WantedImage};
use provender_image::{Image, Location};
use provender_test::{Authority, left_out, venv_dir};
use serde_json::Value;
use tempfile::TempDir;

use container::Engine;

/// What the image is called.
const TAG: &str = "localhost/trading:1";

/// The example with an image that was built of it.
struct Example {
    folder: TempDir,
    /// The root file system that it stands on.
    base: PathBuf,
}

impl Example {
    /// Locks, stocks and builds the example; none, with a word on it, where that cannot be had here.
    fn build(test: &str) -> Option<Self> {
        let none = |why: &str| {
            left_out(test, why);
            None
        };
        if std::env::consts::ARCH != "x86_64" {
            return none("the example's lock is for x86-64");
        }
        let folder = tempfile::tempdir().unwrap();
        let base = match provender_test::debian(folder.path()) {
            Ok(base) => base,
            Err(why) => return none(&why),
        };
        let example = Self { folder, base };
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let copied = Command::new("cp")
            .arg("-R")
            .arg(workspace.join("examples/trading-backend"))
            .arg(example.project())
            .status();
        assert!(copied.unwrap().success());
        let secured = example.provender(&["secure", "--no-check"]);
        let lock = example.project().join("provender-reports/constraints.txt");
        if !lock.is_file() {
            return none(&format!("it cannot be locked and stocked: {}", said(&secured)));
        }
        let built = example.image_build();
        if said(&built).contains("the lock is for Python") {
            return none(&format!("this Debian has another Python: {}", said(&built)));
        }
        assert!(built.status.success(), "{}", said(&built));
        let told: Value = serde_json::from_slice(&built.stdout).unwrap();
        example.name_base(told["platforms"][0]["base_digest"].as_str().unwrap());
        Some(example)
    }

    /// Builds the image of what the settings say, over one that is there.
    fn image_build(&self) -> Output {
        let archive = self.archive();
        let (base, archive) = (self.base.to_str().unwrap(), archive.to_str().unwrap());
        let output = format!("docker-archive:{archive}");
        let arguments = ["image", "build", "--offline", "--format", "json", "--base", base];
        let more = ["--image-format", "docker", "--tag", TAG, "-o", &output];
        self.provender(&[&arguments[..], &more].concat())
    }

    fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    fn archive(&self) -> PathBuf {
        self.folder.path().join("image.tar")
    }

    /// Writes into the settings what the Dockerfile is to stand on.
    fn name_base(&self, digest: &str) {
        let path = self.project().join("provender.toml");
        let settings = fs::read_to_string(&path).unwrap();
        let base = format!("[image]\nbase = \"registry.example/debian:12@{digest}\"\n");
        fs::write(path, format!("{settings}\n{base}")).unwrap();
    }

    /// Asks for bytecode, and for certificates of which one lies among other text; builds the image anew.
    /// Why it is not built, where this machine has no Python that compiles as the base's would.
    fn ask_for_more(&self) -> Result<(), String> {
        let certs = self.project().join("certs");
        fs::create_dir(&certs).unwrap();
        let [one, two, three] = ["One", "Two", "Three"].map(|name| Authority::named(name).pem());
        fs::write(certs.join("corporate.pem"), format!("# ours\n{}", one.replace('\n', "\r\n")))
            .unwrap();
        fs::write(certs.join("sites.pem"), format!("{two}\n{three}")).unwrap();
        let path = self.project().join("provender.toml");
        let settings = fs::read_to_string(&path).unwrap();
        let asked = "bytecode = \"unchecked-hash\"\nca-certificates = [\"certs/corporate.pem\", \"certs/sites.pem\"]\n";
        fs::write(path, format!("{settings}{asked}")).unwrap();
        let built = self.image_build();
        if said(&built).contains("no Python on this machine compiles") {
            return Err(said(&built));
        }
        assert!(built.status.success(), "{}", said(&built));
        Ok(())
    }

    /// The binary in the project. It keeps the environment, which says how this machine reaches its
    /// index.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provender"));
        command.args(arguments).current_dir(self.project());
        command.env("PROVENDER_DATA_DIR", self.folder.path().join("data"));
        command.env_remove("SOURCE_DATE_EPOCH");
        command
    }

    fn provender(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The image that was built.
    fn image(&self) -> Image {
        open("docker-archive", &self.archive())
    }
}

fn open(kind: &str, path: &Path) -> Image {
    let location: Location = format!("{kind}:{}", path.display()).parse().unwrap();
    source::open(&location, &WantedImage::default()).unwrap()
}

/// All that a program wrote.
fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

/// A program of others: in the tests' virtual environment, or on the `PATH`. None, with a word on it,
/// where it is not installed.
fn tool(test: &str, name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let venv = venv_dir().map(|venv| venv.join("bin"));
    let mut folders = venv.into_iter().chain(std::env::split_paths(&path));
    let found = folders.find_map(|folder| Some(folder.join(name)).filter(|path| path.is_file()));
    if found.is_none() {
        left_out(&format!("{test}, {name}"), &format!("{name} is not installed"));
    }
    found
}

/// Over the network, once; then everything is asked of one image.
#[test]
fn network_the_example_runs_hardened_and_is_what_others_say_it_is() {
    const TEST: &str = "network_the_example_runs_hardened_and_is_what_others_say_it_is";
    let Some(example) = Example::build(TEST) else { return };
    dockerfile::passes_hadolint(TEST, &example);
    inventory::is_what_syft_finds(TEST, &example);
    inventory::container_structure_test_agrees(TEST, &example);
    let engine = match Engine::start(&example) {
        Ok(engine) => engine,
        Err(why) => return left_out(&format!("{TEST}, podman and buildah"), &why),
    };
    let container = engine.run();
    container.is_hardened_and_healthy();
    inventory::is_what_runs(&example, &container);
    container.stops_when_it_is_told_to();
    drop(container);
    let Some(builder) = dockerfile::Builder::start(TEST, &example, &engine) else { return };
    builder.builds_the_same_files();
    match example.ask_for_more() {
        Err(why) => left_out(&format!("{TEST}, bytecode and certificates"), &why),
        Ok(()) => builder.builds_the_same_files(),
    }
}
