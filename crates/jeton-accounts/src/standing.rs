//! What a look at a forge changes in an account's row: the one place where a report becomes a standing. Whoever adds an account,
//! replaces a token (`apply(…, true)`) or tests one (`check_of` for `put_check`) goes through here.

use jeton_domain::{CheckReport, TokenEnd, Validity};
use jeton_vault::{AccountCheck, AccountRecord};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{
    accounts::Inner,
    schedule::{first_warning, next_check, next_try, next_warning, rotate_at},
};

impl Inner {
    /// What a look at a stored account's token found. Without a clear word of the forge's the account stands as before.
    pub(crate) fn check_of(&self, account: &AccountRecord, report: &CheckReport) -> AccountCheck {
        let mut next = account.clone();
        self.apply(&mut next, report, false);
        standing(next, report.checked_at)
    }

    /// Notes an end that somebody read off the forge's page, where the forge does not tell it over its API, as Bitbucket does not.
    pub(crate) fn note_end(&self, account: &mut AccountRecord, end: Option<Timestamp>, now: Timestamp) {
        if account.end_is_known {
            return;
        }
        account.expires_at = end;
        account.next_warning_at = first_warning(&self.settings, end, now);
        if let Some(end) = end.filter(|end| *end > now) {
            account.next_check_at = account.next_check_at.min(end + SignedDuration::from_secs(1));
        }
    }

    /// Writes into a record what a look at its token found. `is_new`: the token was just put in, so that nothing of what was known
    /// of the one before counts.
    pub(crate) fn apply(&self, account: &mut AccountRecord, report: &CheckReport, is_new: bool) {
        let (settings, now) = (&self.settings, report.checked_at);
        let is_clear = report.validity != Validity::Unknown;
        if is_new {
            account.validity = Validity::Unknown;
            account.verdict_at = None;
            account.expires_at = None;
            account.end_is_known = false;
            account.scopes = None;
            account.next_warning_at = None;
        }
        if is_clear {
            account.validity = report.validity;
            account.verdict_at = Some(now);
        }
        let end_before = account.expires_at;
        if report.validity == Validity::Valid {
            account.kind = report.kind;
            if let Some(identity) = &report.identity {
                account.identity_id = Some(identity.id.clone());
                account.identity_name = Some(identity.name.clone());
            }
            if report.scopes.is_some() {
                account.scopes.clone_from(&report.scopes);
            }
        }
        match report.end {
            TokenEnd::At(end) => (account.expires_at, account.end_is_known) = (Some(end), true),
            TokenEnd::Never if is_clear => (account.expires_at, account.end_is_known) = (None, true),
            // Somebody noted an end that has passed, and the forge takes the token still: its word counts.
            TokenEnd::Unknown
                if report.validity == Validity::Valid && account.expires_at.is_some_and(|end| end <= now) =>
            {
                account.expires_at = None;
            }
            TokenEnd::Never | TokenEnd::Unknown => {}
        }
        account.finding = report.diagnoses.first().map(|one| one.code.as_str().to_owned());
        account.report = Some(crate::report::to_value(report));
        account.checked_at = Some(now);
        if is_new || account.expires_at != end_before {
            account.next_warning_at = first_warning(settings, account.expires_at, now);
        } else if account.next_warning_at.is_none() {
            // A setting may have got further days since.
            account.next_warning_at = next_warning(settings, account.expires_at, now);
        }
        let due = rotate_at(
            settings,
            account.kind,
            account.auto_rotate,
            account.scopes.as_deref(),
            account.token_since,
            account.expires_at,
        );
        // A renewal that was put off after a refusal stays put off.
        let put_off = account.rotate_at.filter(|at| *at > now && Some(*at) > due && !is_new);
        account.rotate_at = if account.validity == Validity::Invalid {
            None
        } else {
            due.map(|at| put_off.unwrap_or(at))
        };
        account.next_check_at = self.next_look(account, report, is_clear);
    }

    fn next_look(&self, account: &AccountRecord, report: &CheckReport, is_clear: bool) -> Timestamp {
        let (settings, now) = (&self.settings, report.checked_at);
        if !is_clear {
            let last_word = account.verdict_at.unwrap_or(account.token_since);
            let at = next_try(settings, last_word, now);
            return report.retry_at.map_or(at, |retry| retry.max(at));
        }
        let at = next_check(settings, account.id, now);
        // Its end is found when it comes, not up to a day later.
        let end = account.expires_at.filter(|end| *end > now);
        end.map_or(at, |end| at.min(end + SignedDuration::from_secs(1)))
    }
}

/// What of a record `put_check` writes.
pub(crate) fn standing(account: AccountRecord, checked_at: Timestamp) -> AccountCheck {
    AccountCheck {
        kind: account.kind,
        identity: account.identity_id.zip(account.identity_name),
        scopes: account.scopes,
        expires_at: account.expires_at,
        end_is_known: account.end_is_known,
        validity: account.validity,
        finding: account.finding,
        report: account.report.unwrap_or(Value::Null),
        checked_at,
        verdict_at: account.verdict_at,
        next_check_at: account.next_check_at,
        next_warning_at: account.next_warning_at,
        rotate_at: account.rotate_at,
    }
}
