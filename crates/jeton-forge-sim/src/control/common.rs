//! The controls that every simulated forge has, and the words of their answers.

use http::StatusCode;
use jiff::SignedDuration;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::fault;
use crate::calls::Calls;
use crate::clock::SimClock;
use crate::faults::{FaultId, Faults};
use crate::reply::Reply;

/// A refusal that says what is wrong with the request.
pub(crate) struct Refusal(pub(crate) StatusCode, pub(crate) String);

pub(crate) type Outcome = Result<Reply, Refusal>;

impl Refusal {
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }

    pub(crate) fn absent(what: &str) -> Self {
        Self(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    pub(crate) fn into_reply(self) -> Reply {
        let Self(status, error) = self;
        Reply::json(status, &json!({ "error": error }))
    }
}

/// What every forge has.
pub(crate) struct Common<'a> {
    pub(crate) faults: &'a Faults,
    pub(crate) calls: &'a Calls,
    pub(crate) clock: &'a SimClock,
    /// Whether the forge has a route of this name: a fault aimed elsewhere would never strike.
    pub(crate) is_route: fn(&str) -> bool,
}

impl Common<'_> {
    /// Answers what all forges have in common; `None` for all else.
    pub(crate) fn route(&self, method: &str, segments: &[&str], body: &[u8]) -> Option<Outcome> {
        Some(match (method, segments) {
            ("POST", ["calls", "reset"]) => {
                self.calls.reset();
                done()
            }
            ("GET", ["faults"]) => Ok(ok(&fault::list(self.faults))),
            ("POST", ["faults"]) => self.add_fault(body),
            ("DELETE", ["faults"]) => {
                self.faults.clear();
                done()
            }
            ("DELETE", ["faults", id]) => number(id).and_then(|id| {
                self.faults.remove(FaultId(id));
                done()
            }),
            ("GET", ["clock"]) => Ok(self.time()),
            ("POST", ["clock"]) => self.set_clock(body),
            _ => return None,
        })
    }

    fn add_fault(&self, body: &[u8]) -> Outcome {
        let rule = parse::<fault::RuleWire>(body)?.into_rule(self.is_route);
        let id = self.faults.add(rule.map_err(Refusal::bad)?);
        Ok(created(&json!({ "id": id.0 })))
    }

    fn set_clock(&self, body: &[u8]) -> Outcome {
        let wanted: ClockWire = parse(body)?;
        if let Some(seconds) = wanted.advance_seconds {
            self.clock.advance(SignedDuration::from_secs(seconds));
        }
        if let Some(seconds) = wanted.skew_seconds {
            self.clock.set_skew(SignedDuration::from_secs(seconds));
        }
        Ok(self.time())
    }

    fn time(&self) -> Reply {
        ok(&json!({ "now": self.clock.now().to_string() }))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockWire {
    advance_seconds: Option<i64>,
    skew_seconds: Option<i64>,
}

pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad(error.to_string()))
}

pub(crate) fn number(text: &str) -> Result<u64, Refusal> {
    let parsed = text.parse();
    parsed.map_err(|_| Refusal::bad(format!("{text:?} is not a number")))
}

pub(crate) fn ok(value: &Value) -> Reply {
    Reply::json(StatusCode::OK, value)
}

pub(crate) fn created(value: &Value) -> Reply {
    Reply::json(StatusCode::CREATED, value)
}

#[expect(clippy::unnecessary_wraps, reason = "the last word of a route, like `found`")]
pub(crate) fn done() -> Outcome {
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) fn found(found: bool, what: &str) -> Outcome {
    if found { done() } else { Err(Refusal::absent(what)) }
}
