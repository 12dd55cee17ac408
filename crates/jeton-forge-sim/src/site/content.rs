//! Content of repositories over HTTP: commits, branches and tags, and whole histories.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Site, WorldError};
use crate::control::{Outcome, Refusal, created, done, parse};
use crate::git::CommitSpec;

/// Histories are large; a body of any other control is small.
pub(super) const MAX_IMPORT: usize = 512 * 1024 * 1024;

/// One line per control, for `GET /_sim/`.
pub(super) const INDEX: &str = "\
These name their repository as POST /_sim/files does, in place of the dots:
POST   /_sim/commits                  {…,\"branch\":NAME,\"message\":TEXT,\"files\":[{\"path\":PATH,\"content\":TEXT or \"base64\":TEXT,
                                       \"mode\":\"100644\"|\"100755\"|\"120000\"|\"160000\"}],\"remove\":[PATH],
                                       \"author\":{\"name\":NAME,\"email\":ADDRESS},\"at\":TIME}; answers the commit
POST   /_sim/branches                 {…,\"branch\":NAME,\"from\":REVISION}
POST   /_sim/branches/remove          {…,\"branch\":NAME}
POST   /_sim/default-branch           {…,\"branch\":NAME}; it need not exist yet
POST   /_sim/tags                     {…,\"tag\":NAME,\"target\":REVISION,\"message\":TEXT}; a message makes it an object
POST   /_sim/import?…                 what `git fast-export` writes, up to 512 MiB, as it is
POST   /_sim/lfs?…                    a file of Git LFS, as it is; answers the pointer to commit
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BranchWire {
    branch: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewBranchWire {
    branch: String,
    from: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagWire {
    tag: String,
    target: String,
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitWire {
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

/// Answers a control about content; `None`: it is about something else.
pub(super) fn route<S: Site>(site: &S, method: &str, segments: &[&str], query: &str, body: &[u8]) -> Option<Outcome> {
    let known = [
        &["commits"][..],
        &["branches"],
        &["branches", "remove"],
        &["default-branch"],
        &["tags"],
    ];
    let raw = [&["import"][..], &["lfs"]];
    if method != "POST" {
        None
    } else if raw.contains(&segments) {
        Some(put(site, segments, query, body))
    } else if known.contains(&segments) {
        Some(change(site, segments, body))
    } else {
        None
    }
}

/// Takes what is no JSON; the repository is in the query.
fn put<S: Site>(site: &S, segments: &[&str], query: &str, body: &[u8]) -> Outcome {
    let sent = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        found.ok_or_else(|| Refusal::bad(format!("`{name}` is missing from the query")))
    };
    let named = S::NAMED_BY
        .iter()
        .map(|name| sent(name))
        .collect::<Result<Vec<String>, Refusal>>()?;
    let repository = site.repository_named(&named)?;
    let ground = site.ground();
    if segments == ["lfs"] {
        let pointer = ground.lfs.add(repository, body.to_vec());
        return Ok(created(&json!({ "pointer": pointer })));
    }
    ground.store.import(repository, body).map_err(WorldError::from)?;
    done()
}

fn change<S: Site>(site: &S, segments: &[&str], body: &[u8]) -> Outcome {
    let mut wire: Map<String, Value> = parse(body)?;
    let named = S::NAMED_BY.iter().map(|name| match wire.remove(*name) {
        Some(Value::String(value)) => Ok(value),
        _ => Err(Refusal::bad(format!("`{name}` is missing, or no text"))),
    });
    let named = named.collect::<Result<Vec<String>, Refusal>>()?;
    let repository = site.repository_named(&named)?;
    let (store, now) = (&site.ground().store, site.ground().clock.now());
    match segments {
        ["commits"] => {
            let spec = rest::<CommitWire>(wire)?.spec()?;
            let commit = store.write(repository, &spec, now).map_err(WorldError::from)?;
            return Ok(created(&json!({ "commit": commit })));
        }
        ["branches"] => {
            let NewBranchWire { branch, from } = rest(wire)?;
            store.add_branch_at(repository, &branch, from.as_deref().unwrap_or("HEAD"))
        }
        ["branches", ..] => store.remove_branch(repository, &rest::<BranchWire>(wire)?.branch),
        ["tags"] => {
            let TagWire { tag, target, message } = rest(wire)?;
            store.tag(repository, &tag, &target, message.as_deref(), now)
        }
        _ => store.set_head(repository, &rest::<BranchWire>(wire)?.branch),
    }
    .map_err(WorldError::from)?;
    done()
}

fn rest<T: DeserializeOwned>(wire: Map<String, Value>) -> Result<T, Refusal> {
    serde_json::from_value(Value::Object(wire)).map_err(|error| Refusal::bad(error.to_string()))
}

impl CommitWire {
    fn spec(self) -> Result<CommitSpec, Refusal> {
        let mut spec = CommitSpec::new(self.message);
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
        for path in self.remove {
            spec = spec.remove(path);
        }
        for file in self.files {
            spec = file.add_to(spec)?;
        }
        Ok(spec)
    }
}

impl FileWire {
    fn add_to(self, spec: CommitSpec) -> Result<CommitSpec, Refusal> {
        let content = match (self.content, self.base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(text)) => STANDARD.decode(text).map_err(|error| Refusal::bad(error.to_string()))?,
            _ => return Err(Refusal::bad("give `content` or `base64` of each file")),
        };
        Ok(match self.mode.as_deref() {
            None | Some("100644") => spec.file(self.path, content),
            Some("100755") => spec.executable(self.path, content),
            Some("120000") => spec.symlink(self.path, content),
            Some("160000") => spec.submodule(self.path, &String::from_utf8_lossy(&content)),
            Some(mode) => return Err(Refusal(StatusCode::BAD_REQUEST, format!("git has no mode {mode:?}"))),
        })
    }
}

/// A time, and the minutes east of UTC that it was written in.
fn moment(text: &str) -> Result<(Timestamp, i32), Refusal> {
    let refused = |error: jiff::Error| Refusal::bad(format!("`at`: {error}"));
    let time: Timestamp = text.parse().map_err(refused)?;
    let offset = Pieces::parse(text).map_err(refused)?.to_numeric_offset();
    Ok((time, offset.map_or(0, |offset| offset.seconds() / 60)))
}
