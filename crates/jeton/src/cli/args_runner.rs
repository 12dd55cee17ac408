//! What can be typed after `jeton runner`.
#![expect(
    clippy::doc_markdown,
    reason = "clap prints these comments as they stand, and people read no backticks"
)]

use clap::{ArgAction, Args, Subcommand, ValueEnum};

use super::{
    Format, ServerArgs,
    args_ci::{CiPlaceArgs, WayArgs},
    when::parse_seconds,
};

/// `jeton runner`
#[derive(Debug, Subcommand)]
pub(crate) enum RunnerCommand {
    /// Get a token with which runners register themselves; on GitLab and Bitbucket, a runner's own
    #[command(after_help = TOKEN_HELP)]
    Token(Box<RunnerTokenArgs>),
    /// Get a token with which runners of GitHub remove themselves
    #[command(
        after_help = "Example:\n  RUNNER_TOKEN=$(jeton runner remove-token acme/tools --format plain)\n  ./config.sh remove --token \"$RUNNER_TOKEN\"\n\nOn GitLab and Bitbucket, `jeton runner remove` removes a runner."
    )]
    RemoveToken(Box<RemoveTokenArgs>),
    /// Get the configuration of a GitHub runner that runs a single job
    #[command(
        after_help = "Example:\n  ./run.sh --jitconfig \"$(jeton runner jit-config acme/tools --name build-1 --label linux --format plain)\"\n\nThe forge makes the runner at once: each needs a name of its own. The configuration is printed only with\n--format plain, json or env; --github-output NAME writes it to $GITHUB_OUTPUT."
    )]
    JitConfig(Box<JitConfigArgs>),
    /// Show the runners that the server made and whose tokens it keeps (GitLab, Bitbucket)
    #[command(after_help = "Example:\n  jeton runner list --forge gitlab.com")]
    List {
        /// Only those on this forge, by its host
        #[arg(long, value_name = "HOST")]
        forge: Option<String>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// What to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Remove a runner that the server made, at its forge as well
    #[command(after_help = "Example:\n  jeton runner remove 0197b2c0-5a4e-7c11-8f00-0123456789ab --yes")]
    Remove {
        /// Its id, as the list shows it
        id: uuid::Uuid,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
}

const TOKEN_HELP: &str = "\
Example:
  ./config.sh --unattended --url https://github.com/acme/tools \\
    --token \"$(jeton runner token acme/tools --format plain)\"

In GitHub Actions, with `permissions: id-token: write` and nothing stored anywhere:
  jeton runner token --org acme --github-output token \\
    --url https://jeton.example.com --oidc-audience https://jeton.example.com

Without a server the forge is asked directly, with GITHUB_TOKEN or GH_TOKEN, GITLAB_TOKEN, or
BITBUCKET_TOKEN with BITBUCKET_EMAIL. The token is printed only with --format plain, json or env.
When it is refused, `jeton doctor runner` finds out what is missing, and changes nothing.";

/// What is printed of a credential for runners.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RunnerOutputArgs {
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: RunnerFormat,
    /// Write it to $GITHUB_OUTPUT by this name, its end as NAME-expires-at, and on Bitbucket NAME-client-id and NAME-runner-id, the
    /// runner's UUID; GitHub hides it in the log
    #[arg(long, value_name = "NAME", conflicts_with = "format")]
    pub(crate) github_output: Option<String>,
}

/// What `jeton runner token` prints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunnerFormat {
    /// Everything but the token, for people
    #[default]
    Table,
    /// The token and nothing else
    Plain,
    /// The server's answer, with the token
    Json,
    /// Lines for a shell: RUNNER_TOKEN=… and RUNNER_URL=…; on GitLab what gitlab-runner register reads, CI_SERVER_TOKEN=… and
    /// CI_SERVER_URL=…; on Bitbucket OAUTH_CLIENT_ID=…, OAUTH_CLIENT_SECRET=… and RUNNER_UUID=…
    Env,
    /// The same as --github-output token
    GithubOutput,
}

