//! Every spelling of a bypass, in every kind of file that it can stand in.

use std::path::Path;

use provender_lint::fix::{Fixer, Grounds, Prover, apply};
use provender_lint::{Edit, File, FileKind, Linter, Options, read};

/// Variables with a value that switches something off, and the rule that finds them.
const VARIABLES: &[(&str, &str, &str)] = &[
    ("PIP_TRUSTED_HOST", "a.example", "lint/pip-trusted-host"),
    ("UV_INSECURE_HOST", "a.example", "lint/uv-insecure-host"),
    ("POETRY_CERTIFICATES_CORP_CERT", "false", "lint/poetry-cert-off"),
    ("PDM_PYPI_VERIFY_SSL", "false", "lint/pdm-verify-ssl"),
    ("CONDA_SSL_VERIFY", "false", "lint/conda-ssl-verify"),
    ("NPM_CONFIG_STRICT_SSL", "false", "lint/npm-strict-ssl"),
    ("npm_config_strict_ssl", "false", "lint/npm-strict-ssl"),
    ("YARN_ENABLE_STRICT_SSL", "false", "lint/yarn-strict-ssl"),
    ("NODE_TLS_REJECT_UNAUTHORIZED", "0", "lint/node-tls-reject"),
    ("GIT_SSL_NO_VERIFY", "1", "lint/git-ssl-verify"),
    ("GIT_SSL_NO_VERIFY", "false", "lint/git-ssl-verify"),
    ("GOINSECURE", "git.example", "lint/go-insecure"),
    ("GOSUMDB", "off", "lint/go-insecure"),
    ("GOFLAGS", "-insecure", "lint/go-insecure"),
    ("PYTHONHTTPSVERIFY", "0", "lint/python-https-verify"),
    ("MAVEN_OPTS", "-Dmaven.wagon.http.ssl.insecure=true", "lint/java-insecure"),
    ("PIP_INDEX_URL", "http://a.example/simple", "lint/plain-http-index"),
    ("UV_DEFAULT_INDEX", "http://a.example/simple", "lint/plain-http-index"),
    ("NPM_CONFIG_REGISTRY", "http://a.example", "lint/plain-http-index"),
];

