//! The watch over many accounts, with a clock that runs through a day in minutes. The forges answer at once: what is
//! measured is jeton.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::ensure;
use async_trait::async_trait;
use jeton_accounts::{AccountSettings, Accounts, ForgeClients, RepositoryPage, TokenGuide, WATCH_EVERY};
use jeton_domain::{CheckReport, Code, Credential, CredentialKind, Diagnosis, ForgeEndpoint, ForgeKind, Purpose};
use jeton_forge::{AccountForge, CheckAsk, Rotated, TokenEnded};
use jeton_seal::{DataKey, KeyRing};
use jiff::{SignedDuration, Timestamp, civil::Date};

use super::{
    databases::Place,
    fill::{HOSTS, Plan, fill, move_checks, number_of, report},
    statements::Statements,
    world::{Random, SetClock, accounts},
};
use crate::{
    args::Bench,
    benches::Setting,
    process::{forget_peak, peak_kib, resident_kib},
    report::Line,
};

const ACCOUNTS: u32 = 100_000;
const ACCOUNTS_QUICK: u32 = 10_000;
const DAY: SignedDuration = SignedDuration::from_hours(24);
const MINUTE_MILLIS: i64 = 60_000;
/// How much more memory the watch may take than there was without it.
const MOST_KIB: u64 = 16 * 1024;

/// Forges that take every token, and write down when they were asked.
#[derive(Debug)]
struct Forges {
    asked: Mutex<Asked>,
}

#[derive(Debug)]
struct Asked {
    /// By account, how often.
    accounts: Vec<u32>,
    /// By host, when, in milliseconds.
    hosts: BTreeMap<String, Vec<i64>>,
    looks: u32,
}

impl Forges {
    /// All memory that it will need is taken now, so that the watch's own can be told from it.
    fn new(accounts: u32) -> Self {
        let accounts = accounts as usize;
        let times = || {
            let mut times = vec![0; accounts];
            times.clear();
            times
        };
        let hosts = HOSTS.map(|host| (host.to_owned(), times()));
        let asked = Asked {
            accounts: vec![0; accounts],
            hosts: hosts.into(),
            looks: 0,
        };
        Self {
            asked: Mutex::new(asked),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self) {
        let mut asked = self.lock();
        asked.accounts.fill(0);
        asked.hosts.values_mut().for_each(Vec::clear);
        asked.looks = 0;
    }
}

impl Asked {
    /// The most looks at one host within any 60 seconds.
    fn busiest_minute(&self) -> usize {
        let busiest = self.hosts.values().map(|times| {
            let mut first = 0;
            let within = times.iter().enumerate().map(|(last, at)| {
                while at - times[first] >= MINUTE_MILLIS {
                    first += 1;
                }
                last + 1 - first
            });
            within.max().unwrap_or(0)
        });
        busiest.max().unwrap_or(0)
    }

    /// How many accounts were looked at so often.
    fn looked_at(&self, times: u32) -> usize {
        self.accounts.iter().filter(|count| **count == times).count()
    }
}

impl ForgeClients for Forges {
    fn of(&self, _: ForgeKind) -> &dyn AccountForge {
        self
    }
}

#[async_trait]
impl AccountForge for Forges {
    async fn check(&self, credential: &Credential, _: &CheckAsk, now: Timestamp) -> CheckReport {
        let mut asked = self.lock();
        let number = number_of(&credential.token).unwrap_or(u32::MAX) as usize;
        if let Some(count) = asked.accounts.get_mut(number) {
            *count = count.saturating_add(1);
        }
        if let Some(times) = asked.hosts.get_mut(credential.forge.host()) {
            times.push(now.as_millisecond());
        }
        asked.looks += 1;
        report(credential.kind, now)
    }

    async fn list_repositories(
        &self,
        _: &Credential,
        _: Option<&str>,
        _: u32,
        _: Timestamp,
    ) -> Result<RepositoryPage, Box<Diagnosis>> {
        Err(Box::new(unsupported()))
    }

    async fn rotate(&self, _: &Credential, _: Option<Date>, _: Timestamp) -> Rotated {
        Rotated::Refused(unsupported())
    }

    async fn end_token(&self, _: &Credential, _: Timestamp) -> TokenEnded {
        TokenEnded::Unsupported(unsupported())
    }

    fn cannot_end(&self, _: &ForgeEndpoint, _: CredentialKind) -> Option<Diagnosis> {
        Some(unsupported())
    }

