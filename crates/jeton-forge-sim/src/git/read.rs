//! Looking into repositories: branches, trees, files. Each look starts git, so none belongs on a runtime's thread.

use std::io;

use super::store::GitStore;

/// A branch and where it stands.
pub(crate) struct Branch {
    pub(crate) name: String,
    pub(crate) commit: String,
    /// When it was committed, as RFC 3339.
    pub(crate) date: String,
    pub(crate) title: String,
}

/// What a tree holds in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    File,
    Directory,
}

/// One entry of a tree.
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) mode: String,
    pub(crate) id: String,
    /// In bytes; 0 for a directory.
    pub(crate) size: u64,
    pub(crate) path: String,
}

impl Node {
    /// The last part of its path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// A file.
pub(crate) struct Blob {
    pub(crate) node: Node,
    pub(crate) content: Vec<u8>,
}

impl GitStore {
    /// The commit that a branch, a tag or an id means.
    pub(crate) fn resolve(&self, id: u64, revision: &str) -> Option<String> {
        // Only names and ids: git's own language of revisions (`@{…}`, `a..b`, `:/text`) is not the forges'.
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
        if revision.is_empty() || revision.starts_with('-') || !revision.chars().all(plain) {
            return None;
        }
        let wanted = format!("{revision}^{{commit}}");
        let printed = self.run(
            id,
            &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted],
            &[],
        );
        printed
            .ok()
            .map(|found| String::from_utf8_lossy(&found).trim().to_owned())
    }

    /// What lies in a directory of a commit (`""`: the root), in git's order. `None`: there is no such directory.
    pub(crate) fn tree(&self, id: u64, commit: &str, path: &str, recursive: bool) -> io::Result<Option<Vec<Node>>> {
        let path = path.trim_matches('/');
        if !path.is_empty() && !is_plain(path) {
            return Ok(None);
        }
        let mut arguments = vec!["ls-tree", "-z", "-l", "--full-tree"];
        if recursive {
            arguments.extend(["-r", "-t"]);
        }
        let below = format!("{path}/");
        arguments.extend([commit, "--"]);
        if !path.is_empty() {
            arguments.push(&below);
        }
        let printed = self.run(id, &arguments, &[])?;
        // With `-t`, git also lists the directories on the way.
        let nodes: Vec<Node> = parse_tree(&printed)
            .into_iter()
            .filter(|node| path.is_empty() || node.path.starts_with(&below))
            .collect();
        Ok((path.is_empty() || !nodes.is_empty()).then_some(nodes))
    }

    /// A file of a commit.
    pub(crate) fn blob(&self, id: u64, commit: &str, path: &str) -> io::Result<Option<Blob>> {
        if !is_plain(path) {
            return Ok(None);
        }
        let printed = self.run(id, &["ls-tree", "-z", "-l", "--full-tree", commit, "--", path], &[])?;
        let found = parse_tree(&printed).into_iter().find(|node| node.path == path);
        let Some(node) = found.filter(|node| node.kind == NodeKind::File) else {
            return Ok(None);
        };
        let content = self.run(id, &["cat-file", "blob", &node.id], &[])?;
        Ok(Some(Blob { node, content }))
    }

    /// The commit that last changed a path.
    pub(crate) fn last_commit(&self, id: u64, commit: &str, path: &str) -> io::Result<String> {
        let printed = self.run(id, &["--literal-pathspecs", "rev-list", "-1", commit, "--", path], &[])?;
        Ok(String::from_utf8_lossy(&printed).trim().to_owned())
    }

    /// All branches, by name.
    pub(crate) fn branches(&self, id: u64) -> io::Result<Vec<Branch>> {
        let format = "--format=%(refname:short)%09%(objectname)%09%(committerdate:iso-strict)%09%(contents:subject)";
        let printed = self.run(id, &["for-each-ref", format, "refs/heads"], &[])?;
        let printed = String::from_utf8_lossy(&printed);
        let branches = printed.lines().filter_map(|line| {
            let mut parts = line.splitn(4, '\t').map(str::to_owned);
            Some(Branch {
                name: parts.next()?,
                commit: parts.next()?,
                date: parts.next()?,
                title: parts.next()?,
            })
        });
        Ok(branches.collect())
    }
}

/// Whether git would take a path as it stands, and find it inside the repository.
fn is_plain(path: &str) -> bool {
    !path.split('/').any(|part| matches!(part, "" | "." | ".."))
}

/// Lines of `git ls-tree -z -l`: mode, type, id, size, a tab, path.
fn parse_tree(printed: &[u8]) -> Vec<Node> {
    let printed = String::from_utf8_lossy(printed);
    let nodes = printed.split('\0').filter_map(|line| {
        let (facts, path) = line.split_once('\t')?;
        let mut facts = facts.split_ascii_whitespace();
        let mode = facts.next()?.to_owned();
        let kind = if facts.next()? == "tree" {
            NodeKind::Directory
        } else {
            NodeKind::File
        };
        let id = facts.next()?.to_owned();
        let size = facts.next()?.parse().unwrap_or(0);
        Some(Node {
            kind,
            mode,
            id,
            size,
            path: path.to_owned(),
        })
    });
    nodes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> GitStore {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let store = GitStore::create().unwrap();
        store.create_repository(1, b"first\n", now).unwrap();
        store.commit_file(1, "src/deep/a b.txt", b"\xff\x00", now).unwrap();
        store
    }

    #[test]
    fn names_are_resolved_and_gits_language_is_not() {
        let store = store();
        let commit = store.resolve(1, "main").unwrap();
        assert_eq!(store.resolve(1, &commit[..8]), Some(commit.clone()));
        assert_eq!(store.resolve(1, "HEAD"), Some(commit));
        for other in ["", "none", "-h", "main~1", "main@{0}", ":/Write", "main:README.md"] {
            assert_eq!(store.resolve(1, other), None, "{other}");
        }
    }

    #[test]
    fn a_tree_is_listed_flat_or_deep() {
        let store = store();
        let paths = |path: &str, recursive| {
            let nodes = store.tree(1, "main", path, recursive).unwrap();
            nodes.map(|nodes| nodes.into_iter().map(|node| node.path).collect::<Vec<_>>())
        };
        assert_eq!(paths("", false).unwrap(), ["README.md", "src"]);
        assert_eq!(paths("src", true).unwrap(), ["src/deep", "src/deep/a b.txt"]);
        assert_eq!(paths("/src/deep/", false).unwrap(), ["src/deep/a b.txt"]);
        assert!(paths("nowhere", false).is_none());
        assert!(paths("README.md", false).is_none());
        assert!(paths("src/../..", false).is_none());
    }

    #[test]
    fn a_file_is_read_to_the_byte() {
        let store = store();
        let blob = store.blob(1, "main", "src/deep/a b.txt").unwrap().unwrap();
        assert_eq!((blob.content.as_slice(), blob.node.size), (&b"\xff\x00"[..], 2));
        assert_eq!((blob.node.name(), blob.node.kind), ("a b.txt", NodeKind::File));
        for none in [
            "src",
            "src/",
            "",
            "nothing",
            "../config",
            "src/../README.md",
            "/README.md",
            "*.md",
        ] {
            assert!(store.blob(1, "main", none).unwrap().is_none(), "{none}");
        }
        let first = store.last_commit(1, "main", "README.md").unwrap();
        assert_ne!(Some(first), store.resolve(1, "main"));
        let branches = store.branches(1).unwrap();
        assert_eq!((branches.len(), branches[0].name.as_str()), (1, "main"));
        assert_eq!(branches[0].title, "Write src/deep/a b.txt");
    }
}
