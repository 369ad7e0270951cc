//! Images built with the machine's buildah, without a registry: the base image is made of the machine's own Python, Node
//! and shell.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Programs that the base image has besides Python, pip, Node and npm.
const PROGRAMS: [&str; 11] =
    ["sh", "env", "cat", "ls", "mkdir", "rm", "cp", "chmod", "touch", "true", "grep"];

/// How many seconds one command of buildah may take.
const LIMIT: &str = "240";

/// From this size on a file of an image is a program of the base image, and not searched.
const PROGRAM: u64 = 8 << 20;

/// buildah with a storage of its own, which goes when this does.
pub(crate) struct Buildah {
    place: TempDir,
    driver: &'static str,
}

/// What became of a build.
pub(crate) struct Built {
    pub(crate) succeeded: bool,
    /// What builder and steps printed.
    pub(crate) log: String,
}

/// An image as it came out.
pub(crate) struct Image {
    /// Its configuration and history, as buildah shows them.
    pub(crate) inspected: String,
    /// Every path in it.
    pub(crate) paths: BTreeSet<String>,
    /// Those of the needles that were looked for which are in some file, with that file.
    pub(crate) found: Vec<(String, String)>,
}

impl Buildah {
    /// buildah and an image with a shell, Python with pip, and Node with npm, under each of these names; or why that
    /// cannot be had here.
    pub(crate) fn with_base(names: &[&str]) -> Result<Self, String> {
        Self::with_driver("overlay", names).or_else(|overlay| {
            Self::with_driver("vfs", names).map_err(|vfs| format!("{overlay}; {vfs}"))
        })
    }

    fn with_driver(driver: &'static str, names: &[&str]) -> Result<Self, String> {
        let place = TempDir::new().map_err(|error| error.to_string())?;
        let buildah = Self { place, driver };
        buildah.run(&["--version"])?;
        let root = buildah.place.path().join("root");
        make_root(&root)?;
        let container = buildah.run(&["from", "scratch"])?;
        buildah.run(&["copy", "--quiet", &container, &root.to_string_lossy(), "/"])?;
        buildah.run(&["config", "--env", "PATH=/usr/bin:/bin", &container])?;
        buildah.run(&["run", "--isolation", "chroot", &container, "--", "pip", "--version"])?;
        buildah.run(&["run", "--isolation", "chroot", &container, "--", "npm", "--version"])?;
        let (first, others) = names.split_first().ok_or("the base image has no name")?;
        buildah.run(&["commit", "--quiet", "--rm", &container, first])?;
        for name in others {
            buildah.run(&["tag", first, name])?;
        }
        fs::remove_dir_all(&root).map_err(|error| error.to_string())?;
        Ok(buildah)
    }

    /// Builds `folder` as `tag` with these further options, in an environment that holds nothing of the machine's.
    pub(crate) fn build(&self, folder: &Path, tag: &str, options: &[&str]) -> Built {
        let mut command = self.command(&["build", "--isolation", "chroot", "--network", "host"]);
        command
            .args(["--pull-never", "--no-cache", "--http-proxy=false", "--tag", tag])
            .args(options)
            .arg(folder);
        let output = command.output().expect("buildah starts");
        Built { succeeded: output.status.success(), log: printed(&output) }
    }

    /// Runs a program in a container of an image, which has no network of its own to speak of; what it prints.
    pub(crate) fn start(&self, tag: &str, program: &[&str]) -> Result<String, String> {
        let container = self.run(&["from", "--pull-never", tag])?;
        let mut arguments = vec!["run", "--isolation", "chroot", &container, "--"];
        arguments.extend(program);
        let printed = self.run(&arguments);
        self.run(&["rm", &container])?;
        printed
    }

    /// Looks an image over, and its files for these needles.
    pub(crate) fn look_at(&self, tag: &str, needles: &[&str]) -> Result<Image, String> {
        let inspected = self.run(&["inspect", "--type", "image", tag])?;
        let container = self.run(&["from", "--pull-never", tag])?;
        let root = PathBuf::from(self.run(&["mount", &container])?);
        let mut image = Image { inspected, paths: BTreeSet::new(), found: Vec::new() };
        search(&root, &root, needles, &mut image);
        self.run(&["umount", &container])?;
        self.run(&["rm", &container])?;
        Ok(image)
    }

