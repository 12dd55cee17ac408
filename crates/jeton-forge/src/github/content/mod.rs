//! What is in repositories on GitHub: github.com, `*.ghe.com` and Enterprise Servers alike.

mod asking;
mod blob;
mod commits;
mod failure;
mod list;
mod open;
mod refs;
mod tail;
mod wire;
mod words;

#[cfg(test)]
mod test_place;

use async_trait::async_trait;
use jeton_domain::{FilePath, ObjectId, RefName};
use jeton_outbound::Outbound;

use self::asking::Asking;
use crate::content::{
    BlobStream, CommitPage, CommitsAsk, ContentForge, ListAsk, Listed, NameKind, Opened, Place, Resolved, Told,
};

/// GitHub, as the reader of content sees it.
#[derive(Debug, Clone)]
pub(crate) struct GitHubContent {
    outbound: Outbound,
}

impl GitHubContent {
    /// Puts it together; nothing is called yet.
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self { outbound }
    }

    fn asking<'a>(&'a self, at: &'a Place<'a>) -> Asking<'a> {
        Asking::new(&self.outbound, at)
    }
}

#[async_trait]
impl ContentForge for GitHubContent {
    async fn resolve(&self, at: &Place<'_>, name: Option<&RefName>, known: Option<&str>) -> Told<Resolved> {
        let mut asking = self.asking(at);
        let answer = refs::resolve(&mut asking, name, known).await;
        asking.told(answer)
    }

    async fn name_kind(&self, at: &Place<'_>, name: &RefName) -> Told<NameKind> {
        let mut asking = self.asking(at);
        let answer = refs::name_kind(&mut asking, name).await;
        asking.told(answer)
    }

    async fn open(&self, at: &Place<'_>, commit: &ObjectId, path: &FilePath) -> Told<Opened> {
        let mut asking = self.asking(at);
        let answer = open::open(&mut asking, commit, path).await;
        asking.told(answer)
    }

    async fn blob(
        &self,
        at: &Place<'_>,
        commit: &ObjectId,
        path: &FilePath,
        id: Option<&ObjectId>,
    ) -> Told<BlobStream> {
        let mut asking = self.asking(at);
        let answer = blob::blob(&mut asking, commit, path, id).await;
        asking.told(answer)
    }

    async fn list(&self, at: &Place<'_>, ask: &ListAsk<'_>) -> Told<Listed> {
        let mut asking = self.asking(at);
        let answer = list::list(&mut asking, ask).await;
        asking.told(answer)
    }

    async fn commits(&self, at: &Place<'_>, ask: &CommitsAsk<'_>) -> Told<CommitPage> {
        let mut asking = self.asking(at);
        let answer = commits::commits(&mut asking, ask).await;
        asking.told(answer)
    }

    fn history_page(&self, number: usize) -> Option<String> {
        commits::page_token(number)
    }
}
