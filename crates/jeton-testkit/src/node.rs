use std::{net::SocketAddr, sync::Arc, time::Duration};

use jeton_broker::{Broker, BrokerParts, BrokerSettings, open_key_ring};
use jeton_domain::{ApiKey, Clock, Entropy};
use jeton_forge::{GitHub, HttpOptions};
use jeton_jobs::Worker;
use jeton_seal::SealingKey;
use jeton_vault::Vault;
use jeton_web::{CompatSettings, Listener, OperatorKeys, Web, WebSettings};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{Answer, Database, TestEntropy, http};

/// How a node differs from the usual.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// The broker's settings.
    pub broker: BrokerSettings,
    /// How the forge is called.
    pub forge: HttpOptions,
    /// Whether `GET /api/…` needs no key on loopback.
    pub anonymous: bool,
    /// The largest body in bytes.
    pub max_body_bytes: usize,
    /// The most connections at a time.
    pub max_connections: usize,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            broker: BrokerSettings::default(),
            forge: HttpOptions {
                request_timeout: Duration::from_secs(3),
                ..HttpOptions::default()
            },
            anonymous: true,
            max_body_bytes: 64 * 1024,
            max_connections: 4_096,
        }
    }
}

/// One server on a real port, with its worker; the background loops are left to the test.
#[derive(Debug)]
pub struct Node {
    /// The use cases.
    pub broker: Broker,
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
        let entropy: Arc<dyn Entropy> = Arc::new(TestEntropy::default());
        let vault = database.open().await;
        let ring = open_key_ring(&*vault, sealing_key, &*clock, &*entropy)
            .await
            .expect("the key ring");
        let parts = BrokerParts {
            vault: Arc::clone(&vault),
            ring,
            sealing_key: (sealing_key.id().clone(), "the test".to_owned()),
            github: GitHub::new(options.forge, Arc::clone(&clock)).expect("the client"),
            clock,
            entropy: Arc::clone(&entropy),
            configured_apps: Vec::new(),
            settings: options.broker.clone(),
        };
        let broker = Broker::start(parts).await.expect("the broker");
        let settings = WebSettings {
            compat: CompatSettings {
                enabled: true,
                anonymous: options.anonymous,
                anonymous_remote: false,
                app: None,
                permissions: options.broker.default_permissions,
            },
            max_connections: options.max_connections,
            request_timeout: Duration::from_secs(30),
            max_body_bytes: options.max_body_bytes,
            shutdown_grace: Duration::from_secs(5),
            version: "test",
        };
        let web = Web::new(broker.clone(), OperatorKeys::new([key.digest()]), settings, entropy);
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(web.clone().serve(vec![Listener::Tcp(listener)], async {
            stopped.await.ok();
        }));
        Self {
            worker: broker.worker(),
            broker,
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
        self.vault.close().await;
    }
}
