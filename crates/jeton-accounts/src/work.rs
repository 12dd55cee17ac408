//! Accounts that work for callers on this server itself, that read repositories, register runners or push secrets: their tokens do not
//! leave it.

use jeton_domain::{AccountId, AccountScope, Caller, Credential, Diagnosis, Fingerprint, ForgeEndpoint, ForgeKind};
use jeton_policy::{Allowed, Denied};
use jeton_vault::{AccountFilter, AccountView};

use crate::{
    AccountError, Accounts, UseAsk,
    account::source_of,
    candidates::{Candidate, FEW_CANDIDATES, MOST_CANDIDATES, Wanted},
    find::AccountName,
};

/// For which repository somebody wants something done.
#[derive(Debug, Clone, Copy)]
pub struct WorkAsk<'a> {
    /// The forge's host.
    pub host: &'a str,
    /// The kind of forge, where it is known; any that the repository's path fits otherwise.
    pub kind: Option<ForgeKind>,
    /// `owner/name`, or all of an owner as `owner/*`.
    pub repository: &'a str,
    /// The one account that is wanted, by label, id or source; any otherwise.
    pub account: Option<&'a str>,
}

/// An account that may work for a caller. Its token is opened when it is wanted, and not before.
#[derive(Debug)]
pub struct WorkAccount {
    candidate: Candidate,
    /// By what policy.
    pub allowed: Allowed,
}

impl WorkAccount {
    /// Names it for ever.
    pub fn id(&self) -> AccountId {
        self.candidate.id
    }

    /// As policies name it.
    pub fn source(&self) -> &str {
        &self.candidate.source
    }

    /// Where it works.
    pub fn forge(&self) -> &ForgeEndpoint {
        self.candidate.forge()
    }

    /// Whether its owner alone vouches for the address of its forge.
    pub fn is_private(&self) -> bool {
        is_private(&self.candidate)
    }

    /// What may be shown of its token.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.candidate.fingerprint
    }

    /// How exactly it serves the repository: 0 by its own name, then outwards.
    pub fn exactness(&self) -> usize {
        self.candidate.exactness
    }
}

/// An account that might work, if its token were good.
#[derive(Debug, Clone)]
pub struct BrokenAccount {
    /// As policies name it.
    pub source: String,
    /// Where it would work.
    pub forge: ForgeEndpoint,
    /// Whether its owner alone vouches for the address of its forge.
    pub is_private: bool,
    /// What is wrong.
    pub diagnosis: Diagnosis,
}

/// The accounts that there are for a repository.
#[derive(Debug, Default)]
pub struct WorkAccounts {
    /// Those that may work, the best first.
    pub usable: Vec<WorkAccount>,
    /// Those whose tokens are dead; as many of them as the caller may use.
    pub broken: Vec<BrokenAccount>,
    /// Why the others may not.
    pub refusals: Vec<Denied>,
}

