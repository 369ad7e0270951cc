//! What is attached to an image, and signatures that openssl makes and verifies.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use provender_core::Sha256;
use provender_image::attach::{
    BaseMaterial, Envelope, EnvelopeError, FileMaterial, Installed, KeyError, Kind, PAYLOAD_TYPE,
    Provenance, PublicKey, ReleaseFile, Signature, SigningKey, Statement, sign, verify_envelope,
};
use provender_image::{Descriptor, Digest, Manifest, MediaType};
use serde_json::{Value, json};

fn sha256(byte: u8) -> Sha256 {
    Sha256::from_bytes([byte; 32])
}

fn installed() -> Vec<Installed> {
    let release = |name: &str, byte: u8, sdist: Option<&str>| Installed {
        project: name.parse().unwrap(),
        version: "1.0+local".parse().unwrap(),
        wheel: ReleaseFile {
            filename: format!("{name}-1.0+local-py3-none-any.whl"),
            sha256: sha256(byte),
        },
        sdist: sdist
            .map(|file| ReleaseFile { filename: file.to_owned(), sha256: sha256(byte + 1) }),
    };
    vec![release("b", 3, None), release("a", 5, Some("a-1.0.tar.gz"))]
}

fn statement(installed: &[Installed]) -> Statement {
    let provenance = Provenance {
        subjects: vec![("registry.example/team/app".to_owned(), Digest::of(b"image"))],
        base: Some(BaseMaterial {
            reference: "registry.example/python:3.11-slim".to_owned(),
            repository: Some("registry.example/python".to_owned()),
            digest: Digest::from(sha256(1)),
        }),
        lock: Some(FileMaterial { file: "constraints.txt".to_owned(), sha256: sha256(2) }),
        platforms: vec!["linux/amd64".to_owned()],
        settings: BTreeMap::from([("user".to_owned(), json!("10001:10001"))]),
        internal: BTreeMap::from([("timestamp".to_owned(), json!(1_700_000_000))]),
        certificates: Vec::new(),
        installed,
        application: Some(sha256(7)),
        builder: "https://ci.example/provender".to_owned(),
        tool_version: "1.2.3",
    };
    provenance.statement().unwrap()
}

