use std::{
    collections::HashMap,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use jeton_domain::ObjectId;
use tokio::sync::watch;
use tracing::Instrument as _;

use super::{
    Arrival, Blob, Blobs, Fetch, Key, Shared,
    arrival::{Progress, Stage},
    intake,
};
use crate::ContentError;

/// So long a fetch goes on that nobody waits for: whoever was cut off may come again.
const GRACE: Duration = Duration::from_secs(10);

/// Which file is meant, and the words for it.
pub(super) struct Ask {
    /// The forge.
    pub(super) scope: Arc<str>,
    /// What its bytes have to hash to, where that is known.
    pub(super) id: Option<ObjectId>,
    pub(super) host: String,
    pub(super) path: String,
}

impl Ask {
    pub(super) fn new(scope: &Arc<str>, id: Option<ObjectId>, host: &str, path: &str) -> Self {
        Self {
            scope: Arc::clone(scope),
            id,
            host: host.to_owned(),
            path: path.to_owned(),
        }
    }
}

/// The fetches that are under way.
#[derive(Default)]
pub(super) struct Flights(HashMap<FlightKey, Flight>);

/// Where from, and what for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct FlightKey {
    scope: Arc<str>,
    name: Arc<str>,
}

struct Flight {
    /// The id that the file has to have.
    brings: Option<ObjectId>,
    /// No receiver, because those who wait are counted by theirs.
    progress: Arc<watch::Sender<Progress>>,
}

impl Flights {
    /// A fetch that brings what is asked for.
    fn find(&self, key: &FlightKey, id: Option<&ObjectId>) -> Option<watch::Receiver<Progress>> {
        let flight = self.0.get(key)?;
        // One that does not look for this id could bring anything.
        let brings_it = id.is_none_or(|id| flight.brings.as_ref() == Some(id));
        brings_it.then(|| flight.progress.subscribe())
    }

    fn add(&mut self, key: &FlightKey, brings: Option<ObjectId>, progress: &Arc<watch::Sender<Progress>>) {
        self.0.entry(key.clone()).or_insert_with(|| Flight {
            brings,
            progress: Arc::clone(progress),
        });
    }

    fn remove(&mut self, key: &FlightKey, progress: &Arc<watch::Sender<Progress>>) {
        if self
            .0
            .get(key)
            .is_some_and(|flight| Arc::ptr_eq(&flight.progress, progress))
        {
            self.0.remove(key);
        }
    }
}

/// Ends a fetch in any case, even when the task panics or is dropped with its runtime.
struct Landing {
    shared: Arc<Shared>,
    key: FlightKey,
    progress: Arc<watch::Sender<Progress>>,
    result: Result<Blob, ContentError>,
}

impl Landing {
    fn land(mut self, result: Result<Blob, ContentError>) {
        self.result = result;
    }

    /// Returns once nobody has waited for a while. Nobody can join any more then.
    async fn deserted(&self) {
        loop {
            self.progress.closed().await;
            tokio::time::sleep(GRACE).await;
            // Who joins does so under the same lock.
            let mut flights = flights(&self.shared);
            if self.progress.receiver_count() == 0 && self.progress.borrow().may_end() {
                flights.remove(&self.key, &self.progress);
                return;
            }
        }
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        // First it leaves the list: who hears of a failure and asks again must not be given the same failure.
        flights(&self.shared).remove(&self.key, &self.progress);
        let stage = match &self.result {
            Ok(blob) => Stage::Whole(blob.clone()),
            Err(error) => Stage::Failed(error.clone()),
        };
        self.progress.send_modify(|progress| progress.stage = stage);
    }
}

/// A fetch that can be begun.
pub(super) struct Own {
    shared: Arc<Shared>,
    key: FlightKey,
    ask: Ask,
    fetch: Fetch,
}

impl Own {
    pub(super) fn path(&self) -> &str {
        &self.ask.path
    }

    /// Begins it, whoever else brings the same.
    pub(super) fn begin(self) -> watch::Receiver<Progress> {
        let (progress, receiver) = self.enlist(&mut flights(&self.shared));
        self.spawn(progress);
        receiver
    }

    fn enlist(&self, flights: &mut Flights) -> (Arc<watch::Sender<Progress>>, watch::Receiver<Progress>) {
        let (sender, receiver) = watch::channel(Progress::asked());
        let progress = Arc::new(sender);
        flights.add(&self.key, self.ask.id, &progress);
        (progress, receiver)
    }

    /// Not under the lock of the list: a runtime that is about to end drops the task at once, which takes it off the list.
    fn spawn(self, progress: Arc<watch::Sender<Progress>>) {
        let Self {
            shared,
            key,
            ask,
            fetch,
        } = self;
        let landing = Landing {
            shared,
            key,
            progress,
            result: Err(ContentError::Internal("the fetch of a file was given up")),
        };
        let task = async move {
            let result = tokio::select! {
                result = bring(&landing, &ask, fetch) => result,
                () = landing.deserted() => return,
            };
            landing.land(result);
        };
        drop(tokio::spawn(task.in_current_span()));
    }
}

pub(super) fn begin(shared: &Arc<Shared>, name: Arc<str>, ask: Ask, fetch: Fetch) -> Arrival {
    let scope = Arc::clone(&ask.scope);
    let mut own = Own {
        shared: Arc::clone(shared),
        key: FlightKey { scope, name },
        ask,
        fetch,
    };
    if own.ask.id.is_none() {
        own.ask.id = shared.brought.get(&own.key);
    }
    let mut under_way = flights(shared);
    if let Some(progress) = under_way.find(&own.key, own.ask.id.as_ref()) {
        drop(under_way);
        own.fetch = own.fetch.closed();
        return Arrival::joined(progress, own);
    }
    // A fetch leaves the list only when the file is in memory; so one that ended just now is not begun again.
    if let Some(blob) = own
        .ask
        .id
        .and_then(|id| shared.memory.get(&Key::new(&own.ask.scope, id)))
    {
        return blob.into();
    }
    let (progress, receiver) = own.enlist(&mut under_way);
    drop(under_way);
    let arrival = Arrival::begun_for(receiver, own.path());
    own.spawn(progress);
    arrival
}

async fn bring(landing: &Landing, ask: &Ask, fetch: Fetch) -> Result<Blob, ContentError> {
    // It may be on disk, which nobody could look at without waiting.
    if let Some(id) = &ask.id
        && let Some(blob) = Blobs(Arc::clone(&landing.shared)).find(&ask.scope, id).await
    {
        return Ok(blob);
    }
    let blob = intake::fetch(&landing.shared, ask, &landing.progress, fetch.run().await?).await?;
    if ask.id.is_none() {
        landing.shared.brought.insert(landing.key.clone(), blob.id());
    }
    Ok(blob)
}

fn flights(shared: &Shared) -> MutexGuard<'_, Flights> {
    // A list of what is under way is whole after each of its steps.
    shared.flights.lock().unwrap_or_else(PoisonError::into_inner)
}
