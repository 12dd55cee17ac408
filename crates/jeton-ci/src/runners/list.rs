//! The runners that jeton keeps.

use jeton_access::AccessError;
use jeton_broker::Asker;
use jeton_domain::{Action, Identity, Role, RunnerId};
use jeton_vault::RunnerRecord;

use super::{kept::kept_runner, wish::KeptWish};
use crate::{CiError, RunnerPage, ScopeName, SourceAsk, ci::Inner, sources::Asking};

const LONGEST_PAGE: u32 = 200;
/// So many rows are looked at for one page.
const MOST_SEEN: u32 = 2_000;

impl Inner {
    pub(crate) async fn list_runners(
        &self,
        asker: &Asker,
        forge: Option<&str>,
        after: Option<RunnerId>,
        limit: u32,
    ) -> Result<RunnerPage, CiError> {
        let access = self.broker.access();
        let looks_on = sees_everything(asker);
        if !looks_on && !access.could_allow(&asker.caller).contains(&Action::RunnerRegister) {
            return Err(CiError::Access(AccessError::Denied {
                words: format!("{} may not see runners", asker.caller.identity),
                by_ceiling: false,
            }));
        }
        let named = forge.map(str::trim).filter(|forge| !forge.is_empty());
        let host = match named {
            Some(forge) => Some(self.host_of(Some(forge))?.0),
            None => None,
        };
        let limit = limit.clamp(1, LONGEST_PAGE);
        let (mut page, mut next, mut seen) = (Vec::new(), after, 0);
        while seen < MOST_SEEN {
            let mut tx = self.vault.read().await?;
            let rows = tx.runners().list(host.as_deref(), next, LONGEST_PAGE).await?;
            drop(tx);
            let is_last = rows.len() < LONGEST_PAGE as usize;
            for row in rows {
                seen += 1;
                next = Some(row.id);
                if !looks_on && !self.may_have_runner(asker, &row) {
                    continue;
                }
                // One more than fits tells that there is a next page.
                if page.len() == limit as usize {
                    return Ok(paged(page, true));
                }
                page.push(kept_runner(row)?);
            }
            if is_last {
                return Ok(paged(page, false));
            }
        }
        Ok(RunnerPage { runners: page, next })
    }

    /// Whether a runner is a caller's to have and to remove: whether they may register such ones, or run the server.
    pub(crate) fn may_have_runner(&self, asker: &Asker, row: &RunnerRecord) -> bool {
        let identity = &asker.caller.identity;
        let role = match identity {
            Identity::User { role, .. } => Some(*role),
            _ => None,
        };
        if *identity == Identity::Operator || role == Some(Role::Operator) {
            return true;
        }
        let owner = KeptWish::of(row).ok().and_then(|wish| wish.owner);
        if owner.is_some_and(|owner| owner != identity.key().to_string()) {
            return false;
        }
        // The request names nothing but the runner.
        let (scope, source) = (ScopeName::of(&row.scope), SourceAsk::default());
        let asking = Asking {
            asker,
            action: Action::RunnerRegister,
            forge: Some(row.forge.host()),
            scope: &scope,
            source: &source,
            need: crate::sources::Need::Runners,
        };
        self.decide(&asking, &row.forge, &row.scope, &row.source).is_ok()
    }
}

/// Whether a caller runs the server, or looks on.
fn sees_everything(asker: &Asker) -> bool {
    match &asker.caller.identity {
        Identity::Operator => true,
        Identity::User { role, .. } => matches!(role, Role::Operator | Role::Auditor),
        _ => false,
    }
}

fn paged(runners: Vec<crate::KeptRunner>, more: bool) -> RunnerPage {
    let next = runners.last().map(|runner| runner.id).filter(|_| more);
    RunnerPage { runners, next }
}
