use super::*;
use crate::facts::Command;
use crate::settings::proof::{check, cut, setting};

fn command<'a>(facts: &'a Facts, word: &str) -> &'a Command {
    let found: Vec<_> = facts
        .commands
        .iter()
        .filter(|command| command.words.iter().any(|found| found.text == word))
        .collect();
    assert_eq!(found.len(), 1, "{word} in {:?}", facts.commands);
    found[0]
}

/// The text without the word that is spelled so.
fn without_word(text: &str, facts: &Facts, word: &str) -> String {
    let command = command(facts, word);
    let word = command.words.iter().find(|found| found.text == word).unwrap();
    cut(text, &word.whole)
}

const WORKFLOW: &str = r#"# ü
env:
  PIP_INDEX_URL: https://a.example/simple
jobs:
  build:
    runs-on: ubuntu-latest
    container:
      image: python:3
      env: {NODE_TLS_REJECT_UNAUTHORIZED: 0}
    steps:
      - uses: actions/setup-node@v4
        with:
          registry-url: http://npm.example/  # why
      - name: one
        run: pip install --trusted-host a.example -i $PIP_INDEX_URL x
      - run: |
          # first
          pip install \
            --trusted-host b.example \
            "${{ matrix.package }}" é
          cat <<EOF
          text
          EOF
          export PIP_TRUSTED_HOST=c.example
        env:
          TOKEN: ${{ secrets.TOKEN }}
      - run: >
          curl -k
          https://d.example
      - run: "wget --no-check-certificate \"https://e.example\""
      - run: print("pip --trusted-host x")
        shell: python
      - {run: 'git -c http.sslVerify=false clone https://f.example', shell: bash}
"#;

#[test]
fn steps_are_commands_with_exact_places() {
    for text in [WORKFLOW.to_owned(), WORKFLOW.replace('\n', "\r\n")] {
        let facts = check(&text, github);
        assert!(facts.errors.is_empty(), "{:?}", facts.errors);
        let pip = command(&facts, "a.example");
        assert_eq!(pip.home, Home::Ci);
        assert_eq!(&text[pip.words[3].span.clone()], "a.example");
        assert_eq!(pip.words[5].text, "https://a.example/simple");
        let multi = command(&facts, "b.example");
        let package = &multi.words[4];
        assert_eq!((package.text.as_str(), package.known), ("${{ matrix.package }}", false));
        assert_eq!(&text[package.span.clone()], "\"${{ matrix.package }}\"");
        assert_eq!(&text[multi.words[5].span.clone()], "é");
        assert_eq!(&text[command(&facts, "-k").words[2].span.clone()], "https://d.example");
        let wget = command(&facts, "--no-check-certificate");
        assert_eq!(&text[wget.words[2].span.clone()], "\\\"https://e.example\\\"");
        assert_eq!(&text[command(&facts, "clone").words[2].span.clone()], "http.sslVerify=false");
        assert!(facts.commands.iter().all(|command| command.words[0].text != "print"));
        let comments: Vec<_> = facts.comments.iter().map(|found| found.text.trim()).collect();
        assert_eq!(comments, ["ü", "why", "first"]);
    }
}

#[test]
fn a_word_goes_and_leaves_the_step_whole() {
    let facts = check(WORKFLOW, github);
    let rest = without_word(WORKFLOW, &facts, "-k");
    assert!(rest.contains("          curl\n          https://d.example\n"));
    let rest = without_word(WORKFLOW, &facts, "--no-check-certificate");
    assert!(rest.contains("run: \"wget \\\"https://e.example\\\"\""));
    let command = command(&facts, "b.example");
    let rest = cut(WORKFLOW, &(command.words[2].whole.start..command.words[3].whole.end));
    assert!(rest.contains("pip install \\\n            \"${{ matrix.package }}\" é\n"), "{rest}");
    let after = check(&rest, github);
    assert!(after.errors.is_empty(), "{:?}", after.errors);
}

