//! Which commits there are, and what each changed.

use std::io;

use jiff::Timestamp;

use super::commits::Commit;
use super::names::invalid;
use super::objects::is_id;
use super::store::GitStore;

/// Which commits are asked for, newest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogQuery<'a> {
    /// The id of the commit to start at.
    pub(crate) start: &'a str,
    /// Only commits that changed this file or directory; empty is all.
    pub(crate) path: &'a [u8],
    /// Only commits of this second and later, by the committer's clock.
    pub(crate) since: Option<Timestamp>,
    /// Only commits of this second and earlier.
    pub(crate) until: Option<Timestamp>,
    /// The author's whole e-mail address, the part before its `@`, or the whole name; in any case.
    pub(crate) author: Option<&'a str>,
    pub(crate) skip: usize,
    pub(crate) max: usize,
    pub(crate) first_parent: bool,
}

impl Default for LogQuery<'_> {
    fn default() -> Self {
        Self {
            start: "",
            path: b"",
            since: None,
            until: None,
            author: None,
            skip: 0,
            max: usize::MAX,
            first_parent: false,
        }
    }
}

/// A file that a commit changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// git's letter: `A`dded, `M`odified, `D`eleted, `R`enamed, `C`opied, `T`ype changed.
    pub(crate) status: char,
    pub(crate) path: String,
    /// Where it was, if renamed or copied.
    pub(crate) old_path: Option<String>,
    /// The file's object; of a deleted one, what it was.
    pub(crate) object: String,
    /// In lines; 0 for what is no text.
    pub(crate) additions: u64,
    pub(crate) deletions: u64,
    /// From the first `@@` on; `None` for what is no text, and for what changed only its name or mode.
    pub(crate) patch: Option<String>,
}

impl GitStore {
    /// Commits, newest first.
    pub(crate) fn log(&self, id: u64, query: &LogQuery<'_>) -> io::Result<Vec<Commit>> {
        let (skip, max) = (format!("--skip={}", query.skip), format!("--max-count={}", query.max));
        let most = i32::MAX as usize;
        let mut cut = Vec::new();
        // Larger numbers than git can count.
        if query.skip > most {
            return Ok(Vec::new());
        }
        cut.push(skip.as_str());
        if query.max <= most {
            cut.push(&max);
        }
        let printed = self.rev_list(id, query, &cut)?;
        let commits = printed.lines().map(|sha| {
            let found = self.commit(id, sha)?;
            found.ok_or_else(|| io::Error::other(format!("there is no commit {sha}")))
        });
        commits.collect()
    }

    /// How many commits there are, `skip` and `max` aside.
    pub(crate) fn count(&self, id: u64, query: &LogQuery<'_>) -> io::Result<usize> {
        let printed = self.rev_list(id, query, &["--count"])?;
        printed.trim().parse().map_err(io::Error::other)
    }

    fn rev_list(&self, id: u64, query: &LogQuery<'_>, more: &[&str]) -> io::Result<String> {
        if !is_id(query.start) {
            return Err(invalid(format!("{:?} is no commit", query.start)));
        }
        // git takes any word for a pattern of time; a number after `@` is just that.
        let since = query
            .since
            .map(|at| format!("--since-as-filter=@{} +0000", at.as_second().max(0)));
        let until = query
            .until
            .map(|at| format!("--until=@{} +0000", at.as_second().max(0)));
        let author = query.author.map(|who| format!("--author={}", author_pattern(who)));
        let path = match std::str::from_utf8(query.path) {
            Ok(path) => path.trim_end_matches('/'),
            // No path that comes over HTTP as text.
            Err(_) => return Err(invalid("the path is not UTF-8")),
        };
        let mut arguments = vec!["--literal-pathspecs", "rev-list", "-i", "-E"];
        arguments.extend(more);
        arguments.extend([&since, &until, &author].into_iter().flatten().map(String::as_str));
        if query.first_parent {
            arguments.push("--first-parent");
        }
        arguments.extend([query.start, "--"]);
        if !path.is_empty() {
            arguments.push(path);
        }
        let printed = self.run(id, &arguments, &[])?;
        Ok(String::from_utf8_lossy(&printed).into_owned())
    }

