//! `provender completions` and `provender man`: made from the same description that is parsed.

use std::process::Command;

use provender_test::{Run, Sandbox, left_out};

use crate::project::{one_error, says};

fn provender(sandbox: &Sandbox, args: &str) -> Run {
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_provender"));
    sandbox.finish(command.args(args.split_whitespace()))
}

#[test]
fn every_shell_has_a_script_that_knows_the_commands() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = provender(&sandbox, &format!("completions {shell}")).exits(0);
        for word in ["provender", "audit", "completions"] {
            assert!(run.stdout.contains(word), "{shell}: no `{word}`");
        }
        assert_eq!(run.stderr, "");
    }
    provender(&sandbox, "completions tcsh").exits(2);
}

#[test]
fn bash_accepts_its_script() {
    if Command::new("bash").arg("--version").output().is_err() {
        left_out("bash_accepts_its_script", "no bash");
        return;
    }
    let sandbox = Sandbox::new();
    let script = provender(&sandbox, "completions bash").exits(0).stdout;
    sandbox.write("provender.bash", script);
    sandbox.run("bash", ["-n", "provender.bash"]).exits(0);
    // In a shell of its own: what `provender wai` is completed to.
    let complete = "source ./provender.bash; COMP_WORDS=(provender wai); COMP_CWORD=1; \
                    _provender provender wai provender; echo \"${COMPREPLY[*]}\"";
    let run = sandbox.run("bash", ["-c", complete]).exits(0);
    assert_eq!(run.stdout, "waiver\n", "{run}");
}

#[test]
fn the_manual_is_roff_and_names_every_command() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_provender"));
    let run = sandbox.finish(command.arg("man").env("PROVENDER_INDEX", "https://t0ken@a.example"));
    let page = run.exits(0).stdout;
    assert!(page.starts_with(".ie"), "{page}");
    assert!(page.contains(".TH provender 1"), "{page}");
    for word in ["provender\\-lock(1)", "provender\\-man(1)"] {
        assert!(page.contains(word), "no `{word}` in\n{page}");
    }
    assert!(!page.contains("t0ken"), "the environment is no part of a page");
}

#[test]
fn the_pages_of_all_commands_go_into_a_folder() {
    let sandbox = Sandbox::new();
    let run = provender(&sandbox, "man --out share/man1").exits(0);
    for page in ["provender.1", "provender-waiver-add.1", "provender-report-show.1"] {
        let path = format!("share/man1/{page}");
        assert!(run.stdout.lines().any(|line| line == path), "{run}");
        assert!(sandbox.read(&path).contains(".TH provender"));
    }
    assert!(!run.stdout.contains("help"), "{run}");
    sandbox.write("taken", "");
    let run = provender(&sandbox, "man --out taken").exits(2);
    one_error(&run);
    says(&run, &["error[file/cannot-write]", "--> taken", "decided by: --out"]);
}

#[test]
fn a_script_has_no_form_in_json() {
    let sandbox = Sandbox::new();
    for args in ["completions bash", "man"] {
        let run = provender(&sandbox, &format!("{args} --format json")).exits(2);
        one_error(&run);
        says(&run, &["error[cli/format]", "decided by: --format"]);
        assert_eq!(run.stdout, "");
    }
}
