//! What names mean on GitLab.

use http::{HeaderValue, Method, header};
use jeton_domain::{ObjectId, RefName};
use serde::Deserialize;

use super::{
    call::{Call, Reply, encode, no_name},
    not_asked_for, words,
};
use crate::content::{NameKind, ReadError, Resolved};

#[derive(Deserialize)]
struct CommitName {
    id: String,
}

/// A branch or a tag; a tag of something else than a commit has none.
#[derive(Deserialize)]
struct Tip {
    #[serde(default)]
    commit: Option<CommitName>,
}

#[derive(Deserialize)]
struct Project {
    #[serde(default)]
    empty_repo: bool,
}

/// A name, and whether it says itself of which kind it is. git reads `heads/x` as `refs/heads/x` before it looks for a branch of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name<'n> {
    Branch(&'n str),
    Tag(&'n str),
    Plain(&'n str),
}

impl<'n> Name<'n> {
    fn of(name: &'n RefName) -> Self {
        let name = name.as_str();
        let short = name.strip_prefix("refs/").unwrap_or(name);
        if let Some(branch) = short.strip_prefix("heads/") {
            Self::Branch(branch)
        } else if let Some(tag) = short.strip_prefix("tags/") {
            Self::Tag(tag)
        } else {
            Self::Plain(name)
        }
    }

    fn revision(self) -> String {
        match self {
            Self::Branch(name) => format!("refs/heads/{name}"),
            Self::Tag(name) => format!("refs/tags/{name}"),
            Self::Plain(name) => name.to_owned(),
        }
    }
}

pub(super) async fn resolve(
    call: &mut Call<'_>,
    name: Option<&RefName>,
    known: Option<&str>,
) -> Result<Resolved, ReadError> {
    let revision = name.map(|name| Name::of(name).revision());
    let mut query = vec![("per_page", "1")];
    query.extend(revision.as_deref().map(|revision| ("ref_name", revision)));
    let mut request = call.request(Method::GET, call.url("repository/commits", &query)?)?;
    let condition = known.and_then(|etag| HeaderValue::from_str(etag).ok());
    if let Some(etag) = &condition {
        request = request.header(header::IF_NONE_MATCH, etag.clone());
    }
    match call.send(request).await? {
        Reply::Here(answer) => {
            let commits: Vec<CommitName> = call.parse(&answer)?;
            match commits.first() {
                Some(commit) => Ok(Resolved::At {
                    commit: id(call, &commit.id)?,
                    tree: None,
                    etag: answer.header(header::ETAG.as_str()).map(str::to_owned),
                    default_branch: None,
                }),
                None => Err(nothing(call, name).await),
            }
        }
        Reply::Unchanged if condition.is_some() => Ok(Resolved::Unchanged),
        Reply::Absent(words) if words::is_of_project(&words) => Err(words::not_visible(call.at)),
        Reply::Absent(_) => Err(nothing(call, name).await),
        other => Err(not_asked_for(call, &other)),
    }
}

/// Why a project that is there has no commit to show.
async fn nothing(call: &mut Call<'_>, name: Option<&RefName>) -> ReadError {
    let Some(name) = name else {
        return ReadError::Empty;
    };
    match call.get("", &[]).await {
        Ok(Reply::Here(answer)) => match call.parse::<Project>(&answer) {
            Ok(project) if project.empty_repo => ReadError::Empty,
            _ => no_name(call.at, name.as_str()),
        },
        Ok(Reply::Absent(_)) => words::not_visible(call.at),
        // a token that may read commits and not the project itself
        Ok(_) | Err(ReadError::Forbidden(_)) => no_name(call.at, name.as_str()),
        Err(error) => error,
    }
}

pub(super) async fn name_kind(call: &mut Call<'_>, name: &RefName) -> Result<NameKind, ReadError> {
    let name = Name::of(name);
    let branch = match name {
        Name::Branch(branch) | Name::Plain(branch) => tip(call, "branches", branch).await?,
        Name::Tag(_) => None,
    };
    let tag = match name {
        Name::Tag(tag) | Name::Plain(tag) => tip(call, "tags", tag).await?,
        Name::Branch(_) => None,
    };
    Ok(match (branch, tag) {
        (Some(branch), Some(tag)) if branch != tag => NameKind::Both,
        (Some(_), _) => NameKind::Branch,
        (None, Some(_)) => NameKind::Tag,
        (None, None) => NameKind::Neither,
    })
}

/// The commit of a branch or tag: outer `None` when there is none of that name, inner when it is a tag of something else.
async fn tip(call: &mut Call<'_>, kind: &str, name: &str) -> Result<Option<Option<ObjectId>>, ReadError> {
    match call.get(&format!("repository/{kind}/{}", encode(name)), &[]).await? {
        Reply::Here(answer) => {
            let found: Tip = call.parse(&answer)?;
            let commit = found.commit.map(|commit| id(call, &commit.id)).transpose()?;
            Ok(Some(commit))
        }
        Reply::Absent(words) if words::is_of_project(&words) => Err(words::not_visible(call.at)),
        Reply::Absent(_) => Ok(None),
        other => Err(not_asked_for(call, &other)),
    }
}

/// The id of an object, which has to be one.
pub(super) fn id(call: &Call<'_>, text: &str) -> Result<ObjectId, ReadError> {
    text.parse()
        .map_err(|_| call.garbled("an object's id has neither 40 nor 64 hex digits"))
}

#[cfg(test)]
mod tests {
    use jeton_domain::RefName;

    use super::Name;

    #[test]
    fn a_name_may_say_of_which_kind_it_is() {
        for (text, want) in [
            ("main", Name::Plain("main")),
            ("feature/x", Name::Plain("feature/x")),
            ("heads/feature/x", Name::Branch("feature/x")),
            ("refs/heads/main", Name::Branch("main")),
            ("tags/v1", Name::Tag("v1")),
            ("refs/tags/v1", Name::Tag("v1")),
            ("refs/notes/x", Name::Plain("refs/notes/x")),
        ] {
            assert_eq!(Name::of(&RefName::parse(text).unwrap()), want, "{text}");
        }
    }
}
