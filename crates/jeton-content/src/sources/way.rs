//! One repository for one caller.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use jeton_broker::{Asker, Broker};
use jeton_domain::{
    Clock, Credential, Diagnosis, FilePath, Fingerprint, ForgeEndpoint, ForgeKind, IdentityKey, ObjectId, RefName,
    RepoPath,
};
use jeton_forge::content::{
    BlobStream, Body, CommitPage, CommitsAsk, ContentForges, ListAsk, Listed, NameKind, Opened, Resolved,
};
use jiff::{SignedDuration, Timestamp};

use super::{
    Failed, KEPT, Known, Shared, SourceKey,
    calls::{Bring, History, KindOf, List, Open, Resolve, holding},
    gate::GateKey,
    source::{Means, Source},
};
use crate::{ContentError, ContentSettings};

/// Nobody has answered yet.
const NOBODY: usize = usize::MAX;

/// Who may be asked about one repository for one caller, or for the command line alone.
#[derive(Debug)]
pub(crate) struct Way {
    pub(super) shared: Arc<Shared>,
    /// `None` for the command line alone, where no policy is asked.
    pub(super) granted: Option<Granted>,
    /// For whom turns are taken.
    pub(super) who: IdentityKey,
    pub(super) endpoint: Arc<str>,
    pub(super) key: Arc<str>,
    /// Where all of its sources read.
    pub(super) forge: ForgeEndpoint,
    pub(super) repository: RepoPath,
    pub(super) sources: Vec<Source>,
    /// What is wrong with those that were not even taken in.
    pub(super) broken: Vec<Diagnosis>,
    pub(super) last: AtomicUsize,
}

/// By what it is granted to whom.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) broker: Broker,
    pub(super) asker: Asker,
    pub(super) made_at: Timestamp,
    pub(super) generation: u64,
    /// Whether the policies would say the same again.
    pub(super) stable: bool,
}

/// Whether content of the repository may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// It may.
    Fresh,
    /// It may, and it should be looked at again whether it is so.
    Due,
    /// Not before somebody was seen to read it.
    Missing,
}

impl Way {
    /// With one credential, if any, and then as nobody; no policy is asked.
    ///
    /// # Errors
    /// When the credential is another forge's.
    pub(crate) fn alone(
        forges: ContentForges,
        forge: ForgeEndpoint,
        repository: RepoPath,
        credential: Option<Credential>,
        clock: Arc<dyn Clock>,
        settings: Arc<ContentSettings>,
    ) -> Result<Arc<Self>, ContentError> {
        let shared = Arc::new(Shared::new(Arc::new(forges), clock, settings));
        Self::alone_with(shared, forge, repository, credential)
    }

    pub(super) fn alone_with(
        shared: Arc<Shared>,
        forge: ForgeEndpoint,
        repository: RepoPath,
        credential: Option<Credential>,
    ) -> Result<Arc<Self>, ContentError> {
        if credential.as_ref().is_some_and(|one| !is_same(&one.forge, &forge)) {
            return Err(ContentError::Internal(
                "a credential is for another forge than the one that is read",
            ));
        }
        if repository.forge() != forge.kind() {
            return Err(ContentError::Internal(
                "a repository is of another kind of forge than the one that is read",
            ));
        }
        let mut way = Self::new(shared, None, IdentityKey::Operator, forge, repository);
        if let Some(credential) = credential {
            let fingerprint = Fingerprint::of(&credential.token);
            let key = SourceKey::Given(fingerprint.clone());
            let gate = GateKey::Token(Arc::clone(&way.endpoint), fingerprint);
            way.add("environment", key, gate, Means::Given(Arc::new(credential)), None);
        }
        way.add_anonymous(None);
        Ok(Arc::new(way))
    }

    pub(super) fn new(
        shared: Arc<Shared>,
        granted: Option<Granted>,
        who: IdentityKey,
        forge: ForgeEndpoint,
        repository: RepoPath,
    ) -> Self {
        let endpoint = endpoint_key(&forge);
        Self {
            shared,
            granted,
            who,
            // Case is folded as policies fold it: a letter that is one of ASCII in lower case alone, such as the sign of Kelvin, is none.
            key: format!("{endpoint} {}", repository.to_string().to_ascii_lowercase()).into(),
            endpoint,
            forge,
            repository,
            sources: Vec::new(),
            broken: Vec::new(),
            last: AtomicUsize::new(NOBODY),
        }
    }

    pub(super) fn add(&mut self, name: &str, key: SourceKey, gate: GateKey, means: Means, rule: Option<Arc<str>>) {
        self.sources.push(Source {
            name: name.into(),
            gate: self.shared.gates.of(gate, self.forge.host()),
            sight: self.shared.sights.of(&self.key, &key),
            key,
            forge: self.forge.clone(),
            means,
            rule,
            is_noted: false.into(),
        });
    }

    pub(super) fn add_anonymous(&mut self, rule: Option<Arc<str>>) {
        let gate = GateKey::Anonymous(Arc::clone(&self.endpoint));
        self.add("anonymous", SourceKey::Anonymous, gate, Means::Nobody, rule);
    }

    /// Which forge it is: what programs call, not what people see. Under one host anybody may have pages of their own, and name one of
    /// them as the address of a forge: what it says counts for itself alone.
    pub(crate) fn endpoint_key(&self) -> &Arc<str> {
        &self.endpoint
    }

    /// The endpoint's key and `owner/name` in lower case: what is known of a repository is kept under it.
    pub(crate) fn key(&self) -> &Arc<str> {
        &self.key
    }

    /// The forge's host.
    pub(crate) fn host(&self) -> &str {
        self.forge.host()
    }

    /// The kind of forge.
    pub(crate) fn kind(&self) -> ForgeKind {
        self.forge.kind()
    }

