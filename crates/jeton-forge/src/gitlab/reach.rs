//! The first groups and projects that a token reaches.

use http::HeaderMap;
use jeton_domain::Reached;

use super::{
    check::Look,
    purposes::Role,
    wire::{AssociatedLevels, Associations, ProjectObject, ProjectPermissions, group_path},
};
use crate::{headers, probe::Trouble};

/// How many groups and projects a report names.
const REACH: usize = 20;

impl Look<'_> {
    /// The first groups and projects.
    pub(super) async fn ask_reach(&mut self) -> Result<(), Trouble> {
        let per_page = REACH.to_string();
        let query = [("per_page", per_page.as_str())];
        let answer = self
            .get(&["personal_access_tokens", "self", "associations"], &query)
            .await?;
        if answer.is_success() {
            let found: Associations = self.probes.parse(&answer)?;
            // each of the two lists has pages of its own
            self.report.reaches_more = found.groups.len() >= REACH || found.projects.len() >= REACH;
            let groups = found
                .groups
                .iter()
                .map(|group| reached("owner", group_path(group), group.access_levels));
            let projects = found.projects.into_iter().map(|project| {
                let level = project.access_levels.as_ref().and_then(AssociatedLevels::level);
                reached("repository", project.path_with_namespace, level)
            });
            self.report.reach = groups.chain(projects).collect();
        } else if answer.status == 404 && self.may_have(&["api", "read_api"]) {
            // before GitLab 17.4
            let answer = self.get(&["projects"], &[("membership", "true"), query[0]]).await?;
            if !answer.is_success() {
                return Ok(());
            }
            let projects: Vec<ProjectObject> = self.probes.parse(&answer)?;
            let reach = projects.into_iter().map(|project| {
                let level = project.permissions.as_ref().and_then(ProjectPermissions::level);
                reached("repository", project.path_with_namespace, level)
            });
            self.report.reach = reach.collect();
            self.report.reaches_more = has_next(&answer.headers);
            return Ok(());
        }
        self.report.reaches_more |= has_next(&answer.headers) || self.report.reach.len() > REACH;
        self.report.reach.truncate(REACH);
        Ok(())
    }
}

fn reached(what: &str, name: String, level: Option<u16>) -> Reached {
    Reached {
        name,
        what: what.to_owned(),
        access: level.map(|level| Role(level).access().to_owned()),
    }
}

fn has_next(headers: &HeaderMap) -> bool {
    headers::next_link(headers).is_some() || headers::text(headers, "x-next-page").is_some_and(|page| !page.is_empty())
}
