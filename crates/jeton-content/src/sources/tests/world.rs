//! A forge that says what it is told to, and ways to it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use jeton_domain::{
    Clock, Code, Credential, CredentialKind, Diagnosis, FilePath, Fingerprint, ForgeEndpoint, ForgeKind, IdentityKey,
    ObjectId, Pause, Quota, RefName, RepoPath, Secret,
};
use jeton_forge::content::{
    BlobStream, Body, CommitPage, CommitsAsk, ContentForge, Entry, EntryKind, ListAsk, Listed, NameKind, Opened, Place,
    ReadError, Resolved, Told,
};
use jiff::{SignedDuration, Timestamp};

use crate::sources::{
    Failed, Forges, Shared, SourceKey, Way,
    gate::{GateKey, Gates},
    source::Means,
};
use crate::{ContentError, ContentSettings};

pub(super) type Say = Result<(), ReadError>;

/// What the forge says to each token; `-` for nobody.
#[derive(Debug, Default)]
struct Script {
    repository: HashMap<String, Say>,
    thing: HashMap<String, Say>,
    quota: HashMap<String, Quota>,
    /// Who was asked for what, with which mark.
    calls: Vec<String>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Fake(Arc<Mutex<Script>>);

impl Fake {
    pub(super) fn say(&self, who: &str, say: Say) {
        self.0.lock().unwrap().repository.insert(who.to_owned(), say);
    }

    pub(super) fn say_of_thing(&self, who: &str, say: Say) {
        self.0.lock().unwrap().thing.insert(who.to_owned(), say);
    }

    pub(super) fn left(&self, who: &str, remaining: u64) {
        let quota = Quota {
            limit: 100,
            remaining,
            resets_at: Some(Timestamp::UNIX_EPOCH + SignedDuration::from_mins(40)),
        };
        self.0.lock().unwrap().quota.insert(who.to_owned(), quota);
    }

    pub(super) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }

    fn answer<T>(&self, at: &Place<'_>, what: &str, is_thing: bool, value: T) -> Told<T> {
        let who = at.credential.map_or("-", |one| one.token.expose()).to_owned();
        let mut script = self.0.lock().unwrap();
        script.calls.push(format!("{who} {what}"));
        let say = if is_thing { script.thing.get(&who) } else { None };
        let say = say.or_else(|| script.repository.get(&who)).cloned().unwrap_or(Ok(()));
        Told {
            answer: say.map(|()| value),
            quota: script.quota.get(&who).copied(),
        }
    }
}

impl Forges for Fake {
    fn of(&self, _kind: ForgeKind) -> &dyn ContentForge {
        self
    }
}

#[async_trait]
impl ContentForge for Fake {
    async fn resolve(&self, at: &Place<'_>, name: Option<&RefName>, known: Option<&str>) -> Told<Resolved> {
        let what = match (name, known) {
            (None, None) => "repository".to_owned(),
            (Some(name), None) => format!("ref {name}"),
            (_, Some(etag)) => format!("if not {etag}"),
        };
        let answer = Resolved::At {
            commit: commit(),
            tree: None,
            etag: Some("mark".to_owned()),
            default_branch: None,
        };
        self.answer(at, &what, name.is_some(), known.map_or(answer, |_| Resolved::Unchanged))
    }

    async fn name_kind(&self, at: &Place<'_>, name: &RefName) -> Told<NameKind> {
        self.answer(at, &format!("kind {name}"), true, NameKind::Branch)
    }

    async fn open(&self, at: &Place<'_>, _: &ObjectId, path: &FilePath) -> Told<Opened> {
        let entry = Entry {
            path: path.clone(),
            kind: EntryKind::Directory,
            id: None,
            size: None,
        };
        let body = Body::Apart;
        self.answer(at, "open", true, Opened { entry, body })
    }

    async fn blob(&self, at: &Place<'_>, _: &ObjectId, _: &FilePath, _: Option<&ObjectId>) -> Told<BlobStream> {
        let pieces = [Bytes::from_static(b"a"), Bytes::from_static(b"b")].map(Ok);
        let stream = BlobStream {
            size: None,
            bytes: Box::pin(futures_util::stream::iter(pieces)),
        };
        self.answer(at, "blob", true, stream)
    }

    async fn list(&self, at: &Place<'_>, _: &ListAsk<'_>) -> Told<Listed> {
        let listed = Listed {
            entries: Vec::new(),
            next: None,
            cut: false,
        };
        self.answer(at, "list", true, listed)
    }

