use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordEntry {
    /// Its number: 1 and up, without a gap.
    pub seq: u64,
    /// When it happened, RFC 3339 in UTC.
    pub at: String,
    /// What happened.
    #[schema(example = "token.granted")]
    pub event: String,
    /// Who did it, for people.
    #[schema(example = "client:ci")]
    pub actor: String,
    /// Who did it, exactly: a later client or user of the same name has another key.
    pub actor_key: String,
    /// What may be shown of the secret that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The request in which it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Where the request came from; absent over a Unix socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// All else.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
    /// The keyed hash over the entry before and this one, in hex.
    pub hash: String,
}

/// A page of the record, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordPage {
    /// The page.
    pub entries: Vec<RecordEntry>,
    /// Ask with `before=` this for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// The record shall be verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRecordRequest {
    /// Whether the archived files are verified too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archives: Option<bool>,
    /// An entry that must still be there, as `SEQ:HASH`: the head of an earlier verification, kept elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "1042:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub expect: Option<String>,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordVerdict {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// The number of the first entry that is there; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// The number of the last entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
    /// How many entries were verified.
    pub entries: u64,
    /// The hash of the last entry, in hex. `last:head` kept elsewhere shows later that nothing before it was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// What is wrong, at most 100 findings.
    pub findings: Vec<RecordFinding>,
    /// The archived files that were verified; absent when that was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archives: Option<Vec<RecordArchive>>,
}

/// One thing that is wrong with the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordFinding {
    /// The entry at which it shows; absent when it is about the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// A stable name: `changed`, `missing`, `out_of_order`, `tail_missing`, `head_forged`, `base_forged`, `rolled_back`,
    /// `not_as_expected`, …
    #[schema(example = "changed")]
    pub kind: String,
    /// In words.
    pub detail: String,
}

/// An archived file of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordArchive {
    /// Its name.
    pub file: String,
    /// Its first entry.
    pub first: u64,
    /// Its last entry.
    pub last: u64,
    /// Whether nothing is wrong with it.
    pub ok: bool,
}
