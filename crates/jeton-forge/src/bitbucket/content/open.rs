//! Single files on Bitbucket.

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, TryStreamExt as _, future, stream};
use http::{HeaderMap, HeaderValue, Method, header};
use jeton_domain::{FilePath, ObjectId};
use jeton_outbound::{Answer, Request};
use serde::Deserialize;
use url::Url;

use super::{
    not_asked_for,
    page::same_path,
    source, success,
    words::{self, About},
};
use crate::{
    content::call::{Call, LONGEST_LINK, Reply, Stream, may_be_link},
    content::{BlobStream, Body, Entry, EntryKind, Opened, ReadError},
    headers::text,
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
        return Ok(directory(path));
    }
    let url = call.url(&source(commit, path), &[])?;
    match call.open(raw(call, url.clone())?, |_| None).await? {
        Stream::Coming { headers, stream } if is_file(&headers) => file(call, commit, path, stream).await,
        Stream::Coming { headers, .. } if is_json(&headers) => Ok(directory(path)),
        Stream::Not(Reply::Elsewhere(answer)) if adds_slash(&answer, &url) => Ok(directory(path)),
        Stream::Not(Reply::Elsewhere(answer)) if leaves(&answer, call) => {
            Err(words::kept_in_lfs(call.at, path.as_str()))
        }
        Stream::Not(Reply::Absent(words)) if words::about(&words) == About::Repository => {
            Err(words::not_visible(call.at))
        }
        // a submodule has no bytes here, and what comes in no form that is documented may be anything
        Stream::Not(Reply::Absent(_)) | Stream::Coming { .. } => apart(call, commit, path).await,
        Stream::Not(other) => Err(not_asked_for(call, &other)),
    }
}

fn directory(path: &FilePath) -> Opened {
    Opened {
        entry: Entry {
            path: path.clone(),
            kind: EntryKind::Directory,
            id: None,
            size: None,
        },
        body: Body::Apart,
    }
}

/// The request for a file as it is.
fn raw(call: &Call<'_>, url: Url) -> Result<Request, ReadError> {
    let request = call.request(Method::GET, url)?;
    Ok(request.header(header::ACCEPT, HeaderValue::from_static("*/*")))
}

/// Files are for saving, never for showing, whatever is in them. The name behind it may be in any encoding.
pub(super) fn is_file(headers: &HeaderMap) -> bool {
    let disposition = headers.get(header::CONTENT_DISPOSITION).map(HeaderValue::as_bytes);
    let kind = disposition.and_then(|text| text.get(.."attachment".len()));
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(b"attachment"))
}

/// A directory's first page, which nobody reads here.
fn is_json(headers: &HeaderMap) -> bool {
    text(headers, header::CONTENT_TYPE.as_str()).is_some_and(|kind| kind.starts_with("application/json"))
}

/// A redirect to the same place with a slash behind it, as a directory is written.
fn adds_slash(answer: &Answer, url: &Url) -> bool {
    let target = answer.location().and_then(|target| url.join(target).ok());
    let wanted = format!("{}/", url.path());
    target.is_some_and(|target| target.origin() == url.origin() && same_path(target.path(), &wanted))
}

/// A file whose bytes are on their way. Only of what is short, and could be a link or nothing at all, is asked what it is.
async fn file(
    call: &mut Call<'_>,
    commit: &ObjectId,
    path: &FilePath,
    stream: BlobStream,
) -> Result<Opened, ReadError> {
    let body = look_into(call, stream).await?;
    let size = match &body {
        Body::Here(bytes) if bytes.is_empty() || may_be_link(bytes) => {
            let told = meta(call, commit, path).await?;
            return short(call, told, bytes.clone());
        }
        Body::Here(bytes) => u64::try_from(bytes.len()).ok(),
        Body::Coming(stream) => stream.size,
        Body::Apart => None,
    };
    Ok(Opened {
        entry: Entry {
            path: path.clone(),
            kind: EntryKind::File,
            id: None,
            size,
        },
        body,
    })
}

/// What is as short as a link can be comes whole; anything else goes on as the stream that it is.
async fn look_into(call: &Call<'_>, mut stream: BlobStream) -> Result<Body, ReadError> {
    if stream.size.is_some_and(|size| size > LONGEST_LINK as u64) {
        return Ok(Body::Coming(stream));
    }
    let mut seen = BytesMut::new();
    while seen.len() <= LONGEST_LINK {
        match stream.bytes.try_next().await {
            Ok(Some(piece)) => seen.extend_from_slice(&piece),
            Ok(None) => return Ok(Body::Here(seen.freeze())),
            Err(error) => return Err(call.failed(&error)),
        }
    }
    let seen = future::ready(Ok(seen.freeze()));
    Ok(Body::Coming(BlobStream {
        size: stream.size,
        bytes: Box::pin(stream::once(seen).chain(stream.bytes)),
    }))
}

/// Puts together what is told of a place and the bytes that came from there.
fn short(call: &Call<'_>, told: Entry, bytes: Bytes) -> Result<Opened, ReadError> {
    let size = u64::try_from(bytes.len()).ok();
    let is_file = match told.kind {
        EntryKind::File | EntryKind::Executable => true,
        EntryKind::Symlink => false,
        EntryKind::Submodule => {
            return Ok(Opened {
                entry: told,
                body: Body::Apart,
            });
        }
        EntryKind::Directory => return Err(call.garbled("it gives the bytes of what it calls a directory")),
    };
    if is_file && told.size.is_some() && told.size != size {
        return Err(call.garbled("the file has another size than the one it is said to have"));
    }
    Ok(Opened {
        entry: Entry { size, ..told },
        body: Body::Here(bytes),
    })
}

/// What lies in a place, by a question that brings no bytes.
async fn apart(call: &mut Call<'_>, commit: &ObjectId, path: &FilePath) -> Result<Opened, ReadError> {
    Ok(Opened {
        entry: meta(call, commit, path).await?,
        body: Body::Apart,
    })
}

async fn meta(call: &mut Call<'_>, commit: &ObjectId, path: &FilePath) -> Result<Entry, ReadError> {
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
    Ok(found.entry(path.clone(), kind))
}

pub(super) async fn blob(call: &mut Call<'_>, commit: &ObjectId, path: &FilePath) -> Result<BlobStream, ReadError> {
    let url = call.url(&source(commit, path), &[])?;
    match call.open(raw(call, url)?, |_| None).await? {
        Stream::Coming { stream, .. } => Ok(stream),
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
