use jeton_domain::{
    CiScope, Diagnosis, Evidence, Fingerprint, Fitness, ForgeEndpoint, ForgeKind, OldTokenId, RunnerId, Secret,
    TargetId,
};
use jeton_vault::{OldTokenState, RunnerState, TargetState};
use jiff::Timestamp;

/// What kind of token a runner gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunnerTokenKind {
    /// Any number of runners register themselves with it for about an hour (GitHub).
    Registration,
    /// Any number of runners remove themselves with it for about an hour (GitHub).
    Removal,
    /// It is the runner's own (GitLab).
    Authentication,
    /// It is the secret of the runner's own OAuth client (Bitbucket).
    OauthClient,
}

impl RunnerTokenKind {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Removal => "removal",
            Self::Authentication => "authentication",
            Self::OauthClient => "oauth_client",
        }
    }
}

/// A runner's token on its way to whoever asked; it is on record already.
#[derive(Debug, Clone)]
pub struct RunnerGrant {
    /// The token.
    pub token: Secret,
    /// What kind it is.
    pub kind: RunnerTokenKind,
    /// When it ends; `None` when it does not, or when the forge does not tell.
    pub expires_at: Option<Timestamp>,
    /// The forge's host.
    pub forge: String,
    /// What kind of forge.
    pub forge_kind: ForgeKind,
    /// For what.
    pub scope: CiScope,
    /// Where the runner registers itself.
    pub url: String,
    /// From what, as policies name it.
    pub source: String,
    /// What may be shown of it.
    pub fingerprint: Fingerprint,
    /// Whether others have it too.
    pub shared: bool,
    /// The runner, where runners are made one by one.
    pub runner: Option<KeptRunner>,
}

/// The configuration of a runner for a single job, on its way to whoever asked.
#[derive(Debug, Clone)]
pub struct JitGrant {
    /// What `run.sh --jitconfig` wants.
    pub encoded_jit_config: Secret,
    /// The forge's id of the runner.
    pub runner_id: u64,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// The forge's host.
    pub forge: String,
    /// For what.
    pub scope: CiScope,
    /// Where it registers itself.
    pub url: String,
    /// From what, as policies name it.
    pub source: String,
    /// What may be shown of it.
    pub fingerprint: Fingerprint,
}

/// A runner that jeton keeps, without its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRunner {
    /// Names it for ever.
    pub id: RunnerId,
    /// Its name.
    pub name: String,
    /// The forge.
    pub forge: ForgeEndpoint,
    /// For what.
    pub scope: CiScope,
    /// Its labels.
    pub labels: Vec<String>,
    /// How far it has come.
    pub state: RunnerState,
    /// The forge's id of it.
    pub forge_id: Option<String>,
    /// Bitbucket's OAuth client id.
    pub client_id: Option<String>,
    /// What may be shown of its token.
    pub fingerprint: Option<Fingerprint>,
    /// When its token ends.
    pub expires_at: Option<Timestamp>,
    /// When its token is renewed.
    pub renew_at: Option<Timestamp>,
    /// From what it was made.
    pub source: String,
    /// By whom, for people.
    pub made_by: String,
    /// What is wrong with it.
    pub error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A page of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerPage {
    /// The page.
    pub runners: Vec<KeptRunner>,
    /// Where the next one begins.
    pub next: Option<RunnerId>,
}

/// What a look at one source found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExaminedSource {
    /// As policies name it.
    pub source: String,
    /// Whether it will do.
    pub fit: Fitness,
    /// The least that would do, in the forge's own words.
    pub needs: String,
    /// On what the answer rests.
    pub why: String,
    /// What is wrong, the gravest first.
    pub diagnoses: Vec<Diagnosis>,
    /// What was asked and said.
    pub evidence: Vec<Evidence>,
}

/// Whether runners could be registered, found out without making anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerReport {
    /// The forge's host.
    pub forge: String,
    /// For what, in the forge's words.
    pub scope: String,
    /// The best of what was found.
    pub fit: Fitness,
    /// Each source that the caller may use.
    pub sources: Vec<ExaminedSource>,
}

/// A secret that was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedSecret {
    /// Whether there was none of that name before.
    pub created: bool,
    /// Its name.
    pub name: String,
    /// The forge's host.
    pub forge: String,
    /// To what.
    pub scope: CiScope,
    /// The environment.
    pub environment: Option<String>,
    /// As whom, as policies name it.
    pub source: String,
    /// Of an account's token: what may be shown of it. Of anything else nothing may: it could be guessed.
    pub fingerprint: Option<Fingerprint>,
}

/// A target of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Names it for ever.
    pub id: TargetId,
    /// The forge.
    pub forge: ForgeEndpoint,
    /// To what.
    pub scope: CiScope,
    /// The environment.
    pub environment: Option<String>,
    /// The secret's name.
    pub name: String,
    /// As whom it is pushed, as policies name it; `itself` for the account's own token.
    pub source: String,
    /// How it stands.
    pub state: TargetState,
    /// Whether it has the account's present token.
    pub is_current: bool,
    /// What may be shown of the token that it has.
    pub pushed: Option<Fingerprint>,
    /// Since when.
    pub pushed_at: Option<Timestamp>,
    /// How often the present token was tried.
    pub attempts: u32,
    /// What was wrong last.
    pub error: Option<Diagnosis>,
    /// By whom it was added.
    pub added_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// A token of an account that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldToken {
    /// Names it for ever.
    pub id: OldTokenId,
    /// What may be shown of it.
    pub fingerprint: Fingerprint,
    /// How it stands.
    pub state: OldTokenState,
    /// It is ended at this time at the latest.
    pub ends_by: Timestamp,
    /// What was wrong last.
    pub error: Option<Diagnosis>,
    /// When it was replaced.
    pub created_at: Timestamp,
}

/// The targets of an account, and the tokens that wait for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountTargets {
    /// The account's label.
    pub account: String,
    /// In the order in which they are pushed.
    pub targets: Vec<Target>,
    /// The latest first.
    pub old_tokens: Vec<OldToken>,
}
