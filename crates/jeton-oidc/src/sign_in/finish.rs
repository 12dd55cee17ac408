use base64::{Engine as _, engine::general_purpose::STANDARD};
use jeton_domain::Secret;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::{Attempt, SignIn, SignInAnswer, SignInConfig, SignInError, SignedIn, people};
use crate::{JwtError, clean::clean, http_client::Answer};

impl SignIn {
    /// Ends a sign-in: checks that the answer belongs to it, exchanges the code for tokens, and verifies the ID token.
    /// A code works once; so does an attempt, which the caller must have taken out of wherever it was kept.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn finish(&self, answer: &SignInAnswer, attempt: &Attempt) -> Result<SignedIn, SignInError> {
        let config = &self.0.config;
        if !answer.state.as_ref().is_some_and(|state| same(state, &attempt.state)) {
            return Err(SignInError::State);
        }
        if answer.is_ambiguous() {
            return Err(SignInError::NoCode);
        }
        let discovered = self.discover().await?;
        match &answer.iss {
            Some(iss) if *iss != config.issuer => return Err(SignInError::Issuer),
            None if discovered.flag("authorization_response_iss_parameter_supported") => {
                return Err(SignInError::Issuer);
            }
            _ => {}
        }
        if let Some(error) = &answer.error {
            return Err(SignInError::Refused {
                error: clean(error),
                description: answer.error_description.as_deref().map(clean),
            });
        }
        let code = answer
            .code
            .as_ref()
            .filter(|code| !code.is_empty())
            .ok_or(SignInError::NoCode)?;
        let endpoint = discovered
            .endpoint("token_endpoint")
            .map_err(SignInError::Unavailable)?;
        let form = form(config, code, &attempt.verifier);
        let basic = config
            .client_secret
            .as_ref()
            .map(|secret| basic(&config.client_id, secret));
        let response = self.0.fetcher.http().post_form(endpoint, &form, basic.as_ref()).await;
        let id_token = id_token(&response.map_err(SignInError::Unavailable)?)?;
        let verified = self.0.verifier.verify_once(id_token.expose()).await;
        let verified = verified.map_err(|error| match error {
            JwtError::IssuerUnavailable { source, .. } => SignInError::Unavailable(source),
            error => SignInError::IdToken(error),
        })?;
        let claims = &verified.identity.claims;
        let nonce = claims.get("nonce").and_then(serde_json::Value::as_str);
        if !nonce.is_some_and(|nonce| same(&Secret::new(nonce), &attempt.nonce)) {
            return Err(SignInError::OtherPurpose("sign-in"));
        }
        people::signed_in(config, &verified.identity)
    }
}

/// Compares without telling by time how much is alike: the digests differ in all places at once.
fn same(one: &Secret, other: &Secret) -> bool {
    let digest = |secret: &Secret| Sha256::digest(secret.expose().as_bytes());
    digest(one) == digest(other)
}

fn form(config: &SignInConfig, code: &Secret, verifier: &Secret) -> Zeroizing<String> {
    let mut form = form_urlencoded::Serializer::new(String::with_capacity(2048));
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code.expose())
        .append_pair("redirect_uri", &config.redirect_uri)
        .append_pair("code_verifier", verifier.expose());
    if config.client_secret.is_none() {
        form.append_pair("client_id", &config.client_id);
    }
    Zeroizing::new(form.finish())
}

/// User and password of HTTP Basic, each form-encoded first (RFC 6749 §2.3.1).
fn basic(client_id: &str, secret: &Secret) -> Secret {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encode(client_id), encode(secret.expose())));
    Secret::new(STANDARD.encode(pair.as_bytes()))
}

#[derive(Deserialize)]
struct Tokens {
    id_token: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: Option<String>,
    error_description: Option<String>,
}

fn id_token(response: &Answer) -> Result<Secret, SignInError> {
    if response.status == 200 {
        let tokens: Option<Tokens> = serde_json::from_slice(&response.body).ok();
        let refused = || SignInError::TokenRefused {
            error: "its answer has no ID token".to_owned(),
            description: None,
        };
        return tokens
            .and_then(|tokens| tokens.id_token)
            .map(Secret::new)
            .ok_or_else(refused);
    }
    let refusal: Option<Refusal> = serde_json::from_slice(&response.body).ok();
    let (error, description) = refusal.map_or((None, None), |refusal| (refusal.error, refusal.error_description));
    Err(SignInError::TokenRefused {
        error: error.map_or_else(|| format!("HTTP {}", response.status), |error| clean(&error)),
        description: description.map(|words| clean(&words)),
    })
}
