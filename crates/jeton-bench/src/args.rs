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
}

impl Bench {
    /// But for the name of several.
    pub(crate) const ALL: [Self; 16] = [
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
        }
    }

    /// Whether it is one of those that [`Bench::Accounts`] stands for.
    fn is_about_accounts(self) -> bool {
        matches!(
            self,
            Self::AccountPages | Self::AccountTokens | Self::AccountWatch | Self::Inspect | Self::Reseal
        )
    }
}

impl Args {
    pub(crate) fn chosen(&self) -> Vec<Bench> {
        let group = self.only.contains(&Bench::Accounts);
        let wanted =
            |bench: &Bench| self.only.is_empty() || self.only.contains(bench) || (group && bench.is_about_accounts());
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
    }
}
