//! How a person makes a token that will do.

use jeton_domain::{CredentialKind, ForgeEndpoint, Purpose};
use url::form_urlencoded;

use super::{
    pages::Pages,
    permissions::{needed, on_the_page, purpose_words},
};
use crate::TokenGuide;

/// For how many days a new token is advised to live; organisations may allow less, and none of GitHub's defaults allows more than 366.
const DAYS: &str = "90";

pub(super) fn guide(
    forge: &ForgeEndpoint,
    kind: Option<CredentialKind>,
    purposes: &[Purpose],
    repository: Option<&str>,
) -> TokenGuide {
    let kind = match kind {
        Some(kind @ (CredentialKind::GitHubClassic | CredentialKind::GitHubOAuth)) => kind,
        // with the least rights, and the one that organisations can see and approve
        _ => CredentialKind::GitHubFineGrained,
    };
    let reading = [Purpose::ReadContent];
    let purposes = if purposes.is_empty() { &reading } else { purposes };
    let (owner, name) = match repository.map(|path| path.split_once('/')) {
        Some(Some((owner, name))) => (Some(owner), Some(name)),
        Some(None) => (repository, None),
        None => (None, None),
    };
    let on_owner = owner.is_some() && name.is_none();
    let scopes = least(kind, purposes, on_owner);
    match kind {
        CredentialKind::GitHubClassic => classic(forge, scopes, purposes),
        CredentialKind::GitHubOAuth => oauth(forge, scopes),
        _ => fine_grained(forge, scopes, purposes, owner, repository.filter(|_| name.is_some())),
    }
}

/// The least that all purposes need together.
fn least(kind: CredentialKind, purposes: &[Purpose], on_owner: bool) -> Vec<String> {
    let mut all: Vec<&str> = purposes
        .iter()
        .map(|purpose| needed(kind, *purpose, on_owner))
        .collect();
    if purposes.contains(&Purpose::ManagePullRequests) && kind == CredentialKind::GitHubFineGrained {
        // a pull request is made of commits, which are read with this
        all.push("contents=read");
    }
    all.sort_unstable();
    all.dedup();
    let writes = |read: &str| {
        read.strip_suffix("=read")
            .is_some_and(|key| all.contains(&format!("{key}=write").as_str()))
    };
    all.iter()
        .filter(|one| !writes(one))
        .map(|one| (*one).to_owned())
        .collect()
}

fn classic(forge: &ForgeEndpoint, scopes: Vec<String>, purposes: &[Purpose]) -> TokenGuide {
    let page = Pages(forge).new_token(CredentialKind::GitHubClassic);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("description", "jeton")
        .append_pair("scopes", &scopes.join(","))
        .finish();
    let mut steps = vec![
        "Sign in to GitHub as the person for whom the token shall stand, and open the page.".to_owned(),
        "Give the token a note by which you know it again, and an end under \"Expiration\".".to_owned(),
        format!("Under \"Select scopes\" tick {}, and nothing else.", quoted(&scopes)),
    ];
    if purposes.contains(&Purpose::Push) {
        steps.push("Tick `workflow` too if commits will change files in .github/workflows.".to_owned());
    }
    steps.push("Click \"Generate token\" and copy it; GitHub shows it once.".to_owned());
    steps.push(
        "If the organisation uses single sign-on, click \"Configure SSO\" beside the new token and authorise it there."
            .to_owned(),
    );
    TokenGuide {
        kind: CredentialKind::GitHubClassic,
        scopes,
        url: format!("{page}?{query}"),
        steps,
    }
}

fn oauth(forge: &ForgeEndpoint, scopes: Vec<String>) -> TokenGuide {
    let host = forge.host();
    let steps = vec![
        format!(
            "Run `gh auth login --hostname {host} --scopes {}` and follow it in the browser.",
            scopes.join(",")
        ),
        format!("Run `gh auth token --hostname {host}` and store what it prints."),
    ];
    TokenGuide {
        kind: CredentialKind::GitHubOAuth,
        scopes,
        url: Pages(forge).tokens(CredentialKind::GitHubOAuth),
        steps,
    }
}

fn fine_grained(
    forge: &ForgeEndpoint,
    scopes: Vec<String>,
    purposes: &[Purpose],
    owner: Option<&str>,
    repository: Option<&str>,
) -> TokenGuide {
    let page = Pages(forge).new_token(CredentialKind::GitHubFineGrained);
    // Enterprise Servers do not take what is filled in by the URL
    let url = if fills_in(forge) {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("name", "jeton").append_pair("expires_in", DAYS);
        if let Some(owner) = owner {
            query.append_pair("target_name", owner);
        }
        for (key, level) in scopes.iter().filter_map(|scope| scope.split_once('=')) {
            query.append_pair(key, level);
        }
        format!("{page}?{}", query.finish())
    } else {
        page
    };
    let for_owner = owner.map_or_else(
        || "Under \"Resource owner\" choose the person or organisation whose repositories it shall open.".to_owned(),
        |owner| format!("Under \"Resource owner\" choose `{owner}`."),
    );
    let selection = match repository {
        Some(repository) => {
            format!("Under \"Repository access\" choose \"Only select repositories\" and there `{repository}`.")
        }
        None => "Under \"Repository access\" choose the repositories that it shall open.".to_owned(),
    };
    let pages: Vec<String> = scopes.iter().map(|scope| on_the_page(scope)).collect();
    let mut steps = vec![
        "Sign in to GitHub as the person for whom the token shall stand, and open the page.".to_owned(),
        "Give the token a name, and an end under \"Expiration\".".to_owned(),
        for_owner,
        selection,
        format!(
            "Under \"Permissions\" add {}; GitHub adds \"Metadata\": \"Read-only\" by itself.",
            pages.join(", ")
        ),
    ];
    if purposes.contains(&Purpose::Push) {
        steps.push(format!(
            "Add {} too if commits will change files in .github/workflows.",
            on_the_page("workflows=write")
        ));
    }
    if purposes.contains(&Purpose::RegisterRunners) {
        steps.push(format!(
            "For {} the token's owner must be an admin of what the runners are for; runners of an enterprise need a classic token \
             with `manage_runners:enterprise`.",
            purpose_words(Purpose::RegisterRunners)
        ));
    }
    steps.push("Click \"Generate token\" and copy it; GitHub shows it once.".to_owned());
    steps.push("An organisation may have to approve the token before it sees anything private.".to_owned());
    TokenGuide {
        kind: CredentialKind::GitHubFineGrained,
        scopes,
        url,
        steps,
    }
}

fn fills_in(forge: &ForgeEndpoint) -> bool {
    forge.is_public() || forge.host().ends_with(".ghe.com")
}

fn quoted(scopes: &[String]) -> String {
    scopes
        .iter()
        .map(|scope| format!("`{scope}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
