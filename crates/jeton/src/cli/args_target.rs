//! What can be typed after `jeton account target`.
#![expect(
    clippy::doc_markdown,
    reason = "clap prints these comments as they stand, and people read no backticks"
)]

use clap::{Args, Subcommand};

use super::{
    Format, ServerArgs,
    args_account_parts::OneAccount,
    args_ci::{CiPlaceArgs, SecretOptionArgs},
};

/// `jeton account target`
#[derive(Debug, Subcommand)]
pub(crate) enum TargetCommand {
    /// Show an account's targets, and its old tokens that wait for them
    #[command(after_help = "Example:\n  jeton account target list work")]
    List {
        #[command(flatten)]
        account: OneAccount,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Push an account's token to a secret of CI now, and every new one of its tokens from then on
    #[command(
        after_help = "Example:\n  jeton account target add work DEPLOY_TOKEN acme/tools --env production\n\nWhat the forge refuses is not added."
    )]
    Add(Box<AddTargetArgs>),
    /// Push no more to a target; the secret stays at its forge, with the token that it has
    #[command(after_help = "Example:\n  jeton account target remove work 0197b2c0-5a4e-7c11-8f00-0123456789ab")]
    Remove {
        #[command(flatten)]
        account: OneAccount,
        /// The target's id, as the list shows it
        #[arg(value_name = "TARGET")]
        target: uuid::Uuid,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Push to all targets that do not have the present token, those that were given up too
    #[command(
        after_help = "Example:\n  jeton account target push work\n\nThe server does it soon after; `jeton account target list` shows how far it has come."
    )]
    Push {
        #[command(flatten)]
        account: OneAccount,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// `jeton account target add`
#[derive(Debug, Clone, Args)]
pub(crate) struct AddTargetArgs {
    /// The account whose token is pushed: its label, or its id
    #[arg(value_name = "LABEL")]
    pub(crate) label: String,
    /// The secret's name there, such as DEPLOY_TOKEN
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    #[command(flatten)]
    pub(crate) place: CiPlaceArgs,
    #[command(flatten)]
    pub(crate) options: SecretOptionArgs,
}

impl TargetCommand {
    /// Every free text that was typed.
    pub(crate) fn words(&self) -> Vec<&str> {
        match self {
            Self::List { account, server, .. }
            | Self::Remove { account, server, .. }
            | Self::Push { account, server, .. } => {
                let label = [account.label.as_str()].into_iter();
                label.chain(server.texts()).collect()
            }
            Self::Add(args) => {
                let own = [args.label.as_str(), args.name.as_str()].into_iter();
                let place = args.place.texts().into_iter().flatten().map(String::as_str);
                own.chain(place)
                    .chain(args.options.texts())
                    .chain(args.server.texts())
                    .collect()
            }
        }
    }
}
