use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use jeton_access::{Access, AccessParts, AccessSettings, OperatorKeys, anonymous_policy};
use jeton_accounts::{AccountSettings, Accounts, AccountsParts, EnvironmentAccount, HttpSender, Webhook, Webhooks};
use jeton_broker::{Broker, BrokerParts, BrokerSettings, open_key_ring};
use jeton_ci::{Ci, CiParts, CiSettings};
use jeton_content::{Content, ContentParts, ContentSettings};
use jeton_domain::{ApiKey, Clock, Entropy};
use jeton_forge::{AddressRules, Forges, GitHub, HttpOptions, Outbound};
use jeton_jobs::Worker;
use jeton_ledger::{Ledger, LedgerParts};
use jeton_oidc::{IssuerConfig, JwtVerifier, OidcHttpOptions, SignIn, SignInConfig};
use jeton_seal::{SealingKey, SealingKeys};
use jeton_vault::Vault;
use jeton_web::{CompatSettings, ContentRoutes, Examiner, Listener, TrustedProxies, Web, WebSettings};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{Answer, Database, TestEntropy, http};

/// How a node differs from the usual.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// Who may ask, and how often.
    pub access: AccessSettings,
    /// Whose tokens are believed.
    pub issuers: Vec<IssuerConfig>,
    /// Through whom people sign in.
    pub sign_in: Option<SignInConfig>,
    /// The proxies in front.
    pub trusted_proxies: TrustedProxies,
    /// Where the end of the record is noted beside the database.
    pub anchor_file: Option<PathBuf>,
    /// Where older entries of the record lie.
    pub record_archive: Option<PathBuf>,
    /// The broker's settings.
    pub broker: BrokerSettings,
    /// How the forge is called.
    pub forge: HttpOptions,
    /// Whether `GET /api/…` needs no key on loopback.
    pub anonymous: bool,
    /// How long the head of an answer may take.
    pub request_timeout: Duration,
    /// The largest body in bytes.
    pub max_body_bytes: usize,
    /// The most connections at a time.
    pub max_connections: usize,
    /// The sealing key before the current one.
    pub previous_sealing_key: Option<SealingKey>,
    /// How accounts are watched and handed out.
    pub accounts: AccountSettings,
    /// Tokens of the environment.
    pub environment: Vec<EnvironmentAccount>,
    /// Who is told of ends and failures.
    pub webhooks: Vec<Webhook>,
    /// Where callers may name forges: on this machine, where the simulator is.
    pub addresses: AddressRules,
    /// What looks at the server for the doctor's page.
    pub examiner: Option<Arc<dyn Examiner>>,
    /// How content is read and kept: as usual, larger files in unnamed temporary files.
    pub content: ContentSettings,
    /// Whether content is served under `/repo` too.
    pub compat_content: bool,
    /// How runners are registered and secrets pushed.
    pub ci: CiSettings,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            access: AccessSettings::default(),
            issuers: Vec::new(),
            sign_in: None,
            trusted_proxies: TrustedProxies::default(),
            anchor_file: None,
            record_archive: None,
            broker: BrokerSettings::default(),
            forge: HttpOptions {
                request_timeout: Duration::from_secs(3),
                ..HttpOptions::default()
            },
            anonymous: true,
            request_timeout: Duration::from_secs(30),
            max_body_bytes: 64 * 1024,
            max_connections: 4_096,
            previous_sealing_key: None,
            accounts: AccountSettings::default(),
            environment: Vec::new(),
            webhooks: Vec::new(),
            addresses: AddressRules {
                allow: Vec::new(),
                allow_loopback: true,
            },
            examiner: None,
            content: ContentSettings::new(None),
            compat_content: true,
            ci: CiSettings::default(),
        }
    }
}

/// The user that the nodes of tests count as their own.
pub const OWN_UID: u32 = 4_242;

/// One server on a real port, with its worker; the background loops are left to the test.
#[derive(Debug)]
pub struct Node {
    /// The use cases.
    pub broker: Broker,
    /// What is in repositories.
    pub content: Content,
    /// Runners and secrets of the forges' CI.
    pub ci: Ci,
    /// Runs due jobs when the test says so.
    pub worker: Worker,
    /// The HTTP side.
    pub web: Web,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// The operator's key.
    pub key: ApiKey,
    /// The database, as this node opened it.
    pub vault: Arc<dyn Vault>,
    http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<std::io::Result<()>>>,
}

