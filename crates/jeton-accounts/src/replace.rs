use jeton_domain::{Caller, CheckReport, Code, Fingerprint, ForgeKind, RepoPath, Secret, Validity};
use jeton_forge::scopes_hold;
use jeton_inspect::{Finding, Severity};
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, RotationRecord, RotationState, VaultTx};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    Account, AccountError, Accounts, Added, EndOld,
    account::identity_of,
    accounts::token_place,
    add::check_noted_end,
    add::facts,
    attempt::{Attempt, TestAsk, may_be_kept},
    find::not_found,
    rights::Want,
};

/// A token that is to take the place of an account's; not yet looked at.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// The token as it was pasted.
    pub token: Secret,
    /// The user's name at the forge; as before when absent.
    pub username: Option<String>,
    /// The user's e-mail address at the forge; as before when absent.
    pub email: Option<String>,
    /// When the token ends, as the forge's page says, where its API does not tell.
    pub expires_at: Option<Timestamp>,
    /// Whether it may be somebody else's.
    pub other_identity: bool,
    /// Whether it is to be kept even when the forge gives no clear word.
    pub untested: bool,
    /// Whether the one before is to be ended at its forge; it lives on there otherwise.
    pub end_old: Option<EndOld>,
}

impl Accounts {
    /// Puts another token into an account, after the forge took it and said that it is the same owner's. The old one is as it
    /// was until then, and lives on at the forge, unless its end is asked for: then it ends once all targets of the account have the new
    /// one, or when its time is over.
    ///
    /// # Errors
    /// [`AccountError`] says what is wrong with the token. The account is as it was then.
    pub async fn replace_token(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        account: &str,
        new: Replacement,
    ) -> Result<Added, AccountError> {
        let inner = &self.0;
        let mut tx = inner.vault.read().await?;
        let old = inner.find_stored(&mut *tx, caller, account).await?;
        inner.permit(caller, request_id, &old, Want::Change)?;
        // What cannot be ended is said before anything happens.
        let grace = self.check_end_old(&mut *tx, &old, new.end_old).await?;
        let open = tx.rotations().find_open(old.id).await?;
        drop(tx);
        if open.is_some_and(|open| open.state != RotationState::Intended) {
            return Err(AccountError::RotationUnderWay(old.label.to_string()));
        }
        let Attempt {
            mut inspection,
            credential,
            ask,
        } = Attempt::prepare_for(
            TestAsk {
                forge: None,
                base_url: None,
                token: new.token,
                username: new.username.or_else(|| old.username.clone()),
                email: new.email.or_else(|| old.email.clone()),
                purposes: Vec::new(),
                repository: served_repository(&old),
            },
            old.forge.clone(),
        )?;
        check_noted_end(new.expires_at, inner.now())?;
        let fingerprint = Fingerprint::of(&credential.token);
        if fingerprint == old.fingerprint {
            return Err(AccountError::Invalid(format!(
                "this is the token that the account `{}` has already",
                old.label
            )));
        }
        let report = inner.ask_forge(&credential, &ask).await;
        may_be_kept(&report, new.untested)?;
        if !new.other_identity {
            same_identity(&old, &report)?;
        }
        let now = inner.now();
        let mut tx = inner.vault.begin().await?;
        // As it stands now: label and switches may have been changed while the forge was asked.
        let current = tx.accounts().find(old.id).await?.ok_or_else(|| not_found(account))?;
        if !self.withdraw_renewal(&mut *tx, &old, now).await? {
            return Err(AccountError::RotationUnderWay(current.label.to_string()));
        }
        let before = current.clone();
        let mut record = AccountRecord {
            kind: credential.kind,
            token: inner
                .ring
                .seal(&credential.token, token_place(&current.id.to_string()), &*inner.entropy),
            fingerprint: fingerprint.clone(),
            username: credential.username,
            email: credential.email,
            // What the forge does not say now is not known, whatever was known of the old token.
            identity_id: None,
            identity_name: None,
            token_since: now,
            updated_at: now,
            ..current
        };
        inner.apply(&mut record, &report, true);
        inner.note_end(&mut record, new.expires_at, now);
        if !tx.accounts().put_token(&record, &old.fingerprint).await? {
            return Err(AccountError::Changed(record.label.to_string()));
        }
        let ended = tx.grants().release_account(record.id, Some(&fingerprint), now).await?;
        let targets = self.await_pushes(&mut *tx, &record, now).await?;
        if let Some(grace) = grace {
            self.keep_old(&mut *tx, &before, grace, now).await?;
        }
        let kept = inner.keep_from_ending(&mut *tx, &record, now).await?;
        let event = facts(Event::new(events::ACCOUNT_TOKEN_REPLACED, caller), &record)
            .with("fingerprint_before", old.fingerprint.as_str())
            .with("identity_before", json!(old.identity_name))
            .with("other_identity", new.other_identity)
            .with("validity", report.validity.as_str())
            .with("ended_grants", ended)
            .with("targets", targets)
            .with("old_token_ends_within", json!(grace.map(|grace| grace.as_secs())))
            .in_request(request_id);
        let entries: Vec<Event> = kept.into_iter().chain([event]).collect();
        inner.access.ledger().append_in(&mut *tx, &entries).await?;
        inner.not_to_be_ended(&mut *tx, &record).await?;
        tx.commit().await?;
        if targets > 0 || grace.is_some() {
            inner.wake_worker.notify_one();
        }
        tracing::info!(
            account.label = %record.label, forge.host = record.forge.host(), account.fingerprint = %record.fingerprint,
            "an account's token was replaced"
        );
        inspection.token = Secret::new("");
        inspection.findings.extend(what_it_lacks(&old, &record));
        Ok(Added {
            account: Account::stored(record, now),
            report: Some(report),
            inspection,
        })
    }
}

