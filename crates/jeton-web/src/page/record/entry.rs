//! One entry of the record, for people: what happened in a sentence, and its details under names that can be read.

use jeton_domain::Action;
use jeton_ledger::{LedgerEntry, events};
use jeton_policy::PolicySpec;
use serde_json::{Map, Value};

use super::LIST;
use crate::{
    operations::record,
    page::{
        badge::{Badge, Tone},
        link::link,
        policies::text,
        time::Time,
        viewer::Viewer,
    },
};

/// The details that a list tells at once.
const FACTS: [&str; 21] = [
    "account",
    "app",
    "changed",
    "client",
    "code",
    "days_left",
    "environment",
    "error",
    "file",
    "issuer",
    "permissions",
    "policy",
    "reason",
    "repositories",
    "role",
    "rule",
    "scope",
    "secret",
    "source",
    "user",
    "variable",
];

/// An entry as the list shows it.
pub(super) struct EntryView {
    pub(super) seq: u64,
    pub(super) at: Time,
    /// What happened.
    pub(super) words: String,
    pub(super) event: String,
    pub(super) state: Option<Badge>,
    pub(super) actor: String,
    /// All of the same actor, exactly.
    pub(super) by_actor: String,
    pub(super) address: Option<String>,
    pub(super) fingerprint: Option<String>,
    pub(super) by_fingerprint: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) by_request: Option<String>,
    /// Why it was decided so.
    pub(super) explain: Option<String>,
    /// What the entry is about, in the list.
    pub(super) facts: Vec<Fact>,
    /// All else, for who looks closer.
    pub(super) details: Vec<Fact>,
    pub(super) hash: String,
}

/// One detail.
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) value: String,
    /// Of several lines.
    pub(super) is_block: bool,
}

impl EntryView {
    pub(super) fn of(entry: LedgerEntry, viewer: &Viewer) -> Self {
        let at = viewer.time(entry.at);
        let shown = record::entry(entry);
        let words = events::EVENTS.iter().find(|(name, _)| *name == shown.event);
        let was_decided = matches!(
            shown.event.as_str(),
            events::TOKEN_GRANTED
                | events::TOKEN_REFUSED
                | events::CONTENT_REFUSED
                | events::RUNNER_REFUSED
                | events::SECRET_REFUSED
                | events::ACCESS_REFUSED
        );
        let seq = shown.seq.to_string();
        let is_fact = |name: &str| FACTS.contains(&name);
        let of = |wanted: bool| {
            let some = shown.details.iter().filter(|(name, _)| is_fact(name) == wanted);
            some.filter_map(|(name, value)| fact(name, value))
                .collect::<Vec<Fact>>()
        };
        let (mut facts, mut details) = (of(true), of(false));
        details.extend(facts.extract_if(.., |fact| fact.is_block));
        let explain = was_decided && shown.details.contains_key("action") && viewer.may(Action::PolicyRead);
        Self {
            seq: shown.seq,
            at,
            words: words.map_or(shown.event.as_str(), |(_, words)| words).to_owned(),
            state: state(&shown.event),
            by_actor: link(LIST, &[("actor", &shown.actor_key)]),
            actor: shown.actor,
            address: shown.address,
            by_fingerprint: shown
                .fingerprint
                .as_deref()
                .map(|text| link(LIST, &[("fingerprint", text)])),
            fingerprint: shown.fingerprint,
            by_request: shown.request_id.as_deref().map(|id| link(LIST, &[("request_id", id)])),
            request_id: shown.request_id,
            explain: explain.then(|| link("/settings/policies/explain", &[("entry", &seq)])),
            facts,
            details,
            event: shown.event,
            hash: shown.hash,
        }
    }
}

/// What stands out in a list of many.
fn state(event: &str) -> Option<Badge> {
    let (_, word) = event.split_once('.')?;
    Some(match word {
        "refused" | "sign_in_refused" | "file_refused" => Badge::new(Tone::Bad, "refused"),
        "granted" => Badge::new(Tone::Good, "granted"),
        "invalid" | "expired" | "rotation_failed" | "rotation_lost" | "rotation_unclear" | "lost" | "push_failed"
        | "old_token_kept" => Badge::new(Tone::Warn, "look at it"),
        "removed" | "revoked" => Badge::new(Tone::Dim, "ended"),
        _ => return None,
    })
}

fn fact(name: &str, value: &Value) -> Option<Fact> {
    let (value, is_block) = shown(value)?;
    Some(Fact {
        name: label(name),
        value,
        is_block,
    })
}

/// A detail's name for people.
fn label(name: &str) -> String {
    let known = match name {
        "code" => "Reason",
        "rule" => "Policy",
        "repositories_total" => "Repositories in all",
        "permissions_asked" => "Asked for",
        "lifetime_seconds" => "Lifetime wanted, in seconds",
        "times" => "How many times",
        "different" => "Different ones, counted together",
        "uid" => "User of the machine",
        "gid" => "Group of the machine",
        "claims" => "Claims of the token",
        "dropped" => "Too large to be kept",
        "claims_dropped" => "Claims too large to be kept",
        "app" => "App",
        "app_id" => "App's number",
        "new" => "Is new",
        other => {
            let mut chars = other.chars();
            let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
            return format!("{first}{}", chars.as_str().replace('_', " "));
        }
    };
    known.to_owned()
}

/// A detail for people, and whether it has several lines; `None` for nothing.
fn shown(value: &Value) -> Option<(String, bool)> {
    if let Some(one) = plain(value) {
        return Some((one, false));
    }
    match value {
        Value::Array(values) if !values.is_empty() => {
            let all: Option<Vec<String>> = values.iter().map(plain).collect();
            Some(all.map_or_else(|| (json(value), true), |all| (all.join(", "), false)))
        }
        Value::Object(fields) if !fields.is_empty() => Some(object(fields, value)),
        _ => None,
    }
}

fn object(fields: &Map<String, Value>, value: &Value) -> (String, bool) {
    // A policy, before or after a change of it.
    if fields.contains_key("callers")
        && let Ok(spec) = serde_json::from_value::<PolicySpec>(value.clone())
    {
        return (text::policy(&spec), true);
    }
    let pairs = fields
        .iter()
        .map(|(name, value)| Some(format!("{name}: {}", plain(value)?)));
    let pairs: Option<Vec<String>> = pairs.collect();
    match pairs.filter(|pairs| pairs.len() <= 5) {
        Some(pairs) => (pairs.join(", "), false),
        None => (json(value), true),
    }
}

fn json(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{fact, label};

    #[test]
    fn details_are_told_without_brackets() {
        let told = |value: serde_json::Value| fact("x", &value).map(|fact| (fact.value, fact.is_block));
        assert_eq!(told(json!("a")), Some(("a".to_owned(), false)));
        assert_eq!(told(json!(true)), Some(("yes".to_owned(), false)));
        assert_eq!(told(json!(["a/b", "c/d", 7])), Some(("a/b, c/d, 7".to_owned(), false)));
        assert_eq!(
            told(json!({"contents": "read"})),
            Some(("contents: read".to_owned(), false))
        );
        assert_eq!(told(json!(null)), None);
        assert_eq!(told(json!([])), None);
        let policy = told(json!({"name": "a", "callers": {"client": "ci"}, "actions": "app.read"})).unwrap();
        assert!(policy.1 && policy.0.contains("callers.client = \"ci\""), "{policy:?}");
        assert!(told(json!({"a": {"b": 1}})).is_some_and(|(text, is_block)| is_block && text.contains("\"b\": 1")));
        assert_eq!(label("token_ends"), "Token ends");
    }
}
