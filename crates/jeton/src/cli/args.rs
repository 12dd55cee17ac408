//! What can be typed.
#![expect(
    clippy::doc_markdown,
    reason = "clap prints these comments as they stand, and people read no backticks"
)]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::{
    Format,
    args_access::{AuditCommand, ClientCommand, UserCommand, WhoamiArgs},
    args_account::AccountCommand,
    args_account_parts::OnlineArgs,
    args_ci::{CiPlaceArgs, WayArgs},
    args_content::ContentCommand,
    args_policy::PolicyCommand,
    args_runner::RunnerCommand,
    args_secret::SecretCommand,
    overridden,
};
use crate::config::Override;

const EXIT_STATUSES: &str = "\
Exit status:
  0  it worked
  1  something to change in the command, the request or the configuration
  2  the server or the forge failed, or cannot be reached

Example:
  jeton serve";

/// Mints, caches, renews and hands out GitHub App installation tokens.
#[derive(Debug, Parser)]
#[command(name = "jeton", version, about, after_help = EXIT_STATUSES, propagate_version = true, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// The configuration file [default: ./jeton.toml, then /etc/jeton/jeton.toml; env: JETON_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A file with NAME=value lines, which never override the environment [default: ./.env]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(ServeArgs),
    /// Show everything on a simulated GitHub, with a server on a free port
    Demo(DemoArgs),
    /// Get, list and give back tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Add, test, list, replace and remove accounts: people's tokens for GitHub, GitLab and Bitbucket
    #[command(subcommand)]
    Account(AccountCommand),
    /// Read repositories on GitHub, GitLab and Bitbucket: their trees, files, lines and commits
    #[command(subcommand)]
    Content(ContentCommand),
    /// Get tokens for self-hosted runners; list and remove those that the server keeps
    #[command(subcommand)]
    Runner(RunnerCommand),
    /// Push secrets to GitHub Actions, GitLab CI and Bitbucket Pipelines
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Add, list, check and remove GitHub Apps
    #[command(subcommand)]
    App(AppCommand),
    /// Add, list, rotate and revoke clients: the programs that may ask
    #[command(subcommand)]
    Client(ClientCommand),
    /// See, try and change the policies: who may get what
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Read, verify and export the record: who did what
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Add, list and change the people who may sign in
    #[command(subcommand)]
    User(UserCommand),
    /// Show who the server takes you for, and what you may do
    Whoami(WhoamiArgs),
    /// Make, show, rotate and retire the keys that seal the vault
    #[command(subcommand)]
    Key(KeyCommand),
    /// Find out what is wrong with this machine's setup; needs no server
    Doctor(DoctorArgs),
}

