//! Runners and variables against a simulated Bitbucket.

mod raw;
mod runners;
mod secrets;

use jeton_domain::{CiScope, Clock as _, Credential, CredentialKind, ForgeKind, Secret, SecretName};
use jeton_forge::{
    AddressRules, HttpOptions, Outbound,
    ci::{
        CiAt, CiForges, CiOutcome, Holder, MadeRunner, NewRunner, RunnerForge, SecretForge, SecretOptions, SecretPush,
        SecretPushed,
    },
};
use jeton_forge_sim::{BitbucketRole, BitbucketTokenSpec};

use super::World;

pub(super) const RUNNERS: [&str; 2] = ["read:runner", "write:runner"];
pub(super) const VARIABLES: [&str; 2] = ["read:pipeline", "admin:pipeline"];

pub(super) fn scope(kind: &str, path: &str) -> CiScope {
    CiScope::from_parts(ForgeKind::Bitbucket, kind, path).unwrap()
}

pub(super) fn tools() -> CiScope {
    scope("repository", "acme/tools")
}

pub(super) fn acme() -> CiScope {
    scope("owner", "acme")
}

pub(super) fn runner() -> NewRunner {
    NewRunner {
        name: "builder 1".to_owned(),
        labels: vec!["linux".to_owned()],
        run_untagged: true,
        locked: false,
        paused: false,
        protected_only: false,
        maximum_timeout_seconds: None,
        token_expires_at: None,
    }
}

pub(super) fn forges(options: HttpOptions) -> CiForges {
    let rules = AddressRules {
        allow_loopback: true,
        ..AddressRules::default()
    };
    CiForges::new(Outbound::new(options, rules).unwrap())
}

/// The world of the accounts, in which alice administers `acme/tools` and owns `acme`, and bob only writes.
pub(super) struct CiWorld {
    pub(super) t: World,
    pub(super) forges: CiForges,
}

impl CiWorld {
    pub(super) async fn new() -> Self {
        let t = World::new().await;
        t.sim.add_member("acme", t.alice, true).unwrap();
        t.sim.set_role(t.tools, t.alice, Some(BitbucketRole::Admin)).unwrap();
        Self {
            forges: forges(HttpOptions::default()),
            t,
        }
    }

    pub(super) fn runners(&self) -> &dyn RunnerForge {
        self.forges.runners(ForgeKind::Bitbucket)
    }

    pub(super) fn secrets(&self) -> &dyn SecretForge {
        self.forges.secrets(ForgeKind::Bitbucket)
    }

    /// Alice's API token.
    pub(super) fn token(&self, scopes: &[&str]) -> Credential {
        let token = self.t.api_token(scopes).token;
        self.t.credential(CredentialKind::BitbucketApiToken, &token)
    }

    /// An access token of `acme/tools`.
    pub(super) fn access_token(&self, scopes: &[&str]) -> Credential {
        let spec = BitbucketTokenSpec::repository_token(self.t.tools).scopes(scopes.iter().copied());
        let token = self.t.sim.add_token(&spec).unwrap().token;
        self.t.credential(CredentialKind::BitbucketRepository, &token)
    }

    /// The API token of somebody who writes to `acme/tools` and no more.
    pub(super) fn writer(&self, scopes: &[&str]) -> Credential {
        let bob = self.t.sim.add_account("bob", "bob@example.com").unwrap();
        self.t.sim.add_member("acme", bob, false).unwrap();
        self.t
            .sim
            .set_role(self.t.tools, bob, Some(BitbucketRole::Write))
            .unwrap();
        let scopes = scopes.iter().map(|scope| format!("{scope}:bitbucket"));
        let token = self
            .t
            .sim
            .add_token(&BitbucketTokenSpec::api_token(bob).scopes(scopes))
            .unwrap();
        Credential {
            email: Some("bob@example.com".to_owned()),
            ..self.t.credential(CredentialKind::BitbucketApiToken, &token.token)
        }
    }

    pub(super) fn at<'a>(&self, credential: &'a Credential, scope: &'a CiScope) -> CiAt<'a> {
        CiAt {
            forge: &credential.forge,
            scope,
            credential,
            holder: Holder::Account("bot"),
            now: self.t.clock.now(),
        }
    }

    pub(super) async fn make(&self, credential: &Credential, scope: &CiScope) -> CiOutcome<MadeRunner> {
        self.runners().make_runner(&self.at(credential, scope), &runner()).await
    }

    pub(super) async fn push(
        &self,
        credential: &Credential,
        scope: &CiScope,
        value: &str,
        environment: Option<&str>,
    ) -> CiOutcome<SecretPushed> {
        let (name, value) = (name("DEPLOY_TOKEN"), Secret::new(value));
        let options = SecretOptions {
            environment: environment.map(str::to_owned),
            ..SecretOptions::default()
        };
        let push = SecretPush {
            name: &name,
            value: &value,
            options: &options,
        };
        self.secrets().push(&self.at(credential, scope), &push).await
    }
}

pub(super) fn name(text: &str) -> SecretName {
    SecretName::parse(ForgeKind::Bitbucket, text).unwrap()
}

/// No finding, report or error shows a secret.
pub(super) fn shows(text: &impl std::fmt::Debug, secret: &str) -> bool {
    format!("{text:?}").contains(secret)
}
