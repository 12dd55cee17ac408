//! What can be typed after `jeton secret`.
#![expect(
    clippy::doc_markdown,
    reason = "clap prints these comments as they stand, and people read no backticks"
)]

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{
    Format,
    args_ci::{CiPlaceArgs, SecretOptionArgs, WayArgs},
};

/// `jeton secret`
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Push a secret to a forge's CI: of a repository, one of its environments, or an owner
    #[command(after_help = PUSH_HELP)]
    Push(Box<PushSecretArgs>),
}

const PUSH_HELP: &str = "\
Example:
  jeton secret push DEPLOY_TOKEN acme/tools --env production < token.txt
  jeton secret push DEPLOY_TOKEN --org acme --account-token work

The value comes from standard input, up to 64 KiB, or is asked for on the terminal without showing it;
never as an argument. One line end at its end is dropped, as `$(…)` does; --keep-newline keeps it, which
private keys need. It is text: what is not goes as base64.

Without a server the forge is asked directly, with GITHUB_TOKEN or GH_TOKEN, GITLAB_TOKEN, or
BITBUCKET_TOKEN with BITBUCKET_EMAIL. `jeton account target add` has every new token of an account follow.";

/// `jeton secret push`
#[derive(Debug, Clone, Args)]
pub(crate) struct PushSecretArgs {
    /// Its name there, such as DEPLOY_TOKEN
    pub(crate) name: String,
    /// Read the value from this file [default: standard input]
    #[arg(long, value_name = "FILE", conflicts_with = "account_token")]
    pub(crate) from_file: Option<PathBuf>,
    /// Push the token of this account of the server, by its label
    #[arg(long, value_name = "LABEL", conflicts_with_all = ["keep_newline", "alone"])]
    pub(crate) account_token: Option<String>,
    /// Keep the line end at the end of the value
    #[arg(long)]
    pub(crate) keep_newline: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) way: WayArgs,
    #[command(flatten)]
    pub(crate) place: CiPlaceArgs,
    #[command(flatten)]
    pub(crate) options: SecretOptionArgs,
    /// Never: others could read it
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", alias = "body")]
    pub(crate) value: Option<String>,
}
