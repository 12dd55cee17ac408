use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Diagnosis;

/// Where an answer about a repository's content comes from. Part of every such answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContentOrigin {
    /// The forge's host.
    pub forge: String,
    /// `owner/name`.
    pub repository: String,
    /// The branch, tag or commit that was asked for, or the default branch where its name is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reference: Option<String>,
    /// The commit that was read. Asking for it by this id always gives the same.
    pub commit: String,
    /// As whom the forge was asked: `app:NAME`, `account:NAME`, `anonymous`.
    pub source: String,
    /// How old the answer is, in seconds, when the forge is down and could not be asked anew.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stale_seconds: Option<u64>,
    /// What is wrong with credentials that were passed over.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notices: Vec<Diagnosis>,
}

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TreeEntry {
    /// From the root of the repository.
    pub path: String,
    /// `file`, `executable` (where the forge says it), `symlink`, `directory` or `submodule`.
    pub kind: String,
    /// git's id of the blob, the tree, or the submodule's commit, where the forge says it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// In bytes, of files, where the forge says it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub size: Option<u64>,
}

/// A part of a repository's tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RepositoryTree {
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: ContentOrigin,
    /// The directory; empty for the root.
    pub path: String,
    /// What lies there: by path where the forge gives the tree in one answer, else in the forge's order.
    pub entries: Vec<TreeEntry>,
    /// Whether there is more: then `next` is the `cursor` of the next page.
    pub truncated: bool,
    /// The `cursor` of the next page.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// What a Git LFS pointer stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LfsObject {
    /// The object's SHA-256, as `sha256:…`.
    pub oid: String,
    /// Its size in bytes.
    pub size: u64,
}

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileFacts {
    /// From the root of the repository.
    pub path: String,
    /// `file`, or `executable` where that is known: GitHub does not say it of a single file, which is a `file` until its tree was read.
    pub kind: String,
    /// git's id of its bytes.
    pub id: String,
    /// In bytes.
    pub size: u64,
    /// What its bytes are: `utf-8`, `utf-8-bom`, `8-bit` (text in Latin-1 or the like), `utf-16` or `binary`.
    pub charset: String,
    /// Whether it is no text.
    pub binary: bool,
    /// Its line ends: `none`, `lf`, `crlf` or `mixed`.
    pub line_endings: String,
    /// How many lines it has; a last one without a line end counts.
    pub max_lines: u64,
    /// What it stands for, if it is a Git LFS pointer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lfs: Option<LfsObject>,
    /// The symbolic link that was followed to it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub link: Option<String>,
}

/// A file, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileContent {
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: ContentOrigin,
    /// The file.
    #[serde(flatten)]
    pub file: FileFacts,
    /// How `content` is written: `utf-8` (as it is) or `base64`.
    pub encoding: String,
    /// The bytes from `offset` on.
    pub content: String,
    /// Where this part begins, in bytes.
    pub offset: u64,
    /// Whether the file goes on after this part: then `next` is the `offset` of the next one.
    pub truncated: bool,
    /// The `offset` of the next part.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<u64>,
}

/// Some lines of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileLines {
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: ContentOrigin,
    /// The file.
    #[serde(flatten)]
    pub file: FileFacts,
    /// The first line that is here; lines count from 1.
    pub start_line: u64,
    /// The last line that is here.
    pub end_line: u64,
    /// The lines, without their line ends.
    pub lines: Vec<String>,
    /// Whether lines that were asked for are left out because they are too many, or too many bytes: then `next` is the `start_line` to go
    /// on with.
    pub truncated: bool,
    /// The `start_line` to go on with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<u64>,
}

/// How many lines a file has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileLineCount {
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: ContentOrigin,
    /// The file, with `max_lines`.
    #[serde(flatten)]
    pub file: FileFacts,
}

/// Who made a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommitPerson {
    /// Their name.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
    /// When, in RFC 3339, in the commit's own zone where the forge keeps it.
    pub date: String,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommitEntry {
    /// Its id.
    pub id: String,
    /// The whole message.
    pub message: String,
    /// Who wrote it.
    pub author: CommitPerson,
    /// Who put it there. Listings are filtered by this date.
    pub committer: CommitPerson,
    /// The commits before it.
    pub parents: Vec<String>,
    /// The page for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
    /// The `cursor` with which a listing goes on after this commit.
    pub cursor: String,
}

/// A part of a history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommitList {
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: ContentOrigin,
    /// Newest first.
    pub commits: Vec<CommitEntry>,
    /// The `cursor` of the next page, if there is one. It stays good when new commits are made, and belongs to the path and the dates that
    /// it came with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}
