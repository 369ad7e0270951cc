//! The hooks that pre-commit is offered.

use std::path::Path;

use provender_test::Sandbox;

#[test]
fn the_hooks_run_commands_that_exist() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.pre-commit-hooks.yaml");
    let hooks = std::fs::read_to_string(file).unwrap();
    let entries: Vec<_> =
        hooks.lines().filter_map(|line| line.trim().strip_prefix("entry: provender ")).collect();
    assert_eq!(entries.len(), hooks.lines().filter(|line| line.starts_with("- id: ")).count());
    for entry in entries {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_provender"));
        let run = sandbox.finish(command.args(entry.split_whitespace())).exits(0);
        assert_eq!(run.stdout, "", "{entry}");
    }
    for key in ["name: ", "language: system", "pass_filenames: false", "files: "] {
        assert_eq!(hooks.matches(&format!("\n  {key}")).count(), 2, "{key}");
    }
}
