//! Job D on a database of its own, with the simulated forges and a clock that a test moves.

use std::{
    collections::BTreeMap,
    ops::Deref,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use jeton_access::{Access, AccessParts, AccessSettings, OperatorKeys, PolicyChange};
use jeton_accounts::{Account, AccountSettings, Accounts, AccountsParts, NewAccount, WebhookSender, Webhooks};
use jeton_broker::{Asker, Broker, BrokerParts, BrokerSettings, NewApp, open_key_ring};
use jeton_ci::{Ci, CiParts, CiSettings, RunnerAsk, RunnerWish, ScopeName, SourceAsk};
use jeton_domain::{Caller, ClientId, ClientName, Clock, Entropy, Identity, Pause, Role, Secret, UserId, UserName};
use jeton_forge::{AddressRules, Forges, GitHub, HttpOptions, Outbound};
use jeton_forge_sim::{
    AccessLevel, AppSpec, BitbucketSim, BitbucketSimConfig, BitbucketTokenSpec, ForgeSim, GitLabSim, GitLabSimConfig,
    GitLabTokenSpec, InstallSpec, PersonalTokenSpec, SimApp, SimClock, SimConfig, Visibility,
};
use jeton_jobs::Worker;
use jeton_ledger::{Ledger, LedgerParts, VerifyOptions};
use jeton_oidc::{JwtVerifier, OidcHttpOptions};
use jeton_policy::{CallerSpec, OneOrMany, PolicySpec};
use jeton_seal::{SealingKey, SealingKeys};
use jeton_temp_postgres::TempPostgres;
use jeton_vault::{LedgerEntry, LedgerFilter, Vault};
use jeton_vault_postgres::{PostgresOptions, PostgresVault};
use jeton_vault_sqlite::SqliteVault;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::gate::Gate;

/// A clock that stands still until a test moves it; a sleep moves it by itself.
#[derive(Debug, Clone)]
pub(crate) struct TestClock(Arc<Mutex<Timestamp>>);

impl TestClock {
    pub(crate) fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    fn for_sim(&self) -> SimClock {
        let clock = self.clone();
        SimClock::from_fn(Arc::new(move || clock.now()))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, pause: Duration) -> Pause<'_> {
        Box::pin(async move {
            self.advance(SignedDuration::try_from(pause).unwrap());
            tokio::task::yield_now().await;
        })
    }
}

#[derive(Debug)]
pub(crate) struct Random;

impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        SystemRandom::new().fill(buffer).unwrap();
    }
}

#[derive(Debug)]
struct NoSender;

#[async_trait]
impl WebhookSender for NoSender {
    async fn post(&self, _: &str, _: Vec<(&'static str, String)>, _: Vec<u8>) -> Result<u16, String> {
        Err("nobody listens".to_owned())
    }
}

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatabaseKind {
    Sqlite,
    Postgres,
}

/// A fresh one, gone with the test.
pub(crate) struct Database {
    dir: TempDir,
    postgres: Option<(TempPostgres, Secret)>,
}

impl Database {
    fn new(kind: DatabaseKind) -> Self {
        let postgres = (kind == DatabaseKind::Postgres).then(|| {
            let server = TempPostgres::shared().unwrap();
            let url = server.database().unwrap();
            (server, Secret::new(url))
        });
        Self {
            dir: tempfile::tempdir().unwrap(),
            postgres,
        }
    }

    async fn open(&self) -> Arc<dyn Vault> {
        match &self.postgres {
            Some((_, url)) => {
                let options = PostgresOptions { max_connections: 5 };
                Arc::new(PostgresVault::connect(url, options).await.unwrap())
            }
            None => Arc::new(SqliteVault::open(&self.dir.path().join("jeton.db")).await.unwrap()),
        }
    }

    /// The file with policies of that text.
    fn policy_file(&self, text: &str) -> PathBuf {
        let path = self.dir.path().join("policies.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Whether several servers may use it.
    pub(crate) fn is_shared(&self) -> bool {
        self.postgres.is_some()
    }

    /// Whether a text stands anywhere in the database's files; nothing is known of PostgreSQL's.
    pub(crate) fn holds(&self, text: &str) -> bool {
        let files = std::fs::read_dir(self.dir.path()).unwrap();
        files
            .map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    }
}

/// Runs each test once per database: `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($w:ident: World) $body:block)*) => {
        $(
            $(#[$meta])*
            mod $name {
                use super::*;

                async fn body($w: $crate::world::World) $body

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    Box::pin(body($crate::world::World::start($crate::world::DatabaseKind::Sqlite).await)).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    Box::pin(body($crate::world::World::start($crate::world::DatabaseKind::Postgres).await)).await;
                }
            }
        )*
    };
}

/// A server on the database, without HTTP.
pub(crate) struct Node {
    pub(crate) ci: Ci,
    pub(crate) broker: Broker,
    pub(crate) access: Access,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) worker: Worker,
    /// Where the database can be taken away.
    pub(crate) gate: Arc<Gate>,
}

