//! `Dockerfile`: what Docker Engine 23.0, buildah 1.27 and podman 4.2 build without downloading a
//! frontend.

use super::{
    BUILD_CONSTRAINTS, Facts, HEALTH_RETRIES, HEALTH_START_PERIOD, HEALTH_TIMEOUT, certificates,
    health_command, quote,
};
use crate::certificates::VARIABLES;
use crate::service::PYTHON;
use crate::settings::Bytecode;

/// What every use of pip has.
const PIP: &str = "python3 -m pip --disable-pip-version-check";

/// Compiles modules so that nobody compares them with their sources (PEP 552). It ends with 1 where
/// there are sources of other languages among them, such as templates, and goes on behind them.
const COMPILE: &str = "python3 -m compileall -q --invalidation-mode unchecked-hash";

pub(super) fn render(facts: &Facts<'_>) -> String {
    let mut text = head(facts);
    if !facts.lock.projects.is_empty() {
        text.push_str(&wheels(facts));
    }
    text.push_str(&certificates::stage(facts));
    text.push_str(&installed(facts));
    text.push_str(&application(facts));
    text.push_str(&image(facts));
    text
}

fn head(facts: &Facts<'_>) -> String {
    let builder = match facts.builder {
        Some(builder) => builder.to_string(),
        None => "${BASE}".to_owned(),
    };
    let python = facts.lock.python.map(|python| format!(" {python}")).unwrap_or_default();
    format!(
        "\
# The image of this service, as `provender image build` makes it, for builders that read Dockerfiles.
# `provender image dockerfile` wrote it; [image] in provender.toml says what is in it.
#
# What a build may be given, and no image keeps:
#   --build-arg PIP_INDEX_URL=URL         the index to take the lock's files from
#   --secret id=pip-conf,src=pip.conf     the same with credentials
#   --build-context provender-ca=FOLDER   the CA of a network whose proxy inspects TLS

# The image that this one stands on, by its digest.
ARG BASE={base}
# Where wheels are made: an image that runs as root, with pip and the base's Python{python}.
ARG BUILDER={builder}
{bundle}
# Stays empty unless a build is given a CA: --build-context provender-ca=DIR
FROM scratch AS provender-ca

FROM ${{BASE}} AS base
",
        base = facts.base,
        bundle = certificates::argument(facts),
    )
}

/// The wheels of the lock, each file compared with its hash.
fn wheels(facts: &Facts<'_>) -> String {
    let lock = &facts.lock.file;
    let sdists = !facts.lock.from_source.is_empty();
    let comment = if sdists {
        "# The wheels of the lock: every file is compared with its hash, and only these are built from source."
    } else {
        "# The wheels of the lock: every file is compared with its hash, and nothing is built from source."
    };
    let mut mounts = vec![format!("type=bind,source={lock},target=/run/lock/{lock}")];
    let mut exports = vec!["PIP_CERT=/run/provender-ca/ca-bundle.pem".to_owned()];
    let mut pins = String::new();
    if sdists {
        // Build back ends may use the network as they like.
        exports.push("SSL_CERT_FILE=/run/provender-ca/ca-bundle.pem".to_owned());
    }
    if facts.pins_build() {
        let path = format!("/run/lock/{BUILD_CONSTRAINTS}");
        mounts.push(format!("type=bind,source={BUILD_CONSTRAINTS},target={path}"));
        // pip reads the one from 25.3 on, and the other before.
        pins = format!("    export PIP_BUILD_CONSTRAINT={path} PIP_CONSTRAINT={path}; \\\n");
    }
    mounts.extend([
        "type=cache,target=/var/cache/pip".to_owned(),
        "type=secret,id=pip-conf,target=/etc/pip.conf".to_owned(),
        "type=bind,from=provender-ca,target=/run/provender-ca".to_owned(),
    ]);
    let mounts: Vec<String> = mounts.iter().map(|mount| format!("--mount={mount}")).collect();
    let list = if exports.len() > 1 { " \\\n        " } else { " " };
    let exports = exports.join(list);
    let formats = if sdists {
        let names: Vec<String> = facts.lock.from_source.iter().map(ToString::to_string).collect();
        format!("--only-binary=:all: --no-binary={}", names.join(","))
    } else {
        "--only-binary=:all:".to_owned()
    };
    format!(
        "
{comment}
FROM ${{BUILDER}} AS wheels
ARG PIP_INDEX_URL
RUN {mounts} \\
    [ ! -e /run/provender-ca/ca-bundle.pem ] || export{list}{exports}; \\
{pins}    {PIP} --cache-dir=/var/cache/pip \\
        wheel --require-hashes --no-deps {formats} \\
        --wheel-dir=/wheels -r /run/lock/{lock}
",
        mounts = mounts.join(" \\\n    "),
    )
}

/// What the wheels install, as files to be copied, and the user.
fn installed(facts: &Facts<'_>) -> String {
    let user = facts.runtime.user;
    let (uid, gid) = (user.uid, user.gid);
    let mut text = "
# The wheels as files to copy, and the user: nothing runs in the image itself, which needs neither shell nor pip.
FROM ${BUILDER} AS installed
"
    .to_owned();
    if !facts.lock.projects.is_empty() {
        text.push_str(&install(facts));
    }
    text.push_str(&format!(
        "\
RUN --mount=type=bind,from=base,source=/etc,target=/run/base \\
    set -eu; \\
    mkdir -p /installed/etc; \\
    cp /run/base/passwd /run/base/group /installed/etc/; \\
    grep -q '^[^:]*:[^:]*:{gid}:' /installed/etc/group || \\
        echo 'app:x:{gid}:' >> /installed/etc/group; \\
    grep -q '^[^:]*:[^:]*:{uid}:' /installed/etc/passwd || \\
        echo 'app:x:{uid}:{gid}::/nonexistent:/sbin/nologin' >> /installed/etc/passwd
"
    ));
    text
}

