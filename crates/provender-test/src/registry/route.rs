//! What a registry answers.

use serde_json::{Value, json};

use super::state::{State, digest_of};
use crate::http::{Reply, Request};

const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

impl State {
    pub(super) fn answer(&mut self, request: &Request) -> Reply {
        let ordered = self.orders.iter().position(|(method, prefix, _)| {
            request.method == *method && request.path.starts_with(prefix)
        });
        if let Some(ordered) = ordered {
            return self.orders.remove(ordered).2;
        }
        if request.path == "/token" {
            return self.token(request);
        }
        let Some(path) = request.path.strip_prefix("/v2/") else { return Reply::status(404) };
        for (marker, respond) in ROUTES {
            let Some((repository, rest)) = path.rsplit_once(marker) else { continue };
            let refusal = self.refusal(request, repository);
            let reply = refusal.unwrap_or_else(|| respond(self, request, repository, rest));
            return reply.header("Docker-Distribution-Api-Version", "registry/2.0");
        }
        Reply::new(200, "application/json", "{}")
    }

    fn location(&self, request: &Request, path: &str) -> String {
        let host = request.header("host").unwrap_or_default();
        if self.absolute { format!("http://{host}{path}") } else { path.to_owned() }
    }

    fn upload_location(&self, request: &Request, repository: &str, id: &str) -> String {
        let query = if self.absolute { "?_state=a%2Fb%3D&x=1" } else { "" };
        self.location(request, &format!("/v2/{repository}/blobs/uploads/{id}{query}"))
    }

    fn with_digest(&self, reply: Reply, digest: &str) -> Reply {
        if self.no_digest_headers { reply } else { reply.header("Docker-Content-Digest", digest) }
    }
}

type Respond = fn(&mut State, &Request, &str, &str) -> Reply;

const ROUTES: [(&str, Respond); 5] = [
    ("/manifests/", manifests),
    ("/blobs/uploads/", uploads),
    ("/blobs/", blobs),
    ("/referrers/", referrers),
    ("/tags/list", tags),
];

fn refused(status: u16, code: &str) -> Reply {
    let body = json!({ "errors": [{ "code": code, "message": "refused by the test" }] });
    Reply::new(status, "application/json", body.to_string())
}

fn manifests(state: &mut State, request: &Request, repository: &str, name: &str) -> Reply {
    if request.method != "PUT" {
        let Some((media_type, bytes)) = state.manifest(repository, name) else {
            return refused(404, "MANIFEST_UNKNOWN");
        };
        let digest = digest_of(&bytes);
        return state.with_digest(Reply::new(200, &media_type, bytes), &digest);
    }
    let Ok(document) = serde_json::from_slice::<Value>(&request.body) else {
        return refused(400, "MANIFEST_INVALID");
    };
    let digest = digest_of(&request.body);
    if name.starts_with("sha256:") && name != digest {
        return refused(400, "DIGEST_INVALID");
    }
    if !names_what_is_there(state, repository, &document) {
        return refused(400, "MANIFEST_BLOB_UNKNOWN");
    }
    let media_type = request.header("content-type").unwrap_or_default().to_owned();
    let tag = (name != digest).then_some(name);
    state.add_manifest(repository, tag, &media_type, &request.body);
    let location = state.location(request, &format!("/v2/{repository}/manifests/{digest}"));
    let reply = Reply::status(201).header("Location", &location);
    let reply = state.with_digest(reply, &digest);
    match document["subject"]["digest"].as_str().filter(|_| !state.no_referrers) {
        Some(subject) => reply.header("OCI-Subject", subject),
        None => reply,
    }
}

/// Whether the blobs and manifests that a manifest names are there already.
fn names_what_is_there(state: &mut State, repository: &str, document: &Value) -> bool {
    let repository = state.repository(repository);
    let listed = |key: &str| document[key].as_array().cloned().unwrap_or_default();
    let digest = |entry: &Value| entry["digest"].as_str().unwrap_or_default().to_owned();
    let config = document.get("config").map(digest);
    let blobs = listed("layers").iter().map(digest).chain(config).collect::<Vec<_>>();
    blobs.iter().all(|blob| repository.blobs.contains_key(blob))
        // Of another algorithm's it cannot tell.
        && listed("manifests").iter().map(digest).all(|manifest| {
            !manifest.starts_with("sha256:") || repository.manifests.contains_key(&manifest)
        })
}

