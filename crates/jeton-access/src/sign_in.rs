//! Signing in through an OIDC provider.
//!
//! What a sign-in that has begun must remember goes along in a cookie, sealed, so that any server can end what another
//! one began. The provider's code works once, and so the cookie is good for one session; it ends soon in any case.

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_domain::{Caller, RowRef, Sealed, Secret, UserId, UserName};
use jeton_ledger::events;
use jeton_oidc::{Attempt, SignIn, SignInAnswer, SignInError, SignedIn};
use jeton_vault::UserRecord;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Access, AccessError,
    opaque::sha256,
    users::{about, add_row, new_user},
    web_sessions::{NewSession, Visitor, identity, signed_in},
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

    /// Begins a sign-in at the provider.
    ///
    /// # Errors
    /// [`AccessError::SignIn`] when the provider cannot be asked; [`AccessError::SignInRefused`] when there is none.
    pub async fn begin_sign_in(&self) -> Result<BegunSignIn, AccessError> {
        let begun = self.provider()?.begin(&*self.0.entropy).await.map_err(failed)?;
        let expires_at = self.now() + ATTEMPT_LIFE;
        let attempt = begun.attempt();
        let memory = Memory {
            nonce: attempt.nonce.expose(),
            verifier: attempt.verifier.expose(),
            expires_at: expires_at.as_millisecond(),
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
    /// [`Access::begin_sign_in`] gave it. Whom nobody knows becomes a user where the operator has said so and the
    /// provider's claims give them a role.
    ///
    /// # Errors
    /// [`AccessError::SignIn`] when the provider did not vouch for them; [`AccessError::NoUser`] and
    /// [`AccessError::SignInRefused`] when it did, and they may not.
    pub async fn finish_sign_in(
        &self,
        answer: &SignInAnswer,
        cookie: Option<&Secret>,
        visitor: Visitor<'_>,
    ) -> Result<NewSession, AccessError> {
        let mut person = None;
        let outcome = self.try_answer(answer, cookie, visitor, &mut person).await;
        if let Err(error @ (AccessError::SignIn(_) | AccessError::NoUser(_) | AccessError::SignInRefused(_))) = &outcome
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
        let attempt = self
            .remember(answer, cookie)
            .ok_or_else(|| failed(SignInError::State))?;
        let person = person.insert(provider.finish(answer, &attempt).await.map_err(failed)?);

        match self.admit(person, visitor).await {
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
                self.admit(person, visitor).await
            }
            other => other,
        }
    }

    /// A session for whom the provider vouches for.
    async fn admit(&self, person: &SignedIn, visitor: Visitor<'_>) -> Result<NewSession, AccessError> {
        let now = self.now();
        let mut tx = self.0.vault.begin().await?;
        let known = tx.users().find_by_provider(&person.issuer, &person.subject).await?;
        let mut entries = Vec::with_capacity(2);
        let id = if let Some(user) = known {
            user.id
        } else {
            let user = self.newcomer(person, now)?;
            add_row(&mut *tx, &user).await?;
            let caller = Caller {
                identity: identity(&user),
                address: visitor.address,
            };
            let event = about(events::USER_ADDED, &caller, visitor.request_id, &user);
            entries.push(event.with("role", user.role.as_str()).with("by", "provider"));
            user.id
        };
        // Locks the row before it is read: whoever shuts the user out comes before, and is seen, or after, and ends
        // this session with the others.
        tx.users().signed_in(id, now).await?;
        let user = tx.users().find(id).await?.filter(|user| user.disabled_at.is_none());
        let user = user.ok_or_else(|| AccessError::SignInRefused("this user is shut out here".to_owned()))?;
        let session = self.open_session(&mut *tx, user, visitor, now).await?;
        let event = signed_in(&session, visitor).with("by", "provider");
        entries.push(
            event
                .with("issuer", person.issuer.as_str())
                .with("subject", person.subject.as_str()),
        );
        self.0.ledger.append_in(&mut *tx, &entries).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// The user whom a stranger becomes.
    fn newcomer(&self, person: &SignedIn, now: Timestamp) -> Result<UserRecord, AccessError> {
        let shown = || {
            let name = person.user_name.as_deref().unwrap_or(&person.subject);
            name.chars().filter(|c| !c.is_control()).take(100).collect::<String>()
        };
        if !self.0.settings.sign_in_adds_users {
            return Err(AccessError::NoUser(shown()));
        }
        let refuse = |words: String| Err(AccessError::SignInRefused(words));
        let Some(role) = person.role else {
            return refuse(format!(
                "the provider knows {}, and its claims give no role here",
                shown()
            ));
        };
        let name = person
            .user_name
            .as_ref()
            .map(|name| UserName::parse(&name.to_lowercase()));
        let Some(Ok(name)) = name else {
            return refuse(format!(
                "the provider knows {}, and names nobody who could be a user",
                shown()
            ));
        };
        let mut user = new_user(UserId::generate(now, &*self.0.entropy), &name, role, now);
        user.provider = Some((person.issuer.clone(), person.subject.clone()));
        Ok(user)
    }

    /// What a cookie remembers, when it is whole, of this answer, and not too old.
    fn remember(&self, answer: &SignInAnswer, cookie: Option<&Secret>) -> Option<Attempt> {
        let state = answer.state.as_ref()?;
        let cookie = cookie.filter(|cookie| cookie.expose().len() <= LONGEST_COOKIE)?;
        let sealed = Sealed::from_bytes(URL_SAFE_NO_PAD.decode(cookie.expose()).ok()?);
        let json = self.0.ring.open(&sealed, place(&row(state))).ok()?;
        let memory: Memory<'_> = serde_json::from_str(json.expose()).ok()?;
        (memory.expires_at > self.now().as_millisecond()).then(|| Attempt {
            state: state.clone(),
            nonce: Secret::new(memory.nonce),
            verifier: Secret::new(memory.verifier),
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
