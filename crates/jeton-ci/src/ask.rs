use jeton_domain::{CiScope, Secret};
use jeton_forge::ci::SecretOptions;

/// For what something is asked, as it was written; not yet looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeName {
    /// `owner/name`.
    Repository(String),
    /// An organisation, a group, a workspace.
    Owner(String),
    /// An enterprise of GitHub.
    Enterprise(String),
    /// All of a GitLab.
    Instance,
}

impl ScopeName {
    /// As somebody would write it.
    pub(crate) fn of(scope: &CiScope) -> Self {
        match scope {
            CiScope::Repository(path) => Self::Repository(path.to_string()),
            CiScope::Owner(path) => Self::Owner(path.to_string()),
            CiScope::Enterprise(path) => Self::Enterprise(path.to_string()),
            CiScope::Instance => Self::Instance,
        }
    }
}

/// From what, when that is not left to jeton.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceAsk {
    /// The operator's name for a GitHub App.
    pub app: Option<String>,
    /// The label of an account.
    pub account: Option<String>,
}

/// A request for a runner's token; not yet looked at.
#[derive(Debug, Clone)]
pub struct RunnerAsk {
    /// The forge's host or kind; github.com, or the only one that Apps are for, when absent.
    pub forge: Option<String>,
    /// For what.
    pub scope: ScopeName,
    /// From what.
    pub source: SourceAsk,
    /// For how many seconds the token must live at least; [`crate::CiSettings::min_validity`] when absent, which where runners are made one
    /// by one is only preferred.
    pub min_validity_seconds: Option<i64>,
    /// Whether a token that others have too will not do. Where runners are made one by one: whether it is tried at the forge, and ended for
    /// a new one when it does not live long enough, though others have it.
    pub fresh: bool,
    /// What the runner shall be like, where runners are made one by one.
    pub runner: RunnerWish,
}

/// What a runner that stays shall be like (GitLab, Bitbucket). Where it is left out, the runner that is there decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunnerWish {
    /// Its name, `jeton` when absent. Who asks for the same name again gets the same runner.
    pub name: Option<String>,
    /// Tags or labels.
    pub labels: Option<Vec<String>>,
    /// Whether it takes jobs without tags; so when absent and there are no labels (GitLab).
    pub run_untagged: Option<bool>,
    /// Whether other projects may not use it (GitLab).
    pub locked: Option<bool>,
    /// Whether it takes no jobs for now (GitLab).
    pub paused: Option<bool>,
    /// Whether it runs jobs of protected branches only (GitLab).
    pub protected_only: Option<bool>,
    /// The longest time of a job (GitLab).
    pub maximum_timeout_seconds: Option<u64>,
    /// For how long its token shall live, 5 minutes to 15 days (GitLab Premium).
    pub token_lifetime_seconds: Option<i64>,
}

/// A request for a runner for a single job.
#[derive(Debug, Clone)]
pub struct JitWish {
    /// The forge's host or kind.
    pub forge: Option<String>,
    /// For what.
    pub scope: ScopeName,
    /// From what.
    pub source: SourceAsk,
    /// Its name.
    pub name: String,
    /// The group; 1 when absent.
    pub runner_group_id: Option<u64>,
    /// 1 to 100 labels.
    pub labels: Vec<String>,
    /// Its directory for work.
    pub work_folder: Option<String>,
}

/// The value of a secret.
#[derive(Debug, Clone)]
pub enum SecretValue {
    /// This.
    Text(Secret),
    /// The token of an account, by its label or id.
    AccountToken(String),
}

/// A secret to be pushed; not yet looked at.
#[derive(Debug, Clone)]
pub struct SecretAsk {
    /// The forge's host or kind.
    pub forge: Option<String>,
    /// For what.
    pub scope: ScopeName,
    /// As whom.
    pub source: SourceAsk,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: SecretValue,
    /// How it is to be kept.
    pub options: SecretOptions,
}

/// A place to which an account's token shall be pushed after every change; not yet looked at.
#[derive(Debug, Clone)]
pub struct TargetAsk {
    /// The forge's host or kind; the account's own when absent.
    pub forge: Option<String>,
    /// For what.
    pub scope: ScopeName,
    /// As whom; the account itself is one that can be named.
    pub source: SourceAsk,
    /// The secret's name.
    pub name: String,
    /// How it is to be kept.
    pub options: SecretOptions,
}
