use jeton_domain::{Code, CredentialKind, Diagnosis, ForgeEndpoint};
use jiff::Timestamp;

use super::{About, Refusal};

const NOW: &str = "2026-06-01T12:00:00Z";

fn explain(kind: CredentialKind, forge: &ForgeEndpoint, refusal: &Refusal) -> Diagnosis {
    About {
        kind,
        forge,
        owner: Some("acme"),
        repository: Some("acme/tools"),
        said: Some("Nope."),
        known_end: None,
        now: NOW.parse().unwrap(),
    }
    .explain(refusal)
}

fn all() -> Vec<(Refusal, Code)> {
    vec![
        (Refusal::BadCredentials, Code::CredentialInvalid),
        (Refusal::NoCredential, Code::ForgeGarbled),
        (Refusal::NotGitHub, Code::ForgeGarbled),
        (Refusal::OneTimePassword, Code::CredentialNotAToken),
        (Refusal::LockedOut, Code::CredentialLocked),
        (Refusal::AccountSuspended, Code::CredentialInvalid),
        (Refusal::Sso { org: None, url: None }, Code::CredentialSso),
        (
            Refusal::IpAllowList {
                org: Some("acme".to_owned()),
            },
            Code::CredentialIp,
        ),
        (
            Refusal::Lifetime {
                whose: "organization",
                name: Some("acme".to_owned()),
                days: Some(90),
                url: None,
            },
            Code::CredentialLifetime,
        ),
        (
            Refusal::Missing {
                wanted: vec![vec!["contents=read".to_owned()]],
            },
            Code::CredentialScope,
        ),
        (Refusal::Role, Code::CredentialRole),
        (Refusal::NotVisible { wanted: Vec::new() }, Code::CredentialNotVisible),
        (Refusal::Other, Code::ForgeForbidden),
    ]
}

const KINDS: [CredentialKind; 3] = [
    CredentialKind::GitHubClassic,
    CredentialKind::GitHubFineGrained,
    CredentialKind::GitHubOAuth,
];

#[test]
fn every_finding_says_what_where_and_how_for_this_github() {
    let ghes = ForgeEndpoint::github("https://ghe.example.com/api/v3").unwrap();
    for forge in [ForgeEndpoint::github_com(), ghes] {
        for kind in KINDS {
            for (refusal, code) in all() {
                let found = explain(kind, &forge, &refusal);
                let shown = format!("{kind:?} {refusal:?}: {} {}", found.cause, found.remedy);
                assert_eq!(found.code, code, "{shown}");
                for text in [&found.cause, &found.remedy] {
                    assert!(text.ends_with('.') || text.ends_with("Nope."), "{shown}");
                    assert!(!text.contains("  ") && !text.contains("``"), "{shown}");
                }
                let away = if forge.is_public() {
                    "ghe.example.com"
                } else {
                    "https://github.com/"
                };
                assert!(!shown.contains(away), "{shown}");
                if let Some(url) = &found.url {
                    assert!(url.starts_with(forge.web_url()), "{shown}");
                }
            }
        }
    }
}

#[test]
fn the_page_is_that_of_the_kind() {
    let forge = ForgeEndpoint::github_com();
    for (kind, page, way) in [
        (
            CredentialKind::GitHubClassic,
            "https://github.com/settings/tokens",
            "Regenerate token",
        ),
        (
            CredentialKind::GitHubFineGrained,
            "https://github.com/settings/personal-access-tokens",
            "permissions and repositories",
        ),
        (
            CredentialKind::GitHubOAuth,
            "https://github.com/settings/applications",
            "gh auth login",
        ),
    ] {
        let found = explain(kind, &forge, &Refusal::BadCredentials);
        assert_eq!(found.url.as_deref(), Some(page));
        assert!(found.remedy.contains(way), "{}", found.remedy);
        assert!(
            found.cause.contains("wrong, has expired or was revoked"),
            "{}",
            found.cause
        );
    }
}

#[test]
fn a_known_end_that_has_passed_tells_expired_from_wrong() {
    let forge = ForgeEndpoint::github_com();
    let of = |end: &str| {
        About {
            known_end: Some(end.parse::<Timestamp>().unwrap()),
            now: NOW.parse().unwrap(),
            kind: CredentialKind::GitHubClassic,
            forge: &forge,
            owner: None,
            repository: None,
            said: None,
        }
        .explain(&Refusal::BadCredentials)
    };
    let expired = of("2026-05-30T08:00:00Z");
    assert_eq!(expired.code, Code::CredentialExpired);
    assert!(expired.cause.contains("2026-05-30 08:00:00 UTC"), "{}", expired.cause);
    assert_eq!(of("2026-06-30T08:00:00Z").code, Code::CredentialInvalid);
}

