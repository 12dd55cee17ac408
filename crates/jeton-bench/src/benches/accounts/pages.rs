//! A page of accounts, and the choice of one, in a small and in a large database, one right after the other.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::ensure;
use jeton_domain::{AccountLabel, ForgeKind};
use jeton_temp_postgres::TempPostgres;
use jeton_vault::{AccountFilter, AccountView, Vault};

use super::{TIMES, databases::Filled, fill::HOSTS, statements::Statements};
use crate::{
    args::Bench,
    benches::{Setting, ask, operator::Operator, pairs},
    client::{Load, request_with_key},
    forge::Forge,
    jeton::Server,
    report::Line,
    spread::median,
};

const SMALL: u32 = 1_000;
const LARGE: u32 = 1_000_000;
const LARGE_QUICK: u32 = 100_000;
const PAGE: u32 = 50;
/// Before all others in the order of an index: whoever walks on where nothing fits walks past all of them.
const EMPTY_HOST: &str = "a.example.com";
/// At most this many times the time that it takes in the small database.
const MOST: f64 = 3.0;

/// One piece of work in the vault.
#[derive(Debug, Clone)]
enum Work {
    List {
        view: AccountView,
        host: Option<&'static str>,
        from_middle: bool,
    },
    Choose {
        view: AccountView,
    },
}

pub(in super::super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let statements = Statements::of_process()?;
    let large = if setting.quick { LARGE_QUICK } else { LARGE };
    let mut lines = Vec::new();
    for postgres in [None, Some(TempPostgres::start()?)] {
        let forge = Forge::start()?;
        let kind = if postgres.is_some() { "PostgreSQL" } else { "SQLite" };
        let small = Filled::make(&setting.jeton, &forge, postgres.as_ref(), SMALL).await?;
        let begun = Instant::now();
        let large = Filled::make(&setting.jeton, &forge, postgres.as_ref(), large).await?;
        lines.push(Line::info(
            Bench::AccountPages.as_str(),
            format!("{kind}: {} accounts filled in, for this benchmark", large.plan.accounts),
            format!("{} s", begun.elapsed().as_secs()),
        ));
        in_the_vault(kind, &small, &large, setting, &statements, &mut lines).await?;
        over_http(kind, &small, &large, setting, &forge, &mut lines).await?;
    }
    Ok(lines)
}

async fn in_the_vault(
    kind: &str,
    small: &Filled,
    large: &Filled,
    setting: &Setting,
    statements: &Statements,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let vaults = [small.place.open().await?, large.place.open().await?];
    let of = |filled: &Filled| AccountView::Of(filled.plan.owner.clone());
    let both = |work: &dyn Fn(&Filled) -> Work| [work(small), work(large)];
    let list = |view, host, from_middle| Work::List {
        view,
        host,
        from_middle,
    };
    let cases = [
        ("page of all", both(&|_| list(AccountView::All, None, false))),
        (
            "page of all, from the middle",
            both(&|_| list(AccountView::All, None, true)),
        ),
        (
            "page of all on a host",
            both(&|_| list(AccountView::All, Some(HOSTS[0]), false)),
        ),
        ("page of a member's", both(&|filled| list(of(filled), None, false))),
        (
            "page of a member's, from the middle",
            both(&|filled| list(of(filled), None, true)),
        ),
        (
            "page of a member's on a host",
            both(&|filled| list(of(filled), Some(HOSTS[0]), false)),
        ),
        (
            "page of all on a host without accounts",
            both(&|_| list(AccountView::All, Some(EMPTY_HOST), false)),
        ),
        (
            "page of a member's on a host without accounts",
            both(&|filled| list(of(filled), Some(EMPTY_HOST), false)),
        ),
        (
            "choice by owner, among all",
            both(&|_| Work::Choose { view: AccountView::All }),
        ),
        (
            "choice by owner, a member's",
            both(&|filled| Work::Choose { view: of(filled) }),
        ),
    ];
    let rounds = if setting.quick { 20 } else { 100 };
    for (what, work) in cases {
        let mut times = [Vec::new(), Vec::new()];
        let mut count = 0;
        for round in 0..=rounds {
            let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
            for which in order {
                let filled = if which == 0 { small } else { large };
                // The first round warms up and counts statements, which costs time.
                if round == 0 {
                    statements.begin();
                }
                let took = once(&vaults[which], filled, &work[which], round).await?;
                if round == 0 {
                    count = count.max(statements.end());
                } else {
                    times[which].push(took.as_secs_f64() * 1_000_000.0);
                }
            }
        }
        let ratios = times[1]
            .iter()
            .zip(&times[0])
            .map(|(large, small)| large / small)
            .collect();
        let [of_small, of_large] = times.map(median);
        let ratio = median(ratios);
        lines.push(Line::judged(
            Bench::AccountPages.as_str(),
            format!("{kind}, in the vault: {what} ({count} statements)"),
            format!("{ratio:.2} × ({of_large:.0} / {of_small:.0} µs)"),
            format!("≤ {MOST:.0} ×"),
            ratio <= MOST,
        ));
    }
    for vault in vaults {
        vault.close().await;
    }
    Ok(())
}

