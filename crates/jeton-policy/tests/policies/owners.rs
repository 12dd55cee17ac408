//! Requests for whatever an owner has, as `acme/*`.

use jeton_domain::{Action, Permissions};
use jeton_policy::{Decision, PolicySet};

use crate::support::{Request, allowed, client, denied, mint, operator, set};

/// A request for runners of these.
fn runners(repositories: &[&str]) -> Request {
    Request {
        action: Action::RunnerRegister,
        repositories: repositories.iter().map(|name| (*name).to_owned()).collect(),
        ..mint("")
    }
}

/// As a group of GitLab is asked for.
fn deep(owner: &str, depth: usize) -> Vec<String> {
    (1..=depth)
        .map(|depth| format!("{owner}{}", "/*".repeat(depth)))
        .collect()
}

fn policy(more: &str) -> PolicySet {
    set(&format!(
        "[[policy]]\nname = \"p\"\ncallers = {{ client = \"ci\" }}\nactions = \"runner.register\"\n{more}"
    ))
}

#[test]
fn a_condition_that_knows_no_owners_says_nothing_about_all_of_one() {
    let ci = client("ci");
    let blind = policy("repositories = 'acme/**'\ncondition = \"request.repositories.all(r, r != 'acme/vault')\"");
    allowed(&blind, &ci, &runners(&["acme/tools"]));
    denied(&blind, &ci, &runners(&["acme/vault"]));
    for all in [
        &["acme/*"][..],
        &["acme/tools", "acme/*"],
        &["acme/*", "acme/*/*"],
        &["acme/**"],
    ] {
        denied(&blind, &ci, &runners(all));
        let told = blind.explain(&ci, &runners(all).ask());
        let why = &told.considered.iter().find(|one| &*one.rule == "p").unwrap().why_not;
        assert!(why.len() == 1 && why[0].contains("`request.scope`"), "{why:?}");
    }
    for (condition, one, all) in [
        ("request.scope == 'repository'", true, false),
        ("request.scope == 'all'", false, true),
        ("request['scope'] == 'all'", false, true),
        ("has(request.scope) && request.time.getHours() == 12", true, true),
        ("request.time.getHours() == 12", true, false),
        // Not by its name: nobody can tell what it was compared with.
        ("[request].exists(r, r.scope == 'all')", false, false),
        ("'request.scope' != ''", true, false),
        ("caller.kind == 'client'", true, false),
    ] {
        let set = policy(&format!("repositories = \"*/*\"\ncondition = \"\"\"{condition}\"\"\""));
        let may = |request: &Request| set.decide(&ci, &request.ask()).allowed().is_some();
        assert_eq!(
            (may(&runners(&["acme/tools"])), may(&runners(&["acme/*"]))),
            (one, all),
            "{condition}"
        );
    }
}

#[test]
fn all_of_a_group_is_covered_by_what_is_below_it_at_any_depth() {
    let ci = client("ci");
    let mut group = runners(&[]);
    group.repositories = deep("acme/web", 20);
    let mut instance = runners(&[]);
    instance.repositories = deep("*", 20);
    // In the short form in which people ask for it.
    let short = runners(&["acme/web/**"]);
    for (globs, covers_group, covers_instance) in [
        ("['acme/web/**']", true, false),
        ("['acme/**']", true, false),
        ("['*/**']", true, true),
        ("['acme/web/*', 'acme/web/*/*']", false, false),
        ("['acme/web/*/**']", false, false),
        ("['acme/web-*/**']", false, false),
        ("['acme/tools/**', 'acme/w*/**']", true, false),
    ] {
        let set = policy(&format!("repositories = {globs}"));
        let may = |request: &Request| set.decide(&ci, &request.ask()).allowed().is_some();
        assert_eq!(
            (may(&group), may(&instance)),
            (covers_group, covers_instance),
            "{globs}"
        );
        assert_eq!(may(&short), covers_group, "{globs}");
    }
    let below = set("[ceiling]\nrepositories = [\"acme/**\"]");
    allowed(&below, &operator(), &group);
    assert!(denied(&below, &operator(), &instance).by_ceiling);
}