/// `jeton serve`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  jeton serve --listen 127.0.0.1:8080 --listen '[::1]:8080'")]
pub(crate) struct ServeArgs {
    /// Where to listen; may be given several times [setting: server.listen]
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<String>,
    /// A Unix socket to listen on [setting: server.unix_socket]
    #[arg(long, value_name = "PATH")]
    unix_socket: Option<String>,
    /// Where the database and the generated keys live [setting: state.dir]
    #[arg(long, value_name = "DIRECTORY")]
    state_dir: Option<String>,
    /// error, warn, info, debug or trace [setting: log.level]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// text or json [setting: log.format]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl ServeArgs {
    /// The flags as settings.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let listen = (!self.listen.is_empty()).then(|| self.listen.join(","));
        [
            overridden("server.listen", "--listen", listen.as_ref()),
            overridden("server.unix_socket", "--unix-socket", self.unix_socket.as_ref()),
            overridden("state.dir", "--state-dir", self.state_dir.as_ref()),
            overridden("log.level", "--log-level", self.log_level.as_ref()),
            overridden("log.format", "--log-format", self.log_format.as_ref()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// `jeton demo`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  jeton demo --once")]
pub(crate) struct DemoArgs {
    /// End after the walk instead of staying up
    #[arg(long)]
    pub(crate) once: bool,
    /// Keep the demo's directory
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Where the server is.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ServerArgs {
    /// The server's URL, or unix:PATH for its socket [default: its socket, then http://127.0.0.1:8080; env: JETON_URL].
    /// The key comes from JETON_TOKEN, JETON_TOKEN_FILE, or the operator's key file; over the socket none is needed
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Send the key over plain http even to another machine, where others may read it [env: JETON_INSECURE_HTTP=true]
    #[arg(long)]
    pub(crate) insecure_http: bool,
    /// In a job of CI: ask with the job's own identity, made for this audience, instead of a stored key; mostly the server's URL. GitHub
    /// Actions makes it, with `permissions: id-token: write`; GitLab puts it into JETON_IDENTITY_TOKEN, with `id_tokens`, and Bitbucket
    /// into BITBUCKET_STEP_OIDC_TOKEN, with `oidc: true`. JETON_TOKEN goes before it [env: JETON_OIDC_AUDIENCE]
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) oidc_audience: Option<String>,
}

impl ServerArgs {
    /// Every free text that was typed.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        [&self.url, &self.oidc_audience]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }
}

/// `jeton token`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Get a token for repositories of one owner
    #[command(
        after_help = "Example:\n  GH_TOKEN=$(jeton token mint acme/tools --permission contents=read --format plain)\n\nThe token is printed only with --format plain, json or env; github-output writes it to $GITHUB_OUTPUT."
    )]
    Mint(MintArgs),
    /// Say what a token is, and whether all of it is there, without asking anybody unless --online
    #[command(
        after_help = "Example:\n  jeton token inspect --forge github < token.txt\n\nThe token comes from standard input, or is asked for on the terminal without showing it; never as an\nargument. Nothing is sent anywhere; with --online the token is sent to its forge alone, and no server is\nneeded either. Ends with status 1 when the token cannot be used, or when its forge refuses it or it will\nnot do for what --for names; with 3 when the forge gave no clear word."
    )]
    Inspect(InspectArgs),
    /// Give a token back before it ends, or end all that somebody holds
    #[command(
        after_help = "Example:\n  jeton token revoke 0192d1f0-5a5e-7c3b-8f4e-1b2c3d4e5f60\n  jeton token revoke --all-of client:ci"
    )]
    Revoke {
        /// The id that came with the token; `jeton token list` shows it
        #[arg(required_unless_present = "all_of")]
        grant_id: Option<uuid::Uuid>,
        /// End the token even though others hold it too
        #[arg(long)]
        force: bool,
        /// End every token that this holder has, also where others hold it too: a name as `jeton token list` shows it
        #[arg(long, value_name = "HOLDER", conflicts_with_all = ["grant_id", "force"])]
        all_of: Option<String>,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show who holds what
    #[command(after_help = "Example:\n  jeton token list --format json")]
    List {
        /// Also what has ended or was given back
        #[arg(long)]
        all: bool,
        /// Only what you hold yourself
        #[arg(long)]
        mine: bool,
        #[command(flatten)]
        filter: GrantFilterArgs,
        /// At most so many, newest first
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// Which grants `jeton token list` shows.
#[derive(Debug, Args)]
pub(crate) struct GrantFilterArgs {
    /// Only what this holder holds, by the name that the list shows, such as client:ci
    #[arg(long, value_name = "HOLDER")]
    pub(crate) holder: Option<String>,
    /// Only from this App or account, as app:ci or account:work
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: Option<String>,
    /// Only for this repository, or with a slash at the end for any of this owner
    #[arg(long, value_name = "OWNER/REPO")]
    pub(crate) repository: Option<String>,
    /// Only of the token with this fingerprint
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) fingerprint: Option<String>,
}

/// `jeton token mint`
#[derive(Debug, Args)]
pub(crate) struct MintArgs {
    /// The repositories, all of one owner
    #[arg(required = true, value_name = "OWNER/REPO")]
    pub(crate) repositories: Vec<String>,
    /// What the token must be able to do, as contents=read; may be given several times [default: the server's]
    #[arg(long = "permission", value_name = "NAME=LEVEL")]
    pub(crate) permissions: Vec<String>,
    /// The App, by your name for it [default: the one that is installed on the owner]
    #[arg(long, value_name = "NAME")]
    pub(crate) app: Option<String>,
    /// The account whose stored token is wanted, by label or id; it cannot be narrowed [default: an App's token where one can serve]
    #[arg(long, value_name = "LABEL", conflicts_with_all = ["app", "permissions", "fresh"])]
    pub(crate) account: Option<String>,
    /// The forge, by its host, when there are Apps or accounts on several
    #[arg(long, value_name = "HOST")]
    pub(crate) forge: Option<String>,
    /// The token must live at least this long, as 30m or 1800
    #[arg(long, value_name = "TIME", value_parser = super::when::parse_seconds)]
    pub(crate) min_validity: Option<u32>,
    /// Mint a new token even if a good one is there
    #[arg(long)]
    pub(crate) fresh: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TokenFormat,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `jeton token inspect`
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The forge that it is meant for
    #[arg(long, value_enum, value_name = "FORGE")]
    pub(crate) forge: Option<ForgeArg>,
    #[command(flatten)]
    pub(crate) online: OnlineArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Never: others could read it
    #[arg(hide = true)]
    pub(crate) token: Option<String>,
}

/// A kind of forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ForgeArg {
    /// github.com, GitHub Enterprise Cloud and Server
    Github,
    /// gitlab.com and self-managed GitLab
    Gitlab,
    /// Bitbucket Cloud
    Bitbucket,
}