/// A GitHub with an App that jeton does not know yet, a database, and a server.
pub(crate) struct World {
    pub(crate) sim: ForgeSim,
    pub(crate) clock: TestClock,
    pub(crate) database: Database,
    sealing_key: SealingKey,
    settings: CiSettings,
    node: Node,
}

impl Deref for World {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}

impl World {
    pub(crate) async fn start(kind: DatabaseKind) -> Self {
        Self::start_with(kind, CiSettings::default()).await
    }

    pub(crate) async fn start_with(kind: DatabaseKind, settings: CiSettings) -> Self {
        let clock = TestClock(Arc::new(Mutex::new("2026-11-02T09:00:00Z".parse().unwrap())));
        let sim = ForgeSim::start(SimConfig {
            clock: clock.for_sim(),
            ..SimConfig::default()
        })
        .await
        .unwrap();
        let database = Database::new(kind);
        let sealing_key = SealingKey::generate(&Random);
        let node = Box::pin(Node::start(&database, &sealing_key, &clock, settings.clone())).await;
        Self {
            sim,
            clock,
            database,
            sealing_key,
            settings,
            node,
        }
    }

    /// One more server on the same database.
    pub(crate) async fn replica(&self) -> Node {
        Box::pin(Node::start(
            &self.database,
            &self.sealing_key,
            &self.clock,
            self.settings.clone(),
        ))
        .await
    }

