//! Every format, on whole files and on broken ones.

use std::path::Path;

use provender_lint::facts::{Facts, Span, Word};
use provender_lint::{FileKind, read};

/// A file of every format, by the name it has.
const FILES: &[(&str, &str)] = &[
    (
        "compose.yaml",
        "x-e: &e\n  A: \"b\\\"c\"\nservices:\n  web:\n    build: {context: ., args: [A=b, 'C=d']}\n    environment:\n      <<: *e\n      PIP_TRUSTED_HOST: é # why\n    command: [\"sh\", \"-c\", \"pip install --trusted-host a b\"]\n    healthcheck:\n      test: >\n        curl -k\n        https://x || exit 1\n  db:\n    build: ./db\n    entrypoint: |\n      a b\n      c\n---\nservices: {x: {image: y}}\n",
    ),
    (
        ".github/workflows/ci.yml",
        "env: {A: '${{ x }}'}\njobs:\n  a:\n    container: x:1\n    steps:\n    - uses: a/b@v1\n      with: {c: d}\n    - name: é\n      run: |\n        pip install \\\n          --trusted-host ${{ h }} x\n        cat <<EOF\n        y\n        EOF\n    - run: \"curl \\\"-k\\\" \\u00e9\"\n    - run: >-\n        a\n        b\n",
    ),
    (
        ".gitlab-ci.yml",
        ".s: &s\n  - a b\nvariables:\n  A: b\njob:\n  image: {name: x}\n  script:\n    - *s\n    - !reference [.s, x]\n    - 'c ''d'''\n",
    ),
    (
        ".circleci/config.yml",
        "jobs:\n  a:\n    docker: [{image: x, environment: {A: b}}]\n    steps:\n      - run: a << parameters.b >> c\n      - run: {command: \"d\", environment: [E=f]}\n",
    ),
    (
        "pip.conf",
        "# ü\n[global]\nindex-url = https://a.example\ntrusted-host =\n    a.example\n    # c\n    b.example c.example\n[install]\nno-deps: yes\n",
    ),
    (
        "requirements.txt",
        "# ü\n-i https://a.example\n--trusted-host a --pre # c\nx[y]==1 ; z < \"3\" \\\n    --hash=sha256:a \\\n    --hash=sha256:b\n-e ./é\n",
    ),
    (
        "pyproject.toml",
        "[project]\ndependencies = [\"a\", 'b']\n[tool.uv]\nallow-insecure-host = [\n  \"a\", # c\n  \"b\"\n]\nx = { y = 1, z = [ { a = \"é\" } ] }\n[[tool.uv.index]]\nurl = \"\"\"http://a\"\"\"\n",
    ),
    ("uv.toml", "a.b = 1\n[[index]]\nurl = 'x'\n"),
    (
        "Pipfile",
        "[[source]]\nverify_ssl = false\nurl = \"é\"\n[packages]\nx = {version = \"*\", index = \"a\"}\n",
    ),
    ("poetry.toml", "[certificates.a]\ncert = false\n"),
    ("pdm.toml", "[pypi]\nverify_ssl = false\n"),
    (".npmrc", "; ü\nstrict-ssl=false ; c\n//a/:_authToken=\"b\"\nca[]='x'\nalways-auth\n"),
    (".yarnrc", "# ü\n\"strict-ssl\" false\nregistry \"https://a\\\"\"\n"),
    (".yarnrc.yml", "enableStrictSsl: false\nnpmScopes: {a: {b: 'c'}}\nl:\n  - a\n  # ü\n  - b\n"),
    (".condarc", "ssl_verify: false\nchannels: [ 'a', b ]\nd:\n- e\n- f\n"),
    ("sources.list", "# ü\ndeb [ a=b trusted=yes ] http://a b c d # e\ndeb-src http://a ./\n"),
    (
        "sources.list.d/a.sources",
        "Types: deb\nURIs: http://a\n  http://b\n# ü\nTrusted: yes\n\nTypes: deb\n",
    ),
    ("apt.conf", "# ü\nA::B \"c\"; // d\nE { F \"g\"; /* h */ I { \"j\"; \"k\"; }; };\n"),
    ("etc/apk/repositories", "# ü\nhttp://a\n@b https://c\n"),
    (
        "daemon.json",
        "{\n  \"insecure-registries\": [\"a\", \"b\"],\n  \"x\": {\"y\": \"\\u00e9\"},\n  \"z\": [\n    1,\n    true\n  ]\n}\n",
    ),
    ("buildkitd.toml", "[registry.\"a:1\"]\n  http = true\n  insecure = true # ü\n"),
    (
        "registries.conf",
        "[[registry]]\nlocation = \"a\"\ninsecure = true\n[[registry.mirror]]\nlocation = 'b'\n",
    ),
    (
        ".gitconfig",
        "; ü\n[http \"https://a\\\"\"]\n\tsslVerify = false # c\n\tx = \"a;b\" \\\n  d\n[a] b\n",
    ),
    (".curlrc", "# ü\n-k\nproxy = \"a\\tb\"\ninsecure\n"),
    (".wgetrc", "# ü\ncheck_certificate = off\n"),
    (".env", "# ü\nA=b # c\nexport D=\"e\\nf\"\nG='h\ni'\nJ=${K}\n"),
    (
        "Makefile",
        "# ü\nexport A := b # c\nX = $(shell curl -k y)\nall: x ; cmd\n\t@pip install \\\n\t  --trusted-host $(H) $< $$X\n",
    ),
    (".dockerignore", "# ü\n.git\n!a b\n"),
    ("build.sh", "#!/bin/sh\nexport A=b\npip install --trusted-host a é\n"),
    ("Dockerfile", "FROM a AS b\nENV A=b\nRUN pip install --trusted-host é x\n"),
];

