//! Steering a running simulator over HTTP, under `/_sim`.

mod ci;
mod common;
mod content;
mod fault;
mod people;
mod world;

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use crate::github::{SimError, TokenLag};
use crate::reply::Reply;
use crate::sim::Core;

pub(crate) use common::{Common, Outcome, Refusal, created, done, found, number, ok, parse};

/// One line per route, for `GET /_sim/`.
const INDEX: &str = "\
jeton-forge-sim: control of the simulated forges. Bodies are JSON.

GET    /_sim/calls                          how often each route was called, and how many calls cost quota
POST   /_sim/calls/reset                    start counting anew
GET    /_sim/routes                         the names of all routes
GET    /_sim/faults                         the faults in place, and how often each struck
POST   /_sim/faults                         {\"fault\":{\"kind\":\"latency\",\"milliseconds\":100},\"on\":ROUTE,\"owner\":LOGIN,\"times\":N,\"after\":N}
DELETE /_sim/faults                         remove all of them
DELETE /_sim/faults/{id}                    remove one
GET    /_sim/clock                          the forge's time
POST   /_sim/clock                          {\"advance_seconds\":N,\"skew_seconds\":N}
GET    /_sim/apps                           ids and slugs
POST   /_sim/apps                           {\"name\":NAME,\"owner\":LOGIN,\"permissions\":{KEY:LEVEL}}; answers the private key
POST   /_sim/apps/{id}/rotate-key           a new private key; the old one stops working
POST   /_sim/repositories                   {\"owner\":LOGIN,\"name\":NAME,\"private\":true,\"empty\":false}
POST   /_sim/repositories/rename            {\"owner\":LOGIN,\"name\":NAME,\"new_name\":NAME}
POST   /_sim/repositories/remove            {\"owner\":LOGIN,\"name\":NAME}
GET    /_sim/installations                  all of them
POST   /_sim/installations                  {\"app_id\":N,\"owner\":LOGIN,\"repositories\":[NAME],\"permissions\":{KEY:LEVEL}}
POST   /_sim/installations/{id}/suspend     no new tokens, and the old ones open nothing
POST   /_sim/installations/{id}/unsuspend   the end of that
POST   /_sim/installations/{id}/reinstall   remove and install again under a new id
DELETE /_sim/installations/{id}             uninstall
POST   /_sim/token-lag                      {\"seconds\":N} or {\"uses\":N} or {}: how long fresh tokens are refused
POST   /_sim/rate-limit                     {\"per_hour\":N}: of every app, installation and person
GET    /_sim/tokens                         every live token, by fingerprint
POST   /_sim/tokens/expire-all              end them all
DELETE /_sim/tokens/{fingerprint}           revoke one
";

impl From<SimError> for Refusal {
    fn from(error: SimError) -> Self {
        let status = match &error {
            SimError::NoApp(_)
            | SimError::NoInstallation(_)
            | SimError::NoRepository(_)
            | SimError::NoUser(_)
            | SimError::NoOrganization(_)
            | SimError::NoOwner(_)
            | SimError::NoEnvironment(_)
            | SimError::NoToken(_) => StatusCode::NOT_FOUND,
            SimError::BadName(_) => StatusCode::BAD_REQUEST,
            SimError::Taken(_) => StatusCode::CONFLICT,
            SimError::NoKey | SimError::Io(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        Self(status, format!("{error}{}", cause.unwrap_or_default()))
    }
}

/// Answers a request below `/_sim`. Such calls are not counted, and no fault strikes them.
pub(crate) async fn answer(core: &Arc<Core>, parts: &Parts, body: Option<Bytes>) -> Reply {
    let outcome = match body {
        Some(body) => route(core, parts, &body).await,
        None => Err(Refusal::bad("the body is too large or incomplete")),
    };
    outcome.unwrap_or_else(Refusal::into_reply)
}

async fn route(core: &Arc<Core>, parts: &Parts, body: &[u8]) -> Outcome {
    let path = parts.uri.path();
    let path = path.strip_prefix("/_sim").unwrap_or(path).trim_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    let github = &core.github;
    let common = Common {
        faults: &core.faults,
        calls: &core.calls,
        clock: &core.clock,
        is_route: crate::route::is_github,
    };
    if let Some(outcome) = common.route(parts.method.as_str(), &segments, body) {
        return outcome;
    }
    if let Some(outcome) = ci::route(github, parts.method.as_str(), &segments, body) {
        return outcome;
    }
    match (parts.method.as_str(), segments.as_slice()) {
        ("GET", [""]) => Ok(people::index(INDEX, &[content::INDEX, ci::INDEX])),
        ("GET", ["routes"]) => Ok(ok(&json!(crate::ROUTES))),
        ("GET", ["calls"]) => Ok(ok(&json!({
            "total": core.calls.total(),
            "mints": core.calls.mints(),
            "quota_charged": github.quota_charged(),
            "installation_lookups": core.calls.installation_lookups(),
            "routes": core.calls.all(),
        }))),
        ("POST", ["token-lag"]) => {
            github.set_token_lag(parse::<LagWire>(body)?.lag()?);
            done()
        }
        ("POST", ["rate-limit"]) => {
            github.set_rate_limit(parse::<LimitWire>(body)?.per_hour);
            done()
        }
        ("GET", ["tokens"]) => Ok(world::tokens(github)),
        ("POST", ["tokens", "expire-all"]) => {
            github.expire_all_tokens();
            done()
        }
        ("DELETE", ["tokens", fingerprint]) => found(github.revoke_by_fingerprint(fingerprint), "token"),
        (method, segments) => match content::route(github, method, segments, parts, body).await {
            Some(outcome) => outcome,
            None => world::route(core, method, segments, body).await,
        },
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitWire {
    per_hour: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LagWire {
    seconds: Option<i64>,
    uses: Option<u32>,
}

impl LagWire {
    fn lag(&self) -> Result<TokenLag, Refusal> {
        match (self.seconds, self.uses) {
            (None, None) => Ok(TokenLag::None),
            (Some(seconds), None) => Ok(TokenLag::Time(SignedDuration::from_secs(seconds))),
            (None, Some(uses)) => Ok(TokenLag::Uses(uses)),
            (Some(_), Some(_)) => Err(Refusal::bad("give `seconds` or `uses`, not both")),
        }
    }
}