fn blobs(state: &mut State, request: &Request, repository: &str, digest: &str) -> Reply {
    let Some(bytes) = state.blob(repository, digest) else { return refused(404, "BLOB_UNKNOWN") };
    let reply = Reply::new(200, "application/octet-stream", bytes).ranged(request);
    state.with_digest(reply, digest)
}

fn uploads(state: &mut State, request: &Request, repository: &str, id: &str) -> Reply {
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
    let get = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, v)| v.as_str());
    if request.method == "POST" {
        if let (Some(digest), Some(from)) = (get("mount"), get("from")) {
            let blob = state.blob(from, digest).filter(|_| state.allows(request, from, "pull"));
            if let Some(bytes) = blob.filter(|_| !state.no_mounts) {
                state.add_blob(repository, &bytes);
                return Reply::status(201)
                    .header("Location", &format!("/v2/{repository}/blobs/{digest}"));
            }
        }
        state.begun += 1;
        let id = format!("upload-{}", state.begun);
        state.uploads.insert(id.clone(), (repository.to_owned(), Vec::new()));
        let location = state.upload_location(request, repository, &id);
        let reply = Reply::status(202).header("Location", &location).header("Range", "0-0");
        return match state.shortest_chunk {
            0 => reply,
            shortest => reply.header("OCI-Chunk-Min-Length", &shortest.to_string()),
        };
    }
    if state.absolute && get("_state") != Some("a/b=") {
        return refused(400, "BLOB_UPLOAD_INVALID");
    }
    let location = state.upload_location(request, repository, id);
    let Some((_, bytes)) = state.uploads.get_mut(id) else {
        return refused(404, "BLOB_UPLOAD_UNKNOWN");
    };
    let sent = match (&request.body, state.cut.take_if(|keep| request.body.len() > *keep)) {
        (body, Some(keep)) => {
            bytes.extend_from_slice(&body[..keep]);
            return Reply::hang_up();
        }
        (body, None) => body,
    };
    let told = |bytes: &[u8]| format!("0-{}", bytes.len().saturating_sub(1));
    match request.method.as_str() {
        "PATCH" => {
            let begin = request.header("content-range").and_then(|range| range.split_once('-'));
            let begin = begin.and_then(|(begin, _)| begin.parse().ok()).unwrap_or(0_usize);
            if begin != bytes.len() {
                return refused(416, "BLOB_UPLOAD_INVALID").header("Range", &told(bytes));
            }
            bytes.extend_from_slice(sent);
            Reply::status(202).header("Location", &location).header("Range", &told(bytes))
        }
        "GET" => Reply::status(204).header("Location", &location).header("Range", &told(bytes)),
        "PUT" => {
            bytes.extend_from_slice(sent);
            let bytes = bytes.clone();
            let digest = get("digest").unwrap_or_default();
            state.uploads.remove(id);
            if digest_of(&bytes) != digest {
                return refused(400, "DIGEST_INVALID");
            }
            state.add_blob(repository, &bytes);
            let location = state.location(request, &format!("/v2/{repository}/blobs/{digest}"));
            state.with_digest(Reply::status(201).header("Location", &location), digest)
        }
        _ => Reply::status(405),
    }
}

fn referrers(state: &mut State, request: &Request, repository: &str, subject: &str) -> Reply {
    if state.no_referrers {
        return Reply::status(404);
    }
    let wanted = url::form_urlencoded::parse(request.query.as_bytes())
        .find(|(key, _)| key == "artifactType")
        .map(|(_, value)| value.into_owned());
    let mut manifests = Vec::new();
    for (digest, (media_type, bytes)) in &state.repository(repository).manifests {
        let Ok(document) = serde_json::from_slice::<Value>(bytes) else { continue };
        let artifact_type = match &document["artifactType"] {
            Value::Null => &document["config"]["mediaType"],
            named => named,
        };
        let fits = wanted.as_deref().is_none_or(|wanted| artifact_type == wanted);
        if document["subject"]["digest"] == subject && fits {
            manifests.push(json!({
                "mediaType": media_type,
                "digest": digest,
                "size": bytes.len(),
                "artifactType": artifact_type,
            }));
        }
    }
    let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests });
    Reply::new(200, OCI_INDEX, index.to_string())
}

fn tags(state: &mut State, _: &Request, name: &str, _: &str) -> Reply {
    let tags: Vec<&String> = match state.repositories.get(name) {
        Some(repository) => repository.tags.keys().collect(),
        None => return refused(404, "NAME_UNKNOWN"),
    };
    Reply::new(200, "application/json", json!({ "name": name, "tags": tags }).to_string())
}
