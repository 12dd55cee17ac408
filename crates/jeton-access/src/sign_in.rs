//! Signing in through an OIDC provider.
//!
//! What a sign-in that has begun must remember goes along in a cookie, sealed, so that any server can end what another
//! one began. The provider's code works once, and so the cookie is good for one session; it ends soon in any case.

mod admit;

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_domain::{RowRef, Sealed, Secret};
use jeton_oidc::{Attempt, SignIn, SignInAnswer, SignInError, SignedIn};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Access, AccessError,
    opaque::sha256,
    web_sessions::{NewSession, Visitor},
};

/// How long somebody may take at the provider.
const ATTEMPT_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// What a cookie of ours has at most, in bytes; browsers stop at 4,096.
const LONGEST_COOKIE: usize = 4_096;

/// A sign-in that has begun.
#[derive(Clone)]
pub struct BegunSignIn {
    /// Where to send the browser.
    pub url: String,
    /// For a cookie of its own, `HttpOnly` and `SameSite=Lax`: the browser comes back from another site. To be removed
    /// when it has come back.
    pub cookie: Secret,
    /// When the cookie ends.
    pub expires_at: Timestamp,
}

/// What the cookie holds, besides the state to which it is bound. Borrowed: the texts are copied into [`Secret`]s only.
#[derive(Serialize, Deserialize)]
struct Memory<'a> {
    nonce: &'a str,
    verifier: &'a str,
    /// In milliseconds.
    expires_at: i64,
    /// The one-time link that the sign-in uses up.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
}

