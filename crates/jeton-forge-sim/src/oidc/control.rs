//! Steering a running provider over HTTP, under `/_sim`.

use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::state::Client;
use super::{OidcAlgorithm, OidcKey, OidcRoute, Shared, SignSpec};
use crate::reply::Reply;

/// One line per route, for `GET /_sim/`.
const INDEX: &str = "\
jeton-forge-sim: control of the simulated OIDC provider. Bodies are JSON.

GET    /_sim/calls         how often each route was called
GET    /_sim/keys          the published key ids
POST   /_sim/sign          CLAIMS -> {\"token\"}; iss, iat, nbf, exp and jti are filled in; ?alg=ES256 or ?kid=ID
POST   /_sim/rotate        a new key for each algorithm; the old ones stay published
DELETE /_sim/keys/{kid}    publish a key no longer
POST   /_sim/user          CLAIMS of whoever signs in, or null
POST   /_sim/clients       {\"client_id\":ID,\"client_secret\":SECRET,\"redirect_uri\":URL}
";

type Outcome = Result<Reply, (StatusCode, String)>;

/// Answers a request below `/_sim`. Such calls are not counted, and no fault strikes them.
pub(super) fn answer(shared: &Shared, parts: &Parts, body: &[u8]) -> Reply {
    route(shared, parts, body).unwrap_or_else(|(status, error)| Reply::json(status, &json!({ "error": error })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientWire {
    client_id: String,
    client_secret: Option<String>,
    redirect_uri: String,
}

fn route(shared: &Shared, parts: &Parts, body: &[u8]) -> Outcome {
    let path = parts.uri.path();
    let path = path.strip_prefix("/_sim").unwrap_or(path).trim_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    let mut state = shared.state();
    match (parts.method.as_str(), segments.as_slice()) {
        ("GET", [""]) => Ok(Reply::text(StatusCode::OK, INDEX)),
        ("GET", ["calls"]) => {
            let count = |route| state.calls.get(&route).copied().unwrap_or_default();
            let counts = json!({
                "discovery": count(OidcRoute::Discovery),
                "jwks": count(OidcRoute::Jwks),
                "authorize": count(OidcRoute::Authorize),
                "token": count(OidcRoute::Token),
                "unknown": count(OidcRoute::Unknown),
            });
            Ok(Reply::json(StatusCode::OK, &counts))
        }
        ("GET", ["keys"]) => Ok(Reply::json(StatusCode::OK, &state.jwks())),
        ("POST", ["sign"]) => {
            let claims: Value = parse(body)?;
            if !claims.is_object() {
                return Err(bad("the claims are an object"));
            }
            let key = wanted_key(parts.uri.query().unwrap_or_default()).map_err(bad)?;
            if let OidcKey::Kid(kid) = &key
                && !state.has_key(kid)
            {
                return Err((StatusCode::NOT_FOUND, "there is no such key".to_owned()));
            }
            let token = state.sign(&SignSpec::new(key), &claims);
            Ok(Reply::json(StatusCode::OK, &json!({ "token": token })))
        }
        ("POST", ["rotate"]) => {
            let kids = state.rotate();
            Ok(Reply::json(StatusCode::OK, &json!({ "kids": kids })))
        }
        ("DELETE", ["keys", kid]) if state.remove(kid) => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        ("DELETE", ["keys", _]) => Err((StatusCode::NOT_FOUND, "there is no such key".to_owned())),
        ("POST", ["user"]) => {
            let user: Option<Value> = parse(body)?;
            if user.as_ref().is_some_and(|user| !user.is_object()) {
                return Err(bad("the claims are an object, or null"));
            }
            state.user = user;
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        ("POST", ["clients"]) => {
            let wire: ClientWire = parse(body)?;
            let client = Client {
                secret: wire.client_secret,
                redirect_uri: wire.redirect_uri,
            };
            state.clients.insert(wire.client_id, client);
            Ok(Reply::empty(StatusCode::CREATED))
        }
        _ => Err((
            StatusCode::NOT_FOUND,
            "there is no such control; see GET /_sim/".to_owned(),
        )),
    }
}

/// Which key a query asks for.
fn wanted_key(query: &str) -> Result<OidcKey, &'static str> {
    let mut key = OidcKey::Newest(OidcAlgorithm::Rs256);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        key = match &*name {
            "kid" => OidcKey::Kid(value.into_owned()),
            "alg" => {
                let named = OidcAlgorithm::ALL
                    .into_iter()
                    .find(|algorithm| algorithm.name() == value);
                OidcKey::Newest(named.ok_or("alg is RS256, ES256 or EdDSA")?)
            }
            _ => return Err("only alg and kid can be chosen"),
        };
    }
    Ok(key)
}

fn bad(message: impl Into<String>) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, message.into())
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(body).map_err(|error| bad(error.to_string()))
}
