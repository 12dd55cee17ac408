//! Many accounts at once: rows as jeton writes them, with tokens that are sealed one by one, put in by statements of a
//! thousand rows while the indexes are away.

use anyhow::Context as _;
use jeton_domain::{
    AccountId, CheckReport, CredentialKind, Entropy as _, Evidence, Fingerprint, ForgeEndpoint, ForgeIdentity, Secret,
    TokenEnd, Validity,
};
use jeton_seal::KeyRing;
use jeton_vault::SealedPlace;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _, SqliteConnection,
    postgres::PgConnectOptions, sqlite::SqliteConnectOptions,
};

use super::{databases::Place, world::Random};

/// Rows of one statement.
const AT_ONCE: u32 = 1_000;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The three forges: each has a third of the accounts.
pub(super) const HOSTS: [&str; 3] = ["github.com", "gitlab.com", "bitbucket.org"];

/// What the rows are like.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) accounts: u32,
    /// Half of them are private, a hundred to each of so many owners; this is the first one's key.
    pub(super) owner: String,
    /// The time of the fill.
    pub(super) now: Timestamp,
    /// When the first of them is looked at; the others within the day that follows, or at the same time.
    pub(super) first_check: Timestamp,
    pub(super) spread: bool,
    /// Whether tokens end, each another day from the next month on.
    pub(super) end: bool,
}

impl Plan {
    /// The owner on the forge whom the account of a number serves: ten accounts serve each.
    pub(super) fn serves(&self, number: u32) -> String {
        format!("org-{}", number % (self.accounts / 10).max(1))
    }

    fn scope(&self, number: u32) -> String {
        let owners = (self.accounts / 200).max(1);
        match (number % 2, number / 2 % owners) {
            (0, _) => String::new(),
            (_, 0) => self.owner.clone(),
            (_, other) => format!("client:00000000-0000-7000-8000-{other:012}"),
        }
    }

    fn check(&self, number: u32) -> i64 {
        let first = self.first_check.as_millisecond();
        let place = i64::from(number.wrapping_mul(2_654_435_761)) * DAY.as_secs() * 1_000 / i64::from(u32::MAX);
        if self.spread { first + place } else { first }
    }

    fn ends(&self, number: u32) -> Option<i64> {
        let end = self.now + DAY * (31 + i32::try_from(number % 365).unwrap_or(0));
        self.end.then(|| end.as_millisecond())
    }

    /// A row as JSON, from which a statement takes it.
    fn row(&self, number: u32, ring: &KeyRing, random: &Random) -> Value {
        let id = AccountId::generate(self.now + SignedDuration::from_millis(number.into()), random).to_string();
        let mut body = [0; 16];
        random.fill(&mut body);
        let token = Secret::new(format!("bench-{number:08}-{}", hex(&body)));
        let sealed = ring.seal(&token, SealedPlace::AccountToken.of(&id), random);
        // One of twenty serves whatever comes.
        let serves = if number.is_multiple_of(20) {
            json!([])
        } else {
            json!([self.serves(number)])
        };
        let ends = self.ends(number);
        json!({
            "id": id,
            "label": format!("account-{number:07}"),
            "scope": self.scope(number),
            "token": hex(sealed.as_bytes()),
            "print": Fingerprint::of(&token).as_str(),
            "serves": serves.to_string(),
            "ends": ends,
            "warns": ends.map(|end| end - 30 * 86_400_000),
            "due": self.check(number),
        })
    }
}

/// The number in a token that was made here.
pub(super) fn number_of(token: &Secret) -> Option<u32> {
    token.expose().split('-').nth(1)?.parse().ok()
}

