#![doc = include_str!("../README.md")]

mod api_key;
mod app;
mod clock;
mod code;
mod endpoint;
mod entropy;
mod expiry;
mod fingerprint;
mod forge_kind;
mod ids;
mod permissions;
mod redact;
mod repo;
mod sealed;
mod secret;
mod token_key;

pub use api_key::{API_KEY_PREFIX, ApiKey, ApiKeyDigest, ApiKeyError};
pub use app::{AppIssuer, AppIssuerError, AppName, AppNameError, AppOrigin, InstallationId};
pub use clock::{Clock, Pause};
pub use code::{Blame, Code, Coded};
pub use endpoint::{EndpointError, ForgeEndpoint};
pub use entropy::Entropy;
pub use expiry::{ExpiresAt, Freshness};
pub use fingerprint::Fingerprint;
pub use forge_kind::ForgeKind;
pub use ids::{AppId, GrantId, JobId, LeaseHolder, TokenId};
pub use permissions::{Access, PermissionError, Permissions};
pub use redact::redact;
pub use repo::{RepoName, RepoPath, RepoPathError, RepoSet, RepoSetError};
pub use sealed::{KeyId, RowRef, Sealed, SealedError};
pub use secret::Secret;
pub use token_key::{TokenKey, TokenKeyDigest};
