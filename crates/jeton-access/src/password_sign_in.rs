//! Signing in by name and password.

use std::time::Duration;

use jeton_domain::{Secret, UserName};
use jeton_vault::UserRecord;

use crate::{Access, AccessError, NewSession, Visitor, passwords::Passwords, web_sessions::signed_in};

impl Access {
    /// Signs somebody in by name and password. The cookie is always a new one, whatever the browser sent.
    ///
    /// # Errors
    /// [`AccessError::BadPassword`] for a wrong password, a missing user, one who is shut out and one without a password
    /// alike, after the same time; [`AccessError::RateLimited`]; [`AccessError::Overloaded`].
    pub async fn sign_in(
        &self,
        name: &str,
        password: &Secret,
        visitor: Visitor<'_>,
    ) -> Result<NewSession, AccessError> {
        // People type capitals, and blanks after a word that a telephone completed.
        let name = UserName::parse(&name.trim().to_ascii_lowercase()).ok();
        let user = match &name {
            Some(name) => self.0.vault.read().await?.users().find_by_name(name).await?,
            None => None,
        };
        let known = user.as_ref().map(|user| user.name.clone());
        let outcome = self.try_password(name.as_ref(), user, password, visitor).await;
        if let Err(error @ (AccessError::BadPassword | AccessError::RateLimited { .. })) = &outcome {
            let mut event = visitor.refused(error);
            // Only a known name goes on record: people type their password into the wrong field.
            if let Some(known) = known {
                event = event.with("user", known.as_str());
            }
            self.0.ledger.note_repeated(event);
        }
        outcome
    }

    async fn try_password(
        &self,
        name: Option<&UserName>,
        mut user: Option<UserRecord>,
        password: &Secret,
        visitor: Visitor<'_>,
    ) -> Result<NewSession, AccessError> {
        let guesses = &self.0.guesses;
        // All that cannot be a name counts as one: nothing of it is kept, also not in memory.
        let who = name.map_or("", UserName::as_str);
        let Some(_trying) = self.0.passwords.begin_try(who, visitor.address) else {
            return Err(AccessError::RateLimited {
                what: "another try is under way",
                retry_after: Duration::from_secs(1),
            });
        };
        guesses.check(who, visitor.address, self.now())?;
        // A second time only when the stored hash was changed between the look and the session: by the user, or by
        // themselves in another browser, whose sign-in renewed it.
        for _ in 0..2 {
            let stored = user
                .as_ref()
                .filter(|user| user.disabled_at.is_none())
                .and_then(|user| user.password.as_ref());
            let right = self.0.passwords.verify(password, stored).await?;
            let (true, Some(known), Some(stored)) = (right, &user, stored) else {
                break;
            };
            match self.enter(known, stored, password, visitor).await? {
                Entry::Session(session) => {
                    guesses.succeeded(who, visitor.address, self.now());
                    return Ok(*session);
                }
                Entry::Changed(again) => user = again,
            }
        }
        guesses.failed(who, visitor.address, self.now());
        Err(AccessError::BadPassword)
    }

    /// A session for a user whose password was right, if it still is the one.
    async fn enter(
        &self,
        user: &UserRecord,
        stored: &Secret,
        password: &Secret,
        visitor: Visitor<'_>,
    ) -> Result<Entry, AccessError> {
        let renewed = if Passwords::is_outdated(stored) {
            // Too much to do at the moment is no reason to keep somebody out; it is done the next time.
            self.0.passwords.hash(password.clone()).await.ok()
        } else {
            None
        };
        let now = self.now();
        let mut tx = self.0.vault.begin().await?;
        // Locks the user's row before it is read again: whoever changes the password or shuts the user out comes
        // before, and is seen, or after, and ends this session with the others.
        tx.users().signed_in(user.id, now).await?;
        let user = match tx.users().find(user.id).await? {
            Some(again) if is_unchanged(&again, stored) => again,
            changed => return Ok(Entry::Changed(changed)),
        };
        if let Some(renewed) = renewed {
            tx.users().set_password(user.id, &renewed).await?;
        }
        let session = self.open_session(&mut *tx, user, visitor, now).await?;
        let event = signed_in(&session, visitor).with("by", "password");
        self.0.ledger.append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        Ok(Entry::Session(Box::new(session)))
    }
}

/// How it went with a right password.
enum Entry {
    Session(Box<NewSession>),
    /// The user is another by now, or gone; nothing was written.
    Changed(Option<UserRecord>),
}

fn is_unchanged(user: &UserRecord, stored: &Secret) -> bool {
    let same = user
        .password
        .as_ref()
        .is_some_and(|password| password.expose() == stored.expose());
    same && user.disabled_at.is_none()
}