#[test]
fn a_provenance_names_everything_that_went_in() {
    let installed = installed();
    let statement = statement(&installed);
    assert!(statement.is_about(&Digest::of(b"image")));
    assert!(!statement.is_about(&Digest::of(b"other")));
    let mut turned = installed.clone();
    turned.reverse();
    assert_eq!(self::statement(&turned), statement, "whatever order it was installed in");
    let document = serde_json::to_value(&statement).unwrap();
    assert_eq!(document["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(document["predicateType"], "https://slsa.dev/provenance/v1");
    let definition = &document["predicate"]["buildDefinition"];
    assert_eq!(definition["buildType"], "urn:provender:image-build:v1");
    let parameters = &definition["externalParameters"];
    assert_eq!(parameters["base"]["digest"], Digest::from(sha256(1)).to_string());
    assert_eq!(parameters["lock"]["sha256"], sha256(2).to_string());
    assert_eq!(parameters["settings"]["user"], "10001:10001");
    let dependencies = definition["resolvedDependencies"].as_array().unwrap();
    let told: Vec<(&str, &Value)> = dependencies
        .iter()
        .map(|dependency| (dependency["name"].as_str().unwrap(), &dependency["digest"]["sha256"]))
        .collect();
    let hex: Vec<Value> = [1, 2, 7, 5, 6, 3].map(|byte| json!(sha256(byte).to_string())).to_vec();
    let names = [
        "registry.example/python:3.11-slim",
        "constraints.txt",
        "application",
        "a-1.0+local-py3-none-any.whl",
        "a-1.0.tar.gz",
        "b-1.0+local-py3-none-any.whl",
    ];
    assert_eq!(told, names.into_iter().zip(&hex).collect::<Vec<_>>());
    assert_eq!(
        dependencies[3]["uri"],
        "pkg:pypi/a@1.0%2Blocal?file_name=a-1.0%2Blocal-py3-none-any.whl"
    );
    let run = &document["predicate"]["runDetails"];
    assert_eq!(run["builder"]["id"], "https://ci.example/provender");
    assert_eq!(run["builder"]["version"]["provender"], "1.2.3");
    let text = document.to_string();
    assert!(
        !text.contains("startedOn") && !text.contains("invocationId"),
        "nothing changes between runs"
    );
}

#[test]
fn an_artifact_is_an_oci_manifest_about_the_image() {
    let image = b"{}  ";
    let mut subject = Descriptor::of(MediaType::new(MediaType::OCI_MANIFEST), image);
    subject.annotations.insert("org.opencontainers.image.ref.name".to_owned(), "1".to_owned());
    let document = || b"{\"bomFormat\":\"CycloneDX\"}\n".to_vec();
    let make = || Kind::Sbom.attach(&subject, document(), false, "app").unwrap();
    let attachment = make();
    assert_eq!(attachment, make());
    assert_eq!(attachment.descriptor.digest, Digest::of(&attachment.manifest));
    let manifest: Manifest = serde_json::from_slice(&attachment.manifest).unwrap();
    assert_eq!(manifest.config.media_type.as_str(), MediaType::OCI_EMPTY);
    assert_eq!(manifest.config.digest, Digest::of(b"{}"));
    let subject = manifest.subject.as_ref().unwrap();
    assert_eq!(subject.digest, Digest::of(image));
    assert!(subject.annotations.is_empty(), "a tag is no part of what an image is");
    assert_eq!(manifest.artifact_type, Some(MediaType::new("application/vnd.cyclonedx+json")));
    let named: Vec<Digest> =
        std::iter::once(&manifest.config).chain(&manifest.layers).map(|d| d.digest).collect();
    let given: Vec<Digest> = attachment.blobs.iter().map(|(_, bytes)| Digest::of(bytes)).collect();
    assert_eq!(named, given);
    let title = manifest.layers[0].annotations.get("org.opencontainers.image.title");
    assert_eq!(title.map(String::as_str), Some("app.sbom.cdx.json"));

    let signed = Kind::Provenance.attach(subject, b"{}".to_vec(), true, "app").unwrap();
    let manifest: Manifest = serde_json::from_slice(&signed.manifest).unwrap();
    assert_eq!(manifest.layers[0].media_type.as_str(), "application/vnd.dsse.envelope.v1+json");
    assert_eq!(signed.descriptor.artifact_type, Some(MediaType::new(PAYLOAD_TYPE)));
    assert_eq!(signed.descriptor.annotations, manifest.annotations);
}

/// Runs openssl in a folder.
fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {said}");
}

fn has_openssl(test: &str) -> bool {
    let there = Command::new("openssl").arg("version").output().is_ok();
    if !there {
        provender_test::left_out(test, "no openssl");
    }
    there
}

/// A key of openssl's: how it is made, and how openssl signs the file `message` with it and verifies
/// `signature`.
struct Algorithm {
    generate: &'static str,
    sign: &'static str,
    verify: &'static str,
    deterministic: bool,
}

const ALGORITHMS: [Algorithm; 2] = [
    Algorithm {
        generate: "genpkey -algorithm ED25519 -out key",
        sign: "pkeyutl -sign -inkey key -rawin -in message -out signature",
        verify: "pkeyutl -verify -pubin -inkey pub -rawin -in message -sigfile signature",
        deterministic: true,
    },
    Algorithm {
        generate: "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key",
        sign: "dgst -sha256 -sign key -out signature message",
        verify: "dgst -sha256 -verify pub -signature signature message",
        deterministic: false,
    },
];

/// What is signed, by the letter of the specification.
fn message(payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[test]
fn openssl_verifies_what_is_signed_here() {
    if !has_openssl("openssl_verifies_what_is_signed_here") {
        return;
    }
    for algorithm in &ALGORITHMS {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        openssl(folder.path(), algorithm.generate);
        openssl(folder.path(), "pkey -in key -pubout -out pub");
        openssl(folder.path(), "pkey -in key -pubout -outform DER -out pub.der");
        let key = SigningKey::from_pem(&fs::read_to_string(at("key")).unwrap()).unwrap();
        assert_eq!(key.is_deterministic(), algorithm.deterministic);
        let statement = statement(&installed());
        let bytes = sign(&statement, &key).unwrap();
        if algorithm.deterministic {
            assert_eq!(sign(&statement, &key).unwrap(), bytes);
        }
        let public = fs::read_to_string(at("pub")).unwrap();
        assert_eq!(verify_envelope(&bytes, &public).unwrap(), statement);

        let envelope: Envelope = serde_json::from_slice(&bytes).unwrap();
        let id = Digest::of(&fs::read(at("pub.der")).unwrap()).hex();
        assert_eq!(envelope.signatures[0].keyid.as_ref(), Some(&id));
        assert_eq!(PublicKey::from_pem(&public).unwrap().id(), id);
        let payload = STANDARD.decode(&envelope.payload).unwrap();
        fs::write(at("message"), message(&payload)).unwrap();
        fs::write(at("signature"), STANDARD.decode(&envelope.signatures[0].sig).unwrap()).unwrap();
        openssl(folder.path(), algorithm.verify);
    }
}

#[test]
fn what_openssl_signed_is_verified_and_what_was_changed_is_not() {
    if !has_openssl("what_openssl_signed_is_verified_and_what_was_changed_is_not") {
        return;
    }
    for algorithm in &ALGORITHMS {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        openssl(folder.path(), algorithm.generate);
        openssl(folder.path(), "pkey -in key -pubout -out pub");
        let payload = serde_json::to_vec(&statement(&installed())).unwrap();
        fs::write(at("message"), message(&payload)).unwrap();
        openssl(folder.path(), algorithm.sign);
        let signature =
            Signature { keyid: None, sig: STANDARD.encode(fs::read(at("signature")).unwrap()) };
        let good = Envelope {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload: STANDARD.encode(&payload),
            signatures: vec![Signature { keyid: None, sig: "AAAA".to_owned() }, signature],
        };
        let public = fs::read_to_string(at("pub")).unwrap();
        let verify =
            |envelope: &Envelope| verify_envelope(&serde_json::to_vec(envelope).unwrap(), &public);
        assert_eq!(verify(&good).unwrap(), statement(&installed()));

        let text = String::from_utf8(payload).unwrap().replace("10001:10001", "0:0");
        let changed = Envelope { payload: STANDARD.encode(text), ..good.clone() };
        assert!(matches!(verify(&changed), Err(EnvelopeError::Signature { signatures: 2, .. })));
        let none = Envelope { signatures: Vec::new(), ..good.clone() };
        assert!(matches!(verify(&none), Err(EnvelopeError::Signature { signatures: 0, .. })));
        let other_type = Envelope { payload_type: "text/plain".to_owned(), ..good.clone() };
        assert!(matches!(verify(&other_type), Err(EnvelopeError::Payload(_))));
        openssl(folder.path(), algorithm.generate);
        openssl(folder.path(), "pkey -in key -pubout -out pub2");
        let other = fs::read_to_string(at("pub2")).unwrap();
        let bytes = serde_json::to_vec(&good).unwrap();
        assert!(matches!(verify_envelope(&bytes, &other), Err(EnvelopeError::Signature { .. })));
    }
}

#[test]
fn keys_of_other_kinds_are_refused_for_what_they_are() {
    if !has_openssl("keys_of_other_kinds_are_refused_for_what_they_are") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (arguments, expected) in [
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key", KeyError::Algorithm),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out key", KeyError::Algorithm),
        ("genpkey -algorithm X25519 -out key", KeyError::Algorithm),
        ("ecparam -name prime256v1 -genkey -noout -out key", KeyError::NotPkcs8),
        ("genpkey -algorithm ED25519 -aes-256-cbc -pass pass:x -out key", KeyError::Encrypted),
    ] {
        openssl(folder.path(), arguments);
        let text = fs::read_to_string(folder.path().join("key")).unwrap();
        assert_eq!(SigningKey::from_pem(&text).unwrap_err(), expected, "{arguments}");
    }
    openssl(folder.path(), "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key");
    openssl(folder.path(), "pkey -in key -pubout -out pub");
    let text = fs::read_to_string(folder.path().join("pub")).unwrap();
    assert_eq!(PublicKey::from_pem(&text), Err(KeyError::Algorithm));
}

#[test]
fn a_statement_without_an_envelope_is_told_to_be_unsigned() {
    if !has_openssl("a_statement_without_an_envelope_is_told_to_be_unsigned") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    openssl(folder.path(), ALGORITHMS[0].generate);
    openssl(folder.path(), "pkey -in key -pubout -out pub");
    let public = fs::read_to_string(folder.path().join("pub")).unwrap();
    let plain = serde_json::to_vec(&statement(&installed())).unwrap();
    assert!(matches!(verify_envelope(&plain, &public), Err(EnvelopeError::Unsigned)));
    for bytes in [&b""[..], b"[]", b"{\"payload\":1}", &[0xff; 10]] {
        assert!(matches!(verify_envelope(bytes, &public), Err(EnvelopeError::Malformed(_))));
    }
    assert!(matches!(verify_envelope(&plain, "none"), Err(EnvelopeError::Key(KeyError::NoKey))));
}
