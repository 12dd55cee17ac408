//! What is in repositories on Bitbucket Cloud (<https://developer.atlassian.com/cloud/bitbucket/rest/api-group-source/>,
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commits/>).

mod commits;
mod list;
mod open;
mod page;
mod resolve;
mod words;

use async_trait::async_trait;
use jeton_domain::{FilePath, ObjectId, RefName};
use jeton_outbound::{Answer, Outbound};

use crate::{
    content::call::{Call, Reply, encode_path},
    content::{
        BlobStream, CommitPage, CommitsAsk, ContentForge, ListAsk, Listed, NameKind, Opened, Place, ReadError,
        Resolved, Told,
    },
};

/// Bitbucket Cloud, as the reader of content sees it. It tells no object ids but those of commits, and no quota.
#[derive(Debug, Clone)]
pub(crate) struct BitbucketContent {
    outbound: Outbound,
}

impl BitbucketContent {
    /// Calls go through this client and its rules.
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self { outbound }
    }

    fn call<'a>(&'a self, at: &'a Place<'a>) -> Call<'a> {
        let repository = encode_path(at.repository.to_string().split('/'));
        let path = format!("repositories/{repository}");
        Call::new(&self.outbound, at, words::MANNER, &path, words::headers(at))
    }
}

#[async_trait]
impl ContentForge for BitbucketContent {
    /// One call for the default branch and for branches, two for tags and beginnings of ids; a third where an answer does not tell a
    /// repository that is not visible from a name that it has not. Nothing here can be asked for on condition, so that `known` is not used.
    async fn resolve(&self, at: &Place<'_>, name: Option<&RefName>, _: Option<&str>) -> Told<Resolved> {
        let mut call = self.call(at);
        let answer = match name {
            Some(name) => resolve::named(&mut call, name).await,
            None => resolve::default_branch(&mut call).await,
        };
        call.told(answer)
    }

    /// Two calls; one for a name that says which kind it is (`refs/tags/v1`, `tags/v1`).
    async fn name_kind(&self, at: &Place<'_>, name: &RefName) -> Told<NameKind> {
        let mut call = self.call(at);
        let answer = resolve::name_kind(&mut call, name).await;
        call.told(answer)
    }

    /// One call for a file, whose bytes come along, and for a directory. Two for a file without a byte and for a short text without a line
    /// end, which could be a symbolic link; for a submodule; and for what is not there.
    ///
    /// Only the second call tells a file that may be run: what opens here as [`EntryKind::File`](crate::content::EntryKind::File) in one call
    /// may be one, which [`ContentForge::list`] shows. A file that Git LFS keeps comes as [`ReadError::Garbled`], as with
    /// [`ContentForge::blob`].
    async fn open(&self, at: &Place<'_>, commit: &ObjectId, path: &FilePath) -> Told<Opened> {
        let mut call = self.call(at);
        let answer = open::open(&mut call, commit, path).await;
        call.told(answer)
    }

    /// By its path, because Bitbucket has no call for blobs. A file that Git LFS keeps comes as [`ReadError::Garbled`], in words that say so.
    async fn blob(&self, at: &Place<'_>, commit: &ObjectId, path: &FilePath, _: Option<&ObjectId>) -> Told<BlobStream> {
        let mut call = self.call(at);
        let answer = open::blob(&mut call, commit, path).await;
        call.told(answer)
    }

    /// 100 entries in each page, with sizes and without ids. A deep listing that Bitbucket gives up (its status 555) is cut at once.
    async fn list(&self, at: &Place<'_>, ask: &ListAsk<'_>) -> Told<Listed> {
        let mut call = self.call(at);
        let answer = list::list(&mut call, ask).await;
        call.told(answer)
    }

    /// Bitbucket filters by no date.
    async fn commits(&self, at: &Place<'_>, ask: &CommitsAsk<'_>) -> Told<CommitPage> {
        let mut call = self.call(at);
        let answer = commits::commits(&mut call, ask).await;
        call.told(answer)
    }
}

/// A success, or why a question about something in a commit has none.
fn success(call: &Call<'_>, reply: Reply, path: &FilePath) -> Result<Answer, ReadError> {
    match reply {
        Reply::Here(answer) => Ok(answer),
        Reply::Absent(words) => Err(words::absent(&words, call.at, path.as_str())),
        other => Err(not_asked_for(call, &other)),
    }
}

/// A redirect, or a 304 to a question without a condition.
fn not_asked_for(call: &Call<'_>, reply: &Reply) -> ReadError {
    match reply {
        Reply::Elsewhere(answer) => words::elsewhere(call, answer),
        _ => call.garbled("it answers a question that was not asked"),
    }
}

/// Where a place in a commit is asked for; a directory with a slash behind it.
fn source(commit: &ObjectId, path: &FilePath) -> String {
    format!("src/{commit}/{}", encode_path(path.parts()))
}

/// The id of a commit, which has to be one.
fn id(call: &Call<'_>, text: &str) -> Result<ObjectId, ReadError> {
    text.parse()
        .map_err(|_| call.garbled("a commit's hash has neither 40 nor 64 hex digits"))
}
