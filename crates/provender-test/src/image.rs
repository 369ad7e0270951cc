//! Images made in memory.

use serde_json::{Value, json};

use crate::release::sha256_hex;

/// The tar of a root file system, or of one layer: files with their parents, in the given order.
pub fn root_tar(files: &[(&str, &str)]) -> Vec<u8> {
    let files = files.iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec()));
    tar_of(&files.collect::<Vec<_>>())
}

/// An image for linux/amd64 in the form that `docker save` writes, each layer with the given files.
pub fn docker_archive(layers: &[&[(&str, &str)]]) -> Vec<u8> {
    let layers: Vec<Vec<u8>> = layers.iter().map(|files| root_tar(files)).collect();
    let digests: Vec<String> = layers.iter().map(|layer| sha256_hex(layer)).collect();
    let diff_ids: Vec<String> = digests.iter().map(|digest| format!("sha256:{digest}")).collect();
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {"User": "10001:10001", "Entrypoint": ["/app"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    let config = config.to_string().into_bytes();
    let config_name = format!("{}.json", sha256_hex(&config));
    let names: Vec<String> = digests.iter().map(|digest| format!("{digest}/layer.tar")).collect();
    let manifest: Value =
        json!([{"Config": config_name, "RepoTags": ["demo.example/app:1"], "Layers": names}]);
    let mut files = vec![("manifest.json".to_owned(), manifest.to_string().into_bytes())];
    files.push((config_name, config));
    files.extend(names.into_iter().zip(layers));
    tar_of(&files)
}

fn tar_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        archive.append_data(&mut header, path, bytes.as_slice()).expect("a file fits into a tar");
    }
    archive.into_inner().expect("a tar ends")
}
