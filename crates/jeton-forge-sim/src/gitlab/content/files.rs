//! Files by their path.

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::{Place, broken, reference};
use crate::git::{Node, NodeKind, ObjectInfo, ObjectKind};
use crate::gitlab::GitLab;
use crate::gitlab::answer::Answer;
use crate::gitlab::caller::Caller;
use crate::gitlab::error;
use crate::gitlab::routes::Action;
use crate::reply::{Content, Reply};
use crate::site::{Call, MAX_POINTER, Refused, pointed_at};

/// A file, and where it was found.
struct Found {
    place: Place,
    reference: String,
    commit: String,
    node: Node,
}

impl Found {
    fn blob(&self) -> ObjectInfo {
        ObjectInfo {
            id: self.node.id.clone(),
            kind: ObjectKind::Blob,
            size: self.node.size,
        }
    }
}

impl GitLab {
    /// The file as JSON; its facts are in headers too, which is what HEAD is for.
    pub(in crate::gitlab) fn show_file(&self, call: &Call<Action>, caller: Caller) -> Answer {
        if reference(call, "ref").is_none() {
            return Err(error::parameter("ref is missing"));
        }
        let found = self.file(call, caller)?;
        let (project, blob) = (found.place.project, found.blob());
        self.spare(call, project, &blob)?;
        let facts = self.facts(&found)?;
        let reply = self.json_with_content(project, &blob, facts.clone())?;
        Ok(with_facts(reply, &facts))
    }

    /// The file as it is. With `lfs=true`, what a pointer stands for.
    pub(in crate::gitlab) fn show_raw_file(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let found = self.file(call, caller)?;
        let (project, blob) = (found.place.project, found.blob());
        self.spare(call, project, &blob)?;
        let facts = self.facts(&found)?;
        let name = found.node.name().replace(['"', '\\'], "_");
        let disposition = format!("inline; filename=\"{name}\"");
        let reply = match self.large_file(call, &found)? {
            Some(content) => {
                let mut reply = Reply::bytes(StatusCode::OK, "application/octet-stream", Vec::new());
                reply.body = Content::Whole(content);
                reply
            }
            None => self.raw(project, &blob)?,
        };
        Ok(with_facts(reply.with("content-disposition", &disposition), &facts))
    }

    fn file(&self, call: &Call<Action>, caller: Caller) -> Result<Found, Refused> {
        let place = self.place(call, caller)?;
        let reference = reference(call, "ref").unwrap_or_else(|| "HEAD".to_owned());
        let commit = self
            .commit(&place, &reference)
            .ok_or_else(|| error::not_found("Commit"))?;
        let path = call.caught(1);
        let node = self.ground.store.entry(place.project, &commit, path).map_err(broken)?;
        // A directory and a submodule are no files; a symbolic link is one that holds its target.
        let node = node.filter(|node| node.kind != NodeKind::Directory && !node.is_submodule());
        let node = node.ok_or_else(|| error::not_found("File"))?;
        Ok(Found {
            place,
            reference,
            commit,
            node,
        })
    }

    /// The object of LFS that a file stands for, if the client wants that, and there is one.
    fn large_file(&self, call: &Call<Action>, found: &Found) -> Result<Option<bytes::Bytes>, Refused> {
        if !call.flag("lfs") || found.node.size >= MAX_POINTER {
            return Ok(None);
        }
        let content = self.whole(found.place.project, &found.node.id)?;
        Ok(pointed_at(&content).and_then(|id| self.ground.lfs.find(found.place.project, id)))
    }

    fn facts(&self, found: &Found) -> Result<Value, Refused> {
        let (project, node) = (found.place.project, &found.node);
        let last = self.ground.store.last_commit(project, &found.commit, &node.path);
        Ok(json!({
            "file_name": node.name(),
            "file_path": node.path,
            "size": node.size,
            "encoding": "base64",
            "content_sha256": self.content_hash(project, &node.id)?,
            "ref": found.reference,
            "blob_id": node.id,
            "commit_id": found.commit,
            "last_commit_id": last.map_err(broken)?,
            "execute_filemode": node.is_executable(),
        }))
    }
}

fn with_facts(mut reply: Reply, facts: &Value) -> Reply {
    for (header, fact) in [
        ("x-gitlab-blob-id", "blob_id"),
        ("x-gitlab-commit-id", "commit_id"),
        ("x-gitlab-last-commit-id", "last_commit_id"),
        ("x-gitlab-content-sha256", "content_sha256"),
        ("x-gitlab-encoding", "encoding"),
        ("x-gitlab-file-name", "file_name"),
        ("x-gitlab-file-path", "file_path"),
        ("x-gitlab-ref", "ref"),
        ("x-gitlab-size", "size"),
        ("x-gitlab-execute-filemode", "execute_filemode"),
    ] {
        let fact = &facts[fact];
        let text = fact.as_str().map_or_else(|| fact.to_string(), str::to_owned);
        // Names that are not ASCII go out as they are, in UTF-8: a client has to bear it.
        if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
            reply.headers.insert(HeaderName::from_static(header), value);
        }
    }
    reply
}