    /// By what callers name the simulated GitHub.
    pub(crate) fn github_host(&self) -> String {
        let forge = jeton_domain::ForgeEndpoint::github(&self.sim.api_url()).unwrap();
        forge.host().to_owned()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Makes an App at GitHub, tells jeton of it and installs it on `acme`.
    pub(crate) async fn add_app(&self, name: &str, permissions: &[(&str, &str)]) -> SimApp {
        let app = self.app(name, permissions).await;
        self.sim.github().install(app.id, "acme", InstallSpec::all());
        app
    }

    /// Makes an App at GitHub and tells jeton of it.
    pub(crate) async fn app(&self, name: &str, permissions: &[(&str, &str)]) -> SimApp {
        let spec = AppSpec::new(name).permissions(permissions.iter().copied());
        let app = self.sim.github().add_app(spec);
        let new = NewApp {
            name: name.to_owned(),
            app_id: app.id.to_string(),
            private_key: Secret::new(app.private_key_pkcs1_pem.clone()),
            api_url: Some(self.sim.api_url()),
            check: false,
        };
        self.broker.add_app(&operator(), new).await.unwrap();
        app
    }

    /// A repository of `acme`'s.
    pub(crate) fn repository(&self, name: &str) {
        self.sim.github().add_repository("acme", name, true).unwrap();
    }

    /// Somebody's token of GitHub, kept as a shared account.
    pub(crate) async fn github_account(&self, label: &str, login: &str, spec: PersonalTokenSpec) -> Account {
        self.sim.github().add_user(login);
        let token = self.sim.github().add_personal_token(login, spec).token;
        self.account(&operator(), label, "github", &self.sim.web_url(), token, |_| {})
            .await
    }

    /// Keeps a token as an account.
    pub(crate) async fn account(
        &self,
        asker: &Asker,
        label: &str,
        forge: &str,
        url: &str,
        token: String,
        change: impl FnOnce(&mut NewAccount),
    ) -> Account {
        let mut new = NewAccount {
            label: Some(label.to_owned()),
            forge: Some(forge.to_owned()),
            base_url: Some(url.to_owned()),
            ..NewAccount::of(Secret::new(token))
        };
        change(&mut new);
        let accounts = self.broker.accounts();
        let added = accounts.add(&asker.caller, Some("request-0"), new).await;
        added.unwrap().account
    }

    /// A GitLab on which `bot`, a shared account with the scope `api`, maintains `acme/tools` and owns `acme`.
    pub(crate) async fn gitlab(&self) -> GitLab {
        let config = GitLabSimConfig {
            clock: self.clock.for_sim(),
            ..GitLabSimConfig::default()
        };
        let sim = GitLabSim::start(config).await.unwrap();
        let group = sim.add_group("acme", Visibility::Private).unwrap();
        let project = sim.add_project("acme/tools", Visibility::Private).unwrap();
        let user = sim.add_user("bot").unwrap();
        sim.add_member(group, user, AccessLevel::Owner).unwrap();
        let spec = GitLabTokenSpec::personal(user).scopes(["api"]);
        let token = sim.add_token(&spec).unwrap();
        self.account(
            &operator(),
            "bot",
            "gitlab",
            &sim.web_url(),
            token.token.clone(),
            |new| {
                new.auto_rotate = Some(false);
            },
        )
        .await;
        sim.calls().reset();
        let host = jeton_domain::ForgeEndpoint::gitlab(&sim.web_url())
            .unwrap()
            .host()
            .to_owned();
        GitLab {
            sim,
            host,
            group,
            project,
            user,
        }
    }

    /// A Bitbucket on which `ada`, a shared account, administers `acme/tools`.
    pub(crate) async fn bitbucket(&self) -> Bitbucket {
        let config = BitbucketSimConfig {
            clock: self.clock.for_sim(),
            ..BitbucketSimConfig::default()
        };
        let sim = BitbucketSim::start(config).await.unwrap();
        let ada = sim.add_account("ada", "ada@example.org").unwrap();
        sim.add_workspace("acme").unwrap();
        sim.add_member("acme", ada, true).unwrap();
        let repository = sim.add_repository("acme", "tools", true).unwrap();
        sim.set_role(repository, ada, Some(jeton_forge_sim::BitbucketRole::Admin))
            .unwrap();
        let scopes = [
            "read:user",
            "read:workspace",
            "read:repository",
            "read:runner",
            "write:runner",
            "read:pipeline",
            "admin:pipeline",
        ];
        let spec = BitbucketTokenSpec::api_token(ada).scopes(scopes.map(|scope| format!("{scope}:bitbucket")));
        let token = sim.add_token(&spec).unwrap().token;
        self.account(&operator(), "ada", "bitbucket", &sim.web_url(), token, |new| {
            new.email = Some("ada@example.org".to_owned());
        })
        .await;
        sim.calls().reset();
        let host = jeton_domain::ForgeEndpoint::bitbucket(&sim.web_url())
            .unwrap()
            .host()
            .to_owned();
        Bitbucket { sim, host, repository }
    }

    /// Puts a ceiling above everybody.
    pub(crate) async fn put_ceiling(&self, text: &str) {
        self.database.policy_file(&format!("[ceiling]\n{text}\n"));
        self.access.follow_policy_file().await.unwrap();
    }

    /// Lets a client do something with these repositories.
    pub(crate) async fn let_client(&self, name: &str, actions: &[&str], repositories: &[&str]) -> Asker {
        self.let_client_with(name, actions, repositories, |_| {}).await
    }

    /// The same with more to say.
    pub(crate) async fn let_client_with(
        &self,
        name: &str,
        actions: &[&str],
        repositories: &[&str],
        change: impl FnOnce(&mut PolicySpec),
    ) -> Asker {
        let mut spec = PolicySpec {
            name: format!("for-{name}"),
            callers: CallerSpec {
                client: Some(OneOrMany::from(name.to_owned())),
                ..CallerSpec::default()
            },
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            repositories: repositories.iter().map(|name| (*name).to_owned()).collect(),
            ..PolicySpec::default()
        };
        change(&mut spec);
        self.access
            .put_policy(&operator().caller, None, spec, PolicyChange::Put)
            .await
            .unwrap();
        client(name)
    }

    /// Does all that is due, once.
    pub(crate) async fn work(&self) -> usize {
        self.worker.run_due().await.unwrap()
    }

    /// All entries, oldest first, after it is sure that the chain is whole.
    pub(crate) async fn record(&self) -> Vec<LedgerEntry> {
        let ledger = self.access.ledger();
        ledger.flush().await.unwrap();
        let verdict = ledger.verify(VerifyOptions::default()).await.unwrap();
        assert!(verdict.findings.is_empty());
        let page = ledger.list(&LedgerFilter::default(), None, 500).await.unwrap();
        page.entries.into_iter().rev().collect()
    }

    /// How often an event is in the record.
    pub(crate) async fn count(&self, event: &str) -> usize {
        self.record().await.iter().filter(|entry| entry.event == event).count()
    }

    /// The details of the newest entry of an event.
    pub(crate) async fn newest(&self, event: &str) -> BTreeMap<String, serde_json::Value> {
        let entries = self.record().await;
        let entry = entries.iter().rev().find(|entry| entry.event == event);
        serde_json::from_str(&entry.unwrap_or_else(|| panic!("no {event}")).body).unwrap()
    }
}

/// A GitLab and what is on it.
pub(crate) struct GitLab {
    pub(crate) sim: GitLabSim,
    pub(crate) host: String,
    pub(crate) group: u64,
    pub(crate) project: u64,
    pub(crate) user: u64,
}

/// A Bitbucket and what is on it.
pub(crate) struct Bitbucket {
    pub(crate) sim: BitbucketSim,
    pub(crate) host: String,
    pub(crate) repository: u64,
}

impl Node {
    async fn start(database: &Database, key: &SealingKey, clock: &TestClock, settings: CiSettings) -> Self {
        let entropy: Arc<dyn Entropy> = Arc::new(Random);
        let clock: Arc<dyn Clock> = Arc::new(clock.clone());
        let gate = Gate::new(database.open().await);
        let vault: Arc<dyn Vault> = Arc::clone(&gate) as Arc<dyn Vault>;
        let sealing_keys = SealingKeys::new(key.clone(), "the test");
        let ring = open_key_ring(&*vault, &sealing_keys, &*clock, &*entropy).await.unwrap();
        let ledger = Ledger::open(LedgerParts {
            vault: Arc::clone(&vault),
            ring: Arc::clone(&ring),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            anchor_file: None,
        });
        let access = Access::start(AccessParts {
            vault: Arc::clone(&vault),
            ring: Arc::clone(&ring),
            ledger: ledger.await.unwrap(),
            verifier: JwtVerifier::new(Vec::new(), Arc::clone(&clock), OidcHttpOptions::default()).unwrap(),
            sign_in: None,
            operator_keys: OperatorKeys::default(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            settings: AccessSettings {
                policy_file: Some(database.policy_file("")),
                ..AccessSettings::default()
            },
        });
        let access = access.await.unwrap();
        let options = HttpOptions {
            request_timeout: Duration::from_secs(3),
            ..HttpOptions::default()
        };
        let rules = AddressRules {
            allow: Vec::new(),
            allow_loopback: true,
        };
        let outbound = Outbound::new(options.clone(), rules).unwrap();
        let accounts = Accounts::new(AccountsParts {
            vault: Arc::clone(&vault),
            ring: Arc::clone(&ring),
            access: access.clone(),
            forges: Arc::new(Forges::new(outbound.clone())),
            webhooks: Webhooks::new(Vec::new(), Arc::new(NoSender)),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            settings: AccountSettings::default(),
            environment: Vec::new(),
        });
        let broker = Broker::start(BrokerParts {
            vault: Arc::clone(&vault),
            ring: Arc::clone(&ring),
            access: access.clone(),
            accounts: accounts.clone(),
            sealing_keys,
            github: GitHub::new(options, Arc::clone(&clock)).unwrap(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            configured_apps: Vec::new(),
            settings: BrokerSettings::default(),
        });
        let broker = broker.await.unwrap();
        let ci = Ci::new(CiParts {
            broker: broker.clone(),
            vault: Arc::clone(&vault),
            ring,
            outbound,
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            settings,
        });
        let mut handlers = ci.handlers();
        handlers.extend(accounts.handlers());
        let worker = Worker::new(
            Arc::clone(&vault),
            clock,
            entropy,
            handlers,
            Arc::clone(accounts.wake_worker()),
        );
        Self {
            ci,
            broker,
            access,
            vault,
            worker,
            gate,
        }
    }
}

/// Sends a form to a simulated forge, as a process that died afterwards would have done.
pub(crate) async fn post_form(api: &str, path: &str, body: &str) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (host, base) = api.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!(
        "POST /{base}{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 2"),
        "{}",
        answer.lines().next().unwrap_or_default()
    );
}

/// Whoever runs the server.
pub(crate) fn operator() -> Asker {
    asker(Identity::Operator)
}

/// A program, whose id is made of its name.
pub(crate) fn client(name: &str) -> Asker {
    asker(Identity::Client {
        id: ClientId::from_uuid(id(name)),
        name: Arc::new(ClientName::parse(name).unwrap()),
    })
}

/// A person, whose id is made of their name.
pub(crate) fn user(name: &str) -> Asker {
    asker(Identity::User {
        id: UserId::from_uuid(id(name)),
        name: Arc::new(UserName::parse(name).unwrap()),
        role: Role::Member,
    })
}

fn asker(identity: Identity) -> Asker {
    Asker {
        caller: Caller {
            identity,
            address: None,
        },
        request_id: Some("request-1".to_owned()),
    }
}

fn id(name: &str) -> uuid::Uuid {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    uuid::Uuid::from_bytes(bytes)
}

/// A request for a runner's token.
pub(crate) fn ask(forge: &str, scope: ScopeName) -> RunnerAsk {
    RunnerAsk {
        forge: (!forge.is_empty()).then(|| forge.to_owned()),
        scope,
        source: SourceAsk::default(),
        min_validity_seconds: None,
        fresh: false,
        runner: RunnerWish::default(),
    }
}

/// `acme/tools`.
pub(crate) fn tools() -> ScopeName {
    ScopeName::Repository("acme/tools".to_owned())
}

/// All of `acme`.
pub(crate) fn acme() -> ScopeName {
    ScopeName::Owner("acme".to_owned())
}

/// What is logged from now on; a process runs one test.
pub(crate) fn capture_log() -> Log {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    log
}

/// A log in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
