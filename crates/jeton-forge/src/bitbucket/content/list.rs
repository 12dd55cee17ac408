//! Directories on Bitbucket.

use std::time::Duration;

use http::Method;
use jeton_domain::FilePath;
use serde::Deserialize;

use super::{
    open::{TreeEntry, is_file},
    page, source, success,
};
use crate::{
    content::call::{Call, no_path},
    content::{EntryKind, ListAsk, Listed, ReadError},
};

/// How deep a deep listing goes: deeper than people's trees, and a number that Bitbucket takes.
const DEPTH: usize = 100;

/// How long a walk may take; Bitbucket gives up by itself before.
const PATIENCE: Duration = Duration::from_mins(1);

/// A walk that took Bitbucket too long.
const GAVE_UP: u16 = 555;

#[derive(Deserialize)]
struct Page {
    values: Vec<TreeEntry>,
    #[serde(default)]
    next: Option<String>,
}

pub(super) async fn list(call: &mut Call<'_>, ask: &ListAsk<'_>) -> Result<Listed, ReadError> {
    let depth = DEPTH.to_string();
    let mut query = vec![("pagelen", "100")];
    if ask.deep {
        query.push(("max_depth", depth.as_str()));
    }
    let mut path = source(ask.commit, ask.directory);
    if !ask.directory.is_root() {
        path.push('/');
    }
    let url = page::url(call, &path, &query, ask.page)?;
    let request = call.request(Method::GET, url.clone())?.timeout(PATIENCE);
    let Some(reply) = call.send_unless(request, GAVE_UP).await? else {
        return if ask.deep {
            Ok(Listed {
                entries: Vec::new(),
                next: None,
                cut: true,
            })
        } else {
            Err(call.failing(GAVE_UP))
        };
    };
    let answer = success(call, reply, ask.directory)?;
    if is_file(&answer.headers) {
        return Err(no_path(call.at, ask.directory.as_str()));
    }
    let found: Page = call.parse(&answer)?;
    let next = page::token(call, &url, found.next.as_deref(), ask.page)?;
    let mut entries = Vec::with_capacity(found.values.len());
    let mut cut = false;
    for one in &found.values {
        let (Some(kind), Some((path, depth))) = (one.kind(), path_in(ask, &one.path)) else {
            continue;
        };
        // what lies in it was not walked into
        cut |= ask.deep && kind == EntryKind::Directory && depth >= DEPTH;
        entries.push(one.entry(path, kind));
    }
    Ok(Listed { entries, next, cut })
}

/// A path as it was sent, if it lies in the directory, and how deep; deeper down only in deep listings.
fn path_in(ask: &ListAsk<'_>, text: &str) -> Option<(FilePath, usize)> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let path = FilePath::parse(text).ok()?;
    let rest = if ask.directory.is_root() {
        text
    } else {
        text.strip_prefix(ask.directory.as_str())?.strip_prefix('/')?
    };
    let depth = rest.split('/').count();
    let fits = path.as_str() == text && !path.is_root() && (ask.deep || depth == 1);
    fits.then_some((path, depth))
}

#[cfg(test)]
mod tests {
    use jeton_domain::{FilePath, ObjectId};

    use super::path_in;
    use crate::content::ListAsk;

    #[test]
    fn a_path_lies_in_its_directory_or_is_left_out() {
        let commit = ObjectId::sha1([1; 20]);
        let path = |directory: &str, text: &str, deep: bool| {
            let directory = FilePath::parse(directory).unwrap();
            let ask = ListAsk {
                commit: &commit,
                directory: &directory,
                tree: None,
                deep,
                page: None,
            };
            path_in(&ask, text).map(|(path, depth)| (path.to_string(), depth))
        };
        assert_eq!(path("", "a b#", false), Some(("a b#".to_owned(), 1)));
        assert_eq!(path("src", "src/a/ü?", true), Some(("src/a/ü?".to_owned(), 2)));
        for (directory, text, deep) in [
            ("", "a/b", false),
            ("", "", true),
            ("", "../a", true),
            ("", "/a", true),
            ("src", "src", true),
            ("src", "src2/a", true),
            ("src", "src/../a", true),
        ] {
            assert_eq!(path(directory, text, deep), None, "{text} in {directory}");
        }
    }
}
