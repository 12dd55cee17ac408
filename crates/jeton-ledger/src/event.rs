use std::net::IpAddr;

use jeton_domain::{Caller, Fingerprint, Identity, IdentityKey};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{chain::Draft, cut::cut};

/// How much of a token's claims an entry keeps, in bytes.
const CLAIMS: usize = 8 * 1024;
/// How much an entry keeps in all, in bytes: a page of a thousand entries has to fit into memory.
const BODY: usize = 64 * 1024;
/// How many characters of a name or of a request's id an entry keeps.
const NAME: usize = 500;

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
        let mut details = self.details;
        if let Some(address) = self.address {
            details.insert("address".to_owned(), address.to_string().into());
        }
        let dropped = cut(&mut details, BODY);
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
fn plain(text: &str) -> String {
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
}
