//! What can be typed about policies.

use std::{net::IpAddr, path::PathBuf};

use clap::{Args, Subcommand};

use super::{
    Format,
    args::ServerArgs,
    when::{When, parse_seconds, parse_when},
};

/// `jeton policy`
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Show the policies in the order in which they are tried
    #[command(after_help = "Example:\n  jeton policy list")]
    List {
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Check a policy file and run the tests in it; needs no server
    #[command(
        after_help = "Example:\n  jeton policy test policies.toml\n\nEnds with status 1 when the file is not valid or a test fails."
    )]
    Test {
        /// The file; `-` for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Say which policy decides a request, which nearly did, and why not
    #[command(
        after_help = "Example:\n  jeton policy explain --client ci --repository acme/tools --permission contents=write\n\nWith --file no server is asked."
    )]
    Explain(Box<ExplainArgs>),
    /// Run what was asked before against a proposed policy file, and show what would change
    #[command(after_help = "Example:\n  jeton policy replay policies.toml --since 7d")]
    Replay {
        /// The proposed file; `-` for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Only what was asked at this time or later, as 2026-11-22, or not longer ago, as 7d [default: 1d]
        #[arg(long, value_name = "WHEN", value_parser = parse_when)]
        since: Option<When>,
        /// Only what was asked before this time
        #[arg(long, value_name = "WHEN", value_parser = parse_when)]
        until: Option<When>,
        /// At most so many changes
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        limit: Option<u32>,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Give the server policies from a file
    #[command(
        after_help = "Example:\n  jeton policy add ci.toml\n\nThe file looks like a policy file with one or more [[policy]]:\n\n  [[policy]]\n  name = \"ci-reads-tools\"\n  callers = { client = \"ci\" }\n  actions = \"token.mint\"\n  repositories = \"acme/tools\"\n  permissions = { contents = \"read\" }"
    )]
    Add {
        /// The file; `-` for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Change those that are there already
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Make the server forget a policy that was added
    #[command(after_help = "Example:\n  jeton policy remove ci-reads-tools --yes")]
    Remove {
        /// Its name
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// `jeton policy explain`
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("who").required(true).args(["client", "user", "uid", "issuer", "operator", "anonymous"])))]
pub(crate) struct ExplainArgs {
    /// A client would ask
    #[arg(long, value_name = "NAME")]
    pub(crate) client: Option<String>,
    /// A user would ask
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// The user's role [default: member]
    #[arg(long, value_name = "ROLE", requires = "user")]
    pub(crate) role: Option<String>,
    /// A user of the server's machine would ask
    #[arg(long, value_name = "NUMBER")]
    pub(crate) uid: Option<u32>,
    /// That user's group [default: the same number]
    #[arg(long, value_name = "NUMBER", requires = "uid")]
    pub(crate) gid: Option<u32>,
    /// The bearer of a token of this issuer would ask, by your name for it
    #[arg(long, value_name = "NAME")]
    pub(crate) issuer: Option<String>,
    /// The token's subject
    #[arg(long, value_name = "TEXT", requires = "issuer")]
    pub(crate) subject: Option<String>,
    /// Another claim of the token; a value that is JSON counts as such. May be given several times
    #[arg(long = "claim", value_name = "NAME=VALUE", requires = "issuer")]
    pub(crate) claims: Vec<String>,
    /// Whoever runs the server would ask
    #[arg(long)]
    pub(crate) operator: bool,
    /// Somebody who does not say who they are would ask
    #[arg(long)]
    pub(crate) anonymous: bool,
    /// Where the request would come from
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<IpAddr>,
    /// What they would do
    #[arg(long, value_name = "ACTION", default_value = "token.mint")]
    pub(crate) action: String,
    /// About which repository; may be given several times
    #[arg(long = "repository", value_name = "OWNER/REPO")]
    pub(crate) repositories: Vec<String>,
    /// Which permission they would name, as contents=read; may be given several times
    #[arg(long = "permission", value_name = "NAME=LEVEL")]
    pub(crate) permissions: Vec<String>,
    /// On which forge, by its host
    #[arg(long, value_name = "HOST")]
    pub(crate) forge: Option<String>,
    /// Which App or account they would name, as app:ci
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: Option<String>,
    /// For how long it would have to live at least, as 30m
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub(crate) lifetime: Option<u32>,
    /// When they would ask [default: now]
    #[arg(long, value_name = "WHEN", value_parser = parse_when)]
    pub(crate) time: Option<When>,
    /// Ask this policy file instead of the server; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "insecure_http"])]
    pub(crate) file: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