    /// What a commit changed against its first parent, as `git diff` shows it.
    pub(crate) fn diff(&self, id: u64, sha: &str) -> io::Result<Vec<u8>> {
        let commit = self
            .commit(id, sha)?
            .ok_or_else(|| invalid(format!("{sha:?} is no commit")))?;
        self.diff_tree(id, &commit, &["-p"])
    }

    /// A commit as an e-mail.
    pub(crate) fn patch(&self, id: u64, sha: &str) -> io::Result<Vec<u8>> {
        let commit = self
            .commit(id, sha)?
            .ok_or_else(|| invalid(format!("{sha:?} is no commit")))?;
        let format = ["format-patch", "--stdout", "--root", "-1", &commit.id];
        self.run(id, &format, &[])
    }

    fn diff_tree(&self, id: u64, commit: &Commit, form: &[&str]) -> io::Result<Vec<u8>> {
        let mut arguments = vec!["diff-tree", "-r", "-M", "--root", "--no-commit-id", "--full-index"];
        arguments.extend(form);
        arguments.extend(commit.parents.first().map(String::as_str));
        arguments.push(&commit.id);
        self.run(id, &arguments, &[])
    }

    /// What a commit changed against its first parent, by path.
    pub(crate) fn changes(&self, id: u64, sha: &str) -> io::Result<Vec<Change>> {
        let commit = self
            .commit(id, sha)?
            .ok_or_else(|| invalid(format!("{sha:?} is no commit")))?;
        let diff = |form: &[&str]| self.diff_tree(id, &commit, form);
        let mut changes = parse_raw(&diff(&["--raw", "-z"])?);
        for (change, (additions, deletions)) in changes.iter_mut().zip(parse_numbers(&diff(&["--numstat", "-z"])?)) {
            (change.additions, change.deletions) = (additions, deletions);
        }
        let patches = diff(&["-p"])?;
        let patches = String::from_utf8_lossy(&patches);
        let mut patches = patches.split("\ndiff --git ");
        for change in &mut changes {
            let patch = patches.next().unwrap_or_default();
            let start = patch.find("\n@@ ");
            change.patch = start.map(|start| patch[start + 1..].trim_end_matches('\n').to_owned());
        }
        Ok(changes)
    }
}

/// An extended regular expression for git's `Name <e-mail>`.
fn author_pattern(who: &str) -> String {
    let mut escaped = String::new();
    for letter in who.chars().filter(|c| !c.is_control()) {
        if "\\.^$*+?()[]{}|".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    if who.contains('@') {
        format!("<{escaped}>")
    } else {
        format!("(^{escaped} <|<({escaped}|[0-9]+\\+{escaped})@)")
    }
}

/// `:oldmode newmode old new status`, a NUL, the path, a NUL; two paths for a rename.
fn parse_raw(printed: &[u8]) -> Vec<Change> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut parts = printed.split(|b| *b == 0);
    let mut changes = Vec::new();
    while let (Some(facts), Some(path)) = (parts.next(), parts.next()) {
        let facts = text(facts);
        let facts: Vec<&str> = facts.split(' ').collect();
        let [_, _, old, new, status] = facts.as_slice() else {
            break;
        };
        let status = status.chars().next().unwrap_or('M');
        let second = matches!(status, 'R' | 'C').then(|| parts.next()).flatten();
        changes.push(Change {
            status,
            path: text(second.unwrap_or(path)),
            old_path: second.map(|_| text(path)),
            object: (*if status == 'D' { old } else { new }).to_owned(),
            additions: 0,
            deletions: 0,
            patch: None,
        });
    }
    changes
}

/// `added<TAB>deleted<TAB>path`, a NUL; for a rename the path is empty, and two follow.
fn parse_numbers(printed: &[u8]) -> Vec<(u64, u64)> {
    let mut parts = printed.split(|b| *b == 0);
    let mut numbers = Vec::new();
    while let Some(line) = parts.next().filter(|line| !line.is_empty()) {
        let line = String::from_utf8_lossy(line);
        let mut fields = line.splitn(3, '\t');
        // A dash for what is no text.
        let mut number = || fields.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        numbers.push((number(), number()));
        if fields.next() == Some("") {
            parts.next();
            parts.next();
        }
    }
    numbers
}
