use jeton_domain::Caller;
use jeton_ledger::{Event, events};

use crate::{
    Account, AccountError, Accounts, EnvironmentAccount,
    add::Checked,
    attempt::may_be_kept,
    words::{self, shown},
};

/// Which tokens of the environment are to be stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportAsk {
    /// The variables; all that hold a usable token when empty.
    pub variables: Vec<String>,
    /// Whether they are to be kept even when the forge gives no clear word.
    pub untested: bool,
}

/// A variable whose token was not stored, and why.
pub type NotImported = (String, AccountError);

impl Accounts {
    /// Stores tokens of the server's environment as shared accounts, each for itself: one that will not do keeps no other
    /// from being stored.
    ///
    /// # Errors
    /// When the caller may not.
    pub async fn import_environment(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        ask: &ImportAsk,
    ) -> Result<Vec<Result<Account, NotImported>>, AccountError> {
        let inner = &self.0;
        // Not even to the caller's own: these are the server's tokens.
        inner.permit_shared(caller, request_id)?;
        let is_named = |one: &&EnvironmentAccount| {
            ask.variables.is_empty() || ask.variables.iter().any(|name| name.eq_ignore_ascii_case(one.variable))
        };
        let mut outcomes = Vec::new();
        for one in inner.environment.iter().filter(is_named) {
            let stored = self.import(caller, request_id, one, ask.untested).await;
            outcomes.push(stored.map_err(|error| (one.variable.to_owned(), error)));
        }
        let is_known = |name: &str| {
            inner
                .environment
                .iter()
                .any(|one| name.eq_ignore_ascii_case(one.variable))
        };
        for name in ask.variables.iter().filter(|name| !is_known(name)) {
            let words = format!("the server's environment has no usable token in `{}`", shown(name));
            outcomes.push(Err((shown(name), AccountError::Invalid(words))));
        }
        Ok(outcomes)
    }

    async fn import(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        one: &EnvironmentAccount,
        untested: bool,
    ) -> Result<Account, AccountError> {
        let inner = &self.0;
        let label = words::label(one.label.as_str())?;
        let checked = Checked::imported(label, format!("imported from {}", one.variable));
        inner.check_new(caller, &checked, &one.credential).await?;
        let report = self.quick_look_at_environment(one).await;
        may_be_kept(&report, untested)?;
        let event = Event::new(events::ACCOUNT_IMPORTED, caller)
            .with("variable", one.variable)
            .in_request(request_id);
        inner.keep(caller, checked, &one.credential, &report, event).await
    }
}
