use jeton_inspect::{Finding, Inspection};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CheckReport, Released};

/// A text that may be a token, and what is wanted to be known about it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectRequest {
    /// The text, as it was copied.
    #[schema(value_type = String)]
    pub token: Released,
    /// `github`, `gitlab` or `bitbucket`, when it is meant for one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "github")]
    pub forge: Option<String>,
    /// Whether to ask the forge too; no when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<bool>,
    /// Where a self-hosted forge is, as people see it; the public one when left out. Only with `online`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://gitlab.example.com")]
    pub base_url: Option<String>,
    /// The user name at the forge. Only with `online`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The e-mail address of the Atlassian account, which Bitbucket's API wants beside an API token. Only with `online`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What it is wanted for: `read_content`, `manage_pull_requests`, `push`, `register_runners`, `manage_secrets`. Only with
    /// `online`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<String>,
    /// A repository to try it on, `owner/name`. Only with `online`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "acme/tools")]
    pub repository: Option<String>,
}

/// What a text is. Never a character of the token beyond the public prefix of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InspectResponse {
    /// Whether it may be stored and tried: nothing was found that is certainly wrong.
    pub usable: bool,
    /// What kind of token it is; absent when it is none of a forge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "github_classic")]
    pub kind: Option<String>,
    /// The same in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind_words: Option<String>,
    /// `github`, `gitlab` or `bitbucket`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "github")]
    pub forge: Option<String>,
    /// The form of its kind, for people.
    #[schema(example = "classic, 40 characters with a checksum")]
    pub form: String,
    /// `whole` when the checksum that the forge documents is right, `damaged` when it is wrong or a part is missing, `likely` when
    /// the shape fits or an undocumented check matches, else `unknown`.
    #[schema(example = "whole")]
    pub whole: String,
    /// `sure` by a documented prefix or checksum, `hint` by looks.
    #[schema(example = "sure")]
    pub certainty: String,
    /// What is wrong, and what was left out or put right; the gravest first.
    pub findings: Vec<InspectFinding>,
    /// What the forge said; only with `online`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckReport>,
}

/// One thing about a pasted text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InspectFinding {
    /// A stable name.
    #[schema(example = "credential.decorated")]
    pub code: String,
    /// `error`, `warning` or `note`.
    #[schema(example = "note")]
    pub severity: String,
    /// What was found.
    pub detail: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl From<&Inspection> for InspectResponse {
    fn from(inspection: &Inspection) -> Self {
        Self {
            usable: inspection.usable(),
            kind: inspection.kind.map(|kind| kind.as_str().to_owned()),
            kind_words: inspection.kind.map(|kind| kind.words().to_owned()),
            forge: inspection.forge.map(|forge| forge.as_str().to_owned()),
            form: inspection.form.to_owned(),
            whole: inspection.wholeness.as_str().to_owned(),
            certainty: inspection.certainty.as_str().to_owned(),
            findings: inspection.findings.iter().map(InspectFinding::from).collect(),
            check: None,
        }
    }
}

impl From<&Finding> for InspectFinding {
    fn from(finding: &Finding) -> Self {
        Self {
            code: finding.code.as_str().to_owned(),
            severity: finding.severity.as_str().to_owned(),
            detail: finding.words.clone(),
            remedy: (!finding.remedy.is_empty()).then(|| finding.remedy.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::Secret;

    use super::InspectResponse;

    #[test]
    fn the_answer_has_nothing_of_the_token() {
        let body = "Ab3".repeat(10);
        let pasted = format!("\"ghp_{body}{}\"", jeton_inspect::checksum::github_classic(&body));
        let inspection = jeton_inspect::inspect(&Secret::new(pasted), None);
        let json = serde_json::to_string(&InspectResponse::from(&inspection)).unwrap();
        assert!(!json.contains("Ab3"), "{json}");
        assert!(json.starts_with(r#"{"usable":true,"kind":"github_classic""#), "{json}");
        assert!(json.contains(r#""whole":"whole","certainty":"sure""#), "{json}");
        assert!(
            json.contains(r#""severity":"note","detail":"Quotes"#) && !json.contains("remedy"),
            "{json}"
        );
    }
}
