use super::*;
use crate::facts::Variable;
use crate::settings::proof::{check_spans, cut, setting};

fn read(text: &str) -> (Compose, Facts) {
    let (compose, facts) = parse(text);
    check_spans(text, &facts);
    (compose, facts)
}

fn variable<'a>(facts: &'a Facts, name: &str) -> &'a Variable {
    let found: Vec<_> = facts.variables.iter().filter(|variable| variable.name == name).collect();
    assert_eq!(found.len(), 1, "{name}");
    found[0]
}

fn edited(text: &str, edit: &crate::finding::Edit) -> String {
    format!("{}{}{}", &text[..edit.span.start], edit.text, &text[edit.span.end..])
}

const TEXT: &str = "# ours: ü
x-env: &env
  PIP_TRUSTED_HOST: a.example
services:
  web:
    build:
      context: ./web  # here
      dockerfile: Dockerfile.web
      target: run
      args:
        PIP_INDEX_URL: \"https://${USER}@a.example/simple\"
        - bad
  # comment
  other: {}
";

const WEB: &str = "services:
  web:
    build:
      context: ./web  # here
      args:
        # why
        - PIP_TRUSTED_HOST=a.example
        - 'NPM_CONFIG_STRICT_SSL=false'
        - HTTP_PROXY
      secrets: [token, {source: other}]
    image: web:1
    user: root
    privileged: true
    environment:
      NODE_TLS_REJECT_UNAUTHORIZED: \"0\"
      COST: 5$$
      KEY: ${KEY}
    env_file:
      - a.env
      - path: b.env
    command: [\"sh\", \"-c\", \"exec x\"]
    healthcheck:
      test: [\"CMD\", \"curl\", \"-k\", \"https://localhost\"]
  db:
    image: 'db:2'
    healthcheck: {disable: true}
";

#[test]
fn services_say_what_they_are_built_from_and_run() {
    let (compose, facts) = read(WEB);
    let [web, db] = compose.services.as_slice() else { panic!("{compose:?}") };
    let build = web.build.as_ref().unwrap();
    assert_eq!(build.context.as_ref().unwrap().text, "./web");
    assert_eq!(&WEB[build.context.as_ref().unwrap().span.clone()], "./web");
    assert_eq!(build.args.len(), 3);
    let secrets: Vec<_> = build.secrets.iter().map(|secret| secret.text.as_str()).collect();
    assert_eq!(secrets, ["token", "other"]);
    assert_eq!(web.env_file[1].text, "b.env");
    assert!(!web.healthcheck.as_ref().unwrap().disabled);
    assert!(db.healthcheck.as_ref().unwrap().disabled);
    assert_eq!(&WEB[db.image.as_ref().unwrap().span.clone()], "'db:2'");
    assert_eq!(setting(&facts, &["services", "web", "privileged"]).value, "true");
    assert!(db.insertion.is_some() && web.insertion.is_some());
    assert_eq!(&WEB[web.span.clone()][..4], "web:");
}

#[test]
fn variables_stand_where_they_are_said_to_stand() {
    let (_, facts) = read(WEB);
    let host = variable(&facts, "PIP_TRUSTED_HOST");
    assert_eq!(host.origin, Origin::ComposeBuildArg);
    assert_eq!(&WEB[host.name_span.clone()], "PIP_TRUSTED_HOST");
    assert_eq!(&WEB[host.value.as_ref().unwrap().span.clone()], "a.example");
    assert_eq!(&WEB[host.whole.clone()], "        - PIP_TRUSTED_HOST=a.example\n");
    let strict = variable(&facts, "NPM_CONFIG_STRICT_SSL");
    assert_eq!(&WEB[strict.value.as_ref().unwrap().span.clone()], "false");
    assert_eq!(&WEB[strict.whole.clone()], "        - 'NPM_CONFIG_STRICT_SSL=false'\n");
    assert!(variable(&facts, "HTTP_PROXY").value.is_none());
    let node = variable(&facts, "NODE_TLS_REJECT_UNAUTHORIZED");
    assert_eq!(node.origin, Origin::ComposeEnvironment);
    assert_eq!(node.value.as_ref().unwrap().text, "0");
    let cost = variable(&facts, "COST").value.as_ref().unwrap();
    assert_eq!((cost.text.as_str(), cost.known), ("5$", true));
    assert!(!variable(&facts, "KEY").value.as_ref().unwrap().known);
}

#[test]
fn a_command_in_a_list_is_its_words() {
    let (_, facts) = read(WEB);
    let curl = facts.commands.iter().find(|command| command.words[0].text == "curl").unwrap();
    assert_eq!(curl.home, Home::Container { stage: None });
    assert_eq!(&WEB[curl.words[1].span.clone()], "\"-k\"");
    let rest = cut(WEB, &curl.words[1].whole);
    assert!(rest.contains("[\"CMD\", \"curl\", \"https://localhost\"]"));
}

#[test]
fn the_only_variable_takes_its_key_along() {
    let text = "services:\n  a:\n    image: x\n    environment:\n      A: b\n  c: {}\n";
    let (_, facts) = read(text);
    assert_eq!(cut(text, &variable(&facts, "A").whole), "services:\n  a:\n    image: x\n  c: {}\n");
    let text = "services:\n  a:\n    environment:\n      # why\n      A: b\n    image: x\n";
    let (_, facts) = read(text);
    assert!(cut(text, &variable(&facts, "A").whole).contains("# why\n    image"));
}

#[test]
fn merged_and_shared_parts_stand_where_they_are_written() {
    let text = "x-base: &base\n  build: &b\n    context: .\n  environment: &env\n    A: 1\nservices:\n  one:\n    <<: *base\n    image: x\n  two:\n    environment:\n      <<: *env\n      B: 2\n    build: *b\n";
    let (compose, facts) = read(text);
    let names = |service: &Service| -> Vec<String> {
        let variables = &facts.variables[service.environment.clone()];
        variables.iter().map(|variable| variable.name.clone()).collect()
    };
    assert_eq!(names(&compose.services[0]), ["A"]);
    assert_eq!(names(&compose.services[1]), ["B", "A"]);
    let [one, two] = compose.services.as_slice() else { panic!() };
    assert_eq!(one.build.as_ref().unwrap().context.as_ref().unwrap().text, ".");
    assert!(one.build.as_ref().unwrap().add_context("ca", "./ca").is_some());
    assert!(two.build.as_ref().unwrap().add_context("ca", "./ca").is_none());
}

#[test]
fn a_context_is_added_to_every_form_in_block_style() {
    let add = |text: &str| {
        let (compose, _) = read(text);
        let edit = compose.services[0].build.as_ref().unwrap().add_context("ca", "./ca")?;
        let after = edited(text, &edit);
        let (again, facts) = read(&after);
        assert!(facts.errors.is_empty(), "{after}");
        let build = again.services[0].build.as_ref().unwrap();
        let (name, value) = build.additional_contexts.last().unwrap();
        assert_eq!((name.text.as_str(), value.text.as_str()), ("ca", "./ca"), "{after}");
        assert!(build.context.is_some(), "{after}");
        assert!(build.add_context("ca", "./ca").is_none());
        Some(after)
    };
    let long = "services:\n  a:\n    build:\n      context: .  # c\n    image: x\n";
    assert_eq!(
        add(long).unwrap(),
        "services:\n  a:\n    build:\n      context: .  # c\n      additional_contexts:\n        ca: ./ca\n    image: x\n"
    );
    let short = "services:\n  a:\n    build: './ü'  # c\n    image: x\n";
    assert_eq!(
        add(short).unwrap(),
        "services:\n  a:\n    build:\n      context: './ü'\n      additional_contexts:\n        ca: ./ca  # c\n    image: x\n"
    );
    let map =
        "services:\n  a:\n    build:\n      additional_contexts:\n        x: y\n      context: .";
    assert!(add(map).unwrap().contains("        x: y\n        ca: ./ca\n"));
    let list = "services:\r\n  a:\r\n    build:\r\n      context: .\r\n      additional_contexts:\r\n      - x=y";
    assert!(add(list).unwrap().ends_with("      - x=y\r\n      - ca=./ca"));
    let inline = "services:\n  a:\n    build:\n      context: .\n      dockerfile_inline: |\n        FROM x\n        RUN y\n\n    image: x\n";
    assert!(add(inline).unwrap().contains("RUN y\n      additional_contexts:\n"));
    assert!(add("services:\n  a:\n    build: {context: .}\n").is_none());
    assert!(add("services: {a: {build: .}}\n").is_none());
}

#[test]
fn what_stands_before_an_error_is_read() {
    let (compose, facts) = read(TEXT);
    assert_eq!(facts.errors.len(), 1);
    assert_eq!(compose.services[0].name.text, "web");
    let build = compose.services[0].build.as_ref().unwrap();
    assert_eq!(build.target.as_ref().unwrap().text, "run");
    assert_eq!(facts.variables[0].value.as_ref().unwrap().text, "https://${USER}@a.example/simple");
}

#[test]
fn several_documents_are_read() {
    let (compose, _) = read("services:\n  a: {image: x}\n---\nservices:\n  b: {image: y}\n");
    assert_eq!(compose.services.len(), 2);
    assert!(compose.services[0].insertion.is_none());
}
