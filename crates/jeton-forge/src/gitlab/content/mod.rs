//! What is in repositories on GitLab (<https://docs.gitlab.com/api/repositories/>, <https://docs.gitlab.com/api/repository_files/>,
//! <https://docs.gitlab.com/api/commits/>).

mod commits;
mod list;
mod open;
mod resolve;
mod words;

use async_trait::async_trait;
use jeton_domain::{FilePath, ObjectId, RefName};
use jeton_outbound::{Answer, Outbound};

use crate::content::{
    BlobStream, CommitPage, CommitsAsk, ContentForge, ListAsk, Listed, NameKind, Opened, Place, ReadError, Resolved,
    Told,
    call::{self, Call, Reply},
};

/// GitLab, as the reader of content sees it: gitlab.com and servers of somebody's own, below any base URL.
///
/// A token with the scope `read_repository` alone opens the file endpoints and not the others: what it may not read comes as
/// [`ReadError::Forbidden`], with the scope that would do.
#[derive(Debug, Clone)]
pub(crate) struct GitLabContent {
    outbound: Outbound,
}

impl GitLabContent {
    /// Calls go through this client and its rules.
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self { outbound }
    }

    fn call<'a>(&'a self, at: &'a Place<'a>) -> Call<'a> {
        let project = format!("projects/{}", call::encode(&at.repository.to_string()));
        Call::new(&self.outbound, at, words::MANNER, &project, words::headers(at))
    }
}

#[async_trait]
impl ContentForge for GitLabContent {
    /// One call; two for a name that means nothing, to tell that from a repository without commits.
    async fn resolve(&self, at: &Place<'_>, name: Option<&RefName>, known: Option<&str>) -> Told<Resolved> {
        let mut call = self.call(at);
        let answer = resolve::resolve(&mut call, name, known).await;
        call.told(answer)
    }

    /// Two calls; one for a name that says which kind it is (`refs/tags/v1`, `tags/v1`).
    async fn name_kind(&self, at: &Place<'_>, name: &RefName) -> Told<NameKind> {
        let mut call = self.call(at);
        let answer = resolve::name_kind(&mut call, name).await;
        call.told(answer)
    }

    /// One call for a file of up to about 1 MB, which comes along. Two for a short text without a line end, which could be a symbolic link,
    /// and for a larger file; two for anything else, and a third in a directory of more than 100 entries.
    ///
    /// The call for one file does not tell a link from a file, which only the directory above does: a link that comes after its first 100
    /// entries opens as [`EntryKind::File`](crate::content::EntryKind::File), with its target as content. Nor is a submodule found there, on
    /// a GitLab that does not show it as a file without a byte.
    async fn open(&self, at: &Place<'_>, commit: &ObjectId, path: &FilePath) -> Told<Opened> {
        let mut call = self.call(at);
        let answer = open::open(&mut call, commit, path).await;
        call.told(answer)
    }

    async fn blob(
        &self,
        at: &Place<'_>,
        commit: &ObjectId,
        path: &FilePath,
        id: Option<&ObjectId>,
    ) -> Told<BlobStream> {
        let mut call = self.call(at);
        let answer = open::blob(&mut call, commit, path, id).await;
        call.told(answer)
    }

    /// All that lies below a directory comes in one page, without sizes; of what lies in it, 100 entries come in each.
    async fn list(&self, at: &Place<'_>, ask: &ListAsk<'_>) -> Told<Listed> {
        let mut call = self.call(at);
        let answer = list::list(&mut call, ask).await;
        call.told(answer)
    }

    async fn commits(&self, at: &Place<'_>, ask: &CommitsAsk<'_>) -> Told<CommitPage> {
        let mut call = self.call(at);
        let answer = commits::commits(&mut call, ask).await;
        call.told(answer)
    }

    fn history_page(&self, number: usize) -> Option<String> {
        commits::page_token(number)
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
        Reply::Elsewhere(answer) => words::moved_to(answer, call.at).unwrap_or_else(|| call.elsewhere(answer)),
        _ => call.garbled("it answers a question that was not asked"),
    }
}
