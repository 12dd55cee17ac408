use std::{collections::BTreeMap, sync::Arc};

use tokio::task::JoinSet;

use crate::worker::{BATCH, Handlers};

/// The jobs that run, and how much room there is beside them.
pub(crate) struct Running {
    pub(crate) tasks: JoinSet<()>,
    /// Whether the last look at the queue left something there that may be due.
    pub(crate) more_waits: bool,
    /// Each running job holds one of its kind, also one that ends by a panic.
    places: BTreeMap<&'static str, Arc<()>>,
}

/// What to claim in one statement.
pub(crate) struct Want {
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) most: usize,
}

impl Running {
    pub(crate) fn of(handlers: &Handlers) -> Self {
        Self {
            tasks: JoinSet::new(),
            more_waits: false,
            places: handlers.keys().map(|kind| (*kind, Arc::new(()))).collect(),
        }
    }

    /// What there is room for: each kind that may not fill all places by itself, and then all the others together.
    pub(crate) fn wants(&mut self, handlers: &Handlers) -> Vec<Want> {
        // Those that have ended make room.
        while self.tasks.try_join_next().is_some() {}
        self.more_waits = false;
        let free = BATCH.saturating_sub(self.tasks.len());
        let (mut wants, mut others) = (Vec::new(), Vec::new());
        for (kind, handler) in handlers {
            let running = self.places.get(kind).map_or(0, |place| Arc::strong_count(place) - 1);
            let room = handler.most_at_once().saturating_sub(running).min(free);
            if room == 0 {
                self.more_waits = true;
            } else if handler.most_at_once() < BATCH {
                wants.push(Want {
                    kinds: vec![*kind],
                    most: room,
                });
            } else {
                others.push(*kind);
            }
        }
        if !others.is_empty() {
            wants.push(Want {
                kinds: others,
                most: free,
            });
        }
        wants
    }

    /// A place among the running ones of a kind.
    pub(crate) fn place(&self, kind: &str) -> Option<Arc<()>> {
        self.places.get(kind).map(Arc::clone)
    }

    /// Waits for all of them.
    pub(crate) async fn finish(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}
