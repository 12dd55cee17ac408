//! Policies as the words of the documentation say them, with no thought of speed.

use std::collections::BTreeMap;

use jeton_domain::{Access, Action, Caller, Identity, Permissions, Role};
use jeton_policy::{CallerSpec, CeilingSpec, OneOrMany, PolicySpec};
use serde_json::Value;

use crate::support::Request;

pub(crate) fn glob(pattern: &[u8], text: &[u8], stops: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) if glob(rest, text, stops) => true,
        (Some((b'*', _)), Some((byte, text))) => !stops.contains(byte) && glob(pattern, text, stops),
        (Some((wanted, rest)), Some((byte, text))) => wanted == byte && glob(rest, text, stops),
        _ => false,
    }
}

fn word(patterns: &[String], text: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| glob(pattern.as_bytes(), text.as_bytes(), b"/:"))
}

pub(crate) fn repository(patterns: &[String], text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let part = |pattern: &str, text: &str| glob(pattern.as_bytes(), text.as_bytes(), b"/");
    patterns.iter().any(|pattern| {
        let pattern = pattern.to_ascii_lowercase();
        let Some(above) = pattern.strip_suffix("/**") else {
            return part(&pattern, &text) && !text.ends_with("/**");
        };
        let mut halves = text.match_indices('/').map(|(at, _)| (&text[..at], &text[at + 1..]));
        halves.any(|(owner, below)| part(above, owner) && below.split('/').all(|part| !part.is_empty()))
    })
}

fn claim(patterns: &[String], value: Option<&Value>) -> bool {
    match value {
        Some(Value::String(text)) => word(patterns, text),
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).any(|text| word(patterns, text)),
        _ => false,
    }
}

fn listed<T: PartialEq>(list: Option<&OneOrMany<T>>, one: &T) -> bool {
    list.is_none_or(|list| list.0.contains(one))
}

fn caller(spec: &CallerSpec, identity: &Identity) -> bool {
    match identity {
        Identity::Anonymous => spec.anonymous,
        _ if spec.anyone => !matches!(identity, Identity::Jwt(_)),
        Identity::Operator => false,
        Identity::Client { name, .. } => spec.client.as_ref().is_some_and(|names| word(&names.0, name.as_str())),
        Identity::User { name, role, .. } => {
            (spec.user.is_some() || spec.role.is_some())
                && spec.user.as_ref().is_none_or(|names| word(&names.0, name.as_str()))
                && listed(spec.role.as_ref(), &role.to_string())
        }
        Identity::Unix { uid, gid } => {
            (spec.uid.is_some() || spec.gid.is_some())
                && listed(spec.uid.as_ref(), uid)
                && listed(spec.gid.as_ref(), gid)
        }
        Identity::Jwt(jwt) => {
            spec.issuer.as_deref() == Some(jwt.issuer.as_str())
                && spec.claims.iter().all(|(name, values)| {
                    let value = match name.split_once('.') {
                        None => jwt.claims.get(name),
                        Some((outer, inner)) => jwt.claims.get(outer).and_then(|value| value.get(inner)),
                    };
                    claim(&values.0, value)
                })
        }
    }
}

pub(crate) fn level(map: &BTreeMap<String, String>, name: &str) -> Option<Access> {
    map.get(name).map(|level| level.parse().unwrap())
}

pub(crate) fn includes(map: &BTreeMap<String, String>, name: &str, access: Access) -> bool {
    (name == "metadata" && access == Access::Read) || level(map, name).is_some_and(|have| have >= access)
}

fn cut(policy: &PolicySpec, ceiling: &CeilingSpec) -> BTreeMap<String, String> {
    let mut out = policy.permissions.clone().unwrap();
    if let Some(most) = &ceiling.permissions {
        out.retain(|name, access| {
            let Some(most) = level(most, name) else { return false };
            most.min(access.parse().unwrap()).as_str().clone_into(access);
            true
        });
    }
    out
}

fn covers(policy: &PolicySpec, ceiling: &CeilingSpec, who: &Caller, ask: &Request) -> bool {
    let about = ask.action != Action::AppRead;
    let clean = |repo: &String| repo.contains('/') && !repo.split('/').any(str::is_empty);
    let repositories = !about
        || (!ask.repositories.is_empty()
            && ask
                .repositories
                .iter()
                .all(|repo| clean(repo) && repository(&policy.repositories, repo)));
    let given = cut(policy, ceiling);
    let most = policy.permissions.as_ref().unwrap();
    let named: Option<Vec<_>> = ask.permissions.as_ref().map(|asked| asked.iter().collect());
    let permissions = match &named {
        Some(named) => named.iter().all(|(name, access)| includes(most, name, *access)),
        None => !about || !given.is_empty(),
    };
    let all = ask
        .repositories
        .iter()
        .any(|repo| repo.ends_with("/*") || repo.ends_with("/**"));
    let condition = match policy.condition.as_deref() {
        Some("request.scope == 'repository'") => !all,
        Some(_) if all => false,
        Some("request.permissions.a != 'admin'") => match &ask.permissions {
            Some(named) => named.get("a").is_some_and(|access| access != Access::Admin),
            None => about && level(&given, "a").is_some_and(|access| access != Access::Admin),
        },
        _ => true,
    };
    let forge = |host: &str| policy.forges.iter().any(|known| known.eq_ignore_ascii_case(host));
    policy.actions.contains(&ask.action.to_string())
        && caller(&policy.callers, &who.identity)
        && repositories
        && permissions
        && condition
        && (policy.forges.is_empty() || ask.forge.is_some_and(forge))
        && (policy.sources.is_empty() || !about || ask.source.is_some_and(|source| word(&policy.sources, source)))
        && ask
            .lifetime_seconds
            .is_none_or(|asked| policy.longest_lifetime_seconds.is_none_or(|most| asked <= most))
}

fn below(ceiling: &CeilingSpec, ask: &Request) -> bool {
    let about = ask.action != Action::AppRead;
    let named = ask.permissions.iter().flat_map(Permissions::iter);
    let permissions = named.fold(true, |fine, (name, access)| {
        fine && ceiling
            .permissions
            .as_ref()
            .is_none_or(|most| includes(most, name, access))
    });
    let repositories = ceiling.repositories.as_ref().is_none_or(|globs| {
        (!about || !ask.repositories.is_empty()) && ask.repositories.iter().all(|repo| repository(globs, repo))
    });
    let lifetime = ask
        .lifetime_seconds
        .is_none_or(|asked| ceiling.longest_lifetime_seconds.is_none_or(|most| asked <= most));
    permissions && repositories && lifetime
}

/// The name of the rule that allows it.
pub(crate) fn decide(policies: &[PolicySpec], ceiling: &CeilingSpec, who: &Caller, ask: &Request) -> Option<String> {
    if !below(ceiling, ask) {
        return None;
    }
    let found = policies.iter().find(|policy| covers(policy, ceiling, who, ask));
    found.map(|policy| policy.name.clone()).or_else(|| match &who.identity {
        Identity::Operator
        | Identity::User {
            role: Role::Operator, ..
        } => Some("builtin:operator".to_owned()),
        Identity::User {
            role: Role::Auditor, ..
        } if ask.action == Action::AppRead => Some("builtin:auditor".to_owned()),
        _ => None,
    })
}
