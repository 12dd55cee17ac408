#![doc = include_str!("../README.md")]

mod accounts;
mod bitbucket;
pub mod ci;
mod classify;
mod clean;
pub mod content;
mod diagnose;
mod error;
mod forges;
mod github;
mod gitlab;
mod headers;
mod holds;
mod http_client;
mod jwt;
mod key;
mod probe;
mod remedy;

pub use accounts::{AccountForge, CheckAsk, ReachedRepository, RepositoryPage, Rotated, TokenEnded, TokenGuide};
pub use bitbucket::BitbucketAccounts;
pub use error::{ForgeError, Said, Unprocessable};
pub use forges::Forges;
pub use github::{
    AppInfo, GitHub, GitHubAccounts, GitHubApp, Installation, InstallationPage, MintedToken, Probe, Revoked,
};
pub use gitlab::GitLabAccounts;
pub use holds::scopes_hold;
pub use jeton_outbound::{AddressRules, HttpOptions, Outbound};
pub use key::{AppKey, AppKeyError, read_key_bytes};
