//! Looking into repositories: names, trees, files. Some looks start git and others wait for it, so that none belongs on
//! a runtime's thread.

use std::io;

use super::names::is_reference;
use super::objects::{ObjectKind, is_id};
use super::store::GitStore;

/// A name of a commit (or of something else) and where it points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// In full, `refs/heads/main`.
    pub(crate) name: String,
    pub(crate) object: String,
    pub(crate) kind: ObjectKind,
    /// What an annotated tag tags.
    pub(crate) peeled: Option<String>,
}

/// What a tree holds in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    /// Also a symbolic link or a submodule.
    File,
    Directory,
}

/// One entry of a tree.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    /// Six digits.
    pub(crate) mode: String,
    pub(crate) id: String,
    /// In bytes; 0 for a directory and a submodule.
    pub(crate) size: u64,
    /// As text: where the bytes are not UTF-8 it has U+FFFD, which JSON can hold and the bytes cannot. Such a file is
    /// still listed, and is read by its object; by its path it is not found.
    pub(crate) path: String,
    /// The path's bytes.
    pub(crate) raw: Vec<u8>,
}

impl Node {
    pub(super) fn new(mode: String, id: String, size: u64, raw: Vec<u8>) -> Self {
        let kind = if mode == "040000" {
            NodeKind::Directory
        } else {
            NodeKind::File
        };
        Self {
            kind,
            mode,
            id,
            size,
            path: String::from_utf8_lossy(&raw).into_owned(),
            raw,
        }
    }

    /// The last part of its path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    pub(crate) fn is_symlink(&self) -> bool {
        self.mode == "120000"
    }

    pub(crate) fn is_submodule(&self) -> bool {
        self.mode == "160000"
    }

    pub(crate) fn is_executable(&self) -> bool {
        self.mode == "100755"
    }
}

impl GitStore {
    /// The commit that a name or an id means: `HEAD`, a whole id, a branch, a tag, `heads/…`, `tags/…`, `refs/…`, the
    /// start of an id, in this order. git's own language of revisions (`@{…}`, `a~1`, `:/text`) is not the forges'.
    pub(crate) fn resolve(&self, id: u64, revision: &str) -> Option<String> {
        if !is_reference(revision) {
            return None;
        }
        let mut names = Vec::new();
        if revision == "HEAD" || (revision.len() == 40 && is_id(revision)) {
            names.push(revision.to_owned());
        }
        if revision.starts_with("refs/") {
            names.push(revision.to_owned());
        }
        names.extend(["refs/heads/", "refs/tags/", "refs/"].map(|prefix| format!("{prefix}{revision}")));
        if is_id(revision) {
            names.push(revision.to_owned());
        }
        let found = self.with_batch(id, |batch| {
            for name in &names {
                if let Some(info) = batch.info(&format!("{name}^{{commit}}"))? {
                    return Ok(Some(info.id));
                }
            }
            Ok(None)
        });
        found.ok().flatten()
    }

    /// What lies in a directory of a commit (`""`: the root), in git's order. `None`: there is no such directory.
    pub(crate) fn tree(&self, id: u64, commit: &str, path: &str, recursive: bool) -> io::Result<Option<Vec<Node>>> {
        let path = path.trim_matches('/');
        let Some(commit) = self.resolve(id, commit) else {
            return Ok(None);
        };
        let tree = if path.is_empty() {
            Some(commit)
        } else {
            let found = self.entry(id, &commit, path)?;
            found
                .filter(|node| node.kind == NodeKind::Directory)
                .map(|node| node.id)
        };
        let Some(tree) = tree else {
            return Ok(None);
        };
        let mut nodes = Vec::new();
        if recursive {
            self.walk(id, &tree, |node| {
                nodes.push(node);
                true
            })?;
        } else {
            nodes = self.list(id, &tree)?.unwrap_or_default();
        }
        if !path.is_empty() {
            for node in &mut nodes {
                node.path = format!("{path}/{}", node.path);
                node.raw = [path.as_bytes(), b"/", &node.raw].concat();
            }
        }
        Ok(Some(nodes))
    }

    /// The commit that last changed a path.
    pub(crate) fn last_commit(&self, id: u64, commit: &str, path: &str) -> io::Result<String> {
        let printed = self.run(id, &["--literal-pathspecs", "rev-list", "-1", commit, "--", path], &[])?;
        Ok(String::from_utf8_lossy(&printed).trim().to_owned())
    }

    /// All references whose whole name begins with this, by name.
    pub(crate) fn references(&self, id: u64, prefix: &str) -> io::Result<Vec<Reference>> {
        // git's own patterns end at a slash.
        let format = "--format=%(refname) %(objectname) %(objecttype) %(*objectname)";
        let printed = self.run(id, &["for-each-ref", format], &[])?;
        let printed = String::from_utf8_lossy(&printed);
        let all = printed.lines().filter_map(|line| {
            let mut parts = line.split(' ');
            let (name, object, kind) = (parts.next()?, parts.next()?, parts.next()?);
            let peeled = parts.next().filter(|peeled| !peeled.is_empty());
            Some(Reference {
                name: name.to_owned(),
                object: object.to_owned(),
                kind: ObjectKind::parse(kind)?,
                peeled: peeled.map(str::to_owned),
            })
        });
        Ok(all.filter(|reference| reference.name.starts_with(prefix)).collect())
    }

    /// Whether nothing was ever pushed.
    pub(crate) fn is_empty(&self, id: u64) -> io::Result<bool> {
        let printed = self.run(id, &["for-each-ref", "--count=1"], &[])?;
        Ok(printed.is_empty())
    }
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
    fn a_file_is_found_by_its_path_and_read_to_the_byte() {
        let store = store();
        let main = store.resolve(1, "main").unwrap();
        let node = store.entry(1, &main, "src/deep/a b.txt").unwrap().unwrap();
        assert_eq!((node.name(), node.kind, node.size), ("a b.txt", NodeKind::File, 2));
        let (_, content) = store.read_object(1, &node.id).unwrap().unwrap();
        assert_eq!(content, b"\xff\x00");
        let directory = store.entry(1, &main, "src/deep").unwrap().unwrap();
        assert_eq!((directory.name(), directory.kind), ("deep", NodeKind::Directory));
        for none in [
            "src/",
            "",
            "nothing",
            "../config",
            "src/../README.md",
            "/README.md",
            "README.md/x",
            "*.md",
        ] {
            assert!(store.entry(1, &main, none).unwrap().is_none(), "{none}");
        }
        let first = store.last_commit(1, &main, "README.md").unwrap();
        assert_ne!(first, main);
        let branches = store.references(1, "refs/heads/").unwrap();
        assert_eq!((branches.len(), branches[0].name.as_str()), (1, "refs/heads/main"));
        assert_eq!(
            (branches[0].object.as_str(), branches[0].kind),
            (main.as_str(), ObjectKind::Commit)
        );
    }
}
