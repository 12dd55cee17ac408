use jeton_domain::{CredentialKind, Diagnosis, ForgeEndpoint};

use super::super::place::Place;

const KINDS: [CredentialKind; 3] = [
    CredentialKind::GitLabPersonal,
    CredentialKind::GitLabProject,
    CredentialKind::GitLabGroup,
];

fn every(at: &Place<'_>) -> Vec<Diagnosis> {
    let scopes = ["api".to_owned(), "read_api".to_owned()];
    vec![
        super::unknown(at),
        super::expired(at),
        super::revoked(at),
        super::impersonation(at),
        super::proof(at),
        super::scope(at, &scopes, "pushing commits"),
        super::role(at, Some("acme/tools"), "Developer", "pushing commits"),
        super::role(at, None, "Developer", "pushing commits"),
        super::forbidden(at, "403 Forbidden"),
        super::forbidden_there(at, "acme/tools", "reading files", "403 Forbidden"),
        super::not_visible(at, "acme/tools"),
        super::odd(at, "418 odd"),
        super::too_old(at),
        super::wrong_kind(at),
        super::special_purpose(at),
        super::cannot_rotate(
            at,
            "GitLab does not let this token renew itself: 403 Forbidden.".to_owned(),
        ),
        super::replace_by_hand(at, "This GitLab cannot do it.".to_owned()),
        super::rotation_refused(at, "400 Bad request"),
        super::rotation_unclear(at, "GitLab did not answer in time"),
    ]
}

/// What a person reads: whole sentences, the host, and for each kind who has to act and where.
#[test]
fn every_finding_says_who_does_what_and_where() {
    let forge = ForgeEndpoint::gitlab("https://git.example.com/lab").unwrap();
    for kind in KINDS {
        for path in [None, Some("acme/tools")] {
            let at = Place {
                path,
                ..Place::new(&forge, kind)
            };
            for found in every(&at) {
                for text in [&found.cause, &found.remedy] {
                    let first = text.chars().next().unwrap();
                    assert!(first.is_uppercase() || text.starts_with("git."), "{text}");
                    assert!(
                        text.ends_with('.') && !text.contains("  ") && !text.contains(".."),
                        "{text}"
                    );
                    assert!(!text.contains(" ,") && !text.contains("{}"), "{text}");
                }
                assert!(
                    found
                        .url
                        .is_none_or(|url| url.starts_with("https://git.example.com/lab"))
                );
            }
        }
    }
    let project = Place {
        path: Some("acme/tools"),
        ..Place::new(&forge, CredentialKind::GitLabProject)
    };
    let remedy = super::expired(&project).remedy;
    assert!(remedy.contains(
        "A Maintainer or Owner of the project opens https://git.example.com/lab/acme/tools/-/settings/access_tokens"
    ));
    let personal = Place::new(&forge, CredentialKind::GitLabPersonal);
    let remedy = super::expired(&personal).remedy;
    assert!(
        remedy.contains("https://git.example.com/lab/-/user_settings/personal_access_tokens"),
        "{remedy}"
    );
}
