//! What a token may do on the repository that was named.

use jeton_domain::{CredentialKind, Purpose};

use super::{
    check::Look,
    refusal::Refusal,
    scopes::{Known, Role, Standing, need},
    wire::{Page, RepositoryObject},
};
use crate::{CheckAsk, probe::Trouble};

/// What is known of the repository.
pub(super) struct Found {
    /// `workspace/repository`.
    pub(super) repository: Option<String>,
    pub(super) visible: Option<bool>,
    role: Option<Role>,
}

impl Found {
    pub(super) fn new(ask: &CheckAsk) -> Self {
        Self {
            repository: ask.repository.as_ref().map(ToString::to_string),
            visible: None,
            role: None,
        }
    }

    /// Workspace and repository apart.
    pub(super) fn parts(&self) -> Option<(String, String)> {
        let (workspace, name) = self.repository.as_deref()?.split_once('/')?;
        Some((workspace.to_owned(), name.to_owned()))
    }

    pub(super) fn standing<'a>(&'a self, kind: CredentialKind, scopes: Known<'a>) -> Standing<'a> {
        Standing {
            kind,
            scopes,
            repository: self.repository.as_deref(),
            visible: self.visible,
            role: self.role,
        }
    }
}

impl Look<'_> {
    /// The repository, its owner's role, and the scopes, which Bitbucket tells only in a refusal for want of one: so that reads are tried that
    /// few tokens may make. None of them changes anything.
    pub(super) async fn ask_standing(&mut self) -> Result<(), Trouble> {
        if self.is_api_token() {
            self.ask_repository().await?;
        }
        if self.ask.purposes.is_empty() {
            return Ok(());
        }
        if self.is_api_token() {
            if self.found.visible == Some(true) {
                self.ask_role().await?;
            }
        } else if self.granted.is_none() {
            self.get(&["user"], &[]).await?;
        }
        if self.granted.is_none() {
            self.ask_for_refusal().await?;
        }
        Ok(())
    }

    /// Whether the repository is among those that the owner administers, or at least writes to.
    async fn ask_role(&mut self) -> Result<(), Trouble> {
        let most = self.ask.purposes.iter().map(|purpose| need(*purpose).role).max();
        let Some((workspace, _)) = self.found.parts().filter(|_| most > Some(Role::Read)) else {
            return Ok(());
        };
        let Some(repository) = self.found.repository.clone() else {
            return Ok(());
        };
        let filter = format!("full_name=\"{}\"", repository.replace(['"', '\\'], ""));
        for (word, role) in [("admin", Role::Admin), ("contributor", Role::Write)] {
            if most < Some(role) {
                continue;
            }
            let query = [("role", word), ("q", filter.as_str()), ("pagelen", "100")];
            let answer = self.get(&["repositories", &workspace], &query).await?;
            if !answer.is_success() {
                return Ok(());
            }
            let page: Page<RepositoryObject> = self.probes.parse(&answer)?;
            if page
                .values
                .iter()
                .any(|one| one.full_name.eq_ignore_ascii_case(&repository))
            {
                self.found.role = Some(role);
                return Ok(());
            }
            if page.next.is_some() {
                // the filter was not heeded, so that absence from the first page says nothing
                return Ok(());
            }
        }
        // it was seen, and a purpose that wants more was looked for in vain
        self.found.role = Some(Role::Read);
        Ok(())
    }

    async fn ask_for_refusal(&mut self) -> Result<(), Trouble> {
        let Some((workspace, name)) = self.found.parts().filter(|_| self.found.visible == Some(true)) else {
            return Ok(());
        };
        let reads: [&[&str]; 3] = [
            &["pipelines-config", "runners"],
            &["pipelines_config", "variables"],
            &["pullrequests"],
        ];
        // the reads of the purposes first, because their answers are evidence besides
        let wanted = |read: &&[&str]| {
            let purpose = match read {
                [_, "runners"] => Purpose::RegisterRunners,
                [_, "variables"] => Purpose::ManageSecrets,
                _ => Purpose::ManagePullRequests,
            };
            !self.ask.purposes.contains(&purpose)
        };
        let mut reads = reads;
        reads.sort_by_key(wanted);
        for read in reads {
            let path = [["repositories", &workspace, &name].as_slice(), read].concat();
            let answer = self.get(&path, &[("pagelen", "1")]).await?;
            if matches!(Refusal::of(&answer), Some(Refusal::Scope { .. })) {
                return Ok(());
            }
        }
        Ok(())
    }
}
