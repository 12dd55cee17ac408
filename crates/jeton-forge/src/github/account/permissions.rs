//! What each purpose needs, in GitHub's own words (OpenAPI description; facts of its REST pages), for each kind of token.

use jeton_domain::{CredentialKind, Purpose};

/// The scope or permission that a purpose needs at the least. `on_owner` for what is done on an organisation rather than on one
/// of its repositories.
pub(super) fn needed(kind: CredentialKind, purpose: Purpose, on_owner: bool) -> &'static str {
    if kind == CredentialKind::GitHubFineGrained || kind == CredentialKind::GitHubAppUser {
        return match (purpose, on_owner) {
            (Purpose::ReadContent, _) => "contents=read",
            (Purpose::ManagePullRequests, _) => "pull_requests=write",
            (Purpose::Push, _) => "contents=write",
            (Purpose::RegisterRunners, false) => "administration=write",
            (Purpose::RegisterRunners, true) => "organization_self_hosted_runners=write",
            (Purpose::ManageSecrets, false) => "secrets=write",
            (Purpose::ManageSecrets, true) => "organization_secrets=write",
        };
    }
    match (purpose, on_owner) {
        (Purpose::RegisterRunners | Purpose::ManageSecrets, true) => "admin:org",
        _ => "repo",
    }
}

/// A permission as it stands on the page where a token is made: `"Pull requests": "Read and write"`.
pub(in crate::github) fn on_the_page(permission: &str) -> String {
    let Some((name, level)) = permission.split_once('=') else {
        return format!("`{permission}`");
    };
    let level = match level {
        "read" => "Read-only",
        "write" => "Read and write",
        other => other,
    };
    let name = match name {
        "organization_self_hosted_runners" => "Self-hosted runners",
        "organization_secrets" => "Organization secrets",
        "organization_dependabot_secrets" => "Organization dependabot secrets",
        "organization_codespaces_secrets" => "Organization codespaces secrets",
        "organization_administration" => "Administration",
        other => return format!("\"{}\": \"{level}\" (`{permission}`)", sentence_case(other)),
    };
    format!("\"{name}\": \"{level}\" (`{permission}`)")
}

fn sentence_case(key: &str) -> String {
    let words = key.replace('_', " ");
    let mut letters = words.chars();
    letters
        .next()
        .map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A purpose as part of a sentence.
pub(super) fn purpose_words(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::ReadContent => "reading files",
        Purpose::ManagePullRequests => "managing pull requests",
        Purpose::Push => "pushing commits",
        Purpose::RegisterRunners => "registering runners",
        Purpose::ManageSecrets => "writing secrets",
    }
}

#[cfg(test)]
mod tests {
    use super::on_the_page;

    #[test]
    fn permissions_read_as_on_the_page() {
        for (key, want) in [
            ("contents=read", "\"Contents\": \"Read-only\" (`contents=read`)"),
            (
                "pull_requests=write",
                "\"Pull requests\": \"Read and write\" (`pull_requests=write`)",
            ),
            (
                "organization_self_hosted_runners=write",
                "\"Self-hosted runners\": \"Read and write\" (`organization_self_hosted_runners=write`)",
            ),
            ("repo", "`repo`"),
        ] {
            assert_eq!(on_the_page(key), want);
        }
    }
}
