//! Single files on Bitbucket.

use http::{HeaderValue, Method, header};
use jeton_domain::{FilePath, ObjectId};
use jeton_outbound::Answer;
use serde::Deserialize;
use url::Url;

use super::{not_asked_for, source, success, words};
use crate::{
    content::call::{Call, Reply, Stream},
    content::{BlobStream, Body, Entry, EntryKind, Opened, ReadError},
};

/// A file or directory (`commit_file`, `commit_directory`).
#[derive(Deserialize)]
pub(super) struct TreeEntry {
    #[serde(rename = "type")]
    kind: String,
    pub(super) path: String,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    attributes: Option<Vec<String>>,
    #[serde(default)]
    commit: Option<CommitName>,
}

#[derive(Deserialize)]
struct CommitName {
    hash: String,
}

impl TreeEntry {
    /// By the attributes, which the documentation names, and by types of their own, which some answers have.
    pub(super) fn kind(&self) -> Option<EntryKind> {
        let has = |name: &str| self.attributes.iter().flatten().any(|one| one == name);
        Some(match self.kind.as_str() {
            "commit_directory" if !has("subrepository") => EntryKind::Directory,
            "commit_link" => EntryKind::Symlink,
            "commit_subrepository" | "commit_submodule" | "commit_directory" => EntryKind::Submodule,
            "commit_file" if has("subrepository") => EntryKind::Submodule,
            "commit_file" if has("link") => EntryKind::Symlink,
            "commit_file" if has("executable") => EntryKind::Executable,
            "commit_file" => EntryKind::File,
            _ => return None,
        })
    }

    pub(super) fn entry(&self, path: FilePath, kind: EntryKind) -> Entry {
        let sized = matches!(kind, EntryKind::File | EntryKind::Executable | EntryKind::Symlink);
        Entry {
            path,
            kind,
            id: None,
            size: self.size.filter(|_| sized),
        }
    }
}

pub(super) async fn open(call: &mut Call<'_>, commit: &ObjectId, path: &FilePath) -> Result<Opened, ReadError> {
    if path.is_root() {
        return Ok(Opened {
            entry: Entry {
                path: path.clone(),
                kind: EntryKind::Directory,
                id: None,
                size: None,
            },
            body: Body::Apart,
        });
    }
    let reply = call.get(&source(commit, path), &[("format", "meta")]).await?;
    let answer = success(call, reply, path)?;
    let found: TreeEntry = call.parse(&answer)?;
    let is_other = |of: &CommitName| of.hash.parse() != Ok(*commit);
    if found.path.trim_end_matches('/') != path.as_str() || found.commit.as_ref().is_some_and(is_other) {
        return Err(call.garbled("it tells of another file than was asked for"));
    }
    let kind = found
        .kind()
        .ok_or_else(|| call.garbled("what it tells of is neither a file nor a directory"))?;
    Ok(Opened {
        entry: found.entry(path.clone(), kind),
        body: Body::Apart,
    })
}

pub(super) async fn blob(call: &mut Call<'_>, commit: &ObjectId, path: &FilePath) -> Result<BlobStream, ReadError> {
    let mut request = call.request(Method::GET, call.url(&source(commit, path), &[])?)?;
    request = request.header(header::ACCEPT, HeaderValue::from_static("*/*"));
    match call.open(request, |_| None).await? {
        Stream::Coming(stream) => Ok(stream),
        Stream::Not(Reply::Absent(words)) => Err(words::absent(&words, call.at, path.as_str())),
        Stream::Not(Reply::Elsewhere(answer)) if leaves(&answer, call) => {
            Err(words::kept_in_lfs(call.at, path.as_str()))
        }
        Stream::Not(other) => Err(not_asked_for(call, &other)),
    }
}

/// Whether a redirect leads away from the API, as for files of Git LFS it does.
fn leaves(answer: &Answer, call: &Call<'_>) -> bool {
    let target = answer.location().and_then(|target| Url::parse(target).ok());
    let below = format!("{}/", call.at.forge.api_url());
    target.is_some_and(|target| matches!(target.scheme(), "https" | "http") && !target.as_str().starts_with(&below))
}

#[cfg(test)]
mod tests {
    use super::TreeEntry;
    use crate::content::EntryKind;

    #[test]
    fn attributes_tell_what_an_entry_is() {
        let kind = |json: &str| serde_json::from_str::<TreeEntry>(json).unwrap().kind();
        for (json, want) in [
            (r#"{"type":"commit_file","path":"a","size":3}"#, Some(EntryKind::File)),
            (
                r#"{"type":"commit_file","path":"a","attributes":null}"#,
                Some(EntryKind::File),
            ),
            (
                r#"{"type":"commit_file","path":"a","attributes":["binary","executable"]}"#,
                Some(EntryKind::Executable),
            ),
            (
                r#"{"type":"commit_file","path":"a","attributes":["link"]}"#,
                Some(EntryKind::Symlink),
            ),
            (r#"{"type":"commit_link","path":"a"}"#, Some(EntryKind::Symlink)),
            (
                r#"{"type":"commit_file","path":"a","attributes":["subrepository"]}"#,
                Some(EntryKind::Submodule),
            ),
            (
                r#"{"type":"commit_directory","path":"a","attributes":["subrepository"]}"#,
                Some(EntryKind::Submodule),
            ),
            (r#"{"type":"commit_directory","path":"a"}"#, Some(EntryKind::Directory)),
            (r#"{"type":"pipeline","path":"a"}"#, None),
        ] {
            assert_eq!(kind(json), want, "{json}");
        }
    }
}
