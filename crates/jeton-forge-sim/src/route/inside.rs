//! Routes to what is inside of a repository.

use super::decode;

/// What of a repository's inside is asked for. Names and paths are decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inside {
    /// A file or directory by its path; empty is the root.
    Contents(String),
    Branches,
    Branch(String),
    Tags,
    Commits,
    /// By id or by name.
    Commit(String),
    /// By id or by a commit's name.
    Tree(String),
    Blob(String),
    /// A reference's whole name without `refs/`.
    Ref(String),
    /// What that name begins with; empty is all.
    MatchingRefs(String),
}

impl Inside {
    /// Whether such a path can only be one of these.
    pub(super) fn is_meant(tail: &[&str]) -> bool {
        matches!(tail, ["contents" | "branches" | "tags" | "commits" | "git", ..])
    }

    /// What is inside of a repository may be called anything, so that this part of a path is decoded. It never
    /// becomes part of a path on this machine.
    pub(super) fn parse(tail: &[&str]) -> Option<Self> {
        let route: (fn(String) -> Self, &[&str]) = match tail {
            ["contents", rest @ ..] => (Self::Contents, rest),
            ["branches"] => return Some(Self::Branches),
            ["branches", rest @ ..] => (Self::Branch, rest),
            ["tags"] => return Some(Self::Tags),
            ["commits"] => return Some(Self::Commits),
            ["commits", rest @ ..] => (Self::Commit, rest),
            ["git", "trees", rest @ ..] => (Self::Tree, rest),
            ["git", "blobs", sha] => (Self::Blob, std::slice::from_ref(sha)),
            ["git", "ref", rest @ ..] => (Self::Ref, rest),
            ["git", "matching-refs", rest @ ..] => (Self::MatchingRefs, rest),
            _ => return None,
        };
        let (make, rest) = route;
        let decoded: Option<Vec<String>> = rest.iter().map(|part| decode(part)).collect();
        let name = decoded?.join("/");
        let bad = |part: &str| matches!(part, "" | "." | "..");
        let inside = make(name.clone());
        let whole = match inside {
            Self::Contents(_) | Self::MatchingRefs(_) if name.is_empty() => return Some(inside),
            // The start of a name may end anywhere.
            Self::MatchingRefs(_) => name.strip_suffix('/').unwrap_or(&name),
            _ => name.as_str(),
        };
        (!whole.split('/').any(bad)).then_some(inside)
    }

    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::Contents(_) => "GET /repos/{owner}/{repo}/contents/{path}",
            Self::Branches => "GET /repos/{owner}/{repo}/branches",
            Self::Branch(_) => "GET /repos/{owner}/{repo}/branches/{branch}",
            Self::Tags => "GET /repos/{owner}/{repo}/tags",
            Self::Commits => "GET /repos/{owner}/{repo}/commits",
            Self::Commit(_) => "GET /repos/{owner}/{repo}/commits/{ref}",
            Self::Tree(_) => "GET /repos/{owner}/{repo}/git/trees/{tree_sha}",
            Self::Blob(_) => "GET /repos/{owner}/{repo}/git/blobs/{sha}",
            Self::Ref(_) => "GET /repos/{owner}/{repo}/git/ref/{ref}",
            Self::MatchingRefs(_) => "GET /repos/{owner}/{repo}/git/matching-refs/{ref}",
        }
    }
}
