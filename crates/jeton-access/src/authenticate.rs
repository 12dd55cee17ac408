use std::{net::IpAddr, sync::Arc, time::Duration};

use jeton_domain::{ApiKey, Caller, Coded, Fingerprint, Identity};
use jeton_ledger::{Event, events};
use jeton_oidc::{JwtError, Verified};

use crate::{Access, AccessError, KeyVerdict};

impl Access {
    /// Who has sent an API key.
    ///
    /// # Errors
    /// [`AccessError::UnknownKey`], [`AccessError::KeyExpired`], [`AccessError::Address`]; the answer to a wrong key
    /// waits longer and longer, a right one never waits.
    pub async fn caller_by_key(&self, key: &ApiKey, address: Option<IpAddr>) -> Result<Caller, AccessError> {
        let digest = key.digest();
        let mut verdict = self.known_key(&digest, address, self.now());
        if matches!(verdict, KeyVerdict::Unknown) && self.look_again().await {
            // It may have been added on another server a moment ago.
            verdict = self.known_key(&digest, address, self.now());
        }
        let identity = match verdict {
            KeyVerdict::Operator => Identity::Operator,
            KeyVerdict::Client(client) => client.identity(),
            KeyVerdict::Ended => {
                return Err(self
                    .turn_away(AccessError::KeyExpired, address, Some(key.fingerprint()))
                    .await);
            }
            KeyVerdict::WrongAddress(client) => {
                let from = address.map(|address| address.to_string()).unwrap_or_default();
                let caller = Caller {
                    identity: client.identity(),
                    address,
                };
                let error = AccessError::Address(from);
                // Whoever has the key is told so, and the operator: it may have been stolen.
                let event = Event::new(events::AUTH_REFUSED, &caller).with("code", error.code().as_str());
                self.ledger().note_repeated(event.with_fingerprint(key.fingerprint()));
                return Err(error);
            }
            KeyVerdict::Unknown => {
                return Err(self
                    .turn_away(AccessError::UnknownKey, address, Some(key.fingerprint()))
                    .await);
            }
        };
        self.0.limits.check_caller(identity.key())?;
        Ok(Caller { identity, address })
    }

    /// Who has sent a token of an issuer.
    ///
    /// # Errors
    /// [`AccessError::Jwt`] says what is wrong with it.
    pub async fn caller_by_jwt(&self, token: &str, address: Option<IpAddr>) -> Result<Caller, AccessError> {
        let verified = match self.0.verifier.remembered(token) {
            Some(verified) => verified,
            None => match self.0.verifier.verify(token).await {
                Ok(verified) => verified,
                // That an issuer cannot be asked is no fault of whoever has its token.
                Err(error @ JwtError::IssuerUnavailable { .. }) => return Err(AccessError::Jwt(error)),
                Err(error) => return Err(self.turn_away(AccessError::Jwt(error), address, None).await),
            },
        };
        let Verified { identity, .. } = &*verified;
        let identity = Identity::Jwt(Arc::clone(identity));
        self.0.limits.check_caller(identity.key())?;
        Ok(Caller { identity, address })
    }

    /// Who is at the other end of the Unix socket: the server's own user, and root, are the operator.
    ///
    /// # Errors
    /// When they ask too often.
    pub fn caller_by_uid(&self, uid: u32, gid: u32, own_uid: u32) -> Result<Caller, AccessError> {
        let identity = if uid == own_uid || uid == 0 {
            Identity::Operator
        } else {
            Identity::Unix { uid, gid }
        };
        self.0.limits.check_caller(identity.key())?;
        Ok(Caller {
            identity,
            address: None,
        })
    }

    /// Counts a request from an address.
    ///
    /// # Errors
    /// When there are too many.
    pub fn check_address(&self, address: Option<IpAddr>) -> Result<(), AccessError> {
        self.0.limits.check_address(address)
    }

    /// Counts a request of a caller who was let in before.
    ///
    /// # Errors
    /// When there are too many.
    pub fn check_caller(&self, who: jeton_domain::IdentityKey) -> Result<(), AccessError> {
        self.0.limits.check_caller(who)
    }

    /// Puts a wrong key or token on record, and makes whoever tries many wait.
    async fn turn_away(&self, error: AccessError, address: Option<IpAddr>, key: Option<Fingerprint>) -> AccessError {
        let mut event =
            Event::new(events::AUTH_REFUSED, &Caller::anonymous(address)).with("code", error.code().as_str());
        event.fingerprint = key;
        self.ledger().note_repeated(event);
        let pause = self.0.guesses.wrong_key(address, self.now());
        if pause.is_zero() {
            return error;
        }
        let Ok(_place) = self.0.sleepers.try_acquire() else {
            return AccessError::RateLimited {
                what: "too many wrong keys",
                retry_after: Duration::from_secs(5),
            };
        };
        self.0.clock.sleep(pause).await;
        error
    }
}
