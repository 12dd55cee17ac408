//! What names mean on Bitbucket.

use jeton_domain::{ObjectId, RefName};
use serde::Deserialize;

use super::{
    id, not_asked_for,
    words::{self, About},
};
use crate::{
    content::call::{Call, Reply, encode, encode_path, no_name},
    content::{NameKind, ReadError, Resolved},
};

#[derive(Deserialize)]
struct CommitName {
    hash: String,
}

/// A branch or a tag.
#[derive(Deserialize)]
struct Tip {
    #[serde(default)]
    target: Option<CommitName>,
}

#[derive(Deserialize)]
struct Repository {
    #[serde(default)]
    mainbranch: Option<MainBranch>,
}

#[derive(Deserialize)]
struct MainBranch {
    name: String,
}

/// The root of the default branch, listed.
#[derive(Deserialize)]
struct Listing {
    values: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    commit: CommitName,
}

fn at(commit: ObjectId, default_branch: Option<String>) -> Resolved {
    Resolved::At {
        commit,
        tree: None,
        etag: None,
        default_branch,
    }
}

/// `GET /src` leads to the commit of the default branch by a redirect, which is read and not followed.
pub(super) async fn default_branch(call: &mut Call<'_>) -> Result<Resolved, ReadError> {
    match call.get("src", &[("pagelen", "1")]).await? {
        Reply::Elsewhere(answer) => {
            let segment = answer.location().and_then(source_segment);
            if let Some(commit) = segment.and_then(|segment| segment.parse().ok()) {
                return Ok(at(commit, None));
            }
            if segment.is_none() {
                return Err(words::elsewhere(call, &answer));
            }
        }
        Reply::Here(answer) => {
            if let Some(first) = call.parse::<Listing>(&answer)?.values.first() {
                return Ok(at(id(call, &first.commit.hash)?, None));
            }
        }
        Reply::Absent(words) if words::about(&words) == About::Repository => return Err(words::not_visible(call.at)),
        Reply::Absent(_) => {}
        other @ Reply::Unchanged => return Err(not_asked_for(call, &other)),
    }
    by_main_branch(call).await
}

/// The part of a link after `/src/`, if it leads to this repository: a hash, or a branch.
fn source_segment(location: &str) -> Option<&str> {
    let path = location.split(['?', '#']).next()?;
    let (_, rest) = path.split_once("/repositories/")?;
    let mut parts = rest.split('/').skip(2);
    (parts.next()? == "src").then(|| parts.next()).flatten()
}

/// The longer way: the repository names its default branch, and the branch its commit.
async fn by_main_branch(call: &mut Call<'_>) -> Result<Resolved, ReadError> {
    let main = match call.get("", &[]).await? {
        Reply::Here(answer) => call.parse::<Repository>(&answer)?.mainbranch,
        Reply::Absent(_) => return Err(words::not_visible(call.at)),
        other => return Err(not_asked_for(call, &other)),
    };
    let Some(MainBranch { name }) = main else {
        return Err(ReadError::Empty);
    };
    match tip(call, "branches", &name).await? {
        Found::Here(Some(commit)) => Ok(at(commit, Some(name))),
        // the name is kept for a branch that is yet to be pushed
        _ => Err(ReadError::Empty),
    }
}

/// Which calls a name is tried with, one after the other.
pub(super) async fn named(call: &mut Call<'_>, name: &RefName) -> Result<Resolved, ReadError> {
    let text = name.as_str();
    let short = text.strip_prefix("refs/").unwrap_or(text);
    let tries: Vec<(&str, &str)> = if let Some(branch) = short.strip_prefix("heads/") {
        vec![("branches", branch)]
    } else if let Some(tag) = short.strip_prefix("tags/") {
        vec![("tags", tag)]
    } else if text.contains('/') {
        vec![("branches", text), ("tags", text)]
    } else {
        // the call for commits takes tags as well, and beginnings of ids
        vec![("branches", text), ("commit", text)]
    };
    let mut is_there = false;
    for (kind, name) in tries {
        match tip(call, kind, name).await? {
            Found::Here(Some(commit)) => return Ok(at(commit, None)),
            Found::Here(None) => return Err(call.garbled("a branch or tag leads to no commit")),
            Found::Absent => is_there = true,
            Found::Unclear => {}
        }
    }
    if !is_there && let Reply::Absent(_) = call.get("", &[]).await? {
        return Err(words::not_visible(call.at));
    }
    Err(no_name(call.at, text))
}

pub(super) async fn name_kind(call: &mut Call<'_>, name: &RefName) -> Result<NameKind, ReadError> {
    let text = name.as_str();
    let short = text.strip_prefix("refs/").unwrap_or(text);
    let (branch, tag) = if let Some(branch) = short.strip_prefix("heads/") {
        (tip(call, "branches", branch).await?, Found::Absent)
    } else if let Some(tag) = short.strip_prefix("tags/") {
        (Found::Absent, tip(call, "tags", tag).await?)
    } else {
        (tip(call, "branches", text).await?, tip(call, "tags", text).await?)
    };
    Ok(match (branch, tag) {
        (Found::Here(branch), Found::Here(tag)) if branch != tag => NameKind::Both,
        (Found::Here(_), _) => NameKind::Branch,
        (_, Found::Here(_)) => NameKind::Tag,
        _ => NameKind::Neither,
    })
}

/// What came of one try.
enum Found {
    Here(Option<ObjectId>),
    /// Not of this kind; the repository is there.
    Absent,
    /// Not of this kind, and whether the repository is there is open.
    Unclear,
}

async fn tip(call: &mut Call<'_>, kind: &str, name: &str) -> Result<Found, ReadError> {
    let path = match kind {
        "commit" => format!("commit/{}", encode(name)),
        kind => format!("refs/{kind}/{}", encode_path(name.split('/'))),
    };
    match call.get(&path, &[]).await? {
        Reply::Here(answer) => {
            let commit = if kind == "commit" {
                Some(call.parse::<CommitName>(&answer)?)
            } else {
                call.parse::<Tip>(&answer)?.target
            };
            Ok(Found::Here(commit.map(|commit| id(call, &commit.hash)).transpose()?))
        }
        Reply::Absent(words) => match words::about(&words) {
            About::Repository => Err(words::not_visible(call.at)),
            About::Inside => Ok(Found::Absent),
            About::Unclear => Ok(Found::Unclear),
        },
        other => Err(not_asked_for(call, &other)),
    }
}

#[cfg(test)]
mod tests {
    use super::source_segment;

    #[test]
    fn a_redirect_names_its_commit() {
        let base = "https://api.bitbucket.org/2.0/repositories/acme/tools";
        assert_eq!(source_segment(&format!("{base}/src/0123ab/?pagelen=1")), Some("0123ab"));
        assert_eq!(source_segment("/2.0/repositories/acme/tools/src/main/"), Some("main"));
        for bad in [
            format!("{base}/commits/0123ab"),
            base.to_owned(),
            "https://x.example/src/1".to_owned(),
        ] {
            assert_eq!(source_segment(&bad), None, "{bad}");
        }
    }
}