fn install(facts: &Facts<'_>) -> String {
    let lock = &facts.lock.file;
    // A wheel that was built here has a hash of its own: the lock names its sdist's, which was
    // compared when it was built.
    let (prepare, requirements, hashes) = if facts.lock.from_source.is_empty() {
        (String::new(), format!("/run/lock/{lock}"), " --require-hashes")
    } else {
        let strip = format!(
            "set -eu; \\\n    sed -e 's/ *\\\\$//' -e '/^ *--hash=/d' /run/lock/{lock} > /tmp/pins.txt; \\\n    "
        );
        (strip, "/tmp/pins.txt".to_owned(), "")
    };
    format!(
        "\
RUN --mount=type=bind,source={lock},target=/run/lock/{lock} \\
    --mount=type=bind,from=wheels,source=/wheels,target=/run/wheels \\
    {prepare}{PIP} --no-cache-dir \\
        install --no-index --find-links=/run/wheels{hashes} --no-deps \\
        --ignore-installed --no-compile --no-warn-script-location \\
        --root=/installed -r {requirements}
{compile}",
        compile = if facts.compiles() { compile_installed() } else { String::new() },
    )
}

/// What Python imports of the wheels, compiled under the names that it has in the image.
fn compile_installed() -> String {
    format!(
        "\
RUN find /installed -type d '(' -name site-packages -o -name dist-packages ')' -prune \\
        -exec {COMPILE} -s /installed -p / '{{}}' + \\
    || [ $? -eq 1 ]
"
    )
}

/// The sources with the same modes whoever checked them out.
fn application(facts: &Facts<'_>) -> String {
    let workdir = &facts.runtime.workdir;
    let mut text = format!(
        "
# The application: root's, readable by everybody.
FROM ${{BUILDER}} AS application
WORKDIR {workdir}
"
    );
    for path in &facts.runtime.sources {
        // A folder's content goes into a folder of that name, a file to that name.
        text.push_str(&format!("COPY {path} ./{path}\n"));
    }
    let readable = format!("chmod -R u=rwX,go=rX {workdir}\n");
    if facts.compiles() {
        text.push_str(&format!(
            "RUN set -eu; \\\n    {COMPILE} {workdir} || [ $? -eq 1 ]; \\\n    {readable}"
        ));
    } else {
        text.push_str(&format!("RUN {readable}"));
    }
    text
}

fn image(facts: &Facts<'_>) -> String {
    let runtime = &facts.runtime;
    let workdir = &runtime.workdir;
    let installed = if facts.lock.projects.is_empty() { "user" } else { "dependencies" };
    let mut text = format!(
        "
# The image: its {installed} change rarely, the application often.
FROM base
{certificates}COPY --from=installed /installed/ /
COPY --from=application {workdir}/ {workdir}/
",
        certificates = match facts.certificates {
            [] => "",
            _ => "ARG CA_BUNDLE\nCOPY --from=certificates /certificates/ /\n",
        },
    );
    text.push_str(&assigned("LABEL", facts.settings.labels.iter()));
    text.push_str(&assigned("ENV", runtime.env.iter()));
    if !facts.certificates.is_empty() {
        let named = VARIABLES.iter().filter(|name| !runtime.env.contains_key(**name));
        let named: Vec<_> = named.map(|name| format!("{name}=${{CA_BUNDLE}}")).collect();
        if !named.is_empty() {
            text.push_str(&format!("ENV {}\n", named.join(" \\\n    ")));
        }
    }
    text.push_str(&format!("WORKDIR {workdir}\nUSER {}\n", runtime.user));
    if let Some(port) = runtime.port {
        text.push_str(&format!("EXPOSE {port}\n"));
    }
    text.push_str("STOPSIGNAL SIGTERM\n");
    match (&runtime.health_path, runtime.port) {
        (Some(path), Some(port)) => text.push_str(&format!(
            "HEALTHCHECK --interval={}s --timeout={}s --start-period={}s --retries={} \\\n    CMD {}\n",
            runtime.health_interval.as_secs(),
            HEALTH_TIMEOUT.as_secs(),
            HEALTH_START_PERIOD.as_secs(),
            HEALTH_RETRIES,
            quote::exec(&health_command(port, path, PYTHON)),
        )),
        _ => text.push_str("HEALTHCHECK NONE\n"),
    }
    text.push_str(&format!("ENTRYPOINT {}\n", quote::exec(&runtime.entrypoint)));
    text
}

impl Facts<'_> {
    /// Whether the image is to hold bytecode.
    fn compiles(&self) -> bool {
        self.settings.bytecode == Bytecode::UncheckedHash
    }
}

/// `LABEL` or `ENV` with all its pairs, one a line.
fn assigned<'a>(keyword: &str, pairs: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let pairs: Vec<String> = pairs
        .map(|(name, value)| {
            let plain = !value.is_empty()
                && value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"/_-.:".contains(&byte));
            let value = if plain { value.clone() } else { quote::docker(value) };
            format!("{name}={value}")
        })
        .collect();
    if pairs.is_empty() {
        return String::new();
    }
    format!("{keyword} {}\n", pairs.join(" \\\n    "))
}
