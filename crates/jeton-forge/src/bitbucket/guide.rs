//! How a person makes a Bitbucket token by hand.

use jeton_domain::{CredentialKind, ForgeEndpoint, Purpose};

use super::{advice::API_TOKENS, scopes::wanted};
use crate::TokenGuide;

/// A guide for this kind; for an API token when none is named, or a dead one. `repository` is `workspace/repository`, or the workspace.
pub(super) fn guide(
    forge: &ForgeEndpoint,
    kind: Option<CredentialKind>,
    purposes: &[Purpose],
    repository: Option<&str>,
) -> TokenGuide {
    let kind = match kind {
        None | Some(CredentialKind::BitbucketAppPassword) => CredentialKind::BitbucketApiToken,
        Some(CredentialKind::BitbucketAccess) => CredentialKind::BitbucketRepository,
        Some(kind) => kind,
    };
    let mut scopes: Vec<String> = Vec::new();
    if kind == CredentialKind::BitbucketApiToken {
        // by which jeton learns whose it is
        scopes.push("read:user:bitbucket".to_owned());
    }
    for scope in purposes.iter().flat_map(|purpose| wanted(kind, *purpose)) {
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    if kind != CredentialKind::BitbucketApiToken {
        keep_the_widest(&mut scopes);
    }
    let listed: Vec<_> = scopes.iter().map(|scope| format!("`{scope}`")).collect();
    let listed = listed.join(", ");
    let (url, steps) = if kind == CredentialKind::BitbucketApiToken {
        (API_TOKENS.to_owned(), api_token_steps(&listed, repository))
    } else {
        access_token_steps(forge, kind, &listed, repository)
    };
    TokenGuide {
        kind,
        scopes,
        url,
        steps,
    }
}

/// Drops scopes that another of the list holds.
fn keep_the_widest(scopes: &mut Vec<String>) {
    let all = scopes.clone();
    scopes.retain(|scope| {
        !all.iter()
            .any(|other| other != scope && super::scopes::holds(std::slice::from_ref(other), scope))
    });
}

fn api_token_steps(listed: &str, repository: Option<&str>) -> Vec<String> {
    let place = repository.map_or_else(|| "the repositories it is for".to_owned(), |path| format!("`{path}`"));
    vec![
        format!("Open {API_TOKENS} as the Atlassian account that may use {place}."),
        "Use \"Create API token with scopes\", not \"Create API token\": one without scopes opens nothing on Bitbucket.".to_owned(),
        "Name it, and choose an end: 365 days away at most. Note the date in the account: Bitbucket tells it to no program, so that jeton \
         can warn before it only if you say it."
            .to_owned(),
        "Choose the app \"Bitbucket\".".to_owned(),
        format!("Tick {listed} and no others. Writing does not include reading: each is a scope of its own."),
        "Create it, copy it (it is shown only once) and give it to jeton with the e-mail address of the Atlassian account; and with the \
         Bitbucket user name, if git is to show it."
            .to_owned(),
    ]
}

fn access_token_steps(
    forge: &ForgeEndpoint,
    kind: CredentialKind,
    listed: &str,
    repository: Option<&str>,
) -> (String, Vec<String>) {
    let web = forge.web_url();
    let workspace = repository.and_then(|path| path.split('/').next());
    let (url, open) = match (kind, repository, workspace) {
        (CredentialKind::BitbucketWorkspace, _, Some(workspace)) => {
            let url = format!("{web}/{workspace}/workspace/settings/access-tokens");
            let open = format!(
                "As an administrator of the workspace `{workspace}`, open {url}. Workspace access tokens need a paid plan."
            );
            (url, open)
        }
        (CredentialKind::BitbucketProject, _, Some(workspace)) => (
            format!("{web}/{workspace}/workspace/projects/"),
            format!(
                "As an administrator of the project, open it from {web}/{workspace}/workspace/projects/, then \"Project settings\", \
                 \"Access tokens\". Project access tokens need a paid plan."
            ),
        ),
        (CredentialKind::BitbucketRepository, Some(path), _) if path.contains('/') => {
            let url = format!("{web}/{path}/admin/access-tokens");
            (
                url.clone(),
                format!("As an administrator of `{path}`, open {url} (\"Repository settings\", \"Access tokens\")."),
            )
        }
        _ => (
            web.to_owned(),
            format!(
                "Open the repository, project or workspace on {web} as its administrator, then its settings, \"Access tokens\"."
            ),
        ),
    };
    let steps = vec![
        open,
        format!("Use \"Create access token\", name it, and tick {listed} and no others."),
        "If you choose an end, note the date in the account: Bitbucket tells it to no program, so that jeton can warn before it only if you \
         say it."
            .to_owned(),
        "Create it, copy it (it is shown only once) and give it to jeton; neither e-mail address nor user name is needed.".to_owned(),
    ];
    (url, steps)
}

#[cfg(test)]
mod tests {
    use jeton_domain::{CredentialKind, ForgeEndpoint, Purpose};

    use super::guide;

    #[test]
    fn an_api_token_needs_each_scope_and_somebody_who_notes_its_end() {
        let found = guide(
            &ForgeEndpoint::bitbucket_org(),
            None,
            &[Purpose::Push, Purpose::ReadContent],
            None,
        );
        assert_eq!(found.kind, CredentialKind::BitbucketApiToken);
        assert_eq!(
            found.scopes,
            [
                "read:user:bitbucket",
                "read:repository:bitbucket",
                "write:repository:bitbucket"
            ]
        );
        assert_eq!(found.url, "https://id.atlassian.com/manage-profile/security/api-tokens");
        let steps = found.steps.join("\n");
        assert!(
            steps.contains("Note the date") && steps.contains("e-mail") && steps.contains("365"),
            "{steps}"
        );
        let dead = guide(
            &ForgeEndpoint::bitbucket_org(),
            Some(CredentialKind::BitbucketAppPassword),
            &[],
            None,
        );
        assert_eq!(dead.kind, CredentialKind::BitbucketApiToken);
    }

    #[test]
    fn an_access_token_needs_the_widest_scope_alone() {
        let found = guide(
            &ForgeEndpoint::bitbucket_org(),
            Some(CredentialKind::BitbucketAccess),
            &[Purpose::ReadContent, Purpose::Push],
            Some("acme/tools"),
        );
        assert_eq!(found.kind, CredentialKind::BitbucketRepository);
        assert_eq!(found.scopes, ["repository:write"]);
        assert_eq!(found.url, "https://bitbucket.org/acme/tools/admin/access-tokens");
        let found = guide(
            &ForgeEndpoint::bitbucket_org(),
            Some(CredentialKind::BitbucketWorkspace),
            &[Purpose::ManageSecrets],
            Some("acme/tools"),
        );
        assert_eq!(found.url, "https://bitbucket.org/acme/workspace/settings/access-tokens");
        assert_eq!(found.scopes, ["pipeline:variable"]);
    }
}
