//! Policies and what they say, for people.

use std::fmt::Write as _;

use jeton_api::{CallerSpec, Explanation, Outcome, Policy, PolicyCheck, PolicyList, PolicyOrigin, PolicySpec, Replay};

use super::document::problem_in_words;
use crate::cli::output::{clean, permission_list, table};

fn origin(origin: PolicyOrigin) -> &'static str {
    match origin {
        PolicyOrigin::File => "file",
        PolicyOrigin::Stored => "added",
        PolicyOrigin::BuiltIn => "built in",
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "allowed",
        Outcome::Deny => "refused",
    }
}

pub(super) fn list(list: &PolicyList) -> String {
    let rows = list.policies.iter().map(|policy| {
        let of = |read: fn(&PolicySpec) -> String| policy.spec.as_ref().map_or_else(|| "-".to_owned(), read);
        [
            policy.name.clone(),
            origin(policy.origin).to_owned(),
            of(|spec| callers(&spec.callers)),
            of(|spec| some(spec.actions.as_slice())),
            of(|spec| some(spec.repositories.as_slice())),
            of(|spec| {
                spec.permissions
                    .as_ref()
                    .map_or_else(|| "-".to_owned(), permission_list)
            }),
            state(policy),
        ]
    });
    let head = [
        "NAME",
        "ORIGIN",
        "FOR",
        "ACTIONS",
        "REPOSITORIES",
        "PERMISSIONS",
        "STATE",
    ];
    let mut out = table(head, rows);
    if let Some(ceiling) = &list.ceiling {
        let mut parts = Vec::new();
        parts.extend(ceiling.permissions.as_ref().map(permission_list));
        parts.extend(ceiling.repositories.as_ref().map(|globs| some(globs.as_slice())));
        parts.extend(ceiling.forges.as_ref().map(|hosts| some(hosts.as_slice())));
        parts.extend(ceiling.longest_lifetime_seconds.map(|seconds| format!("{seconds} s")));
        let _ = writeln!(out, "\nnothing goes beyond {}", clean(&parts.join("; ")));
    }
    if let Some(path) = &list.file.path {
        let read = list.file.loaded_at.as_ref().map(|at| format!(", read at {at}"));
        let _ = writeln!(out, "\nfile {}{}", clean(path), clean(&read.unwrap_or_default()));
    }
    if let Some(error) = &list.file.error {
        let _ = writeln!(
            out,
            "the file as it is now is not valid, and what was read before stays in force: {}",
            clean(error)
        );
    }
    out
}

fn state(policy: &Policy) -> String {
    match (&policy.error, policy.shadowed) {
        (Some(error), _) => format!("not valid: {error}"),
        (None, true) => "hidden by the file's of the same name".to_owned(),
        (None, false) => "in force".to_owned(),
    }
}

/// Whom a policy is for, in a few words.
fn callers(callers: &CallerSpec) -> String {
    let mut parts = Vec::new();
    let named = [
        ("client", &callers.client),
        ("user", &callers.user),
        ("role", &callers.role),
    ];
    for (kind, words) in named {
        parts.extend(words.as_ref().map(|words| format!("{kind} {}", some(words.as_slice()))));
    }
    for (kind, numbers) in [("uid", &callers.uid), ("gid", &callers.gid)] {
        let numbers = numbers
            .as_ref()
            .map(|numbers| numbers.as_slice().iter().map(ToString::to_string));
        parts.extend(numbers.map(|numbers| format!("{kind} {}", some(&numbers.collect::<Vec<_>>()))));
    }
    if let Some(issuer) = &callers.issuer {
        let claims = callers.claims.iter().map(|(name, values)| {
            let values: Vec<_> = values.as_slice().iter().map(ToString::to_string).collect();
            format!("{name}={}", values.join("|"))
        });
        let claims: Vec<_> = claims.collect();
        parts.push(format!("issuer {issuer} {}", claims.join(" ")).trim_end().to_owned());
    }
    if callers.anonymous {
        parts.push("anonymous".to_owned());
    }
    if callers.anyone {
        parts.push("anyone".to_owned());
    }
    parts.join(", ")
}

/// The first few, and how many more.
fn some(names: &[String]) -> String {
    if names.is_empty() {
        "-".to_owned()
    } else {
        crate::cli::token_output::some_of(names)
    }
}

pub(super) fn check(check: &PolicyCheck, name: &str) -> String {
    let name = clean(name);
    if !check.valid {
        let mut out = format!("{name} is not valid\n");
        for problem in &check.problems {
            let _ = writeln!(out, "\n{}", clean(&problem_in_words(problem)));
            if let Some(remedy) = &problem.remedy {
                let _ = writeln!(out, "  help: {}", clean(remedy));
            }
        }
        return out;
    }
    let mut out = String::new();
    for test in &check.tests {
        let state = if test.passed { "ok  " } else { "FAIL" };
        let detail = test.detail.as_deref().unwrap_or_default();
        let _ = writeln!(out, "{state} {} ({})", clean(&test.name), clean(detail));
    }
    let failed = check.tests.iter().filter(|test| !test.passed).count();
    let tests = match (check.tests.len(), failed) {
        (0, _) => "it has no tests".to_owned(),
        (1, 0) => "its test passes".to_owned(),
        (all, 0) => format!("all {all} tests pass"),
        (all, failed) => format!("{failed} of {all} tests fail"),
    };
    let policies = match check.policies {
        1 => "1 policy".to_owned(),
        count => format!("{count} policies"),
    };
    let _ = writeln!(out, "{name} is valid: {policies}, {tests}");
    out
}

