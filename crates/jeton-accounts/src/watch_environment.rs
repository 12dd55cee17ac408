//! The watch over the tokens of the environment.

use std::sync::Arc;

use jeton_domain::{CheckReport, Validity};
use jeton_forge::CheckAsk;
use jiff::SignedDuration;

use crate::{Accounts, EnvironmentAccount};

impl Accounts {
    /// Looks at the accounts of the environment, which stand in memory alone, when their turn has come.
    pub(crate) async fn watch_environment(&self) {
        let inner = &self.0;
        for account in &inner.environment {
            let now = inner.now();
            let every = inner.settings.check_every.min(SignedDuration::from_hours(24));
            let is_fresh = account.report.load().as_ref().is_some_and(|report| {
                let age = now.duration_since(report.checked_at).abs();
                // Without a clear word it is asked again sooner.
                age < if report.validity == Validity::Unknown {
                    every.min(SignedDuration::from_mins(10))
                } else {
                    every
                }
            });
            if is_fresh
                || !inner
                    .allowances
                    .take(account.credential.forge.host(), inner.settings.checks_per_minute, now)
            {
                continue;
            }
            let mut report = self.quick_look_at_environment(account).await;
            inner.allowances.note(account.credential.forge.host(), &report, now);
            let before = account.report.load_full();
            if let Some(before) = &before
                && report.validity == Validity::Unknown
            {
                // Only a clear word counts; that there was none now stands beside it.
                report = CheckReport {
                    validity: before.validity,
                    identity: before.identity.clone(),
                    scopes: before.scopes.clone(),
                    end: before.end,
                    ..report
                };
            }
            let was_valid = before.is_none_or(|before| before.validity != Validity::Invalid);
            if report.validity == Validity::Invalid && was_valid {
                tracing::warn!(
                    account.label = %account.label, variable = account.variable,
                    reason = report.diagnoses.first().map_or("", |one| one.cause.as_str()),
                    "the token in an environment variable does not work"
                );
            }
            account.report.store(Some(Arc::new(report)));
        }
    }

    pub(crate) async fn quick_look_at_environment(&self, account: &EnvironmentAccount) -> CheckReport {
        let known = account.report.load();
        let ask = CheckAsk {
            quick: true,
            known_end: known.as_ref().and_then(|report| report.end.time()),
            ..CheckAsk::default()
        };
        self.0.ask_forge(&account.credential, &ask).await
    }
}
