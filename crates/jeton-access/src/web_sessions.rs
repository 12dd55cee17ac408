//! Browsers in which somebody has signed in.

use std::{net::IpAddr, sync::Arc};

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_domain::{Caller, Coded as _, Identity, Secret, UserId};
use jeton_ledger::{Event, events};
use jeton_vault::{CookieDigest, UserRecord, VaultTx, WebSessionRecord};
use jiff::{SignedDuration, Timestamp};

use crate::{
    Access, AccessError,
    opaque::Opaque,
    users::{about, get},
};

/// How often a session's last use is written down.
const TOUCH: SignedDuration = SignedDuration::from_mins(1);
/// Browsers in which one user is signed in at a time; beyond it the oldest ends.
const MOST_PER_USER: usize = 32;
/// What is kept of a browser's own name, in characters.
const BROWSER: usize = 200;

/// The browser that somebody signs in with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visitor<'a> {
    /// Where it is.
    pub address: Option<IpAddr>,
    /// What it calls itself.
    pub browser: Option<&'a str>,
    /// The request.
    pub request_id: Option<&'a str>,
}

impl Visitor<'_> {
    /// The entry of a sign-in that did not work.
    pub(crate) fn refused(self, error: &AccessError) -> Event {
        let nobody = Caller::anonymous(self.address);
        let mut event = Event::new(events::USER_SIGN_IN_REFUSED, &nobody).with("code", error.code().as_str());
        event.request_id = self.request_id.map(str::to_owned);
        event
    }
}

/// A browser that was just signed in.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// For the browser's cookie; jeton keeps its SHA-256 only.
    pub cookie: Secret,
    /// For the forms of the pages.
    pub csrf: Secret,
    /// Who has signed in.
    pub user: UserRecord,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// A browser that is signed in.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who asks, and from where.
    pub caller: Caller,
    /// The same person, whole.
    pub user: UserRecord,
    /// For the forms of the pages, and what they must send back.
    pub csrf: Secret,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    digest: CookieDigest,
}

/// One of the browsers of a user, for a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// Names it in the list; opens nothing.
    pub id: String,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last used, to within a minute or so.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// From where they signed in.
    pub address: Option<String>,
    /// What the browser called itself.
    pub browser: Option<String>,
}

impl Session {
    /// As [`SessionView::id`] names it.
    pub fn id(&self) -> String {
        view_id(&self.digest)
    }

    /// Whether a request that changes something comes from a page of this session: it must send back the page's token,
    /// which no other site can read.
    ///
    /// # Errors
    /// [`AccessError::Csrf`].
    pub fn check_csrf(&self, given: Option<&str>) -> Result<(), AccessError> {
        let given = given.unwrap_or_default();
        verify_slices_are_equal(self.csrf.expose().as_bytes(), given.as_bytes()).map_err(|_| AccessError::Csrf)
    }
}

impl Access {
    /// Adds a session for a user whose row is locked.
    pub(crate) async fn open_session(
        &self,
        tx: &mut dyn VaultTx,
        user: UserRecord,
        visitor: Visitor<'_>,
        now: Timestamp,
    ) -> Result<NewSession, AccessError> {
        let cookie = Opaque::generate(&*self.0.entropy);
        let record = WebSessionRecord {
            digest: CookieDigest(cookie.digest()),
            user: user.id,
            created_at: now,
            last_seen_at: now,
            expires_at: now + self.0.settings.session_life,
            address: visitor.address.map(|address| address.to_string()),
            browser: visitor
                .browser
                .map(|name| name.chars().filter(|c| !c.is_control()).take(BROWSER).collect()),
        };
        let mut sessions = tx.web_sessions();
        for surplus in sessions.list(user.id, now).await?.iter().skip(MOST_PER_USER - 1) {
            sessions.remove(&surplus.digest).await?;
        }
        sessions.add(&record).await?;
        drop(sessions);
        Ok(NewSession {
            csrf: csrf_of(&cookie),
            cookie: cookie.text(),
            user,
            expires_at: record.expires_at,
        })
    }

    /// Who has signed in where this cookie comes from. Their role and whether they are shut out are read anew each time.
    ///
    /// # Errors
    /// [`AccessError::SessionEnded`] for every cookie that opens nothing, whatever the reason.
    pub async fn session(&self, cookie: &Secret, address: Option<IpAddr>) -> Result<Session, AccessError> {
        let cookie = Opaque::parse(cookie.expose()).ok_or(AccessError::SessionEnded)?;
        let digest = CookieDigest(cookie.digest());
        let now = self.now();
        let found = self.0.vault.read().await?.web_sessions().find(&digest, now).await?;
        let (session, user) = found.ok_or(AccessError::SessionEnded)?;
        let idle = self.0.settings.session_idle;
        if now >= session.last_seen_at + idle {
            return Err(AccessError::SessionEnded);
        }
        // Well before the idle end, also where an operator has made that short.
        if now.duration_since(session.last_seen_at) >= TOUCH.min(idle / 4) {
            self.touch(&digest, now).await;
        }
        Ok(Session {
            caller: Caller {
                identity: identity(&user),
                address,
            },
            csrf: csrf_of(&cookie),
            expires_at: session.expires_at,
            digest,
            user,
        })
    }

