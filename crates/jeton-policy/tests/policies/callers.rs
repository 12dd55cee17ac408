use jeton_domain::{Caller, Role};
use serde_json::json;

use crate::support::{allowed, client, denied, for_callers, jwt, mint, operator, set, unix, user};

#[test]
fn callers_are_told_apart() {
    let ci = client("ci");
    let ada = user("ada", Role::Member);
    let boss = user("ada", Role::Operator);
    let token = jwt("actions", &json!({"sub": "s", "owner": "1"}));
    let nobody = Caller::anonymous(None);
    let all = [&ci, &ada, &boss, &token, &unix(5, 6), &operator(), &nobody].map(Clone::clone);
    // Which of them the policy lets in; those with every right come in by the built-in rule otherwise.
    for (callers, expected) in [
        ("{ client = \"ci\" }", [true, false, false, false, false, false, false]),
        (
            "{ client = [\"x\", \"c*\"] }",
            [true, false, false, false, false, false, false],
        ),
        ("{ client = \"CI\" }", [false; 7]),
        ("{ client = \"c\" }", [false; 7]),
        ("{ user = \"ada\" }", [false, true, true, false, false, false, false]),
        (
            "{ user = \"a*\", role = \"member\" }",
            [false, true, false, false, false, false, false],
        ),
        ("{ user = \"eve\", role = \"member\" }", [false; 7]),
        (
            "{ role = [\"operator\", \"auditor\"] }",
            [false, false, true, false, false, false, false],
        ),
        (
            "{ role = \"member\" }",
            [false, true, false, false, false, false, false],
        ),
        ("{ uid = 5 }", [false, false, false, false, true, false, false]),
        (
            "{ uid = [4, 5], gid = 6 }",
            [false, false, false, false, true, false, false],
        ),
        ("{ uid = 5, gid = 5 }", [false; 7]),
        ("{ gid = 6 }", [false, false, false, false, true, false, false]),
        ("{ gid = 5 }", [false; 7]),
        (
            "{ issuer = \"actions\", any_claims = true }",
            [false, false, false, true, false, false, false],
        ),
        (
            "{ issuer = \"actions\", claims = { owner = 1 } }",
            [false, false, false, true, false, false, false],
        ),
        (
            "{ issuer = \"actions\", claims = { owner = 1, sub = \"t\" } }",
            [false; 7],
        ),
        ("{ issuer = \"other\", any_claims = true }", [false; 7]),
        (
            "{ anyone = true }",
            // A token of an issuer is never just anyone.
            [true, true, true, false, true, true, false],
        ),
        ("{ anonymous = true }", [false, false, false, false, false, false, true]),
    ] {
        let set = for_callers(callers);
        for (caller, expected) in all.iter().zip(expected) {
            let decision = set.decide(caller, &mint("acme/tools").ask());
            let by_policy = decision.allowed().is_some_and(|allowed| &*allowed.rule == "p");
            assert_eq!(by_policy, expected, "{callers} {}", caller.identity);
        }
    }
}

#[test]
fn a_client_with_the_name_of_a_role_has_none() {
    let set = for_callers("{ role = \"operator\" }");
    denied(&set, &client("operator"), &mint("acme/tools"));
    denied(&set, &user("operator", Role::Member), &mint("acme/tools"));
}

const GITHUB: &str = r#"
[[policy]]
name = "both-forms"
callers = { issuer = "actions", claims = { sub = ["repo:acme/tools:ref:refs/heads/main", "repo:acme@123/tools@456:ref:refs/heads/main"] } }
actions = "token.mint"
repositories = "acme/tools"
permissions = { contents = "read" }

[[policy]]
name = "by-id"
callers = { issuer = "actions", claims = { repository_id = "456", repository_owner_id = 123 } }
actions = "token.mint"
repositories = "acme/infra"
permissions = { contents = "read" }
"#;

#[test]
fn both_forms_of_githubs_subject_match() {
    let set = set(GITHUB);
    for sub in [
        "repo:acme/tools:ref:refs/heads/main",
        "repo:acme@123/tools@456:ref:refs/heads/main",
    ] {
        assert_eq!(
            &*allowed(&set, &jwt("actions", &json!({"sub": sub})), &mint("acme/tools")).rule,
            "both-forms"
        );
    }
    for sub in [
        "repo:acme/tools:ref:refs/heads/main2",
        "repo:acme/tools:ref:refs/heads/Main",
        "repo:acme/tools:environment:main",
        "repo:acme@124/tools@456:ref:refs/heads/main",
        "repo:acme-evil/tools:ref:refs/heads/main",
        "repo:\u{430}cme/tools:ref:refs/heads/main",
        "",
    ] {
        denied(&set, &jwt("actions", &json!({"sub": sub})), &mint("acme/tools"));
    }
    // The same claims from somebody else who signs.
    let sub = "repo:acme/tools:ref:refs/heads/main";
    denied(&set, &jwt("evil", &json!({"sub": sub})), &mint("acme/tools"));
    denied(&set, &jwt("actions", &json!({"subject": sub})), &mint("acme/tools"));
}

#[test]
fn all_claims_must_match_and_numbers_are_texts() {
    let set = set(GITHUB);
    for claims in [
        json!({"repository_id": "456", "repository_owner_id": "123"}),
        json!({"repository_id": 456, "repository_owner_id": 123}),
        json!({"repository_id": [1, 456], "repository_owner_id": "123"}),
    ] {
        assert_eq!(
            &*allowed(&set, &jwt("actions", &claims), &mint("acme/infra")).rule,
            "by-id"
        );
    }
    for claims in [
        json!({"repository_id": "456"}),
        json!({"repository_id": "456", "repository_owner_id": null}),
        json!({"repository_id": "456", "repository_owner_id": "124"}),
        json!({"repository_id": {"456": "456"}, "repository_owner_id": "123"}),
        json!({}),
    ] {
        denied(&set, &jwt("actions", &claims), &mint("acme/infra"));
    }
}

#[test]
fn a_kubernetes_service_account_is_found_in_its_nested_claims() {
    let set = for_callers(
        "{ issuer = \"k8s\", claims = { \"kubernetes.io.namespace\" = \"ci\", \"kubernetes.io.serviceaccount.name\" = \"run*\" } }",
    );
    let token = |namespace: &str, account: &str| {
        let claims = json!({"kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": account}}});
        jwt("k8s", &claims)
    };
    allowed(&set, &token("ci", "runner"), &mint("acme/tools"));
    denied(&set, &token("ci", "other"), &mint("acme/tools"));
    denied(&set, &token("default", "runner"), &mint("acme/tools"));
}
