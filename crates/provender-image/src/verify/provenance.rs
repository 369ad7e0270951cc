//! The attached provenance: about this image, and signed by whom it should be.

use provender_core::check::Step;
use provender_core::{Diagnostic, Sha256};
use serde_json::Value;

use super::{counted, is_saved, judged};
use crate::attach::{self, Attached, BUILD_TYPE, CERTIFICATES, PREDICATE_TYPE, Statement};
use crate::{Digest, Image};

const ID: &str = "provenance";
const TITLE: &str = "the provenance is about this image";

/// What a provenance says that an image was built from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The base, as it was named.
    pub base: Option<String>,
    /// What the base's manifest hashes to.
    pub base_digest: Option<Digest>,
    /// The lock: its name, and what its file hashes to.
    pub lock: Option<RecordedFile>,
    /// The one time of the image, in seconds since 1970.
    pub timestamp: Option<i64>,
    /// What the application's files [hash to](crate::attach::application_digest).
    pub application: Option<Sha256>,
    /// The files of certificates that the image was to trust besides those of its base, in their order.
    pub certificates: Vec<RecordedFile>,
    /// The version of the Python that compiled bytecode; none where there is none.
    pub bytecode: Option<String>,
    /// The wheels that were unpacked and the sdists that wheels were built from.
    pub files: Vec<RecordedFile>,
    /// Whether the key that was named has signed all this.
    pub is_signed: bool,
}

/// A file that went into a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFile {
    /// Its name.
    pub name: String,
    /// What it hashes to.
    pub sha256: Sha256,
}

/// What came of looking at the provenance.
pub(super) struct Outcome {
    pub(super) step: Option<Step>,
    pub(super) recorded: Option<Recorded>,
}

/// Looks at every provenance. With a key, one of them has to be signed by it, and only that one is
/// believed; without one, the first that can be read is.
pub(super) fn verify(
    image: &Image,
    attached: &[&Attached],
    key: Option<&str>,
    notes: &mut Vec<Diagnostic>,
) -> Outcome {
    let (mut wrong, mut told) = (Vec::new(), Vec::new());
    let mut recorded: Option<Recorded> = None;
    let mut signatures = 0;
    for attached in attached {
        match read(image, attached, key) {
            Ok((statement, signed)) => {
                signatures += signed;
                let found = of_statement(&statement, key.is_some());
                if found.is_none() {
                    let what = &statement.predicate_type;
                    let message =
                        format!("a statement of the type {what} is none that provender writes");
                    told.push(Diagnostic::warning("image/provenance-foreign", message));
                }
                recorded = recorded.or(found);
            }
            Err(diagnostic) => wrong.push(diagnostic),
        }
    }
    let Some(key) = key else {
        if attached.is_empty() {
            notes.push(
                Diagnostic::warning("image/no-provenance", "nothing says where the image comes from")
                    .hint("build it with provender, without --no-attach, and keep with it what is attached: push it, or copy the files beside an archive"),
            );
            return Outcome { step: None, recorded };
        }
        let signed = if signatures == 0 {
            told.push(
                Diagnostic::warning(
                    "image/unsigned",
                    "the provenance is not signed: anybody may have written it",
                )
                .hint("sign it with `provender image build --sign-key KEY`"),
            );
            "not signed".to_owned()
        } else {
            told.push(
                Diagnostic::warning(
                    "image/signature-unverified",
                    "the provenance is signed, and no key was named to verify it",
                )
                .hint("name the signer's public key with --key"),
            );
            counted(signatures, "signature")
        };
        wrong.extend(told);
        let summary = match &recorded {
            Some(_) => signed,
            None => "none that can be used".to_owned(),
        };
        return Outcome { step: Some(judged(ID, TITLE, summary, wrong)), recorded };
    };
    if recorded.is_some() {
        // Anybody who may push may attach; what others attached proves and spoils nothing.
        for diagnostic in &mut wrong {
            diagnostic.level = provender_core::Level::Warning;
        }
        wrong.extend(told);
        let id = attach::PublicKey::from_pem(key).map(|key| key.id()).unwrap_or_default();
        let summary = format!("signed by the key {}", id.get(..16).unwrap_or_default());
        return Outcome { step: Some(judged(ID, TITLE, summary, wrong)), recorded };
    }
    if attached.is_empty() {
        wrong.push(
            Diagnostic::error(
                "image/signature",
                "there is no provenance that a key could have signed",
            )
            .hint("build the image with --sign-key, and keep with it what is attached: push it, or copy the files beside an archive")
            .decided_by("--key"),
        );
    }
    wrong.extend(told);
    Outcome { step: Some(Step::failed(ID, TITLE, "none that the key signed", wrong)), recorded }
}

