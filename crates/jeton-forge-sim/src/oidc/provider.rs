//! Signing people in: the authorization code flow with PKCE.

use std::collections::HashMap;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use serde_json::json;
use url::{Url, form_urlencoded};

use super::sign::merge;
use super::state::{Code, State};
use super::{OidcAlgorithm, OidcKey, SignSpec};
use crate::reply::Reply;

/// How long a code can be used.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(1);

type Form = HashMap<String, String>;

fn parse(text: &[u8]) -> Form {
    form_urlencoded::parse(text).into_owned().collect()
}

/// Sends the browser back at once, as whoever is signed in.
pub(super) fn authorize(state: &mut State, query: &str) -> Reply {
    let form = parse(query.as_bytes());
    let get = |name: &str| form.get(name).map_or("", String::as_str);
    let client_id = get("client_id");
    let known = state.clients.get(client_id).map(|client| client.redirect_uri.clone());
    // nobody is sent to an address that was not registered
    let Some(redirect_uri) = known.filter(|known| known == get("redirect_uri")) else {
        return Reply::text(StatusCode::BAD_REQUEST, "unknown client or unregistered redirect_uri");
    };
    let Ok(mut back) = Url::parse(&redirect_uri) else {
        return Reply::text(StatusCode::BAD_REQUEST, "the registered redirect_uri is no URL");
    };
    let refusal = if get("response_type") != "code" {
        Some(("unsupported_response_type", "only code is supported"))
    } else if !get("scope").split(' ').any(|scope| scope == "openid") {
        Some(("invalid_scope", "the scope openid is missing"))
    } else if get("code_challenge").len() != 43 || get("code_challenge_method") != "S256" {
        Some(("invalid_request", "PKCE with S256 is required"))
    } else if state.user.is_none() {
        Some(("access_denied", "nobody is signed in"))
    } else {
        None
    };
    let mut pairs = Vec::new();
    match (refusal, state.user.clone()) {
        (None, Some(user)) => {
            let code = state.random_text(32);
            let given = Code {
                client_id: client_id.to_owned(),
                redirect_uri,
                challenge: get("code_challenge").to_owned(),
                nonce: form.get("nonce").cloned(),
                user,
                until: state.clock.now() + CODE_LIFE,
                used: false,
            };
            state.codes.insert(code.clone(), given);
            pairs.push(("code", code));
        }
        (refusal, _) => {
            let (error, words) = refusal.unwrap_or(("access_denied", "nobody is signed in"));
            pairs.push(("error", error.to_owned()));
            pairs.push(("error_description", words.to_owned()));
        }
    }
    if let Some(sent) = form.get("state") {
        pairs.push(("state", sent.clone()));
    }
    pairs.push(("iss", state.base.clone()));
    back.query_pairs_mut().extend_pairs(pairs);
    Reply::empty(StatusCode::FOUND).with("location", back.as_str())
}

/// Gives tokens for a code.
pub(super) fn token(state: &mut State, headers: &HeaderMap, body: &[u8]) -> Reply {
    let refuse = |status: StatusCode, error: &str, words: &str| {
        Reply::json(status, &json!({"error": error, "error_description": words})).with("cache-control", "no-store")
    };
    let form = parse(body);
    let get = |name: &str| form.get(name).map_or("", String::as_str);
    let basic = basic(headers);
    let client_id = match &basic {
        Some((id, _)) => id.clone(),
        None => get("client_id").to_owned(),
    };
    let known = state.clients.get(&client_id);
    let secret = basic.map(|(_, secret)| secret);
    if known.is_none_or(|client| client.secret != secret) {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "the client or its secret is unknown",
        );
    }
    if get("grant_type") != "authorization_code" {
        return refuse(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "only authorization_code is supported",
        );
    }
    let now = state.clock.now();
    let verifier = digest::digest(&digest::SHA256, get("code_verifier").as_bytes());
    let challenge = URL_SAFE_NO_PAD.encode(verifier);
    let spent = state.codes.get_mut(get("code")).map(|code| {
        let fine = !code.used
            && now < code.until
            && code.client_id == client_id
            && code.redirect_uri == get("redirect_uri")
            && code.challenge == challenge;
        code.used = true;
        (fine, code.user.clone(), code.nonce.clone())
    });
    let Some((true, mut claims, nonce)) = spent else {
        let words = "the code is unknown, used, too old, or was given for something else";
        return refuse(StatusCode::BAD_REQUEST, "invalid_grant", words);
    };
    merge(&mut claims, &json!({"aud": client_id, "nonce": nonce}));
    let replacements = state.id_token.clone();
    merge(&mut claims, &replacements);
    // what is to be missing must not be filled in again
    for (name, value) in replacements.as_object().into_iter().flatten() {
        if value.is_null() {
            claims[name.as_str()] = json!(null);
        }
    }
    let id_token = state.sign(&SignSpec::new(OidcKey::Newest(OidcAlgorithm::Rs256)), &claims);
    let answer = json!({
        "access_token": state.random_text(40),
        "token_type": "Bearer",
        "expires_in": 600,
        "id_token": id_token,
    });
    Reply::json(StatusCode::OK, &answer).with("cache-control", "no-store")
}

/// User and password of HTTP Basic, each form-encoded (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decode = |text: &str| {
        let mut parts = form_urlencoded::parse(text.as_bytes());
        parts.next().map(|(name, _)| name.into_owned()).unwrap_or_default()
    };
    Some((decode(id), decode(secret)))
}