impl Node {
    /// Starts one.
    pub async fn start(
        database: &Database,
        sealing_key: &SealingKey,
        key: ApiKey,
        clock: Arc<dyn Clock>,
        options: NodeOptions,
    ) -> Self {
        // Boxed: else each test's future would be as large as this one.
        Box::pin(Self::put_together(database, sealing_key, key, clock, options)).await
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one part after the other, each of which the next ones need"
    )]
    async fn put_together(
        database: &Database,
        sealing_key: &SealingKey,
        key: ApiKey,
        clock: Arc<dyn Clock>,
        options: NodeOptions,
    ) -> Self {
        let entropy: Arc<dyn Entropy> = Arc::new(TestEntropy::default());
        let vault = database.open().await;
        let sealing_keys = sealing_keys(sealing_key, options.previous_sealing_key);
        let ring = open_key_ring(&*vault, &sealing_keys, &*clock, &*entropy)
            .await
            .expect("the key ring");
        let ledger = Ledger::open(LedgerParts {
            vault: Arc::clone(&vault),
            ring: Arc::clone(&ring),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            anchor_file: options.anchor_file,
        })
        .await
        .expect("the record");
        let permissions = options.broker.default_permissions.clone();
        let http = OidcHttpOptions::default();
        let sign_in = options
            .sign_in
            .map(|config| SignIn::new(config, Arc::clone(&clock), http.clone()).expect("a sign-in provider"));
        let access = Access::start(AccessParts {
            vault: Arc::clone(&vault),
            ring: Arc::clone(&ring),
            ledger,
            verifier: JwtVerifier::new(options.issuers, Arc::clone(&clock), http).expect("issuers"),
            sign_in,
            operator_keys: OperatorKeys::new([key.digest()]),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            settings: AccessSettings {
                anonymous: options.anonymous.then(|| anonymous_policy(&permissions, None)),
                ..options.access
            },
        })
        .await
        .expect("access");
        let content_clock = Arc::clone(&clock);
        let client = |rules| Outbound::new(options.forge.clone(), rules).expect("a client");
        let accounts = Accounts::new(AccountsParts {
            vault: Arc::clone(&vault),
            ring: Arc::clone(&ring),
            access: access.clone(),
            forges: Arc::new(Forges::new(client(options.addresses.clone()))),
            webhooks: Webhooks::new(options.webhooks, Arc::new(HttpSender(client(AddressRules::trusted())))),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            settings: options.accounts,
            environment: options.environment,
        });
        let (content_client, ci_client) = (client(options.addresses.clone()), client(options.addresses));
        let (ci_ring, ci_clock) = (Arc::clone(&ring), Arc::clone(&clock));
        let parts = BrokerParts {
            vault: Arc::clone(&vault),
            ring,
            access,
            accounts,
            sealing_keys,
            github: GitHub::new(options.forge, Arc::clone(&clock)).expect("the client"),
            clock,
            entropy: Arc::clone(&entropy),
            configured_apps: Vec::new(),
            settings: options.broker.clone(),
        };
        let broker = Broker::start(parts).await.expect("the broker");
        let right_lasts = options.content.right_lasts;
        let content = Content::new(ContentParts {
            broker: broker.clone(),
            outbound: content_client,
            clock: content_clock,
            entropy: Arc::clone(&entropy),
            settings: options.content,
        });
        let ci = Ci::new(CiParts {
            broker: broker.clone(),
            vault: Arc::clone(&vault),
            ring: ci_ring,
            outbound: ci_client,
            clock: ci_clock,
            entropy: Arc::clone(&entropy),
            settings: options.ci,
        });
        let settings = WebSettings {
            compat: CompatSettings {
                enabled: true,
                anonymous: options.anonymous,
                anonymous_remote: false,
                app: None,
                permissions: options.broker.default_permissions,
            },
            content: ContentRoutes {
                compat: options.compat_content,
                pinned_max_age: Duration::try_from(right_lasts).expect("a right lasts for some time"),
            },
            max_connections: options.max_connections,
            request_timeout: options.request_timeout,
            max_body_bytes: options.max_body_bytes,
            shutdown_grace: Duration::from_secs(5),
            trusted_proxies: options.trusted_proxies,
            public_url: "http://127.0.0.1".to_owned(),
            record_archive: options.record_archive,
            version: "test",
            examiner: options.examiner,
        };
        let web = Web::new(
            broker.clone(),
            Some(content.clone()),
            ci.clone(),
            settings,
            OWN_UID,
            entropy,
        );
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(web.clone().serve(vec![Listener::Tcp(listener)], async {
            stopped.await.ok();
        }));
        Self {
            worker: broker.worker(ci.handlers()),
            broker,
            content,
            ci,
            web,
            url: format!("http://{address}"),
            key,
            vault,
            http: http::client(),
            stop: Some(stop),
            serving: Some(serving),
        }
    }

    /// `GET` with the operator's key.
    pub async fn get(&self, path: &str) -> Answer {
        let request = self
            .http
            .get(format!("{}{path}", self.url))
            .bearer_auth(self.key.secret().expose());
        http::send(request).await
    }

    /// `GET` with a key or a token of somebody's.
    pub async fn get_as(&self, key: &str, path: &str) -> Answer {
        http::send(self.http.get(format!("{}{path}", self.url)).bearer_auth(key)).await
    }

    /// `POST` of JSON with a key or a token of somebody's.
    pub async fn post_as(&self, key: &str, path: &str, body: serde_json::Value) -> Answer {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(key);
        http::send(request.json(&body)).await
    }

    /// `DELETE` with a key or a token of somebody's.
    pub async fn delete_as(&self, key: &str, path: &str) -> Answer {
        http::send(self.http.delete(format!("{}{path}", self.url)).bearer_auth(key)).await
    }

    /// Any request, for what the others do not do: cookies, forms, odd headers.
    pub async fn send(&self, build: impl FnOnce(&reqwest::Client, &str) -> reqwest::RequestBuilder) -> Answer {
        http::send(build(&self.http, &self.url)).await
    }

    /// Adds a client; the key that it asks with.
    pub async fn client(&self, name: &str) -> String {
        let answer = self.post("/v1/clients", serde_json::json!({"name": name})).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["key"].as_str().expect("a key").to_owned()
    }

    /// Adds a policy.
    pub async fn policy(&self, spec: serde_json::Value) {
        let answer = self.post("/v1/policies", spec).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }

    /// Lets a client read the contents of repositories.
    pub async fn client_who_reads(&self, name: &str, repositories: &str) -> String {
        let key = self.client(name).await;
        self.policy(serde_json::json!({
            "name": format!("{name}-reads"), "callers": {"client": name}, "actions": ["token.mint"],
            "repositories": [repositories], "permissions": {"contents": "read"},
        }))
        .await;
        key
    }

    /// `GET` without a key.
    pub async fn get_anonymously(&self, path: &str) -> Answer {
        http::send(self.http.get(format!("{}{path}", self.url))).await
    }

    /// `POST` of JSON with the operator's key.
    pub async fn post(&self, path: &str, body: serde_json::Value) -> Answer {
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .bearer_auth(self.key.secret().expose());
        http::send(request.json(&body)).await
    }

    /// `DELETE` with the operator's key.
    pub async fn delete(&self, path: &str) -> Answer {
        let request = self
            .http
            .delete(format!("{}{path}", self.url))
            .bearer_auth(self.key.secret().expose());
        http::send(request).await
    }

    /// Stops the server as SIGTERM does, and closes its database.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        if let Some(serving) = self.serving.take() {
            serving.await.expect("the server ends").expect("without an error");
        }
        self.broker.drain().await;
        self.ci.drain().await;
        self.broker.access().ledger().close().await;
        self.vault.close().await;
    }
}

fn sealing_keys(current: &SealingKey, previous: Option<SealingKey>) -> SealingKeys {
    let keys = SealingKeys::new(current.clone(), "the test");
    match previous {
        Some(previous) => keys.with_previous(previous, "the test"),
        None => keys,
    }
}
