//! What every place for blobs must do.

use std::path::Path;

use provender_core::Sha256;
use tokio::io::AsyncReadExt as _;

use super::Outcome;
use crate::{BlobError, BlobReader, Blobs, Spool, Spooled, Verdict};

const CONTENT: &[u8] = b"the bytes of a wheel";

pub async fn what_was_kept_can_be_read(blobs: &dyn Blobs, tmp: &Path) -> Outcome {
    let spooled = spooled(tmp, CONTENT).await?;
    let sha256 = spooled.sha256();
    let info = blobs.keep(spooled).await?;
    assert_eq!((info.sha256, info.size), (sha256, CONTENT.len() as u64));
    assert_eq!(blobs.info(&sha256).await?, Some(info));
    assert_eq!(blobs.size(&sha256).await?, Some(info.size));
    assert_eq!(blobs.verify(&sha256).await?, Verdict::Intact);
    let reader = blobs.open(&sha256, None).await?;
    assert_eq!(read(reader).await?.as_deref(), Some(CONTENT));
    Ok(())
}

pub async fn a_range_is_read_as_far_as_the_blob_has_it(blobs: &dyn Blobs, tmp: &Path) -> Outcome {
    let sha256 = kept(blobs, tmp, CONTENT).await?;
    for (asked, part) in [
        (0..3, &CONTENT[..3]),
        (4..9, &CONTENT[4..9]),
        (4..u64::MAX, &CONTENT[4..]),
        (100..200, &[]),
        (5..5, &[]),
    ] {
        let reader = blobs.open(&sha256, Some(asked)).await?;
        assert_eq!(reader.as_ref().map(BlobReader::size), Some(CONTENT.len() as u64));
        assert_eq!(read(reader).await?.as_deref(), Some(part));
    }
    Ok(())
}

pub async fn what_was_not_kept_is_not_there(blobs: &dyn Blobs, tmp: &Path) -> Outcome {
    let sha256 = spooled(tmp, CONTENT).await?.sha256();
    assert_missing(blobs, &sha256).await?;
    assert_eq!(blobs.list().await?, []);
    Ok(())
}

pub async fn an_empty_file_can_be_kept(blobs: &dyn Blobs, tmp: &Path) -> Outcome {
    let sha256 = kept(blobs, tmp, b"").await?;
    assert_eq!(blobs.size(&sha256).await?, Some(0));
    assert_eq!(blobs.verify(&sha256).await?, Verdict::Intact);
    Ok(())
}

pub async fn keeping_again_heals(blobs: &dyn Blobs, tmp: &Path) -> Outcome {
    let sha256 = kept(blobs, tmp, CONTENT).await?;
    // Only what is a file here can be damaged from outside.
    if let Some(path) = blobs.local_path(&sha256).await {
        let damage = std::fs::write(&path, b"other bytes");
        damage.map_err(|source| BlobError::Write { path, source })?;
        let verdict = blobs.verify(&sha256).await?;
        assert!(matches!(verdict, Verdict::Corrupt { size: 11, .. }), "{verdict:?}");
    }
    assert_eq!(kept(blobs, tmp, CONTENT).await?, sha256);
    assert_eq!(blobs.verify(&sha256).await?, Verdict::Intact);
    assert_eq!(blobs.list().await?.len(), 1);
    Ok(())
}

pub async fn a_kept_file_is_no_longer_temporary(blobs: &dyn Blobs, tmp: &Path) -> Outcome {
    let spooled = spooled(tmp, CONTENT).await?;
    let path = spooled.path().to_owned();
    blobs.keep(spooled).await?;
    assert!(!path.exists());
    Ok(())
}

pub async fn what_was_removed_is_missing(blobs: &dyn Blobs, tmp: &Path) -> Outcome {
    let sha256 = kept(blobs, tmp, CONTENT).await?;
    blobs.remove(&sha256).await?;
    blobs.remove(&sha256).await?;
    assert_missing(blobs, &sha256).await
}

pub async fn an_open_blob_can_be_read_to_its_end_though_it_is_removed(
    blobs: &dyn Blobs,
    tmp: &Path,
) -> Outcome {
    let sha256 = kept(blobs, tmp, CONTENT).await?;
    let reader = blobs.open(&sha256, None).await?;
    blobs.remove(&sha256).await?;
    assert_eq!(read(reader).await?.as_deref(), Some(CONTENT));
    Ok(())
}

pub async fn all_blobs_are_listed_by_digest(blobs: &dyn Blobs, tmp: &Path) -> Outcome {
    let mut infos = Vec::new();
    for content in 0..20_u8 {
        infos.push(blobs.keep(spooled(tmp, &[content]).await?).await?);
    }
    infos.sort_by_key(|info| info.sha256);
    assert_eq!(blobs.list().await?, infos);
    let missing = Sha256::from_bytes([0; 32]);
    let found = blobs.infos(&[infos[3].sha256, missing, infos[1].sha256]).await?;
    assert_eq!(found, [Some(infos[3]), None, Some(infos[1])]);
    Ok(())
}

pub async fn many_may_keep_the_same_file_at_once(blobs: &dyn Blobs, tmp: &Path) -> Outcome {
    let all = tokio::join!(
        kept(blobs, tmp, CONTENT),
        kept(blobs, tmp, CONTENT),
        kept(blobs, tmp, CONTENT),
        kept(blobs, tmp, CONTENT),
    );
    let sha256 = all.0?;
    assert_eq!([all.1?, all.2?, all.3?], [sha256; 3]);
    assert_eq!(blobs.verify(&sha256).await?, Verdict::Intact);
    Ok(())
}

async fn assert_missing(blobs: &dyn Blobs, sha256: &Sha256) -> Outcome {
    assert_eq!(blobs.info(sha256).await?, None);
    assert_eq!(blobs.size(sha256).await?, None);
    assert_eq!(blobs.local_path(sha256).await, None);
    assert_eq!(blobs.verify(sha256).await?, Verdict::Missing);
    assert!(blobs.open(sha256, Some(1..2)).await?.is_none());
    Ok(())
}

async fn spooled(tmp: &Path, content: &[u8]) -> Result<Spooled, BlobError> {
    let mut spool = Spool::create(tmp).await?;
    spool.write(content).await?;
    spool.finish(None).await
}

async fn kept(blobs: &dyn Blobs, tmp: &Path, content: &[u8]) -> Result<Sha256, BlobError> {
    Ok(blobs.keep(spooled(tmp, content).await?).await?.sha256)
}

async fn read(reader: Option<BlobReader>) -> Result<Option<Vec<u8>>, BlobError> {
    let Some(mut reader) = reader else { return Ok(None) };
    let mut content = Vec::new();
    match reader.read_to_end(&mut content).await {
        Ok(_) => Ok(Some(content)),
        Err(source) => Err(BlobError::Read { path: "an open blob".into(), source }),
    }
}