/// How good a token has to be.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct LifeArgs {
    /// The token must live at least this long, as 30m or 1800 [default: the server's, 10 minutes: a machine has to boot]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub(crate) min_validity: Option<u32>,
    /// Have a new token made even if a good one is there
    #[arg(long)]
    pub(crate) fresh: bool,
}

/// What a runner that stays shall be like.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "The runner (GitLab, Bitbucket)")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that people type")]
pub(crate) struct RunnerWishArgs {
    /// Its name; who asks for the same name again gets the same runner's token [default: jeton]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// A tag (GitLab) or label (Bitbucket); may be given several times
    #[arg(long = "label", value_name = "LABEL", visible_alias = "tag")]
    pub(crate) labels: Vec<String>,
    /// GitLab: let it take jobs without tags
    #[arg(long, overrides_with = "no_run_untagged")]
    pub(crate) run_untagged: bool,
    /// GitLab: only jobs with one of its tags
    #[arg(long)]
    pub(crate) no_run_untagged: bool,
    /// GitLab: let no other project use it
    #[arg(long, overrides_with = "no_locked")]
    pub(crate) locked: bool,
    /// GitLab: let other projects use it
    #[arg(long)]
    pub(crate) no_locked: bool,
    /// GitLab: take no jobs for now
    #[arg(long, overrides_with = "no_paused")]
    pub(crate) paused: bool,
    /// GitLab: take jobs
    #[arg(long)]
    pub(crate) no_paused: bool,
    /// GitLab: only jobs of protected branches and tags
    #[arg(long, overrides_with = "no_protected_only")]
    pub(crate) protected_only: bool,
    /// GitLab: jobs of all branches
    #[arg(long)]
    pub(crate) no_protected_only: bool,
    /// GitLab: the longest time of a job, as 1h or 3600
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub(crate) maximum_timeout: Option<u32>,
    /// GitLab Premium: for how long its token lives, 5 minutes to 15 days, as 7d or 604800; the server renews it ahead
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub(crate) token_lifetime: Option<u32>,
}

/// `jeton runner token`
#[derive(Debug, Clone, Args)]
pub(crate) struct RunnerTokenArgs {
    #[command(flatten)]
    pub(crate) output: RunnerOutputArgs,
    #[command(flatten)]
    pub(crate) life: LifeArgs,
    #[command(flatten)]
    pub(crate) way: WayArgs,
    #[command(flatten)]
    pub(crate) place: CiPlaceArgs,
    #[command(flatten)]
    pub(crate) wish: RunnerWishArgs,
}

/// `jeton runner remove-token`
#[derive(Debug, Clone, Args)]
pub(crate) struct RemoveTokenArgs {
    #[command(flatten)]
    pub(crate) output: RunnerOutputArgs,
    #[command(flatten)]
    pub(crate) life: LifeArgs,
    #[command(flatten)]
    pub(crate) way: WayArgs,
    #[command(flatten)]
    pub(crate) place: CiPlaceArgs,
}

/// `jeton runner jit-config`
#[derive(Debug, Clone, Args)]
pub(crate) struct JitConfigArgs {
    /// The runner's name; no other there may have it
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// A label; may be given several times
    #[arg(long = "label", value_name = "LABEL", required = true, action = ArgAction::Append)]
    pub(crate) labels: Vec<String>,
    /// The number of its group [default: 1, the one that is always there]
    #[arg(long, value_name = "N")]
    pub(crate) group_id: Option<u64>,
    /// Its directory for work [default: _work]
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) work_folder: Option<String>,
    #[command(flatten)]
    pub(crate) output: RunnerOutputArgs,
    #[command(flatten)]
    pub(crate) way: WayArgs,
    #[command(flatten)]
    pub(crate) place: CiPlaceArgs,
}
