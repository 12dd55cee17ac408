use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::TriedSource;

/// What went wrong, as RFC 9457 has it, with a stable code and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A reference to the page that explains the code.
    #[serde(rename = "type")]
    #[schema(example = "/docs#error-forge.app_not_installed")]
    pub kind: String,
    /// The HTTP status in words.
    #[schema(example = "Not Found")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    pub status: u16,
    /// What failed, in a sentence.
    pub detail: String,
    /// A stable name for programs.
    #[schema(example = "forge.app_not_installed")]
    pub code: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The page where that is done, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Names the request in jeton's log.
    pub request_id: String,
    /// The forge's own words, where it was the forge that said no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forge_message: Option<String>,
    /// The forge's name for its request, for its support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forge_request_id: Option<String>,
    /// What came of each App and account, the one that says most first, where several were tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<TriedSource>,
}
