//! What can be typed after `jeton content`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Format, ServerArgs};

/// `jeton content`
#[derive(Debug, Subcommand)]
pub(crate) enum ContentCommand {
    /// List what is in a repository
    #[command(after_help = TREE_HELP)]
    Tree(TreeArgs),
    /// Write files as they are, byte for byte
    #[command(after_help = CAT_HELP)]
    Cat(CatArgs),
    /// Show some lines of a file
    #[command(after_help = LINES_HELP)]
    Lines(LinesArgs),
    /// List commits, newest first
    #[command(after_help = COMMITS_HELP)]
    Commits(CommitsArgs),
}

const TREE_HELP: &str = "\
Example:
  jeton content tree acme/tools src --ref v1.2

What is no file has a mark: directories end with /, symbolic links with @, and submodules name their commit.

Without a server the forge is asked directly, with GITHUB_TOKEN or GH_TOKEN, GITLAB_TOKEN, or
BITBUCKET_TOKEN with BITBUCKET_EMAIL; with none of them what is public can be read.";

const CAT_HELP: &str = "\
Example:
  jeton content cat acme/tools assets/logo.png --output logo.png

Several files are written one after the other. With --output nothing is there until all of it is.";

const LINES_HELP: &str = "\
Example:
  jeton content lines acme/tools src/main.rs 100-200
  jeton content lines 'https://github.com/acme/tools/blob/main/src/main.rs#L100-L200' --number

With --format json one answer is printed; when it is truncated, its `next` is the line to go on with.";

const COMMITS_HELP: &str = "\
Example:
  jeton content commits acme/tools --path src --since 2026-11-01 --timezone Europe/Berlin

Commits are chosen by the committer's date. A cursor stays good when new commits are made.";

/// Where to read, and through whom.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct WhereArgs {
    /// The branch, tag or commit [default: the default branch, or what the page's address says]
    #[arg(long = "ref", value_name = "REF")]
    pub(crate) reference: Option<String>,
    /// github, gitlab or bitbucket, or the forge's host [default: github, or the page's]
    #[arg(long, value_name = "FORGE")]
    pub(crate) forge: Option<String>,
    /// Where a self-hosted forge is, as people see it [default: github.com, gitlab.com or bitbucket.org]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Ask the forge directly even though there is a server
    #[arg(long, conflicts_with_all = ["url", "insecure_http", "oidc_audience"])]
    pub(crate) alone: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// What to print.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct PrintArgs {
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

impl PrintArgs {
    /// Whichever way it was said.
    pub(crate) fn format(self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// `jeton content tree`
#[derive(Debug, Args)]
pub(crate) struct TreeArgs {
    /// The repository, with its groups on GitLab; or the address of its page, or of a directory's
    #[arg(value_name = "OWNER/REPO|URL")]
    pub(crate) repository: String,
    /// The directory [default: all of it]
    pub(crate) path: Option<String>,
    /// Only what lies in the directory itself
    #[arg(long)]
    pub(crate) no_recursive: bool,
    /// At most so many entries [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Go on after an earlier answer, by its cursor
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
    #[command(flatten)]
    pub(crate) print: PrintArgs,
    #[command(flatten)]
    pub(crate) place: WhereArgs,
}

/// `jeton content cat`
#[derive(Debug, Args)]
pub(crate) struct CatArgs {
    /// The repository, with its groups on GitLab; or the address of its page, or of a file's
    #[arg(value_name = "OWNER/REPO|URL")]
    pub(crate) repository: String,
    /// The files
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["json", "format"])]
    pub(crate) output: Option<PathBuf>,
    /// With --format json: the byte to begin with
    #[arg(long, value_name = "BYTE")]
    pub(crate) offset: Option<u64>,
    /// With --format json: at most so many bytes [default: all of a file of up to 1 MiB, pieces of 50,000 of a larger one]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) print: PrintArgs,
    #[command(flatten)]
    pub(crate) place: WhereArgs,
}

/// `jeton content lines`
#[derive(Debug, Args)]
pub(crate) struct LinesArgs {
    /// The repository, with its groups on GitLab; or the address of a file's page, also with lines (#L10-L20)
    #[arg(value_name = "OWNER/REPO|URL")]
    pub(crate) repository: String,
    /// The file, and its lines from 1, both included, as 100-200, 100 or 100- [default: what the address says, or all]
    #[arg(value_name = "PATH LINES", num_args = 0..=2, allow_negative_numbers = true)]
    pub(crate) rest: Vec<String>,
    /// Put each line's number before it
    #[arg(long, short)]
    pub(crate) number: bool,
    #[command(flatten)]
    pub(crate) print: PrintArgs,
    #[command(flatten)]
    pub(crate) place: WhereArgs,
}

/// `jeton content commits`
#[derive(Debug, Args)]
pub(crate) struct CommitsArgs {
    /// The repository, with its groups on GitLab; or the address of its page, or of a file's
    #[arg(value_name = "OWNER/REPO|URL")]
    pub(crate) repository: String,
    /// Only commits that changed this file or directory
    #[arg(long, value_name = "PATH")]
    pub(crate) path: Option<String>,
    /// Only from this day or time on, as 2026-11-22 or 2026-11-22T09:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only up to this day, which is in, or before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Where days begin and end, as Europe/Berlin or +02:00 [default: UTC]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub(crate) timezone: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: u64,
    /// Go on after a commit, by its cursor
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
    #[command(flatten)]
    pub(crate) print: PrintArgs,
    #[command(flatten)]
    pub(crate) place: WhereArgs,
}
