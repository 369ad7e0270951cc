//! Several transfers at once.

use tokio::task::JoinSet;

use super::error::RegistryError;

/// How many transfers run at once: what docker and skopeo do, and what registries expect.
const AT_ONCE: usize = 4;

/// Does something with each item, a few at once, in no order. The first failure ends the others.
pub(super) async fn each<T, R, F>(
    items: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> F,
) -> Result<Vec<R>, RegistryError>
where
    F: Future<Output = Result<R, RegistryError>> + Send + 'static,
    R: Send + 'static,
{
    let mut waiting = items.into_iter();
    let mut running = JoinSet::new();
    let mut done = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(item) = waiting.next()
        {
            running.spawn(work(item));
        }
        match running.join_next().await {
            None => return Ok(done),
            Some(Ok(result)) => done.push(result?),
            Some(Err(ended)) => return Err(RegistryError::io("a transfer")(ended.into())),
        }
    }
}