/// What `jeton token mint` prints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenFormat {
    /// Everything but the token, for people
    #[default]
    Table,
    /// The server's answer, with the token
    Json,
    /// Lines for a shell, with the names that the forge's tools read: GITHUB_TOKEN=… and GH_TOKEN=…, GITLAB_TOKEN=…, or
    /// BITBUCKET_TOKEN=…
    Env,
    /// To $GITHUB_OUTPUT, as token and expires_at, and masked in the log
    GithubOutput,
    /// The token and nothing else
    Plain,
}

/// `jeton app`
#[derive(Debug, Subcommand)]
pub(crate) enum AppCommand {
    /// Give the server a GitHub App
    #[command(after_help = "Example:\n  jeton app add ci --app-id 123456 --key-file ci.2026-01-01.private-key.pem")]
    Add(AddAppArgs),
    /// Show the Apps
    #[command(after_help = "Example:\n  jeton app list")]
    List {
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Ask GitHub about an App: its key, its installations and what they grant
    #[command(after_help = "Example:\n  jeton app check ci\n\nEnds with status 1 when something is wrong.")]
    Check {
        /// Your name for it
        name: String,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Make the server forget an App and its key
    #[command(after_help = "Example:\n  jeton app remove ci --yes")]
    Remove {
        /// Your name for it
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// `jeton app add`
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("key").required(true).args(["key_file", "key_stdin"])))]
pub(crate) struct AddAppArgs {
    /// Your name for it: lower-case letters, digits, `-`, `_`, `.`
    pub(crate) name: String,
    /// Its App id or client id
    #[arg(long, value_name = "ID")]
    pub(crate) app_id: String,
    /// The file with its private key
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Read the private key from standard input
    #[arg(long)]
    pub(crate) key_stdin: bool,
    /// The URL of the forge's API, github.com's when left out
    #[arg(long, value_name = "URL")]
    pub(crate) api_url: Option<String>,
    /// Do not ask the forge whether id and key belong together
    #[arg(long)]
    pub(crate) no_check: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `jeton key`
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a new sealing key
    #[command(after_help = "Example:\n  jeton key generate --out /etc/jeton/seal.key")]
    Generate {
        /// Write it to a new file that its owner alone can read, instead of standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Show which keys the server uses, by their fingerprints
    #[command(after_help = "Example:\n  jeton key status")]
    Status {
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Make a new data key and seal everything anew with it, while requests are served
    #[command(
        after_help = "Example:\n  jeton key rotate --wait\n\nTo change the sealing key itself: `jeton key generate --out NEW`, name NEW as seal.key_file and the old\nfile as seal.previous_key_file, restart every server, and run this. `jeton key status` then shows\nthat nothing needs the old key."
    )]
    Rotate {
        /// End only when everything is sealed anew and the old data keys are retired
        #[arg(long)]
        wait: bool,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Retire a key that nothing needs
    #[command(after_help = "Example:\n  jeton key retire 2c26b46b68ff\n\nA key in use is refused, with what uses it.")]
    Retire {
        /// As `jeton key status` shows it
        id: String,
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// `jeton doctor`
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example:\n  jeton doctor --format json\n\nEnds with status 1 when anything fails. The database is opened as the server opens it, which\nbrings its schema up to date."
)]
pub(crate) struct DoctorArgs {
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// One thing alone
    #[command(subcommand)]
    pub(crate) command: Option<DoctorCommand>,
}

/// `jeton doctor SUBJECT`
#[derive(Debug, Subcommand)]
pub(crate) enum DoctorCommand {
    /// Find out whether runners could be registered, and if not, what is missing and where to set it; nothing is made or changed
    #[command(after_help = DOCTOR_RUNNER_HELP)]
    Runner(Box<DoctorRunnerArgs>),
}

const DOCTOR_RUNNER_HELP: &str = "\
Example:
  jeton doctor runner acme/tools

Each App and account of the server that you may use is looked at, by reading alone. Without a server the
token of the environment is: GITHUB_TOKEN or GH_TOKEN, GITLAB_TOKEN, or BITBUCKET_TOKEN with BITBUCKET_EMAIL.

Exit status:
  0  something will do
  1  nothing will, or the command is wrong
  2  that could not be found out";

/// `jeton doctor runner`
#[derive(Debug, Args)]
pub(crate) struct DoctorRunnerArgs {
    /// Show what the forge was asked, and what it said
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) way: WayArgs,
    #[command(flatten)]
    pub(crate) place: CiPlaceArgs,
}
