//! What an image holds: layers made by hand, entry by entry, and what becomes of them.

mod archive;
mod bases;
mod bootstrapped;
mod elf;
mod fitting;
mod hostile;
mod images;
mod laying;

use std::io::Write;

use provender_image::tree::{Contents, Keep, Limits, Tree, TreeError, read_layer};

/// A tar archive that is being written, as hostile as one likes.
#[derive(Default)]
struct Layer(Vec<u8>);

impl Layer {
    fn file(self, path: &str, content: &str) -> Self {
        self.entry(b'0', path, "", content.as_bytes())
    }

    fn bytes(self, path: &str, content: &[u8]) -> Self {
        self.entry(b'0', path, "", content)
    }

    fn folder(self, path: &str) -> Self {
        self.entry(b'5', path, "", b"")
    }

    fn link(self, path: &str, target: &str) -> Self {
        self.entry(b'2', path, target, b"")
    }

    fn hard_link(self, path: &str, target: &str) -> Self {
        self.entry(b'1', path, target, b"")
    }

    fn pax(self, records: &[(&str, &str)]) -> Self {
        self.records(b'x', records)
    }

    fn records(self, flag: u8, records: &[(&str, &str)]) -> Self {
        let mut bytes = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let mut length = rest + 1;
            while length != rest + length.to_string().len() {
                length += 1;
            }
            writeln!(bytes, "{length} {key}={value}").unwrap();
        }
        self.entry(flag, "PaxHeaders/x", "", &bytes)
    }

    fn entry(self, flag: u8, path: &str, target: &str, data: &[u8]) -> Self {
        let header = header(flag, path, target, data.len() as u64);
        self.raw(&header, data)
    }

    fn raw(mut self, header: &tar::Header, data: &[u8]) -> Self {
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(data);
        let padding = self.0.len().next_multiple_of(512);
        self.0.resize(padding, 0);
        self
    }

    fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }

    /// Its contents, with the content of every file.
    fn contents(self, layer: usize) -> Contents {
        self.try_contents(layer).unwrap()
    }

    fn try_contents(self, layer: usize) -> Result<Contents, TreeError> {
        read_layer(self.end().as_slice(), layer, &|_, _| Keep::Content, &Limits::default())
    }
}

fn header(flag: u8, path: &str, target: &str, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    let bytes = header.as_mut_bytes();
    bytes[..path.len()].copy_from_slice(path.as_bytes());
    bytes[157..157 + target.len()].copy_from_slice(target.as_bytes());
    bytes[156] = flag;
    header.set_mode(if flag == b'5' { 0o755 } else { 0o644 });
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header.set_cksum();
    header
}

/// The layers laid over one another.
fn tree(layers: impl IntoIterator<Item = Layer>) -> Tree {
    Tree::lay(layers.into_iter().enumerate().map(|(index, layer)| layer.contents(index)))
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.iter().map(|(path, _)| path).collect()
}

fn text(tree: &Tree, path: &str) -> String {
    tree.text(path).unwrap_or_else(|| panic!("{path} is not in {:?}", paths(tree)))
}
