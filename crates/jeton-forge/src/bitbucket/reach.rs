//! The first workspaces and repositories that a token reaches.

use jeton_domain::{CredentialKind, Reached};

use super::{
    check::Look,
    wire::{Page, RepositoryObject, UsersWorkspace},
};
use crate::probe::Trouble;

/// How many workspaces and repositories a report names.
const REACH: usize = 20;

impl Look<'_> {
    /// The first workspaces and repositories.
    pub(super) async fn ask_reach(&mut self) -> Result<(), Trouble> {
        let named = self.found.parts().map(|(workspace, _)| workspace);
        let mut workspaces = Vec::new();
        if self.is_api_token() {
            workspaces = self.ask_workspaces().await?;
            let owners = workspaces.iter().take(REACH).map(|slug| Reached {
                name: slug.clone(),
                what: "owner".to_owned(),
                access: None,
            });
            self.report.reach = owners.collect();
        }
        let Some(workspace) = named.or_else(|| workspaces.first().cloned()) else {
            return Ok(());
        };
        let answer = self
            .get(&["repositories", &workspace], &[("role", "member"), ("pagelen", "20")])
            .await?;
        if !answer.is_success() {
            return Ok(());
        }
        let page: Page<RepositoryObject> = self.probes.parse(&answer)?;
        self.report.reaches_more = page.next.is_some() || workspaces.len() > 1;
        if !self.is_api_token() {
            self.refine_kind(&page.values);
        }
        let repositories = page.values.into_iter().map(|repository| Reached {
            name: repository.full_name,
            what: "repository".to_owned(),
            access: None,
        });
        self.report.reach.extend(repositories);
        if self.report.reach.len() > REACH {
            self.report.reach.truncate(REACH);
            self.report.reaches_more = true;
        }
        Ok(())
    }

    /// The slugs of the workspaces. `GET /workspaces` was taken away in 2026 (CHANGE-2770 in Atlassian's change log), and stands in only where
    /// its successor is not known.
    async fn ask_workspaces(&mut self) -> Result<Vec<String>, Trouble> {
        let mut answer = self.get(&["user", "workspaces"], &[("pagelen", "100")]).await?;
        if answer.status == 404 {
            answer = self.get(&["workspaces"], &[("pagelen", "100")]).await?;
        }
        if !answer.is_success() {
            return Ok(Vec::new());
        }
        let page: Page<UsersWorkspace> = self.probes.parse(&answer)?;
        Ok(page.values.into_iter().map(UsersWorkspace::slug).collect())
    }

    /// One that reaches private repositories of several projects is a workspace's; the others cannot be told from what they reach, because a
    /// project or a workspace may hold one repository alone.
    fn refine_kind(&mut self, reached: &[RepositoryObject]) {
        let mut projects: Vec<_> = reached
            .iter()
            .filter(|one| one.is_private)
            .filter_map(|one| Some(&one.project.as_ref()?.key))
            .collect();
        projects.sort_unstable();
        projects.dedup();
        if self.report.kind == CredentialKind::BitbucketAccess && projects.len() > 1 {
            self.report.kind = CredentialKind::BitbucketWorkspace;
        }
    }
}
