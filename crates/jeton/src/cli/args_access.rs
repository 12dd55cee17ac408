//! What can be typed about clients, users and the record.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{
    Format,
    args::ServerArgs,
    when::{When, parse_seconds, parse_when},
};

/// `jeton client`
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Add a program that may ask, and print its key
    #[command(
        after_help = "Example:\n  jeton client add ci --network 10.0.0.0/8 --expires 365d > ci.key\n\nThe key goes to standard output alone, this once; the server keeps none. What the client may\nget, policies say: see `jeton policy add --help`."
    )]
    Add(AddClientArgs),
    /// Show the clients
    #[command(after_help = "Example:\n  jeton client list --all --format json")]
    List {
        /// Also those that were revoked
        #[arg(long)]
        all: bool,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show a client and its keys, by their fingerprints
    #[command(after_help = "Example:\n  jeton client show ci")]
    Show {
        /// Its name
        name: String,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Give a client another key, and print it; the old one still works for a while
    #[command(
        after_help = "Example:\n  jeton client rotate ci --overlap 1h > ci.key\n\nThe key goes to standard output alone, this once."
    )]
    Rotate {
        /// Its name
        name: String,
        /// For how long the old key still works, as 1h or 2d; 0 ends it at once [default: 1d]
        #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
        overlap: Option<u32>,
        /// What to print; json has the key in it, too
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// End a client and its keys
    #[command(after_help = "Example:\n  jeton client revoke ci --grants --yes")]
    Revoke {
        /// Its name
        name: String,
        /// Also end every token that it holds, for all who hold it
        #[arg(long)]
        grants: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// `jeton client add`
#[derive(Debug, Args)]
pub(crate) struct AddClientArgs {
    /// Your name for it: lower-case letters, digits, `-`, `_`, `.`
    pub(crate) name: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// A network it may ask from, as 10.0.0.0/8; may be given several times [default: any]
    #[arg(long = "network", value_name = "NETWORK")]
    pub(crate) networks: Vec<String>,
    /// When it ends by itself, as 2027-01-01 or 365d [default: never]
    #[arg(long, value_name = "WHEN", value_parser = parse_when)]
    pub(crate) expires: Option<When>,
    /// What to print; json has the key in it, too
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `jeton user`
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a person, and print the link with which they set their password
    #[command(
        after_help = "Example:\n  jeton user add ada --role member\n\nThe link works once. It goes to standard output alone: send it on a way that only they can read."
    )]
    Add {
        /// The name with which they sign in
        name: String,
        /// What they may do
        #[arg(long, value_enum, default_value_t)]
        role: RoleArg,
        /// What to print; json has the link in it, too
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show the people who may sign in
    #[command(after_help = "Example:\n  jeton user list")]
    List {
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Change what a person may do
    #[command(after_help = "Example:\n  jeton user set-role ada auditor")]
    SetRole {
        /// Their name
        name: String,
        /// What they may do from now on
        #[arg(value_enum)]
        role: RoleArg,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Shut a person out, and end their browser sessions
    #[command(after_help = "Example:\n  jeton user disable ada")]
    Disable {
        /// Their name
        name: String,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Let a person in again
    #[command(after_help = "Example:\n  jeton user enable ada")]
    Enable {
        /// Their name
        name: String,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Remove a person
    #[command(after_help = "Example:\n  jeton user remove ada --yes")]
    Remove {
        /// Their name
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Print another link with which a person sets a new password
    #[command(after_help = "Example:\n  jeton user invite ada")]
    Invite {
        /// Their name
        name: String,
        /// What to print; json has the link in it, too
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// What a person may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleArg {
    /// Everything
    Operator,
    /// What policies give them
    #[default]
    Member,
    /// Look at everything; change and open nothing
    Auditor,
}

/// `jeton audit`
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Show what happened, newest first
    #[command(after_help = "Example:\n  jeton audit list --actor client:ci --since 2d")]
    List {
        #[command(flatten)]
        filter: RecordFilter,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Find out whether anything of the record was changed, removed or moved
    #[command(
        after_help = "Example:\n  jeton audit verify --archives\n\nEnds with status 1 when something is wrong. Keep the SEQ:HASH that it prints somewhere else, and\ngive it to --expect later: that also shows when the end of the record was cut off."
    )]
    Verify {
        /// Also the archived files
        #[arg(long)]
        archives: bool,
        /// An entry that must still be there, as an earlier run printed it
        #[arg(long, value_name = "SEQ:HASH")]
        expect: Option<String>,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Write what happened as JSON lines, oldest first
    #[command(after_help = "Example:\n  jeton audit export --since 2026-11-01 --output november.jsonl")]
    Export {
        #[command(flatten)]
        filter: RecordFilter,
        /// Write it to this file, which is there whole or not at all [default: standard output]
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// Which entries of the record.
#[derive(Debug, Args)]
pub(crate) struct RecordFilter {
    /// Only this event, as token.granted
    #[arg(long, value_name = "NAME")]
    pub(crate) event: Option<String>,
    /// Only what this one did, as client:ci, user:ada or operator
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// Only what is about the secret with this fingerprint
    #[arg(long, value_name = "HEX")]
    pub(crate) fingerprint: Option<String>,
    /// Only what happened in this request
    #[arg(long, value_name = "ID")]
    pub(crate) request_id: Option<String>,
    /// Only what happened at this time or later, as 2026-11-22, or not longer ago, as 2d
    #[arg(long, value_name = "WHEN", value_parser = parse_when)]
    pub(crate) since: Option<When>,
    /// Only what happened before this time
    #[arg(long, value_name = "WHEN", value_parser = parse_when)]
    pub(crate) until: Option<When>,
}

/// `jeton whoami`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  jeton whoami")]
pub(crate) struct WhoamiArgs {
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
