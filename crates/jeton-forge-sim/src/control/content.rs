//! Commits, branches and tags over HTTP, and whole histories.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use serde::Deserialize;
use serde_json::json;

use super::people::failed;
use super::world::blocking;
use super::{Outcome, Refusal, created, done, parse};
use crate::git::CommitSpec;
use crate::github::{ContentLimits, GitHubSim};

/// One line per route, for `GET /_sim/`.
pub(super) const INDEX: &str = "\
POST   /_sim/branches/remove                {\"owner\":LOGIN,\"name\":NAME,\"branch\":NAME}
POST   /_sim/default-branch                 {\"owner\":LOGIN,\"name\":NAME,\"branch\":NAME}; it need not exist yet
POST   /_sim/tags                           {\"owner\":LOGIN,\"name\":NAME,\"tag\":NAME,\"target\":REVISION,\"message\":TEXT}; a message makes it an object
POST   /_sim/commits                        {\"owner\":LOGIN,\"name\":NAME,\"branch\":NAME,\"message\":TEXT,\"files\":[{\"path\":PATH,\"content\":TEXT or \"base64\":TEXT,\"mode\":\"100644\"|\"100755\"|\"120000\"|\"160000\"}],\"remove\":[PATH],\"author\":{\"name\":NAME,\"email\":ADDRESS},\"at\":TIME}
POST   /_sim/import?owner=LOGIN&name=NAME   what `git fast-export` writes, up to 512 MiB, as it is
POST   /_sim/content-limits                 any of {\"tree_entries\":N,\"tree_bytes\":N,\"blob_bytes\":N}; what is absent is as on GitHub
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BranchWire {
    owner: String,
    name: String,
    branch: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagWire {
    owner: String,
    name: String,
    tag: String,
    target: String,
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitWire {
    owner: String,
    name: String,
    branch: Option<String>,
    message: String,
    #[serde(default)]
    files: Vec<FileWire>,
    #[serde(default)]
    remove: Vec<String>,
    author: Option<AuthorWire>,
    /// RFC 3339; its offset becomes the zone of the commit.
    at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorWire {
    name: String,
    email: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    path: String,
    content: Option<String>,
    base64: Option<String>,
    mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsWire {
    tree_entries: Option<usize>,
    tree_bytes: Option<usize>,
    blob_bytes: Option<u64>,
}

pub(super) async fn route(
    github: &GitHubSim,
    method: &str,
    segments: &[&str],
    parts: &Parts,
    body: &[u8],
) -> Option<Outcome> {
    Some(match (method, segments) {
        ("POST", ["branches", "remove"]) => remove_branch(github, body).await,
        ("POST", ["default-branch"]) => set_default_branch(github, body).await,
        ("POST", ["tags"]) => tag(github, body).await,
        ("POST", ["commits"]) => commit(github, body).await,
        ("POST", ["import"]) => import(github, parts, body).await,
        ("POST", ["content-limits"]) => limits(github, body),
        _ => return None,
    })
}

/// git takes a while; other requests must not wait for it.
async fn working<T: Send + 'static>(
    github: &GitHubSim,
    work: impl FnOnce(&GitHubSim) -> io::Result<T> + Send + 'static,
) -> Result<T, Refusal> {
    blocking(github, |github| Ok(work(github))).await?.map_err(failed)
}

async fn remove_branch(github: &GitHubSim, body: &[u8]) -> Outcome {
    let BranchWire { owner, name, branch } = parse(body)?;
    working(github, move |github| github.remove_branch(&owner, &name, &branch)).await?;
    done()
}

async fn set_default_branch(github: &GitHubSim, body: &[u8]) -> Outcome {
    let BranchWire { owner, name, branch } = parse(body)?;
    working(github, move |github| github.set_default_branch(&owner, &name, &branch)).await?;
    done()
}

async fn tag(github: &GitHubSim, body: &[u8]) -> Outcome {
    let wire: TagWire = parse(body)?;
    let make = move |github: &GitHubSim| {
        let TagWire {
            owner,
            name,
            tag,
            target,
            message,
        } = wire;
        github.tag(&owner, &name, &tag, &target, message.as_deref())
    };
    working(github, make).await?;
    done()
}

async fn commit(github: &GitHubSim, body: &[u8]) -> Outcome {
    let wire: CommitWire = parse(body)?;
    let spec = wire.spec()?;
    let CommitWire { owner, name, .. } = wire;
    let made = working(github, move |github| github.commit(&owner, &name, &spec)).await?;
    Ok(created(&json!({ "commit": made })))
}

async fn import(github: &GitHubSim, parts: &Parts, body: &[u8]) -> Outcome {
    let query = parts.uri.query().unwrap_or_default();
    let value = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        found.ok_or_else(|| Refusal::bad(format!("`{name}` is missing from the query")))
    };
    let (owner, name, stream) = (value("owner")?, value("name")?, body.to_vec());
    working(github, move |github| github.import(&owner, &name, &stream)).await?;
    done()
}

fn limits(github: &GitHubSim, body: &[u8]) -> Outcome {
    let wire: LimitsWire = parse(body)?;
    let usual = ContentLimits::default();
    github.set_content_limits(ContentLimits {
        tree_entries: wire.tree_entries.unwrap_or(usual.tree_entries),
        tree_bytes: wire.tree_bytes.unwrap_or(usual.tree_bytes),
        blob_bytes: wire.blob_bytes.unwrap_or(usual.blob_bytes),
    });
    done()
}

impl CommitWire {
    fn spec(&self) -> Result<CommitSpec, Refusal> {
        let mut spec = CommitSpec::new(self.message.as_str());
        if let Some(branch) = &self.branch {
            spec = spec.branch(branch);
        }
        if let Some(author) = &self.author {
            spec = spec.author(&author.name, &author.email);
        }
        if let Some(at) = &self.at {
            let (time, offset_minutes) = moment(at)?;
            spec = spec.at(time, offset_minutes);
        }
        for path in &self.remove {
            spec = spec.remove(path);
        }
        for file in &self.files {
            let content = file.bytes()?;
            spec = match file.mode.as_deref() {
                None | Some("100644") => spec.file(&file.path, content),
                Some("100755") => spec.executable(&file.path, content),
                Some("120000") => spec.symlink(&file.path, content),
                Some("160000") => spec.submodule(&file.path, &String::from_utf8_lossy(&content)),
                Some(mode) => return Err(Refusal::bad(format!("git has no mode {mode:?}"))),
            };
        }
        Ok(spec)
    }
}

impl FileWire {
    fn bytes(&self) -> Result<Vec<u8>, Refusal> {
        match (&self.content, &self.base64) {
            (Some(text), None) => Ok(text.as_bytes().to_vec()),
            (None, Some(text)) => STANDARD.decode(text).map_err(|error| Refusal::bad(error.to_string())),
            _ => Err(Refusal::bad("give `content` or `base64` of each file")),
        }
    }
}

/// A time, and the minutes east of UTC that it was written in.
fn moment(text: &str) -> Result<(Timestamp, i32), Refusal> {
    let refused = |error: jiff::Error| Refusal::bad(format!("`at`: {error}"));
    let time: Timestamp = text.parse().map_err(refused)?;
    let offset = Pieces::parse(text).map_err(refused)?.to_numeric_offset();
    Ok((time, offset.map_or(0, |offset| offset.seconds() / 60)))
}
