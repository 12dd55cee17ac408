//! Accounts that read repositories for callers on this server itself: their tokens do not leave it.

use jeton_domain::{AccountId, AccountScope, Caller, Credential, Diagnosis, Fingerprint, ForgeEndpoint, ForgeKind};
use jeton_policy::{Allowed, Denied};
use jeton_vault::{AccountFilter, AccountView};

use crate::{
    AccountError, Accounts, UseAsk,
    account::source_of,
    candidates::{Candidate, FEW_CANDIDATES, MOST_CANDIDATES, Wanted},
};

/// Which repository somebody wants to read.
#[derive(Debug, Clone, Copy)]
pub struct ContentAsk<'a> {
    /// The forge's host.
    pub host: &'a str,
    /// The kind of forge, where it is known; any that the repository's path fits otherwise.
    pub kind: Option<ForgeKind>,
    /// `owner/name`.
    pub repository: &'a str,
}

/// An account that may read a repository for a caller. Its token is opened when it is wanted, and not before.
#[derive(Debug)]
pub struct ContentAccount {
    candidate: Candidate,
    /// By what policy.
    pub allowed: Allowed,
}

impl ContentAccount {
    /// Names it for ever.
    pub fn id(&self) -> AccountId {
        self.candidate.id
    }

    /// As policies name it.
    pub fn source(&self) -> &str {
        &self.candidate.source
    }

    /// Where it reads.
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

/// An account that might read, if its token were good.
#[derive(Debug, Clone)]
pub struct BrokenAccount {
    /// As policies name it.
    pub source: String,
    /// Where it would read.
    pub forge: ForgeEndpoint,
    /// Whether its owner alone vouches for the address of its forge.
    pub is_private: bool,
    /// What is wrong.
    pub diagnosis: Diagnosis,
}

/// The accounts that there are for a repository.
#[derive(Debug, Default)]
pub struct ContentAccounts {
    /// Those that may read, the best first.
    pub usable: Vec<ContentAccount>,
    /// Those whose tokens are dead; as many of them as the caller may use.
    pub broken: Vec<BrokenAccount>,
    /// Why the others may not.
    pub refusals: Vec<Denied>,
}

impl Accounts {
    /// The accounts that may read a repository for a caller: stored ones, private ones only for their owner, and those of the environment.
    /// `decide` is asked about each by its name in policies.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] when that is no repository; or the vault cannot be read.
    pub async fn content_accounts(
        &self,
        caller: &Caller,
        ask: ContentAsk<'_>,
        decide: impl Fn(&str) -> Result<Allowed, Denied> + Send + Sync,
    ) -> Result<ContentAccounts, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let repositories = [ask.repository.to_owned()];
        let wanted = Wanted::of(&UseAsk {
            forge: Some(ask.host),
            repositories: &repositories,
            ..UseAsk::default()
        })?;
        let (mut found, more) = inner.candidates(caller, &wanted, FEW_CANDIDATES).await?;
        let fits = |one: &Candidate| ask.kind.is_none_or(|kind| one.forge().kind() == kind);
        let may = |one: &Candidate| one.is_stored() && fits(one) && decide(&one.source).is_ok();
        if more && !found.iter().any(may) {
            found = inner.candidates(caller, &wanted, MOST_CANDIDATES).await?.0;
        }
        let mut accounts = ContentAccounts::default();
        for candidate in found.into_iter().filter(|one| one.active && fits(one)) {
            match decide(&candidate.source) {
                Ok(allowed) => match candidate.broken(now) {
                    Some(diagnosis) => accounts.broken.push(BrokenAccount {
                        forge: candidate.forge().clone(),
                        is_private: is_private(&candidate),
                        source: candidate.source,
                        diagnosis,
                    }),
                    None => accounts.usable.push(ContentAccount { candidate, allowed }),
                },
                Err(refusal) => accounts.refusals.push(refusal),
            }
        }
        Ok(accounts)
    }

    /// Opens the token of one that may read.
    ///
    /// # Errors
    /// [`AccountError::Seal`] when the row was changed from outside, or its key is gone.
    pub fn open_content_account(&self, account: &ContentAccount) -> Result<Credential, AccountError> {
        self.0.open_candidate(&account.candidate)
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