    /// The repository.
    pub(crate) fn repository(&self) -> &RepoPath {
        &self.repository
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// For how long a branch or tag is taken to stand where it was seen.
    pub(crate) fn ref_fresh(&self) -> SignedDuration {
        self.shared.settings.ref_fresh
    }

    /// Who answered last, or would be asked first.
    pub(crate) fn source(&self) -> Arc<str> {
        let last = self.sources.get(self.last.load(Ordering::Relaxed));
        let source = last.or_else(|| {
            let now = self.now();
            let ranked = self.sources.iter().enumerate();
            ranked
                .min_by_key(|(index, source)| source.rank(*index, now))
                .map(|(_, source)| source)
        });
        source.map_or_else(|| Arc::from("nobody"), |source| Arc::clone(&source.name))
    }

    pub(super) fn answered(&self, index: usize) {
        self.last.store(index, Ordering::Relaxed);
        self.note_read(index);
    }

    /// Whether somebody who may be asked was seen to read the repository lately.
    pub(crate) fn right(&self, now: Timestamp) -> Right {
        let settings = &self.shared.settings;
        let seen = self.sources.iter().enumerate();
        let latest = seen.filter_map(|(index, source)| Some((source.age(now)?, index))).min();
        let Some((age, index)) = latest.filter(|(age, _)| *age <= settings.right_lasts) else {
            return Right::Missing;
        };
        self.note_read(index);
        if age <= settings.right_fresh {
            Right::Fresh
        } else {
            Right::Due
        }
    }

    /// How long ago somebody who may be asked was last seen to read the repository.
    pub(crate) fn seen_age(&self, now: Timestamp) -> Option<SignedDuration> {
        self.sources.iter().filter_map(|source| source.age(now)).min()
    }

    /// Whether the same may be shown to the same caller once more, without looking at anything else.
    pub(crate) fn is_current(&self, now: Timestamp) -> bool {
        let is_granted = self.granted.as_ref().is_none_or(|granted| {
            granted.stable
                && now.duration_since(granted.made_at).abs() < KEPT
                && granted.generation == granted.broker.access().policy_generation()
        });
        is_granted && self.right(now) == Right::Fresh
    }

    /// Whether the policies would say the same again.
    pub(super) fn is_stable(&self) -> bool {
        self.granted.as_ref().is_none_or(|granted| granted.stable)
    }

    fn note_read(&self, index: usize) {
        let (Some(granted), Some(source)) = (&self.granted, self.sources.get(index)) else {
            return;
        };
        if source.take_note() {
            let (notes, caller) = (&self.shared.notes, &granted.asker.caller);
            let repository = self.repository.to_string();
            notes.read(&granted.broker, caller, (&self.key, &repository), source, self.now());
        }
    }

    /// What a name means now, and who said so.
    pub(crate) async fn resolve(
        &self,
        name: Option<&RefName>,
        known: Option<&Known>,
    ) -> Result<(Resolved, SourceKey), Failed> {
        let call = Resolve {
            name,
            known,
            // https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
            unchanged_is_free: self.kind() == ForgeKind::GitHub,
        };
        let got = self.ask(&call).await?;
        let source = got.source.key.clone();
        if got.value == Resolved::Unchanged && known.is_none_or(|known| known.source != source) {
            return Err(Failed::Other(ContentError::Internal(
                "a forge says `unchanged` to who knows nothing",
            )));
        }
        Ok((got.value, source))
    }

    /// Whether branches, tags or both have this name.
    pub(crate) async fn name_kind(&self, name: &RefName) -> Result<NameKind, Failed> {
        Ok(self.ask(&KindOf(name)).await?.value)
    }

    /// What lies in one place of a commit.
    pub(crate) async fn open(&self, commit: &ObjectId, path: &FilePath) -> Result<Opened, Failed> {
        let got = self.ask(&Open { commit, path }).await?;
        let Opened { entry, body } = got.value;
        let body = match body {
            Body::Coming(stream) => Body::Coming(holding(stream, got.permit)),
            body @ (Body::Here(_) | Body::Apart) => body,
        };
        Ok(Opened { entry, body })
    }

    /// Brings a file. It counts as a call until its last byte is here, or nobody wants it any more.
    pub(crate) async fn blob(
        &self,
        commit: &ObjectId,
        path: &FilePath,
        id: Option<&ObjectId>,
    ) -> Result<BlobStream, Failed> {
        let got = self.ask(&Bring { commit, path, id }).await?;
        Ok(holding(got.value, got.permit))
    }

    /// A page of a listing.
    pub(crate) async fn list(&self, ask: &ListAsk<'_>) -> Result<Listed, Failed> {
        Ok(self.ask(&List(ask)).await?.value)
    }

    /// A page of the history.
    pub(crate) async fn commits(&self, ask: &CommitsAsk<'_>) -> Result<CommitPage, Failed> {
        Ok(self.ask(&History(ask)).await?.value)
    }
}

impl Way {
    /// What to ask for a block of any history with; see
    /// [`ContentForge::history_page`](jeton_forge::content::ContentForge::history_page).
    pub(crate) fn history_page(&self, number: usize) -> Option<String> {
        self.shared.forges.of(self.forge.kind()).history_page(number)
    }
}

/// The kind and the URL that programs call, whose host is in lower case; what follows it may be another thing in another case.
fn endpoint_key(forge: &ForgeEndpoint) -> Arc<str> {
    format!("{} {}", forge.kind().as_str(), forge.api_url()).into()
}

/// Whether two are one, wherever people see it.
pub(super) fn is_same(one: &ForgeEndpoint, other: &ForgeEndpoint) -> bool {
    one.kind() == other.kind() && one.api_url() == other.api_url()
}
