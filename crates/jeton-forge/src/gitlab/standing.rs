//! What a token may do in one project: the one that was named, or the one that its bot belongs to.

use jeton_domain::Purpose;

use super::{
    advice,
    bot::Bot,
    check::Look,
    purposes::{Role, Standing},
    refusal::Refusal,
    wire::{Access, ProjectObject},
};
use crate::probe::Trouble;

/// What is known of the project.
#[derive(Default)]
pub(super) struct Found {
    pub(super) project: Option<String>,
    /// The project that a project's token belongs to, when it is this one.
    pub(super) own_path: Option<String>,
    invisible: bool,
    role: Option<Role>,
    archived: bool,
    pub(super) admin: bool,
    read_files: Option<bool>,
}

impl Found {
    pub(super) fn standing(&self) -> Standing<'_> {
        Standing {
            project: self.project.as_deref(),
            invisible: self.invisible,
            role: self.role,
            archived: self.archived,
            admin: self.admin,
            read_files: self.read_files,
        }
    }
}

impl Look<'_> {
    /// Asks for the project, the role on it, and its files where that matters.
    pub(super) async fn ask_standing(&mut self) -> Result<(), Trouble> {
        let project = match (&self.ask.repository, self.bot) {
            (Some(path), _) => path.to_string(),
            (None, Some(Bot::Project(id))) if !self.ask.purposes.is_empty() => id.to_string(),
            _ => return Ok(()),
        };
        if self.ask.repository.is_some() {
            self.found.project = Some(project.clone());
        }
        if self.may_have(&["api", "read_api"]) {
            self.ask_project(&project).await?;
        }
        let reading = self.ask.purposes.contains(&Purpose::ReadContent);
        if !self.found.invisible && reading && self.may_have(&["api", "read_api", "read_repository"]) {
            self.ask_files(&project).await?;
        }
        Ok(())
    }

    async fn ask_project(&mut self, project: &str) -> Result<(), Trouble> {
        let answer = self.get(&["projects", project], &[]).await?;
        if !answer.is_success() {
            let refusal = Refusal::of(&answer);
            self.read_project_refusal(refusal, project, "looking at it");
            return Ok(());
        }
        let object: ProjectObject = self.probes.parse(&answer)?;
        if self.bot == Some(Bot::Project(object.id)) {
            self.found.own_path = Some(object.path_with_namespace.clone());
        }
        self.found.project = Some(object.path_with_namespace);
        self.found.archived = object.archived;
        self.found.role = object
            .permissions
            .as_ref()
            .and_then(super::wire::ProjectPermissions::level)
            .map(Role);
        if self.found.role.is_none() {
            self.ask_membership(project, object.visibility.as_deref()).await?;
        }
        Ok(())
    }

    /// Neither a member of the project nor of its groups: perhaps of a group that was invited.
    async fn ask_membership(&mut self, project: &str, visibility: Option<&str>) -> Result<(), Trouble> {
        let Some(user) = self.user else {
            return Ok(());
        };
        let answer = self
            .get(&["projects", project, "members", "all", &user.to_string()], &[])
            .await?;
        if answer.is_success() {
            let access: Access = self.probes.parse(&answer)?;
            self.found.role = Some(Role(access.access_level));
        } else if answer.status == 404 && matches!(visibility, Some("public" | "internal")) {
            self.found.role = Some(Role(0));
        }
        Ok(())
    }

    async fn ask_files(&mut self, project: &str) -> Result<(), Trouble> {
        let answer = self
            .get(&["projects", project, "repository", "tree"], &[("per_page", "1")])
            .await?;
        if answer.is_success() {
            self.found.read_files = Some(true);
            return Ok(());
        }
        match Refusal::of(&answer) {
            // how GitLab answers for a repository without a commit
            Some(Refusal::NotFound(said)) if said.contains("Tree") => self.found.read_files = Some(true),
            Some(Refusal::NotFound(said)) if !said.contains("Project") => {}
            refusal => {
                if matches!(refusal, Some(Refusal::Forbidden(_))) {
                    self.found.read_files = Some(false);
                }
                self.read_project_refusal(refusal, project, "reading files");
            }
        }
        Ok(())
    }

    fn read_project_refusal(&mut self, refusal: Option<Refusal>, project: &str, what: &str) {
        match refusal {
            Some(Refusal::NotFound(_)) => {
                self.found.invisible = true;
                self.tell(|at| advice::not_visible(at, project));
            }
            Some(Refusal::Forbidden(said)) => self.tell(|at| advice::forbidden_there(at, project, what, &said)),
            // a missing scope is told of where the purposes are judged
            _ => {}
        }
    }
}
