//! What the machine may lack: a network, a writable place, room on the disk, Python.

use std::fs;

use provender_test::left_out;

use crate::project::{LOCK, PRESENT, Project, fails, library as project, one_error, says};

/// Needs a build, because only the sdist's code tells what it requires.
const NEEDS_BUILD: &str = "[s]\n\"1.0\" = { files = [\"sdist-dynamic\"] }\n";

#[test]
fn without_network_only_what_is_remembered_can_be_locked() {
    let project = project("app\n");
    let run =
        fails(&project, &format!("{LOCK} --offline"), 2, &["lock/offline", "without --offline"]);
    assert_eq!(project.index.http().requests().len(), 0, "{run}");
    project.run(LOCK).exits(0);
    let lock = project.sandbox.read("constraints.txt");
    project.index.http().forget_requests();
    project.run(&format!("{LOCK} --offline")).exits(0);
    assert_eq!(project.index.http().requests().len(), 0);
    assert_eq!(project.sandbox.read("constraints.txt"), lock);
}

#[test]
fn a_lock_is_only_written_where_a_file_can_be() {
    let project = project("app\n");
    project.sandbox.write("folder/kept.txt", "kept");
    let cases: &[(&str, &[&str])] = &[
        ("folder", &["--> folder\n"]),
        ("requirements.txt/constraints.txt", &["--> requirements.txt/constraints.txt\n"]),
        ("missing/constraints.txt", &["--> missing/constraints.txt\n", "make the folder first"]),
    ];
    for (output, words) in cases {
        fails(&project, &format!("{LOCK} -o {output}"), 2, words);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_replaced_by_a_lock() {
    use std::os::unix::fs::FileTypeExt as _;
    let project = project("app\n");
    let made = project.sandbox.run("mkfifo", ["pipe"]);
    if made.code != Some(0) {
        return left_out("a_pipe_is_not_replaced_by_a_lock", "mkfifo makes no pipe here");
    }
    // Whoever reads the pipe all the same finds an end, so that this test fails instead of waiting.
    let pipe = project.sandbox.path("pipe");
    std::thread::spawn(move || fs::OpenOptions::new().write(true).open(pipe).map(drop));
    let run = project.run(&format!("{LOCK} -o pipe")).exits(2);
    one_error(&run);
    says(&run, &["-o -"]);
    assert!(fs::metadata(project.sandbox.path("pipe")).unwrap().file_type().is_fifo());
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_keeps_its_lock() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = project("app\n");
    let folder = project.sandbox.write("folder/constraints.txt", PRESENT);
    let folder = folder.parent().unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.join("probe"), "").is_ok() {
        return left_out("a_read_only_folder_keeps_its_lock", "permissions do not bind this user");
    }
    fails(&project, &format!("{LOCK} -o folder/constraints.txt"), 2, &["file/cannot-write"]);
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_read_only_lock_is_not_replaced() {
    let project = project("app\n");
    let path = project.sandbox.path("constraints.txt");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    fails(&project, LOCK, 2, &["file/cannot-write", "read-only", "--> constraints.txt\n"]);
}

/// What a full disk does to a write, a limit on the size of files does as well: it stops in the middle.
#[cfg(unix)]
#[test]
fn a_disk_that_takes_only_half_of_the_lock_keeps_the_earlier_one() {
    let mut scenario = String::from("[app]\n\"1.0\" = { requires = [");
    let names: Vec<String> = (0..40).map(|number| format!("lib{number}")).collect();
    scenario.push_str(&names.iter().map(|name| format!("\"{name}\",")).collect::<String>());
    scenario.push_str("] }\n");
    for name in &names {
        scenario.push_str(&format!("[{name}]\n\"1.0\" = {{}}\n"));
    }
    let project = Project::new(&scenario, "app\n", []);
    // The first run remembers everything, so that the second has only the lock to write.
    let full = project.run_without_python(&format!("{LOCK} -o -")).exits(0).stdout;
    assert!(full.len() > 4096, "{}", full.len());
    project.sandbox.write("constraints.txt", PRESENT);
    let before = project.files();
    let script = format!("trap '' XFSZ; ulimit -f 4; exec \"$1\" {LOCK}");
    let mut shell = project.program("sh");
    shell.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_provender")]);
    let run = project.sandbox.finish(&mut shell).exits(2);
    one_error(&run);
    says(&run, &["file/cannot-write", "--> constraints.txt\n"]);
    assert_eq!(project.files(), before, "{run}");
}

#[test]
fn without_python_the_version_has_to_be_given() {
    let project = project("app\n");
    let before = project.files();
    let run = project.run_without_python("lock --fix off").exits(2);
    one_error(&run);
    says(&run, &["lock/no-python", "--python-version"]);
    assert_eq!(project.files(), before);
}

#[test]
fn without_python_wheels_can_be_locked() {
    let project = project("app\n");
    project.run_without_python("lock --fix off --python-version 3.11").exits(0);
    assert_eq!(project.pins(), ["app==1.0", "lib==1.0.0"]);
}

#[test]
fn without_python_what_needs_a_build_is_named_with_what_to_do() {
    let project = Project::new(NEEDS_BUILD, "s\n", []);
    let before = project.files();
    let run = project.run_without_python(LOCK).exits(2);
    one_error(&run);
    says(&run, &["lock/needs-build", "s==1.0", "install the Python"]);
    assert_eq!(project.files(), before);
}

#[test]
fn without_builds_what_needs_one_is_named_with_what_to_do() {
    let project = Project::new(NEEDS_BUILD, "s\n", []);
    fails(
        &project,
        &format!("{LOCK} --no-build"),
        2,
        &["lock/needs-build", "s==1.0", "--no-build"],
    );
}

#[test]
fn a_data_directory_that_cannot_be_written_is_named() {
    let project = project("app\n");
    project.sandbox.write("file", "");
    let data = project.sandbox.path("file").join("data");
    let before = project.files();
    for args in [LOCK, "advisories update", "advisories import requirements.txt"] {
        let mut command = project.command(args);
        let run = project.sandbox.finish(command.arg("--data-dir").arg(&data)).exits(2);
        one_error(&run);
        says(&run, &["--data-dir"]);
        assert_eq!(project.files(), before, "{args}");
    }
}
