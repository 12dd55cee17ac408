//! History on Bitbucket.

use http::Method;
use jeton_domain::ObjectId;
use jiff::Zoned;
use serde::Deserialize;

use super::{id, page, success};
use crate::{
    clean::link_below,
    content::call::{Call, zoned},
    content::{Commit, CommitPage, CommitsAsk, Person, ReadError},
};

#[derive(Deserialize)]
struct Page {
    values: Vec<CommitObject>,
    #[serde(default)]
    next: Option<String>,
}

/// One commit (<https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commits/>). It has one date for both people.
#[derive(Deserialize)]
struct CommitObject {
    hash: String,
    date: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    author: Option<Author>,
    #[serde(default)]
    committer: Option<Author>,
    #[serde(default)]
    parents: Vec<Parent>,
    #[serde(default)]
    links: Option<Links>,
}

#[derive(Deserialize)]
struct Author {
    #[serde(default)]
    raw: String,
}

#[derive(Deserialize)]
struct Parent {
    hash: String,
}

#[derive(Deserialize)]
struct Links {
    #[serde(default)]
    html: Option<Link>,
}

#[derive(Deserialize)]
struct Link {
    href: String,
}

pub(super) async fn commits(call: &mut Call<'_>, ask: &CommitsAsk<'_>) -> Result<CommitPage, ReadError> {
    let mut query = vec![("pagelen", "100")];
    if !ask.path.is_root() {
        query.push(("path", ask.path.as_str()));
    }
    let url = page::url(call, &format!("commits/{}", ask.from), &query, ask.page)?;
    let request = call.request(Method::GET, url.clone())?;
    let reply = call.send(request).await?;
    let answer = success(call, reply, ask.path)?;
    let found: Page = call.parse(&answer)?;
    let next = page::token(call, &url, found.next.as_deref(), ask.page)?;
    let commits: Result<Vec<_>, _> = found.values.into_iter().map(|one| commit(call, one)).collect();
    Ok(CommitPage {
        commits: commits?,
        next,
        filtered: false,
    })
}

fn commit(call: &Call<'_>, found: CommitObject) -> Result<Commit, ReadError> {
    let at = zoned(&found.date).ok_or_else(|| call.garbled("a commit's date is none"))?;
    let author = found.author.unwrap_or(Author { raw: String::new() }).raw;
    let committer = found.committer.map(|committer| committer.raw);
    let parents: Result<Vec<ObjectId>, _> = found.parents.iter().map(|parent| id(call, &parent.hash)).collect();
    Ok(Commit {
        id: id(call, &found.hash)?,
        message: found.message,
        committer: person(committer.as_deref().unwrap_or(&author), &at),
        author: person(&author, &at),
        parents: parents?,
        url: found
            .links
            .and_then(|links| links.html)
            .and_then(|link| link_below(call.at.forge.web_url(), &link.href)),
    })
}

/// `Name <address>`, as git writes it.
fn person(raw: &str, at: &Zoned) -> Person {
    let (name, email) = match raw.rsplit_once('<') {
        Some((name, rest)) => (name, rest.trim_end().trim_end_matches('>')),
        None => (raw, ""),
    };
    Person {
        name: name.trim().to_owned(),
        email: email.trim().to_owned(),
        at: at.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::person;
    use crate::content::call::zoned;

    #[test]
    fn a_person_is_taken_apart() {
        let at = zoned("2024-05-01T10:00:00Z").unwrap();
        let read = |raw| {
            let person = person(raw, &at);
            (person.name, person.email)
        };
        for (raw, name, email) in [
            ("Alice <alice@example.com>", "Alice", "alice@example.com"),
            ("A < B <a@b>", "A < B", "a@b"),
            ("Alice", "Alice", ""),
            ("<a@b>", "", "a@b"),
            ("Alice <", "Alice", ""),
            ("", "", ""),
        ] {
            assert_eq!(read(raw), (name.to_owned(), email.to_owned()), "{raw}");
        }
    }
}
