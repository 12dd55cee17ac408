//! The pages that people see, at 100 and at 10,000 accounts: how long the server takes for each, for an operator and for members who
//! see few of many, and what each weighs with all that it loads.

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

/// Every place of the frame, lists as people narrow them, and the pages on which something is done.
const OPERATORS: [&str; 26] = [
    "/",
    "/grants",
    "/apps",
    "/apps/default",
    "/record",
    "/record/verify",
    "/settings/accounts",
    "/settings/accounts?q=0099",
    "/settings/accounts?q=nothing-like-that",
    "/settings/accounts?forge=gitlab&state=works",
    "/settings/accounts?whose=shared&state=works&q=account",
    "/settings/accounts?state=ending",
    "/settings/accounts/new",
    "/settings/accounts/account-0000050",
    "/settings/accounts/account-0000050/edit",
    "/settings/accounts/account-0000050/replace",
    "/settings/accounts/account-0000050/remove",
    "/settings/clients",
    "/settings/clients/bench",
    "/settings/policies",
    "/settings/policies/explain",
    "/settings/users",
    "/doctor",
    "/profile",
    "/docs",
    "/grants/revoke-all?holder=operator",
];

/// What a member looks at who sees few of many.
const MEMBERS: [&str; 3] = ["/", "/settings/accounts", "/settings/accounts?q=0099"];

/// Who looks: name, role, the sources that a policy lets them use, and the words for them.
const PEOPLE: [(&str, &str, &[&str], &str); 3] = [
    ("ada", "operator", &[], "an operator"),
    ("bob", "member", &[], "a member without a policy"),
    (
        "cyd",
        "member",
        &["account:account-0000050", "account:account-000009*", "account:own/*"],
        "a member who may use a few",
    ),
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
        for page in 0..sides[1].pages.len() {
            let mut micros = [Vec::new(), Vec::new()];
            let mut weight = 0;
            for _ in 0..rounds {
                for (side, micros) in sides.iter_mut().zip(&mut micros) {
                    let begun = Instant::now();
                    weight = side.get(page).await?.len();
                    micros.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
                }
            }
            let Page { who, name: path, .. } = &sides[1].pages[page];
            let (_, role, _, words) = PEOPLE[*who];
            let path = if *who == 0 {
                path.clone()
            } else {
                format!("{path} of {words}")
            };
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
            if kind == "SQLite" && role == "operator" {
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

/// A page that somebody looks at.
struct Page {
    /// In [`PEOPLE`].
    who: usize,
    /// Without what differs from server to server.
    name: String,
    path: String,
}

/// Somebody who has signed in.
struct Person {
    connection: Connection,
    cookie: String,
}

/// A server with people who have signed in to it.
struct Side {
    _server: Server,
    people: Vec<Person>,
    pages: Vec<Page>,
}

impl Side {
    async fn open(filled: &Filled, setting: &Setting, forge: &Forge) -> anyhow::Result<Self> {
        let server = filled.serve(&setting.jeton, forge).await?;
        let operator = Operator::of(&server, forge, &filled.state)?;
        for name in numbered("tool", REPOSITORIES) {
            let asked = json!({ "repositories": [format!("acme/{name}")] });
            operator.post("/v1/tokens", &asked, 201).await?;
        }
        let mut people = Vec::new();
        for (name, role, sources, _) in PEOPLE {
            if !sources.is_empty() {
                let policy = json!({
                    "name": format!("{name}-uses"),
                    "callers": { "user": name },
                    "actions": ["account.use"],
                    "repositories": ["acme/*"],
                    "sources": sources,
                });
                operator.post("/v1/policies", &policy, 201).await?;
            }
            people.push(Person::come(&server, &operator, name, role).await?);
        }
        let pages = pages(&operator, filled.plan.accounts).await?;
        Ok(Self {
            _server: server,
            people,
            pages,
        })
    }

    async fn get(&mut self, page: usize) -> anyhow::Result<Vec<u8>> {
        let Page { who, path, .. } = &self.pages[page];
        // Whom no policy gives any account is told so, on a page too.
        self.people[*who].get(path, *who != 0).await
    }

    /// The bytes of what the first page loads: every page loads the same.
    async fn loaded(&mut self) -> anyhow::Result<usize> {
        let person = &mut self.people[0];
        let page = String::from_utf8(person.get("/", false).await?)?;
        let mut paths: Vec<&str> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
        paths.sort_unstable();
        paths.dedup();
        ensure!(paths.len() >= 3, "the page loads {paths:?}");
        let mut bytes = 0;
        for path in paths {
            bytes += person.get(path, false).await?.len();
        }
        Ok(bytes)
    }
}

impl Person {
    async fn come(server: &Server, operator: &Operator, name: &str, role: &str) -> anyhow::Result<Self> {
        let invited = operator
            .post("/v1/users", &json!({ "name": name, "role": role }), 201)
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
            cookie: cookie.to_owned(),
            connection,
        })
    }

    async fn get(&mut self, path: &str, may_be_refused: bool) -> anyhow::Result<Vec<u8>> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/html\r\ncookie: {}\r\n\r\n",
            self.cookie
        );
        let reply = self.connection.ask(request.as_bytes()).await?;
        let is_meant = reply.status == 200 || (may_be_refused && reply.status == 403);
        ensure!(is_meant, "{path}: {}", refused(reply.status, reply.body));
        Ok(reply.body.to_vec())
    }
}

/// All pages that are measured; on every server in the same order.
async fn pages(operator: &Operator, accounts: u32) -> anyhow::Result<Vec<Page>> {
    let page = |who: usize, path: &str| Page {
        who,
        name: path.to_owned(),
        path: path.to_owned(),
    };
    let mut pages: Vec<Page> = OPERATORS.iter().map(|path| page(0, path)).collect();
    let grants = operator.get("/v1/grants?limit=1").await?;
    let id = grants["grants"][0]["grant_id"].as_str().context("no grant")?;
    pages.push(Page {
        path: format!("/grants/{id}/revoke"),
        ..page(0, "/grants/ID/revoke")
    });
    pages.push(Page {
        path: format!("/settings/accounts?after={}", middle(operator, accounts).await?),
        ..page(0, "/settings/accounts, from the middle")
    });
    for who in 1..PEOPLE.len() {
        pages.extend(MEMBERS.iter().map(|path| page(who, path)));
    }
    Ok(pages)
}

/// The place in the list behind half of the accounts.
async fn middle(operator: &Operator, accounts: u32) -> anyhow::Result<String> {
    let (mut place, mut passed) = (String::new(), 0);
    while passed < accounts / 2 {
        let limit = (accounts / 2 - passed).min(500);
        let after = if place.is_empty() {
            String::new()
        } else {
            format!("&after={place}")
        };
        let page = operator.get(&format!("/v1/accounts?limit={limit}{after}")).await?;
        page["next"].as_str().context("no next page")?.clone_into(&mut place);
        passed += limit;
    }
    Ok(place)
}
