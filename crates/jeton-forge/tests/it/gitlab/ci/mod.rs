//! Runners and variables against a simulated GitLab.

mod examine;
mod explain;
mod raw;
mod runners;
mod secrets;

use jeton_domain::{CiScope, Clock as _, Credential, ForgeKind, Secret, SecretName};
use jeton_forge::{
    HttpOptions,
    ci::{
        CiAt, CiForges, CiOutcome, Holder, MadeRunner, NewRunner, RunnerForge, SecretForge, SecretOptions, SecretPush,
        SecretPushed,
    },
};
use jeton_forge_sim::{AccessLevel, GitLabTokenSpec, Visibility};

use super::{World, outbound};

pub(super) const MAKE: &str = "POST /api/v4/user/runners";

pub(super) fn scope(kind: &str, path: &str) -> CiScope {
    CiScope::from_parts(ForgeKind::GitLab, kind, path).unwrap()
}

pub(super) fn tools() -> CiScope {
    scope("repository", "acme/tools")
}

pub(super) fn runner() -> NewRunner {
    NewRunner {
        name: "builder 1".to_owned(),
        labels: vec!["linux".to_owned(), "big".to_owned()],
        run_untagged: true,
        locked: false,
        paused: false,
        protected_only: false,
        maximum_timeout_seconds: None,
        token_expires_at: None,
    }
}

/// The world of the accounts, with olga, who owns `acme`, and root.
pub(super) struct CiWorld {
    pub(super) t: World,
    pub(super) forges: CiForges,
    pub(super) group: u64,
    pub(super) olga: u64,
    pub(super) root: u64,
}

impl CiWorld {
    pub(super) async fn new() -> Self {
        let t = World::new().await;
        let olga = t.sim.add_user("olga").unwrap();
        let root = t.sim.add_admin("root").unwrap();
        // the group around `acme/tools` is there already
        let group = t.sim.add_group("ops", Visibility::Private).unwrap();
        t.sim.add_member(group, olga, AccessLevel::Owner).unwrap();
        t.sim.add_member(t.project, olga, AccessLevel::Owner).unwrap();
        Self {
            forges: CiForges::new(outbound(HttpOptions::default())),
            t,
            group,
            olga,
            root,
        }
    }

    pub(super) fn runners(&self) -> &dyn RunnerForge {
        self.forges.runners(ForgeKind::GitLab)
    }

    pub(super) fn secrets(&self) -> &dyn SecretForge {
        self.forges.secrets(ForgeKind::GitLab)
    }

    pub(super) fn token(&self, user: u64, scopes: &[&str]) -> Credential {
        let spec = GitLabTokenSpec::personal(user).scopes(scopes.iter().copied());
        self.t.credential(&self.t.sim.add_token(&spec).unwrap().token)
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
        options: &SecretOptions,
    ) -> CiOutcome<SecretPushed> {
        let (name, value) = (name("DEPLOY_TOKEN"), Secret::new(value));
        let push = SecretPush {
            name: &name,
            value: &value,
            options,
        };
        self.secrets().push(&self.at(credential, scope), &push).await
    }
}

pub(super) fn name(text: &str) -> SecretName {
    SecretName::parse(ForgeKind::GitLab, text).unwrap()
}