    fn guide(&self, forge: &ForgeEndpoint, kind: Option<CredentialKind>, _: &[Purpose], _: Option<&str>) -> TokenGuide {
        TokenGuide {
            kind: kind.unwrap_or(CredentialKind::GitHubFineGrained),
            scopes: Vec::new(),
            url: forge.web_url().to_owned(),
            steps: Vec::new(),
        }
    }
}

fn unsupported() -> Diagnosis {
    Diagnosis {
        code: Code::RotationUnsupported,
        cause: "nobody asks for this here".to_owned(),
        remedy: "Ask for nothing else than a look.".to_owned(),
        url: None,
        retry_at: None,
    }
}

/// What came of many rounds.
#[derive(Debug, Default)]
struct Rounds {
    count: u32,
    slowest: Duration,
    took: Duration,
}

impl Rounds {
    /// Goes on until it is that late, or until so many looks were made.
    async fn run(
        accounts: &Accounts,
        forges: &Forges,
        clock: &SetClock,
        (from, to): (Timestamp, Timestamp),
        looks: u32,
    ) -> anyhow::Result<Self> {
        let (mut these, mut now, begun) = (Self::default(), from, Instant::now());
        while now < to && forges.lock().looks < looks {
            clock.set(now);
            let round = Instant::now();
            accounts.watch().await?;
            these.slowest = these.slowest.max(round.elapsed());
            these.count += 1;
            now += WATCH_EVERY;
        }
        these.took = begun.elapsed();
        Ok(these)
    }
}

pub(in super::super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let count = if setting.quick { ACCOUNTS_QUICK } else { ACCOUNTS };
    let statements = Statements::of_process()?;
    let directory = tempfile::Builder::new().prefix("jeton-bench-").tempdir()?;
    let place = Place::Sqlite(directory.path().join("jeton.db"));
    // Makes the tables; a vault holds its file until it is dropped.
    place.open().await?.close().await;
    let ring = Arc::new(KeyRing::new([], &DataKey::generate(&Random::default())));
    let start: Timestamp = "2026-11-22T00:00:00Z".parse()?;
    let plan = Plan {
        accounts: count,
        owner: "client:00000000-0000-7000-8000-000000000000".to_owned(),
        now: start,
        first_check: start,
        spread: false,
        end: false,
    };
    fill(&place, &ring, &plan).await?;
    let settings = AccountSettings::default();
    let per_minute = settings.checks_per_minute as usize;
    let vault = place.open().await?;
    let (forges, clock) = (Arc::new(Forges::new(count)), SetClock::at(start));
    let accounts = accounts(&vault, &ring, &clock, Arc::clone(&forges) as _, settings).await?;
    let own = std::process::id();
    let before = resident_kib(own)?;
    forget_peak()?;

    let mut lines = Vec::new();
    let at_once = Rounds::run(&accounts, &forges, &clock, (start, start + DAY), count).await?;
    lines.extend(limits(&forges, "all due at once", count, per_minute));
    lines.push(Line::info(
        Bench::AccountWatch.as_str(),
        "all due at once: until each was looked at",
        format!("{} min of the clock, {}", at_once.count * 5 / 60, words(&at_once)),
    ));

    let mut peak = peak_kib(own)?;
    let next = start + DAY * 2;
    move_checks(&place, next).await?;
    // To move them takes memory too.
    forget_peak()?;
    forges.forget();
    clock.set(next - SignedDuration::from_secs(5));
    statements.begin();
    accounts.watch().await?;
    let idle = statements.end();
    // Places are whole seconds: each round comes just before one, so that the last of the day has all of the day behind it.
    let first = next + SignedDuration::from_millis(4_999);
    statements.begin();
    let day = Rounds::run(&accounts, &forges, &clock, (first, next + DAY), u32::MAX).await?;
    let sent = statements.end();
    lines.extend(limits(&forges, "a day", count, per_minute));
    let after = resident_kib(own)?;
    peak = peak.max(peak_kib(own)?);
    let looks = forges.lock().looks;
    ensure!(looks > 0, "nobody was looked at");
    let of_looks = sent.saturating_sub(idle * u64::from(day.count));
    #[expect(clippy::cast_precision_loss, reason = "counts of statements are far below 2^52")]
    let per_look = of_looks as f64 / f64::from(looks);
    let grown = peak.saturating_sub(before);
    lines.extend([
        Line::info(
            Bench::AccountWatch.as_str(),
            "a day: rounds",
            format!("{}, {}", day.count, words(&day)),
        ),
        Line::info(
            Bench::AccountWatch.as_str(),
            "statements of a round without a look",
            idle.to_string(),
        ),
        Line::info(
            Bench::AccountWatch.as_str(),
            "statements of a look",
            format!("{per_look:.1}"),
        ),
        Line::judged(
            Bench::AccountWatch.as_str(),
            "resident memory before, after, at its peak",
            format!("{before}, {after}, {peak} KiB"),
            format!("≤ {MOST_KIB} KiB more"),
            grown <= MOST_KIB,
        ),
    ]);
    vault.close().await;
    Ok(lines)
}

fn limits(forges: &Forges, what: &str, count: u32, per_minute: usize) -> [Line; 2] {
    let asked = forges.lock();
    let (busiest, once) = (asked.busiest_minute(), asked.looked_at(1));
    [
        Line::judged(
            Bench::AccountWatch.as_str(),
            format!("{what}: most looks at a host within 60 s"),
            busiest.to_string(),
            format!("≤ {per_minute}"),
            busiest <= per_minute,
        ),
        Line::judged(
            Bench::AccountWatch.as_str(),
            format!("{what}: accounts looked at once, not at all"),
            format!("{once}, {}", asked.looked_at(0)),
            count.to_string(),
            once == count as usize,
        ),
    ]
}

fn words(rounds: &Rounds) -> String {
    format!(
        "{:.1} s in all, slowest round {} ms",
        rounds.took.as_secs_f64(),
        rounds.slowest.as_millis()
    )
}
