//! Who may be asked for a caller: which credentials, in which order, how often, and what they were seen to read.

mod ask;
mod calls;
mod counts;
mod error;
mod find;
mod gate;
mod hand;
mod held;
mod hosts;
mod keep;
mod notes;
mod shares;
mod sight;
mod source;
mod turns;
mod way;
mod words;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use jeton_broker::{Asker, Broker};
use jeton_domain::{Clock, ForgeKind};
use jeton_forge::content::{ContentForge, ContentForges};
use jiff::SignedDuration;

pub(crate) use self::{
    calls::Known,
    error::Failed,
    hosts::NamedForge,
    source::SourceKey,
    way::{Right, Way},
};
use self::{gate::Gates, hosts::KnownHosts, keep::Kept, notes::Notes, sight::Sights};
use crate::{ContentError, ContentSettings};

/// For how long it is not asked again who may read: an account that was removed, switched off or replaced is used no longer than this.
const KEPT: SignedDuration = SignedDuration::from_secs(5);

/// Who may be asked for whom. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sources(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    broker: Broker,
    kept: Arc<Kept>,
    hosts: KnownHosts,
}

/// What all ways have together.
struct Shared {
    forges: Arc<dyn Forges>,
    clock: Arc<dyn Clock>,
    settings: Arc<ContentSettings>,
    gates: Gates,
    sights: Sights,
    notes: Notes,
}

/// The clients of the forges.
trait Forges: Send + Sync {
    /// The one of a kind.
    fn of(&self, kind: ForgeKind) -> &dyn ContentForge;
}

impl Forges for ContentForges {
    fn of(&self, kind: ForgeKind) -> &dyn ContentForge {
        self.of(kind)
    }
}

impl Shared {
    fn new(forges: Arc<dyn Forges>, clock: Arc<dyn Clock>, settings: Arc<ContentSettings>) -> Self {
        Self {
            forges,
            clock,
            gates: Gates::new(settings.calls_per_source, gate::PATIENCE),
            sights: Sights::default(),
            notes: Notes::default(),
            settings,
        }
    }
}

impl Sources {
    pub(crate) fn new(
        broker: Broker,
        forges: ContentForges,
        clock: Arc<dyn Clock>,
        settings: Arc<ContentSettings>,
    ) -> Self {
        Self(Arc::new(Inner {
            shared: Arc::new(Shared::new(Arc::new(forges), clock, settings)),
            broker,
            kept: Arc::default(),
            hosts: KnownHosts::default(),
        }))
    }

    /// Who may be asked for this caller. Policies decide before anything else is looked at; what they decided is kept for
    /// [`KEPT`], while they stay as they are.
    ///
    /// # Errors
    /// That no policy allows it, that no such forge is known here, or what the vault said.
    pub(crate) async fn way(&self, asker: &Asker, forge: &str, repository: &str) -> Result<Arc<Way>, ContentError> {
        if let Some(way) = self.way_now(asker, forge, repository) {
            return Ok(way);
        }
        let inner = &self.0;
        let (now, generation) = (inner.shared.clock.now(), inner.broker.access().policy_generation());
        let Some(place) = inner.kept.place(&asker.caller, forge, repository, generation, now) else {
            return Ok(Arc::new(self.find(asker, forge, repository).await?));
        };
        inner.kept.clear_later(&inner.shared.clock);
        let found = place
            .get_or_try_init(|| async { self.find(asker, forge, repository).await.map(Arc::new) })
            .await?;
        Ok(Arc::clone(found))
    }

    /// What [`Sources::way`] has kept for this caller. Waits for nothing.
    pub(crate) fn way_now(&self, asker: &Asker, forge: &str, repository: &str) -> Option<Arc<Way>> {
        let inner = &self.0;
        let (now, generation) = (inner.shared.clock.now(), inner.broker.access().policy_generation());
        inner.kept.find(&asker.caller, forge, repository, generation, now)
    }

    /// Which forge is meant by its kind or host, as far as is known without asking the database.
    pub(crate) fn host_of(&self, forge: &str) -> NamedForge {
        self.0.hosts.named(forge, &self.0.broker)
    }

    /// The host that the compatible routes read from.
    ///
    /// # Errors
    /// When there are several forges, and none of them is github.com.
    pub(crate) fn compat_host(&self) -> Result<String, ContentError> {
        self.0
            .hosts
            .compatible(self.0.shared.settings.compat_forge.as_deref(), &self.0.broker)
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
