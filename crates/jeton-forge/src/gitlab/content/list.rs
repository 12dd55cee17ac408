//! Trees on GitLab.

use std::{borrow::Cow, time::Duration};

use http::{HeaderMap, Method};
use jeton_domain::FilePath;
use serde::Deserialize;
use url::Url;

use super::{
    call::{Call, bad_page},
    resolve::id,
    success,
};
use crate::{
    content::{Entry, EntryKind, ListAsk, Listed, ReadError},
    headers,
};

/// Room for a whole tree: some 200 bytes for each entry, and their paths.
const MAX_TREE: usize = 64 * 1024 * 1024;

/// How long a whole tree may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// The longest token of a page that is believed.
const MAX_TOKEN: usize = 2000;

/// One entry (<https://docs.gitlab.com/api/repositories/>); borrowed, because a tree may have a hundred thousand.
#[derive(Deserialize)]
struct TreeEntry<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    mode: Cow<'a, str>,
}

pub(super) async fn list(call: &mut Call<'_>, ask: &ListAsk<'_>) -> Result<Listed, ReadError> {
    if ask.page.is_some_and(|page| ask.deep || !is_token(page)) {
        return Err(bad_page());
    }
    let commit = ask.commit.to_string();
    let mut query = vec![("ref", commit.as_str())];
    if !ask.directory.is_root() {
        query.push(("path", ask.directory.as_str()));
    }
    if ask.deep {
        query.extend([("recursive", "true"), ("pagination", "none")]);
    } else {
        query.extend([("pagination", "keyset"), ("per_page", "100")]);
        query.extend(ask.page.map(|page| ("page_token", page)));
    }
    let request = call.request(Method::GET, call.url("repository/tree", &query)?)?;
    let request = request.max_body_bytes(MAX_TREE).timeout(PATIENCE);
    let Some(reply) = call.send_if_it_fits(request, |_| false).await? else {
        return Ok(Listed {
            entries: Vec::new(),
            next: None,
            cut: true,
        });
    };
    let answer = success(call, reply, ask.directory)?;
    let found: Vec<TreeEntry<'_>> = call.parse(&answer)?;
    let next = if ask.deep { None } else { next_token(&answer.headers) };
    if next.is_some() && (found.is_empty() || next.as_deref() == ask.page) {
        return Err(call.garbled("a page of a tree leads to itself"));
    }
    let mut entries = Vec::with_capacity(found.len());
    for one in found {
        entries.extend(entry(call, &one, ask)?);
    }
    Ok(Listed {
        entries,
        next,
        cut: false,
    })
}

/// `None` for what is no path in this directory, or of no kind that git knows.
fn entry(call: &Call<'_>, found: &TreeEntry<'_>, ask: &ListAsk<'_>) -> Result<Option<Entry>, ReadError> {
    let kind = match (&*found.kind, &*found.mode) {
        ("tree", _) => EntryKind::Directory,
        ("commit", _) => EntryKind::Submodule,
        ("blob", "120000") => EntryKind::Symlink,
        ("blob", "100755") => EntryKind::Executable,
        ("blob", _) => EntryKind::File,
        _ => return Ok(None),
    };
    let Some(path) = path_in(ask.directory, &found.path, ask.deep) else {
        return Ok(None);
    };
    Ok(Some(Entry {
        path,
        kind,
        id: Some(id(call, &found.id)?),
        size: None,
    }))
}

/// A path as it was sent, if it lies in the directory; deeper down only in deep listings.
fn path_in(directory: &FilePath, text: &str, deep: bool) -> Option<FilePath> {
    let path = FilePath::parse(text).ok()?;
    let rest = if directory.is_root() {
        text
    } else {
        text.strip_prefix(directory.as_str())?.strip_prefix('/')?
    };
    let fits = path.as_str() == text && !path.is_root() && (deep || !rest.contains('/'));
    fits.then_some(path)
}

/// The place of the next page, taken out of `Link`. Only the place: the link's host and path are not followed.
fn next_token(headers: &HeaderMap) -> Option<String> {
    let link = Url::parse(&headers::next_link(headers)?).ok()?;
    let (_, token) = link.query_pairs().find(|(name, _)| name == "page_token")?;
    is_token(&token).then(|| token.into_owned())
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TOKEN && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};
    use jeton_domain::FilePath;

    use super::{is_token, next_token, path_in};

    #[test]
    fn a_path_lies_in_its_directory_or_is_left_out() {
        let path = |directory: &str, text: &str, deep: bool| {
            path_in(&FilePath::parse(directory).unwrap(), text, deep).map(|path| path.to_string())
        };
        for (directory, text, deep) in [("", "a b#", false), ("", "a/b", true), ("src", "src/ü?", false)] {
            assert_eq!(path(directory, text, deep).as_deref(), Some(text));
        }
        for (directory, text, deep) in [
            ("", "a/b", false),
            ("", "", true),
            ("", "/a", true),
            ("", "a/", true),
            ("", "a/../b", true),
            ("", "a\nb", true),
            ("src", "src", true),
            ("src", "src2/a", true),
            ("src", "a", true),
            ("src", "src/a/b", false),
        ] {
            assert_eq!(path(directory, text, deep), None, "{text} in {directory}");
        }
    }

    #[test]
    fn a_link_gives_its_place_and_nothing_else() {
        let linked = |target: &str| {
            let mut headers = HeaderMap::new();
            let value = format!(r#"<{target}>; rel="next""#);
            headers.insert(header::LINK, HeaderValue::from_str(&value).unwrap());
            next_token(&headers)
        };
        let found = linked("https://evil.example/x?page_token=a%26b&private_token=x");
        assert_eq!(found.as_deref(), Some("a&b"));
        assert_eq!(
            linked("https://gitlab.com/api/v4/projects/1/repository/tree?page=2"),
            None
        );
        assert_eq!(linked("nonsense"), None);
        assert!(!is_token("") && !is_token("a\nb") && !is_token(&"a".repeat(2001)));
    }
}
