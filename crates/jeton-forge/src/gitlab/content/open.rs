//! Single files on GitLab.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, Method};
use jeton_domain::{Code, FilePath, ObjectId};
use jeton_outbound::Answer;
use serde::Deserialize;

use super::{
    call::{Call, Reply, Stream, encode, may_be_link, no_path},
    list::list,
    not_asked_for,
    resolve::id,
    success, words,
};
use crate::{
    content::{BlobStream, Body, Entry, EntryKind, ListAsk, Opened, ReadError},
    headers::text,
};

/// The blob without a byte, in both of git's kinds of id.
const EMPTY_BLOBS: [&str; 2] = [
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
];

/// The largest answer that brings a file along: one of a little more than 1 MiB, in base64. A larger one is told by its length, before
/// anything of it is read.
const LARGEST_ALONG: usize = 1_500_000;

/// So many pages of a hundred entries are looked through for whether a short text is a link. Few directories are larger, and few texts
/// without a line end are so short; what is beyond is taken for a file.
const MOST_PAGES: usize = 10;

pub(super) async fn open(call: &mut Call<'_>, commit: &ObjectId, path: &FilePath) -> Result<Opened, ReadError> {
    if path.is_root() {
        return Ok(directory(path));
    }
    let (url, commit_name) = (file_url(path), commit.to_string());
    let query = [("ref", commit_name.as_str())];
    let request = call
        .request(Method::GET, call.url(&url, &query)?)?
        .max_body_bytes(LARGEST_ALONG);
    // its JSON counts as a read of a large file, and asking for the headers alone does not
    let is_throttled = |answer: &Answer| of_object(answer).is_some();
    match call.send_if_it_fits(request, is_throttled).await? {
        Some(Reply::Here(answer)) => along(call, &answer, commit, path).await,
        Some(Reply::Absent(words)) if words::is_of_project(&words) => Err(words::not_visible(call.at)),
        Some(Reply::Absent(_)) => no_file(call, commit, path).await,
        Some(other) => Err(not_asked_for(call, &other)),
        None => {
            let request = call.request(Method::HEAD, call.url(&url, &query)?)?;
            match call.head(request).await? {
                Some(headers) => file(call, &headers, commit, path),
                None => no_file(call, commit, path).await,
            }
        }
    }
}

/// A file with its content (<https://docs.gitlab.com/api/repository_files/>).
#[derive(Deserialize)]
struct WireFile {
    size: u64,
    encoding: String,
    content: String,
    blob_id: String,
    commit_id: String,
    #[serde(default)]
    execute_filemode: bool,
}

async fn along(call: &mut Call<'_>, answer: &Answer, commit: &ObjectId, path: &FilePath) -> Result<Opened, ReadError> {
    let wire: WireFile = call.parse(answer)?;
    if id(call, &wire.commit_id)? != *commit {
        return Err(call.garbled("the file is one of another commit"));
    }
    if wire.encoding != "base64" {
        return Err(call.garbled("the file is in no base64"));
    }
    let bytes = STANDARD
        .decode(&wire.content)
        .map_err(|_| call.garbled("the file's base64 does not decode"))?;
    if u64::try_from(bytes.len()) != Ok(wire.size) {
        return Err(call.garbled("the file has another size than the one it is said to have"));
    }
    let blob = id(call, &wire.blob_id)?;
    let mut kind = kind_of(wire.size, &blob, wire.execute_filemode);
    if kind == EntryKind::File && may_be_link(&bytes) {
        kind = listed_kind(call, commit, path).await?.unwrap_or(kind);
    }
    let is_submodule = kind == EntryKind::Submodule;
    Ok(Opened {
        entry: Entry {
            path: path.clone(),
            kind,
            id: Some(blob),
            size: (!is_submodule).then_some(wire.size),
        },
        body: if is_submodule {
            Body::Apart
        } else {
            Body::Here(bytes.into())
        },
    })
}

/// What the directory above says that a file is, as far as it is looked through: only its entries have the mode that makes a link.
async fn listed_kind(call: &mut Call<'_>, commit: &ObjectId, path: &FilePath) -> Result<Option<EntryKind>, ReadError> {
    let mut page = None;
    for _ in 0..MOST_PAGES {
        let (entry, next) = above(call, commit, path, page.as_deref()).await?;
        if entry.is_some() || next.is_none() {
            return Ok(entry.map(|entry| entry.kind));
        }
        page = next;
    }
    Ok(None)
}

/// What a page of the directory above says of a place, and the next page.
async fn above(
    call: &mut Call<'_>,
    commit: &ObjectId,
    path: &FilePath,
    page: Option<&str>,
) -> Result<(Option<Entry>, Option<String>), ReadError> {
    let ask = ListAsk {
        commit,
        directory: &path.parent(),
        tree: None,
        deep: false,
        page,
    };
    let listed = list(call, &ask).await?;
    let found = listed.entries.into_iter().find(|entry| entry.path == *path);
    Ok((found, listed.next))
}