    async fn commits(&self, _: &Place<'_>, _: &CommitsAsk<'_>) -> Told<CommitPage> {
        unreachable!("no test reads the history")
    }
}

#[derive(Debug, Default)]
pub(in crate::sources) struct SetClock(Mutex<SignedDuration>);

impl SetClock {
    pub(in crate::sources) fn forward(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + *self.0.lock().unwrap()
    }

    fn sleep(&self, _: Duration) -> Pause<'_> {
        Box::pin(std::future::ready(()))
    }
}

pub(super) struct World {
    pub(super) fake: Fake,
    pub(super) clock: Arc<SetClock>,
    pub(super) shared: Arc<Shared>,
    pub(super) way: Way,
}

/// A way over tokens with these texts, and then nobody.
pub(super) fn world(tokens: &[&str]) -> World {
    patient_world(tokens, Duration::from_mins(1))
}

/// The same, where nobody waits for longer than this.
pub(super) fn patient_world(tokens: &[&str], patience: Duration) -> World {
    let (fake, clock) = (Fake::default(), Arc::new(SetClock::default()));
    let settings = ContentSettings {
        calls_per_source: 1,
        ..ContentSettings::new(None)
    };
    let mut shared = Shared::new(
        Arc::new(fake.clone()),
        Arc::clone(&clock) as Arc<dyn Clock>,
        Arc::new(settings),
    );
    shared.gates = Gates::new(1, patience);
    let shared = Arc::new(shared);
    let way = way(&shared, 0, tokens);
    World {
        fake,
        clock,
        shared,
        way,
    }
}

pub(super) fn way(shared: &Arc<Shared>, who: u32, tokens: &[&str]) -> Way {
    let forge = ForgeEndpoint::github_com();
    let path = RepoPath::parse(ForgeKind::GitHub, "Acme/App").unwrap();
    let mut way = Way::new(Arc::clone(shared), None, IdentityKey::Unix(who), forge.clone(), path);
    for token in tokens {
        let secret = Secret::new(*token);
        let fingerprint = Fingerprint::of(&secret);
        let credential = Credential {
            kind: CredentialKind::GitHubClassic,
            forge: forge.clone(),
            token: secret,
            username: None,
            email: None,
        };
        let gate = GateKey::Token(Arc::clone(&way.endpoint), fingerprint.clone());
        let means = Means::Given(Arc::new(credential));
        way.add(
            &format!("account:{token}"),
            SourceKey::Given(fingerprint),
            gate,
            means,
            None,
        );
    }
    way.add_anonymous(None);
    way
}

pub(super) fn key_of(token: &str) -> SourceKey {
    SourceKey::Given(Fingerprint::of(&Secret::new(token)))
}

pub(super) fn commit() -> ObjectId {
    ObjectId::sha1([7; 20])
}

pub(super) fn main_branch() -> RefName {
    RefName::parse("main").unwrap()
}

pub(super) fn said(code: Code) -> Diagnosis {
    Diagnosis {
        code,
        cause: format!("the forge says {}", code.as_str()),
        remedy: "see to it".to_owned(),
        url: None,
        retry_at: None,
    }
}

pub(super) fn not_found() -> Say {
    Err(ReadError::NotFound(said(Code::ContentRepositoryNotFound).into()))
}

pub(super) fn unauthorized() -> Say {
    Err(ReadError::Unauthorized(said(Code::CredentialInvalid).into()))
}

pub(super) fn limited(minutes: i64, object_only: bool) -> Say {
    Err(ReadError::Limited {
        until: Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes),
        object_only,
        diagnosis: said(Code::ForgeRateLimited).into(),
    })
}

pub(super) fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

impl World {
    pub(super) async fn resolve(&self) -> Result<SourceKey, Failed> {
        self.way.resolve(None, None).await.map(|(_, source)| source)
    }

    pub(super) async fn list(&self) -> Result<Listed, Failed> {
        let (commit, directory) = (commit(), FilePath::root());
        let ask = ListAsk {
            commit: &commit,
            directory: &directory,
            tree: None,
            deep: false,
            page: None,
        };
        self.way.list(&ask).await
    }
}

pub(super) fn other(failed: Failed) -> ContentError {
    match failed {
        Failed::Other(error) => error,
        failed => panic!("{failed:?}"),
    }
}
