//! People, the organizations they belong to, and the tokens they make for themselves.

mod format;
mod info;
mod lockout;
mod model;
mod orgs;
mod people;
mod policy;
mod revoke;
mod rights;
mod scopes;
mod spec;
mod tokens;
mod user;

pub(crate) use model::People;
pub(crate) use policy::TokenView;
pub(crate) use rights::{Denial, Need, refused};
pub(crate) use scopes::Scopes;
pub(crate) use spec::Reach;
pub use spec::{
    ExpirationForm, LoginLockout, OrgPolicy, OrgRole, PersonalTokenInfo, PersonalTokenKind, PersonalTokenSpec,
    RepoRole, SamlSso, SimPersonalToken,
};