/// Where a variable is given a value: `@N@` is its name and `@V@` its value.
const ASSIGNMENTS: &[(&str, &str)] = &[
    ("Dockerfile", "FROM a\nENV @N@=@V@\n"),
    ("Dockerfile", "FROM a\nENV @N@ @V@\n"),
    ("Dockerfile", "FROM a\nENV A=1 \\\n    # why\n    @N@=\"@V@\" \\\n    B=2\n"),
    ("Dockerfile", "FROM a\nARG @N@=@V@\n"),
    ("Dockerfile", "FROM a\nRUN @N@=@V@ make\n"),
    ("Dockerfile", "FROM a\nRUN export @N@=@V@ && make\n"),
    ("Dockerfile", "FROM a\nRUN <<EOF\nexport @N@='@V@'\nmake\nEOF\n"),
    ("Dockerfile", "FROM a\nRUN env @N@=@V@ make\n"),
    ("Dockerfile", "# escape=`\nFROM a\nENV A=1 `\n    @N@=@V@\n"),
    ("Dockerfile", "FROM a AS x\r\nENV @N@=@V@\r\n"),
    ("Containerfile", "ARG VALUE=@V@\nFROM a\nARG VALUE\nENV @N@=${VALUE}\n"),
    ("compose.yaml", "services:\n  a:\n    environment:\n      @N@: \"@V@\"\n"),
    ("compose.yaml", "services:\n  a:\n    environment:\n      - @N@=@V@\n"),
    ("compose.yaml", "services:\n  a:\n    environment: [\"@N@=@V@\"]\n"),
    (
        "docker-compose.yml",
        "services:\n  a:\n    build:\n      context: .\n      args:\n        @N@: @V@\n",
    ),
    ("compose.yaml", "x-e: &e\n  @N@: '@V@'\nservices:\n  a:\n    environment: *e\n"),
    ("a.sh", "@N@=@V@\nexport @N@\n"),
    ("a.sh", "export A=1 @N@=@V@\n"),
    ("a.sh", "@N@=@V@ make\n"),
    ("a.sh", "sudo @N@=@V@ make\n"),
    ("a.sh", "f() {\n  local @N@=@V@\n}\n"),
    ("a.sh", "docker run --rm -e @N@=@V@ a\n"),
    ("a.sh", "docker build --build-arg=@N@=@V@ .\n"),
    (".github/workflows/a.yml", "env:\n  @N@: @V@\njobs: {}\n"),
    (".github/workflows/a.yml", "jobs:\n  a:\n    env:\n      @N@: @V@\n    steps: []\n"),
    (
        ".github/workflows/a.yml",
        "jobs:\n  a:\n    steps:\n      - run: make\n        env: {@N@: '@V@'}\n",
    ),
    (
        ".github/workflows/a.yml",
        "jobs:\n  a:\n    steps:\n      - run: |\n          export @N@=@V@\n          make\n",
    ),
    (".gitlab-ci.yml", "variables:\n  @N@: @V@\n"),
    (".gitlab-ci.yml", "a:\n  variables:\n    @N@: @V@\n  script: [make]\n"),
    (".circleci/config.yml", "jobs:\n  a:\n    environment:\n      @N@: @V@\n    steps: []\n"),
    ("azure-pipelines.yml", "variables:\n  - name: @N@\n    value: @V@\n"),
    (".env", "A=1\n@N@=@V@\n"),
    ("Makefile", "a:\n\t@N@=@V@ make b\n"),
    ("Makefile", "export @N@ = @V@\n"),
];

/// Commands that switch something off, and the rule that finds them.
const COMMANDS: &[(&str, &str)] = &[
    ("pip install --trusted-host a.example x", "lint/pip-trusted-host"),
    ("python3.12 -m pip install --trusted-host=a.example x", "lint/pip-trusted-host"),
    ("pip config set global.trusted-host a.example", "lint/pip-trusted-host"),
    ("uv sync --allow-insecure-host a.example", "lint/uv-insecure-host"),
    ("poetry config certificates.a.cert false", "lint/poetry-cert-off"),
    ("pdm config pypi.verify_ssl false", "lint/pdm-verify-ssl"),
    ("conda config --set ssl_verify false", "lint/conda-ssl-verify"),
    ("npm config set strict-ssl false", "lint/npm-strict-ssl"),
    ("npm ci --strict-ssl=false", "lint/npm-strict-ssl"),
    ("yarn config set enableStrictSsl false", "lint/yarn-strict-ssl"),
    ("yarn config set strict-ssl false", "lint/yarn-strict-ssl"),
    ("git config --global http.sslVerify false", "lint/git-ssl-verify"),
    ("git -c http.sslVerify=false clone https://a.example/x", "lint/git-ssl-verify"),
    ("curl -k https://a.example/x", "lint/curl-insecure"),
    ("curl -fsSLk https://a.example/x", "lint/curl-insecure"),
    ("curl --insecure https://a.example/x", "lint/curl-insecure"),
    ("wget --no-check-certificate https://a.example/x", "lint/wget-no-check"),
    ("apt-get install -y --allow-unauthenticated x", "lint/apt-unsigned"),
    ("apt-get install --force-yes x", "lint/apt-unsigned"),
    ("apt-get -o Acquire::https::Verify-Peer=false update", "lint/apt-unverified"),
    ("apk add --allow-untrusted x", "lint/apk-untrusted"),
    ("podman pull --tls-verify=false a.example/x", "lint/docker-insecure-registries"),
    (
        "skopeo copy --src-tls-verify=false docker://a.example/x dir:x",
        "lint/docker-insecure-registries",
    ),
    ("go env -w GOINSECURE=git.example", "lint/go-insecure"),
    ("mvn -Dmaven.wagon.http.ssl.insecure=true package", "lint/java-insecure"),
    ("pip install -i http://a.example/simple x", "lint/plain-http-index"),
    ("npm config set registry http://a.example", "lint/plain-http-index"),
    ("apk add -X http://a.example/alpine x", "lint/plain-http-repository"),
];

