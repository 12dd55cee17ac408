use std::net::IpAddr;

use jeton_domain::{Caller, Fingerprint, Identity, IdentityKey};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{chain::Draft, cut::cut};

/// How much of a token's claims an entry keeps, in bytes.
const CLAIMS: usize = 8 * 1024;
/// How much an entry keeps in all, in bytes: a page of a thousand entries has to fit into memory.
const BODY: usize = 64 * 1024;
/// How much an entry keeps of what nobody waits for, in bytes: what is refused may be anything.
const NOTE: usize = 4 * 1024;
/// How much of that a token's claims may take at least, in bytes.
const NOTE_CLAIMS: usize = 1024;
/// What is set aside for the names of claims that were dropped, and for the address, in bytes.
const NOTE_REST: usize = 512;
/// How many characters of a name or of a request's id an entry keeps.
pub(crate) const NAME: usize = 500;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What: one of [`crate::events`].
    pub name: &'static str,
    /// Who did it; `None` when jeton did it by itself.
    pub actor: Option<IdentityKey>,
    /// Who did it, for people.
    pub actor_name: String,
    /// From where.
    pub address: Option<IpAddr>,
    /// The secret that it is about.
    pub fingerprint: Option<Fingerprint>,
    /// The request in which it happened.
    pub request_id: Option<String>,
    /// All else; never a secret.
    pub details: Map<String, Value>,
}

impl Event {
    /// What a caller did. Of a token's claims 8 KiB are kept as `claims`; the largest are dropped first, and
    /// `claims_dropped` names them.
    pub fn new(name: &'static str, caller: &Caller) -> Self {
        let mut details = Map::new();
        if let Identity::Jwt(jwt) = &caller.identity {
            let mut claims = jwt.claims.clone();
            let dropped = cut(&mut claims, CLAIMS);
            details.insert("claims".to_owned(), claims.into());
            if !dropped.is_empty() {
                details.insert("claims_dropped".to_owned(), dropped.into());
            }
        }
        // What a policy may look at, and what the actor's name does not say.
        match &caller.identity {
            Identity::User { role, .. } => drop(details.insert("role".to_owned(), role.as_str().into())),
            Identity::Unix { gid, .. } => drop(details.insert("gid".to_owned(), (*gid).into())),
            _ => {}
        }
        Self {
            name,
            actor: Some(caller.identity.key()),
            actor_name: caller.identity.to_string(),
            address: caller.address,
            fingerprint: None,
            request_id: None,
            details,
        }
    }

    /// What jeton did by itself.
    pub fn by_system(name: &'static str) -> Self {
        Self {
            name,
            actor: None,
            actor_name: "jeton".to_owned(),
            address: None,
            fingerprint: None,
            request_id: None,
            details: Map::new(),
        }
    }

    /// With one more detail. Never a secret.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// About the secret of this fingerprint.
    #[must_use]
    pub fn with_fingerprint(mut self, fingerprint: Fingerprint) -> Self {
        self.fingerprint = Some(fingerprint);
        self
    }

    /// In this request.
    #[must_use]
    pub fn with_request_id(mut self, request_id: impl Into<String>) -> Self {
        self.request_id = Some(request_id.into());
        self
    }

    /// In this request, if it was in one.
    #[must_use]
    pub fn in_request(mut self, request_id: Option<&str>) -> Self {
        self.request_id = request_id.map(str::to_owned);
        self
    }

    /// As the row will hold it, but for its number and hash.
    pub(crate) fn into_draft(self, at: Timestamp) -> Draft {
        self.into_draft_of(at, BODY)
    }

    /// As [`Event::into_draft`], and smaller when it is somebody's doing: many wait in memory while the database is away.
    /// Claims are cut rather than dropped, for policies look at the small ones.
    pub(crate) fn into_note(mut self, at: Timestamp) -> Draft {
        if self.actor.is_none() {
            return self.into_draft(at);
        }
        let all = Value::Object(self.details.clone()).to_string().len();
        if all > NOTE
            && let Some(Value::Object(claims)) = self.details.get_mut("claims")
        {
            let others = all - Value::Object(claims.clone()).to_string().len();
            let dropped = cut(claims, NOTE.saturating_sub(others + NOTE_REST).max(NOTE_CLAIMS));
            let names = self
                .details
                .entry("claims_dropped")
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(names) = names {
                names.extend(dropped);
            }
        }
        self.into_draft_of(at, NOTE)
    }

