use std::{fmt, pin::Pin};

use bytes::Bytes;
use futures_util::Stream;
use jeton_domain::{Credential, Diagnosis, FilePath, ForgeEndpoint, ObjectId, Quota, RepoPath};
use jeton_outbound::OutboundError;
use jiff::{Timestamp, Zoned};

/// Where to read, and as whom.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The forge.
    pub forge: &'a ForgeEndpoint,
    /// The repository.
    pub repository: &'a RepoPath,
    /// As whom; as nobody, which is enough for what is public.
    pub credential: Option<&'a Credential>,
    /// The time, for limits.
    pub now: Timestamp,
}

/// An answer, and what it said of the credential's limit.
#[derive(Debug)]
pub struct Told<T> {
    /// The answer.
    pub answer: Result<T, ReadError>,
    /// What is left, where the forge says so.
    pub quota: Option<Quota>,
}

/// Why there is no answer. Each holds a diagnosis in words for people: cause and remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// 404: it is not there, or the credential may not see it, which the forges do not tell apart. Of `resolve`: the repository
    /// or the name; of all others, what was asked for in a commit that is there.
    #[error("{}", .0.cause)]
    NotFound(Box<Diagnosis>),
    /// The repository is there, and the name means nothing in it (where the forge tells that apart).
    #[error("{}", .0.cause)]
    NoSuchName(Box<Diagnosis>),
    /// 401: the credential is dead or wrong, whatever is asked for.
    #[error("{}", .0.cause)]
    Unauthorized(Box<Diagnosis>),
    /// 403 and the like: this credential may not read this repository.
    #[error("{}", .0.cause)]
    Forbidden(Box<Diagnosis>),
    /// A limit. For the whole credential, unless it is about this object alone (GitLab limits large blobs).
    #[error("{}", .diagnosis.cause)]
    Limited {
        /// When it is worth trying again.
        until: Timestamp,
        /// Whether only this object is limited.
        object_only: bool,
        /// In words.
        diagnosis: Box<Diagnosis>,
    },
    /// Not reached, cut, too slow, or 5xx.
    #[error("{}", .0.cause)]
    Down(Box<Diagnosis>),
    /// The answer is not what the forge's documentation promises.
    #[error("{}", .0.cause)]
    Garbled(Box<Diagnosis>),
    /// The repository has no commit.
    #[error("the repository has no commit yet")]
    Empty,
    /// Larger than the forge gives.
    #[error("the forge gives no file of more than {limit} bytes")]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// The repository has another name now.
    #[error("the repository has moved")]
    Moved {
        /// Its new `owner/name`, where the forge tells.
        to: Option<String>,
    },
}

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// The same as before.
    Unchanged,
    /// This commit.
    At {
        /// The commit.
        commit: ObjectId,
        /// Its tree, where the forge says so in the same answer.
        tree: Option<ObjectId>,
        /// By which to ask next time.
        etag: Option<String>,
        /// The default branch, where the forge says so in the same answer.
        default_branch: Option<String>,
    },
}

/// What has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// A branch.
    Branch,
    /// A tag.
    Tag,
    /// A branch and a tag, of different commits.
    Both,
    /// Neither: the beginning of a commit's id, or nothing.
    Neither,
}

/// What lies in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryKind {
    /// A file.
    File,
    /// A file that may be run.
    Executable,
    /// A symbolic link; its content is where it leads.
    Symlink,
    /// A directory.
    Directory,
    /// A commit of another repository.
    Submodule,
}

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From the root of the repository.
    pub path: FilePath,
    /// What it is.
    pub kind: EntryKind,
    /// The blob, the tree, or the submodule's commit, where the forge says it (Bitbucket does not).
    pub id: Option<ObjectId>,
    /// In bytes, of files, where the forge says it.
    pub size: Option<u64>,
}

/// A file on its way. Ends with an error when the connection is cut or too slow, never quietly early where the length is known.
pub struct BlobStream {
    /// In bytes, where the forge says it before.
    pub size: Option<u64>,
    /// The bytes as they are in the repository.
    pub bytes: Pin<Box<dyn Stream<Item = Result<Bytes, OutboundError>> + Send>>,
}

impl fmt::Debug for BlobStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobStream")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// The bytes of a file that was opened.
#[derive(Debug)]
pub enum Body {
    /// They came in the same answer.
    Here(Bytes),
    /// They are on their way in the same answer.
    Coming(BlobStream),
    /// They have to be asked for with [`ContentForge::blob`](super::ContentForge::blob).
    Apart,
}

/// What was found in one place.
#[derive(Debug)]
pub struct Opened {
    /// What it is. Where the forge has followed a symbolic link by itself, what it led to, with its path.
    pub entry: Entry,
    /// Its bytes, of a file or a link.
    pub body: Body,
}

/// Which listing.
#[derive(Debug, Clone, Copy)]
pub struct ListAsk<'a> {
    /// Of this commit.
    pub commit: &'a ObjectId,
    /// The directory.
    pub directory: &'a FilePath,
    /// Its tree, where it is known: GitHub is asked by it, for the root by the commit. GitHub cannot list a directory below the
    /// root whose tree is not known.
    pub tree: Option<&'a ObjectId>,
    /// Whether with all that lies below.
    pub deep: bool,
    /// [`Listed::next`] of the page before.
    pub page: Option<&'a str>,
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// In the forge's order, each with its path from the root of the repository.
    pub entries: Vec<Entry>,
    /// What to ask for the next page with; opaque. `None` on the last.
    pub next: Option<String>,
    /// Whether the forge left some out for their number (GitHub beyond 100,000 entries or 7 MB): then the directories have to be
    /// listed one by one.
    pub cut: bool,
}

/// Which part of the history.
#[derive(Debug, Clone, Copy)]
pub struct CommitsAsk<'a> {
    /// From this commit backwards.
    pub from: &'a ObjectId,
    /// Only commits that changed this place; all for the root.
    pub path: &'a FilePath,
    /// Only from then on, by the committer's date. Bitbucket cannot filter: it gives all, and the caller does.
    pub since: Option<Timestamp>,
    /// Only up to then.
    pub until: Option<Timestamp>,
    /// [`CommitPage::next`] of the page before.
    pub page: Option<&'a str>,
}

/// Who made a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name as the commit has it.
    pub name: String,
    /// Their e-mail address as the commit has it.
    pub email: String,
    /// When, in the zone that the commit has where the forge keeps it.
    pub at: Zoned,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: ObjectId,
    /// The whole message.
    pub message: String,
    /// Who wrote it.
    pub author: Person,
    /// Who put it there; their time is the one that listings are filtered by.
    pub committer: Person,
    /// The commits before it.
    pub parents: Vec<ObjectId>,
    /// The page for people.
    pub url: Option<String>,
}

/// A page of commits: up to 100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitPage {
    /// Newest first.
    pub commits: Vec<Commit>,
    /// What to ask for the next page with; opaque. `None` on the last.
    pub next: Option<String>,
    /// Whether the forge filtered by date. Otherwise the caller has to.
    pub filtered: bool,
}