/// Where a command stands: `@C@` is the command.
const PLACES: &[(&str, &str)] = &[
    ("Dockerfile", "FROM a\nRUN @C@\n"),
    ("Dockerfile", "FROM a\nRUN set -eux; \\\n    # why\n    @C@; \\\n    make\n"),
    ("Dockerfile", "FROM a\nRUN make \\\n && @C@ \\\n && make\n"),
    ("Dockerfile", "FROM a\nRUN --mount=type=cache,target=/c @C@\n"),
    ("Dockerfile", "FROM a\nRUN <<EOF\nmake\n@C@\nEOF\n"),
    ("Dockerfile", "FROM a\nRUN bash -ec '@C@'\n"),
    ("Dockerfile", "FROM a\nRUN if test -f x; then @C@; fi\n"),
    ("Dockerfile", "FROM a\nCMD @C@\n"),
    ("Dockerfile", "FROM a\nENTRYPOINT [\"sh\", \"-c\", \"@C@\"]\n"),
    ("Dockerfile", "FROM a\nHEALTHCHECK --interval=5s CMD @C@\n"),
    ("Dockerfile", "FROM a\nONBUILD RUN @C@\n"),
    ("compose.yaml", "services:\n  a:\n    command: @C@\n"),
    ("compose.yaml", "services:\n  a:\n    command: [sh, -c, \"@C@\"]\n"),
    ("compose.yaml", "services:\n  a:\n    healthcheck:\n      test: [CMD-SHELL, \"@C@\"]\n"),
    ("a.sh", "@C@\n"),
    ("a.sh", "#!/bin/bash\nset -e\nf() {\n  @C@ || exit 1\n}\n"),
    ("a.sh", "@C@ | tee log\n"),
    ("a.sh", "x=$(@C@)\n"),
    ("a.sh", "for i in 1 2; do\n  @C@ &\ndone\n"),
    ("a.sh", "sudo -E @C@\r\n"),
    ("a.sh", "# \u{fc}\n@C@ >/dev/null 2>&1\n"),
    (".github/workflows/a.yml", "jobs:\n  a:\n    steps:\n      - run: @C@\n"),
    (
        ".github/workflows/a.yml",
        "jobs:\n  a:\n    steps:\n      - run: |\n          make\n          @C@\n",
    ),
    ("action.yml", "runs:\n  using: composite\n  steps:\n    - run: @C@\n      shell: bash\n"),
    (".gitlab-ci.yml", "a:\n  script:\n    - make\n    - @C@\n"),
    (".gitlab-ci.yml", "default:\n  before_script: [\"@C@\"]\n"),
    (".circleci/config.yml", "jobs:\n  a:\n    steps:\n      - run: @C@\n"),
    (
        ".circleci/config.yml",
        "jobs:\n  a:\n    steps:\n      - run:\n          name: x\n          command: @C@\n",
    ),
    ("azure-pipelines.yml", "steps:\n  - script: @C@\n"),
    (
        "bitbucket-pipelines.yml",
        "pipelines:\n  default:\n    - step:\n        script:\n          - @C@\n",
    ),
    ("Makefile", "a: b\n\tmake c\n\t@@C@\n"),
];

