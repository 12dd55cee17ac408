//! How many statements a piece of work sends to the database, by what the driver says of each.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};

/// Where the driver says it.
const TARGET: &str = "sqlx::query";

/// Counts while it is told to.
#[derive(Debug, Clone, Default)]
pub(super) struct Statements(Arc<Counter>);

#[derive(Debug, Default)]
struct Counter {
    counts: AtomicBool,
    seen: AtomicU64,
}

impl Statements {
    /// The one of this process, which counts in all of its threads.
    pub(super) fn of_process() -> anyhow::Result<Self> {
        static ONLY: OnceLock<Statements> = OnceLock::new();
        if let Some(only) = ONLY.get() {
            return Ok(only.clone());
        }
        let this = Self::default();
        tracing::subscriber::set_global_default(this.clone())?;
        Ok(ONLY.get_or_init(|| this).clone())
    }

    /// Begins to count from zero.
    pub(super) fn begin(&self) {
        self.0.seen.store(0, Ordering::SeqCst);
        self.0.counts.store(true, Ordering::SeqCst);
    }

    /// How many there were since.
    pub(super) fn end(&self) -> u64 {
        self.0.counts.store(false, Ordering::SeqCst);
        self.0.seen.load(Ordering::SeqCst)
    }
}

impl Subscriber for Statements {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.target() == TARGET {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET && self.0.counts.load(Ordering::Relaxed)
    }

    fn event(&self, event: &Event<'_>) {
        if event.metadata().target() == TARGET {
            self.0.seen.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