pub(super) fn explanation(explained: &Explanation) -> String {
    let rule = explained.rule.as_deref().map(clean).unwrap_or_default();
    let mut out = match (explained.decision, explained.by_ceiling) {
        (Outcome::Allow, _) => format!("allowed by {rule}\n"),
        (Outcome::Deny, true) if rule.is_empty() => "refused: it is beyond the ceiling\n".to_owned(),
        (Outcome::Deny, true) => format!("refused: {rule} would allow it, but it is beyond the ceiling\n"),
        (Outcome::Deny, false) => "refused: no policy covers it\n".to_owned(),
    };
    if let Some(permissions) = &explained.permissions {
        let _ = writeln!(out, "it gets {}", clean(&permission_list(permissions)));
    }
    if let Some(seconds) = explained.longest_lifetime_seconds {
        let _ = writeln!(out, "for at most {seconds} s");
    }
    if let Some(ceiling) = &explained.ceiling {
        let _ = writeln!(out, "beyond the ceiling: {}", clean(ceiling));
    }
    if !explained.considered.is_empty() {
        out.push('\n');
        let rows = explained.considered.iter().map(|one| {
            let says = if one.matched {
                "covers it".to_owned()
            } else {
                one.why_not.join("; ")
            };
            [one.rule.clone(), origin(one.origin).to_owned(), says]
        });
        out.push_str(&table(["POLICY", "ORIGIN", "SAYS"], rows));
    }
    out
}

pub(super) fn replay(replay: &Replay) -> String {
    let mut out = String::new();
    if !replay.changes.is_empty() {
        let rows = replay.changes.iter().map(|change| {
            let with = |what: Outcome, rule: &Option<String>| match rule {
                Some(rule) => format!("{} by {rule}", outcome(what)),
                None => outcome(what).to_owned(),
            };
            [
                change.seq.to_string(),
                change.at.clone(),
                change.actor.clone(),
                change.action.clone(),
                some(&change.repositories),
                with(change.before, &change.rule_before),
                with(change.after, &change.rule_after),
            ]
        });
        out.push_str(&table(
            ["NO", "AT", "WHO", "ACTION", "REPOSITORIES", "BEFORE", "AFTER"],
            rows,
        ));
        out.push('\n');
    }
    let more = if replay.truncated {
        "; there is more than was tried or shown"
    } else {
        ""
    };
    let changes = match replay.changes.len() {
        0 => "nothing would change".to_owned(),
        1 => "1 would be decided otherwise".to_owned(),
        count => format!("{count} would be decided otherwise"),
    };
    let _ = writeln!(out, "of {} requests {changes}{more}", replay.examined);
    out
}

#[cfg(test)]
mod tests {
    use jeton_api::{Explanation, Outcome, PolicyList, Replay};

    use super::{explanation, list, replay};

    #[test]
    fn a_list_says_for_whom_and_whether_it_counts() {
        let json = serde_json::json!({
            "policies": [
                {"name": "ci", "origin": "file", "shadowed": false, "spec": {
                    "name": "ci", "callers": {"issuer": "actions", "claims": {"repository": "acme/*"}},
                    "actions": "token.mint", "repositories": "acme/*", "permissions": {"contents": "read"}}},
                {"name": "old", "origin": "stored", "shadowed": true, "spec": {
                    "name": "old", "callers": {"uid": 7, "client": ["a", "b"]}, "actions": ["grant.read"]}},
                {"name": "builtin:operator", "origin": "built_in", "shadowed": false},
            ],
            "ceiling": {"permissions": {"contents": "write"}},
            "file": {"path": "/p.toml", "loaded_at": "2026-11-22T09:00:00Z", "error": "line 3: \u{1b}"},
            "generation": 2,
        });
        let policies: PolicyList = serde_json::from_value(json).unwrap();
        let text = list(&policies);
        for shown in [
            "issuer actions repository=acme/*",
            "hidden by the file's",
            "client a, b, uid 7",
            "nothing goes beyond contents=write",
            "file /p.toml, read at 2026-11-22T09:00:00Z",
            "what was read before stays in force: line 3",
        ] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn an_explanation_says_who_decided_and_who_nearly_did() {
        let json = serde_json::json!({
            "decision": "deny", "by_ceiling": false,
            "considered": [{"rule": "ci", "origin": "file", "matched": false, "why_not": ["repository acme/x", "forge"]}],
        });
        let explained: Explanation = serde_json::from_value(json).unwrap();
        let text = explanation(&explained);
        assert!(text.starts_with("refused: no policy covers it\n"), "{text}");
        assert!(text.contains("repository acme/x; forge"), "{text}");
        let allowed = Explanation {
            decision: Outcome::Allow,
            rule: Some("ci".to_owned()),
            longest_lifetime_seconds: Some(600),
            ..explained
        };
        assert!(explanation(&allowed).starts_with("allowed by ci\nfor at most 600 s\n"));
    }

    #[test]
    fn a_replay_counts() {
        let none = Replay {
            examined: 12,
            changes: Vec::new(),
            truncated: true,
        };
        let text = replay(&none);
        assert_eq!(
            text,
            "of 12 requests nothing would change; there is more than was tried or shown\n"
        );
    }
}
