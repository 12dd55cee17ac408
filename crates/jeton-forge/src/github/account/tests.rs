//! What needs no forge: guides, and what is refused before anything is sent.

use jeton_domain::{Code, Credential, CredentialKind, ForgeEndpoint, Purpose, Secret, Validity};
use jeton_outbound::{AddressRules, HttpOptions, Outbound};
use jiff::Timestamp;

use super::GitHubAccounts;
use crate::{AccountForge as _, CheckAsk, Rotated};

fn accounts() -> GitHubAccounts {
    GitHubAccounts::new(Outbound::new(HttpOptions::default(), AddressRules::default()).unwrap())
}

fn credential(kind: CredentialKind, token: &str) -> Credential {
    Credential {
        kind,
        forge: ForgeEndpoint::github_com(),
        token: Secret::new(token),
        username: None,
        email: None,
    }
}

#[test]
fn a_fine_grained_token_is_advised_with_its_page_filled_in() {
    let purposes = [Purpose::Push, Purpose::ReadContent, Purpose::ManagePullRequests];
    let guide = accounts().guide(&ForgeEndpoint::github_com(), None, &purposes, Some("acme/tools"));
    assert_eq!(guide.kind, CredentialKind::GitHubFineGrained);
    assert_eq!(guide.scopes, ["contents=write", "pull_requests=write"]);
    assert_eq!(
        guide.url,
        "https://github.com/settings/personal-access-tokens/new?name=jeton&expires_in=90&target_name=acme&contents=write&\
         pull_requests=write"
    );
    let steps = guide.steps.join("\n");
    for part in [
        "\"Resource owner\" choose `acme`",
        "`acme/tools`",
        "\"Contents\": \"Read and write\"",
        "\"Workflows\": \"Read and write\"",
    ] {
        assert!(steps.contains(part), "{part} in {steps}");
    }
}

#[test]
fn a_guide_is_for_its_forge_and_kind() {
    let ghes = ForgeEndpoint::github("https://ghe.example.com/api/v3").unwrap();
    let of = |kind, purposes: &[Purpose], path| accounts().guide(&ghes, kind, purposes, path);
    let fine = of(None, &[], None);
    assert_eq!(fine.url, "https://ghe.example.com/settings/personal-access-tokens/new");
    assert_eq!(fine.scopes, ["contents=read"]);
    let classic = of(
        Some(CredentialKind::GitHubClassic),
        &[Purpose::Push, Purpose::RegisterRunners],
        Some("acme"),
    );
    assert_eq!(classic.scopes, ["admin:org", "repo"]);
    assert_eq!(
        classic.url,
        "https://ghe.example.com/settings/tokens/new?description=jeton&scopes=admin%3Aorg%2Crepo"
    );
    let org = of(None, &[Purpose::RegisterRunners, Purpose::ManageSecrets], Some("acme"));
    assert_eq!(
        org.scopes,
        ["organization_secrets=write", "organization_self_hosted_runners=write"]
    );
    let repo = of(
        None,
        &[Purpose::RegisterRunners, Purpose::ManageSecrets],
        Some("acme/tools"),
    );
    assert_eq!(repo.scopes, ["administration=write", "secrets=write"]);
    let oauth = of(Some(CredentialKind::GitHubOAuth), &[Purpose::ReadContent], None);
    assert!(
        oauth.steps[0].contains("gh auth login --hostname ghe.example.com --scopes repo"),
        "{oauth:?}"
    );
}

#[tokio::test]
async fn no_token_of_githubs_renews_itself() {
    for (kind, page) in [
        (CredentialKind::GitHubClassic, "https://github.com/settings/tokens"),
        (
            CredentialKind::GitHubFineGrained,
            "https://github.com/settings/personal-access-tokens",
        ),
        (CredentialKind::GitHubOAuth, "https://github.com/settings/applications"),
    ] {
        match accounts()
            .rotate(&credential(kind, "any"), None, Timestamp::UNIX_EPOCH)
            .await
        {
            Rotated::Refused(found) => {
                assert_eq!(found.code, Code::RotationUnsupported);
                assert_eq!(found.url.as_deref(), Some(page));
                let way = if kind == CredentialKind::GitHubOAuth {
                    "gh auth refresh"
                } else {
                    page
                };
                assert!(found.remedy.contains(way), "{}", found.remedy);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_no_persons_token_is_not_sent() {
    for (kind, token, code) in [
        (CredentialKind::GitHubInstallation, "any", Code::CredentialWrongKind),
        (CredentialKind::GitHubRefresh, "any", Code::CredentialWrongKind),
        (CredentialKind::GitLabPersonal, "any", Code::CredentialWrongKind),
        (CredentialKind::GitHubClassic, "with\na break", Code::CredentialDamaged),
    ] {
        let report = accounts()
            .check(&credential(kind, token), &CheckAsk::default(), Timestamp::UNIX_EPOCH)
            .await;
        assert_eq!(report.validity, Validity::Unknown);
        assert_eq!(report.diagnoses[0].code, code);
        assert!(report.evidence.is_empty());
    }
}
