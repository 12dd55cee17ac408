//! The pages that a person sees, at 100 and at 10,000 accounts: how long the server takes for each, and what each weighs with
//! all that it loads.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use jeton_temp_postgres::TempPostgres;
use serde_json::json;

use super::databases::Filled;
use crate::{
    args::Bench,
    benches::{Setting, operator::Operator},
    client::{Connection, refused},
    forge::{Forge, numbered},
    jeton::Server,
    report::{Line, time},
    spread::Spread,
};

const SMALL: u32 = 100;
const LARGE: u32 = 10_000;
/// Repositories for which tokens are handed out before, so that there are grants and entries of the record.
const REPOSITORIES: usize = 60;
const PASSWORD: &str = "correct horse battery staple";
/// At 10,000 accounts, in microseconds.
const MOST_MICROS: u32 = 10_000;
/// With all that it loads.
const MOST_BYTES: usize = 100_000;

/// Every place of the frame, and some lists as people narrow them.
const PAGES: [&str; 17] = [
    "/",
    "/grants",
    "/apps",
    "/apps/default",
    "/record",
    "/settings/accounts",
    "/settings/accounts?q=0099",
    "/settings/accounts?q=nothing-like-that",
    "/settings/accounts?forge=gitlab&state=valid",
    "/settings/accounts/new",
    "/settings/accounts/account-0000050",
    "/settings/clients",
    "/settings/policies",
    "/settings/users",
    "/doctor",
    "/profile",
    "/docs",
];

pub(in super::super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for postgres in [None, Some(TempPostgres::start()?)] {
        let forge = Forge::start()?;
        let repositories = numbered("tool", REPOSITORIES);
        forge.install("acme", &repositories)?;
        let kind = if postgres.is_some() { "PostgreSQL" } else { "SQLite" };
        let small = Filled::make(&setting.jeton, &forge, postgres.as_ref(), SMALL).await?;
        let large = Filled::make(&setting.jeton, &forge, postgres.as_ref(), LARGE).await?;
        let rounds = if setting.quick { 30 } else { 200 };
        let mut sides = [
            Side::open(&small, setting, &forge).await?,
            Side::open(&large, setting, &forge).await?,
        ];
        let loaded = sides[1].loaded().await?;
        for path in PAGES {
            let mut micros = [Vec::new(), Vec::new()];
            let mut weight = 0;
            for _ in 0..rounds {
                for (side, micros) in sides.iter_mut().zip(&mut micros) {
                    let begun = Instant::now();
                    weight = side.get(path).await?.len();
                    micros.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
                }
            }
            let [few, many] = micros.map(Spread::of);
            let (few, many) = (few?, many?);
            let (p50, p99) = (many.within(500), many.within(990));
            let ratio = f64::from(p50) / f64::from(few.within(500));
            lines.push(Line::judged(
                Bench::Pages.as_str(),
                format!("{kind}: {path}, p50 and p99 at 10,000 accounts, and p50 against 100"),
                format!("{} / {}, {ratio:.2} ×", time(p50), time(p99)),
                "p99 ≤ 10 ms",
                p99 <= MOST_MICROS,
            ));
            if kind == "SQLite" {
                let bytes = weight + loaded;
                lines.push(Line::judged(
                    Bench::Pages.as_str(),
                    format!("{path}: weight with all that it loads"),
                    format!("{:.1} KB", weight_in_kb(bytes)),
                    "≤ 100 KB",
                    bytes <= MOST_BYTES,
                ));
            }
        }
    }
    Ok(lines)
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit after the point")]
fn weight_in_kb(bytes: usize) -> f64 {
    bytes as f64 / 1_000.0
}

/// A server with somebody who has signed in to it.
struct Side {
    _server: Server,
    connection: Connection,
    cookie: String,
}

impl Side {
    async fn open(filled: &Filled, setting: &Setting, forge: &Forge) -> anyhow::Result<Self> {
        let server = filled.serve(&setting.jeton, forge).await?;
        let operator = Operator::of(&server, forge, &filled.state)?;
        for name in numbered("tool", REPOSITORIES) {
            let asked = json!({ "repositories": [format!("acme/{name}")] });
            operator.post("/v1/tokens", &asked, 201).await?;
        }
        let invited = operator
            .post("/v1/users", &json!({ "name": "ada", "role": "operator" }), 201)
            .await?;
        let link = invited["link"].as_str().context("no link")?;
        let (_, link) = link.split_once("link=").context("no link")?;
        let mut connection = Connection::open(server.address).await?;
        let body = format!(
            "link={link}&password={password}&again={password}",
            password = PASSWORD.replace(' ', "+")
        );
        let request = format!(
            "POST /setup HTTP/1.1\r\nhost: 127.0.0.1\r\nsec-fetch-site: same-origin\r\naccept: text/html\r\ncontent-type: \
             application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let reply = connection.ask(request.as_bytes()).await?;
        ensure!(reply.status == 303, "{}", refused(reply.status, reply.body));
        let head = String::from_utf8_lossy(reply.head).into_owned();
        let cookie = head
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next())
            .context("no cookie")?;
        Ok(Self {
            _server: server,
            cookie: cookie.to_owned(),
            connection,
        })
    }

    async fn get(&mut self, path: &str) -> anyhow::Result<Vec<u8>> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/html\r\ncookie: {}\r\n\r\n",
            self.cookie
        );
        let reply = self.connection.ask(request.as_bytes()).await?;
        ensure!(reply.status == 200, "{path}: {}", refused(reply.status, reply.body));
        Ok(reply.body.to_vec())
    }

    /// The bytes of what the first page loads: every page loads the same.
    async fn loaded(&mut self) -> anyhow::Result<usize> {
        let page = String::from_utf8(self.get("/").await?)?;
        let mut paths: Vec<&str> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
        paths.sort_unstable();
        paths.dedup();
        ensure!(paths.len() >= 3, "the page loads {paths:?}");
        let mut bytes = 0;
        for path in paths {
            bytes += self.get(path).await?.len();
        }
        Ok(bytes)
    }
}
