//! How a person makes a GitLab token by hand.

use jeton_domain::{CredentialKind, ForgeEndpoint, Purpose};

use super::{
    place::{Place, personal_page},
    purposes::{Role, least_role, least_scopes},
};
use crate::TokenGuide;

/// A guide for this kind; for a personal token when none is named. `repository` is a project, or the group for a group's token.
pub(super) fn guide(
    forge: &ForgeEndpoint,
    kind: Option<CredentialKind>,
    purposes: &[Purpose],
    repository: Option<&str>,
) -> TokenGuide {
    let kind = match kind {
        Some(kind @ (CredentialKind::GitLabProject | CredentialKind::GitLabGroup)) => kind,
        _ => CredentialKind::GitLabPersonal,
    };
    let mut scopes = least_scopes(purposes);
    if scopes.is_empty() {
        scopes.push("read_api");
    }
    // without one of the two the token cannot renew itself, and somebody has to make a new one every year
    if scopes != ["api"] {
        scopes.push("self_rotate");
    }
    let role = least_role(purposes);
    let (url, mut steps) = match kind {
        CredentialKind::GitLabProject => of_project(forge, role, repository),
        CredentialKind::GitLabGroup => of_group(forge, role, repository),
        _ => of_person(forge, role, repository, &scopes),
    };
    steps.push(format!("Tick the scopes {} and no others.", listed(&scopes)));
    if scopes.contains(&"self_rotate") {
        steps.push(
            "`self_rotate` lets the token renew itself and nothing more, so that jeton can do it before the token ends; GitLab has \
             it since 16.10. Leave it out if you would rather replace the token by hand."
                .to_owned(),
        );
    }
    steps.push(
        "Choose an end: a year away is the longest that GitLab allows, unless an administrator set less. jeton learns it from GitLab, \
         and warns before it comes."
            .to_owned(),
    );
    steps.push("Create it, copy it (GitLab shows it only once) and give it to jeton.".to_owned());
    TokenGuide {
        kind,
        scopes: scopes.into_iter().map(str::to_owned).collect(),
        url,
        steps,
    }
}

fn of_person(forge: &ForgeEndpoint, role: Role, repository: Option<&str>, scopes: &[&str]) -> (String, Vec<String>) {
    // GitLab fills its form from these (its page "Personal access tokens", "Prefill personal access token name and scopes")
    let url = format!("{}?name=jeton&scopes={}", personal_page(forge), scopes.join(","));
    let place = repository.map_or_else(|| "the projects it is for".to_owned(), |path| format!("`{path}`"));
    let steps = vec![
        format!("Open {url}; by hand it is \"Edit profile\", \"Access tokens\", \"Add new token\"."),
        format!(
            "Check that you have the role {} or a higher one in {place}: the token can do no more than you.",
            role.name()
        ),
    ];
    (url, steps)
}

fn of_project(forge: &ForgeEndpoint, role: Role, repository: Option<&str>) -> (String, Vec<String>) {
    let place = Place {
        path: repository,
        ..Place::new(forge, CredentialKind::GitLabProject)
    };
    let url = place.page().unwrap_or_else(|| forge.web_url().to_owned());
    let steps = vec![
        format!(
            "{}. On gitlab.com, project access tokens need a paid plan.",
            place.opens()
        ),
        format!("Use \"Add new token\" and choose the role {}.", role.name()),
    ];
    (url, steps)
}

fn of_group(forge: &ForgeEndpoint, role: Role, repository: Option<&str>) -> (String, Vec<String>) {
    let place = Place {
        path: repository,
        ..Place::new(forge, CredentialKind::GitLabGroup)
    };
    let url = place.page().unwrap_or_else(|| forge.web_url().to_owned());
    let steps = vec![
        format!(
            "{}. On gitlab.com, group access tokens need a paid plan.",
            place.opens()
        ),
        format!("Use \"Add new token\" and choose the role {}.", role.name()),
    ];
    (url, steps)
}

fn listed(scopes: &[&str]) -> String {
    let quoted: Vec<_> = scopes.iter().map(|scope| format!("`{scope}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use jeton_domain::{CredentialKind, ForgeEndpoint, Purpose};

    use super::guide;

    #[test]
    fn a_personal_token_gets_a_page_that_is_filled_in() {
        let found = guide(
            &ForgeEndpoint::gitlab_com(),
            None,
            &[Purpose::ReadContent],
            Some("acme/tools"),
        );
        assert_eq!(found.kind, CredentialKind::GitLabPersonal);
        assert_eq!(found.scopes, ["read_repository", "self_rotate"]);
        assert_eq!(
            found.url,
            "https://gitlab.com/-/user_settings/personal_access_tokens?name=jeton&scopes=read_repository,self_rotate"
        );
        let steps = found.steps.join("\n");
        assert!(steps.contains("Reporter") && steps.contains("`acme/tools`"), "{steps}");
    }

    #[test]
    fn a_projects_token_is_made_on_the_projects_page() {
        let forge = ForgeEndpoint::gitlab("https://git.example.com/lab").unwrap();
        let found = guide(
            &forge,
            Some(CredentialKind::GitLabProject),
            &[Purpose::ManageSecrets],
            Some("acme/sub/tools"),
        );
        assert_eq!(
            found.url,
            "https://git.example.com/lab/acme/sub/tools/-/settings/access_tokens"
        );
        assert_eq!(found.scopes, ["api"]);
        assert!(found.steps.join("\n").contains("role Maintainer"));
        let found = guide(
            &forge,
            Some(CredentialKind::GitLabGroup),
            &[Purpose::Push],
            Some("acme"),
        );
        assert_eq!(
            found.url,
            "https://git.example.com/lab/groups/acme/-/settings/access_tokens"
        );
        assert_eq!(found.scopes, ["write_repository", "self_rotate"]);
    }
}
