use std::sync::Arc;

use jeton_accounts::{Account, PushTargets};
use jeton_broker::Asker;
use jeton_domain::{AccountId, Action, Code, TargetId};
use jeton_ledger::{Event, events};
use jeton_vault::{TargetRecord, TargetState};
use jiff::SignedDuration;

use super::{ITSELF, MOST_TARGETS, about, options, view};
use crate::{
    Ci, CiError, Target, TargetAsk,
    ci::Inner,
    secrets::{By, Parcel, TokenOf, need_of, no_token_in_words, secret_name},
    sources::{Asking, Source, Sources},
};

impl Ci {
    /// Adds a target to an account, and pushes its token there. Nothing is added when that is refused. Whoever adds one answers for it
    /// from then on: it is pushed after each change until it is removed, and no policy is asked again.
    ///
    /// # Errors
    /// [`CiError`] says whose fault it is and what to do.
    pub async fn add_target(&self, asker: &Asker, account: &str, ask: TargetAsk) -> Result<Target, CiError> {
        let inner = &self.0;
        let request_id = asker.request_id.as_deref();
        let accounts = inner.broker.accounts();
        let account = accounts.to_change(&asker.caller, request_id, account).await?;
        let asking = Asking {
            asker,
            action: Action::SecretPush,
            forge: ask.forge.as_deref().or(Some(account.forge.host())),
            scope: &ask.scope,
            source: &ask.source,
            need: need_of(&ask.options),
        };
        let sources = only_lasting(inner.sources(&asking).await?, account.id)?;
        let kind = sources.forge.kind();
        let name = secret_name(kind, &ask.name)?;
        no_token_in_words(&ask.options)?;
        let scope = crate::sources::parse_scope(kind, &ask.scope)?;
        let places = scope.policy_names(kind);
        let id = account.id.to_string();
        let token = accounts.token_to_push(&asker.caller, request_id, &id, &places).await?;
        let now = inner.now();
        let row = TargetRecord {
            id: TargetId::generate(inner.clock.now(), &*inner.entropy),
            account: account.id,
            forge: sources.forge.clone(),
            scope,
            name: name.clone(),
            environment: ask.options.environment.clone(),
            options: options::to_json(&ask.options)?,
            source: String::new(),
            state: TargetState::Current,
            pushed: Some(token.fingerprint.clone()),
            pushed_at: None,
            attempts: 0,
            due_at: None,
            waited_seconds: 0,
            error: None,
            added_by: asker.caller.identity.to_string(),
            rule: String::new(),
            created_at: now,
            changed_at: now,
        };
        inner.check_room(&account, &row).await?;
        let parcel = Parcel {
            name,
            value: token.credential.token,
            options: ask.options,
            token_of: Some(TokenOf {
                account: token.source,
                fingerprint: token.fingerprint,
            }),
            by: By::Caller(asker.clone()),
        };
        // In one task: who hangs up leaves no secret at the forge without its target.
        let (task, asker) = (Arc::clone(inner), asker.clone());
        let task = inner.tasks.spawn(async move {
            let (_, source) = task.by_the_first(sources.usable, sources.broken, parcel).await?;
            task.write_target(&asker, &account, row, &source).await
        });
        task.await
            .map_err(|_| CiError::Internal("the push to a new target was lost; the record says how far it came"))?
    }
}

impl Inner {
    /// That there is place for one more target, and none for this very secret. Before anything leaves.
    async fn check_room(&self, account: &Account, row: &TargetRecord) -> Result<(), CiError> {
        let mut tx = self.vault.read().await?;
        let rows = tx.targets().list(account.id, MOST_TARGETS + 1).await?;
        if rows.iter().any(|other| other.place() == row.place()) {
            return Err(exists(account));
        }
        if rows.len() >= MOST_TARGETS as usize {
            return Err(no_room(account));
        }
        Ok(())
    }

    /// Writes a target down that was pushed. When the account has got another token meanwhile the target waits for it.
    async fn write_target(
        &self,
        asker: &Asker,
        account: &Account,
        row: TargetRecord,
        source: &Source,
    ) -> Result<Target, CiError> {
        let now = self.now();
        let mut row = TargetRecord {
            source: if source.account() == Some(account.id) {
                ITSELF.to_owned()
            } else {
                source.name.clone()
            },
            rule: source.rule.to_string(),
            pushed_at: Some(now),
            created_at: now,
            changed_at: now,
            ..row
        };
        let mut tx = self.vault.begin().await?;
        // Locks its row: who puts another token in has every target that is here by then pushed.
        let Some(record) = tx.accounts().find(account.id).await? else {
            return Err(jeton_accounts::AccountError::NotFound(account.label.to_string()).into());
        };
        if row.pushed.as_ref() != Some(&record.fingerprint) {
            row.state = TargetState::Pending;
            tx.jobs()
                .add(&PushTargets::of(&record).job(self.new_job(), now))
                .await?;
        }
        let others = tx.targets().list(record.id, MOST_TARGETS + 1).await?;
        if others.len() >= MOST_TARGETS as usize {
            return Err(no_room(account));
        }
        // After all others, whatever the clock says: they are pushed in this order.
        if let Some(last) = others.last() {
            row.created_at = now.max(last.created_at + SignedDuration::from_millis(1));
        }
        if !tx.targets().add(&row).await? {
            return Err(exists(account));
        }
        let event = Event::new(events::TARGET_ADDED, &asker.caller).in_request(asker.request_id.as_deref());
        let event = about(event, &record, &row);
        self.broker.access().ledger().append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        if row.state == TargetState::Pending {
            self.broker.accounts().wake_worker().notify_one();
        }
        Ok(view::target(row, &record.fingerprint))
    }
}

/// Leaves out what nobody could open later, when there is no caller: private accounts other than the one whose token is pushed.
fn only_lasting(mut sources: Sources, account: AccountId) -> Result<Sources, CiError> {
    let before = sources.usable.len();
    sources
        .usable
        .retain(|source| !source.is_private() || source.account() == Some(account));
    if sources.usable.is_empty() && before > 0 {
        return Err(CiError::asked(
            Code::RequestInvalid,
            "only private accounts could push it, and nobody can open those when the token changes",
            "Name the account itself, a shared account or an App; or have an operator share the account.",
        ));
    }
    Ok(sources)
}

fn exists(account: &Account) -> CiError {
    CiError::asked(
        Code::TargetExists,
        format!("the account `{}` has a target for this very secret", account.label),
        format!(
            "It is pushed after every change by itself; `jeton account target push {}` has it done now. Remove it first to have it \
             pushed otherwise.",
            account.label
        ),
    )
}

fn no_room(account: &Account) -> CiError {
    CiError::asked(
        Code::TargetLimit,
        format!(
            "the account `{}` has {MOST_TARGETS} targets, and can have no more",
            account.label
        ),
        "Push it to an organization, a group or a workspace, whose secrets reach many repositories; or remove targets that nobody needs.",
    )
}
