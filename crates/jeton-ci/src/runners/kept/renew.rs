//! Another token for a runner that is there.

use jeton_domain::{Blame, Credential, ForgeEndpoint};
use jeton_forge::ci::{CiAt, CiRefusal, Holder, KnownRunner, RenewedToken};
use jeton_ledger::events;
use jeton_vault::{RunnerRecord, RunnerState};

use super::{
    make::same_api,
    row::{NewToken, about, entry},
};
use crate::{
    CiError, Tried,
    ci::Inner,
    sources::{Need, Source},
    tried,
};

/// As whom a token that is dead is replaced.
pub(super) enum Helpers<'a> {
    /// What the caller may use.
    Sources(&'a [Source]),
    /// What the runner was made from, if everybody shares it.
    Itself,
}

/// Somebody who may be able to replace a token.
struct Helper {
    name: String,
    forge: ForgeEndpoint,
    credential: Credential,
}

/// What came of it.
pub(super) enum Renewal {
    /// The token is good.
    Live(Box<RunnerRecord>),
    /// The token is dead.
    Lost,
    /// It is not known, or not done; to be tried again.
    NotNow(Box<Tried>),
}

impl Inner {
    /// Renews a live runner's token with the token itself.
    pub(super) async fn renew(&self, row: RunnerRecord, helpers: &Helpers<'_>) -> Result<Renewal, CiError> {
        let token = self.open_runner(&row)?;
        let Some(row) = self.step(&row, None, |row| row.state = RunnerState::Renewing).await? else {
            return Err(CiError::Busy);
        };
        let known = KnownRunner {
            forge_id: row.forge_id.as_deref().unwrap_or_default(),
            token: &token,
        };
        let runners = self.forges.runners(row.forge.kind());
        match runners.renew_runner(&row.forge, None, known, self.clock.now()).await {
            Ok(new) => self.put(&row, new, None).await,
            Err(refusal) if nothing_happened(&refusal) => self.back_to_live(&row, refusal).await,
            Err(refusal) => self.look_back(row, Some(refusal), helpers).await,
        }
    }

    /// Finds out what became of a token that may have been renewed: the old one tells.
    pub(super) async fn look_back(
        &self,
        row: RunnerRecord,
        refused: Option<CiRefusal>,
        helpers: &Helpers<'_>,
    ) -> Result<Renewal, CiError> {
        let token = self.open_runner(&row)?;
        let known = KnownRunner {
            forge_id: row.forge_id.as_deref().unwrap_or_default(),
            token: &token,
        };
        let runners = self.forges.runners(row.forge.kind());
        match runners.verify_runner(&row.forge, known, self.clock.now()).await {
            Ok(true) => {
                if let Some(refusal) = refused {
                    return self.back_to_live(&row, refusal).await;
                }
                let live = self.step(&row, None, |row| row.state = RunnerState::Live).await?;
                Ok(Renewal::Live(Box::new(live.ok_or(CiError::Busy)?)))
            }
            Ok(false) => self.replace_dead(row, helpers).await,
            Err(refusal) => self.stay(&row, refusal).await,
        }
    }

    /// Replaces a dead token as somebody who may.
    pub(super) async fn replace_dead(&self, row: RunnerRecord, helpers: &Helpers<'_>) -> Result<Renewal, CiError> {
        // The token is in nobody's hands while this goes on.
        let begun = self.step(&row, None, |row| row.state = RunnerState::Renewing).await?;
        let row = begun.ok_or(CiError::Busy)?;
        let token = self.open_runner(&row)?;
        let known = KnownRunner {
            forge_id: row.forge_id.as_deref().unwrap_or_default(),
            token: &token,
        };
        let runners = self.forges.runners(row.forge.kind());
        let (mut later, mut why) = (None, None);
        let helpers = match self.open_helpers(&row, helpers).await? {
            Ok(helpers) => helpers,
            Err(words) => {
                why = Some(words);
                Vec::new()
            }
        };
        for helper in &helpers {
            let at = CiAt {
                forge: &helper.forge,
                scope: &row.scope,
                credential: &helper.credential,
                holder: Holder::Account(&helper.name),
                now: self.clock.now(),
            };
            match runners
                .renew_runner(&row.forge, Some(&at), known, self.clock.now())
                .await
            {
                Ok(new) => return self.put(&row, new, Some(&helper.name)).await,
                Err(refusal) if refusal.unclear => return self.stay(&row, refusal).await,
                Err(refusal) if refusal.diagnosis.code.blame() == Blame::Forge => later = Some(refusal),
                Err(refusal) => why = Some(refusal.diagnosis.cause.clone()),
            }
        }
        if let Some(refusal) = later {
            return self.stay(&row, refusal).await;
        }
        let why =
            why.unwrap_or_else(|| "the forge does not take it any more, and no account may replace it".to_owned());
        match self.lose(&row, &why).await? {
            Some(_) => Ok(Renewal::Lost),
            None => Err(CiError::Busy),
        }
    }

