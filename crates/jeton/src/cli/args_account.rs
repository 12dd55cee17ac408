//! What can be typed about accounts.
#![expect(
    clippy::doc_markdown,
    reason = "clap prints these comments as they stand, and people read no backticks"
)]

mod words;

use clap::{ArgAction, ArgGroup, Args, Subcommand};

use super::{
    Format,
    args::{ForgeArg, ServerArgs},
    args_account_parts::{OneAccount, TokenFrom, ValidityArg, WantedFor},
    args_target::TargetCommand,
};

/// `jeton account`
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Give the server a token of yours for GitHub, GitLab or Bitbucket; it is tested first
    #[command(
        after_help = "Example:\n  jeton account add work --forge github --for push --repository acme/tools\n\nThe token comes from standard input, or is asked for on the terminal without showing it; never as an\nargument. What the forge refuses is not stored. `jeton account guide` says how to make a token."
    )]
    Add(AddAccountArgs),
    /// Show the accounts that you may see
    #[command(
        after_help = "Example:\n  jeton account list --forge gitlab --validity invalid\n\nTokens in the server's environment come first; they stand in its memory alone."
    )]
    List(ListAccountArgs),
    /// Show an account, with what the last look at its token found
    #[command(after_help = "Example:\n  jeton account show work")]
    Show {
        #[command(flatten)]
        account: OneAccount,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Ask the forges about tokens: valid, invalid, or no clear word, with the evidence
    #[command(after_help = TEST_HELP)]
    Test(TestAccountArgs),
    /// Make an account the one that is taken on its forge when nothing else decides
    #[command(after_help = "Example:\n  jeton account default work")]
    Default {
        #[command(flatten)]
        account: OneAccount,
        /// Take that away again
        #[arg(long)]
        off: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Change what is said about an account; its token stays
    #[command(
        after_help = "Example:\n  jeton account update work --note '' --serves acme --serves octo/tools\n\nAn empty text takes a note, a user name, an e-mail address or an end away; with --serves '' it serves\neverything."
    )]
    Update(UpdateAccountArgs),
    /// Put a new token that you made by hand in the place of an account's; it is tested first
    #[command(
        after_help = "Example:\n  jeton account replace work --token-file new-token.txt --end-old\n\nThe old token stays until the new one is known to work and to be the same owner's. Revoke the old\none at the forge afterwards, or have that done with --end-old, where the forge can."
    )]
    Replace(ReplaceAccountArgs),
    /// Have the forge renew an account's token now, where it can (GitLab); the old one then ends at once
    #[command(
        after_help = "Example:\n  jeton account rotate lab\n\nFor the others it says how to make a new token, for `jeton account replace`, and ends with status 1."
    )]
    Rotate {
        #[command(flatten)]
        account: OneAccount,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Make the server forget an account and its token
    #[command(
        after_help = "Example:\n  jeton account remove work --yes\n\nOne that is in use is refused, with what uses it. The token itself lives on until it is revoked at\nthe forge."
    )]
    Remove {
        #[command(flatten)]
        account: OneAccount,
        /// Remove it although something uses it still
        #[arg(long)]
        force: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show which repositories an account's token reaches, asked of the forge now
    #[command(after_help = "Example:\n  jeton account repositories work --limit 500")]
    Repositories {
        #[command(flatten)]
        account: OneAccount,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Store the tokens that stand in the server's environment, each tested first
    #[command(
        after_help = "Example:\n  jeton account import-env --variable GITHUB_TOKEN\n\nIt is the server's environment that counts. A token of this shell's is stored with\n`jeton account add --token-env GITHUB_TOKEN`. Ends with status 1 when one could not be stored."
    )]
    ImportEnv {
        /// Only this variable; may be given several times [default: all that hold a usable token]
        #[arg(long = "variable", value_name = "NAME")]
        variables: Vec<String>,
        /// Store them even though the forge gives no clear word just now
        #[arg(long)]
        untested: bool,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Say how to make a token that will do, and no more: the page, the least scopes, the steps
    #[command(
        after_help = "Example:\n  jeton account guide --forge github --for push,manage-pull-requests --repository acme/tools"
    )]
    Guide(GuideArgs),
    /// Have an account's token reach secrets of CI, after every change: its targets
    #[command(subcommand)]
    Target(TargetCommand),
}

impl AccountCommand {
    /// What was given with `--token`, which is no place for one.
    pub(crate) fn token(&self) -> Option<&str> {
        let from = match self {
            Self::Add(args) => &args.from,
            Self::Replace(args) => &args.from,
            _ => return None,
        };
        from.token.as_deref()
    }
}

const TEST_HELP: &str = "\
Examples:
  jeton account test work --for push --repository acme/tools
  jeton account test --from-env GITHUB_TOKEN

Without a label all accounts that you may see are tested, a line each. --from-env needs no server:
it tests the tokens in this process's environment, directly at the forges.

Exit status:
  0  valid, and will do for all that --for names
  1  invalid, or will not do; or the command, the request or the configuration is wrong
  2  the server failed, or cannot be reached
  3  unknown: the forge gave no clear word, or cannot tell whether it will do";

