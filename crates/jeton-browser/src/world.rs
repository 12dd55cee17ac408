//! The three forges, and one person, `ada`, who may do everything with the private repository `acme/tools` on each.

use std::{net::SocketAddr, sync::Arc};

use jeton_domain::{ApiKey, Entropy};
use jeton_forge_sim::{
    AccessLevel, AppSpec, BitbucketRole, BitbucketSim, BitbucketSimConfig, BitbucketToken, BitbucketTokenSpec, Faults,
    ForgeSim, GitLabSim, GitLabSimConfig, GitLabToken, GitLabTokenSpec, OrgRole, PersonalTokenSpec, SimConfig,
    SimPersonalToken, Visibility,
};
use jeton_seal::SealingKey;
use jeton_testkit::{Database, DatabaseKind, Node, NodeOptions, TestClock, TestEntropy, TestJeton};
use serde_json::{Value, json};

use crate::DemoExaminer;

/// ada's address at Bitbucket.
pub const EMAIL: &str = "ada@example.com";
/// The three.
pub const ALL: [Forge; 3] = [Forge::GitHub, Forge::GitLab, Forge::Bitbucket];

/// One of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forge {
    /// GitHub, or a GitHub Enterprise Server.
    GitHub,
    /// GitLab.
    GitLab,
    /// Bitbucket Cloud.
    Bitbucket,
}

impl Forge {
    /// As programs write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Bitbucket => "bitbucket",
        }
    }

    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Bitbucket => "Bitbucket",
        }
    }
}

/// Where the forges listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// On free ports.
    Any,
    /// Always the same, for pictures in which they can be read.
    Fixed,
}

impl Ports {
    fn of(self, forge: Forge) -> SocketAddr {
        let last = match forge {
            Forge::GitHub => 2,
            Forge::GitLab => 3,
            Forge::Bitbucket => 4,
        };
        match self {
            Self::Any => ([127, 0, 0, 1], 0).into(),
            Self::Fixed => ([127, 0, 0, last], 8_443).into(),
        }
    }
}

/// A jeton and three forges.
#[derive(Debug)]
pub struct World {
    /// The server, and GitHub.
    pub t: TestJeton,
    /// A GitLab.
    pub gitlab: GitLabSim,
    /// A Bitbucket.
    pub bitbucket: BitbucketSim,
    /// ada's number at GitLab.
    pub at_gitlab: u64,
    /// `acme/tools` at GitLab.
    pub project: u64,
    /// ada's number at Bitbucket.
    pub at_bitbucket: u64,
    /// `acme/tools` at Bitbucket.
    pub repository: u64,
}

impl World {
    /// One for a test.
    pub async fn start() -> Self {
        Box::pin(Self::start_on(Ports::Any)).await
    }

    /// One whose forges listen there.
    pub async fn start_on(ports: Ports) -> Self {
        let options = NodeOptions {
            examiner: Some(Arc::new(DemoExaminer)),
            ..NodeOptions::default()
        };
        let t = start_jeton(ports, options).await;
        let github = t.sim.github();
        github.add_repository("acme", "tools", true).expect("a repository");
        github.add_user("ada");
        github.add_member("acme", "ada", OrgRole::Admin).expect("a member");
        let gitlab = GitLabSim::start(GitLabSimConfig {
            bind: ports.of(Forge::GitLab),
            clock: t.clock.for_sim(),
            ..GitLabSimConfig::default()
        });
        let gitlab = gitlab.await.expect("the simulator");
        let at_gitlab = gitlab.add_user("ada").expect("a person");
        let project = gitlab
            .add_project("acme/tools", Visibility::Private)
            .expect("a project");
        gitlab
            .add_member(project, at_gitlab, AccessLevel::Owner)
            .expect("a member");
        let bitbucket = BitbucketSim::start(BitbucketSimConfig {
            bind: ports.of(Forge::Bitbucket),
            clock: t.clock.for_sim(),
            ..BitbucketSimConfig::default()
        });
        let bitbucket = bitbucket.await.expect("the simulator");
        let at_bitbucket = bitbucket.add_account("ada", EMAIL).expect("a person");
        bitbucket.add_workspace("acme").expect("a workspace");
        bitbucket.add_member("acme", at_bitbucket, true).expect("a member");
        let repository = bitbucket.add_repository("acme", "tools", true).expect("a repository");
        let admin = Some(BitbucketRole::Admin);
        bitbucket.set_role(repository, at_bitbucket, admin).expect("a role");
        Self {
            t,
            gitlab,
            bitbucket,
            at_gitlab,
            project,
            at_bitbucket,
            repository,
        }
    }

