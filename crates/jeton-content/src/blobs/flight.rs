use std::{
    collections::HashMap,
    sync::{Arc, MutexGuard, PoisonError},
};

use jeton_domain::ObjectId;
use jeton_forge::content::BlobStream;
use tokio::sync::watch;
use tracing::Instrument as _;

use super::{
    Arrival, Blob, Blobs, Shared,
    arrival::{Progress, Stage},
    intake,
};
use crate::ContentError;

/// Which file is meant, and the words for it.
pub(super) struct Ask {
    /// What its bytes have to hash to, where that is known.
    pub(super) id: Option<ObjectId>,
    pub(super) host: String,
    pub(super) path: String,
}

impl Ask {
    pub(super) fn new(id: Option<ObjectId>, host: &str, path: &str) -> Self {
        Self {
            id,
            host: host.to_owned(),
            path: path.to_owned(),
        }
    }
}

/// The fetches that are under way.
#[derive(Default)]
pub(super) struct Flights {
    /// With the id that the file has to have.
    by_name: HashMap<Arc<str>, (Option<ObjectId>, watch::Receiver<Progress>)>,
    by_id: HashMap<ObjectId, watch::Receiver<Progress>>,
}

impl Flights {
    /// A fetch that brings what is asked for.
    fn find(&self, name: &str, id: Option<&ObjectId>) -> Option<&watch::Receiver<Progress>> {
        let by_name = self.by_name.get(name).filter(|(brings, _)| {
            // One that does not look for this id could bring anything.
            id.is_none_or(|id| brings.as_ref() == Some(id))
        });
        by_name.map(|(_, progress)| progress).or_else(|| self.by_id.get(id?))
    }

    fn add(&mut self, name: &Arc<str>, id: Option<ObjectId>, progress: &watch::Receiver<Progress>) {
        self.by_name
            .entry(Arc::clone(name))
            .or_insert_with(|| (id, progress.clone()));
        if let Some(id) = id {
            self.by_id.entry(id).or_insert_with(|| progress.clone());
        }
    }

    fn remove(&mut self, name: &Arc<str>, id: Option<&ObjectId>, progress: &watch::Receiver<Progress>) {
        if self
            .by_name
            .get(name)
            .is_some_and(|(_, found)| found.same_channel(progress))
        {
            self.by_name.remove(name);
        }
        if let Some(id) = id
            && self.by_id.get(id).is_some_and(|found| found.same_channel(progress))
        {
            self.by_id.remove(id);
        }
    }
}

/// Ends a fetch in any case, even when the task panics or is dropped with its runtime.
struct Landing {
    shared: Arc<Shared>,
    name: Arc<str>,
    id: Option<ObjectId>,
    progress: watch::Sender<Progress>,
    result: Result<Blob, ContentError>,
}

impl Landing {
    fn land(mut self, result: Result<Blob, ContentError>) {
        self.result = result;
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        // First it leaves the list: who hears of a failure and asks again must not be given the same failure.
        flights(&self.shared).remove(&self.name, self.id.as_ref(), &self.progress.subscribe());
        let stage = match &self.result {
            Ok(blob) => Stage::Whole(blob.clone()),
            Err(error) => Stage::Failed(error.clone()),
        };
        self.progress.send_modify(|progress| progress.stage = stage);
    }
}

pub(super) fn begin<F, Fut>(shared: &Arc<Shared>, name: Arc<str>, ask: Ask, fetch: F) -> Arrival
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<BlobStream, ContentError>> + Send + 'static,
{
    let mut flights = flights(shared);
    if let Some(progress) = flights.find(&name, ask.id.as_ref()) {
        return Arrival::coming(progress.clone());
    }
    // A fetch leaves the list only when the file is in memory; so one that ended just now is not begun again.
    if let Some(blob) = ask.id.and_then(|id| shared.memory.get(&id)) {
        return blob.into();
    }
    let (sender, receiver) = watch::channel(Progress::asked());
    flights.add(&name, ask.id, &receiver);
    drop(flights);
    let landing = Landing {
        shared: Arc::clone(shared),
        name,
        id: ask.id,
        progress: sender,
        result: Err(ContentError::Internal("the fetch of a file was given up")),
    };
    let task = async move {
        let result = bring(&landing, &ask, fetch).await;
        landing.land(result);
    };
    drop(tokio::spawn(task.in_current_span()));
    Arrival::coming(receiver)
}

async fn bring<F, Fut>(landing: &Landing, ask: &Ask, fetch: F) -> Result<Blob, ContentError>
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<BlobStream, ContentError>> + Send + 'static,
{
    // It may be on disk, which nobody could look at without waiting.
    if let Some(id) = &ask.id
        && let Some(blob) = Blobs(Arc::clone(&landing.shared)).find(id).await
    {
        return Ok(blob);
    }
    intake::fetch(&landing.shared, ask, &landing.progress, fetch().await?).await
}

fn flights(shared: &Shared) -> MutexGuard<'_, Flights> {
    // A list of what is under way is whole after each of its steps.
    shared.flights.lock().unwrap_or_else(PoisonError::into_inner)
}
