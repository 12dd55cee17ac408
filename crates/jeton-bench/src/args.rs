use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Measures a real jeton server against its targets.
#[derive(Debug, Parser)]
#[command(after_help = "Example:\n  cargo run --release -p jeton-bench -- --only warm --quick")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Run only this; may be given several times
    #[arg(long, value_enum)]
    only: Vec<Bench>,
    /// Shorter and fewer runs
    #[arg(long)]
    pub(crate) quick: bool,
    /// Fill the cache with 100,000 tokens rather than extrapolate from 10,000; takes about a quarter of an hour, most
    /// of it to make 100,000 repositories on the simulated forge
    #[arg(long)]
    pub(crate) full: bool,
    /// Exit with 1 when a target is missed
    #[arg(long)]
    pub(crate) strict: bool,
    /// The jeton to measure, rather than one that cargo builds now
    #[arg(long, value_name = "PATH")]
    pub(crate) jeton: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The server to compare with; the benchmark starts it by itself
    #[command(hide = true)]
    Bare(BareArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct BareArgs {
    /// Where to listen on 127.0.0.1
    #[arg(long)]
    pub(crate) port: u16,
    /// The route that answers, as axum writes it
    #[arg(long)]
    pub(crate) route: String,
    /// The headers and the body of every answer, as they came over the wire
    #[arg(long)]
    pub(crate) body_file: PathBuf,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bench {
    /// Warm hand-out against a bare route
    Warm,
    /// 1,000 callers of one cold key
    Stampede,
    /// 200 cold repositories of one owner
    ColdOwner,
    /// A renewal under load
    Expiry,
    /// Warm hand-out while another owner's forge is slow
    SlowNeighbour,
    /// Resident memory, idle and per cached token
    Memory,
    /// Start to ready
    Start,
    /// Warm hand-out with an API key, beside 10,000 policies, against the same without a key
    WarmKey,
    /// Decisions among 10,000 policies
    Decisions,
    /// Grants that are each written to the record, and its verification
    Record,
    /// All of the following, which are about stored accounts
    Accounts,
    /// Pages of accounts, and the choice of one, among 1,000 and among 1,000,000
    AccountPages,
    /// Hand-outs of accounts' tokens, against those of Apps' tokens
    AccountTokens,
    /// A day of the watch over 100,000 accounts
    AccountWatch,
    /// Pasted tokens that are inspected
    Inspect,
    /// 1,000,000 values that are sealed anew while tokens are handed out
    Reseal,
    /// The pages that people see, at 10,000 accounts
    Pages,
    /// All of the following, which are about content of repositories
    Content,
    /// Cached content against a bare route, and lines of a large file against a small file
    ContentCached,
    /// How often a forge is asked for cold, pinned and branch content
    ContentCalls,
    /// 64 readers of one file of 100 MB
    ContentLarge,
    /// A tree of 100,000 files
    ContentTree,
}

impl Bench {
    /// But for the names of several.
    pub(crate) const ALL: [Self; 20] = [
        Self::Start,
        Self::Stampede,
        Self::ColdOwner,
        Self::Expiry,
        Self::SlowNeighbour,
        Self::Memory,
        Self::Warm,
        Self::WarmKey,
        Self::Decisions,
        Self::Record,
        Self::AccountPages,
        Self::AccountTokens,
        Self::AccountWatch,
        Self::Inspect,
        Self::Reseal,
        Self::Pages,
        Self::ContentCached,
        Self::ContentCalls,
        Self::ContentLarge,
        Self::ContentTree,
    ];

    /// As it is written after `--only`, and in the table.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Stampede => "stampede",
            Self::ColdOwner => "cold-owner",
            Self::Expiry => "expiry",
            Self::SlowNeighbour => "slow-neighbour",
            Self::Memory => "memory",
            Self::Start => "start",
            Self::WarmKey => "warm-key",
            Self::Decisions => "decisions",
            Self::Record => "record",
            Self::Accounts => "accounts",
            Self::AccountPages => "account-pages",
            Self::AccountTokens => "account-tokens",
            Self::AccountWatch => "account-watch",
            Self::Inspect => "inspect",
            Self::Reseal => "reseal",
            Self::Pages => "pages",
            Self::Content => "content",
            Self::ContentCached => "content-cached",
            Self::ContentCalls => "content-calls",
            Self::ContentLarge => "content-large",
            Self::ContentTree => "content-tree",
        }
    }

    /// The name that stands for this one and others.
    fn group(self) -> Option<Self> {
        match self {
            Self::AccountPages | Self::AccountTokens | Self::AccountWatch | Self::Inspect | Self::Reseal => {
                Some(Self::Accounts)
            }
            Self::ContentCached | Self::ContentCalls | Self::ContentLarge | Self::ContentTree => Some(Self::Content),
            _ => None,
        }
    }
}

impl Args {
    pub(crate) fn chosen(&self) -> Vec<Bench> {
        let wanted = |bench: &Bench| {
            let in_group = bench.group().is_some_and(|group| self.only.contains(&group));
            self.only.is_empty() || self.only.contains(bench) || in_group
        };
        Bench::ALL.into_iter().filter(wanted).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::{Args, Bench};

    #[test]
    fn a_name_may_stand_for_several() {
        let chosen = |arguments: &[&str]| Args::parse_from(["bench"].iter().chain(arguments)).chosen();
        assert_eq!(chosen(&[]), Bench::ALL);
        assert_eq!(chosen(&["--only", "inspect"]), [Bench::Inspect]);
        let accounts = chosen(&["--only", "accounts", "--only", "start"]);
        assert_eq!((accounts.len(), accounts[0]), (6, Bench::Start));
        let content = chosen(&["--only", "content", "--only", "content-tree"]);
        assert_eq!((content.len(), content[0]), (4, Bench::ContentCached));
    }
}
