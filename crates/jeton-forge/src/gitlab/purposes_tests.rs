use jeton_domain::{Fitness, Purpose};

use super::{Role, Standing, find, least_role, least_scopes};

fn scopes(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn standing(role: u16) -> Standing<'static> {
    Standing {
        project: Some("acme/tools"),
        role: Some(Role(role)),
        ..Standing::default()
    }
}

fn fit(purpose: Purpose, held: &[&str], role: u16) -> Fitness {
    find(purpose, Some(&scopes(held)), standing(role)).fit
}

#[test]
fn nobody_writes_to_an_archived_project() {
    let scopes = ["api".to_owned()];
    let archived = Standing {
        project: Some("acme/tools"),
        role: Some(Role::OWNER),
        archived: true,
        ..Standing::default()
    };
    for (purpose, fit) in [
        (Purpose::Push, Fitness::No),
        (Purpose::ManagePullRequests, Fitness::No),
        (Purpose::ReadContent, Fitness::Yes),
    ] {
        assert_eq!(find(purpose, Some(&scopes), archived).fit, fit, "{purpose:?}");
    }
}

#[test]
fn a_purpose_wants_a_scope_and_a_role() {
    use Fitness::{No, Unknown, Yes};
    let rows: &[(Purpose, &[&str], u16, Fitness)] = &[
        (Purpose::ReadContent, &["read_repository"], 20, Yes),
        (Purpose::ReadContent, &["read_api"], 30, Yes),
        (Purpose::ReadContent, &["read_user"], 50, No),
        (Purpose::ReadContent, &["write_repository"], 50, No),
        (Purpose::ReadContent, &["api"], 10, No),
        (Purpose::ManagePullRequests, &["api"], 30, Yes),
        (Purpose::ManagePullRequests, &["api"], 20, No),
        (Purpose::ManagePullRequests, &["read_api"], 50, No),
        (Purpose::Push, &["write_repository"], 30, Yes),
        (Purpose::Push, &["read_repository"], 50, No),
        (Purpose::Push, &["api"], 20, No),
        (Purpose::RegisterRunners, &["create_runner"], 50, Yes),
        (Purpose::RegisterRunners, &["create_runner"], 40, Unknown),
        (Purpose::RegisterRunners, &["api"], 30, No),
        (Purpose::ManageSecrets, &["api"], 40, Yes),
        (Purpose::ManageSecrets, &["api"], 30, No),
        (Purpose::ManageSecrets, &["create_runner"], 50, No),
    ];
    for (purpose, held, role, want) in rows {
        assert_eq!(fit(*purpose, held, *role), *want, "{purpose} {held:?} {role}");
    }
}

#[test]
fn what_is_missing_is_the_least_that_would_do() {
    let found = find(Purpose::Push, Some(&scopes(&["read_api"])), standing(50));
    assert_eq!(found.missing, ["write_repository"]);
    let found = find(Purpose::ManageSecrets, Some(&scopes(&["api"])), standing(30));
    assert_eq!(found.missing, ["role Maintainer"]);
    assert!(
        found.why.contains("Developer") && found.why.contains("acme/tools"),
        "{}",
        found.why
    );
}

#[test]
fn what_cannot_be_known_stays_unknown_and_says_why() {
    let api = scopes(&["api"]);
    let nowhere = find(Purpose::Push, Some(&api), Standing::default());
    assert!(
        nowhere.fit == Fitness::Unknown && nowhere.why.contains("name one"),
        "{}",
        nowhere.why
    );
    let no_role = Standing {
        project: Some("acme/tools"),
        ..Standing::default()
    };
    assert_eq!(find(Purpose::Push, Some(&api), no_role).fit, Fitness::Unknown);
    assert_eq!(find(Purpose::Push, None, standing(50)).fit, Fitness::Unknown);
    assert_eq!(fit(Purpose::Push, &["granular"], 50), Fitness::Unknown);
    let admin = Standing {
        admin: true,
        ..standing(0)
    };
    assert_eq!(find(Purpose::Push, Some(&api), admin).fit, Fitness::Unknown);
}

#[test]
fn files_that_were_read_settle_it() {
    let seen = Standing {
        read_files: Some(true),
        ..standing(0)
    };
    assert_eq!(find(Purpose::ReadContent, None, seen).fit, Fitness::Yes);
    let refused = Standing {
        read_files: Some(false),
        ..standing(50)
    };
    assert_eq!(
        find(Purpose::ReadContent, Some(&scopes(&["api"])), refused).fit,
        Fitness::No
    );
    let gone = Standing {
        invisible: true,
        ..standing(50)
    };
    assert_eq!(find(Purpose::Push, Some(&scopes(&["api"])), gone).fit, Fitness::No);
}

#[test]
fn the_least_scopes_are_asked_for() {
    assert_eq!(least_scopes(&[Purpose::ReadContent]), ["read_repository"]);
    assert_eq!(
        least_scopes(&[Purpose::RegisterRunners, Purpose::Push, Purpose::ReadContent]),
        ["read_repository", "write_repository", "create_runner"]
    );
    assert_eq!(least_scopes(&[Purpose::ReadContent, Purpose::ManageSecrets]), ["api"]);
    assert_eq!(
        least_role(&[Purpose::ReadContent, Purpose::ManageSecrets]),
        Role::MAINTAINER
    );
}
