//! Objects by their id, and what a tree holds.

use std::io::{self, BufRead as _, BufReader};

use super::names::is_path;
use super::read::{Node, NodeKind};
use super::store::GitStore;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    Blob,
    Tree,
    Commit,
    Tag,
}

impl ObjectKind {
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "blob" => Some(Self::Blob),
            "tree" => Some(Self::Tree),
            "commit" => Some(Self::Commit),
            "tag" => Some(Self::Tag),
            _ => None,
        }
    }

    /// git's word for it, and the forges'.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Tree => "tree",
            Self::Commit => "commit",
            Self::Tag => "tag",
        }
    }
}

/// An object that exists in this repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectInfo {
    /// In full.
    pub(crate) id: String,
    pub(crate) kind: ObjectKind,
    /// In bytes.
    pub(crate) size: u64,
}

/// Whether this is an object's id or the start of one, 4 to 40 hexadecimal digits.
pub(super) fn is_id(text: &str) -> bool {
    (4..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

impl GitStore {
    /// What an object is: by its id, in full or short, or by `<id>^{commit}` and `<id>^{tree}`. `None`: this
    /// repository has none, or more than one of a short id.
    pub(crate) fn object(&self, id: u64, name: &str) -> io::Result<Option<ObjectInfo>> {
        let bare = name.strip_suffix("^{commit}").or_else(|| name.strip_suffix("^{tree}"));
        if !is_id(bare.unwrap_or(name)) {
            return Ok(None);
        }
        self.with_batch(id, |batch| batch.info(name))
    }

    /// An object with all its bytes, named as for [`object`](Self::object).
    pub(crate) fn read_object(&self, id: u64, name: &str) -> io::Result<Option<(ObjectInfo, Vec<u8>)>> {
        let Some(info) = self.object(id, name)? else {
            return Ok(None);
        };
        self.with_batch(id, |batch| batch.contents(&info.id))
    }

    /// What lies directly in a tree, or in that of a commit, in git's order. `None`: there is no such tree.
    pub(crate) fn list(&self, id: u64, object: &str) -> io::Result<Option<Vec<Node>>> {
        let Some(mut nodes) = self.plain_list(id, object)? else {
            return Ok(None);
        };
        let files = |node: &&mut Node| node.kind == NodeKind::File && !node.is_submodule();
        let ids: Vec<String> = nodes.iter_mut().filter(files).map(|node| node.id.clone()).collect();
        let infos = self.with_batch(id, |batch| batch.infos(ids.iter().map(String::as_str)))?;
        for (node, info) in nodes.iter_mut().filter(files).zip(infos) {
            node.size = info.map_or(0, |info| info.size);
        }
        Ok(Some(nodes))
    }

    /// The same without the sizes, which cost a look at each file.
    fn plain_list(&self, id: u64, object: &str) -> io::Result<Option<Vec<Node>>> {
        let found = self.read_object(id, &format!("{object}^{{tree}}"))?;
        Ok(found.map(|(_, raw)| parse_raw_tree(&raw)))
    }

    /// What is at a path of a commit (or below a tree): a file, directory, link or submodule.
    pub(crate) fn entry(&self, id: u64, commit: &str, path: &str) -> io::Result<Option<Node>> {
        if !is_path(path.as_bytes()) {
            return Ok(None);
        }
        let mut at = commit.to_owned();
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            let listed = self.plain_list(id, &at)?;
            let found = listed.into_iter().flatten().find(|node| node.raw == part.as_bytes());
            let Some(mut node) = found else {
                return Ok(None);
            };
            if parts.peek().is_none() {
                path.clone_into(&mut node.path);
                node.raw = path.as_bytes().to_vec();
                if node.kind == NodeKind::File && !node.is_submodule() {
                    node.size = self.object(id, &node.id)?.map_or(0, |info| info.size);
                }
                return Ok(Some(node));
            }
            if node.kind != NodeKind::Directory {
                return Ok(None);
            }
            at = node.id;
        }
        Ok(None)
    }

    /// All that lies in a tree, at any depth, directories before what is in them; `each` ends the walk with
    /// `false`. A tree of any size is never held.
    pub(crate) fn walk(&self, id: u64, object: &str, mut each: impl FnMut(Node) -> bool) -> io::Result<()> {
        if !is_id(object) {
            return Ok(());
        }
        let arguments = ["ls-tree", "-z", "-l", "-r", "-t", "--full-tree", object];
        let mut child = self.command(id, &arguments).spawn()?;
        drop((child.stdin.take(), child.stderr.take()));
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| io::Error::other("git has no pipes"))?;
        let mut lines = BufReader::with_capacity(64 * 1024, stdout).split(0);
        let mut ended = Ok(true);
        for line in &mut lines {
            let node = match line {
                Ok(line) => parse_line(&line),
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            };
            if node.is_some_and(|node| !each(node)) {
                ended = Ok(false);
                break;
            }
        }
        // git may still be writing when nobody reads any more.
        drop(lines);
        let status = child.wait()?;
        if ended? && !status.success() {
            return Err(io::Error::other("git ls-tree failed"));
        }
        Ok(())
    }
}

/// One line of `git ls-tree -z -l`: mode, type, id, size, a tab, path.
fn parse_line(line: &[u8]) -> Option<Node> {
    let tab = line.iter().position(|b| *b == b'\t')?;
    let facts = std::str::from_utf8(&line[..tab]).ok()?;
    let mut facts = facts.split_ascii_whitespace();
    let (mode, _, id) = (facts.next()?, facts.next()?, facts.next()?);
    let size = facts.next()?.parse().unwrap_or(0);
    Some(Node::new(
        mode.to_owned(),
        id.to_owned(),
        size,
        line[tab + 1..].to_vec(),
    ))
}

/// The bytes of a tree: mode, a space, name, a NUL, and the 20 bytes of the id.
fn parse_raw_tree(mut raw: &[u8]) -> Vec<Node> {
    let mut nodes = Vec::new();
    while let Some(space) = raw.iter().position(|b| *b == b' ')
        && let Some(nul) = raw.iter().position(|b| *b == 0)
        && let (Some(name), Some(id)) = (raw.get(space + 1..nul), raw.get(nul + 1..nul + 21))
    {
        // A tree writes the mode of a directory with five digits.
        let mode = format!("{:0>6}", String::from_utf8_lossy(&raw[..space]));
        nodes.push(Node::new(mode, hex::encode(id), 0, name.to_vec()));
        raw = &raw[nul + 21..];
    }
    nodes
}
