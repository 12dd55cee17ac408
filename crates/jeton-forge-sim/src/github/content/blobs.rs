//! `GET /repos/{owner}/{repo}/git/blobs/{sha}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;

use super::files::{Form, in_lines};
use super::gzip;
use super::open::{Look, Stop};
use crate::git::{ObjectInfo, ObjectKind, base64_stream};
use crate::github::GitHubSim;
use crate::github::answer::header;
use crate::github::error::ApiError;
use crate::github::model::Repository;
use crate::reply::{Content, Reply};

/// Files up to here are answered in one piece, larger ones as they are read.
const IN_ONE_PIECE: u64 = 1024 * 1024;
/// Of larger ones no part is served.
const MAX_RANGE: u64 = 32 * 1024 * 1024;
/// How long GitHub was seen to keep a file at hand.
const WARM: SignedDuration = SignedDuration::from_secs(60);

/// Files that are remembered as read, before the forgotten ones are cleared away.
const MAX_WARM: usize = 10_000;

const RAW: &str = "application/vnd.github.raw+json; charset=utf-8";

impl GitHubSim {
    pub(crate) fn get_blob(&self, look: Look<'_>, sha: &str) -> Result<Reply, Stop> {
        let repository = self.open(look)?;
        if sha.len() != 40 || !sha.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            // Not in the vendor's documentation; as public issues quote it.
            let words = "The sha parameter must be exactly 40 characters and contain only [0-9a-f].";
            return Err(ApiError::unprocessable(words).into());
        }
        let found = self.store().object(repository.id, sha)?;
        let Some(blob) = found.filter(|found| found.kind == ObjectKind::Blob) else {
            return Err(self.absent(&repository, ApiError::not_found()));
        };
        if blob.size > self.content_limits().blob_bytes {
            return Err(too_large().into());
        }
        if Form::asked(&look.parts.headers) == Form::Raw {
            let warm = self.warm(&repository, sha);
            let range = header(&look.parts.headers, "range");
            if let (true, Some(range), true) = (warm, range, blob.size <= MAX_RANGE)
                && let Some(part) = self.part(&repository, &blob, range)?
            {
                return Ok(part);
            }
            return self.raw(&repository, &blob);
        }
        let url = format!("{}/git/blobs/{sha}", self.api_of(&repository));
        // `content` comes last but one, as GitHub has it, so that the rest is known before it is read.
        let open = json!({ "sha": sha, "node_id": format!("B_sim{sha}"), "size": blob.size, "url": url }).to_string();
        let open = format!("{},\"content\":\"", open.trim_end_matches('}'));
        let close = "\",\"encoding\":\"base64\"}";
        let mut reply = Reply::empty(StatusCode::OK).with("content-type", "application/json; charset=utf-8");
        reply.set("etag", &format!("blob {sha}"));
        reply.body = if blob.size <= IN_ONE_PIECE {
            let text = in_lines(&STANDARD.encode(self.bytes(&repository, &blob)?)).replace('\n', "\\n");
            Content::Whole(format!("{open}{text}{close}").into())
        } else {
            let pieces = base64_stream(self.store().stream_blob(repository.id, sha)?, b"\\n");
            let one = |text: Bytes| stream::iter([Ok(text)]);
            let whole = one(open.into())
                .chain(pieces)
                .chain(one(Bytes::from_static(close.as_bytes())));
            Content::Stream(whole.boxed())
        };
        Ok(reply)
    }

    /// A file's bytes, in pieces when large.
    pub(super) fn raw(&self, repository: &Repository, blob: &ObjectInfo) -> Result<Reply, Stop> {
        let mut reply = Reply::empty(StatusCode::OK).with("content-type", RAW);
        reply.set("etag", &format!("raw {}", blob.id));
        reply.body = if blob.size <= IN_ONE_PIECE {
            Content::Whole(self.bytes(repository, blob)?.into())
        } else {
            reply.set("content-length", &blob.size.to_string());
            Content::Stream(self.store().stream_blob(repository.id, &blob.id)?)
        };
        Ok(reply)
    }

    fn bytes(&self, repository: &Repository, blob: &ObjectInfo) -> Result<Vec<u8>, Stop> {
        let read = self.store().read_object(repository.id, &blob.id)?;
        let (_, bytes) = read.ok_or_else(ApiError::not_found)?;
        Ok(bytes)
    }

    /// Whether somebody read this file within the last minute, as the next caller within the minute will find.
    fn warm(&self, repository: &Repository, sha: &str) -> bool {
        let now = self.now();
        let mut state = self.state();
        // It only has to remember a minute.
        if state.warm_blobs.len() >= MAX_WARM {
            state
                .warm_blobs
                .retain(|_, last| now.duration_since(*last).abs() <= WARM);
        }
        let last = state.warm_blobs.insert((repository.id, sha.to_owned()), now);
        last.is_some_and(|last| now.duration_since(last).abs() <= WARM)
    }

    /// What GitHub was seen to do with `Range` here, which it documents nowhere: a file that is not at hand comes whole,
    /// and one that is at hand comes in part, but of its compressed form. Who joins such parts gets no file.
    fn part(&self, repository: &Repository, blob: &ObjectInfo, range: &str) -> Result<Option<Reply>, Stop> {
        let compressed = gzip::stored(&self.bytes(repository, blob)?);
        let total = compressed.len();
        let reply = match gzip::asked(range, total) {
            None => return Ok(None),
            Some(Err(())) => {
                let reply = Reply::empty(StatusCode::RANGE_NOT_SATISFIABLE);
                reply.with("content-range", &format!("bytes */{total}"))
            }
            Some(Ok(part)) => {
                let place = format!("bytes {}-{}/{total}", part.start, part.end - 1);
                let bytes = compressed[part].to_vec();
                let reply = Reply::bytes(StatusCode::PARTIAL_CONTENT, RAW, bytes);
                reply.with("content-range", &place).with("content-encoding", "gzip")
            }
        };
        Ok(Some(reply))
    }
}

/// The words are GitHub's; where it says them of more than 100 MB, they are as little use.
pub(super) fn too_large() -> ApiError {
    ApiError::forbidden(
        "This API returns blobs up to 1 MB in size. The requested blob is too large to fetch via the API, but \
         you can use the Git Data API to request blobs up to 100 MB in size.",
    )
    .errors(json!([{ "resource": "Blob", "field": "data", "code": "too_large" }]))
}