/// Does it once; what comes of it must be what is expected.
async fn once(vault: &Arc<dyn Vault>, filled: &Filled, work: &Work, round: u32) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let mut tx = vault.read().await?;
    let found = match work {
        Work::List {
            view,
            host,
            from_middle,
        } => {
            let filter = AccountFilter {
                host: host.map(str::to_owned),
                ..AccountFilter::default()
            };
            let middle = AccountLabel::parse(&format!("account-{:07}", filled.plan.accounts / 2))?;
            let nobody = jeton_domain::AccountId::from_uuid(uuid::Uuid::nil());
            let after = from_middle.then_some((&middle, nobody));
            let page = tx.accounts().list(view, &filter, after, PAGE + 1).await?;
            let expected = if *host == Some(EMPTY_HOST) {
                0
            } else {
                PAGE as usize + 1
            };
            ensure!(page.len() == expected, "a page of {} accounts", page.len());
            page.len()
        }
        Work::Choose { view } => {
            // Another one each time: no part of the index stays at hand.
            let owner = filled.plan.serves(round.wrapping_mul(7_919) * 2 % filled.plan.accounts);
            let keys = [format!("{owner}/tools"), owner];
            let chosen = tx
                .accounts()
                .choose(view, ForgeKind::GitHub, Some(HOSTS[0]), &keys, 20)
                .await?;
            ensure!(!chosen.is_empty(), "nothing serves {}", keys[1]);
            chosen.len()
        }
    };
    drop(tx);
    std::hint::black_box(found);
    Ok(begun.elapsed())
}

async fn over_http(
    kind: &str,
    small: &Filled,
    large: &Filled,
    setting: &Setting,
    forge: &Forge,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let servers = [
        small.serve(&setting.jeton, forge).await?,
        large.serve(&setting.jeton, forge).await?,
    ];
    let all = format!("/v1/accounts?limit={PAGE}");
    let on_host = format!("{all}&host={}", HOSTS[0]);
    let (rounds, length) = if setting.quick { (5, 300) } else { (15, 700) };
    for (what, path, is_operator) in [
        ("page of all", &all, true),
        ("page of all on a host", &on_host, true),
        ("page of a client's", &all, false),
        ("page of a client's on a host", &on_host, false),
    ] {
        let of_small = side(&servers[0], small, forge, path, is_operator).await?;
        let of_large = side(&servers[1], large, forge, path, is_operator).await?;
        let pairs = pairs::measure(&of_large, &of_small, rounds, Duration::from_millis(length)).await?;
        let (ratio, words) = pairs.within(500);
        lines.push(Line::judged(
            Bench::AccountPages.as_str(),
            format!("{kind}, over HTTP: {what}, p50"),
            words,
            format!("≤ {MOST:.0} ×"),
            ratio <= MOST,
        ));
    }
    Ok(())
}

async fn side(
    server: &Server,
    filled: &Filled,
    forge: &Forge,
    path: &str,
    is_operator: bool,
) -> anyhow::Result<pairs::Side> {
    let operator = Operator::of(server, forge, &filled.state)?;
    let key = if is_operator {
        operator.key()
    } else {
        &filled.client_key
    };
    let request = request_with_key(path, key);
    let body_length = ask(server.address, &request, 200).await?.body_length;
    Ok(pairs::Side {
        pid: server.pid(),
        load: Load {
            address: server.address,
            request: request.into(),
            status: 200,
            connections: 1,
            duration: Duration::ZERO,
            body_length,
            slack: TIMES,
        },
    })
}
