use std::{ops::Deref, sync::Arc};

use jeton_domain::{ApiKey, Entropy};
use jeton_forge_sim::{
    AppSpec, BitbucketSim, BitbucketSimConfig, ForgeSim, GitLabSim, GitLabSimConfig, InstallSpec, SimApp, SimConfig,
};
use jeton_seal::SealingKey;
use serde_json::{Value, json};

use crate::{Answer, Database, DatabaseKind, Node, NodeOptions, TestClock, TestEntropy};

/// A server, the simulated forge and a database, in one process. The forge knows one App, and so does jeton, by the name `ci`.
#[derive(Debug)]
pub struct TestJeton {
    /// The simulated forge.
    pub sim: ForgeSim,
    /// The App, as the forge knows it.
    pub app: SimApp,
    /// The clock of forge and server.
    pub clock: TestClock,
    /// The database.
    pub database: Database,
    /// The server.
    pub node: Node,
    /// What seals its vault.
    pub sealing_key: SealingKey,
    /// How the server differs from the usual.
    pub options: NodeOptions,
}

impl Deref for TestJeton {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}

impl TestJeton {
    /// The usual one.
    pub async fn start(kind: DatabaseKind) -> Self {
        Self::start_with(Database::new(kind), NodeOptions::default()).await
    }

    /// One with settings of its own.
    pub async fn start_with(database: Database, options: NodeOptions) -> Self {
        let clock = TestClock::default();
        let sim = ForgeSim::start(SimConfig {
            clock: clock.for_sim(),
            ..SimConfig::default()
        })
        .await
        .expect("the simulator");
        let app = sim.github().add_app(AppSpec::new("ci"));
        let entropy = TestEntropy::default();
        let sealing_key = SealingKey::generate(&entropy);
        let key = ApiKey::generate(&entropy as &dyn Entropy);
        let node = Node::start(&database, &sealing_key, key, Arc::new(clock.clone()), options.clone()).await;
        let this = Self {
            sim,
            app,
            clock,
            database,
            node,
            sealing_key,
            options,
        };
        let added = this.add_app("ci", &this.app).await;
        assert_eq!(added.status, 201, "{}", added.text);
        this.sim.calls().reset();
        this
    }

    /// Makes an App of the forge known to jeton.
    pub async fn add_app(&self, name: &str, app: &SimApp) -> Answer {
        let body = json!({
            "name": name,
            "app_id": app.id,
            "private_key": app.private_key_pkcs1_pem,
            "api_url": self.sim.api_url(),
        });
        self.post("/v1/apps", body).await
    }

    /// Makes repositories and installs the App on their owner, for all of them; the installation's number.
    pub fn install(&self, owner: &str, repositories: &[&str]) -> u64 {
        for name in repositories {
            self.sim
                .github()
                .add_repository(owner, name, true)
                .expect("a repository");
        }
        self.sim.github().install(self.app.id, owner, InstallSpec::all())
    }

    /// Asks for a token of one repository over the native route; the answer's body.
    pub async fn issue(&self, repository: &str) -> Value {
        let answer = self.try_issue(json!({"repositories": [repository]})).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }

    /// Asks for a token over the native route.
    pub async fn try_issue(&self, body: Value) -> Answer {
        self.post("/v1/tokens", body).await
    }

    /// A GitLab whose clock is the test's.
    pub async fn gitlab(&self) -> GitLabSim {
        let config = GitLabSimConfig {
            clock: self.clock.for_sim(),
            ..GitLabSimConfig::default()
        };
        GitLabSim::start(config).await.expect("the simulator")
    }

    /// A Bitbucket whose clock is the test's.
    pub async fn bitbucket(&self) -> BitbucketSim {
        let config = BitbucketSimConfig {
            clock: self.clock.for_sim(),
            ..BitbucketSimConfig::default()
        };
        BitbucketSim::start(config).await.expect("the simulator")
    }

    /// Stores an account, which the forge must take; the account in the answer.
    pub async fn account(&self, label: &str, mut account: Value) -> Value {
        account["label"] = json!(label);
        let answer = self.post("/v1/accounts", account).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["account"].take()
    }

    /// One more server on the same database.
    pub async fn replica(&self) -> Node {
        let clock = Arc::new(self.clock.clone());
        Node::start(
            &self.database,
            &self.sealing_key,
            self.node.key.clone(),
            clock,
            self.options.clone(),
        )
        .await
    }

    /// Stops the server and starts another on the same database.
    pub async fn restart(self) -> Self {
        let key = self.node.key.clone();
        let Self {
            sim,
            app,
            clock,
            database,
            node,
            sealing_key,
            options,
        } = self;
        node.stop().await;
        let node = Node::start(&database, &sealing_key, key, Arc::new(clock.clone()), options.clone()).await;
        Self {
            sim,
            app,
            clock,
            database,
            node,
            sealing_key,
            options,
        }
    }
}