/// A forge that takes the token.
pub(super) fn report(kind: CredentialKind, at: Timestamp) -> CheckReport {
    CheckReport {
        validity: Validity::Valid,
        kind,
        identity: Some(ForgeIdentity {
            id: "1".to_owned(),
            name: "ada".to_owned(),
        }),
        scopes: Some(vec!["repo".to_owned(), "read:org".to_owned()]),
        end: TokenEnd::Never,
        reach: Vec::new(),
        reaches_more: false,
        purposes: Vec::new(),
        diagnoses: Vec::new(),
        evidence: vec![Evidence {
            probe: "GET /user".to_owned(),
            status: Some(200),
            said: None,
            request_id: Some("0123:4567:89ABCDEF".to_owned()),
            at,
        }],
        quota: None,
        retry_at: None,
        checked_at: at,
    }
}

/// Kind, forge and report of a third of the rows.
struct Third {
    forge: ForgeEndpoint,
    kind: CredentialKind,
    report: String,
}

fn thirds(now: Timestamp) -> anyhow::Result<[Third; 3]> {
    let third = |forge, kind| {
        let report = serde_json::to_string(&report(kind, now))?;
        anyhow::Ok(Third { forge, kind, report })
    };
    Ok([
        third(ForgeEndpoint::github_com(), CredentialKind::GitHubClassic)?,
        third(ForgeEndpoint::gitlab_com(), CredentialKind::GitLabPersonal)?,
        third(ForgeEndpoint::bitbucket_org(), CredentialKind::BitbucketApiToken)?,
    ])
}

const COLUMNS: &str = "id, label, scope, added_by, forge_kind, forge_api_url, forge_web_url, host, kind, token, \
    fingerprint, serves, is_default, active, auto_rotate, identity_id, identity_name, scopes, expires_at, end_is_known, \
    validity, report, checked_at, verdict_at, next_check_at, next_warning_at, token_since, created_at, updated_at";

/// A connection for the fill alone, which may lose everything when the machine dies.
enum Filler {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Filler {
    async fn connect(place: &Place) -> anyhow::Result<Self> {
        Ok(match place {
            Place::Sqlite(file) => {
                let mut options = SqliteConnectOptions::new().filename(file);
                for (name, value) in [
                    ("synchronous", "OFF"),
                    ("cache_size", "-1000000"),
                    ("temp_store", "MEMORY"),
                    ("foreign_keys", "ON"),
                ] {
                    options = options.pragma(name, value);
                }
                Self::Sqlite(options.connect().await?)
            }
            Place::Postgres(url) => {
                let options: PgConnectOptions = url.expose().parse()?;
                let mut connection = options.connect().await?;
                sqlx::raw_sql("SET synchronous_commit = off; SET maintenance_work_mem = '1GB'")
                    .execute(&mut connection)
                    .await?;
                Self::Postgres(connection)
            }
        })
    }

