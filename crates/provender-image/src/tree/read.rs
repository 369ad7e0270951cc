//! From a layer's archive to its contents.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use provender_core::Sha256;
use sha2::Digest as _;

use super::archive::{Archive, Flag, Member};
use super::limits::Budget;
use super::places::{MAX_PATH, clean, folders_of, follow, join, lies_in, remove_under, split};
use super::{Contents, Keep, Kind, Limits, Node, TreeError, Wanted};

/// What begins the name of a whiteout (image-spec 1.1, "Whiteouts").
const WHITEOUT: &str = ".wh.";

/// What begins the names that aufs keeps for itself.
const AUFS: &str = ".wh..wh.";

/// Hides what lower layers have in the folder (image-spec 1.1, "Opaque Whiteout").
const OPAQUE: &str = ".wh..wh..opq";

/// Reads a layer's tar archive to its end. `layer` is the number of the layer, counted from 0.
///
/// The content of a hard link is that of its target: it is kept where the target's was. A name
/// that only the link has wanted stands in [`Contents::missed`].
///
/// # Errors
///
/// A reader that fails, which is also how one ends whose bytes were not those that were promised;
/// what is no archive; more than the limits allow.
pub fn read_layer(
    reader: impl Read,
    layer: usize,
    wanted: Wanted<'_>,
    limits: &Limits,
) -> Result<Contents, TreeError> {
    read(reader, layer, wanted, &Budget::new(limits), limits.bytes)
}

/// Reads an archive of at most `most` bytes.
pub(super) fn read(
    reader: impl Read,
    layer: usize,
    wanted: Wanted<'_>,
    budget: &Budget,
    most: u64,
) -> Result<Contents, TreeError> {
    let mut archive = Archive::new(reader, budget, most);
    let contents = Contents { layer, ..Contents::default() };
    let mut reading = Reading {
        contents,
        wanted,
        budget,
        implied: BTreeMap::new(),
        last: (String::new(), String::new()),
    };
    while let Some(member) = archive.next_member()? {
        budget.entry()?;
        reading.take(&mut archive, &member)?;
    }
    archive.finish()?;
    Ok(reading.contents)
}

struct Reading<'a> {
    contents: Contents,
    wanted: Wanted<'a>,
    budget: &'a Budget,
    /// Folders that no entry names but that something lies in: they are remembered so that they
    /// are counted, since the tree will hold them.
    implied: BTreeMap<String, ()>,
    /// The folder of the entry before, and where it is: entries of one folder follow one another.
    last: (String, String),
}