impl Accounts {
    /// The accounts that may work on a repository for a caller: stored ones, private ones only for their owner, and those of the environment.
    /// `decide` is asked about each by its name in policies and the kind of its forge.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] when that is no repository; or the vault cannot be read.
    pub async fn work_accounts(
        &self,
        caller: &Caller,
        ask: WorkAsk<'_>,
        decide: impl Fn(&str, ForgeKind) -> Result<Allowed, Denied> + Send + Sync,
    ) -> Result<WorkAccounts, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let repositories = [ask.repository.to_owned()];
        let wanted = Wanted::of(&UseAsk {
            forge: Some(ask.host),
            account: ask.account,
            repositories: &repositories,
            min_validity_seconds: None,
        })?;
        let (mut found, more) = inner.candidates(caller, &wanted, FEW_CANDIDATES).await?;
        let fits = |one: &Candidate| {
            let forge = one.forge();
            // One that was named may be of another forge.
            ask.kind.is_none_or(|kind| forge.kind() == kind) && forge.host().eq_ignore_ascii_case(ask.host)
        };
        let may = |one: &Candidate| one.is_stored() && fits(one) && decide(&one.source, one.forge().kind()).is_ok();
        if more && !found.iter().any(may) {
            found = inner.candidates(caller, &wanted, MOST_CANDIDATES).await?.0;
        }
        let mut accounts = WorkAccounts::default();
        for candidate in found.into_iter().filter(|one| one.active && fits(one)) {
            match decide(&candidate.source, candidate.forge().kind()) {
                Ok(allowed) => match candidate.broken(now) {
                    Some(diagnosis) => accounts.broken.push(BrokenAccount {
                        forge: candidate.forge().clone(),
                        is_private: is_private(&candidate),
                        source: candidate.source,
                        diagnosis,
                    }),
                    None => accounts.usable.push(WorkAccount { candidate, allowed }),
                },
                Err(refusal) => accounts.refusals.push(refusal),
            }
        }
        Ok(accounts)
    }

    /// Opens the token of one that may work.
    ///
    /// # Errors
    /// [`AccountError::Seal`] when the row was changed from outside, or its key is gone.
    pub fn open_work_account(&self, account: &WorkAccount) -> Result<Credential, AccountError> {
        self.0.open_candidate(&account.candidate)
    }

    /// The token of an account that everybody shares, by its name in policies (`account:ci`, `account:env/github-token`), for work that
    /// goes on when nobody asks any more. `None` when there is no such account, and for a private one, which serves its owner only.
    ///
    /// # Errors
    /// [`AccountError::Inactive`], [`AccountError::Broken`] when its token is dead, or that the vault cannot be read.
    pub async fn open_shared(&self, source: &str) -> Result<Option<(ForgeEndpoint, Credential)>, AccountError> {
        let inner = &self.0;
        let named = source.strip_prefix("account:").and_then(AccountName::parse);
        let candidate = match named {
            Some(AccountName::Label(label)) => {
                let mut tx = inner.vault.read().await?;
                let found = tx.accounts().find_by_label(&AccountScope::Shared, &label).await?;
                found.map(Candidate::of_stored)
            }
            Some(name @ AccountName::Environment(_)) => inner.find_in_environment(&name).map(Candidate::of_environment),
            Some(AccountName::Own(_) | AccountName::Id(_)) | None => None,
        };
        let Some(candidate) = candidate else { return Ok(None) };
        candidate.check_usable(inner.now())?;
        let credential = inner.open_candidate(&candidate)?;
        Ok(Some((candidate.forge().clone(), credential)))
    }

    /// The forges for which there are tokens in the environment.
    pub fn environment_forges(&self) -> impl Iterator<Item = &ForgeEndpoint> {
        self.0.environment.iter().map(|one| &one.credential.forge)
    }

    /// A forge by its host, if there is an account on it that everybody shares, whatever it serves. An operator has vouched for its
    /// address.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn shared_forge_on(&self, host: &str) -> Result<Option<ForgeEndpoint>, AccountError> {
        if let Some(known) = self
            .environment_forges()
            .find(|one| one.host().eq_ignore_ascii_case(host))
        {
            return Ok(Some(known.clone()));
        }
        self.stored_forge_on(&AccountView::All, host, false).await
    }

    /// A forge by its host, if the caller has an account of their own on it, whatever it serves.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn private_forge_on(&self, caller: &Caller, host: &str) -> Result<Option<ForgeEndpoint>, AccountError> {
        let view = AccountView::Of(caller.identity.key().to_string());
        self.stored_forge_on(&view, host, true).await
    }

    async fn stored_forge_on(
        &self,
        view: &AccountView,
        host: &str,
        private: bool,
    ) -> Result<Option<ForgeEndpoint>, AccountError> {
        let filter = AccountFilter {
            host: Some(host.to_ascii_lowercase()),
            active: Some(true),
            private: Some(private),
            ..AccountFilter::default()
        };
        let mut tx = self.0.vault.read().await?;
        let found = tx.accounts().list(view, &filter, None, 1).await?;
        Ok(found.into_iter().next().map(|record| record.forge))
    }
}

fn is_private(candidate: &Candidate) -> bool {
    candidate.is_stored() && candidate.source != source_of(&AccountScope::Shared, &candidate.label)
}
