//! OSV records (OSV schema 1.7) in few words.

use serde_json::{Value, json};

use crate::wheel::zip_bytes;

/// Begins a record about a project of the ecosystem `PyPI`, modified on 2024-01-01.
///
/// ```
/// let record = provender_test::osv("GHSA-aaaa-bbbb-cccc", "a")
///     .alias("CVE-2024-1")
///     .introduced("0")
///     .fixed("1.2")
///     .severity("HIGH")
///     .json();
/// assert_eq!(record["affected"][0]["ranges"][0]["events"][1]["fixed"], "1.2");
/// ```
pub fn osv(id: &str, project: &str) -> OsvRecord {
    OsvRecord {
        record: json!({
            "schema_version": "1.7.0",
            "id": id,
            "modified": "2024-01-01T00:00:00Z",
            "affected": [],
        }),
    }
    .project(project)
}

/// A record in the making. Events, ranges and versions go to the project named last.
#[derive(Debug, Clone)]
#[must_use]
pub struct OsvRecord {
    record: Value,
}

impl OsvRecord {
    /// Goes on with another affected project.
    pub fn project(mut self, name: &str) -> Self {
        push(
            &mut self.record["affected"],
            json!({"package": {"ecosystem": "PyPI", "name": name, "purl": format!("pkg:pypi/{name}")}}),
        );
        self
    }

    /// Adds another identifier of the same vulnerability.
    pub fn alias(mut self, id: &str) -> Self {
        push(&mut self.record["aliases"], id.into());
        self
    }

    /// Begins a further `ECOSYSTEM` range; the first begins by itself.
    pub fn range(mut self) -> Self {
        push(&mut self.affected()["ranges"], json!({"type": "ECOSYSTEM", "events": []}));
        self
    }

    /// Adds a `GIT` range, as half of the real records have one before the `ECOSYSTEM` range.
    pub fn git_range(mut self) -> Self {
        push(
            &mut self.affected()["ranges"],
            json!({"type": "GIT", "repo": "https://git.example/a",
                   "events": [{"introduced": "0"}, {"fixed": "2f5b1f0d3c6e4a7b8c9d0e1f2a3b4c5d6e7f8091"}]}),
        );
        self
    }

    /// The first affected version; `0` is the beginning.
    pub fn introduced(self, version: &str) -> Self {
        self.event("introduced", version)
    }

    /// The first version no longer affected.
    pub fn fixed(self, version: &str) -> Self {
        self.event("fixed", version)
    }

    /// The last affected version.
    pub fn last_affected(self, version: &str) -> Self {
        self.event("last_affected", version)
    }

    /// The version from which on the range says nothing.
    pub fn limit(self, version: &str) -> Self {
        self.event("limit", version)
    }

    /// Lists affected versions one by one.
    pub fn versions(mut self, versions: &[&str]) -> Self {
        for version in versions {
            push(&mut self.affected()["versions"], (*version).into());
        }
        self
    }

    /// Sets the database's own word, such as `MODERATE`.
    pub fn severity(mut self, word: &str) -> Self {
        self.record["database_specific"]["severity"] = word.into();
        self
    }

    /// Adds a CVSS vector; its type follows from the vector's beginning.
    pub fn cvss(mut self, vector: &str) -> Self {
        let kind = match vector.split_once('/').map(|(version, _)| version) {
            Some("CVSS:4.0") => "CVSS_V4",
            Some(version) if version.starts_with("CVSS:3") => "CVSS_V3",
            _ => "CVSS_V2",
        };
        push(&mut self.record["severity"], json!({"type": kind, "score": vector}));
        self
    }

    /// Sets the one-line summary.
    pub fn summary(mut self, summary: &str) -> Self {
        self.record["summary"] = summary.into();
        self
    }

    /// Sets when it was modified last, such as `2024-01-31T00:00:00Z`.
    pub fn modified(mut self, time: &str) -> Self {
        self.record["modified"] = time.into();
        self
    }

    /// Withdraws the record.
    pub fn withdrawn(mut self, time: &str) -> Self {
        self.record["withdrawn"] = time.into();
        self
    }

    /// The record.
    pub fn json(self) -> Value {
        self.record
    }

    fn event(mut self, kind: &str, version: &str) -> Self {
        let open =
            last(&mut self.affected()["ranges"]).is_some_and(|range| range["type"] == "ECOSYSTEM");
        let mut this = if open { self } else { self.range() };
        let range = last(&mut this.affected()["ranges"]).expect("the range just begun");
        push(&mut range["events"], json!({ kind: version }));
        this
    }

    fn affected(&mut self) -> &mut Value {
        last(&mut self.record["affected"]).expect("a record begins with a project")
    }
}

impl From<OsvRecord> for Value {
    fn from(record: OsvRecord) -> Self {
        record.json()
    }
}

/// A zip of records in the layout of OSV's own dumps: `ID.json` for each.
pub fn osv_zip<R: Into<Value>>(records: impl IntoIterator<Item = R>) -> Vec<u8> {
    let members: Vec<_> = records
        .into_iter()
        .map(|record| {
            let record: Value = record.into();
            let id = record["id"].as_str().expect("a record with an id");
            (format!("{id}.json"), record.to_string())
        })
        .collect();
    zip_bytes(members.iter().map(|(path, text)| (path.as_str(), text.as_bytes())))
}

/// Appends to a list, which begins if there is none.
fn push(list: &mut Value, value: Value) {
    if list.is_null() {
        *list = json!([]);
    }
    list.as_array_mut().expect("a list").push(value);
}

fn last(list: &mut Value) -> Option<&mut Value> {
    list.as_array_mut()?.last_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_follow_a_git_range_in_a_range_of_their_own() {
        let record =
            osv("X-1", "a").git_range().introduced("1").fixed("2").range().introduced("3").json();
        let ranges = record["affected"][0]["ranges"].as_array().unwrap();
        let kinds: Vec<_> = ranges.iter().map(|range| range["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["GIT", "ECOSYSTEM", "ECOSYSTEM"]);
        assert_eq!(ranges[1]["events"], json!([{"introduced": "1"}, {"fixed": "2"}]));
        assert_eq!(ranges[2]["events"], json!([{"introduced": "3"}]));
    }

    #[test]
    fn what_follows_a_project_is_about_it() {
        let record = osv("X-1", "a").introduced("0").project("b").versions(&["1.0"]).json();
        assert_eq!(record["affected"][1]["versions"], json!(["1.0"]));
        assert!(record["affected"][0]["versions"].is_null());
    }
}
