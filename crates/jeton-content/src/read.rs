//! What is asked for, and what comes back.

use std::{ops::Range, sync::Arc};

use jeton_domain::{Diagnosis, FilePath, ObjectId};
use jeton_forge::content::{Commit, Entry};
use jiff::{SignedDuration, Timestamp};

use crate::{Arrival, Blob, ContentError, reader::RefState, sources::Way};

/// Where somebody wants to read; as they wrote it.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The forge's host, or `github`, `gitlab`, `bitbucket` for the public one.
    pub forge: &'a str,
    /// `owner/name`, with its groups on GitLab.
    pub repository: &'a str,
    /// A branch, a tag or a commit; the default branch when absent.
    pub reference: Option<&'a str>,
    /// Whether what a branch or tag means must be asked for now.
    pub revalidate: bool,
}

/// An answer, and where it comes from.
#[derive(Debug, Clone)]
pub struct Read<T> {
    /// The answer.
    pub value: T,
    /// Where it comes from.
    pub meta: Meta,
}

/// Where an answer comes from.
#[derive(Debug, Clone)]
pub struct Meta {
    /// The forge's host.
    pub host: String,
    /// `owner/name`.
    pub repository: String,
    /// What was asked for, or the default branch's name where it is known.
    pub reference: Option<String>,
    /// The commit that was read.
    pub commit: ObjectId,
    /// As whom: `app:NAME`, `account:NAME`, `anonymous`.
    pub source: Arc<str>,
    /// How old the answer is when it could not be asked for anew because the forge is down.
    pub stale: Option<SignedDuration>,
    /// What is wrong with credentials that were tried before, in words for people.
    pub notices: Vec<Diagnosis>,
    /// By what the same answer may be given again.
    pub standing: Standing,
}

/// By what an answer may be given again without asking anybody: the policies are those that allowed it, a credential that the caller
/// may use was seen to read the repository lately, and the branch or tag was looked at a moment ago.
#[derive(Debug, Clone)]
pub struct Standing {
    pub(crate) way: Arc<Way>,
    /// `None`: pinned to a commit.
    pub(crate) reference: Option<Arc<RefState>>,
    /// What was answered is no good for anybody else, or for later.
    pub(crate) once: bool,
}

impl Standing {
    /// Whether it may be given again now, to the same caller. Waits for nothing.
    pub fn holds(&self, now: Timestamp) -> bool {
        !self.once
            && self.way.is_current(now)
            && self
                .reference
                .as_ref()
                .is_none_or(|reference| reference.is_fresh(now, self.way.ref_fresh()))
    }

    /// Whether what was read can never change: it was asked for by a whole commit id.
    pub fn is_pinned(&self) -> bool {
        self.reference.is_none()
    }
}

/// A symbolic link that was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it is: what was asked for.
    pub path: FilePath,
    /// Where it leads.
    pub to: FilePath,
}

/// A file, whole.
#[derive(Debug, Clone)]
pub struct FileRead {
    /// What it is, with its id and size.
    pub entry: Entry,
    /// The link through which it was reached.
    pub link: Option<Link>,
    /// Its bytes.
    pub blob: Blob,
}

/// A file, or the beginning of it.
#[derive(Debug, Clone)]
pub struct RawRead {
    /// What it is.
    pub entry: Entry,
    /// The link through which it was reached.
    pub link: Option<Link>,
    /// Its bytes, as far as they are here.
    pub arrival: Arrival,
}

/// Which part of a tree.
#[derive(Debug, Clone, Default)]
pub struct TreeQuery {
    /// Below this directory.
    pub directory: FilePath,
    /// With all that lies below; else only what lies in it.
    pub recursive: bool,
    /// Entries at most.
    pub limit: usize,
    /// [`TreeListing::next`] of the page before.
    pub cursor: Option<String>,
}

/// A part of a tree.
#[derive(Debug, Clone)]
pub struct TreeListing {
    entries: Arc<Vec<Entry>>,
    range: Range<usize>,
    /// For the next page; `None` on the last.
    pub next: Option<String>,
}

impl TreeListing {
    pub(crate) fn new(entries: Arc<Vec<Entry>>, range: Range<usize>, next: Option<String>) -> Self {
        Self { entries, range, next }
    }

    /// The entries, by their paths.
    pub fn entries(&self) -> &[Entry] {
        self.entries.get(self.range.clone()).unwrap_or_default()
    }
}

/// Which part of the history.
#[derive(Debug, Clone, Default)]
pub struct CommitsQuery {
    /// Only commits that changed this place.
    pub path: FilePath,
    /// Only from then on.
    pub since: Option<Timestamp>,
    /// Only up to then.
    pub until: Option<Timestamp>,
    /// Commits at most: 1 to 100.
    pub limit: usize,
    /// The cursor of a commit: what comes after it. It stays good when new commits are made.
    pub cursor: Option<String>,
}

/// A part of the history.
#[derive(Debug, Clone)]
pub struct HistoryPage {
    /// Newest first, each with the cursor of what comes after it.
    pub commits: Vec<(Commit, String)>,
    /// Whether more comes.
    pub has_next: bool,
    /// The cursor of the last one; where nothing was found on the way so far and more may come, of how far the search got.
    pub end_cursor: Option<String>,
}

/// Reads a path.
pub(crate) fn path(raw: &str) -> Result<FilePath, ContentError> {
    FilePath::parse(raw).map_err(|error| {
        let shown: String = raw.chars().filter(|c| !c.is_control()).take(120).collect();
        ContentError::Invalid(format!("`{shown}` is no path in a repository: {error}"))
    })
}