impl Reading<'_> {
    fn take<R: Read>(
        &mut self,
        archive: &mut Archive<'_, R>,
        member: &Member,
    ) -> Result<(), TreeError> {
        if member.path.len() > MAX_PATH || member.target.len() > MAX_PATH {
            return Err(archive.malformed("a path of more than 4096 bytes"));
        }
        if member.path.contains(&0) || member.target.contains(&0) {
            return Err(archive.malformed("a path with a NUL in it"));
        }
        let path = clean(&String::from_utf8_lossy(&member.path));
        if path.is_empty() {
            return Ok(());
        }
        let (folder, name) = split(&path);
        if name == OPAQUE {
            let folder = self.place(folder);
            self.budget.node(&folder)?;
            self.contents.opaque.insert(folder);
            return Ok(());
        }
        if path.split('/').any(|part| part.starts_with(AUFS)) {
            return Ok(());
        }
        let folder = self.place(folder);
        if let Some(name) = name.strip_prefix(WHITEOUT) {
            if matches!(name, "" | "." | "..") {
                return Err(archive.malformed("a whiteout of nothing"));
            }
            let path = join(&folder, name);
            self.budget.node(&path)?;
            self.contents.whiteouts.insert(path);
            return Ok(());
        }
        let path = join(&folder, name);
        if path.len() > MAX_PATH {
            return Err(archive.malformed("a path of more than 4096 bytes"));
        }
        let kind = match member.flag {
            Flag::HardLink => return self.link(archive, path, member),
            Flag::File => self.file(archive, &path, member)?,
            Flag::Folder => Kind::Folder,
            Flag::Special => Kind::Special,
            Flag::Link => {
                self.budget.keep(member.target.len() as u64)?;
                Kind::Link(String::from_utf8_lossy(&member.target).into_owned())
            }
        };
        let Member { mode, uid, gid, .. } = *member;
        let layer = self.contents.layer;
        self.put(path, Node { kind, mode, uid, gid, layer })
    }

    /// Where a folder is, symbolic links of this layer followed; those of lower ones are when it
    /// is laid.
    fn place(&mut self, folder: &str) -> String {
        if self.last.0 != folder {
            let place =
                follow(&self.contents.nodes, folder, true).unwrap_or_else(|| folder.to_owned());
            self.last = (folder.to_owned(), place);
        }
        self.last.1.clone()
    }

    fn file<R: Read>(
        &self,
        archive: &mut Archive<'_, R>,
        path: &str,
        member: &Member,
    ) -> Result<Kind, TreeError> {
        let size = member.size;
        let keep = match (self.wanted)(path, size) {
            Keep::Content if size > self.budget.file() => Keep::Digest,
            keep => keep,
        };
        if keep == Keep::Nothing {
            return Ok(Kind::File { size, sha256: None, content: None });
        }
        let mut hasher = sha2::Sha256::new();
        let mut content = Vec::new();
        if keep == Keep::Content {
            self.budget.keep(size)?;
        }
        archive.content(member, &mut |bytes| {
            hasher.update(bytes);
            if keep == Keep::Content {
                content.extend_from_slice(bytes);
            }
        })?;
        let sha256 = Some(Sha256::from_bytes(hasher.finalize().into()));
        let content = (keep == Keep::Content).then(|| Arc::from(content));
        Ok(Kind::File { size, sha256, content })
    }

    fn link<R: Read>(
        &mut self,
        archive: &Archive<'_, R>,
        path: String,
        member: &Member,
    ) -> Result<(), TreeError> {
        let target = clean(&String::from_utf8_lossy(&member.target));
        let (folder, name) = split(&target);
        if name.is_empty() {
            return Err(archive.malformed("a hard link to nothing"));
        }
        let folder =
            follow(&self.contents.nodes, folder, true).unwrap_or_else(|| folder.to_owned());
        let target = join(&folder, name);
        if target == path {
            return Ok(());
        }
        match self.contents.nodes.get(&target) {
            Some(node) if node.is_folder() => Err(archive.malformed("a hard link to a folder")),
            Some(node) => {
                let node = node.clone();
                if node.is_file() && (self.wanted)(&path, node.size()) > node.kept() {
                    self.contents.missed.insert(target);
                }
                self.put(path, node)
            }
            None => {
                self.budget.node(&target)?;
                self.make_room(&path)?;
                self.contents.links.insert(path, target);
                Ok(())
            }
        }
    }

    /// Puts a node where it belongs; a later entry of the same path wins, as when it is unpacked.
    fn put(&mut self, path: String, node: Node) -> Result<(), TreeError> {
        if node.is_folder() {
            self.make_folder(&path)?;
        } else {
            self.make_room(&path)?;
        }
        self.contents.nodes.insert(path, node);
        Ok(())
    }

    /// Takes away what is at a path where something other than a folder comes.
    fn make_room(&mut self, path: &str) -> Result<(), TreeError> {
        self.budget.node(path)?;
        self.make_folders(path)?;
        // What the place was told by may be gone.
        if lies_in(&self.last.0, path) || lies_in(&self.last.1, path) || self.last.1 == path {
            self.last = (String::new(), String::new());
        }
        let Contents { nodes, links, .. } = &mut self.contents;
        remove_under(nodes, path);
        remove_under(links, path);
        links.remove(path);
        remove_under(&mut self.implied, path);
        self.implied.remove(path);
        Ok(())
    }

    /// Takes away what is at a path where a folder comes, unless it is one.
    fn make_folder(&mut self, path: &str) -> Result<(), TreeError> {
        self.budget.node(path)?;
        self.make_folders(path)?;
        self.displace(path);
        Ok(())
    }

    /// Sees to it that what the path lies in are folders.
    fn make_folders(&mut self, path: &str) -> Result<(), TreeError> {
        for folder in folders_of(path) {
            let named = self.contents.nodes.get(folder).is_some_and(Node::is_folder);
            if named || self.implied.contains_key(folder) {
                break;
            }
            self.budget.node(folder)?;
            self.displace(folder);
            self.implied.insert(folder.to_owned(), ());
        }
        Ok(())
    }

    /// Takes away what is no folder. Whatever lower layers have in a folder of this name went with
    /// the coming of what is taken away.
    fn displace(&mut self, path: &str) {
        let Contents { nodes, links, opaque, .. } = &mut self.contents;
        let displaced = nodes.get(path).is_some_and(|node| !node.is_folder());
        if displaced || links.remove(path).is_some() {
            nodes.remove(path);
            opaque.insert(path.to_owned());
            self.last = (String::new(), String::new());
        }
    }
}
