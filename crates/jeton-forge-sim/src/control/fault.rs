//! Fault rules as JSON.

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::faults::{FaultKind, FaultRule, Faults};

/// A rule as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleWire {
    fault: FaultWire,
    on: Option<String>,
    owner: Option<String>,
    times: Option<u64>,
    #[serde(default)]
    after: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum FaultWire {
    Latency {
        milliseconds: u64,
    },
    SkewedDate {
        seconds: i64,
    },
    Status {
        status: u16,
        message: String,
    },
    BadGateway {},
    PrimaryLimit {
        reset_in_seconds: i64,
    },
    #[serde(rename = "primary_limit_429")]
    PrimaryLimit429 {
        reset_in_seconds: i64,
    },
    SecondaryLimit {
        retry_after: u32,
    },
    #[serde(rename = "secondary_limit_429")]
    SecondaryLimit429 {
        retry_after: u32,
    },
    CutBeforeHandling {},
    NoAnswer {},
    Redirect {
        location: String,
    },
    CutBeforeAnswer {},
    CutInBody {},
    SlowBody {
        chunk_bytes: usize,
        pause_milliseconds: u64,
    },
    Garbage {},
    EmptyBody {},
    HugeBody {
        bytes: usize,
    },
    WiderToken {},
    AlreadyExpired {},
}

impl RuleWire {
    /// The rule, for a forge whose routes are those that `is_route` knows.
    pub(super) fn into_rule(self, is_route: fn(&str) -> bool) -> Result<FaultRule, String> {
        if let FaultWire::Status { status, .. } = self.fault
            && !(400..600).contains(&status)
        {
            return Err(format!("a status of {status} is no failure: 400 to 599 are"));
        }
        let mut rule = FaultRule::new(self.fault.into());
        if let Some(name) = self.on {
            if !is_route(&name) {
                return Err(format!("there is no route {name:?}; see GET /_sim/routes"));
            }
            rule = rule.on(&name);
        }
        rule.owner = self.owner;
        rule.times = self.times;
        Ok(rule.after(self.after))
    }
}

impl From<FaultWire> for FaultKind {
    fn from(wire: FaultWire) -> Self {
        match wire {
            FaultWire::Latency { milliseconds } => Self::Latency(Duration::from_millis(milliseconds)),
            FaultWire::SkewedDate { seconds } => Self::SkewedDate(SignedDuration::from_secs(seconds)),
            FaultWire::Status { status, message } => Self::Status { status, message },
            FaultWire::BadGateway {} => Self::BadGateway,
            FaultWire::PrimaryLimit { reset_in_seconds } => Self::PrimaryLimit {
                reset_in: SignedDuration::from_secs(reset_in_seconds),
            },
            FaultWire::PrimaryLimit429 { reset_in_seconds } => Self::PrimaryLimit429 {
                reset_in: SignedDuration::from_secs(reset_in_seconds),
            },
            FaultWire::SecondaryLimit { retry_after } => Self::SecondaryLimit { retry_after },
            FaultWire::SecondaryLimit429 { retry_after } => Self::SecondaryLimit429 { retry_after },
            FaultWire::CutBeforeHandling {} => Self::CutBeforeHandling,
            FaultWire::NoAnswer {} => Self::NoAnswer,
            FaultWire::Redirect { location } => Self::Redirect { location },
            FaultWire::CutBeforeAnswer {} => Self::CutBeforeAnswer,
            FaultWire::CutInBody {} => Self::CutInBody,
            FaultWire::SlowBody {
                chunk_bytes,
                pause_milliseconds,
            } => Self::SlowBody {
                chunk: chunk_bytes,
                pause: Duration::from_millis(pause_milliseconds),
            },
            FaultWire::Garbage {} => Self::Garbage,
            FaultWire::EmptyBody {} => Self::EmptyBody,
            FaultWire::HugeBody { bytes } => Self::HugeBody(bytes),
            FaultWire::WiderToken {} => Self::WiderToken,
            FaultWire::AlreadyExpired {} => Self::AlreadyExpired,
        }
    }
}

impl From<FaultKind> for FaultWire {
    fn from(kind: FaultKind) -> Self {
        match kind {
            FaultKind::Latency(time) => Self::Latency {
                milliseconds: milliseconds(time),
            },
            FaultKind::SkewedDate(by) => Self::SkewedDate { seconds: by.as_secs() },
            FaultKind::Status { status, message } => Self::Status { status, message },
            FaultKind::BadGateway => Self::BadGateway {},
            FaultKind::PrimaryLimit { reset_in } => Self::PrimaryLimit {
                reset_in_seconds: reset_in.as_secs(),
            },
            FaultKind::PrimaryLimit429 { reset_in } => Self::PrimaryLimit429 {
                reset_in_seconds: reset_in.as_secs(),
            },
            FaultKind::SecondaryLimit { retry_after } => Self::SecondaryLimit { retry_after },
            FaultKind::SecondaryLimit429 { retry_after } => Self::SecondaryLimit429 { retry_after },
            FaultKind::CutBeforeHandling => Self::CutBeforeHandling {},
            FaultKind::NoAnswer => Self::NoAnswer {},
            FaultKind::Redirect { location } => Self::Redirect { location },
            FaultKind::CutBeforeAnswer => Self::CutBeforeAnswer {},
            FaultKind::CutInBody => Self::CutInBody {},
            FaultKind::SlowBody { chunk, pause } => Self::SlowBody {
                chunk_bytes: chunk,
                pause_milliseconds: milliseconds(pause),
            },
            FaultKind::Garbage => Self::Garbage {},
            FaultKind::EmptyBody => Self::EmptyBody {},
            FaultKind::HugeBody(bytes) => Self::HugeBody { bytes },
            FaultKind::WiderToken => Self::WiderToken {},
            FaultKind::AlreadyExpired => Self::AlreadyExpired {},
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The rules in place.
pub(super) fn list(faults: &Faults) -> Value {
    let rules = faults.list().into_iter().map(|(id, rule, fired)| {
        json!({
            "id": id.0,
            "fault": FaultWire::from(rule.kind),
            "on": rule.route,
            "owner": rule.owner,
            "times": rule.times,
            "after": rule.after,
            "fired": fired,
        })
    });
    Value::Array(rules.collect())
}