    /// Looking at a page works while the database cannot be written; the session may then end a little early.
    async fn touch(&self, digest: &CookieDigest, now: Timestamp) {
        let outcome = async {
            let mut tx = self.0.vault.begin().await?;
            tx.web_sessions().touch(digest, now).await?;
            tx.commit().await
        }
        .await;
        if let Err(error) = outcome {
            tracing::warn!(%error, "the use of a browser session was not written down");
        }
    }

    /// Ends the session of a browser. Doing so twice is no mistake.
    pub async fn sign_out(&self, session: &Session, request_id: Option<&str>) -> Result<(), AccessError> {
        let mut tx = self.0.vault.begin().await?;
        if tx.web_sessions().remove(&session.digest).await? {
            let event = about(events::USER_SIGNED_OUT, &session.caller, request_id, &session.user);
            self.0.ledger.append_in(&mut *tx, &[event]).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Ends every browser session of a user, but for `but`, the one from which they ask for it; how many.
    ///
    /// # Errors
    /// [`AccessError::UserNotFound`].
    pub async fn sign_out_everywhere(
        &self,
        by: &Caller,
        request_id: Option<&str>,
        name: &str,
        but: Option<&Session>,
    ) -> Result<u64, AccessError> {
        let mut tx = self.0.vault.begin().await?;
        let user = get(&mut *tx, name).await?;
        let but = but.map(|session| &session.digest);
        let ended = tx.web_sessions().remove_of_user(user.id, but).await?;
        if ended > 0 {
            let event = about(events::USER_SESSION_ENDED, by, request_id, &user).with("sessions_ended", ended);
            self.0.ledger.append_in(&mut *tx, &[event]).await?;
            tx.commit().await?;
        }
        Ok(ended)
    }

    /// Ends one of a user's browser sessions, by [`SessionView::id`]; whether it was there.
    ///
    /// # Errors
    /// [`AccessError::UserNotFound`].
    pub async fn end_session(
        &self,
        by: &Caller,
        request_id: Option<&str>,
        name: &str,
        id: &str,
    ) -> Result<bool, AccessError> {
        let mut tx = self.0.vault.begin().await?;
        let user = get(&mut *tx, name).await?;
        let sessions = tx.web_sessions().list(user.id, self.now()).await?;
        let Some(session) = sessions.iter().find(|session| view_id(&session.digest) == id) else {
            return Ok(false);
        };
        let ended = tx.web_sessions().remove(&session.digest).await?;
        if ended {
            let event = about(events::USER_SESSION_ENDED, by, request_id, &user).with("sessions_ended", 1);
            self.0.ledger.append_in(&mut *tx, &[event]).await?;
            tx.commit().await?;
        }
        Ok(ended)
    }

    /// The browsers in which a user is signed in, newest first.
    pub async fn list_sessions(&self, user: UserId) -> Result<Vec<SessionView>, AccessError> {
        let now = self.now();
        let sessions = self.0.vault.read().await?.web_sessions().list(user, now).await?;
        let idle = self.0.settings.session_idle;
        let live = sessions.into_iter().filter(|session| now < session.last_seen_at + idle);
        Ok(live.map(view).collect())
    }

    /// How many password hashes were computed since the start, for the metrics.
    pub fn password_hashes(&self) -> u64 {
        self.0.passwords.hashed()
    }
}

/// The entry of a sign-in that worked.
pub(crate) fn signed_in(session: &NewSession, visitor: Visitor<'_>) -> Event {
    let caller = Caller {
        identity: identity(&session.user),
        address: visitor.address,
    };
    about(events::USER_SIGNED_IN, &caller, visitor.request_id, &session.user).with("role", session.user.role.as_str())
}

pub(crate) fn identity(user: &UserRecord) -> Identity {
    Identity::User {
        id: user.id,
        name: Arc::new(user.name.clone()),
        role: user.role,
    }
}

/// The token of a session's forms. Made from the cookie's own bytes, so that nothing more is kept, and so that nobody
/// who has it can find the cookie.
fn csrf_of(cookie: &Opaque) -> Secret {
    let key = hmac::Key::new(hmac::HMAC_SHA256, cookie.bytes());
    Secret::new(URL_SAFE_NO_PAD.encode(hmac::sign(&key, b"jeton csrf").as_ref()))
}

fn view_id(digest: &CookieDigest) -> String {
    hex::encode(&digest.0[..6])
}

fn view(session: WebSessionRecord) -> SessionView {
    SessionView {
        id: view_id(&session.digest),
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
        address: session.address,
        browser: session.browser,
    }
}