/// Settings in the files of their tools.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("pip.conf", "[global]\ntrusted-host = a.example\n", "lint/pip-trusted-host"),
    ("pip.ini", "[install]\r\ntrusted-host = a.example\r\n", "lint/pip-trusted-host"),
    ("requirements.txt", "--trusted-host a.example\n", "lint/pip-trusted-host"),
    (
        "requirements-dev.txt",
        "-i https://a.example --trusted-host=a.example\n",
        "lint/pip-trusted-host",
    ),
    ("uv.toml", "allow-insecure-host = [\"a.example\"]\n", "lint/uv-insecure-host"),
    (
        "pyproject.toml",
        "[tool.uv]\nallow-insecure-host = [\"a.example\"]\n",
        "lint/uv-insecure-host",
    ),
    (
        "pyproject.toml",
        "tool.uv = { allow-insecure-host = [\"a.example\"] }\n",
        "lint/uv-insecure-host",
    ),
    ("poetry.toml", "[certificates.a]\ncert = false\n", "lint/poetry-cert-off"),
    ("pyproject.toml", "[[tool.pdm.source]]\nverify_ssl = false\n", "lint/pdm-verify-ssl"),
    ("pdm.toml", "[pypi]\nverify_ssl = false\n", "lint/pdm-verify-ssl"),
    ("Pipfile", "[[source]]\nverify_ssl = false\n", "lint/pipenv-verify-ssl"),
    (".condarc", "ssl_verify: false\n", "lint/conda-ssl-verify"),
    (".condarc", "ssl_verify: no\n", "lint/conda-ssl-verify"),
    (".npmrc", "strict-ssl=false\n", "lint/npm-strict-ssl"),
    (".yarnrc", "strict-ssl false\n", "lint/yarn-strict-ssl"),
    (".yarnrc.yml", "enableStrictSsl: false\n", "lint/yarn-strict-ssl"),
    (".gitconfig", "[http]\n\tsslVerify = false\n", "lint/git-ssl-verify"),
    (".gitconfig", "[http \"https://a.example\"]\n\tsslVerify = false\n", "lint/git-ssl-verify"),
    (".curlrc", "insecure\n", "lint/curl-insecure"),
    (".curlrc", "-k\n", "lint/curl-insecure"),
    (".wgetrc", "check_certificate = off\n", "lint/wget-no-check"),
    ("sources.list", "deb [trusted=yes] https://a.example/debian a main\n", "lint/apt-unsigned"),
    (
        "etc/apt/sources.list.d/a.sources",
        "Types: deb\nURIs: https://a.example\nSuites: a\nTrusted: yes\n",
        "lint/apt-unsigned",
    ),
    ("etc/apt/apt.conf.d/99x", "APT::Get::AllowUnauthenticated \"true\";\n", "lint/apt-unsigned"),
    ("etc/apt/apt.conf.d/99x", "Acquire::https::Verify-Peer \"false\";\n", "lint/apt-unverified"),
    ("apt.conf", "Acquire { https { Verify-Peer \"false\"; }; };\n", "lint/apt-unverified"),
    (
        "daemon.json",
        "{\"insecure-registries\": [\"a.example\"]}\n",
        "lint/docker-insecure-registries",
    ),
    (
        "registries.conf",
        "[[registry]]\nlocation = \"a.example\"\ninsecure = true\n",
        "lint/docker-insecure-registries",
    ),
    (
        "buildkitd.toml",
        "[registry.\"a.example\"]\ninsecure = true\n",
        "lint/docker-insecure-registries",
    ),
    ("sources.list", "deb http://a.example/debian a main\n", "lint/plain-http-repository"),
    ("etc/apk/repositories", "http://a.example/alpine/main\n", "lint/plain-http-repository"),
    ("pip.conf", "[global]\nfind-links = http://a.example/links\n", "lint/plain-http-index"),
    (".npmrc", "registry=http://a.example\n", "lint/plain-http-index"),
];

