#![doc = include_str!("../README.md")]

mod claims;
mod clean;
mod config;
mod config_error;
mod error;
mod fetch;
mod http_client;
mod issuer;
mod jwk;
mod key_cache;
mod memory;
mod random;
mod resolver;
mod sign_in;
mod strict_json;
mod token;
mod urls;
mod verifier;

pub use config::{Algorithm, Bearer, IssuerConfig, KeySource};
pub use config_error::IssuerConfigError;
pub use error::JwtError;
pub use fetch::FetchError;
pub use http_client::OidcHttpOptions;
pub use key_cache::IssuerStatus;
pub use sign_in::{Attempt, Begun, RoleRule, SignIn, SignInAnswer, SignInConfig, SignInError, SignedIn};
pub use verifier::{JwtVerifier, Verified};
