#![doc = include_str!("../README.md")]

mod access;
mod authenticate;
mod clients;
mod error;
mod invites;
mod limits;
mod opaque;
mod operator;
mod password_sign_in;
mod passwords;
mod policies;
mod private_accounts;
mod replay;
mod settings;
mod sign_in;
mod users;
mod web_sessions;

pub use access::{Access, AccessParts};
pub use clients::{ClientPage, KeyVerdict, LiveClient, NewClient, NewKey};
pub use error::AccessError;
pub use invites::LinkHolder;
pub use limits::{Guesses, Limits};
pub use operator::OperatorKeys;
pub use policies::{PolicyChange, PolicyFile, PolicyView, PolicyViews, anonymous_policy};
pub use replay::{Replay, ReplayChange};
pub use settings::AccessSettings;
pub use sign_in::BegunSignIn;
pub use users::{Invite, UserChange, UserPage};
pub use web_sessions::{NewSession, Session, SessionView, Visitor};

// What the functions above hand out; whoever shows it to people need not know where it is kept.
pub use jeton_oidc::SignInAnswer;
pub use jeton_vault::{ClientKeyRecord, ClientRecord, UserRecord};