    fn into_draft_of(self, at: Timestamp, limit: usize) -> Draft {
        let mut details = self.details;
        if let Some(address) = self.address {
            details.insert("address".to_owned(), address.to_string().into());
        }
        let dropped = cut(&mut details, limit);
        if !dropped.is_empty() {
            details.insert("dropped".to_owned(), dropped.into());
        }
        Draft {
            at_ms: at.as_millisecond(),
            event: self.name.to_owned(),
            actor: self.actor.map_or_else(|| "jeton".to_owned(), |actor| actor.to_string()),
            actor_name: plain(&self.actor_name),
            fingerprint: self.fingerprint.map(|fingerprint| fingerprint.as_str().to_owned()),
            request_id: self.request_id.as_deref().map(plain),
            body: Value::Object(details).to_string(),
        }
    }
}

/// PostgreSQL's text holds no NUL, and one strange name must not keep an entry from being written.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .take(NAME)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jeton_domain::{Caller, Identity, IssuerName, JwtIdentity};
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::Event;
    use crate::events;

    fn jwt(claims: Value) -> Caller {
        let Value::Object(claims) = claims else {
            unreachable!("an object")
        };
        Caller {
            identity: Identity::Jwt(Arc::new(JwtIdentity {
                issuer: IssuerName::parse("actions").unwrap(),
                subject: "repo:acme/tools".to_owned(),
                claims,
            })),
            address: Some("203.0.113.9".parse().unwrap()),
        }
    }

    #[test]
    fn a_jwt_callers_claims_are_kept_as_far_as_they_fit() {
        let caller = jwt(json!({"sub": "repo:acme/tools", "groups": "g".repeat(9_000)}));
        let event = Event::new(events::TOKEN_GRANTED, &caller);
        assert_eq!(event.details["claims"], json!({"sub": "repo:acme/tools"}));
        assert_eq!(event.details["claims_dropped"], json!(["groups"]));
        let body: Value = serde_json::from_str(&event.into_draft(Timestamp::UNIX_EPOCH).body).unwrap();
        assert_eq!(body["address"], "203.0.113.9");
    }

    #[test]
    fn what_strangers_choose_is_bounded_and_fits_into_every_database() {
        let event = Event::by_system(events::AUTH_REFUSED)
            .with_request_id("\0".repeat(5_000))
            .with("big", "b".repeat(100_000))
            .with("code", "auth.missing");
        let draft = event.into_draft(Timestamp::UNIX_EPOCH);
        assert_eq!(draft.request_id, Some("\u{fffd}".repeat(500)));
        assert_eq!(draft.body, r#"{"code":"auth.missing","dropped":["big"]}"#);
    }

    #[test]
    fn a_note_is_small_and_keeps_the_small_claims() {
        let caller = jwt(json!({"sub": "repo:acme/tools", "groups": "g".repeat(4_000), "aud": "jeton"}));
        let event = Event::new(events::TOKEN_REFUSED, &caller)
            .with("code", "policy.denied")
            .with("repositories", vec!["acme/a"; 50]);
        let draft = event.clone().into_note(Timestamp::UNIX_EPOCH);
        assert!(draft.body.len() <= 4_096, "{}", draft.body.len());
        let body: Value = serde_json::from_str(&draft.body).unwrap();
        assert_eq!(body["claims"], json!({"sub": "repo:acme/tools", "aud": "jeton"}));
        assert_eq!(body["claims_dropped"], json!(["groups"]));
        assert_eq!(body["repositories"].as_array().unwrap().len(), 50);
        assert_eq!(body.get("dropped"), None);
        // What somebody waits for is kept whole.
        let body: Value = serde_json::from_str(&event.clone().into_draft(Timestamp::UNIX_EPOCH).body).unwrap();
        assert_eq!(body["claims"]["groups"].as_str().unwrap().len(), 4_000);
        let big = event
            .with("repositories", vec!["acme/a"; 1_000])
            .into_note(Timestamp::UNIX_EPOCH);
        let body: Value = serde_json::from_str(&big.body).unwrap();
        assert!(big.body.len() <= 4_096 + 200, "{}", big.body.len());
        assert_eq!(
            (&body["dropped"], &body["code"]),
            (&json!(["repositories"]), &json!("policy.denied"))
        );
        assert_eq!(body["claims"]["sub"], "repo:acme/tools");
        // What jeton itself says of a policy file may be long, and no stranger makes it longer.
        let own = Event::by_system(events::POLICY_FILE_REFUSED).with("error", "e".repeat(5_000));
        assert!(own.into_note(Timestamp::UNIX_EPOCH).body.len() > 5_000);
    }
}
