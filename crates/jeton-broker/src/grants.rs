use jeton_domain::{Action, GrantId};
use jeton_vault::GrantRecord;

use crate::{Asker, Broker, BrokerError, permit::own_key, revoke::look_at};

/// A page of grants, newest first.
#[derive(Debug)]
pub struct GrantPage {
    /// The page.
    pub grants: Vec<GrantRecord>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<GrantId>,
}

impl Broker {
    /// Who holds what: at most `limit` (1 to 500) grants made before `before`; those of others too for who may see them.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn list_grants(
        &self,
        asker: &Asker,
        before: Option<GrantId>,
        only_live: bool,
        only_mine: bool,
        limit: u32,
    ) -> Result<GrantPage, BrokerError> {
        let limit = limit.clamp(1, 500);
        let now = self.0.clock.now();
        let sees_all = || {
            self.0
                .access
                .decide(&asker.caller, &look_at(Action::GrantRead, now))
                .allowed()
                .is_some()
        };
        let mine = if only_mine || !sees_all() {
            let Some(key) = own_key(asker) else {
                return Ok(GrantPage {
                    grants: Vec::new(),
                    next: None,
                });
            };
            Some(key)
        } else {
            None
        };
        // One more than asked for tells whether there is a next page.
        let mut grants = self
            .0
            .vault
            .read()
            .await?
            .grants()
            .list(before, only_live, mine.as_deref(), now, limit + 1)
            .await?;
        let more = grants.len() > limit as usize;
        grants.truncate(limit as usize);
        let next = grants.last().filter(|_| more).map(|grant| grant.id);
        Ok(GrantPage { grants, next })
    }
}