#[test]
fn variables_stand_at_every_level() {
    let facts = check(WORKFLOW, github);
    let names: Vec<_> = facts.variables.iter().map(|found| found.name.as_str()).collect();
    for name in ["PIP_INDEX_URL", "NODE_TLS_REJECT_UNAUTHORIZED", "TOKEN", "PIP_TRUSTED_HOST"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let token = facts.variables.iter().find(|found| found.name == "TOKEN").unwrap();
    assert!(!token.value.as_ref().unwrap().known);
    let rest = cut(WORKFLOW, &token.whole);
    assert!(rest.contains("          export PIP_TRUSTED_HOST=c.example\n      - run: >"));
    let last = facts.variables.iter().find(|found| found.name == "PIP_TRUSTED_HOST").unwrap();
    let rest = cut(WORKFLOW, &last.whole);
    assert!(rest.contains("          EOF\n        env:\n"), "{rest}");
}

#[test]
fn inputs_and_images_are_settings() {
    let facts = check(WORKFLOW, github);
    let path = ["jobs", "build", "steps", "0", "with", "registry-url"];
    assert_eq!(setting(&facts, &path).value, "http://npm.example/");
    assert_eq!(setting(&facts, &["jobs", "build", "container", "image"]).value, "python:3");
}

#[test]
fn a_composite_action_has_steps_too() {
    let text = "runs:\n  using: composite\n  steps:\n    - run: curl -k https://a.example\n      shell: bash\n";
    command(&check(text, github), "-k");
}

#[test]
fn power_shell_is_read_for_its_commands_alone() {
    let text = "jobs:\n  a:\n    runs-on: windows-latest\n    steps:\n      - run: |\n          $env:X = \"y\"\n          pip install --trusted-host a.example x\n";
    let facts = check(text, github);
    command(&facts, "a.example");
    assert!(facts.errors.is_empty() && facts.variables.is_empty());
}

#[test]
fn gitlab_has_scripts_in_lists_anchors_and_references() {
    let text = "default:\n  image: {name: 'python:3'}\nvariables:\n  A: {value: a.example, description: x}\n.setup: &setup\n  - pip config set global.trusted-host b.example\nbuild:\n  variables: {GIT_SSL_NO_VERIFY: '1'}\n  services: [x:1]\n  script:\n    - *setup\n    - !reference [.setup, script]\n    - pip install --trusted-host $A x\n    - |\n      curl -k https://c.example\n  after_script: wget -q https://d.example\n";
    let facts = check(text, gitlab);
    assert!(facts.errors.is_empty(), "{:?}", facts.errors);
    command(&facts, "b.example");
    assert_eq!(&text[command(&facts, "a.example").words[3].span.clone()], "$A");
    command(&facts, "https://c.example");
    command(&facts, "https://d.example");
    assert_eq!(facts.commands.len(), 4);
    let names: Vec<_> = facts.variables.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["A", "GIT_SSL_NO_VERIFY"]);
    assert_eq!(setting(&facts, &["default", "image", "name"]).value, "python:3");
    let variable = &facts.variables[1];
    assert!(!cut(text, &variable.whole).contains("{}"));
}

#[test]
fn other_makers_are_told_by_their_keys() {
    let circle = "jobs:\n  a:\n    docker:\n      - image: x:1\n        environment:\n          A: b\n    steps:\n      - run: pip install << parameters.what >> --trusted-host a.example\n      - run:\n          command: |\n            curl -k https://b.example\n          environment: {C: d}\n";
    let facts = check(circle, other);
    let pip = command(&facts, "a.example");
    assert_eq!(pip.words[2].text, "<< parameters.what >>");
    command(&facts, "-k");
    assert_eq!(facts.variables.len(), 2);
    assert_eq!(setting(&facts, &["jobs", "a", "docker", "0", "image"]).value, "x:1");

    let azure = "variables:\n  - name: A\n    value: b\n  - group: x\nsteps:\n  - script: curl -k https://a.example\n    env: {B: $(c)}\n  - bash: wget https://b.example\n";
    let facts = check(azure, other);
    assert_eq!(facts.commands.len(), 2);
    let names: Vec<_> = facts.variables.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["A", "B"]);

    let travis = "env:\n  global:\n    - A=b\ninstall: pip install --trusted-host a.example x\nscript: [\"curl -k https://a.example\", make]\n";
    let facts = check(travis, other);
    assert_eq!((facts.commands.len(), facts.variables.len()), (3, 1));
}

#[test]
fn a_command_goes_with_its_lines_but_for_the_last_of_a_step() {
    let text = "jobs:\n  a:\n    steps:\n      - run: |\n          echo é\n          npm config set strict-ssl false\n      - run: git config http.sslVerify false\n";
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let facts = check(&text, github);
        let whole = facts.whole_of(command(&facts, "strict-ssl")).unwrap();
        let rest = cut(&text, whole);
        assert_eq!(
            rest.lines().nth(5),
            Some("      - run: git config http.sslVerify false"),
            "{rest}"
        );
        assert!(facts.whole_of(command(&facts, "http.sslVerify")).is_none());
    }
}
