//! Accounts by the names that people give them.

use jeton_domain::{AccountId, AccountLabel, AccountScope, Caller};
use jeton_vault::{AccountRecord, AccountView, VaultTx};

use crate::{
    AccountError, EnvironmentAccount,
    accounts::Inner,
    rights::{own_key, owns, view_of},
    words::shown,
};

/// How an account is named: by its id, by its label, or as policies write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccountName {
    /// By its id.
    Id(AccountId),
    /// By its label: the caller's own one, else the shared one, else the one of the environment.
    Label(AccountLabel),
    /// The caller's own one (`own/work`).
    Own(AccountLabel),
    /// The one of the environment (`env/github-token`).
    Environment(AccountLabel),
}

impl AccountName {
    /// Reads a name; `None` when nothing could be named so.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("account:").unwrap_or(text);
        let label = |text| AccountLabel::parse(text).ok();
        if let Some(rest) = text.strip_prefix("own/") {
            return label(rest).map(Self::Own);
        }
        if let Some(rest) = text.strip_prefix("env/") {
            return label(rest).map(Self::Environment);
        }
        // No account is labelled like an id.
        match text.parse() {
            Ok(id) => Some(Self::Id(id)),
            Err(_) => label(text).map(Self::Label),
        }
    }

    /// The names by which policies could allow its use; `None` when that cannot be told from the name.
    pub(crate) fn sources(&self) -> Option<Vec<String>> {
        match self {
            Self::Id(_) => None,
            Self::Label(label) => Some(vec![
                format!("account:own/{label}"),
                format!("account:{label}"),
                format!("account:env/{label}"),
            ]),
            Self::Own(label) => Some(vec![format!("account:own/{label}")]),
            Self::Environment(label) => Some(vec![format!("account:env/{label}")]),
        }
    }
}

/// An account that was found.
#[derive(Debug)]
pub(crate) enum Found {
    /// In the vault.
    Stored(Box<AccountRecord>),
    /// In the environment.
    Environment(Box<EnvironmentAccount>),
}

/// The words for an account that is not there, and for one that is none of the caller's business: the same.
pub(crate) fn not_found(text: &str) -> AccountError {
    AccountError::NotFound(shown(text))
}

impl Inner {
    /// The account of a name that the caller may see.
    pub(crate) async fn find(&self, tx: &mut dyn VaultTx, caller: &Caller, text: &str) -> Result<Found, AccountError> {
        let name = AccountName::parse(text).ok_or_else(|| not_found(text))?;
        let sight = self.sight_of(caller);
        if let Some(record) = find_stored(tx, caller, &name).await?.filter(|one| sight.sees(one)) {
            return Ok(Found::Stored(Box::new(record)));
        }
        let found = self.find_in_environment(&name);
        let found = found.filter(|one| sight.sees_in_environment(one)).cloned();
        found
            .map(|account| Found::Environment(Box::new(account)))
            .ok_or_else(|| not_found(text))
    }

    /// The stored account of a name that the caller may see. In a transaction that writes, its row is locked.
    pub(crate) async fn find_stored(
        &self,
        tx: &mut dyn VaultTx,
        caller: &Caller,
        text: &str,
    ) -> Result<AccountRecord, AccountError> {
        match self.find(&mut *tx, caller, text).await? {
            Found::Stored(record) => Ok(*record),
            Found::Environment(account) => Err(AccountError::Environment {
                label: account.label.to_string(),
                variable: account.variable.to_owned(),
            }),
        }
    }

    /// The account of the environment that a name could mean.
    pub(crate) fn find_in_environment(&self, name: &AccountName) -> Option<&EnvironmentAccount> {
        let is_it = |account: &&EnvironmentAccount| match name {
            AccountName::Id(id) => account.id == *id,
            AccountName::Label(label) | AccountName::Environment(label) => account.label == *label,
            AccountName::Own(_) => false,
        };
        self.environment.iter().find(is_it)
    }
}

/// The stored account of a name, as far as the caller may see it.
pub(crate) async fn find_stored(
    tx: &mut dyn VaultTx,
    caller: &Caller,
    name: &AccountName,
) -> Result<Option<AccountRecord>, AccountError> {
    let own = own_key(&caller.identity).map(AccountScope::Private);
    let labelled = match name {
        AccountName::Id(id) => {
            let found = tx.accounts().find(*id).await?;
            let is_in_view = |scope: &AccountScope| {
                *scope == AccountScope::Shared || view_of(caller) == AccountView::All || owns(caller, scope)
            };
            return Ok(found.filter(|record| is_in_view(&record.scope)));
        }
        AccountName::Label(label) => vec![(own, label), (Some(AccountScope::Shared), label)],
        AccountName::Own(label) => vec![(own, label)],
        AccountName::Environment(_) => Vec::new(),
    };
    for (scope, label) in labelled {
        let Some(scope) = scope else { continue };
        let found = tx.accounts().find_by_label(&scope, label).await?;
        if let Some(record) = found {
            // By its id once more: that is what locks the row, in a transaction that writes.
            return Ok(tx.accounts().find(record.id).await?);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::AccountName;

    #[test]
    fn a_name_is_an_id_a_label_or_a_source() {
        let read = |text| AccountName::parse(text);
        assert!(matches!(read("work"), Some(AccountName::Label(_))));
        assert_eq!(read("account:work"), read("work"));
        assert!(matches!(read("own/work"), Some(AccountName::Own(_))));
        assert!(matches!(
            read("account:env/github-token"),
            Some(AccountName::Environment(_))
        ));
        assert!(matches!(
            read("0193f3a0-7d0a-7000-8000-000000000000"),
            Some(AccountName::Id(_))
        ));
        for bad in ["", "Work", "own/", "own/a/b", "env/../x", "app:ci", "a b"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
