use jeton_vault::{GrantRecord, TokenRecord, VaultError, VaultTx};

/// How adding a grant went.
pub(crate) enum Added {
    Yes,
    /// The token was revoked meanwhile.
    TokenEnded(VaultError),
}

/// Adds a grant, and its token where it is not there yet.
pub(crate) async fn add(
    tx: &mut dyn VaultTx,
    (token, grant): &(Option<TokenRecord>, GrantRecord),
) -> Result<Added, VaultError> {
    if let Some(token) = token
        && tx.tokens().find(token.id).await?.is_none()
    {
        tx.tokens().add(token).await?;
    }
    match tx.grants().add(grant).await {
        Ok(()) => Ok(Added::Yes),
        Err(error @ VaultError::Conflict(_)) => Ok(Added::TokenEnded(error)),
        Err(error) => Err(error),
    }
}
