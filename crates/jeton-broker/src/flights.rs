use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio_util::task::TaskTracker;

type Flight<T> = Shared<BoxFuture<'static, Option<T>>>;

/// Work that many ask for at once and that is done once: the first to ask starts it, all get its outcome. It runs in a
/// task of its own, so that it goes on when the one who started it hangs up.
pub(crate) struct Flights<K, T> {
    running: Arc<Mutex<HashMap<K, Flight<T>>>>,
    tasks: TaskTracker,
}

impl<K, T> Flights<K, T>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(crate) fn new(tasks: TaskTracker) -> Self {
        Self {
            running: Arc::default(),
            tasks,
        }
    }

    /// Joins the running flight of a key, or starts one. `None` when the flight was lost: it panicked, or the
    /// process is shutting down.
    pub(crate) async fn join<F>(&self, key: K, start: impl FnOnce() -> F) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let flight = {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(flight) = running.get(&key) {
                flight.clone()
            } else {
                let work = start();
                let landed = Landed {
                    running: Arc::clone(&self.running),
                    key: key.clone(),
                };
                let task = self.tasks.spawn(async move {
                    let outcome = work.await;
                    drop(landed);
                    outcome
                });
                let flight = task.map(Result::ok).boxed().shared();
                running.insert(key, flight.clone());
                flight
            }
        };
        flight.await
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Takes a flight off the list when it lands, also when it crashed.
struct Landed<K: Eq + Hash, T> {
    running: Arc<Mutex<HashMap<K, Flight<T>>>>,
    key: K,
}

impl<K: Eq + Hash, T> Drop for Landed<K, T> {
    fn drop(&mut self) {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use tokio_util::task::TaskTracker;

    use super::Flights;

    #[tokio::test]
    async fn many_callers_share_one_flight_and_the_next_starts_anew() {
        let flights = Arc::new(Flights::<&str, usize>::new(TaskTracker::new()));
        let begun = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let (flights, begun, gate) = (Arc::clone(&flights), Arc::clone(&begun), Arc::clone(&gate));
            callers.spawn(async move {
                flights
                    .join("key", || async move {
                        let number = begun.fetch_add(1, Ordering::SeqCst);
                        gate.acquire().await.unwrap().forget();
                        number
                    })
                    .await
            });
        }
        while begun.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(100);
        while let Some(outcome) = callers.join_next().await {
            assert_eq!(outcome.unwrap(), Some(0));
        }
        assert_eq!(flights.len(), 0);
        assert_eq!(flights.join("key", || async { 7 }).await, Some(7));
    }

    #[tokio::test]
    async fn a_crashed_flight_is_told_and_blocks_nobody() {
        let flights = Flights::<&str, usize>::new(TaskTracker::new());
        assert_eq!(flights.join("key", || async { panic!("planted") }).await, None);
        assert_eq!(flights.join("key", || async { 1 }).await, Some(1));
    }
}
