//! A policy in words, for lists.

use jeton_policy::{CallerSpec, OneOrMany, PolicySpec};

/// Whom a policy is for.
pub(super) fn whom(callers: &CallerSpec) -> String {
    let mut all = Vec::new();
    named(&mut all, "client", callers.client.as_ref());
    named(&mut all, "user", callers.user.as_ref());
    named(&mut all, "role", callers.role.as_ref());
    named(&mut all, "uid", callers.uid.as_ref());
    named(&mut all, "gid", callers.gid.as_ref());
    if let Some(issuer) = &callers.issuer {
        let claims = callers.claims.iter();
        let claims: Vec<String> = claims
            .map(|(name, values)| format!("{name} = {}", values.0.join(" or ")))
            .collect();
        all.push(if claims.is_empty() {
            format!("tokens of {issuer}")
        } else {
            format!("tokens of {issuer} with {}", claims.join(", "))
        });
    }
    if callers.anonymous {
        all.push("callers who do not say who they are".to_owned());
    }
    if callers.anyone {
        all.push("everybody who says who they are, other than by a token of an issuer".to_owned());
    }
    if all.is_empty() {
        "nobody".to_owned()
    } else {
        all.join(" and ")
    }
}

fn named<T: ToString>(all: &mut Vec<String>, what: &str, names: Option<&OneOrMany<T>>) {
    if let Some(names) = names {
        let names: Vec<String> = names.0.iter().map(ToString::to_string).collect();
        all.push(format!("{what} {}", names.join(" or ")));
    }
}

/// About which repositories, on which forges, from which sources.
pub(super) fn wherefore(spec: &PolicySpec) -> String {
    let mut all = Vec::new();
    if !spec.repositories.is_empty() {
        all.push(some(&spec.repositories));
    }
    if !spec.forges.is_empty() {
        all.push(format!("on {}", some(&spec.forges)));
    }
    if !spec.sources.is_empty() {
        all.push(format!("from {}", some(&spec.sources)));
    }
    if all.is_empty() {
        return "everything".to_owned();
    }
    all.join(", ")
}

/// With which permissions.
pub(super) fn permissions(spec: &PolicySpec) -> String {
    let pairs = spec.permissions.iter().flatten();
    let pairs: Vec<String> = pairs.map(|(name, access)| format!("{name}: {access}")).collect();
    pairs.join(", ")
}

/// The first few; the text of the policy has them all.
fn some(all: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = all[..all.len().min(SHOWN)].join(", ");
    match all.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use jeton_policy::PolicySpec;
    use serde_json::json;

    use super::{permissions, wherefore, whom};

    #[test]
    fn a_policy_is_told_in_a_line() {
        let spec: PolicySpec = serde_json::from_value(json!({
            "name": "a", "callers": {"issuer": "actions", "claims": {"sub": ["x", "y"]}}, "actions": ["token.mint"],
            "repositories": ["a/1", "a/2", "a/3", "a/4", "a/5", "a/6"], "sources": "app:main",
            "permissions": {"contents": "read"}
        }))
        .unwrap();
        assert_eq!(whom(&spec.callers), "tokens of actions with sub = x or y");
        assert_eq!(wherefore(&spec), "a/1, a/2, a/3, a/4 and 2 more, from app:main");
        assert_eq!(permissions(&spec), "contents: read");
        let spec =
            serde_json::from_value(json!({"name": "a", "callers": {"user": "ada"}, "actions": ["app.read"]})).unwrap();
        assert_eq!(wherefore(&spec), "everything");
        assert_eq!(
            whom(&serde_json::from_value(json!({"user": ["ada", "bob"], "role": "member"})).unwrap()),
            "user ada or bob and role member"
        );
    }
}