/// Without the address, which has the state and the nonce in its query.
impl fmt::Debug for BegunSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BegunSignIn")
            .field("cookie", &self.cookie)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Access {
    /// Whether people can sign in through a provider, and the operator's name for it.
    pub fn sign_in_provider(&self) -> Option<&str> {
        self.0.sign_in.as_ref().map(|provider| provider.config().name.as_str())
    }

    /// Begins a sign-in at the provider. With a one-time `link`, whoever comes back becomes the one whom it is for; to be
    /// taken from our own page only, or another site could bind its visitors to a user of its choice.
    ///
    /// # Errors
    /// [`AccessError::SignIn`] when the provider cannot be asked; [`AccessError::SignInRefused`] when there is none;
    /// [`AccessError::SetupLink`] for a link that opens nothing.
    pub async fn begin_sign_in(&self, link: Option<&Secret>) -> Result<BegunSignIn, AccessError> {
        let provider = self.provider()?;
        if let Some(link) = link {
            // Nobody should go there and back for nothing. Whether it still is good is asked again in the end.
            self.open_link(link).await?;
        }
        let begun = provider.begin(&*self.0.entropy).await.map_err(failed)?;
        let expires_at = self.now() + ATTEMPT_LIFE;
        let attempt = begun.attempt();
        let memory = Memory {
            nonce: attempt.nonce.expose(),
            verifier: attempt.verifier.expose(),
            expires_at: expires_at.as_millisecond(),
            link: link.map(Secret::expose),
        };
        let json = serde_json::to_string(&memory).map(Secret::from);
        let json = json.map_err(|_| AccessError::Internal("a sign-in could not be written as JSON"))?;
        // The state is in the place, not in the text: the cookie opens with the answer that belongs to it and no other.
        let sealed = self.0.ring.seal(&json, place(&row(&attempt.state)), &*self.0.entropy);
        Ok(BegunSignIn {
            url: begun.url,
            cookie: Secret::new(URL_SAFE_NO_PAD.encode(sealed.as_bytes())),
            expires_at,
        })
    }

    /// Ends a sign-in at the provider: `answer` is what the browser brings back in its address, `cookie` what
    /// [`Access::begin_sign_in`] gave it. Known is whom a one-time link has bound to a user, never whom a name fits.
    /// Whom nobody knows becomes a user where the operator has said so and the provider's claims give them a role. Where
    /// there are rules for roles, each sign-in gives the role of that moment.
    ///
    /// # Errors
    /// [`AccessError::SignIn`] when the provider did not vouch for them; [`AccessError::NoUser`] and
    /// [`AccessError::SignInRefused`] when it did, and they may not, after which a link is still good;
    /// [`AccessError::SetupLink`] for a link that is good no more.
    pub async fn finish_sign_in(
        &self,
        answer: &SignInAnswer,
        cookie: Option<&Secret>,
        visitor: Visitor<'_>,
    ) -> Result<NewSession, AccessError> {
        let mut person = None;
        let outcome = self.try_answer(answer, cookie, visitor, &mut person).await;
        if let Err(
            error @ (AccessError::SignIn(_)
            | AccessError::NoUser(_)
            | AccessError::SignInRefused(_)
            | AccessError::SetupLink),
        ) = &outcome
        {
            let mut event = visitor.refused(error).with("by", "provider");
            // The provider has vouched for these; before that, everything is a stranger's word.
            if let Some(SignedIn { issuer, subject, .. }) = &person {
                event = event.with("issuer", issuer.as_str()).with("subject", subject.as_str());
            }
            self.0.ledger.note_repeated(event);
        }
        outcome
    }

    async fn try_answer(
        &self,
        answer: &SignInAnswer,
        cookie: Option<&Secret>,
        visitor: Visitor<'_>,
        person: &mut Option<SignedIn>,
    ) -> Result<NewSession, AccessError> {
        let provider = self.provider()?;
        let (attempt, link) = self
            .remember(answer, cookie)
            .ok_or_else(|| failed(SignInError::State))?;
        let person = person.insert(provider.finish(answer, &attempt).await.map_err(failed)?);

        match self.admit(person, link.as_ref(), visitor).await {
            Err(AccessError::UserNameTaken(name)) => {
                // Perhaps it is themselves, who came in by another browser at the same moment.
                let mut tx = self.0.vault.read().await?;
                let known = tx.users().find_by_provider(&person.issuer, &person.subject).await?;
                drop(tx);
                // Else they are never taken for the one who has the name: whoever can choose it at the provider would
                // become them.
                if known.is_none() {
                    let words = format!("`{name}` is the name of somebody else here");
                    return Err(AccessError::SignInRefused(words));
                }
                self.admit(person, link.as_ref(), visitor).await
            }
            other => other,
        }
    }

    /// What a cookie remembers, when it is whole, of this answer, and not too old.
    fn remember(&self, answer: &SignInAnswer, cookie: Option<&Secret>) -> Option<(Attempt, Option<Secret>)> {
        let state = answer.state.as_ref()?;
        let cookie = cookie.filter(|cookie| cookie.expose().len() <= LONGEST_COOKIE)?;
        let sealed = Sealed::from_bytes(URL_SAFE_NO_PAD.decode(cookie.expose()).ok()?);
        let json = self.0.ring.open(&sealed, place(&row(state))).ok()?;
        let memory: Memory<'_> = serde_json::from_str(json.expose()).ok()?;
        (memory.expires_at > self.now().as_millisecond()).then(|| {
            let attempt = Attempt {
                state: state.clone(),
                nonce: Secret::new(memory.nonce),
                verifier: Secret::new(memory.verifier),
            };
            (attempt, memory.link.map(Secret::new))
        })
    }

    fn provider(&self) -> Result<&SignIn, AccessError> {
        let none = || AccessError::SignInRefused("nobody signs in through a provider here".to_owned());
        self.0.sign_in.as_ref().ok_or_else(none)
    }
}

fn failed(error: SignInError) -> AccessError {
    AccessError::SignIn(Arc::new(error))
}

fn row(state: &Secret) -> String {
    hex::encode(sha256(state.expose().as_bytes()))
}

fn place(row: &str) -> RowRef<'_> {
    RowRef {
        table: "cookie",
        column: "sign_in",
        row,
    }
}
