//! Pages ready to be sent, in memory.
//!
//! A page is right as long as the store's generation is the same and, where an upstream has a say,
//! as long as its answer is fresh. The pages used least recently make room for others.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use provender_core::ProjectName;
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

use super::Source;

/// How many bytes all pages may have together.
const LIMIT: usize = 64 * 1024 * 1024;

/// What a page costs besides its bytes, about.
const OVERHEAD: usize = 512;

/// Smaller pages fit into one packet anyway.
const WORTH_COMPRESSING: usize = 1024;

/// Larger ones are compressed where that holds up nobody.
const LARGE: usize = 64 * 1024;

/// A page in one form.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) body: Bytes,
    /// 32 hexadecimal digits that stand for these very bytes.
    pub(super) digest: String,
    pub(super) source: Source,
    gzip: OnceCell<Option<Bytes>>,
}

impl Rendered {
    pub(super) fn new(body: Vec<u8>, source: Source) -> Self {
        let mut digest = format!("{:x}", Sha256::digest(&body));
        digest.truncate(32);
        Self { body: body.into(), digest, source, gzip: OnceCell::new() }
    }

    /// The page compressed; none if that is not worth it.
    pub(super) async fn gzip(&self) -> Option<Bytes> {
        if self.body.len() < WORTH_COMPRESSING {
            return None;
        }
        let compressed = self.gzip.get_or_init(|| async {
            let body = self.body.clone();
            if body.len() < LARGE {
                return compress(&body);
            }
            tokio::task::spawn_blocking(move || compress(&body)).await.ok().flatten()
        });
        compressed.await.clone()
    }

    fn cost(&self) -> usize {
        // Pages compress to a fifth, about.
        self.body.len() + self.body.len() / 4 + OVERHEAD
    }
}

fn compress(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::new(5));
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// What a page is: of a project, or the list of projects; in JSON or HTML.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PageKey {
    pub(super) project: Option<ProjectName>,
    pub(super) json: bool,
}

/// What a page was made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct MadeFrom {
    pub(super) generation: i64,
    /// Until when an upstream's part in it is fresh; none if there is no such part.
    pub(super) fresh_until: Option<Timestamp>,
}

/// The pages in memory.
#[derive(Debug)]
pub(super) struct PageCache {
    pages: Mutex<Pages>,
    limit: usize,
}

impl Default for PageCache {
    fn default() -> Self {
        Self { pages: Mutex::default(), limit: LIMIT }
    }
}

#[derive(Debug, Default)]
struct Pages {
    entries: HashMap<PageKey, Entry>,
    cost: usize,
    /// Grows with every use.
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    page: Arc<Rendered>,
    made_from: MadeFrom,
    used: u64,
}

impl PageCache {
    /// The page, if it is there and still right.
    pub(super) fn get(&self, key: &PageKey, generation: i64) -> Option<Arc<Rendered>> {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.clock += 1;
        let clock = pages.clock;
        let entry = pages.entries.get_mut(key)?;
        let MadeFrom { generation: then, fresh_until } = entry.made_from;
        if then != generation || fresh_until.is_some_and(|until| until <= Timestamp::now()) {
            return None;
        }
        entry.used = clock;
        Some(Arc::clone(&entry.page))
    }

    /// Remembers a page, in place of an older one and of those that there is no more room for.
    pub(super) fn put(&self, key: PageKey, page: Arc<Rendered>, made_from: MadeFrom) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.clock += 1;
        let used = pages.clock;
        pages.cost += page.cost();
        if let Some(old) = pages.entries.insert(key, Entry { page, made_from, used }) {
            pages.cost -= old.page.cost();
        }
        if pages.cost > self.limit {
            pages.shrink(self.limit / 4 * 3);
        }
    }
}

impl Pages {
    fn shrink(&mut self, limit: usize) {
        let mut by_use: Vec<_> =
            self.entries.iter().map(|(key, entry)| (entry.used, key.clone())).collect();
        by_use.sort_unstable_by_key(|(used, _)| *used);
        for (_, key) in by_use {
            if self.cost <= limit {
                return;
            }
            if let Some(old) = self.entries.remove(&key) {
                self.cost -= old.page.cost();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: MadeFrom = MadeFrom { generation: 1, fresh_until: None };

    fn key(name: &str) -> PageKey {
        PageKey { project: Some(name.parse().unwrap()), json: true }
    }

    fn page(size: usize) -> Arc<Rendered> {
        Arc::new(Rendered::new(vec![b' '; size], Source::Store))
    }

    #[test]
    fn a_page_is_right_for_its_generation_and_while_its_upstream_is_fresh() {
        let cache = PageCache::default();
        cache.put(key("a"), page(1), NOW);
        assert!(cache.get(&key("a"), 1).is_some());
        assert!(cache.get(&key("a"), 2).is_none());
        let past = Some(Timestamp::UNIX_EPOCH);
        cache.put(key("a"), page(1), MadeFrom { fresh_until: past, ..NOW });
        assert!(cache.get(&key("a"), 1).is_none());
    }

    #[test]
    fn the_pages_used_least_recently_make_room() {
        let limit = 100 * OVERHEAD;
        let cache = PageCache { limit, ..PageCache::default() };
        cache.put(key("used"), page(limit / 4), NOW);
        cache.put(key("unused"), page(limit / 4), NOW);
        assert!(cache.get(&key("used"), 1).is_some());
        cache.put(key("new"), page(limit / 3), NOW);
        assert!(cache.get(&key("unused"), 1).is_none());
        assert!(cache.get(&key("used"), 1).is_some() && cache.get(&key("new"), 1).is_some());
        assert!(cache.pages.lock().unwrap().cost <= limit);
    }

    #[tokio::test]
    async fn a_page_is_compressed_where_that_is_worth_it() {
        assert_eq!(page(10).gzip().await, None);
        for size in [2 * WORTH_COMPRESSING, 2 * LARGE] {
            let page = page(size);
            let mut plain = Vec::new();
            let compressed = page.gzip().await.unwrap();
            std::io::copy(&mut flate2::read::GzDecoder::new(&compressed[..]), &mut plain).unwrap();
            assert_eq!(plain, page.body);
        }
    }
}