#[test]
fn a_link_of_githubs_is_given_and_one_of_somebody_elses_is_not() {
    let forge = ForgeEndpoint::github_com();
    let sso = |url: &str| {
        let refusal = Refusal::Sso {
            org: Some("acme".to_owned()),
            url: Some(url.to_owned()),
        };
        explain(CredentialKind::GitHubClassic, &forge, &refusal)
    };
    let link = "https://github.com/orgs/acme/sso?authorization_request=A1";
    let found = sso(link);
    assert_eq!(found.url.as_deref(), Some(link));
    assert!(
        found.remedy.contains(link) && found.cause.contains("`acme`"),
        "{found:?}"
    );
    for bad in [
        "https://github.com.evil.example/orgs/acme/sso",
        "https://evil.example/",
        "javascript:alert(1)",
        "https://github.com/orgs/\"><script>",
        "http://github.com/x",
    ] {
        let found = sso(bad);
        assert_eq!(
            found.url.as_deref(),
            Some("https://github.com/settings/tokens"),
            "{bad}"
        );
        assert!(
            !found.remedy.contains(bad) && found.remedy.contains("Configure SSO"),
            "{bad}"
        );
    }
}

#[test]
fn a_missing_permission_is_named_as_on_the_page() {
    let forge = ForgeEndpoint::github_com();
    let wanted = vec![
        vec!["pull_requests=read".to_owned(), "contents=read".to_owned()],
        vec!["issues=read".to_owned()],
    ];
    let found = explain(CredentialKind::GitHubFineGrained, &forge, &Refusal::Missing { wanted });
    assert!(
        found.cause.contains(
            "\"Pull requests\": \"Read-only\" (`pull_requests=read`) and \"Contents\": \"Read-only\" (`contents=read`), or \"Issues\""
        ),
        "{}",
        found.cause
    );
    let wanted = vec!["repo".to_owned()];
    let hidden = explain(CredentialKind::GitHubClassic, &forge, &Refusal::NotVisible { wanted });
    assert!(hidden.remedy.contains("needs the scope `repo`"), "{}", hidden.remedy);
}

#[test]
fn a_policy_against_a_kind_names_the_other_kind() {
    let forge = ForgeEndpoint::github_com();
    let refusal = Refusal::KindForbidden {
        org: Some("acme".to_owned()),
    };
    let classic = explain(CredentialKind::GitHubClassic, &forge, &refusal);
    assert_eq!(classic.code, Code::CredentialClassicForbidden);
    assert_eq!(
        classic.url.as_deref(),
        Some("https://github.com/settings/personal-access-tokens/new")
    );
    let policy = "https://github.com/organizations/acme/settings/personal-access-tokens";
    assert!(classic.remedy.contains(policy), "{}", classic.remedy);
    let fine = explain(CredentialKind::GitHubFineGrained, &forge, &refusal);
    assert_eq!((fine.code, fine.url.as_deref()), (Code::ForgeForbidden, Some(policy)));
}

#[test]
fn a_lockout_says_until_when() {
    let found = explain(
        CredentialKind::GitHubClassic,
        &ForgeEndpoint::github_com(),
        &Refusal::LockedOut,
    );
    assert_eq!(found.retry_at, Some("2026-06-01T13:00:00Z".parse().unwrap()));
}

#[test]
fn an_oauth_token_is_changed_with_gh_and_not_on_a_page_of_personal_tokens() {
    let forge = ForgeEndpoint::github_com();
    let wanted = Refusal::NotVisible {
        wanted: vec!["repo".to_owned()],
    };
    let sso = Refusal::Sso {
        org: Some("acme".to_owned()),
        url: Some("https://github.com/orgs/acme/sso?authorization_request=A1".to_owned()),
    };
    let forbidden = Refusal::KindForbidden { org: None };
    for refusal in all()
        .into_iter()
        .map(|(refusal, _)| refusal)
        .chain([wanted, sso, forbidden])
    {
        let found = explain(CredentialKind::GitHubOAuth, &forge, &refusal);
        for word in ["Configure SSO", "Regenerate", "Update token", "(classic)"] {
            let shown = format!("{refusal:?}: {} {}", found.cause, found.remedy);
            assert!(!shown.contains(word), "{word} in {shown}");
        }
    }
}
