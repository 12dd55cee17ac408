//! What lies in directories.

use std::time::Duration;

use jeton_domain::{Code, FilePath};
use jeton_outbound::Answer;

use super::{
    asking::{Ask, Asking, Unreadable, parse},
    failure::Failing,
    tail::Tail,
    wire::{WireEntry, WireTree},
    words::Sought,
};
use crate::{
    content::{Entry, EntryKind, ListAsk, Listed, ReadError},
    diagnose::diagnosis,
};

/// The largest tree that is read, in bytes: 100,000 entries, each with some 300 bytes, most of them its URL.
const MAX_TREE: usize = 48 << 20;

/// How long a tree may take: GitHub gives a request up after 10 seconds, and then it has to arrive.
const TREE_PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn list(asking: &mut Asking<'_>, ask: &ListAsk<'_>) -> Result<Listed, ReadError> {
    let failing = Failing {
        at: asking.at,
        sought: Sought::Path(ask.commit, ask.directory),
    };
    let root = ask.directory.is_root().then_some(ask.commit);
    let Some(tree) = ask.tree.or(root) else {
        return Err(ReadError::Garbled(Box::new(diagnosis(
            Code::Internal,
            format!("GitHub lists `{}` only by its tree, which is not known.", ask.directory),
            "Report this as a mistake in jeton.",
        ))));
    };
    let tail = Tail::new("git/trees").below(&tree.to_string());
    // any value of `recursive` would do, `false` too
    let tail = if ask.deep { tail.with("recursive", "1") } else { tail };
    let question = Ask::new(tail).large(MAX_TREE, TREE_PATIENCE);
    asking
        .json(&question, &failing, |answer| read(answer, ask.directory, ask.deep))
        .await
}

fn read(answer: &Answer, directory: &FilePath, deep: bool) -> Result<Listed, Unreadable> {
    let found: WireTree<'_> = parse(answer)?;
    Ok(Listed {
        entries: found
            .tree
            .iter()
            .filter_map(|one| entry(one, directory, deep))
            .collect(),
        next: None,
        cut: found.truncated,
    })
}

/// `None` is left out: what has no path in a repository, and what has a mode that git does not know.
fn entry(found: &WireEntry<'_>, directory: &FilePath, deep: bool) -> Option<Entry> {
    let kind = match (&*found.mode, &*found.kind) {
        ("100755", "blob") => EntryKind::Executable,
        ("120000", "blob") => EntryKind::Symlink,
        ("040000", "tree") => EntryKind::Directory,
        ("160000", "commit") => EntryKind::Submodule,
        // old repositories have files that their group may write
        ("100644" | "100664", "blob") => EntryKind::File,
        _ => return None,
    };
    if !deep && found.path.contains('/') {
        return None;
    }
    let path = if directory.is_root() {
        FilePath::parse(&found.path)
            .ok()
            .filter(|path| path.as_str() == found.path)?
    } else {
        // a slash at an end would be lost in reading, and be another entry's path
        let joined = format!("{directory}/{}", found.path);
        FilePath::parse(&joined).ok().filter(|path| path.as_str() == joined)?
    };
    let is_file = !matches!(kind, EntryKind::Directory | EntryKind::Submodule);
    (!path.is_root()).then_some(Entry {
        path,
        kind,
        id: Some(found.sha.0),
        size: found.size.filter(|_| is_file),
    })
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
