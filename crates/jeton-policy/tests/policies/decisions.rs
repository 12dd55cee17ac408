use jeton_domain::{Action, Caller, Role};
use jeton_policy::{CallerSpec, Origin, PolicySet, PolicySpec};
use jiff::SignedDuration;
use serde_json::json;

use crate::support::{Request, allowed, client, denied, for_callers, jwt, look, mint, operator, set, unix, user};

#[test]
fn nothing_is_allowed_without_a_policy() {
    let none = set("");
    let everyone = [
        client("ci"),
        user("ada", Role::Member),
        user("eve", Role::Auditor),
        unix(0, 0),
        jwt("actions", &json!({"sub": "x"})),
        Caller::anonymous(None),
    ];
    for caller in &everyone {
        let refusal = denied(&none, caller, &mint("acme/tools"));
        assert!(!refusal.by_ceiling && refusal.stable && refusal.rule.is_none());
        assert_eq!(refusal.to_string(), "no policy allows you this `token.mint`");
    }
    assert!(none.is_empty());
}

#[test]
fn a_request_is_granted_whole_by_one_policy_or_refused() {
    let set = set(r#"
[[policy]]
name = "reads"
callers = { client = "ci" }
actions = "token.mint"
repositories = ["acme/a", "acme/b"]
permissions = { contents = "read", issues = "read" }

[[policy]]
name = "writes"
callers = { client = "ci" }
actions = "token.mint"
repositories = ["acme/b", "acme/c"]
permissions = { contents = "write" }
"#);
    let ci = client("ci");
    assert_eq!(&*allowed(&set, &ci, &mint("acme/a").also("acme/b")).rule, "reads");
    assert_eq!(&*allowed(&set, &ci, &mint("acme/b")).rule, "reads");
    assert_eq!(
        &*allowed(&set, &ci, &mint("acme/b").named("contents=write")).rule,
        "writes"
    );
    denied(&set, &ci, &mint("acme/a").also("acme/c"));
    denied(&set, &ci, &mint("acme/b").named("contents=write,issues=read"));
    denied(&set, &ci, &mint("acme/a").named("contents=admin"));
    // The first decides what is given when nothing is named.
    let given = allowed(&set, &ci, &mint("acme/b")).permissions.unwrap();
    assert_eq!(given.to_string(), "contents=read,issues=read");
    let given = allowed(&set, &ci, &mint("acme/b").named("contents=read"))
        .permissions
        .unwrap();
    assert_eq!(given.to_string(), "contents=read");
    // Whatever order they are named in, all count.
    denied(&set, &ci, &mint("acme/c").also("acme/a"));
}

#[test]
fn metadata_comes_with_every_token() {
    let set = for_callers("{ client = \"ci\" }");
    allowed(
        &set,
        &client("ci"),
        &mint("acme/x").named("contents=read,metadata=read"),
    );
    denied(
        &set,
        &client("ci"),
        &mint("acme/x").named("contents=read,metadata=write"),
    );
}

#[test]
fn repositories_that_are_none_are_covered_by_nothing() {
    let set = set(r#"
[[policy]]
name = "wide"
callers = { anyone = true }
actions = "token.mint"
repositories = ["*/*", "*/*/*"]
permissions = { contents = "read" }
"#);
    let ci = client("ci");
    allowed(&set, &ci, &mint("acme/x"));
    allowed(&set, &ci, &mint("acme/group/x"));
    for odd in ["", "acme", "/", "acme/", "/x", "acme//x", "a/b/c/d"] {
        denied(&set, &ci, &mint(odd));
        denied(&set, &ci, &mint("acme/x").also(odd));
    }
    let mut none = mint("acme/x");
    none.repositories.clear();
    denied(&set, &ci, &none);
    // Whoever may do everything may also do what is about an organisation.
    assert_eq!(
        &*allowed(&set, &operator(), &none.action(Action::RunnerRegister)).rule,
        "builtin:operator"
    );
}

#[test]
fn owners_that_begin_alike_are_others() {
    let set = for_callers("{ client = \"ci\" }");
    for repository in [
        "acme-evil/x",
        "acme/x/y",
        "xacme/x",
        "acme\\x",
        "acme%2Fx",
        "\u{430}cme/x",
    ] {
        denied(&set, &client("ci"), &mint(repository));
    }
    allowed(&set, &client("ci"), &mint("ACME/Tools"));
}

#[test]
fn forges_sources_and_lifetimes_limit() {
    let set = set(r#"
[[policy]]
name = "narrow"
callers = { client = "ci" }
actions = "token.mint"
forges = "GitHub.com"
repositories = "acme/*"
permissions = { contents = "read" }
sources = ["app:default", "account:ci-*"]
longest_lifetime_seconds = 1800
"#);
    let ci = client("ci");
    let fine = mint("acme/x");
    let found = allowed(&set, &ci, &fine);
    assert_eq!(found.longest_lifetime, Some(SignedDuration::from_secs(1800)));
    assert!(found.stable);
    allowed(&set, &ci, &fine.clone().seconds(1800));
    denied(&set, &ci, &fine.clone().seconds(1801));
    denied(&set, &ci, &fine.clone().seconds(u64::MAX));
    for forge in [None, Some("git.example.com"), Some("github.com.evil.example")] {
        denied(&set, &ci, &Request { forge, ..fine.clone() });
    }
    for source in [None, Some("app:other"), Some("account:default"), Some("app:Default")] {
        denied(&set, &ci, &Request { source, ..fine.clone() });
    }
    allowed(
        &set,
        &ci,
        &Request {
            source: Some("account:ci-1"),
            ..fine.clone()
        },
    );
    denied(&set, &ci, &fine.action(Action::SecretPush));
}

#[test]
fn built_in_rules_know_the_operator_and_the_auditor() {
    let none = set("");
    for action in Action::ALL {
        for caller in [operator(), user("root", Role::Operator)] {
            let found = allowed(&none, &caller, &mint("any/thing").action(*action));
            assert_eq!((&*found.rule, found.permissions), ("builtin:operator", None));
        }
        let request = look(*action);
        if action.only_looks() {
            assert_eq!(
                &*allowed(&none, &user("eve", Role::Auditor), &request).rule,
                "builtin:auditor"
            );
        } else {
            denied(&none, &user("eve", Role::Auditor), &request);
        }
        denied(&none, &user("bob", Role::Member), &request);
        denied(&none, &unix(0, 0), &request);
    }
    let named = allowed(&none, &operator(), &mint("any/thing").named("administration=write"));
    assert_eq!(named.permissions.unwrap().to_string(), "administration=write");
}

#[test]
fn the_file_comes_before_what_is_stored_before_what_is_built_in() {
    let policy = |name: &str, callers: CallerSpec| PolicySpec {
        name: name.to_owned(),
        callers,
        actions: vec!["content.read".to_owned()],
        repositories: vec!["*/*".to_owned()],
        ..PolicySpec::default()
    };
    let anyone = || CallerSpec {
        anyone: true,
        ..CallerSpec::default()
    };
    let anonymous = CallerSpec {
        anonymous: true,
        ..CallerSpec::default()
    };
    let set = PolicySet::compile(
        None,
        vec![
            (Origin::BuiltIn, policy("builtin:anonymous", anonymous)),
            (Origin::Stored, policy("same", anyone())),
            (Origin::Stored, policy("z", anyone())),
            (Origin::File, policy("y", anyone())),
            (Origin::File, policy("same", anyone())),
        ],
    )
    .unwrap();
    let names: Vec<_> = set.names().collect();
    let expected = [
        (Origin::File, "y"),
        (Origin::File, "same"),
        (Origin::Stored, "same"),
        (Origin::Stored, "z"),
        (Origin::BuiltIn, "builtin:anonymous"),
    ];
    assert_eq!((names.as_slice(), set.len()), (expected.as_slice(), 5));
    let read = mint("acme/x").action(Action::ContentRead);
    assert_eq!(&*allowed(&set, &client("ci"), &read).rule, "y");
    assert_eq!(&*allowed(&set, &operator(), &read).rule, "y");
    assert_eq!(
        &*allowed(&set, &Caller::anonymous(None), &read).rule,
        "builtin:anonymous"
    );
}

#[test]
fn a_condition_is_asked_last_and_makes_the_answer_unstable() {
    let set = set(r#"
[[policy]]
name = "office-hours"
callers = { client = "ci" }
actions = "token.mint"
repositories = "acme/*"
permissions = { contents = "write" }
condition = "request.time.getHours() < 18 && request.permissions.contents == 'write'"

[[policy]]
name = "always"
callers = { client = "ci" }
actions = "token.mint"
repositories = ["acme/*", "beta/*"]
permissions = { contents = "read" }
"#);
    let ci = client("ci");
    let day = mint("acme/x");
    let night = Request {
        now: "2026-11-22T23:00:00Z".parse().unwrap(),
        ..day.clone()
    };
    let found = allowed(&set, &ci, &day);
    assert_eq!((&*found.rule, found.stable), ("office-hours", false));
    let found = allowed(&set, &ci, &night);
    assert_eq!((&*found.rule, found.stable), ("always", false));
    let found = allowed(&set, &ci, &mint("beta/x"));
    assert_eq!((&*found.rule, found.stable), ("always", true));
    assert!(!denied(&set, &ci, &night.named("contents=write")).stable);
    assert!(denied(&set, &ci, &mint("acme/x").named("contents=admin")).stable);
    assert!(denied(&set, &client("other"), &day).stable);
}

#[test]
fn actions_about_no_repository_look_at_none() {
    let set = set(
        "[[policy]]\nname = \"p\"\ncallers = { client = \"ci\" }\nactions = [\"grant.read\", \"token.mint\"]\n\
                   repositories = \"acme/*\"\npermissions = { contents = \"read\" }\nsources = \"app:x\"",
    );
    let found = allowed(&set, &client("ci"), &look(Action::GrantRead));
    assert_eq!((&*found.rule, found.permissions), ("p", None));
    denied(&set, &client("ci"), &look(Action::GrantRevoke));
    denied(&set, &client("ci"), &look(Action::GrantRead).named("contents=write"));
}