/// The rules that find something in a file, each place once.
fn rules(linter: &Linter, path: &str, text: &str) -> Vec<&'static str> {
    let kind = FileKind::of(Path::new(path)).unwrap_or_else(|| panic!("{path} has no kind"));
    let file = read(path, kind, text);
    let found = linter.lint_file(&file, std::slice::from_ref(&file));
    for finding in &found.findings {
        assert!(text.get(finding.span.clone()).is_some(), "{path}: {finding:?}");
    }
    found.findings.iter().map(|finding| finding.rule).collect()
}

/// The rules that this table is about.
fn linter() -> Linter {
    let tables = VARIABLES.iter().map(|(_, _, rule)| *rule);
    let tables = tables.chain(COMMANDS.iter().map(|(_, rule)| *rule));
    let tables = tables.chain(SETTINGS.iter().map(|(_, _, rule)| *rule));
    let selected = tables.map(str::to_owned).collect();
    Linter::new(&Options { selected, ..Options::default() }).expect("rules that there are")
}

/// Runs through cases, and tells all that fail at once.
fn all_hold(cases: impl Iterator<Item = (String, String, &'static str)>) {
    let linter = linter();
    let wrong: Vec<String> = cases
        .filter_map(|(path, text, rule)| {
            let found = rules(&linter, &path, &text);
            (found != [rule]).then(|| format!("{path}: {text:?}: {found:?} instead of {rule}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Variables in all their places.
fn variables() -> impl Iterator<Item = (String, String, &'static str)> {
    ASSIGNMENTS.iter().flat_map(|(path, text)| {
        VARIABLES.iter().map(move |(name, value, rule)| {
            let text = text.replace("@N@", name).replace("@V@", value);
            ((*path).to_owned(), text, *rule)
        })
    })
}

/// Commands in all their places.
fn commands() -> impl Iterator<Item = (String, String, &'static str)> {
    PLACES.iter().flat_map(|(path, text)| {
        COMMANDS
            .iter()
            .map(move |(command, rule)| ((*path).to_owned(), text.replace("@C@", command), *rule))
    })
}

fn settings() -> impl Iterator<Item = (String, String, &'static str)> {
    SETTINGS.iter().map(|(path, text, rule)| ((*path).to_owned(), (*text).to_owned(), *rule))
}

#[test]
fn every_variable_is_found_wherever_it_is_given_its_value() {
    all_hold(variables());
}

#[test]
fn every_command_is_found_wherever_it_can_stand() {
    all_hold(commands());
}

#[test]
fn every_setting_is_found_in_the_files_of_its_tool() {
    all_hold(settings());
}

/// Nothing verifies but by the CA.
struct Nothing;

impl Prover for Nothing {
    fn verifies(&self, _: &str) -> bool {
        false
    }
}

#[test]
fn a_fix_leaves_a_file_that_reads_as_before_and_is_made_once() {
    let linter = Linter::new(&Options::default()).expect("rules");
    let provide = |_: &File, _: &[File], edits: &[Edit]| Some(edits.to_vec());
    let plan = |file: &File| {
        let grounds = Grounds {
            prover: &Nothing,
            assume_ca: Some(Path::new("ca.pem")),
            provide: Some(&provide),
        };
        Fixer::new(&linter, std::slice::from_ref(file), grounds).plan(file)
    };
    let mut made = 0;
    for (path, text, rule) in variables().chain(commands()).chain(settings()) {
        let kind = FileKind::of(Path::new(&path)).expect("a kind");
        let before = read(&path, kind, &text);
        let first = plan(&before);
        let after = read(&path, kind, &apply(&text, &first.edits));
        made += first.made.len();
        assert!(after.facts.errors.len() <= before.facts.errors.len(), "{path}: {text:?}");
        let again = plan(&after);
        assert!(again.edits.is_empty(), "{path}: {rule}: {text:?}: {:?}", after.text);
        for line in after.text.lines().filter(|line| !text.contains(line)) {
            assert_eq!(line.trim_end(), line, "{path}: {text:?} became {:?}", after.text);
        }
    }
    assert!(made > 800, "only {made} fixes were made");
}
