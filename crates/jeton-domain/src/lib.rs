#![doc = include_str!("../README.md")]

mod account;
mod action;
mod api_key;
mod app;
mod caller;
mod ci;
mod clock;
mod code;
mod content;
mod credential_kind;
mod diagnosis;
mod endpoint;
mod entropy;
mod expiry;
mod fingerprint;
mod forge_kind;
mod ids;
mod names;
mod permissions;
mod redact;
mod repo;
mod sealed;
mod secret;
mod token_key;

pub use account::{AccountScope, Credential, Serves, ServesError};
pub use action::{Action, UnknownAction};
pub use api_key::{API_KEY_PREFIX, ApiKey, ApiKeyDigest, ApiKeyError};
pub use app::{AppIssuer, AppIssuerError, AppName, AppNameError, AppOrigin, InstallationId};
pub use caller::{Caller, Identity, IdentityKey, JwtIdentity, Role, UnknownRole};
pub use ci::{CiScope, OwnerPath, SecretName, SecretNameError};
pub use clock::{Clock, Pause};
pub use code::{Blame, Code, Coded};
pub use content::{FilePath, FilePathError, ObjectId, ObjectIdError, RefName, RefNameError};
pub use credential_kind::CredentialKind;
pub use diagnosis::{
    CheckReport, Diagnosis, Evidence, Fitness, ForgeIdentity, Purpose, PurposeFinding, Quota, Reached, TokenEnd,
    Validity,
};
pub use endpoint::{EndpointError, ForgeEndpoint};
pub use entropy::Entropy;
pub use expiry::{ExpiresAt, Freshness};
pub use fingerprint::Fingerprint;
pub use forge_kind::ForgeKind;
pub use ids::{
    AccountId, AppId, ClientId, ClientKeyId, GrantId, JobId, LeaseHolder, OldTokenId, RotationId, RunnerId, TargetId,
    TokenId, UserId,
};
pub use names::{AccountLabel, ClientName, IssuerName, NameError, PolicyName, UserName};
pub use permissions::{Access, PermissionError, Permissions};
pub use redact::redact;
pub use repo::{RepoName, RepoPath, RepoPathError, RepoSet, RepoSetError};
pub use sealed::{KeyId, RowRef, Sealed, SealedError};
pub use secret::Secret;
pub use token_key::{TokenKey, TokenKeyDigest};
