#![doc = include_str!("../README.md")]

mod classify;
mod clean;
mod error;
mod github;
mod headers;
mod http_client;
mod jwt;
mod key;
mod remedy;
mod resolver;

pub use error::{ForgeError, Said, Unprocessable};
pub use github::{AppInfo, GitHub, GitHubApp, Installation, InstallationPage, MintedToken, Probe, Revoked};
pub use http_client::HttpOptions;
pub use key::{AppKey, AppKeyError, read_key_bytes};
