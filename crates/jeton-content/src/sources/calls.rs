//! The calls that a way makes, each in the same loop.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use jeton_domain::{FilePath, ObjectId, RefName};
use jeton_forge::content::{
    BlobStream, CommitPage, CommitsAsk, ContentForge, ListAsk, Listed, NameKind, Opened, Place, Resolved, Told,
};
use jeton_outbound::OutboundError;

use super::{SourceKey, gate::Permit};

/// What was answered before, and to whom: the forges tell by it whether anything is new, and some for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// To whom.
    pub(crate) source: SourceKey,
    /// The mark of the answer.
    pub(crate) etag: String,
}

/// What a call looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    /// The repository.
    Repository,
    /// A name in it.
    Name,
    /// Something in one of its commits.
    Thing,
}

/// One call to a forge, whoever makes it.
#[async_trait]
pub(super) trait Call: Sync {
    type Output: Send;

    /// Makes it as one source.
    async fn make(&self, forge: &dyn ContentForge, at: &Place<'_>, source: &SourceKey) -> Told<Self::Output>;

    /// What is not there when the forge says so.
    fn asks_for(&self) -> Sought {
        Sought::Thing
    }

    /// Whether an answer shows that the source reads the repository. What a forge's client can answer by itself does not.
    fn shows(&self) -> bool {
        true
    }

    /// Who should be asked if they can be.
    fn prefers(&self) -> Option<&SourceKey> {
        None
    }

    /// Whether an answer cost nothing of the limit.
    fn was_free(&self, _answer: &Self::Output) -> bool {
        false
    }
}

#[derive(Default)]
pub(super) struct Resolve<'a> {
    pub(super) name: Option<&'a RefName>,
    pub(super) known: Option<&'a Known>,
    /// Whether the forge counts what is not new.
    pub(super) unchanged_is_free: bool,
}

#[async_trait]
impl Call for Resolve<'_> {
    type Output = Resolved;

    async fn make(&self, forge: &dyn ContentForge, at: &Place<'_>, source: &SourceKey) -> Told<Resolved> {
        let known = self.known.filter(|known| known.source == *source);
        forge
            .resolve(at, self.name, known.map(|known| known.etag.as_str()))
            .await
    }

    fn asks_for(&self) -> Sought {
        self.name.map_or(Sought::Repository, |_| Sought::Name)
    }

    fn prefers(&self) -> Option<&SourceKey> {
        self.known.map(|known| &known.source)
    }

    fn was_free(&self, answer: &Resolved) -> bool {
        self.unchanged_is_free && *answer == Resolved::Unchanged
    }
}

pub(super) struct KindOf<'a>(pub(super) &'a RefName);

#[async_trait]
impl Call for KindOf<'_> {
    type Output = NameKind;

    async fn make(&self, forge: &dyn ContentForge, at: &Place<'_>, _source: &SourceKey) -> Told<NameKind> {
        forge.name_kind(at, self.0).await
    }

    /// A name in full says itself what it is.
    fn shows(&self) -> bool {
        false
    }
}

pub(super) struct Open<'a> {
    pub(super) commit: &'a ObjectId,
    pub(super) path: &'a FilePath,
}

#[async_trait]
impl Call for Open<'_> {
    type Output = Opened;

    async fn make(&self, forge: &dyn ContentForge, at: &Place<'_>, _source: &SourceKey) -> Told<Opened> {
        forge.open(at, self.commit, self.path).await
    }

    /// Each commit has a root.
    fn shows(&self) -> bool {
        !self.path.is_root()
    }
}

pub(super) struct Bring<'a> {
    pub(super) commit: &'a ObjectId,
    pub(super) path: &'a FilePath,
    pub(super) id: Option<&'a ObjectId>,
}

#[async_trait]
impl Call for Bring<'_> {
    type Output = BlobStream;

    async fn make(&self, forge: &dyn ContentForge, at: &Place<'_>, _source: &SourceKey) -> Told<BlobStream> {
        forge.blob(at, self.commit, self.path, self.id).await
    }
}

pub(super) struct List<'a>(pub(super) &'a ListAsk<'a>);

#[async_trait]
impl Call for List<'_> {
    type Output = Listed;

    async fn make(&self, forge: &dyn ContentForge, at: &Place<'_>, _source: &SourceKey) -> Told<Listed> {
        forge.list(at, self.0).await
    }
}

pub(super) struct History<'a>(pub(super) &'a CommitsAsk<'a>);

#[async_trait]
impl Call for History<'_> {
    type Output = CommitPage;

    async fn make(&self, forge: &dyn ContentForge, at: &Place<'_>, _source: &SourceKey) -> Told<CommitPage> {
        forge.commits(at, self.0).await
    }
}

/// A file on its way: its call is not over before it is here, or nobody wants it any more.
struct Holding {
    bytes: Pin<Box<dyn Stream<Item = Result<Bytes, OutboundError>> + Send>>,
    permit: Option<Permit>,
}

impl Stream for Holding {
    type Item = Result<Bytes, OutboundError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.permit.is_none() {
            return Poll::Ready(None);
        }
        let polled = self.bytes.as_mut().poll_next(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.permit = None;
        }
        polled
    }
}

/// Holds a call's permit until its stream ends.
pub(super) fn holding(stream: BlobStream, permit: Permit) -> BlobStream {
    BlobStream {
        size: stream.size,
        bytes: Box::pin(Holding {
            bytes: stream.bytes,
            permit: Some(permit),
        }),
    }
}
