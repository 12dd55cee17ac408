use jeton_domain::TokenEnd;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a look at the forge found about a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckReport {
    /// `valid`, `invalid`, or `unknown` when the forge was not asked or gave no clear word.
    #[schema(example = "valid")]
    pub validity: String,
    /// What kind of token it is, as exactly as is known now.
    #[schema(example = "github_fine_grained")]
    pub kind: String,
    /// The same in words.
    pub kind_words: String,
    /// Whose it is, by the forge's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<TokenIdentity>,
    /// Its scopes by the forge's word; absent when the forge does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// When it ends, RFC 3339 in UTC; absent when it does not, or when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// `known`, `never` or `unknown`: what an absent `expires_at` means.
    #[schema(example = "known")]
    pub expiry: String,
    /// What it reaches: the first few.
    pub reach: Vec<ReachedPlace>,
    /// Whether it reaches more than that.
    pub reaches_more: bool,
    /// Whether it will do for what it was asked about.
    pub purposes: Vec<PurposeFit>,
    /// What is wrong, the gravest first.
    pub diagnoses: Vec<Diagnosis>,
    /// What the forge was asked, and what it said.
    pub evidence: Vec<CheckEvidence>,
    /// What is left of the forge's limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<ForgeQuota>,
    /// When the forge may be asked again, RFC 3339 in UTC, if it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<String>,
    /// When this was found, RFC 3339 in UTC.
    pub checked_at: String,
}

/// Whose a token is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenIdentity {
    /// The forge's number or UUID of it, which never changes.
    pub id: String,
    /// Its name: a login, or the path of the repository, project or workspace that the token belongs to.
    #[schema(example = "octocat")]
    pub name: String,
}

/// Something that a token reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReachedPlace {
    /// Its name.
    #[schema(example = "acme/tools")]
    pub name: String,
    /// `owner` or `repository`.
    pub what: String,
    /// `read`, `write` or `admin`, where the forge says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
}

/// Whether a token will do for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PurposeFit {
    /// `read_content`, `manage_pull_requests`, `push`, `register_runners` or `manage_secrets`.
    #[schema(example = "push")]
    pub purpose: String,
    /// `yes`, `no`, or `unknown` when that cannot be found out without changing something at the forge.
    pub fit: String,
    /// The scopes or permissions that it lacks; the least that would do.
    pub missing: Vec<String>,
    /// On what the answer rests, or why there is none.
    pub why: String,
}

/// What is wrong with a token or its use, why, and what its owner can do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diagnosis {
    /// A stable name.
    #[schema(example = "credential.sso_required")]
    pub code: String,
    /// What is wrong.
    pub cause: String,
    /// What to do.
    pub remedy: String,
    /// The page where that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it is worth trying again, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<String>,
}

/// One question to the forge, on which a verdict rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckEvidence {
    /// What was asked.
    #[schema(example = "GET /user")]
    pub probe: String,
    /// The HTTP status; absent when no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The forge's own words in short, or why no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// The forge's id of the request, by which its support finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// When, RFC 3339 in UTC.
    pub at: String,
}

/// How much of a forge's limit is left for a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForgeQuota {
    /// Requests in a window.
    pub limit: u64,
    /// How many of them are left.
    pub remaining: u64,
    /// When the window ends, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<String>,
}

impl From<&jeton_domain::CheckReport> for CheckReport {
    fn from(report: &jeton_domain::CheckReport) -> Self {
        let expiry = match report.end {
            TokenEnd::At(_) => "known",
            TokenEnd::Never => "never",
            TokenEnd::Unknown => "unknown",
        };
        Self {
            validity: report.validity.as_str().to_owned(),
            kind: report.kind.as_str().to_owned(),
            kind_words: report.kind.words().to_owned(),
            identity: report.identity.as_ref().map(|identity| TokenIdentity {
                id: identity.id.clone(),
                name: identity.name.clone(),
            }),
            scopes: report.scopes.clone(),
            expires_at: report.end.time().map(|at| at.to_string()),
            expiry: expiry.to_owned(),
            reach: report.reach.iter().map(ReachedPlace::from).collect(),
            reaches_more: report.reaches_more,
            purposes: report.purposes.iter().map(PurposeFit::from).collect(),
            diagnoses: report.diagnoses.iter().map(Diagnosis::from).collect(),
            evidence: report.evidence.iter().map(CheckEvidence::from).collect(),
            quota: report.quota.as_ref().map(|quota| ForgeQuota {
                limit: quota.limit,
                remaining: quota.remaining,
                resets_at: quota.resets_at.map(|at| at.to_string()),
            }),
            retry_at: report.retry_at.map(|at| at.to_string()),
            checked_at: report.checked_at.to_string(),
        }
    }
}

impl From<&jeton_domain::Reached> for ReachedPlace {
    fn from(place: &jeton_domain::Reached) -> Self {
        Self {
            name: place.name.clone(),
            what: place.what.clone(),
            access: place.access.clone(),
        }
    }
}

impl From<&jeton_domain::PurposeFinding> for PurposeFit {
    fn from(finding: &jeton_domain::PurposeFinding) -> Self {
        Self {
            purpose: finding.purpose.as_str().to_owned(),
            fit: finding.fit.as_str().to_owned(),
            missing: finding.missing.clone(),
            why: finding.why.clone(),
        }
    }
}

impl From<&jeton_domain::Diagnosis> for Diagnosis {
    fn from(diagnosis: &jeton_domain::Diagnosis) -> Self {
        Self {
            code: diagnosis.code.as_str().to_owned(),
            cause: diagnosis.cause.clone(),
            remedy: diagnosis.remedy.clone(),
            url: diagnosis.url.clone(),
            retry_at: diagnosis.retry_at.map(|at| at.to_string()),
        }
    }
}

impl From<&jeton_domain::Evidence> for CheckEvidence {
    fn from(evidence: &jeton_domain::Evidence) -> Self {
        Self {
            probe: evidence.probe.clone(),
            status: evidence.status,
            said: evidence.said.clone(),
            request_id: evidence.request_id.clone(),
            at: evidence.at.to_string(),
        }
    }
}
