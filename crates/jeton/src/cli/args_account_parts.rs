//! What several commands about accounts and tokens have in common.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jeton_domain::Purpose;

/// Which account.
#[derive(Debug, Clone, Args)]
pub(crate) struct OneAccount {
    /// Its label, or its id
    #[arg(value_name = "LABEL")]
    pub(crate) label: String,
}

/// Where a token comes from, besides standard input and the terminal.
#[derive(Debug, Clone, Args)]
pub(crate) struct TokenFrom {
    /// Read the token from this file
    #[arg(long, value_name = "FILE", conflicts_with = "token_env")]
    pub(crate) token_file: Option<PathBuf>,
    /// Read the token from this environment variable
    #[arg(long, value_name = "NAME")]
    pub(crate) token_env: Option<String>,
    /// Never: others could read it
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "")]
    pub(crate) token: Option<String>,
}

/// What a token is wanted for.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct WantedFor {
    /// What the token is wanted for, separated by commas
    #[arg(long = "for", value_enum, value_name = "PURPOSE", value_delimiter = ',')]
    pub(crate) purposes: Vec<PurposeArg>,
    /// A repository to try that on; without one, some answers stay unknown
    #[arg(long, value_name = "OWNER/REPO")]
    pub(crate) repository: Option<String>,
}

impl WantedFor {
    /// The purposes in the words of the API.
    pub(crate) fn words(&self) -> Vec<String> {
        self.purposes
            .iter()
            .map(|&purpose| Purpose::from(purpose).as_str().to_owned())
            .collect()
    }
}

/// What goes with a token when its forge is asked about it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct OnlineArgs {
    /// Ask the forge too: whose it is, its scopes, its end, and what it lacks for --for
    #[arg(long)]
    pub(crate) online: bool,
    /// Where a self-hosted forge is, as people see it [default: github.com, gitlab.com or bitbucket.org]
    #[arg(long, value_name = "URL", requires = "online")]
    pub(crate) base_url: Option<String>,
    /// The user name at the forge
    #[arg(long, value_name = "NAME", requires = "online")]
    pub(crate) username: Option<String>,
    /// The e-mail address of the Atlassian account, which Bitbucket's API wants beside an API token
    #[arg(long, value_name = "ADDRESS", requires = "online")]
    pub(crate) email: Option<String>,
    #[command(flatten)]
    pub(crate) wanted: WantedFor,
}

/// What a token may be wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PurposeArg {
    /// Read files, branches and commits
    #[value(alias = "read_content")]
    ReadContent,
    /// Open and change pull requests (merge requests)
    #[value(alias = "manage_pull_requests")]
    ManagePullRequests,
    /// Push commits
    Push,
    /// Register runners
    #[value(alias = "register_runners")]
    RegisterRunners,
    /// Write secrets and variables of CI
    #[value(alias = "manage_secrets")]
    ManageSecrets,
}

impl From<PurposeArg> for Purpose {
    fn from(purpose: PurposeArg) -> Self {
        match purpose {
            PurposeArg::ReadContent => Self::ReadContent,
            PurposeArg::ManagePullRequests => Self::ManagePullRequests,
            PurposeArg::Push => Self::Push,
            PurposeArg::RegisterRunners => Self::RegisterRunners,
            PurposeArg::ManageSecrets => Self::ManageSecrets,
        }
    }
}

/// How an account may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ValidityArg {
    /// The forge takes the token
    Valid,
    /// The forge refuses the token
    Invalid,
    /// The forge gave no clear word yet
    Unknown,
}