fn kind(name: &str) -> FileKind {
    FileKind::of(Path::new(name)).unwrap_or_else(|| panic!("{name} is of no kind"))
}

/// Reads a text, and holds that all spans lie in it between characters.
fn facts(name: &str, text: &str) -> Facts {
    let facts = read(name, kind(name), text).facts;
    let holds = |span: &Span| assert!(text.get(span.clone()).is_some(), "{span:?} in {text:?}");
    let word = |word: &Word| {
        holds(&word.span);
        holds(&word.whole);
    };
    for setting in &facts.settings {
        holds(&setting.key);
        holds(&setting.whole);
        for value in &setting.values {
            holds(&value.span);
            holds(&value.whole);
        }
    }
    for variable in &facts.variables {
        holds(&variable.name_span);
        holds(&variable.whole);
        variable.value.iter().for_each(word);
    }
    for command in &facts.commands {
        holds(&command.span);
        command.words.iter().for_each(word);
        assert!(!command.words.is_empty());
        assert!(command.assignments.iter().all(|index| *index < facts.variables.len()));
    }
    facts.comments.iter().for_each(|comment| holds(&comment.span));
    facts.errors.iter().for_each(|error| holds(&error.span));
    facts
}

fn without(text: &str, span: &Span) -> String {
    format!("{}{}", &text[..span.start], &text[span.end..])
}

#[test]
fn whole_files_are_understood_with_either_line_end() {
    for (name, text) in FILES {
        for text in [(*text).to_owned(), text.replace('\n', "\r\n"), text.trim_end().to_owned()] {
            let facts = facts(name, &text);
            assert!(facts.errors.is_empty(), "{name}: {:?}\n{text}", facts.errors);
            let any = facts.settings.len() + facts.variables.len() + facts.commands.len();
            assert!(any > 0, "{name}");
        }
    }
}

#[test]
fn whatever_goes_leaves_a_file_that_is_understood_and_every_other_comment() {
    for (name, text) in FILES {
        for text in [(*text).to_owned(), text.replace('\n', "\r\n"), text.trim_end().to_owned()] {
            let before = facts(name, &text);
            let mut spans: Vec<&Span> = Vec::new();
            for setting in &before.settings {
                spans.push(&setting.whole);
                spans.extend(setting.values.iter().map(|value| &value.whole));
            }
            spans.extend(before.variables.iter().map(|variable| &variable.whole));
            for span in spans {
                let rest = without(&text, span);
                let after = facts(name, &rest);
                assert!(after.errors.is_empty(), "{name}: {:?}\n{rest}", after.errors);
                let gone =
                    before.comments.iter().filter(|comment| span.contains(&comment.span.start));
                assert_eq!(after.comments.len() + gone.count(), before.comments.len(), "{rest}");
            }
        }
    }
}

#[test]
fn broken_files_are_read_as_far_as_they_go() {
    // A generator of numbers that is the same every time (Knuth's MMIX).
    let mut state = 1_u64;
    let mut number = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % below.max(1)
    };
    const PIECES: &[&str] = &[
        "\"",
        "'",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ":",
        "-",
        "#",
        "\n",
        "\r\n",
        "\t",
        " ",
        ",",
        "=",
        "|",
        ">",
        "&a",
        "*a",
        "<<",
        "$",
        "${{",
        "é",
        "\u{feff}",
        "\u{0}",
        "::",
        ";",
        "/*",
        "---\n",
        "!",
        "%",
        "@",
        "`",
        "$(",
        "\u{1f600}",
    ];
    for (name, text) in FILES {
        let mut cuts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        cuts.push(text.len());
        for &at in &cuts {
            facts(name, &text[..at]);
            facts(name, &text[at..]);
        }
        for _ in 0..300 {
            let mut mutated = (*text).to_owned();
            for _ in 0..=number(3) {
                let places: Vec<usize> = mutated.char_indices().map(|(at, _)| at).collect();
                let at = places.get(number(places.len())).copied().unwrap_or(0);
                let to = places.get(number(places.len())).copied().unwrap_or(0).max(at);
                match number(3) {
                    0 => mutated.insert_str(at, PIECES[number(PIECES.len())]),
                    1 if at < mutated.len() => drop(mutated.remove(at)),
                    _ if mutated.is_char_boundary(to.min(at + 8)) => {
                        mutated.replace_range(at..to.min(at + 8), PIECES[number(PIECES.len())]);
                    }
                    _ => {}
                }
            }
            let found = facts(name, &mutated);
            for setting in &found.settings {
                facts(name, &without(&mutated, &setting.whole));
            }
        }
    }
}