impl Accounts {
    /// Ends a renewal that was written down and for which the forge was not asked, so that nobody asks any more; whether none is
    /// left. After the account's row was locked, as whoever moves a renewal on takes the two.
    async fn withdraw_renewal(
        &self,
        tx: &mut dyn VaultTx,
        account: &AccountRecord,
        now: Timestamp,
    ) -> Result<bool, AccountError> {
        let Some(open) = tx.rotations().find_open(account.id).await? else {
            return Ok(true);
        };
        if open.state != RotationState::Intended {
            return Ok(false);
        }
        let withdrawn = RotationRecord {
            state: RotationState::Failed,
            error: Some("the token was replaced by hand meanwhile".to_owned()),
            changed_at: now,
            ..open.clone()
        };
        Ok(tx.rotations().step(&withdrawn, open.state, open.changed_at).await?)
    }
}

/// A repository on which a token can be tried: a Bitbucket access token cannot be without one that it reaches. On GitLab what is served
/// may as well be a group.
fn served_repository(account: &AccountRecord) -> Option<String> {
    let kind = account.forge.kind();
    let served = account.serves.iter().filter(|_| kind != ForgeKind::GitLab);
    let paths = served.map(|served| RepoPath::parse(kind, served.as_str()));
    paths.flatten().next().map(|path| path.to_string())
}

/// The scopes that the token before had and the new one lacks, where the forge told those of both.
fn what_it_lacks(old: &AccountRecord, new: &AccountRecord) -> Option<Finding> {
    let forge = new.forge.kind();
    // Each kind of Bitbucket's has other names for the same.
    if forge == ForgeKind::Bitbucket && old.kind != new.kind {
        return None;
    }
    let (before, now) = (old.scopes.as_ref()?, new.scopes.as_ref()?);
    let lost = before.iter().filter(|scope| !scopes_hold(forge, now, scope));
    let lost: Vec<String> = lost.map(|scope| format!("`{scope}`")).collect();
    (!lost.is_empty()).then(|| Finding {
        code: Code::CredentialScope,
        severity: Severity::Warning,
        words: format!("The new token lacks {}, which the one before had.", lost.join(", ")),
        remedy: "What needs that fails from now on. Put in a token that has it, if it is missed.".to_owned(),
    })
}

/// Whether the new token is the same owner's. Where the old owner is known, not to know the new one is no proof.
fn same_identity(old: &AccountRecord, report: &CheckReport) -> Result<(), AccountError> {
    let Some(was) = identity_of(old) else { return Ok(()) };
    let is = report.identity.as_ref().filter(|_| report.validity == Validity::Valid);
    match is {
        Some(is) if is.id == was.id => Ok(()),
        Some(is) => Err(AccountError::OtherIdentity {
            was: was.name,
            is: is.name.clone(),
        }),
        None => Err(AccountError::OtherIdentity {
            was: was.name,
            is: "somebody unknown".to_owned(),
        }),
    }
}
