//! One piece of work for all who want its answer at the same time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};

/// Work under way, by what it is about.
pub(crate) struct Flights<K, T>(Arc<Mutex<HashMap<K, Flight<T>>>>);

/// Work under way, for all who want its answer.
pub(crate) type Flight<T> = Shared<BoxFuture<'static, Option<T>>>;

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// The answer of the work about `key` that is under way, else of `work`. It goes on in a task of
    /// its own, so whoever leaves spoils it for nobody. None if the program is ending.
    pub(crate) fn join<F>(&self, key: K, work: impl FnOnce() -> F) -> Flight<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut flights = lock(&self.0);
        let flight = flights.entry(key.clone()).or_insert_with(|| {
            let landing = Landing { flights: Arc::clone(&self.0), key };
            let work = work();
            let task = tokio::spawn(async move {
                let _landing = landing;
                work.await
            });
            async move { task.await.ok() }.boxed().shared()
        });
        flight.clone()
    }
}

/// Takes a flight off the list, also when its task ends otherwise than by itself.
struct Landing<K: Eq + Hash, T> {
    flights: Arc<Mutex<HashMap<K, Flight<T>>>>,
    key: K,
}

impl<K: Eq + Hash, T> Drop for Landing<K, T> {
    fn drop(&mut self) {
        lock(&self.flights).remove(&self.key);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn many_askers_share_one_answer_and_the_next_asks_again() {
        let (flights, done) = (Flights::default(), Arc::new(AtomicUsize::new(0)));
        let ask = || {
            let done = Arc::clone(&done);
            flights.join("page", || async move { done.fetch_add(1, Ordering::SeqCst) })
        };
        let (first, second) = (ask(), ask());
        assert_eq!((first.await, second.await), (Some(0), Some(0)));
        assert_eq!(ask().await, Some(1));
    }

    #[tokio::test]
    async fn work_goes_on_when_its_asker_leaves() {
        let flights = Flights::default();
        let (start, started) = tokio::sync::oneshot::channel::<()>();
        let (end, ended) = tokio::sync::oneshot::channel();
        drop(flights.join("page", || async move {
            let _ = started.await;
            let _ = end.send("done");
        }));
        start.send(()).unwrap();
        assert_eq!(ended.await, Ok("done"));
    }
}