#[test]
fn what_an_action_takes_stays_below_the_ceiling() {
    let takes = |list: &str| Permissions::parse_list(list).unwrap();
    let (ci, request) = (client("ci"), runners(&["acme/tools"]));
    let rest = "[[policy]]\nname = \"p\"\ncallers = { client = \"ci\" }\nactions = \"runner.register\"\nrepositories = \"acme/*\"";
    let below = set(&format!(
        "[ceiling]\npermissions = {{ contents = \"read\", secrets = \"write\" }}\n{rest}"
    ));
    for caller in [&ci, &operator()] {
        let Decision::Denied(refusal) = below.decide_taking(caller, &request.ask(), &takes("administration=write"))
        else {
            panic!("allowed");
        };
        assert!(refusal.by_ceiling && refusal.rule.is_some());
        assert_eq!(refusal.what_exceeds.as_deref(), Some("`administration=write`"));
        let fine = below.decide_taking(caller, &request.ask(), &takes("secrets=write"));
        assert_eq!(fine, below.decide(caller, &request.ask()));
        assert!(fine.allowed().is_some());
    }
    let stranger = below.decide_taking(&client("x"), &request.ask(), &takes("administration=write"));
    assert!(stranger.denied().is_some_and(|denied| !denied.by_ceiling));
    let open = set(rest);
    assert!(
        open.decide_taking(&ci, &request.ask(), &takes("administration=write"))
            .allowed()
            .is_some()
    );
}

#[test]
fn whom_nothing_could_serve_is_known_without_a_source() {
    let ci = client("ci");
    let set = set(r#"
[ceiling]
forges = ["github.com", "git.example.com"]

[[policy]]
name = "p"
callers = { client = "ci" }
actions = "runner.register"
forges = "github.com"
repositories = "acme/*"
sources = "app:ci"
condition = "request.source == 'app:ci' && request.scope == 'repository'"
"#);
    let unnamed = Request {
        source: None,
        ..runners(&["acme/tools"])
    };
    denied(&set, &ci, &unnamed);
    assert_eq!(set.could_cover(&ci, &unnamed.ask()), Ok(()));
    assert_eq!(set.could_cover(&operator(), &unnamed.ask()), Ok(()));
    for request in [
        runners(&["beta/tools"]),
        runners(&["acme/tools", "beta/tools"]),
        runners(&[]),
        runners(&["acme/tools"]).action(Action::SecretPush),
        Request {
            forge: Some("git.example.com"),
            ..unnamed.clone()
        },
    ] {
        let refusal = set.could_cover(&ci, &request.ask()).unwrap_err();
        assert!(!refusal.by_ceiling && refusal.what_exceeds.is_none());
    }
    set.could_cover(&client("x"), &unnamed.ask()).unwrap_err();
    let elsewhere = Request {
        forge: Some("gitlab.com"),
        ..unnamed
    };
    let refusal = set.could_cover(&operator(), &elsewhere.ask()).unwrap_err();
    assert_eq!(
        (refusal.by_ceiling, refusal.what_exceeds.as_deref()),
        (true, Some("`gitlab.com`"))
    );
}

#[test]
fn a_group_looks_at_no_more_policies_than_a_repository() {
    let many: Vec<String> = (0..2_000)
        .map(|n| {
            format!(
                "[[policy]]\nname = \"p{n}\"\ncallers = {{ client = \"ci\" }}\nactions = \"runner.register\"\n\
                 repositories = \"g{n}/**\"\n"
            )
        })
        .collect();
    let set = set(&many.concat());
    let mut group = runners(&[]);
    group.repositories = deep("g1234/web", 20);
    let found = allowed(&set, &client("ci"), &group);
    assert_eq!((&*found.rule, found.examined), ("p1234", 1));
}