/// `jeton account add`
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that people type")]
pub(crate) struct AddAccountArgs {
    /// Your name for it: lower-case letters, digits, `-`, `_`, `.` [default: made of the forge and the token's owner]
    #[arg(value_name = "LABEL")]
    pub(crate) label: Option<String>,
    /// github, gitlab or bitbucket, or the forge's host [default: the one that the token itself tells]
    #[arg(long, value_name = "FORGE")]
    pub(crate) forge: Option<String>,
    /// Where a self-hosted forge is, as people see it [default: github.com, gitlab.com or bitbucket.org]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// The user name at the forge, which git wants for Bitbucket
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// The e-mail address of the Atlassian account, which Bitbucket's API wants beside an API token
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// A line for people
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// An owner or a repository that it serves when several accounts fit; may be given several times [default: all]
    #[arg(long = "serves", value_name = "OWNER[/REPO]")]
    pub(crate) serves: Vec<String>,
    /// Let others use it, where policies let them [default: when the operator adds it]
    #[arg(long, conflicts_with = "private")]
    pub(crate) shared: bool,
    /// Keep it to yourself
    #[arg(long)]
    pub(crate) private: bool,
    /// Take it on its forge when nothing else decides
    #[arg(long = "default")]
    pub(crate) is_default: bool,
    /// Do not let jeton renew it ahead of its end, where the forge can (GitLab)
    #[arg(long)]
    pub(crate) no_auto_rotate: bool,
    /// When the token ends, as 2027-01-31 or 365d, where the forge's API does not tell (Bitbucket's does not)
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
    /// Store it even though the forge gives no clear word just now
    #[arg(long)]
    pub(crate) untested: bool,
    #[command(flatten)]
    pub(crate) wanted: WantedFor,
    #[command(flatten)]
    pub(crate) from: TokenFrom,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `jeton account list`
#[derive(Debug, Args)]
pub(crate) struct ListAccountArgs {
    /// Only those of one kind of forge
    #[arg(long, value_enum, value_name = "FORGE")]
    pub(crate) forge: Option<ForgeArg>,
    /// Only those on this host
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// Only those that stand so, by the last clear word of their forge
    #[arg(long, value_enum, value_name = "STANDING")]
    pub(crate) validity: Option<ValidityArg>,
    /// Only those whose label begins so
    #[arg(long = "label", value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// Only those with this text in the label, the note, a name, the e-mail address or the host
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// Only those that end before this time, day or span, as 2026-12-31 or 30d
    #[arg(long, value_name = "TIME", value_parser = super::when::parse_when)]
    pub(crate) ends_before: Option<super::when::When>,
    /// All of them, however many there are
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `jeton account test`
#[derive(Debug, Args)]
pub(crate) struct TestAccountArgs {
    /// Its label, or its id [default: all that you may see]
    #[arg(value_name = "LABEL")]
    pub(crate) label: Option<String>,
    /// Test the token in this variable of this process's environment [default: every token that is there]
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["label", "url"])]
    pub(crate) from_env: Option<String>,
    #[command(flatten)]
    pub(crate) wanted: WantedFor,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `jeton account update`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("change").required(true).multiple(true).args([
    "new_label", "note", "username", "email", "serves", "expires", "active", "auto_rotate", "shared", "private",
])))]
pub(crate) struct UpdateAccountArgs {
    #[command(flatten)]
    pub(crate) account: OneAccount,
    /// Another label
    #[arg(long = "label", value_name = "LABEL")]
    pub(crate) new_label: Option<String>,
    /// Another line for people
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Another user name at the forge
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// Another e-mail address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// The owners and repositories that it serves from now on; may be given several times
    #[arg(long = "serves", value_name = "OWNER[/REPO]")]
    pub(crate) serves: Option<Vec<String>>,
    /// When the token ends, as 2027-01-31 or 365d, where the forge's API does not tell
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
    /// Whether it may be used
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    pub(crate) active: Option<bool>,
    /// Whether jeton renews it by itself
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    pub(crate) auto_rotate: Option<bool>,
    /// Let others use it, where policies let them
    #[arg(long, conflicts_with = "private")]
    pub(crate) shared: bool,
    /// Keep it to its owner
    #[arg(long)]
    pub(crate) private: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `jeton account replace`
#[derive(Debug, Args)]
pub(crate) struct ReplaceAccountArgs {
    #[command(flatten)]
    pub(crate) account: OneAccount,
    /// The user name at the forge, when it changes too
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// The e-mail address, when it changes too
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// When the new token ends, as 2027-01-31 or 365d, where the forge's API does not tell
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
    /// Take a token of somebody else
    #[arg(long)]
    pub(crate) other_identity: bool,
    /// Take it even though the forge gives no clear word just now
    #[arg(long)]
    pub(crate) untested: bool,
    /// Have the old token ended at the forge once every target of the account has the new one
    #[arg(long)]
    pub(crate) end_old: bool,
    /// With --end-old: end it after this time at the latest, targets or not, as 2h or 7200, up to 30d [setting: ci.old_token_grace_seconds]
    #[arg(long, value_name = "SECONDS", requires = "end_old", value_parser = super::when::parse_seconds)]
    pub(crate) end_old_after: Option<u32>,
    #[command(flatten)]
    pub(crate) from: TokenFrom,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `jeton account guide`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).multiple(true).args(["forge", "kind"])))]
pub(crate) struct GuideArgs {
    /// github, gitlab or bitbucket, or the forge's host
    #[arg(long, value_name = "FORGE")]
    pub(crate) forge: Option<String>,
    /// Where a self-hosted forge is, as people see it [default: github.com, gitlab.com or bitbucket.org]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// The kind of token, such as github_fine_grained [default: the best one]
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    #[command(flatten)]
    pub(crate) wanted: WantedFor,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
