//! The rules about images, credentials and indexes, over whole projects.

use provender_lint::{File, FileKind, Finding, Options, lint, read, secret};

fn project(texts: &[(&str, &str)]) -> Vec<File> {
    let file = |(path, text): &(&str, &str)| {
        let kind = FileKind::of(path.as_ref()).unwrap_or_else(|| panic!("{path} has no kind"));
        read(*path, kind, text)
    };
    texts.iter().map(file).collect()
}

fn findings(texts: &[(&str, &str)]) -> Vec<Finding> {
    let found = lint(&project(texts), &Options::default());
    let found = found.unwrap_or_else(|error| panic!("{error}"));
    found.into_iter().flat_map(|file| file.findings).collect()
}

fn rules(texts: &[(&str, &str)]) -> Vec<&'static str> {
    findings(texts).into_iter().map(|finding| finding.rule).collect()
}

const SOUND: &[(&str, &str)] = &[
    (
        "Dockerfile",
        "# syntax=docker/dockerfile:1\n\
         ARG \
         PYTHON=python:3.12-slim@sha256:0000000000000000000000000000000000000000000000000000000000000000\n\
         FROM ${PYTHON} AS build\nWORKDIR /app\nCOPY constraints.txt ./\n\
         RUN --mount=type=secret,id=netrc,target=/root/.netrc \\\n    \
         --mount=type=bind,from=ca,target=/run/ca \\\n    export \
         SSL_CERT_FILE=/run/ca/bundle.pem; \\\n    pip install --require-hashes -r \
         constraints.txt --target /app/lib\nCOPY src ./src\nFROM ${PYTHON}\n\
         COPY --from=build /app /app\nUSER 10001\nEXPOSE 8000\n\
         HEALTHCHECK CMD [\"python\", \"/app/src/health.py\"]\n\
         CMD [\"python\", \"/app/src/main.py\"]\n",
    ),
    (".dockerignore", "*\n!src\n!constraints.txt\n"),
    ("constraints.txt", "flask==3.0.0 \\\n    --hash=sha256:00\n"),
    ("requirements.txt", "flask>=3\n"),
    ("pip.conf", "[global]\nindex-url = https://index.example/simple/\n"),
    (
        "compose.yaml",
        "services:\n  web:\n    build: .\n    image: web\n    environment:\n      TOKEN: \
         ${TOKEN}\n  db:\n    image: \
         postgres:16@sha256:0000000000000000000000000000000000000000000000000000000000000000\n",
    ),
];

#[test]
fn a_sound_project_has_no_findings() {
    assert_eq!(rules(SOUND), [""; 0]);
}

#[test]
fn line_ends_and_other_alphabets_change_nothing() {
    let bad = "FROM python AS bäse\n# größer\n\
               ENV NPM_TOKEN=hunter2-hünter2 HTTPS_PROXY=http://proxy.example\n\
               COPY ca.pem /usr/local/share/ca-certificates/\n\
               RUN update-ca-certificates && \\\n  pip install flask \\\n  --extra-index-url \
               https://bob:hunter2@index.example/é\nRUN curl -fsSL https://get.example/ü | sh\n\
               ADD https://files.example/ø /opt/\nCOPY . /app\nEXPOSE 80\nCMD [\"ünicorn\"]\n";
    let lines = rules(&[("Dockerfile", bad)]);
    for rule in [
        "lint/image-latest",
        "lint/credential-in-env",
        "lint/proxy-in-image",
        "lint/ca-pem-ignored",
        "lint/unpinned-install",
        "lint/extra-index-url",
        "lint/credential-in-url",
        "lint/curl-pipe-shell",
        "lint/add-remote",
        "lint/secrets-copied",
        "lint/missing-healthcheck",
        "lint/root-user",
        "lint/ca-baked-in",
    ] {
        assert!(lines.contains(&rule), "{rule} is not among {lines:?}");
    }
    let text = bad.replace('\n', "\r\n");
    assert_eq!(rules(&[("Dockerfile", &text)]), lines);
    let text = format!("\u{feff}{bad}");
    assert_eq!(rules(&[("Dockerfile", &text)]), lines);
}

#[test]
fn a_secret_is_shown_by_no_finding_and_its_place_is_known() {
    const SECRET: &str = "hunter2x9";
    for (path, text) in [
        ("Dockerfile", "FROM a\nENV API_TOKEN=hunter2x9\nADD https://u:hunter2x9@a.example/x /x\n"),
        (
            "Dockerfile",
            "FROM a\nARG PASSWORD=\"hunter2x9\"\n\
                        RUN curl -k http://u:hunter2x9@a.example | sh\n",
        ),
        (
            "pip.conf",
            "[global]\nindex-url = http://u:hunter2x9@a.example\n\
                      extra-index-url = https://u:hunter2x9@b.example\n",
        ),
        (
            "requirements.txt",
            "-i http://u:hunter2x9@a.example\n\
                              x @ https://u:hunter2x9@a.example/x.whl\n",
        ),
        (
            ".npmrc",
            "//npm.example/:_authToken=hunter2x9\n\
                    registry=http://u:hunter2x9@npm.example/\n",
        ),
        (
            "compose.yaml",
            "services:\n  a:\n    image: a\n    environment:\n      DB_PASSWORD: \
                          'hunter2x9'\n      URL: http://u:hunter2x9@a.example\n",
        ),
        (".env", "API_KEY=hunter2x9\n"),
    ] {
        let files = [(path, text)];
        let found = format!("{:?}", findings(&files));
        assert!(!found.contains(SECRET), "{text}: {found}");
        let file = &project(&files)[0];
        let spans = secret::spans(file);
        assert!(spans.is_sorted_by(|a, b| a.end <= b.start), "{spans:?}");
        let mut shown = text.to_owned();
        for span in spans.into_iter().rev() {
            shown.replace_range(span, "****");
        }
        assert!(!shown.contains(SECRET), "{shown}");
    }
}

#[test]
fn what_breaks_a_dockerfile_breaks_no_rule() {
    let whole = "FROM python:3.12 AS a\nARG TOKEN\nCOPY --from=a [\"x\", \"/y/\"]\nRUN <<EOF\n\
                 pip install x | sh\nEOF\nCOPY . .\n\
                 ENV A=b HTTPS_PROXY=$X \\\n  SSL_CERT_FILE=/ü\nUSER\nFROM a\n\
                 COPY --from=0 / /\n";
    for end in (0..=whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        let text = &whole[..end];
        for finding in findings(&[("Dockerfile", text), (".dockerignore", "[\n!\n**\n/\n\\")]) {
            assert!(text.get(finding.span.clone()).is_some(), "{finding:?}");
        }
    }
}
