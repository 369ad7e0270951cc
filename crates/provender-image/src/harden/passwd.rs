//! A name for the user that a container runs as (passwd(5), group(5)).

use crate::layer::{Content, Entry, EntryKind};

/// Whom a container runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name of the user and of the group.
    pub name: String,
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// The user's folder.
    pub home: String,
    /// What a login would start.
    pub shell: String,
}

impl Default for Account {
    /// `app`, 10001:10001, without a folder and without a login.
    fn default() -> Self {
        Self {
            name: "app".to_owned(),
            uid: 10001,
            gid: 10001,
            home: "/nonexistent".to_owned(),
            shell: "/sbin/nologin".to_owned(),
        }
    }
}

/// Why a base cannot be given the account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswdError {
    /// Root is what hardening avoids.
    #[error(
        "an image does not run as user or group 0: choose another number for `user` of [image]"
    )]
    Root,
    /// A name or folder that would make other entries than one.
    #[error("`{0}` cannot stand in /etc/passwd")]
    Malformed(String),
    /// The number is somebody else's.
    #[error(
        "{what} {number} is `{owner}` in the base's /etc/{file}: choose another number for `user` of [image]"
    )]
    NumberTaken {
        /// `user` or `group`.
        what: &'static str,
        /// The number.
        number: u32,
        /// Whose it is.
        owner: String,
        /// `passwd` or `group`.
        file: &'static str,
    },
    /// The name has another number.
    #[error(
        "the {what} `{name}` has the number {number} in the base's /etc/{file}: take that number for `user` of [image]"
    )]
    NameTaken {
        /// `user` or `group`.
        what: &'static str,
        /// The name.
        name: String,
        /// Its number there.
        number: String,
        /// `passwd` or `group`.
        file: &'static str,
    },
}

/// The files of a layer that give the account its name: those of `etc/passwd` and `etc/group` in
/// which it is missing, with the rest of each as it was. `passwd` and `group` are the contents of the
/// base's, where it has them.
///
/// # Errors
///
/// [`PasswdError`], where the base gives the number or the name to somebody else.
pub fn passwd(
    passwd: Option<&[u8]>,
    group: Option<&[u8]>,
    account: &Account,
) -> Result<Vec<Entry>, PasswdError> {
    let Account { name, uid, gid, home, shell } = account;
    if *uid == 0 || *gid == 0 {
        return Err(PasswdError::Root);
    }
    for field in [name, home, shell] {
        let breaks = |c: char| c == ':' || c.is_control();
        if field.is_empty() || field.contains(breaks) {
            return Err(PasswdError::Malformed(field.clone()));
        }
    }
    let users = Database { what: "user", file: "passwd", text: passwd.unwrap_or_default() };
    let groups = Database { what: "group", file: "group", text: group.unwrap_or_default() };
    let mut entries = Vec::new();
    match users.find(name, *uid)? {
        Some(fields) if fields.get(3).map(String::as_str) != Some(gid.to_string().as_str()) => {
            return Err(PasswdError::NameTaken {
                what: "group of user",
                name: name.clone(),
                number: fields.get(3).cloned().unwrap_or_default(),
                file: users.file,
            });
        }
        Some(_) => {}
        None => entries.push(users.with(&format!("{name}:x:{uid}:{gid}::{home}:{shell}"))),
    }
    if groups.find(name, *gid)?.is_none() {
        entries.push(groups.with(&format!("{name}:x:{gid}:")));
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

/// One of the two files.
struct Database<'a> {
    what: &'static str,
    file: &'static str,
    text: &'a [u8],
}

impl Database<'_> {
    /// The fields of the line that has this name and number; none where neither is there.
    fn find(&self, name: &str, number: u32) -> Result<Option<Vec<String>>, PasswdError> {
        let number_text = number.to_string();
        let mut found = None;
        for line in self.text.split(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(line);
            let fields: Vec<String> = line.trim_end().split(':').map(str::to_owned).collect();
            let [own_name, _, own_number, ..] = &fields[..] else { continue };
            match (own_name == name, *own_number == number_text) {
                (true, true) => found = Some(fields),
                (true, false) => {
                    let (what, file) = (self.what, self.file);
                    let number = own_number.clone();
                    return Err(PasswdError::NameTaken {
                        what,
                        name: name.to_owned(),
                        number,
                        file,
                    });
                }
                (false, true) => {
                    let (what, file) = (self.what, self.file);
                    let owner = own_name.clone();
                    return Err(PasswdError::NumberTaken { what, number, owner, file });
                }
                (false, false) => {}
            }
        }
        Ok(found)
    }

    /// The file with one line more.
    fn with(&self, line: &str) -> Entry {
        let mut bytes = self.text.to_vec();
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        bytes.extend(line.bytes());
        bytes.push(b'\n');
        Entry {
            path: format!("etc/{}", self.file),
            kind: EntryKind::File(Content::Bytes(bytes)),
            mode: 0o644,
            uid: 0,
            gid: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &[u8] = b"root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/x\xff";
    const GROUP: &[u8] = b"root:x:0:\nnogroup:x:65534:\n";

    fn given(passwd: &[u8], group: &[u8]) -> Result<Vec<(String, Vec<u8>)>, PasswdError> {
        let entries = super::passwd(Some(passwd), Some(group), &Account::default())?;
        let file = |entry: Entry| match entry.kind {
            EntryKind::File(Content::Bytes(bytes)) => (entry.path, bytes),
            kind => panic!("{kind:?}"),
        };
        Ok(entries.into_iter().map(file).collect())
    }

    #[test]
    fn an_account_is_added_and_the_rest_stays_byte_for_byte() {
        let files = given(PASSWD, GROUP).unwrap();
        let added = b"\napp:x:10001:10001::/nonexistent:/sbin/nologin\n";
        assert_eq!(files[1], ("etc/passwd".to_owned(), [PASSWD, added].concat()));
        assert_eq!(files[0], ("etc/group".to_owned(), [GROUP, b"app:x:10001:\n"].concat()));
    }

    #[test]
    fn a_base_that_has_the_account_is_left_as_it_is() {
        let passwd = b"app:x:10001:10001:Somebody:/home/app:/bin/sh\n";
        assert_eq!(given(passwd, b"app:x:10001:\n").unwrap(), []);
        let only_group = given(passwd, GROUP).unwrap();
        assert_eq!(only_group.len(), 1);
    }

    #[test]
    fn a_number_or_name_of_somebody_else_is_refused_by_name() {
        let said = |passwd: &[u8], group: &[u8]| given(passwd, group).unwrap_err().to_string();
        let number = said(b"mysql:x:10001:1::/:/x\n", GROUP);
        assert!(number.starts_with("user 10001 is `mysql` in the base's /etc/passwd"), "{number}");
        let name = said(b"app:x:1000:1000::/:/x\n", GROUP);
        assert!(name.starts_with("the user `app` has the number 1000"), "{name}");
        assert!(said(PASSWD, b"staff:x:10001:\n").starts_with("group 10001 is `staff`"));
        let group = said(b"app:x:10001:50::/:/x\n", GROUP);
        assert!(group.starts_with("the group of user `app` has the number 50"), "{group}");
    }

    #[test]
    fn root_and_names_that_make_lines_are_refused() {
        let refused = |account: &Account| super::passwd(None, None, account).unwrap_err();
        let root = Account { uid: 0, ..Account::default() };
        assert_eq!(refused(&root), PasswdError::Root);
        let lines = Account { name: "a\nroot2:x:0:0".to_owned(), ..Account::default() };
        assert!(matches!(refused(&lines), PasswdError::Malformed(_)));
    }
}