/// The statement of a provenance, which is about this image, and how many signatures it has.
fn read(
    image: &Image,
    attached: &Attached,
    key: Option<&str>,
) -> Result<(Statement, usize), Diagnostic> {
    let name = &attached.name;
    let unreadable = |reason: String| {
        let message = format!("the provenance {name} cannot be read");
        Diagnostic::error("image/attachment-unreadable", message).because(reason)
    };
    let document = attached.document().map_err(|error| unreadable(error.to_string()))?;
    let (statement, signatures) = match key {
        None => attach::read_statement(&document).map_err(|error| unreadable(error.to_string()))?,
        Some(key) => {
            let signed = attach::verify_envelope(&document, key).map_err(|error| {
                Diagnostic::error("image/signature", format!("the provenance {name} proves nothing"))
                    .because(error.to_string())
                    .hint("name the key of whoever should have built the image, or build it again with --sign-key")
                    .decided_by("--key")
            })?;
            (signed, 1)
        }
    };
    // The manifest of what docker saved is not the one that was built.
    let config = is_saved(image).then_some(image.manifest.config.digest);
    let is_about = statement.is_about(&image.digest())
        || config.is_some_and(|config| statement.is_about(&config));
    if !is_about {
        let of = statement.subject.iter().filter_map(|subject| subject.digest.get("sha256"));
        let of: Vec<String> =
            of.take(3).map(|hex| format!("it is about sha256:{}", plain(hex))).collect();
        let digest = config.unwrap_or(image.digest());
        let message = format!("the provenance {name} is about another image than {digest}");
        let diagnostic = Diagnostic::error("image/other-subject", message)
            .hint("the image was changed after it was built, or the provenance was attached to the wrong one");
        return Err(of.into_iter().fold(diagnostic, Diagnostic::because));
    }
    Ok((statement, signatures))
}

/// What a statement of ours records; none of another's.
fn of_statement(statement: &Statement, is_signed: bool) -> Option<Recorded> {
    let definition = statement.predicate.get("buildDefinition")?;
    let ours = definition.get("buildType").and_then(Value::as_str) == Some(BUILD_TYPE);
    if statement.predicate_type != PREDICATE_TYPE || !ours {
        return None;
    }
    let text = |pointer: &str| {
        let value = definition.pointer(pointer).and_then(Value::as_str);
        value.map(|text| plain(text).to_owned())
    };
    let parsed = |pointer: &str| text(pointer)?.parse().ok();
    let lock = text("/externalParameters/lock/file").zip(parsed("/externalParameters/lock/sha256"));
    let mut recorded = Recorded {
        base: text("/externalParameters/base/reference"),
        base_digest: text("/externalParameters/base/digest").and_then(|text| text.parse().ok()),
        lock: lock.map(|(name, sha256)| RecordedFile { name, sha256 }),
        timestamp: definition.pointer("/internalParameters/timestamp").and_then(Value::as_i64),
        bytecode: text("/internalParameters/bytecode_python"),
        is_signed,
        ..Recorded::default()
    };
    let dependencies = definition.get("resolvedDependencies").and_then(Value::as_array);
    for dependency in dependencies.into_iter().flatten() {
        let name = dependency.get("name").and_then(Value::as_str).map(plain);
        let sha256 = dependency.pointer("/digest/sha256").and_then(Value::as_str);
        let (Some(name), Some(Ok(sha256))) = (name, sha256.map(str::parse::<Sha256>)) else {
            continue;
        };
        let uri = dependency.get("uri").and_then(Value::as_str).unwrap_or_default();
        if uri.starts_with("pkg:pypi/") {
            recorded.files.push(RecordedFile { name: name.to_owned(), sha256 });
        } else if !uri.is_empty() {
            continue;
        } else if name == "application" {
            recorded.application = Some(sha256);
        } else if let Some(name) = name.strip_prefix(CERTIFICATES) {
            recorded.certificates.push(RecordedFile { name: name.to_owned(), sha256 });
        }
    }
    Some(recorded)
}

/// A text up to the first character that would steer a terminal, and no longer than any honest one.
fn plain(text: &str) -> &str {
    let end = text.char_indices().take(400).find(|(_, c)| c.is_control());
    let end = end.map(|(at, _)| at).or_else(|| text.char_indices().nth(400).map(|(at, _)| at));
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}
