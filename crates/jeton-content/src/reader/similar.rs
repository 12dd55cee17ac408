//! Paths that may have been meant.

use std::sync::Arc;

use jeton_domain::{FilePath, ForgeKind};
use jeton_forge::content::{Entry, EntryKind};

use super::{Base, Reader};
use crate::sources::Way;

/// So many are named.
const MOST: usize = 3;
/// How alike two names must be, from 0 to 1.
const ALIKE: f64 = 0.75;
/// What is longer in bytes is no name of a file on any system.
const LONGEST_NAME: usize = 255;

impl Reader {
    /// Files that are there and look like the one that is not. Costs one listing at most, which is kept; a tree that does not come in
    /// one answer is left alone.
    pub(crate) async fn similar(&self, way: &Arc<Way>, base: &Base, path: &FilePath) -> Vec<String> {
        let is_name = |part: &str| part.len() <= LONGEST_NAME;
        if way.kind() == ForgeKind::Bitbucket || !path.parts().all(is_name) {
            return Vec::new();
        }
        let Some(entries) = self.listing_of_one_call(way, base).await else {
            return Vec::new();
        };
        let path = path.clone();
        // A large tree takes a while to be looked through.
        let looked = tokio::task::spawn_blocking(move || closest(&entries, &path)).await;
        looked.unwrap_or_default()
    }
}

fn closest(entries: &[Entry], path: &FilePath) -> Vec<String> {
    let (wanted, name, parent) = (path.as_str().to_lowercase(), path.name().to_lowercase(), path.parent());
    let mut found: Vec<(u8, f64, &str)> = entries
        .iter()
        .filter(|entry| !matches!(entry.kind, EntryKind::Directory | EntryKind::Submodule))
        .filter_map(|entry| {
            let text = entry.path.as_str();
            let other = entry.path.name();
            if text.eq_ignore_ascii_case(path.as_str()) || text.to_lowercase() == wanted {
                return Some((0, 1.0, text));
            }
            if entry.path.parent() == parent {
                if other.len().abs_diff(name.len()) > name.len() / 2 + 1 {
                    return None;
                }
                let alike = strsim::normalized_damerau_levenshtein(&name, &other.to_lowercase());
                return (alike >= ALIKE).then_some((1, alike, text));
            }
            (other.to_lowercase() == name).then_some((2, 1.0, text))
        })
        .collect();
    found.sort_by(|a, b| {
        a.0.cmp(&b.0)
            .then(b.1.total_cmp(&a.1))
            .then(a.2.len().cmp(&b.2.len()))
            .then(a.2.cmp(b.2))
    });
    found
        .into_iter()
        .take(MOST)
        .map(|(_, _, text)| text.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use jeton_domain::FilePath;
    use jeton_forge::content::{Entry, EntryKind};

    use super::closest;

    fn tree(paths: &[&str]) -> Vec<Entry> {
        let entry = |path: &&str| Entry {
            path: FilePath::parse(path).unwrap(),
            kind: EntryKind::File,
            id: None,
            size: None,
        };
        paths.iter().map(entry).collect()
    }

    #[test]
    fn what_was_meant_is_named_and_nothing_else() {
        let tree = tree(&[
            "README.md",
            "src/lib.rs",
            "src/main.rs",
            "docs/guide.md",
            "tests/lib.rs",
        ]);
        let near = |path: &str| closest(&tree, &FilePath::parse(path).unwrap());
        assert_eq!(near("readme.md"), ["README.md"]);
        assert_eq!(near("src/mian.rs"), ["src/main.rs"]);
        assert_eq!(near("lib.rs"), ["src/lib.rs", "tests/lib.rs"]);
        assert_eq!(near("Docs/Guide.md"), ["docs/guide.md"]);
        assert!(near("nothing/like/it.txt").is_empty());
    }
}
