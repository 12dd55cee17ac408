//! Blobs by their id, and what files and blobs have in common.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::broken;
use crate::git::{ObjectInfo, ObjectKind, base64_stream};
use crate::gitlab::GitLab;
use crate::gitlab::answer::Answer;
use crate::gitlab::caller::Caller;
use crate::gitlab::error;
use crate::gitlab::routes::Action;
use crate::lock;
use crate::reply::{Content, Reply};
use crate::site::{Call, Refused};

/// Up to here an answer is made in memory; what is larger streams through.
const MAX_WHOLE: u64 = 1024 * 1024;
/// From here on, one object may be read five times a minute.
const LARGE: u64 = 10 * 1024 * 1024;

impl GitLab {
    pub(in crate::gitlab) fn show_blob(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let (project, blob) = self.blob(call, caller)?;
        self.spare(call, project, &blob)?;
        let facts = json!({ "size": blob.size, "encoding": "base64", "sha": blob.id });
        self.json_with_content(project, &blob, facts)
    }

    pub(in crate::gitlab) fn show_raw_blob(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let (project, blob) = self.blob(call, caller)?;
        self.spare(call, project, &blob)?;
        let name = format!("inline; filename=\"{}\"", blob.id);
        Ok(self.raw(project, &blob)?.with("content-disposition", &name))
    }

    /// The blob that a call names: whole ids only, and of blobs.
    fn blob(&self, call: &Call<Action>, caller: Caller) -> Result<(u64, ObjectInfo), Refused> {
        let project = self.place(call, caller)?.project;
        let id = call.caught(1);
        let whole = id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let found = if whole {
            self.ground.store.object(project, id).map_err(broken)?
        } else {
            None
        };
        let blob = found.filter(|object| object.kind == ObjectKind::Blob);
        Ok((project, blob.ok_or_else(|| error::not_found("Blob"))?))
    }

    /// Counts a read of a large blob, and refuses the sixth of a minute.
    pub(super) fn spare(&self, call: &Call<Action>, project: u64, blob: &ObjectInfo) -> Result<(), Refused> {
        if blob.size <= LARGE || call.parts.method == Method::HEAD {
            return Ok(());
        }
        if self.spend_large(project, &blob.id) {
            Ok(())
        } else {
            Err(error::too_many_requests(None))
        }
    }

    /// Raw content. GitLab lets no browser take it for a page.
    pub(super) fn raw(&self, project: u64, blob: &ObjectInfo) -> Answer {
        let store = &self.ground.store;
        let mut reply = Reply::empty(StatusCode::OK).with("etag", &format!("W/\"{}\"", blob.id));
        reply.set(
            "cache-control",
            "max-age=0, private, must-revalidate, no-store, no-cache",
        );
        let binary = if blob.size > MAX_WHOLE {
            reply.headers.insert(CONTENT_LENGTH, HeaderValue::from(blob.size));
            reply.body = Content::Stream(store.stream_blob(project, &blob.id).map_err(broken)?);
            true
        } else {
            let content = self.whole(project, &blob.id)?;
            let binary = content.contains(&0) || std::str::from_utf8(&content).is_err();
            reply.body = Content::Whole(content.into());
            binary
        };
        let kind = if binary {
            "application/octet-stream"
        } else {
            "text/plain; charset=utf-8"
        };
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Ok(reply)
    }

    /// An object with `content` in base64 as its last member.
    pub(super) fn json_with_content(&self, project: u64, blob: &ObjectInfo, mut facts: Value) -> Answer {
        if blob.size <= MAX_WHOLE {
            facts["content"] = STANDARD.encode(self.whole(project, &blob.id)?).into();
            return Ok(Reply::json(StatusCode::OK, &facts));
        }
        let reply = Reply::json(StatusCode::OK, &facts);
        let hash = hex::encode(aws_lc_rs::digest::digest(&SHA256, facts.to_string().as_bytes()));
        let mut reply = reply.with("etag", &format!("W/\"{}\"", &hash[..32]));
        let open = facts.to_string();
        let open = format!("{},\"content\":\"", open.strip_suffix('}').unwrap_or(&open));
        let content = self.ground.store.stream_blob(project, &blob.id).map_err(broken)?;
        let once = |text: String| stream::once(async move { Ok(Bytes::from(text)) });
        let body = once(open)
            .chain(base64_stream(content, b""))
            .chain(once("\"}".to_owned()));
        reply.body = Content::Stream(body.boxed());
        Ok(reply)
    }

    pub(super) fn whole(&self, project: u64, id: &str) -> Result<Vec<u8>, Refused> {
        let found = self.ground.store.read_object(project, id).map_err(broken)?;
        found
            .map(|(_, content)| content)
            .ok_or_else(|| error::not_found("Blob"))
    }

    /// The SHA-256 of a blob's content in hexadecimal, computed once for each.
    pub(super) fn content_hash(&self, project: u64, id: &str) -> Result<String, Refused> {
        if let Some(known) = lock(&self.content_hashes).get(id) {
            return Ok(known.clone());
        }
        let stream = self.ground.store.stream_blob(project, id).map_err(broken)?;
        let hash = Handle::current().block_on(hash(stream)).map_err(broken)?;
        lock(&self.content_hashes).insert(id.to_owned(), hash.clone());
        Ok(hash)
    }
}

async fn hash(mut stream: BoxStream<'static, std::io::Result<Bytes>>) -> std::io::Result<String> {
    let mut context = Context::new(&SHA256);
    while let Some(piece) = stream.next().await {
        context.update(&piece?);
    }
    Ok(hex::encode(context.finish()))
}
