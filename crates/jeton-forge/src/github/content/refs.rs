//! What names mean.

use jeton_domain::{ObjectId, RefName};
use jeton_outbound::Answer;

use super::{
    asking::{Ask, Asking, Unreadable, etag, parse},
    failure::Failing,
    tail::Tail,
    wire::{WireCommit, WireRef},
    words::{Sought, Words},
};
use crate::content::{NameKind, ReadError, Resolved};

/// How a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written<'a> {
    /// `main`: a branch, a tag or the beginning of a commit's id.
    Short(&'a str),
    /// `heads/main`, `refs/tags/v1`: in full, without the `refs/`.
    Full(&'a str),
    /// What git lets no branch and no tag be called.
    Never,
}

fn written(name: &RefName) -> Written<'_> {
    let text = name.as_str();
    let short = text.strip_prefix("refs/").unwrap_or(text);
    if short.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        Written::Never
    } else if short.len() < text.len() || short.starts_with("heads/") || short.starts_with("tags/") {
        Written::Full(short)
    } else {
        Written::Short(short)
    }
}

pub(super) async fn resolve(
    asking: &mut Asking<'_>,
    name: Option<&RefName>,
    known: Option<&str>,
) -> Result<Resolved, ReadError> {
    let failing = Failing {
        at: asking.at,
        sought: Sought::Name(name),
    };
    // Both give a commit together with its tree. The parameter `sha` of the list takes a branch or an id, and no more is promised;
    // the single commit takes `heads/…` and `tags/…`, and is asked for no more than one of its changed files.
    let (tail, is_list) = match name.map(written) {
        None => (Tail::new("commits"), true),
        Some(Written::Short(short)) => (Tail::new("commits").with("sha", short), true),
        Some(Written::Full(full)) => (Tail::new("commits").below(full), false),
        Some(Written::Never) => return Err(no_such_name(asking, name)),
    };
    let ask = Ask::new(tail.with("per_page", "1")).unless(known);
    let answer = asking.get(&ask, &failing).await?;
    if answer.status == 304 {
        return Ok(Resolved::Unchanged);
    }
    let commit = first(&answer, is_list).map_err(|Unreadable(reason)| failing.garbled(&reason))?;
    match (commit, name) {
        (Some(commit), _) => Ok(Resolved::At {
            commit: commit.sha.0,
            tree: commit.commit.tree.map(|tree| tree.sha.0),
            etag: etag(&answer),
            default_branch: None,
        }),
        (None, Some(_)) => Err(no_such_name(asking, name)),
        (None, None) => Err(ReadError::Empty),
    }
}

fn first(answer: &Answer, is_list: bool) -> Result<Option<WireCommit>, Unreadable> {
    if is_list {
        parse::<Vec<WireCommit>>(answer).map(|commits| commits.into_iter().next())
    } else {
        parse(answer).map(Some)
    }
}

fn no_such_name(asking: &Asking<'_>, name: Option<&RefName>) -> ReadError {
    let words = Words {
        at: asking.at,
        sought: Sought::Name(name),
        said: "",
    };
    ReadError::NoSuchName(Box::new(words.no_such_name(name)))
}

pub(super) async fn name_kind(asking: &mut Asking<'_>, name: &RefName) -> Result<NameKind, ReadError> {
    let short = match written(name) {
        Written::Short(short) => short,
        // whoever writes it in full means one thing; whether it is there, `resolve` tells
        Written::Full(full) if full.starts_with("heads/") => return Ok(NameKind::Branch),
        Written::Full(full) if full.starts_with("tags/") => return Ok(NameKind::Tag),
        Written::Full(_) | Written::Never => return Ok(NameKind::Neither),
    };
    let branch = points_at(asking, "heads", short, name).await?;
    let tag = points_at(asking, "tags", short, name).await?;
    Ok(match (branch, tag) {
        (Some(branch), Some(tag)) if branch == tag => NameKind::Branch,
        // an annotated tag has an id of its own: what it is put on could be the same commit, and that is no reason to guess
        (Some(_), Some(_)) => NameKind::Both,
        (Some(_), None) => NameKind::Branch,
        (None, Some(_)) => NameKind::Tag,
        (None, None) => NameKind::Neither,
    })
}

