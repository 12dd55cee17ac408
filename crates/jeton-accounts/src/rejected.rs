//! Looks at tokens that callers say are refused.

use std::sync::Arc;

use jeton_domain::{AccountId, CheckReport, CredentialKind, Fingerprint, TokenEnd, Validity};
use jiff::Timestamp;

use crate::{AccountError, Accounts, report, watch::is_told_of_by};

/// How many such looks a minute one forge gets from this server at most.
const PER_MINUTE: u32 = 10;

impl Accounts {
    /// Looks at a token that a caller says the forge refuses: as the account that they have it of, or as the first that has it when
    /// none is named. `None` when it is no account's, or not that one's any more.
    ///
    /// # Errors
    /// When the vault cannot be used.
    pub async fn look_at_rejected(
        &self,
        fingerprint: &Fingerprint,
        of: Option<AccountId>,
    ) -> Result<Option<CheckReport>, AccountError> {
        let inner = &self.0;
        let is_meant = |id: AccountId| of.is_none_or(|of| of == id);
        let in_environment = inner
            .environment
            .iter()
            .find(|one| one.fingerprint == *fingerprint && is_meant(one.id));
        if let Some(account) = in_environment {
            if !self.may_look(account.credential.forge.host()) {
                let known = account.report.load_full();
                let kind = account.credential.kind;
                return Ok(Some(known.map_or_else(
                    || unseen(kind, inner.now()),
                    |known| CheckReport::clone(&known),
                )));
            }
            let report = self.quick_look_at_environment(account).await;
            inner
                .rejects
                .note(account.credential.forge.host(), &report, inner.now());
            if report.validity != Validity::Unknown {
                account.report.store(Some(Arc::new(report.clone())));
            }
            return Ok(Some(report));
        }
        let mut tx = inner.vault.read().await?;
        let found = tx.accounts().find_by_fingerprint(fingerprint).await?;
        drop(tx);
        let Some(meant) = found.iter().find(|one| is_meant(one.id)) else {
            return Ok(None);
        };
        if !self.may_look(meant.forge.host()) {
            // Looked at often enough within this minute: what is known stands.
            let known = meant.report.as_ref().and_then(report::read);
            return Ok(Some(CheckReport {
                validity: meant.validity,
                ..known.unwrap_or_else(|| unseen(meant.kind, inner.now()))
            }));
        }
        let report = self.quick_look(meant, &inner.open(meant)?).await;
        inner.rejects.note(meant.forge.host(), &report, inner.now());
        // Elsewhere, or with another name beside it, the same token may be as good as ever.
        for account in found.iter().filter(|one| is_told_of_by(meant, one)) {
            self.note_look(account, &report).await?;
        }
        Ok(Some(report))
    }

    /// Whether a forge may be asked once more because a caller says so.
    fn may_look(&self, host: &str) -> bool {
        let inner = &self.0;
        let now = inner.now();
        !inner.allowances.is_in_peace(host, now) && inner.rejects.take(host, PER_MINUTE, now)
    }
}

/// What is said of a token that nobody has looked at, and that nobody may look at now.
fn unseen(kind: CredentialKind, now: Timestamp) -> CheckReport {
    CheckReport {
        validity: Validity::Unknown,
        kind,
        identity: None,
        scopes: None,
        end: TokenEnd::Unknown,
        reach: Vec::new(),
        reaches_more: false,
        purposes: Vec::new(),
        diagnoses: Vec::new(),
        evidence: Vec::new(),
        quota: None,
        retry_at: None,
        checked_at: now,
    }
}