    /// Where people find a forge.
    pub fn web_url(&self, forge: Forge) -> String {
        match forge {
            Forge::GitHub => self.t.sim.web_url(),
            Forge::GitLab => self.gitlab.web_url(),
            Forge::Bitbucket => self.bitbucket.web_url(),
        }
    }

    /// What goes wrong at a forge.
    pub fn faults(&self, forge: Forge) -> &Faults {
        match forge {
            Forge::GitHub => self.t.sim.faults(),
            Forge::GitLab => self.gitlab.faults(),
            Forge::Bitbucket => self.bitbucket.faults(),
        }
    }

    /// A token of ada's at GitHub.
    pub fn at_github(&self, spec: PersonalTokenSpec) -> SimPersonalToken {
        self.t.sim.github().add_personal_token("ada", spec)
    }

    /// ada's token at GitLab with these scopes, for 30 days.
    pub fn at_gitlab(&self, scopes: &[&str]) -> GitLabToken {
        let spec = GitLabTokenSpec::personal(self.at_gitlab).scopes(scopes.iter().copied());
        self.gitlab.add_token(&spec).expect("a token")
    }

    /// ada's API token at Bitbucket with these scopes, without `:bitbucket`.
    pub fn at_bitbucket(&self, scopes: &[&str]) -> BitbucketToken {
        let scopes = scopes.iter().map(|scope| format!("{scope}:bitbucket"));
        let spec = BitbucketTokenSpec::api_token(self.at_bitbucket).scopes(scopes);
        self.bitbucket.add_token(&spec).expect("a token")
    }

    /// A new token of ada's that opens `acme/tools` for reading.
    pub fn token(&self, forge: Forge) -> String {
        match forge {
            Forge::GitHub => self.at_github(PersonalTokenSpec::classic(["repo"])).token,
            Forge::GitLab => self.at_gitlab(&["api"]).token,
            Forge::Bitbucket => self.at_bitbucket(&["read:user", "read:repository"]).token,
        }
    }

    /// What the API wants for storing a token.
    pub fn given(&self, forge: Forge, token: &str) -> Value {
        let mut body = json!({"forge": forge.word(), "base_url": self.web_url(forge), "token": token});
        if forge == Forge::Bitbucket {
            body["email"] = json!(EMAIL);
        }
        body
    }

    /// Stores an account of a new token; the account.
    pub async fn stored(&self, forge: Forge, label: &str) -> Value {
        let token = self.token(forge);
        self.t.account(label, self.given(forge, &token)).await
    }
}

async fn start_jeton(ports: Ports, options: NodeOptions) -> TestJeton {
    if ports == Ports::Any {
        return TestJeton::start_with(Database::new(DatabaseKind::Sqlite), options).await;
    }
    let database = Database::new(DatabaseKind::Sqlite);
    let clock = TestClock::default();
    let config = SimConfig {
        bind: ports.of(Forge::GitHub),
        clock: clock.for_sim(),
        ..SimConfig::default()
    };
    let sim = ForgeSim::start(config).await.expect("the simulator");
    let app = sim.github().add_app(AppSpec::new("ci"));
    let entropy = TestEntropy::default();
    let sealing_key = SealingKey::generate(&entropy);
    let key = ApiKey::generate(&entropy as &dyn Entropy);
    let node = Node::start(&database, &sealing_key, key, Arc::new(clock.clone()), options.clone()).await;
    let t = TestJeton {
        sim,
        app,
        clock,
        database,
        node,
        sealing_key,
        options,
    };
    let added = t.add_app("ci", &t.app).await;
    assert_eq!(added.status, 201, "{}", added.text);
    t
}