/// The id that a branch or a tag of this very name has; GitHub gives all that begin so.
async fn points_at(
    asking: &mut Asking<'_>,
    what: &str,
    short: &str,
    name: &RefName,
) -> Result<Option<ObjectId>, ReadError> {
    let failing = Failing {
        at: asking.at,
        sought: Sought::Name(Some(name)),
    };
    let full = format!("{what}/{short}");
    let ask = Ask::new(Tail::new("git/matching-refs").below(&full));
    asking.json(&ask, &failing, |answer| exact(answer, &full)).await
}

fn exact(answer: &Answer, full: &str) -> Result<Option<ObjectId>, Unreadable> {
    let found: Vec<WireRef<'_>> = parse(answer)?;
    let mut exact = found
        .iter()
        .filter(|one| one.name.strip_prefix("refs/") == Some(full))
        .map(|one| one.object.sha.0);
    Ok(exact.next())
}

#[cfg(test)]
mod tests {
    use jeton_domain::RefName;
    use jeton_outbound::Answer;

    use super::{Written, exact, first, written};

    fn answer(body: &str) -> Answer {
        Answer {
            status: 200,
            headers: http::HeaderMap::default(),
            body: body.as_bytes().to_vec().into(),
        }
    }

    #[test]
    fn a_name_in_full_is_told_from_a_short_one() {
        for (name, expected) in [
            ("main", Written::Short("main")),
            ("feature/x", Written::Short("feature/x")),
            ("heads", Written::Short("heads")),
            ("heads/main", Written::Full("heads/main")),
            ("refs/heads/feature/x", Written::Full("heads/feature/x")),
            ("refs/tags/v1", Written::Full("tags/v1")),
            ("refs/pull/1/head", Written::Full("pull/1/head")),
            (".", Written::Never),
            ("./main", Written::Never),
            ("a/./b", Written::Never),
            ("refs/.x", Written::Never),
        ] {
            match RefName::parse(name) {
                Ok(parsed) => assert_eq!(written(&parsed), expected, "{name}"),
                // what is no name at all needs no care
                Err(_) => assert_eq!(expected, Written::Never, "{name}"),
            }
        }
    }

    #[test]
    fn only_the_very_name_counts() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let body = format!(
            r#"[{{"ref":"refs/heads/main-2","object":{{"sha":"{two}","type":"commit"}}}},
               {{"ref":"refs/heads/main","object":{{"sha":"{one}","type":"commit"}}}}]"#
        );
        assert_eq!(exact(&answer(&body), "heads/main").unwrap(), one.parse().ok());
        assert_eq!(exact(&answer(&body), "heads/mai").unwrap(), None);
        assert_eq!(exact(&answer(&body), "heads/Main").unwrap(), None);
        assert_eq!(exact(&answer("[]"), "heads/main").unwrap(), None);
        assert!(
            exact(
                &answer(r#"[{"ref":"refs/heads/main","object":{"sha":"7"}}]"#),
                "heads/main"
            )
            .is_err()
        );
        assert!(exact(&answer(r#"{"ref":"refs/heads/main"}"#), "heads/main").is_err());
    }

    #[test]
    fn a_commit_comes_alone_or_in_a_list() {
        let (one, tree) = ("1".repeat(40), "a".repeat(40));
        let commit =
            format!(r#"{{"sha":"{one}","commit":{{"message":"m","tree":{{"sha":"{tree}"}}}},"files":[{{}}]}}"#);
        let list = first(&answer(&format!("[{commit}]")), true).unwrap().unwrap();
        let alone = first(&answer(&commit), false).unwrap().unwrap();
        assert_eq!(
            (list.sha, list.commit.tree.unwrap().sha),
            (alone.sha, alone.commit.tree.unwrap().sha)
        );
        assert!(first(&answer("[]"), true).unwrap().is_none());
        assert!(first(&answer(&commit), true).is_err() && first(&answer("[]"), false).is_err());
    }
}
