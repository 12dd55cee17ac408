use std::{collections::HashMap, sync::Arc};

use cel::{
    Value,
    objects::{Key, Map},
};
use jeton_domain::{Caller, Identity, Permissions};

use super::timestamp;
use crate::{Ask, rule::is_for_all};

/// What conditions may look at of the caller, in `caller.NAME`.
pub(super) const CALLER: &[&str] = &[
    "kind", "name", "subject", "issuer", "claims", "role", "uid", "gid", "address",
];

/// What conditions may look at of the request, in `request.NAME`.
pub(super) const REQUEST: &[&str] = &[
    "action",
    "forge",
    "repositories",
    "owner",
    "scope",
    "permissions",
    "source",
    "lifetime_seconds",
    "time",
];

/// A token with more values than this is no subject for a condition: the time that one takes grows with them.
const MOST_VALUES: usize = 500;

/// Likewise with more bytes of text.
const MOST_BYTES: usize = 16 << 10;

/// Likewise with deeper nesting: comparing descends.
const DEEPEST: usize = 16;

/// What the conditions of one decision look at, made when the first asks.
#[derive(Default)]
pub(crate) struct Facts {
    caller: Option<Result<Value, String>>,
    /// Whether any condition was asked.
    pub(crate) asked: bool,
}

impl Facts {
    pub(super) fn caller(&mut self, caller: &Caller) -> Result<Value, String> {
        self.caller.get_or_insert_with(|| describe(caller)).clone()
    }
}

fn describe(caller: &Caller) -> Result<Value, String> {
    let identity = &caller.identity;
    let mut facts = vec![("kind", text(identity.kind()))];
    match identity {
        Identity::Client { name, .. } => facts.push(("name", text(name.as_str()))),
        Identity::User { name, role, .. } => {
            facts.push(("name", text(name.as_str())));
            facts.push(("role", text(role.as_str())));
        }
        Identity::Jwt(jwt) => {
            let mut budget = Budget {
                values: MOST_VALUES,
                bytes: MOST_BYTES,
            };
            let claims = jwt.claims.iter().map(|(name, value)| {
                budget.take(name.len())?;
                Some((key(name), budget.convert(value, 1)?))
            });
            let claims: Option<HashMap<_, _>> = claims.collect();
            let claims = claims.ok_or("the caller's claims are too many for its condition")?;
            facts.push(("issuer", text(jwt.issuer.as_str())));
            facts.push(("subject", text(&jwt.subject)));
            facts.push(("claims", Value::Map(Map { map: Arc::new(claims) })));
        }
        Identity::Unix { uid, gid } => {
            facts.push(("uid", Value::Int((*uid).into())));
            facts.push(("gid", Value::Int((*gid).into())));
        }
        Identity::Operator | Identity::Anonymous => {}
    }
    if let Some(address) = caller.address {
        facts.push(("address", text(&address.to_canonical().to_string())));
    }
    Ok(map(facts))
}

/// The request as conditions see it. Forge and repositories are in lower case, since no forge tells case apart: a condition
/// that says `!=` must not be led astray by it. The permissions are those that the grant would have.
pub(super) fn request(ask: &Ask<'_>, offer: Option<&Permissions>) -> Result<Value, String> {
    let repositories: Vec<String> = ask.repositories.iter().map(|repo| repo.to_ascii_lowercase()).collect();
    let granted = offer.into_iter().flat_map(Permissions::iter);
    let granted = granted.map(|(name, access)| (name, text(access.as_str()))).collect();
    let mut facts = vec![
        ("action", text(ask.action.as_str())),
        ("permissions", map(granted)),
        ("scope", text(if is_for_all(ask) { "all" } else { "repository" })),
        ("time", timestamp(ask.now)?),
    ];
    if let Some(owner) = common_owner(&repositories) {
        facts.push(("owner", text(owner)));
    }
    facts.push((
        "repositories",
        Value::List(Arc::new(repositories.iter().map(|repo| text(repo)).collect())),
    ));
    if let Some(forge) = ask.forge {
        facts.push(("forge", text(&forge.to_ascii_lowercase())));
    }
    if let Some(source) = ask.source {
        facts.push(("source", text(source)));
    }
    if let Some(seconds) = ask.lifetime_seconds {
        facts.push((
            "lifetime_seconds",
            Value::Int(i64::try_from(seconds).unwrap_or(i64::MAX)),
        ));
    }
    Ok(map(facts))
}

fn common_owner(repositories: &[String]) -> Option<&str> {
    let mut owners = repositories
        .iter()
        .map(|repo| repo.rsplit_once('/').map(|(owner, _)| owner));
    let first = owners.next()??;
    owners.all(|owner| owner == Some(first)).then_some(first)
}

struct Budget {
    values: usize,
    bytes: usize,
}

impl Budget {
    fn take(&mut self, bytes: usize) -> Option<()> {
        self.values = self.values.checked_sub(1)?;
        self.bytes = self.bytes.checked_sub(bytes)?;
        Some(())
    }

    fn convert(&mut self, value: &serde_json::Value, depth: usize) -> Option<Value> {
        use serde_json::Value as Json;
        self.take(value.as_str().map_or(8, str::len))?;
        if depth > DEEPEST {
            return None;
        }
        Some(match value {
            Json::Null => Value::Null,
            Json::Bool(truth) => Value::Bool(*truth),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => Value::Int(number),
                (None, Some(number)) => Value::UInt(number),
                (None, None) => Value::Float(number.as_f64()?),
            },
            Json::String(string) => text(string),
            Json::Array(values) => {
                let values: Option<Vec<_>> = values.iter().map(|value| self.convert(value, depth + 1)).collect();
                Value::List(Arc::new(values?))
            }
            Json::Object(members) => {
                let mut out = HashMap::with_capacity(members.len());
                for (name, value) in members {
                    self.take(name.len())?;
                    out.insert(key(name), self.convert(value, depth + 1)?);
                }
                Value::Map(Map { map: Arc::new(out) })
            }
        })
    }
}

fn text(text: &str) -> Value {
    Value::String(Arc::new(text.to_owned()))
}

fn key(name: &str) -> Key {
    Key::String(Arc::new(name.to_owned()))
}

fn map(pairs: Vec<(&str, Value)>) -> Value {
    let map = pairs.into_iter().map(|(name, value)| (key(name), value)).collect();
    Value::Map(Map { map: Arc::new(map) })
}