/// GitLab shows a submodule as a file without a byte, and its commit as the blob's id; what has no byte has one id only.
fn kind_of(size: u64, blob: &ObjectId, executable: bool) -> EntryKind {
    if size == 0 && !EMPTY_BLOBS.contains(&blob.to_string().as_str()) {
        EntryKind::Submodule
    } else if executable {
        EntryKind::Executable
    } else {
        EntryKind::File
    }
}

fn file_url(path: &FilePath) -> String {
    format!("repository/files/{}", encode(path.as_str()))
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

/// What the headers tell (<https://docs.gitlab.com/api/repository_files/>).
fn file(call: &Call<'_>, headers: &HeaderMap, commit: &ObjectId, path: &FilePath) -> Result<Opened, ReadError> {
    let of = text(headers, "x-gitlab-commit-id").map(|of| id(call, of)).transpose()?;
    if of.is_some_and(|of| of != *commit) {
        return Err(call.garbled("the file is one of another commit"));
    }
    let blob = text(headers, "x-gitlab-blob-id").ok_or_else(|| call.garbled("the file has no blob id"))?;
    let blob = id(call, blob)?;
    let size = match text(headers, "x-gitlab-size") {
        Some(size) => Some(size.parse().map_err(|_| call.garbled("the file's size is no number"))?),
        None => None,
    };
    let executable = text(headers, "x-gitlab-execute-filemode") == Some("true");
    let kind = kind_of(size.unwrap_or(1), &blob, executable);
    Ok(Opened {
        entry: Entry {
            path: path.clone(),
            kind,
            id: Some(blob),
            size: size.filter(|_| kind != EntryKind::Submodule),
        },
        body: Body::Apart,
    })
}

#[derive(Deserialize)]
struct Below {
    path: String,
}

/// What lies there if no file does, which the answer does not tell. The directory above does, unless it is so full that the entry is on
/// no first page; then only a directory can still be found, by what lies in it.
async fn no_file(call: &mut Call<'_>, commit: &ObjectId, path: &FilePath) -> Result<Opened, ReadError> {
    let (entry, next) = match above(call, commit, path, None).await {
        Err(ReadError::NotFound(why)) if why.code == Code::ContentPathNotFound => {
            return Err(no_path(call.at, path.as_str()));
        }
        found => found?,
    };
    if let Some(entry) = entry {
        return Ok(Opened {
            entry,
            body: Body::Apart,
        });
    }
    if next.is_none() {
        return Err(no_path(call.at, path.as_str()));
    }
    let commit = commit.to_string();
    let query = [("path", path.as_str()), ("ref", &commit), ("per_page", "1")];
    let reply = call.get("repository/tree", &query).await?;
    let answer = success(call, reply, path)?;
    let found: Vec<Below> = call.parse(&answer)?;
    // git keeps no directory without anything in it
    let is_in = |below: &Below| {
        let rest = below.path.strip_prefix(path.as_str());
        rest.is_some_and(|rest| rest.starts_with('/'))
    };
    if found.iter().any(is_in) {
        Ok(directory(path))
    } else {
        Err(no_path(call.at, path.as_str()))
    }
}

pub(super) async fn blob(
    call: &mut Call<'_>,
    commit: &ObjectId,
    path: &FilePath,
    id: Option<&ObjectId>,
) -> Result<BlobStream, ReadError> {
    let url = match id {
        Some(id) => call.url(&format!("repository/blobs/{id}/raw"), &[])?,
        None => call.url(&format!("{}/raw", file_url(path)), &[("ref", &commit.to_string())])?,
    };
    let mut request = call.request(Method::GET, url)?;
    request = request.header(http::header::ACCEPT, http::HeaderValue::from_static("*/*"));
    match call.open(request, of_object).await? {
        Stream::Coming { stream, .. } => Ok(stream),
        Stream::Not(Reply::Absent(words)) => Err(words::absent(&words, call.at, path.as_str())),
        Stream::Not(other) => Err(not_asked_for(call, &other)),
    }
}

/// GitLab gives a blob of more than 10 MB five times in a minute. That throttle sits in the application and speaks JSON, and the `RateLimit-*`
/// headers say nothing of it: they still have something left.
fn of_object(answer: &Answer) -> Option<&'static str> {
    let is = answer.status == 429
        && text(&answer.headers, "ratelimit-remaining") != Some("0")
        && serde_json::from_slice::<Throttled>(&answer.body).is_ok();
    is.then_some("It is the limit on files of more than 10 MB: each is given five times in a minute.")
}

#[derive(Deserialize)]
struct Throttled {
    #[serde(rename = "message")]
    _message: serde::de::IgnoredAny,
}
