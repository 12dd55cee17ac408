//! Who is calling, and whether they may at all.

use super::Bitbucket;
use super::error;
use super::model::{Charged, Repository, State, Token};
use super::routes::Action;
use super::spec::{BitbucketRole, BitbucketTokenKind};
use crate::secret::token_digest;
use crate::site::{Basic, Call, Refused, basic, scheme};

/// What the `Authorization` header carries. Deliberately without `Debug`.
enum Sent {
    Nothing,
    Basic(Basic),
    Bearer(String),
    Unreadable,
}

fn sent(call: &Call<Action>) -> Sent {
    match scheme(&call.parts.headers) {
        None => Sent::Nothing,
        Some((scheme, text)) => match scheme.as_str() {
            "basic" => basic(&text).map_or(Sent::Unreadable, Sent::Basic),
            "bearer" => Sent::Bearer(text),
            _ => Sent::Unreadable,
        },
    }
}

impl Bitbucket {
    /// Who a call would be charged to; lets nobody in.
    pub(super) fn charged(&self, call: &Call<Action>) -> Charged {
        let secret = match sent(call) {
            Sent::Basic(basic) => basic.password,
            Sent::Bearer(token) => token,
            Sent::Nothing | Sent::Unreadable => return Charged::Nobody(call.peer),
        };
        let state = self.state();
        let id = state.by_digest.get(&token_digest(&secret)).copied();
        match id.and_then(|id| Some((id, state.tokens.get(&id)?.kind.account()))) {
            None => Charged::Nobody(call.peer),
            Some((_, Some(account))) => Charged::Account(account),
            Some((id, None)) => Charged::Token(id),
        }
    }
}

impl State {
    /// Lets a caller in, or says why not. `None`: nobody in particular.
    pub(super) fn admit(&self, call: &Call<Action>, now: jiff::Timestamp) -> Result<Option<&Token>, Refused> {
        let token = match sent(call) {
            Sent::Nothing => return Ok(None),
            Sent::Unreadable => return Err(error::wrong_basic()),
            Sent::Basic(basic) => self.admit_basic(&basic, now).ok_or_else(error::wrong_basic)?,
            Sent::Bearer(secret) => self.admit_bearer(&secret, now)?,
        };
        let needs = call.action.needs();
        let required = if token.kind.has_granular_scopes() {
            needs.granular
        } else {
            needs.classic
        };
        if required.iter().all(|scope| token.has(scope)) {
            Ok(Some(token))
        } else {
            Err(error::lacks_scopes(required, &token.scopes))
        }
    }

    /// API tokens, with the e-mail address of their account. Its user name will not do here, and app passwords are
    /// dead. Whether access tokens may come this way is not known: here they may not.
    fn admit_basic(&self, sent: &Basic, now: jiff::Timestamp) -> Option<&Token> {
        let token = self.token(&sent.password)?;
        let BitbucketTokenKind::ApiToken { account } = token.kind else {
            return None;
        };
        let email = &self.accounts.get(&account)?.email;
        // Without scopes it was not made for Bitbucket.
        let usable = token.living(now) && !token.scopes.is_empty() && sent.user.eq_ignore_ascii_case(email);
        usable.then_some(token)
    }

    fn admit_bearer(&self, secret: &str, now: jiff::Timestamp) -> Result<&Token, Refused> {
        let token = self.token(secret).ok_or_else(error::unusable)?;
        match &token.kind {
            BitbucketTokenKind::ApiToken { .. } | BitbucketTokenKind::AppPassword { .. } => Err(error::unusable()),
            BitbucketTokenKind::OAuth { .. } if !token.revoked && token.expires_at <= now => {
                Err(error::oauth_expired())
            }
            _ if token.living(now) => Ok(token),
            _ => Err(error::unusable()),
        }
    }

    pub(super) fn token(&self, secret: &str) -> Option<&Token> {
        let id = self.by_digest.get(&token_digest(secret))?;
        self.tokens.get(id)
    }

    /// The repository that a call names, if the caller has at least this role there; anybody reads a public one.
    pub(super) fn repository_for(
        &self,
        call: &Call<Action>,
        caller: Option<&Token>,
        least: BitbucketRole,
    ) -> Result<&Repository, Refused> {
        let found = self.find_repository(call.caught(0), call.caught(1));
        let repository = found.ok_or_else(error::no_repository)?;
        let role = caller.and_then(|token| self.token_role(repository, &token.kind));
        match role {
            Some(role) if role >= least => Ok(repository),
            None if repository.private => Err(error::no_repository()),
            _ if least == BitbucketRole::Read => Ok(repository),
            None if caller.is_none() => Err(error::nobody()),
            _ => Err(error::forbidden()),
        }
    }
}
