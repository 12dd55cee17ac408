use jeton_domain::{CredentialKind, Fitness, Purpose};

use super::{Known, Role, Standing, find, holds, is_name};

fn scopes(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn standing(scopes: &[String]) -> Standing<'_> {
    Standing {
        kind: CredentialKind::BitbucketApiToken,
        scopes: Known::Told(scopes),
        repository: Some("acme/tools"),
        visible: Some(true),
        role: Some(Role::Admin),
    }
}

#[test]
fn writing_does_not_hold_reading_for_an_api_token() {
    let held = scopes(&["write:pullrequest:bitbucket"]);
    let found = find(Purpose::ManagePullRequests, standing(&held));
    assert_eq!(
        (found.fit, found.missing),
        (Fitness::No, scopes(&["read:pullrequest:bitbucket"]))
    );
    let held = scopes(&["read:pullrequest:bitbucket", "write:pullrequest:bitbucket"]);
    assert_eq!(find(Purpose::ManagePullRequests, standing(&held)).fit, Fitness::Yes);
}

#[test]
fn writing_holds_reading_for_an_access_token() {
    assert!(holds(&scopes(&["repository:write"]), "repository"));
    assert!(!holds(&scopes(&["repository"]), "repository:write"));
    assert!(!holds(&scopes(&["repository:admin"]), "repository"));
    assert!(holds(&scopes(&["pullrequest:write"]), "repository:write"));
    assert!(!holds(
        &scopes(&["write:repository:bitbucket"]),
        "read:repository:bitbucket"
    ));
    let held = scopes(&["repository:write"]);
    let access = Standing {
        kind: CredentialKind::BitbucketAccess,
        role: None,
        ..standing(&held)
    };
    assert_eq!(find(Purpose::Push, access).fit, Fitness::Yes);
    let found = find(Purpose::RegisterRunners, access);
    assert_eq!((found.fit, found.missing), (Fitness::No, scopes(&["runner:write"])));
}

#[test]
fn a_hint_refuses_nothing() {
    let held = scopes(&["read:repository:bitbucket"]);
    let hinted = Standing {
        scopes: Known::Hinted(&held),
        ..standing(&held)
    };
    let found = find(Purpose::Push, hinted);
    assert_eq!((found.fit, found.missing), (Fitness::Unknown, vec![]));
    assert!(is_name(CredentialKind::BitbucketApiToken, "read:repository:bitbucket"));
    assert!(!is_name(CredentialKind::BitbucketApiToken, "repository"));
    assert!(is_name(CredentialKind::BitbucketAccess, "repository:write"));
    assert!(!is_name(CredentialKind::BitbucketAccess, "read:repository:bitbucket"));
}

#[test]
fn the_owners_role_counts_too() {
    let held = scopes(&[
        "read:pipeline:bitbucket",
        "admin:pipeline:bitbucket",
        "read:repository:bitbucket",
    ]);
    let as_writer = Standing {
        role: Some(Role::Write),
        ..standing(&held)
    };
    let found = find(Purpose::ManageSecrets, as_writer);
    assert_eq!((found.fit, found.missing), (Fitness::No, scopes(&["admin access"])));
    let untold = Standing {
        role: None,
        ..standing(&held)
    };
    assert_eq!(find(Purpose::ManageSecrets, untold).fit, Fitness::Unknown);
    let nowhere = Standing {
        repository: None,
        visible: None,
        role: None,
        ..standing(&held)
    };
    assert!(find(Purpose::ManageSecrets, nowhere).why.contains("name one"));
}

#[test]
fn what_was_seen_settles_it_and_what_was_not_told_stays_unknown() {
    let untold = Standing {
        scopes: Known::Untold,
        ..standing(&[])
    };
    assert_eq!(find(Purpose::ReadContent, untold).fit, Fitness::Yes);
    let found = find(Purpose::Push, untold);
    assert!(
        found.fit == Fitness::Unknown && found.why.contains("write:repository:bitbucket"),
        "{}",
        found.why
    );
    let gone = Standing {
        visible: Some(false),
        ..untold
    };
    assert_eq!(find(Purpose::ReadContent, gone).fit, Fitness::No);
}