    async fn run(&mut self, sql: &str) -> anyhow::Result<()> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => {
                sqlx::raw_sql(sql).execute(connection).await?;
            }
            Self::Postgres(connection) => {
                sqlx::raw_sql(sql).execute(connection).await?;
            }
        }
        Ok(())
    }

    /// The indexes that can be dropped and made again: name and statement.
    async fn indexes(&mut self) -> anyhow::Result<Vec<(String, String)>> {
        let rows = match self {
            Self::Sqlite(connection) => {
                let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL \
                    AND tbl_name IN ('accounts', 'account_serves')";
                let rows = sqlx::query(sql).fetch_all(connection).await?;
                rows.iter().map(|row| (row.get(0), row.get(1))).collect()
            }
            Self::Postgres(connection) => {
                let sql = "SELECT indexname::text, indexdef FROM pg_indexes WHERE indexname NOT LIKE '%_pkey' \
                    AND tablename IN ('accounts', 'account_serves')";
                let rows = sqlx::query(sql).fetch_all(connection).await?;
                rows.iter().map(|row| (row.get(0), row.get(1))).collect()
            }
        };
        Ok(rows)
    }

    async fn insert(&mut self, rows: &str, third: &Third, now: i64) -> anyhow::Result<()> {
        let constants = [
            third.forge.kind().as_str(),
            third.forge.api_url(),
            third.forge.web_url(),
            third.forge.host(),
            third.kind.as_str(),
            &third.report,
        ];
        match self {
            Self::Sqlite(connection) => {
                let sql = format!(
                    "INSERT INTO accounts ({COLUMNS}) SELECT value ->> 'id', value ->> 'label', value ->> 'scope', \
                     'operator', ?2, ?3, ?4, ?5, ?6, unhex(value ->> 'token'), value ->> 'print', value ->> 'serves', 0, \
                     1, 0, '1', 'ada', '[\"repo\"]', value ->> 'ends', 1, 'valid', ?7, ?8, ?8, value ->> 'due', \
                     value ->> 'warns', ?8, ?8, ?8 FROM json_each(?1)"
                );
                let mut query = sqlx::query(AssertSqlSafe(sql)).bind(rows);
                for constant in constants {
                    query = query.bind(constant);
                }
                query.bind(now).execute(connection).await?;
            }
            Self::Postgres(connection) => {
                let sql = format!(
                    "INSERT INTO accounts ({COLUMNS}) SELECT id, label, scope, 'operator', $2, $3, $4, $5, $6, \
                     decode(token, 'hex'), print, serves, false, true, false, '1', 'ada', '[\"repo\"]', ends, true, \
                     'valid', $7, $8, $8, due, warns, $8, $8, $8 FROM json_to_recordset($1::json) AS r (id uuid, label \
                     text, scope text, token text, print text, serves text, ends bigint, warns bigint, due bigint)"
                );
                let mut query = sqlx::query(AssertSqlSafe(sql)).bind(rows);
                for constant in constants {
                    query = query.bind(constant);
                }
                query.bind(now).execute(connection).await?;
            }
        }
        Ok(())
    }

    async fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => connection.close().await?,
            Self::Postgres(connection) => connection.close().await?,
        }
        Ok(())
    }
}

/// Puts the accounts in. The database must have been migrated, and nobody else may write to it.
pub(super) async fn fill(place: &Place, ring: &KeyRing, plan: &Plan) -> anyhow::Result<()> {
    let (mut filler, random, thirds) = (Filler::connect(place).await?, Random::default(), thirds(plan.now)?);
    let indexes = filler.indexes().await.context("the indexes")?;
    for (name, _) in &indexes {
        filler.run(&format!("DROP INDEX {name}")).await?;
    }
    filler.run("BEGIN").await?;
    for first in (0..plan.accounts).step_by(AT_ONCE as usize) {
        let last = plan.accounts.min(first + AT_ONCE);
        for (which, third) in (0..).zip(&thirds) {
            let numbers = (first..last).filter(|number| number % 3 == which);
            let rows: Vec<_> = numbers.map(|number| plan.row(number, ring, &random)).collect();
            let rows = Value::Array(rows).to_string();
            filler
                .insert(&rows, third, plan.now.as_millisecond())
                .await
                .context("the rows")?;
        }
    }
    filler.run("COMMIT").await?;
    for (_, statement) in &indexes {
        filler.run(statement).await?;
    }
    match place {
        // What a server that has run for a while has behind it.
        Place::Sqlite(_) => filler.run("PRAGMA wal_checkpoint(TRUNCATE)").await?,
        Place::Postgres(_) => filler.run("VACUUM ANALYZE").await?,
    }
    filler.close().await
}

/// Moves all looks into the day that begins then, each at its place in the day.
pub(super) async fn move_checks(place: &Place, day: Timestamp) -> anyhow::Result<()> {
    let mut filler = Filler::connect(place).await?;
    if let Place::Sqlite(_) = place {
        // The large cache of a fill would be the peak of what a benchmark in this process needs.
        filler.run("PRAGMA cache_size = -2000").await?;
    }
    let (length, day) = (DAY.as_secs() * 1_000, day.as_millisecond());
    let sql = format!("UPDATE accounts SET next_check_at = {day} + next_check_at % {length}");
    filler.run(&sql).await?;
    filler.close().await
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a text does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
