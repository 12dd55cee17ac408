use jeton_domain::{Action, Role};
use jeton_policy::Origin;
use serde_json::json;

use crate::support::{Request, client, jwt, look, mint, set, user};

const DOCUMENT: &str = r#"
[ceiling]
permissions = { contents = "write" }

[[policy]]
name = "far"
callers = { user = "ada" }
actions = "content.read"
forges = "git.example.com"
repositories = "beta/*"

[[policy]]
name = "near"
callers = { client = "ci" }
actions = "token.mint"
repositories = ["acme/web-*", "acme/docs"]
permissions = { contents = "read" }
longest_lifetime_seconds = 600

[[policy]]
name = "night"
callers = { client = "ci" }
actions = "token.mint"
repositories = "acme/*"
permissions = { contents = "read" }
condition = "request.time.getHours() < 6"

[[policy]]
name = "token"
callers = { issuer = "actions", claims = { ref = "refs/heads/main", repository_id = 456 } }
actions = "token.mint"
repositories = "acme/tools"
permissions = { contents = "write" }
sources = "app:other"
"#;

#[test]
fn the_nearest_come_first_with_everything_that_they_lack() {
    let set = set(DOCUMENT);
    let request = mint("acme/tools").named("contents=write").seconds(3600);
    let told = set.explain(&client("ci"), &request.ask());
    assert!(told.decision.denied().is_some_and(|denied| !denied.by_ceiling));
    let names: Vec<_> = told.considered.iter().map(|one| &*one.rule).collect();
    assert_eq!(
        names,
        ["night", "builtin:operator", "token", "builtin:auditor", "near", "far"]
    );
    let near = &told.considered[4];
    assert_eq!(
        near.why_not,
        [
            "`acme/tools` does not match `acme/web-*` or `acme/docs`",
            "it does not give contents=write",
            "it gives 600 seconds at most, and 3600 are needed",
        ]
    );
    assert_eq!((near.matched, near.distance, near.origin), (false, 3, Origin::File));
    // Its condition is not asked while something else is in the way.
    assert_eq!(told.considered[0].why_not, ["it does not give contents=write"]);
    assert_eq!(
        told.considered[5].why_not,
        [
            "it is for `content.read`, not for `token.mint`",
            "it is for user `ada`, and this is client:ci",
            "it is for `git.example.com`, not for `github.com`",
            "`acme/tools` does not match `beta/*`",
            "it gives no permissions",
        ]
    );
}

#[test]
fn each_claim_and_condition_says_what_it_saw() {
    let set = set(DOCUMENT);
    let told = set.explain(&client("ci"), &mint("acme/tools").ask());
    let night = told.considered.iter().find(|one| &*one.rule == "night").unwrap();
    assert_eq!(night.why_not, ["its condition is false"]);
    let token = jwt("actions", &json!({"ref": "refs/heads/x"}));
    let told = set.explain(&token, &mint("acme/tools").ask());
    let rule = told.considered.iter().find(|one| &*one.rule == "token").unwrap();
    assert_eq!(
        rule.why_not,
        [
            "the claim `ref` is `refs/heads/x`, not `refs/heads/main`",
            "the claim `repository_id` is absent, not `456`",
            "it is for `app:other`, not for `app:default`",
        ]
    );
}

#[test]
fn what_decided_stands_first() {
    let set = set(DOCUMENT);
    let night = Request {
        now: "2026-11-22T03:00:00Z".parse().unwrap(),
        ..mint("acme/docs")
    };
    let told = set.explain(&client("ci"), &night.ask());
    assert_eq!(told.decision.allowed().map(|allowed| &*allowed.rule), Some("near"));
    let matched: Vec<_> = told
        .considered
        .iter()
        .filter(|one| one.matched)
        .map(|one| &*one.rule)
        .collect();
    assert_eq!(matched, ["near", "night"]);
    let words = told.to_string();
    assert!(
        words.starts_with("allowed by `near`\n  `near` (file) covers it\n  `night` (file) covers it\n"),
        "{words}"
    );
}

#[test]
fn the_ceiling_and_the_built_in_rules_are_explained() {
    let set = set(DOCUMENT);
    let root = user("root", Role::Operator);
    let told = set.explain(&root, &mint("acme/x").named("issues=read").ask());
    assert_eq!(told.ceiling.as_deref(), Some("`issues=read`"));
    let words = told.to_string();
    assert!(
        words.starts_with(
            "denied by the ceiling; `builtin:operator` would allow it\nbeyond the ceiling: `issues=read`\n"
        ),
        "{words}"
    );
    let told = set.explain(&user("eve", Role::Auditor), &look(Action::RecordRead).ask());
    assert_eq!(
        (&*told.considered[0].rule, told.considered[0].origin),
        ("builtin:auditor", Origin::BuiltIn)
    );
    let told = set.explain(&client("ci"), &look(Action::AppManage).ask());
    let auditor = told
        .considered
        .iter()
        .find(|one| &*one.rule == "builtin:auditor")
        .unwrap();
    assert_eq!(auditor.distance, 2);
    assert!(told.to_string().starts_with("denied: no policy covers it\n"));
}

#[test]
fn an_explanation_stays_short() {
    let policy = |n| {
        format!(
            "[[policy]]
name = \"p{n}\"
callers = {{ client = \"c{n}\" }}
actions = \"app.read\"
"
        )
    };
    let many: Vec<String> = (0..50).map(policy).collect();
    let told = set(&many.concat()).explain(&client("c49"), &look(Action::AppRead).ask());
    assert_eq!(told.considered.len(), 20);
    assert_eq!((&*told.considered[0].rule, told.considered[0].matched), ("p49", true));
}
