use std::sync::Arc;

use jeton_domain::{Caller, CheckReport, Purpose, Secret, Validity};
use jeton_forge::CheckAsk;
use jeton_inspect::Inspection;
use jeton_ledger::{Event, events};
use jeton_vault::AccountRecord;
use serde_json::json;

use crate::{
    Account, AccountError, Accounts, EnvironmentAccount,
    add::facts,
    attempt::{Attempt, TestAsk, repository},
    find::{Found, not_found},
    rights::Want,
};

impl Accounts {
    /// Inspects a token that is not stored, and asks its forge about it when it is one. Keeps nothing.
    ///
    /// # Errors
    /// When the caller may keep no accounts, or it cannot be told which forge is meant. What is wrong with the token is no error:
    /// the inspection says it, and the report. Its `token` is empty.
    pub async fn test(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        ask: TestAsk,
    ) -> Result<(Inspection, Option<CheckReport>), AccountError> {
        let inner = &self.0;
        // Whoever may keep none could send requests through this server otherwise.
        inner.permit_own(caller, request_id)?;
        let mut inspection = ask.inspect();
        let report = if inspection.usable() {
            let attempt = Attempt::prepare(ask)?;
            Some(inner.ask_forge(&attempt.credential, &attempt.ask).await)
        } else {
            None
        };
        inspection.token = Secret::new("");
        Ok((inspection, report))
    }

    /// Asks the forge about an account's token, and notes what it says.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], or that the caller may not. What is wrong with the token is no error: the report says it.
    pub async fn test_stored(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        account: &str,
        purposes: Vec<Purpose>,
        on_repository: Option<&str>,
    ) -> Result<(Account, CheckReport), AccountError> {
        let inner = &self.0;
        let mut tx = inner.vault.read().await?;
        let found = inner.find(&mut *tx, caller, account).await?;
        drop(tx);
        let (forge, known_end) = match &found {
            Found::Stored(record) => (&record.forge, record.expires_at),
            Found::Environment(one) => (&one.credential.forge, one.known_end()),
        };
        let on_repository = on_repository.map(str::trim).filter(|text| !text.is_empty());
        let ask = CheckAsk {
            quick: false,
            known_end,
            purposes,
            repository: on_repository.map(|text| repository(forge.kind(), text)).transpose()?,
        };
        match found {
            Found::Stored(record) => {
                inner.permit(caller, request_id, &record, Want::Change)?;
                let report = inner.ask_forge(&inner.open(&record)?, &ask).await;
                let account = self.note_test(caller, request_id, &record, &report).await?;
                Ok((account, report))
            }
            Found::Environment(one) => {
                inner.permit_shared(caller, request_id)?;
                let report = inner.ask_forge(&one.credential, &ask).await;
                note_environment(&one, &report);
                Ok((Account::of_environment(&one, inner.now()), report))
            }
        }
    }

    /// Writes down what a test found, with its entries in the record. The account is read anew: it may have been changed while
    /// the forge was asked.
    async fn note_test(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        tested: &AccountRecord,
        report: &CheckReport,
    ) -> Result<Account, AccountError> {
        let inner = &self.0;
        let mut tx = inner.vault.begin().await?;
        let gone = || not_found(tested.label.as_str());
        let before = tx.accounts().find(tested.id).await?.ok_or_else(gone)?;
        let check = inner.check_of(&before, report);
        if !tx.accounts().put_check(before.id, &tested.fingerprint, &check).await? {
            // Another token was put in meanwhile, of which this says nothing.
            return Err(AccountError::Changed(before.label.to_string()));
        }
        let after = tx.accounts().find(before.id).await?.ok_or_else(gone)?;
        let finding = report.diagnoses.first();
        let told = |name: &'static str| {
            facts(Event::new(name, caller).in_request(request_id), &after)
                .with("validity", report.validity.as_str())
                .with("code", json!(finding.map(|one| one.code.as_str())))
        };
        let turned = match (before.validity, after.validity) {
            (Validity::Valid | Validity::Unknown, Validity::Invalid) => Some(events::ACCOUNT_INVALID),
            (Validity::Invalid, Validity::Valid) => Some(events::ACCOUNT_VALID_AGAIN),
            _ => None,
        };
        let mut entries = vec![told(events::ACCOUNT_TESTED)];
        if let Some(name) = turned {
            self.notify(&mut *tx, &after, name, finding).await?;
            entries.push(told(name));
        }
        inner.access.ledger().append_in(&mut *tx, &entries).await?;
        tx.commit().await?;
        Ok(Account::stored(after, inner.now()))
    }
}

/// Keeps what a look at a token of the environment found, in memory. Without a clear word what was known stands.
fn note_environment(account: &EnvironmentAccount, report: &CheckReport) {
    let known = account.report.load_full();
    let kept = match known {
        Some(known) if report.validity == Validity::Unknown => CheckReport {
            validity: known.validity,
            identity: known.identity.clone(),
            scopes: known.scopes.clone(),
            end: known.end,
            kind: known.kind,
            ..report.clone()
        },
        _ => report.clone(),
    };
    account.report.store(Some(Arc::new(kept)));
}
