//! People's tokens at any forge, behind one trait.

use std::fmt;

use async_trait::async_trait;
use jeton_domain::{
    CheckReport, Credential, CredentialKind, Diagnosis, ForgeEndpoint, Purpose, RepoPath, Secret, TokenEnd,
};
use jiff::{Timestamp, civil::Date};

/// How closely to look at a token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckAsk {
    /// Only whether it works, whose it is, its scopes and its end: one or two calls, for the watch. Otherwise also what
    /// it reaches and whether it will do for the purposes: ten calls at most.
    pub quick: bool,
    /// The purposes to answer for; none asks nothing.
    pub purposes: Vec<Purpose>,
    /// The repository to try them on, without which some answers stay unknown.
    pub repository: Option<RepoPath>,
    /// The token's end as it was learnt before: a forge that does not tell an expired token from a wrong one is understood
    /// better with it.
    pub known_end: Option<Timestamp>,
}

/// A repository that a token reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachedRepository {
    /// `owner/name`, with its groups on GitLab.
    pub path: String,
    /// Whether strangers cannot see it.
    pub private: bool,
    /// `read`, `write` or `admin`, where the forge says it.
    pub access: Option<String>,
    /// The default branch, where the forge says it.
    pub default_branch: Option<String>,
    /// Where people see it.
    pub web_url: Option<String>,
}

/// A page of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryPage {
    /// The page.
    pub repositories: Vec<ReachedRepository>,
    /// What to ask for the next page with; made by the forge's module, opaque to everybody else. `None` on the last.
    pub next: Option<String>,
    /// Words on what is missing from it, such as organisations that want single sign-on.
    pub remark: Option<String>,
}

/// What became of a renewal at the forge.
#[derive(Debug)]
pub enum Rotated {
    /// The old token is dead; this is the new one.
    Renewed {
        /// The new token.
        token: Secret,
        /// When it ends.
        end: TokenEnd,
    },
    /// The forge said no, for certain: the old token is as it was, or was dead before.
    Refused(Diagnosis),
    /// The forge was not reached at all, or limits us: nothing happened, and it may be tried again later.
    NotAsked(Diagnosis),
    /// No clear answer: it may have happened. It must not be tried again before a look at the old token: GitLab ends a whole
    /// family of tokens when a dead one is renewed (<https://docs.gitlab.com/api/personal_access_tokens/>).
    Unclear(Diagnosis),
}

/// What became of the wish to end a token at its forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenEnded {
    /// The forge does not take it any more, or will not in a moment: GitHub ends tokens some time after it says so.
    Ended,
    /// It was dead already.
    WasDead,
    /// The forge has no call for it, or not for tokens of this kind: a person has to do it, and the remedy says where.
    Unsupported(Diagnosis),
    /// The forge said no.
    Refused(Diagnosis),
    /// No clear answer. To ask again does no harm.
    Later(Diagnosis),
}

/// How to make a token by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenGuide {
    /// The kind that is advised.
    pub kind: CredentialKind,
    /// The least scopes or permissions, in the forge's own words.
    pub scopes: Vec<String>,
    /// The page of that forge where it is made, with what can be filled in filled in.
    pub url: String,
    /// What to do there, step by step.
    pub steps: Vec<String>,
}

/// A kind of forge, as the keeper of people's tokens sees it. Nothing here changes anything at the forge but
/// [`AccountForge::rotate`] and [`AccountForge::end_token`].
#[async_trait]
pub trait AccountForge: Send + Sync + fmt::Debug {
    /// Looks at a token. Never fails: what went wrong is in the report, and a report without a clear word of the forge's
    /// says [`jeton_domain::Validity::Unknown`].
    async fn check(&self, credential: &Credential, ask: &CheckAsk, now: Timestamp) -> CheckReport;

    /// A page of the repositories that a token reaches, at most `limit` (1 to 100). `page` is `next` of the page before.
    ///
    /// # Errors
    /// The diagnosis of what the forge said.
    async fn list_repositories(
        &self,
        credential: &Credential,
        page: Option<&str>,
        limit: u32,
        now: Timestamp,
    ) -> Result<RepositoryPage, Box<Diagnosis>>;

    /// Renews the token, so that the new one ends on `expires_on`. Sends exactly one request, and never again by itself.
    async fn rotate(&self, credential: &Credential, expires_on: Option<Date>, now: Timestamp) -> Rotated;

    /// Ends the token itself, for good.
    async fn end_token(&self, credential: &Credential, now: Timestamp) -> TokenEnded;

    /// Why no token of this kind can be ended by the forge's API; `None` where it can.
    fn cannot_end(&self, forge: &ForgeEndpoint, kind: CredentialKind) -> Option<Diagnosis>;

    /// How a person makes a token that will do for the purposes; of the kind named, or of the best one. The repository or owner, when
    /// given, is named in the steps.
    fn guide(
        &self,
        forge: &ForgeEndpoint,
        kind: Option<CredentialKind>,
        purposes: &[Purpose],
        repository: Option<&str>,
    ) -> TokenGuide;
}
