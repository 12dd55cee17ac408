//! What lies in one place of a commit.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jeton_domain::{FilePath, ObjectId};
use jeton_outbound::Answer;

use super::{
    asking::{Ask, Asking, Unreadable, parse},
    failure::{Failing, LARGEST},
    tail::Tail,
    wire::WireContent,
    words::Sought,
};
use crate::content::{Body, Entry, EntryKind, Opened, ReadError};

pub(super) async fn open(asking: &mut Asking<'_>, commit: &ObjectId, path: &FilePath) -> Result<Opened, ReadError> {
    if path.is_root() {
        return Ok(directory(path.clone(), None));
    }
    let failing = Failing {
        at: asking.at,
        sought: Sought::Path(commit, path),
    };
    let tail = Tail::new("contents")
        .below(path.as_str())
        .with("ref", &commit.to_string());
    let ask = Ask::new(tail).accept("application/vnd.github.object+json");
    let opened = asking.json(&ask, &failing, |answer| read(answer, path)).await?;
    match opened.entry.size {
        Some(size) if size > LARGEST => Err(ReadError::TooLarge { limit: LARGEST }),
        _ => Ok(opened),
    }
}

fn directory(path: FilePath, id: Option<ObjectId>) -> Opened {
    Opened {
        entry: Entry {
            path,
            kind: EntryKind::Directory,
            id,
            size: None,
        },
        body: Body::Apart,
    }
}

fn read(answer: &Answer, asked: &FilePath) -> Result<Opened, Unreadable> {
    // an older server gives a directory's entries alone, whatever form it is asked for
    if answer.body.trim_ascii_start().starts_with(b"[") {
        return Ok(directory(asked.clone(), None));
    }
    let found: WireContent<'_> = parse(answer)?;
    let path = place(found.path.as_deref(), asked)?;
    let id = found.sha.map(|sha| sha.0);
    let is_submodule = match &*found.kind {
        "dir" => return Ok(directory(path, id)),
        "submodule" => true,
        // so the version of 2022-11-28 calls it in listings, and says no more of its own
        "file" => found.submodule_git_url.is_some() && found.content.is_none(),
        "symlink" => false,
        _ => {
            return Err(Unreadable(
                "what is there has a type that GitHub does not know".to_owned(),
            ));
        }
    };
    let id = Some(id.ok_or_else(|| Unreadable("a file without an object id".to_owned()))?);
    let entry = |kind, size| Entry { path, kind, id, size };
    if is_submodule {
        return Ok(Opened {
            entry: entry(EntryKind::Submodule, None),
            body: Body::Apart,
        });
    }
    let size = found
        .size
        .ok_or_else(|| Unreadable("a file without a size".to_owned()))?;
    let (kind, body) = if &*found.kind == "symlink" {
        (EntryKind::Symlink, link(found.target.as_deref(), size))
    } else {
        let body = file(found.content.as_deref(), found.encoding.as_deref(), size)?;
        (EntryKind::File, body)
    };
    Ok(Opened {
        entry: entry(kind, Some(size)),
        body,
    })
}

/// Where the answer is about: elsewhere than where was asked when GitHub followed a link.
fn place(told: Option<&str>, asked: &FilePath) -> Result<FilePath, Unreadable> {
    let Some(told) = told else {
        return Ok(asked.clone());
    };
    let path = FilePath::parse(told).ok().filter(|path| path.as_str() == told);
    path.filter(|path| !path.is_root())
        .ok_or_else(|| Unreadable("the path in it is no path in a repository".to_owned()))
}

/// A link's content is where it leads. JSON cannot hold any bytes: what is not as long as the blob was mangled, and the blob has to
/// be asked for.
fn link(target: Option<&str>, size: u64) -> Body {
    match target {
        Some(target) if target.len() as u64 == size && !target.contains('\u{fffd}') => {
            Body::Here(Bytes::copy_from_slice(target.as_bytes()))
        }
        _ => Body::Apart,
    }
}

fn file(content: Option<&str>, encoding: Option<&str>, size: u64) -> Result<Body, Unreadable> {
    match (encoding, content) {
        (Some("base64"), Some(content)) => {
            let bytes = decode(content)?;
            if bytes.len() as u64 == size {
                Ok(Body::Here(bytes.into()))
            } else {
                Err(Unreadable(format!("a file of {size} bytes came as {}", bytes.len())))
            }
        }
        (Some("none" | "") | None, None | Some("")) => Ok(Body::Apart),
        _ => Err(Unreadable("a file in an encoding that GitHub does not have".to_owned())),
    }
}

/// GitHub breaks the lines of its base64.
fn decode(content: &str) -> Result<Vec<u8>, Unreadable> {
    let letters: Vec<u8> = content.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    STANDARD
        .decode(letters)
        .map_err(|_| Unreadable("a file whose base64 is damaged".to_owned()))
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;
