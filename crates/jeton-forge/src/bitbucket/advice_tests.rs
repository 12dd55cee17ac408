use jeton_domain::{CredentialKind, Diagnosis};

use super::Place;

fn every(place: &Place<'_>) -> Vec<Diagnosis> {
    let missing = [
        "read:repository:bitbucket".to_owned(),
        "write:repository:bitbucket".to_owned(),
    ];
    vec![
        super::app_password(place),
        super::no_email(None),
        super::no_email(Some("alice")),
        super::no_email(Some("alice@example.com")),
        super::not_an_email("alice"),
        super::wrong_pair(place, "alice@example.com"),
        super::unusable(place),
        super::expired(place),
        super::name_a_repository(place),
        super::cannot_list(),
        super::scope(place, &missing, "pushing commits"),
        super::scope(place, &[], "pushing commits"),
        super::role(place, "acme/tools", "write", "pushing commits"),
        super::forbidden(place, "no"),
        super::not_visible(place, "acme/tools"),
        super::odd(place, "no"),
        super::nameless(place),
        super::cannot_rotate(place),
    ]
}

/// What a person reads: whole sentences, and for each kind who has to act and where.
#[test]
fn every_finding_says_who_does_what_and_where() {
    for kind in [
        CredentialKind::BitbucketApiToken,
        CredentialKind::BitbucketAccess,
        CredentialKind::BitbucketRepository,
        CredentialKind::BitbucketProject,
        CredentialKind::BitbucketWorkspace,
        CredentialKind::BitbucketAppPassword,
    ] {
        for repository in [None, Some("acme/tools")] {
            let place = Place {
                web_url: "https://bitbucket.org",
                kind,
                repository,
            };
            for found in every(&place) {
                for text in [&found.cause, &found.remedy] {
                    assert!(text.starts_with(|c: char| c.is_uppercase() || c == '`'), "{text}");
                    assert!(
                        text.ends_with('.') && !text.contains("  ") && !text.contains(".."),
                        "{text}"
                    );
                }
                assert!(found.url.is_none_or(|url| url.starts_with("https://")));
            }
        }
    }
    let place = Place {
        web_url: "https://bitbucket.org",
        kind: CredentialKind::BitbucketWorkspace,
        repository: Some("acme/tools"),
    };
    let remedy = super::expired(&place).remedy;
    assert!(
        remedy.contains("an administrator of the workspace")
            && remedy.contains("/acme/workspace/settings/access-tokens"),
        "{remedy}"
    );
}
