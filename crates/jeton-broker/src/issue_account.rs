use jeton_accounts::{HandOut, UseAsk};
use jeton_domain::{Action, ForgeKind, GrantId, RepoPath};
use jeton_ledger::{Event, Write, events};
use jeton_vault::{GrantOf, GrantRecord};
use serde_json::json;

use crate::{Asker, Broker, BrokerError, Granted, Handed, Refusal, TokenAsk};

impl Broker {
    /// Whether a request is one for an account's token: it names one, or no App is there that could serve it and accounts may be used.
    pub(crate) fn is_for_account(&self, asker: &Asker, ask: &TokenAsk) -> Result<bool, Refusal> {
        match (&ask.account, &ask.app) {
            (Some(_), Some(_)) => Err(Refusal::Field(
                "name an `app` or an `account`, not both: a token comes from one of them".to_owned(),
            )),
            (Some(_), None) => Ok(true),
            (None, Some(_)) => Ok(false),
            // What is named by permissions only an App's token can be narrowed to.
            (None, None) if ask.permissions.is_some() => Ok(false),
            (None, None) => {
                // An App's token is narrower than anything a person could paste: it comes first wherever it can.
                let has_app = !self.known_candidates(ask.forge.as_deref(), None).is_empty();
                // Apps are GitHub's, where nothing lies deeper than owner/name.
                let is_elsewhere = ask.forge.is_none() && ask.repositories.iter().any(|raw| lies_deeper(raw));
                Ok(!(has_app && self.may_mint(asker) && !is_elsewhere) && self.could(asker, Action::AccountUse))
            }
        }
    }

    fn could(&self, asker: &Asker, action: Action) -> bool {
        self.0.access.could_allow(&asker.caller).contains(&action)
    }

    /// Whether some policy gives the caller App tokens at all.
    pub(crate) fn may_mint(&self, asker: &Asker) -> bool {
        self.could(asker, Action::TokenMint)
    }

    /// Whether an account may serve what no App could: when nothing was said that only an App's token can meet.
    pub(crate) fn may_fall_back(&self, asker: &Asker, ask: &TokenAsk) -> bool {
        ask.app.is_none() && ask.permissions.is_none() && self.could(asker, Action::AccountUse)
    }

    /// Hands out an account's token, and writes down who got it before it leaves.
    pub(crate) async fn issue_from_account(&self, asker: &Asker, ask: &TokenAsk) -> Result<Granted, BrokerError> {
        if ask.permissions.is_some() {
            return Err(Refusal::Field(
                "an account's token cannot be narrowed to `permissions`: leave them out, or ask for an App's token"
                    .to_owned(),
            )
            .into());
        }
        let wanted = UseAsk {
            forge: ask.forge.as_deref(),
            account: ask.account.as_deref(),
            repositories: &ask.repositories,
            min_validity_seconds: ask.min_validity_seconds,
        };
        let request_id = asker.request_id.as_deref();
        let handed = self.0.accounts.hand_out(&asker.caller, request_id, wanted).await?;
        let grant = self.account_grant(asker, &handed);
        let id = grant.id;
        let event = Event::new(events::TOKEN_GRANTED, &asker.caller)
            .with("action", Action::AccountUse.as_str())
            .with("grant", id.to_string())
            .with("forge", grant.forge.as_str())
            .with("source", grant.source.as_str())
            .with("repositories", json!(grant.repositories))
            .with("rule", grant.rule.as_str())
            .with("expires_at", grant.expires_at.to_string())
            .with_fingerprint(grant.fingerprint.clone())
            .in_request(request_id);
        let write = Write {
            events: vec![event],
            grant: Some((None, grant)),
        };
        self.0.access.ledger().record(write).await?;
        Ok(Granted {
            grant: id,
            handed: Handed::Account(Box::new(handed)),
        })
    }

    fn account_grant(&self, asker: &Asker, handed: &HandOut) -> GrantRecord {
        let now = self.0.clock.now();
        let caller = &asker.caller;
        GrantRecord {
            id: GrantId::generate(now, &*self.0.entropy),
            of: GrantOf::Account(handed.account),
            forge: handed.credential.forge.host().to_owned(),
            source: handed.source.clone(),
            repositories: handed.repositories.clone(),
            permissions: None,
            fingerprint: handed.fingerprint.clone(),
            holder: caller.identity.to_string(),
            holder_key: caller.identity.key().to_string(),
            rule: handed.rule.to_string(),
            address: caller.address.map(|address| address.to_string()),
            request_id: asker.request_id.clone(),
            issued_at: now,
            expires_at: handed.expires_at,
            released_at: None,
        }
    }
}

/// Whether a path is one of GitLab's, of a group in a group, and none of GitHub's.
fn lies_deeper(raw: &str) -> bool {
    RepoPath::parse(ForgeKind::GitHub, raw).is_err() && RepoPath::parse(ForgeKind::GitLab, raw).is_ok()
}
