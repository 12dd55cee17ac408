use jeton_domain::{Caller, CredentialKind, Purpose};
use jeton_forge::{RepositoryPage, TokenGuide};

use crate::{AccountError, Accounts, find::Found, place, rights::Want, words::shown};

/// Repositories on a page at most, as the forges have it.
const LONGEST_PAGE: u32 = 100;
/// Bytes of what a page is asked for with.
const LONGEST_NEXT: usize = 2_000;

impl Accounts {
    /// A page of the repositories that an account's token reaches, by the forge's word of this moment. `page` is `next` of the page
    /// before.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], that the caller may not, or what the forge said.
    pub async fn repositories(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        account: &str,
        page: Option<&str>,
        limit: u32,
    ) -> Result<RepositoryPage, AccountError> {
        let inner = &self.0;
        if page.is_some_and(|page| page.len() > LONGEST_NEXT) {
            return Err(AccountError::Invalid(
                "the page is not one that was given out here".to_owned(),
            ));
        }
        let mut tx = inner.vault.read().await?;
        let found = inner.find(&mut *tx, caller, account).await?;
        drop(tx);
        let credential = match found {
            Found::Stored(record) => {
                inner.permit(caller, request_id, &record, Want::Change)?;
                inner.open(&record)?
            }
            Found::Environment(one) => {
                inner.permit_shared(caller, request_id)?;
                one.credential
            }
        };
        let forge = inner.forges.of(credential.forge.kind());
        let limit = limit.clamp(1, LONGEST_PAGE);
        forge
            .list_repositories(&credential, page, limit, inner.now())
            .await
            .map_err(AccountError::Forge)
    }

    /// How a person makes a token that will do for the purposes. Asks nobody.
    ///
    /// # Errors
    /// When it cannot be told which forge is meant, or the kind is another forge's.
    pub fn guide(
        &self,
        forge: Option<&str>,
        base_url: Option<&str>,
        kind: Option<CredentialKind>,
        purposes: &[Purpose],
        repository: Option<&str>,
    ) -> Result<TokenGuide, AccountError> {
        let endpoint = place::forge_of(forge, base_url, kind.map(CredentialKind::forge))?;
        if let Some(kind) = kind.filter(|kind| kind.forge() != endpoint.kind()) {
            return Err(AccountError::Invalid(format!(
                "{} is none of {}'s kinds",
                kind.words(),
                endpoint.kind()
            )));
        }
        // An owner or a repository: it stands in the steps as it was written.
        let repository = repository.map(str::trim).filter(|text| !text.is_empty());
        let fine = |text: &&str| jeton_domain::Serves::parse(text).is_ok();
        if let Some(odd) = repository.filter(|text| !fine(text)) {
            return Err(AccountError::Invalid(format!(
                "`{}` is neither an owner nor a repository",
                shown(odd)
            )));
        }
        Ok(self
            .0
            .forges
            .of(endpoint.kind())
            .guide(&endpoint, kind, purposes, repository))
    }
}
