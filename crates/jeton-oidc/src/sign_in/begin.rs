use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_domain::{Entropy, Secret};
use sha2::{Digest as _, Sha256};

use super::{Begun, SignIn, SignInError};
use crate::random;

impl SignIn {
    /// Begins a sign-in: asks the provider where it signs people in, and makes up what must come back.
    ///
    /// # Errors
    /// [`SignInError::Unavailable`] when the provider cannot be asked.
    pub async fn begin(&self, entropy: &dyn Entropy) -> Result<Begun, SignInError> {
        let state = random::text(entropy);
        let nonce = random::text(entropy);
        let verifier = random::text(entropy);
        let discovered = self.discover().await?;
        let mut url = discovered
            .endpoint("authorization_endpoint")
            .map_err(SignInError::Unavailable)?;
        let config = &self.0.config;
        let mut scopes: Vec<&str> = config.scopes.iter().map(String::as_str).collect();
        if !scopes.contains(&"openid") {
            scopes.insert(0, "openid");
        }
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &config.client_id)
            .append_pair("redirect_uri", &config.redirect_uri)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", state.expose())
            .append_pair("nonce", nonce.expose())
            .append_pair("code_challenge", &challenge(&verifier))
            .append_pair("code_challenge_method", "S256");
        Ok(Begun {
            url: url.into(),
            state,
            nonce,
            verifier,
        })
    }
}

/// `S256` of RFC 7636 §4.2.
fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose().as_bytes()))
}

#[cfg(test)]
mod tests {
    use jeton_domain::Secret;

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(
            super::challenge(&verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
