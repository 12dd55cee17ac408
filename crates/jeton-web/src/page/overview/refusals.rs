use jeton_access::AccessError;
use jeton_domain::{Action, Code};
use serde_json::{Map, Value};

use crate::{
    extract::shown,
    failure::Failure,
    page::{link::link, number::count, time::Time, viewer::Viewer},
    state::WebState,
};

/// The latest that are shown.
const SHOWN: u32 = 10;
/// Repositories that are named.
const NAMED: usize = 2;

/// Somebody did not get what they asked for.
#[derive(Debug)]
pub(super) struct Refusal {
    /// In the record.
    pub(super) link: String,
    pub(super) at: Time,
    pub(super) who: String,
    pub(super) address: Option<String>,
    /// What they wanted.
    pub(super) what: String,
    pub(super) why: String,
    pub(super) code: String,
    /// How often more, while that was only counted.
    pub(super) more: Option<String>,
    /// Where the decision is explained.
    pub(super) explain: Option<String>,
}

/// The latest refusals, for those who may read the record.
pub(super) async fn latest(viewer: &Viewer, state: &WebState) -> Result<Option<Vec<Refusal>>, Failure> {
    if !viewer.is_allowed(Action::RecordRead) {
        return Ok(None);
    }
    let ledger = state.access.settled_ledger().await;
    let page = ledger.refusals(SHOWN).await.map_err(AccessError::from)?;
    let explains = viewer.may(Action::PolicyRead);
    let refusals = page.entries.into_iter().map(|entry| {
        // What somebody has made unreadable says nothing here; the record's own page shows it.
        let details: Map<String, Value> = serde_json::from_str(&entry.body).unwrap_or_default();
        let code = text(&details, "code");
        let is_decision = matches!(Code::parse(&code), Some(Code::PolicyDenied | Code::PolicyCeiling));
        Refusal {
            link: format!("/record?before={}#entry-{}", entry.seq.saturating_add(1), entry.seq),
            at: viewer.time(entry.at),
            address: details.get("address").and_then(Value::as_str).map(str::to_owned),
            what: what(&entry.event, &details),
            why: why(&code),
            more: times(&details),
            explain: (explains && is_decision && details.contains_key("action"))
                .then(|| link("/settings/policies/explain", &[("entry", &entry.seq.to_string())])),
            who: entry.actor_name,
            code,
        }
    });
    Ok(Some(refusals.collect()))
}

/// A text of an entry; policies and callers may have written into it.
fn text(details: &Map<String, Value>, name: &str) -> String {
    let text = details.get(name).and_then(Value::as_str).unwrap_or_default();
    shown(text, 120)
}

fn repositories(details: &Map<String, Value>) -> Vec<&str> {
    let list = details.get("repositories").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// How often the same was refused again, when only that was noted.
fn times(details: &Map<String, Value>) -> Option<String> {
    let times = details
        .get("times")
        .and_then(Value::as_u64)
        .filter(|times| *times > 1)?;
    Some(count(times))
}

/// What was asked for.
fn what(event: &str, details: &Map<String, Value>) -> String {
    let action = text(details, "action");
    let repositories = repositories(details);
    let mut what = match (event, action.as_str()) {
        ("auth.refused", _) => "to be let in".to_owned(),
        ("user.sign_in_refused", _) => "to sign in".to_owned(),
        ("token.refused", "account.use") => "an account's token".to_owned(),
        ("token.refused", _) => "a token".to_owned(),
        ("runner.refused", _) => "a runner's token".to_owned(),
        ("secret.refused", _) => "to push a secret".to_owned(),
        (_, "") => "something".to_owned(),
        (_, action) => action.to_owned(),
    };
    if let Some(first) = repositories.first() {
        what.push_str(" for ");
        what.push_str(&shown(first, 100));
        for name in repositories.iter().skip(1).take(NAMED - 1) {
            what.push_str(", ");
            what.push_str(&shown(name, 100));
        }
        if repositories.len() > NAMED {
            let more = format!(" and {} more", repositories.len() - NAMED);
            what.push_str(&more);
        }
    }
    what
}

/// Why, in a few words. The code stands beside them.
fn why(code: &str) -> String {
    let words = match Code::parse(code) {
        Some(Code::PolicyDenied) => "no policy allows it",
        Some(Code::PolicyCeiling) => "a policy allows it, and the ceiling forbids it",
        Some(Code::AuthMissing) => "nobody said who asks",
        Some(Code::AuthMalformedKey) => "the key is damaged, or none of jeton's",
        Some(Code::AuthUnknownKey) => "the key is unknown here",
        Some(Code::AuthKeyExpired) => "the key has ended",
        Some(Code::AuthAddress) => "not from this address",
        Some(Code::AuthBadPassword) => "wrong name or password",
        Some(Code::AuthNotAllowed) => "known, and not allowed to",
        Some(Code::AuthRateLimited) => "too many tries",
        Some(Code::AuthSession) => "the session has ended",
        Some(Code::AuthCsrf) => "no page of this server sent the form",
        Some(Code::AuthSetupLink) => "the link was used, or never given out",
        Some(Code::AuthSignIn) => "the provider did not vouch for them",
        Some(Code::AuthIssuerUnavailable) => "the issuer's keys cannot be fetched",
        Some(Code::AuthJwtExpired) => "the caller's JWT has ended",
        Some(Code::AuthJwtNotYet) => "the caller's JWT is not valid yet",
        Some(Code::AuthJwtAudience) => "the caller's JWT is for somebody else",
        Some(Code::AuthJwtIssuer) => "no issuer of the caller's JWT is known here",
        Some(Code::AuthJwtSignature) => "the caller's JWT has a wrong signature",
        Some(Code::AuthJwtMalformed | Code::AuthJwtAlgorithm | Code::AuthJwtKey | Code::AuthJwtClaim) => {
            "the caller's JWT is not accepted"
        }
        _ if code.is_empty() => "not told",
        // A code of a later jeton, or a rare one: better than nothing.
        _ => code,
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{times, what, why};

    fn details(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(details) => details,
            _ => Map::new(),
        }
    }

    #[test]
    fn a_refusal_is_told_in_a_sentence() {
        let one = details(json!({"action": "token.mint", "repositories": ["acme/a", "acme/b", "acme/c"], "times": 7}));
        assert_eq!(what("token.refused", &one), "a token for acme/a, acme/b and 1 more");
        assert_eq!(times(&one).as_deref(), Some("7"));
        let other = details(json!({"action": "user.manage"}));
        assert_eq!(what("access.refused", &other), "user.manage");
        assert_eq!(times(&other), None);
        assert_eq!(what("auth.refused", &other), "to be let in");
        assert_eq!(why("policy.denied"), "no policy allows it");
    }

    #[test]
    fn whatever_an_entry_holds_it_is_told() {
        for odd in [
            json!({}),
            json!([]),
            json!({"action": 7, "repositories": "x", "times": -1, "code": null}),
            json!({"repositories": [1, null, "a/b"], "action": "x".repeat(10_000)}),
        ] {
            let odd = details(odd);
            assert!(what("access.refused", &odd).len() < 400);
            assert_eq!(times(&odd), None);
        }
        assert_eq!(why(""), "not told");
        assert_eq!(why("later.code"), "later.code");
    }
}
