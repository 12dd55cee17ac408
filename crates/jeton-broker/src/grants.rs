use jeton_domain::GrantId;
use jeton_vault::GrantRecord;

use crate::{Broker, BrokerError};

/// A page of grants, newest first.
#[derive(Debug)]
pub struct GrantPage {
    /// The page.
    pub grants: Vec<GrantRecord>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<GrantId>,
}

impl Broker {
    /// Who holds what: at most `limit` (1 to 500) grants made before `before`.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn list_grants(
        &self,
        before: Option<GrantId>,
        only_live: bool,
        limit: u32,
    ) -> Result<GrantPage, BrokerError> {
        let limit = limit.clamp(1, 500);
        let now = self.0.clock.now();
        // One more than asked for tells whether there is a next page.
        let mut grants = self
            .0
            .vault
            .read()
            .await?
            .grants()
            .list(before, only_live, now, limit + 1)
            .await?;
        let more = grants.len() > limit as usize;
        grants.truncate(limit as usize);
        let next = grants.last().filter(|_| more).map(|grant| grant.id);
        Ok(GrantPage { grants, next })
    }
}
