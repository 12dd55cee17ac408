use jeton_domain::{CiScope, Credential, Diagnosis, Evidence, Fitness, ForgeEndpoint, RepoName, Secret, SecretName};
use jiff::Timestamp;

/// Where to act, and as whom.
#[derive(Debug, Clone, Copy)]
pub struct CiAt<'a> {
    /// The forge.
    pub forge: &'a ForgeEndpoint,
    /// For what.
    pub scope: &'a CiScope,
    /// As whom.
    pub credential: &'a Credential,
    /// Whose credential it is, so that the remedy leads to the right page.
    pub holder: Holder<'a>,
    /// The time.
    pub now: Timestamp,
}

/// Whose a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder<'a> {
    /// A GitHub App's; by the operator's name for it.
    App(&'a str),
    /// A person's or a bot's, or one of the environment; by its name in policies.
    Account(&'a str),
    /// The one that a CI job gets from its forge (`GITHUB_TOKEN`, `CI_JOB_TOKEN`).
    Workflow,
}

/// Why the forge did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .diagnosis.cause)]
pub struct CiRefusal {
    /// The cause, the least permission that would do, and where to set it.
    pub diagnosis: Box<Diagnosis>,
    /// What was asked and said.
    pub evidence: Vec<Evidence>,
    /// Whether the forge may have done it all the same: its answer was lost. It must not be tried again before a look.
    pub unclear: bool,
}

/// What came of it.
pub type CiOutcome<T> = Result<T, CiRefusal>;

/// A short-lived token with which a runner registers or removes itself.
#[derive(Debug, Clone)]
pub struct RunnerToken {
    /// The token.
    pub token: Secret,
    /// When it ends, by the forge's clock.
    pub expires_at: Timestamp,
}

/// What a runner for a single job shall be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JitAsk {
    /// Its name; unique where it runs.
    pub name: String,
    /// The group that it belongs to; 1 is the one that is always there.
    pub runner_group_id: u64,
    /// 1 to 100 of them.
    pub labels: Vec<String>,
    /// Its directory for work; GitHub's own choice (`_work`) when absent.
    pub work_folder: Option<String>,
}

/// A runner for a single job.
#[derive(Debug, Clone)]
pub struct JitRunner {
    /// What `run.sh --jitconfig` wants. As good as a token.
    pub encoded_jit_config: Secret,
    /// The forge's id of the runner.
    pub id: u64,
    /// Its name by the forge's word.
    pub name: String,
    /// Its labels by the forge's word.
    pub labels: Vec<String>,
}

/// What a runner that stays shall be like (GitLab, Bitbucket).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the forge's own")]
pub struct NewRunner {
    /// GitLab's description, Bitbucket's name.
    pub name: String,
    /// GitLab's tags, Bitbucket's labels.
    pub labels: Vec<String>,
    /// Whether it takes jobs without tags (GitLab).
    pub run_untagged: bool,
    /// Whether other projects may not use it (GitLab).
    pub locked: bool,
    /// Whether it takes no jobs for now (GitLab).
    pub paused: bool,
    /// Whether it runs jobs of protected branches only (GitLab).
    pub protected_only: bool,
    /// The longest time of a job in seconds (GitLab).
    pub maximum_timeout_seconds: Option<u64>,
    /// When its token shall end, where the forge lets one say so (GitLab: 5 minutes to 15 days ahead).
    pub token_expires_at: Option<Timestamp>,
}

/// A runner that the forge made.
#[derive(Debug, Clone)]
pub struct MadeRunner {
    /// The forge's id of it: a number on GitLab, a UUID in braces on Bitbucket.
    pub forge_id: String,
    /// What the runner shows: GitLab's authentication token, the secret of Bitbucket's OAuth client.
    pub token: Secret,
    /// Bitbucket's OAuth client id.
    pub client_id: Option<String>,
    /// When the token ends; `None` when it does not, or when the forge does not tell.
    pub expires_at: Option<Timestamp>,
}

/// A runner's token after its renewal.
#[derive(Debug, Clone)]
pub struct RenewedToken {
    /// The new token; the old one is dead.
    pub token: Secret,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A runner that was made, to act on it.
#[derive(Debug, Clone, Copy)]
pub struct KnownRunner<'a> {
    /// The forge's id of it.
    pub forge_id: &'a str,
    /// Its token.
    pub token: &'a Secret,
}

/// What a look found, without anything being made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerExam {
    /// Whether the credential will do.
    pub fit: Fitness,
    /// The least that would do, in the forge's own words: `repo`, `administration: write`.
    pub needs: String,
    /// On what the answer rests; a sentence.
    pub why: String,
    /// What is wrong, the gravest first.
    pub diagnoses: Vec<Diagnosis>,
    /// What was asked and said.
    pub evidence: Vec<Evidence>,
}

/// Which of GitHub's stores a secret goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecretFamily {
    /// Workflows.
    #[default]
    Actions,
    /// Workflows that Dependabot starts.
    Dependabot,
    /// Codespaces.
    Codespaces,
}

/// Which repositories of an organisation of GitHub see a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretVisibility {
    /// All.
    All,
    /// Private and internal ones.
    Private,
    /// These.
    Selected(Vec<RepoName>),
}

/// How a secret is to be kept at its forge. What a forge does not know is refused before it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SecretOptions {
    /// GitHub's and Bitbucket's deployment environment; GitLab's environment scope, which may have `*`.
    pub environment: Option<String>,
    /// GitHub's store.
    pub family: SecretFamily,
    /// For an organisation of GitHub; private when absent.
    pub visibility: Option<SecretVisibility>,
    /// Whether logs show it; masked when absent (GitLab).
    pub masked: Option<bool>,
    /// Whether nobody can read it back; only when it is made (GitLab).
    pub hidden: Option<bool>,
    /// Whether only protected branches and tags get it (GitLab).
    pub protected: Option<bool>,
    /// Whether `$` in it is left alone; so when absent (GitLab).
    pub raw: Option<bool>,
    /// Whether jobs get a file with it instead of a variable (GitLab).
    pub file: Option<bool>,
    /// For people (GitLab).
    pub description: Option<String>,
}

/// A secret on its way.
#[derive(Debug, Clone, Copy)]
pub struct SecretPush<'a> {
    /// Its name.
    pub name: &'a SecretName,
    /// Its value.
    pub value: &'a Secret,
    /// How it is to be kept.
    pub options: &'a SecretOptions,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretPushed {
    /// Whether there was none of that name before.
    pub created: bool,
    /// What was asked and said.
    pub evidence: Vec<Evidence>,
}