    /// Runs buildah; its output without the white space around it, or all that it printed if it fails.
    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output =
            self.command(arguments).output().map_err(|error| format!("buildah: {error}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(format!("buildah {}: {}", arguments.join(" "), printed(&output).trim()))
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let place = self.place.path();
        let mut command = Command::new("timeout");
        command.args([LIMIT, "buildah"]);
        for (option, folder) in [("--root", "storage"), ("--runroot", "run")] {
            command.arg(option).arg(place.join(folder));
        }
        command.args(["--storage-driver", self.driver]).args(arguments);
        command.env_clear().env("HOME", place).env("TMPDIR", place).stdin(Stdio::null());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
    }
}

impl Drop for Buildah {
    fn drop(&mut self) {
        for arguments in [&["umount", "--all"][..], &["rm", "--all"], &["rmi", "--all", "--force"]]
        {
            let _ = self.command(arguments).output();
        }
        // The driver may have mounted its own folder onto itself.
        let own = self.place.path().join("storage").join(self.driver);
        let _ = Command::new("umount").arg(own).stderr(Stdio::null()).status();
    }
}

fn printed(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

/// Notes every path below `folder`, and which files hold which needles.
fn search(root: &Path, folder: &Path, needles: &[&str], image: &mut Image) {
    for entry in fs::read_dir(folder).expect("a folder of the image").flatten() {
        let path = entry.path();
        let name =
            format!("/{}", path.strip_prefix(root).expect("a path below the root").display());
        image.paths.insert(name.clone());
        let kind = entry.file_type().expect("the kind of a file");
        if kind.is_dir() {
            search(root, &path, needles, image);
        } else if kind.is_file() && entry.metadata().is_ok_and(|file| file.len() < PROGRAM) {
            let bytes = fs::read(&path).expect("a file of the image");
            for needle in needles {
                if memchr::memmem::find(&bytes, needle.as_bytes()).is_some() {
                    image.found.push(((*needle).to_owned(), name.clone()));
                }
            }
        }
    }
}

/// Copies what an image needs from this machine.
fn make_root(root: &Path) -> Result<(), String> {
    let io = |error: std::io::Error| error.to_string();
    for folder in ["usr/bin", "tmp", "root", "etc", "var/tmp", "proc", "sys", "dev", "run"] {
        fs::create_dir_all(root.join(folder)).map_err(io)?;
    }
    symlink("usr/bin", root.join("bin")).map_err(io)?;
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777)).map_err(io)?;
    fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").map_err(io)?;
    for program in PROGRAMS {
        copy_program(root, &which(program)?, &format!("usr/bin/{program}"))?;
    }
    copy_python(root)?;
    copy_node(root)
}

/// Python's own files and pip, without tests and what else is installed.
fn copy_python(root: &Path) -> Result<(), String> {
    let told = tell(
        "python3",
        &[
            "-c",
            concat!(
                "import os, pip, platform, sys, sysconfig\n",
                "print(os.path.realpath(sys._base_executable))\n",
                "print(sysconfig.get_path('stdlib'))\n",
                "print(os.path.dirname(pip.__file__))\n",
                "print(sys.base_prefix)\n",
            ),
        ],
    )?;
    let [executable, library, pip, prefix] = told.lines().collect::<Vec<_>>()[..] else {
        return Err(format!("python3 told {told}"));
    };
    copy_program(root, Path::new(executable), executable.trim_start_matches('/'))?;
    copy_tree(
        root,
        Path::new(library),
        &["test", "site-packages", "dist-packages", "idlelib", "tkinter", "__pycache__"],
    )?;
    for extension in
        fs::read_dir(Path::new(library).join("lib-dynload")).into_iter().flatten().flatten()
    {
        copy_libraries(root, &extension.path())?;
    }
    copy_tree(root, Path::new(pip), &["__pycache__"])?;
    // Started by its real path and told its prefix, it finds its files wherever it came from.
    let modules = Path::new(pip).parent().map(Path::to_owned).unwrap_or_default();
    for (name, module) in [("python3", ""), ("pip", " -m pip")] {
        script(
            root,
            name,
            &format!(
                "PYTHONHOME={prefix} PYTHONPATH={} exec {executable}{module} \"$@\"",
                modules.display()
            ),
        )?;
    }
    Ok(())
}

fn copy_node(root: &Path) -> Result<(), String> {
    let node = PathBuf::from(tell("node", &["-p", "process.execPath"])?);
    copy_program(root, &node, "usr/bin/node")?;
    let npm = fs::canonicalize(which("npm")?).map_err(|error| error.to_string())?;
    let package = npm.ancestors().nth(2).ok_or("npm stands nowhere")?;
    copy_tree(root, package, &["docs", "man"])?;
    script(root, "npm", &format!("exec /usr/bin/node {} \"$@\"", npm.display()))
}

fn script(root: &Path, name: &str, line: &str) -> Result<(), String> {
    let path = root.join("usr/bin").join(name);
    fs::write(&path, format!("#!/bin/sh\n{line}\n")).map_err(|error| error.to_string())?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())
}

/// What a program of this machine prints.
fn tell(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .env_remove("NODE_EXTRA_CA_CERTS")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    let told = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() { Ok(told) } else { Err(format!("{program}: {}", printed(&output))) }
}

fn which(program: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| format!("there is no {program}"))
}

/// A program with the libraries that it is linked with.
fn copy_program(root: &Path, program: &Path, to: &str) -> Result<(), String> {
    let target = root.join(to);
    copy(program, &target)?;
    copy_libraries(root, program)
}

fn copy_libraries(root: &Path, program: &Path) -> Result<(), String> {
    let Ok(told) = tell("ldd", &[&program.to_string_lossy()]) else { return Ok(()) };
    for word in told.split_whitespace().filter(|word| word.starts_with('/')) {
        let target = root.join(word.trim_start_matches('/'));
        if !target.exists() {
            copy(Path::new(word), &target)?;
        }
    }
    Ok(())
}

/// A folder at the same place in the image, without entries of these names.
fn copy_tree(root: &Path, folder: &Path, without: &[&str]) -> Result<(), String> {
    for entry in
        fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?.flatten()
    {
        let path = entry.path();
        if without.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let kind = entry.file_type().map_err(|error| error.to_string())?;
        let target = root.join(path.strip_prefix("/").unwrap_or(&path));
        if kind.is_dir() {
            copy_tree(root, &path, without)?;
        } else if kind.is_file() || path.is_file() {
            copy(&path, &target)?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {error}", from.display());
    fs::create_dir_all(to.parent().unwrap_or(to)).map_err(told)?;
    fs::copy(from, to).map(drop).map_err(told)
}
