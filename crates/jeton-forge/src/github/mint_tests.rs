use jeton_domain::Permissions;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{check_answer, check_request};
use crate::ForgeError;

const NOW: &str = "2026-01-01T00:00:00Z";

fn asked() -> Vec<String> {
    vec!["tools".to_owned(), "Docs".to_owned()]
}

fn permissions() -> Permissions {
    Permissions::parse_list("contents=write,issues=read").unwrap()
}

fn good() -> Value {
    json!({
        "token": "opaque",
        "expires_at": "2026-01-01T01:00:00Z",
        "permissions": {"contents": "write", "issues": "read", "metadata": "read"},
        "repository_selection": "selected",
        "repositories": [{"id": 1, "name": "Tools"}, {"id": 2, "name": "docs"}],
    })
}

fn check(answer: Value) -> Result<Vec<String>, ForgeError> {
    let wire = serde_json::from_value(answer).unwrap();
    let now: Timestamp = NOW.parse().unwrap();
    check_answer(wire, 201, &asked(), &permissions(), now).map(|(_, _, names)| names)
}

fn changed(field: &str, value: Value) -> Result<Vec<String>, ForgeError> {
    let mut answer = good();
    answer[field] = value;
    check(answer)
}

fn extra(outcome: Result<Vec<String>, ForgeError>) -> String {
    match outcome {
        Err(ForgeError::TooWide { extra }) => extra,
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_have_no_case_and_metadata_is_implied() {
    assert_eq!(check(good()).unwrap(), ["Tools", "docs"]);
    assert!(
        changed("permissions", json!({"contents": "read"})).is_ok(),
        "less than asked is not wider"
    );
}

#[test]
fn wider_is_refused() {
    assert_eq!(
        extra(changed("permissions", json!({"contents": "admin"}))),
        "contents=admin"
    );
    assert_eq!(
        extra(changed("permissions", json!({"contents": "write", "secrets": "read"}))),
        "secrets=read"
    );
    assert_eq!(
        extra(changed("permissions", json!({"metadata": "write"}))),
        "metadata=write"
    );
    assert_eq!(
        extra(changed("permissions", json!({"issues": "everything"}))),
        "issues=admin"
    );
    let three = json!([{"name": "tools"}, {"name": "docs"}, {"name": "payroll"}]);
    assert_eq!(extra(changed("repositories", three)), "repositories payroll");
    assert!(extra(changed("repository_selection", json!("all"))).contains("all repositories"));
    assert!(extra(changed("repositories", Value::Null)).contains("all repositories"));
}

#[test]
fn what_cannot_be_judged_is_refused() {
    for outcome in [
        changed("permissions", Value::Null),
        changed("repositories", json!([{"name": "tools"}])),
        changed("expires_at", Value::Null),
        changed("expires_at", json!("soon")),
        changed("expires_at", json!("2026-01-01T00:00:00Z")),
        changed("expires_at", json!("2025-12-31T23:00:00Z")),
        changed("expires_at", json!("9999-01-01T00:00:00Z")),
    ] {
        assert!(
            matches!(outcome, Err(ForgeError::Garbled { status: 201, .. })),
            "{outcome:?}"
        );
    }
}

#[test]
fn nothing_is_never_asked_for() {
    let many: Vec<String> = (0..501).map(|n| format!("r{n}")).collect();
    let refused = |names: &[String], permissions: &Permissions| {
        matches!(check_request(names, permissions), Err(ForgeError::Request(_)))
    };
    assert!(refused(&[], &permissions()));
    assert!(refused(&many, &permissions()));
    assert!(refused(&["acme/tools".to_owned()], &permissions()));
    assert!(refused(&[String::new()], &permissions()));
    assert!(refused(&asked(), &Permissions::default()));
    assert!(!refused(&many[..500], &permissions()));
}