    /// Who may be able to replace a token; or why nobody is.
    async fn open_helpers(
        &self,
        row: &RunnerRecord,
        helpers: &Helpers<'_>,
    ) -> Result<Result<Vec<Helper>, String>, CiError> {
        let mut opened = Vec::new();
        match helpers {
            Helpers::Sources(sources) => {
                let mut sources: Vec<&Source> = sources.iter().filter(|one| same_api(&one.forge, &row.forge)).collect();
                sources.sort_by_key(|one| one.name != row.source);
                for source in sources {
                    match self.credential(source, Need::Runners).await {
                        Ok(credential) => opened.push(Helper {
                            name: source.name.clone(),
                            forge: source.forge.clone(),
                            credential,
                        }),
                        Err(error) => drop(tried::of_one(&source.name, error)?),
                    }
                }
            }
            Helpers::Itself => match self.broker.accounts().open_shared(&row.source).await {
                Ok(Some((forge, credential))) if same_api(&forge, &row.forge) => opened.push(Helper {
                    name: row.source.clone(),
                    forge,
                    credential,
                }),
                Ok(_) => {
                    return Ok(Err(format!(
                        "{} is not there any more, or is one caller's own",
                        row.source
                    )));
                }
                Err(error) => match CiError::from(error) {
                    error @ CiError::Vault(_) => return Err(error),
                    error => return Ok(Err(error.to_string())),
                },
            },
        }
        Ok(Ok(opened))
    }

    async fn put(&self, row: &RunnerRecord, new: RenewedToken, by: Option<&str>) -> Result<Renewal, CiError> {
        let new = NewToken {
            token: new.token,
            expires_at: new.expires_at,
        };
        let event = |next: &RunnerRecord| {
            let event = about(entry(next).event(events::RUNNER_RENEWED, None), next);
            let event = event.with("by", by.unwrap_or("its own token"));
            match &row.fingerprint {
                Some(old) => event.with("old_fingerprint", old.as_str()),
                None => event,
            }
        };
        let kept = self.keep(row, &new, event, |_| {}).await?;
        let Some(kept) = kept else {
            tracing::error!(runner.id = %row.id, "a runner's row was changed while its token was renewed; the new token is lost");
            return Err(CiError::Busy);
        };
        tracing::info!(
            runner.id = %kept.id, runner.name = kept.name, forge.host = kept.forge.host(), "the token of a runner was renewed"
        );
        Ok(Renewal::Live(Box::new(kept)))
    }

    /// The old token is good: it stays, with what was wrong.
    async fn back_to_live(&self, row: &RunnerRecord, refusal: CiRefusal) -> Result<Renewal, CiError> {
        let cause = refusal.diagnosis.cause.clone();
        let live = self.step(row, None, |row| {
            row.state = RunnerState::Live;
            row.error = Some(cause);
        });
        live.await?.ok_or(CiError::Busy)?;
        Ok(Renewal::NotNow(Box::new(Tried::by_forge(&row.source, refusal))))
    }

    /// Nobody knows: the next one looks again.
    async fn stay(&self, row: &RunnerRecord, refusal: CiRefusal) -> Result<Renewal, CiError> {
        let cause = refusal.diagnosis.cause.clone();
        let stays = self.step(row, None, |row| row.error = Some(cause)).await?;
        stays.ok_or(CiError::Busy)?;
        Ok(Renewal::NotNow(Box::new(Tried::by_forge(&row.source, refusal))))
    }
}

/// Whether the forge was not reached, or has just limited us.
fn nothing_happened(refusal: &CiRefusal) -> bool {
    !refusal.unclear && refusal.diagnosis.code.blame() == Blame::Forge
}
