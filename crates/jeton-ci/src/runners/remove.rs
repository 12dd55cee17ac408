//! The end of a runner that jeton keeps.

use std::sync::Arc;

use jeton_broker::Asker;
use jeton_domain::{Action, Blame, Code, Credential, CredentialKind, ForgeKind, RunnerId, Secret};
use jeton_forge::ci::{CiAt, Holder, KnownRunner};
use jeton_ledger::events;
use jeton_vault::{RunnerRecord, RunnerState};
use tracing::Instrument as _;

use super::kept::{about, entry, kept_runner};
use crate::{
    CiError, KeptRunner, ScopeName, SourceAsk, Tried,
    ci::Inner,
    sources::{Asking, Need, Source},
    tried,
};

impl Inner {
    pub(crate) async fn remove_runner(self: &Arc<Self>, asker: &Asker, id: &str) -> Result<KeptRunner, CiError> {
        let absent = || {
            CiError::asked(
                Code::RunnerNotFound,
                "there is no such runner",
                "`jeton runner list` shows those that there are, with their ids.",
            )
        };
        let id: RunnerId = id.trim().parse().map_err(|_| absent())?;
        // To a stranger it is as if it were not there.
        let found = self
            .find_runner(id)
            .await?
            .filter(|row| self.may_have_runner(asker, row));
        let row = found.ok_or_else(absent)?;
        let (inner, asker) = (Arc::clone(self), asker.clone());
        let work = async move {
            let turn = inner
                .turn(RunnerRecord::place(&row.forge, &row.scope, &row.name))
                .await?;
            let outcome = match inner.find_runner(id).await {
                Ok(Some(row)) => inner.remove_in_turn(&asker, row).await,
                Ok(None) => Err(absent()),
                Err(error) => Err(error),
            };
            turn.end().await;
            outcome
        };
        let task = self.tasks.spawn(work.in_current_span());
        task.await
            .map_err(|_| CiError::Internal("the removal of a runner was lost"))?
    }

    async fn remove_in_turn(&self, asker: &Asker, row: RunnerRecord) -> Result<KeptRunner, CiError> {
        let stays = self.remove_at_forge(asker, &row).await?;
        let mut event = about(entry(&row).event(events::RUNNER_REMOVED, Some(asker)), &row);
        if let Some(why) = &stays {
            event = event.with("stays_at_forge", why.as_str());
        }
        let mut tx = self.vault.begin().await?;
        tx.runners().remove(row.id).await?;
        let ledger = self.broker.access().ledger();
        ledger.append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        self.looks.forget(row.id);
        tracing::info!(runner.id = %row.id, runner.name = row.name, forge.host = row.forge.host(), "a runner was removed");
        let mut removed = kept_runner(row)?;
        removed.error = stays;
        Ok(removed)
    }

    /// Removes it at its forge; `Some`: why it may be there still.
    async fn remove_at_forge(&self, asker: &Asker, row: &RunnerRecord) -> Result<Option<String>, CiError> {
        let (Some(forge_id), Some(_)) = (&row.forge_id, &row.token) else {
            return Ok(Some(
                "whether the forge made it was never known; if it did, it is there without a token".to_owned(),
            ));
        };
        let token = match self.open_runner(row) {
            Ok(token) => token,
            // It is of no use to anybody, and nor is the row.
            Err(error @ CiError::Seal(_)) if row.state == RunnerState::Lost => {
                return Ok(Some(format!("it may be there still: {error}")));
            }
            Err(error) => return Err(error),
        };
        let known = KnownRunner {
            forge_id,
            token: &token,
        };
        let (name, credential) = self.remover(asker, row, &token).await?;
        let at = CiAt {
            forge: &row.forge,
            scope: &row.scope,
            credential: &credential,
            holder: Holder::Account(&name),
            now: self.clock.now(),
        };
        let runners = self.forges.runners(row.forge.kind());
        match runners.remove_runner(&at, known).await {
            Ok(()) => Ok(None),
            // Its token is dead, and nobody here can remove it: the row is of no use to anybody.
            Err(refusal) if row.state == RunnerState::Lost && refusal.diagnosis.code.blame() != Blame::Forge => {
                tracing::warn!(runner.id = %row.id, reason = %refusal, "a runner that is lost may stay at its forge");
                Ok(Some(refusal.diagnosis.cause.clone()))
            }
            Err(refusal) => Err(tried::refused(vec![Tried::by_forge(&row.source, refusal)])),
        }
    }

    /// As whom a runner is removed: what the caller may use, best what it was made from, then what everybody shares.
    async fn remover(
        &self,
        asker: &Asker,
        row: &RunnerRecord,
        token: &Secret,
    ) -> Result<(String, Credential), CiError> {
        let (scope, any) = (ScopeName::of(&row.scope), SourceAsk::default());
        let asking = Asking {
            asker,
            action: Action::RunnerRegister,
            forge: Some(row.forge.host()),
            scope: &scope,
            source: &any,
            need: Need::Runners,
        };
        if let Ok(sources) = self.sources(&asking).await {
            let mut usable: Vec<&Source> = sources.usable.iter().collect();
            usable.retain(|one| one.forge.api_url() == row.forge.api_url());
            usable.sort_by_key(|one| one.name != row.source);
            for source in usable {
                if let Ok(credential) = self.credential(source, Need::Runners).await {
                    return Ok((source.name.clone(), credential));
                }
            }
        }
        let opened = match self.broker.accounts().open_shared(&row.source).await {
            Ok(opened) => opened.filter(|(forge, _)| forge.api_url() == row.forge.api_url()),
            Err(error) => match CiError::from(error) {
                error @ CiError::Vault(_) => return Err(error),
                _ => None,
            },
        };
        if let Some((_, credential)) = opened {
            return Ok((row.source.clone(), credential));
        }
        // GitLab takes a runner's own token for that; nobody else's is there.
        if row.forge.kind() == ForgeKind::GitLab {
            let credential = Credential {
                kind: CredentialKind::GitLabRunner,
                forge: row.forge.clone(),
                token: token.clone(),
                username: None,
                email: None,
            };
            return Ok((row.source.clone(), credential));
        }
        Err(CiError::NoSource {
            what: row.scope.words(row.forge.kind()),
            host: row.forge.host().to_owned(),
        })
    }
}
