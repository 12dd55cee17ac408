//! Making commits, tags and whole histories. All of it goes through `git fast-import`, so that a hundred thousand files
//! cost one process and one pack.

use std::io::{self, Write as _};

use jiff::Timestamp;

use super::names::{invalid, is_path, is_reference, quoted};
use super::objects::is_id;
use super::spec::{CommitSpec, FileChange};
use super::store::GitStore;
use crate::lock;

/// Quick rather than small: nothing here outlives the process.
const FAST_IMPORT: [&str; 5] = ["fast-import", "--quiet", "--force", "--depth=0", "--cat-blob-fd=1"];

impl GitStore {
    /// Takes what `git fast-export` writes. Branches that are there already are replaced.
    pub(crate) fn import(&self, id: u64, fast_import_stream: &[u8]) -> io::Result<()> {
        let _one_at_a_time = lock(self.committing());
        self.run(id, &FAST_IMPORT, fast_import_stream)?;
        Ok(())
    }

    /// Makes a commit and answers its id.
    pub(crate) fn write(&self, id: u64, spec: &CommitSpec, now: Timestamp) -> io::Result<String> {
        if !is_reference(&spec.branch) {
            return Err(invalid(format!("{:?} cannot be a branch", spec.branch)));
        }
        let clean = |text: &str| !text.contains(['<', '>', '\n', '\0']);
        if !clean(&spec.name) || !clean(&spec.email) {
            return Err(invalid(
                "neither a name nor an e-mail address can hold <, > or a line break",
            ));
        }
        let _one_at_a_time = lock(self.committing());
        let reference = format!("refs/heads/{}", spec.branch);
        let mut stream = Vec::new();
        writeln!(stream, "commit {reference}\nmark :1")?;
        let (at, offset) = spec.at.unwrap_or((now, 0));
        let (second, zone) = (at.as_second().max(0), zone(offset));
        for role in ["author", "committer"] {
            writeln!(stream, "{role} {} <{}> {second} {zone}", spec.name, spec.email)?;
        }
        write!(stream, "data {}\n{}\n", spec.message.len() + 1, spec.message)?;
        if let Some(parent) = self.resolve(id, &reference) {
            writeln!(stream, "from {parent}")?;
        }
        for (path, change) in &spec.changes {
            write_change(&mut stream, path, change)?;
        }
        writeln!(stream, "\nget-mark :1\ndone")?;
        let arguments = [&FAST_IMPORT[..], &["--done"]].concat();
        let printed = self.run(id, &arguments, &stream)?;
        Ok(String::from_utf8_lossy(&printed).trim().to_owned())
    }

    /// Adds a commit that writes one file to `main`; answers the commit's id.
    pub(crate) fn commit_file(&self, id: u64, path: &str, content: &[u8], now: Timestamp) -> io::Result<String> {
        // Git could, but a file like that is more likely a mistake of a test's.
        if path.contains(|c: char| c.is_ascii_control()) {
            return Err(invalid(format!("{path:?} cannot be a path in a repository")));
        }
        let spec = CommitSpec::new(format!("Write {path}")).file(path, content);
        self.write(id, &spec, now)
    }

    /// Names a commit, or moves the name; with a message, as an object of its own.
    pub(crate) fn tag(
        &self,
        id: u64,
        name: &str,
        target: &str,
        annotated: Option<&str>,
        now: Timestamp,
    ) -> io::Result<()> {
        let commit = self.resolve(id, target).filter(|_| is_reference(name));
        let commit = commit.ok_or_else(|| invalid(format!("{name:?} at {target:?} cannot be a tag")))?;
        let _one_at_a_time = lock(self.committing());
        let mut stream = Vec::new();
        match annotated {
            None => writeln!(stream, "reset refs/tags/{name}\nfrom {commit}\n")?,
            Some(message) => {
                let second = now.as_second().max(0);
                writeln!(stream, "tag {name}\nfrom {commit}")?;
                writeln!(stream, "tagger Simulated Forge <sim@forge.invalid> {second} +0000")?;
                write!(stream, "data {}\n{message}\n", message.len() + 1)?;
            }
        }
        self.run(id, &FAST_IMPORT, &stream)?;
        Ok(())
    }
}

fn write_change(stream: &mut Vec<u8>, path: &[u8], change: &FileChange) -> io::Result<()> {
    if !is_path(path) {
        let text = format!("{:?} cannot be a path in a repository", String::from_utf8_lossy(path));
        return Err(invalid(text));
    }
    let quoted = quoted(path);
    match change {
        FileChange::Write(mode, content) => {
            write!(stream, "M {mode} inline ")?;
            stream.extend_from_slice(&quoted);
            writeln!(stream, "\ndata {}", content.len())?;
            stream.extend_from_slice(content);
        }
        FileChange::Submodule(commit) if commit.len() == 40 && is_id(commit) => {
            write!(stream, "M 160000 {commit} ")?;
            stream.extend_from_slice(&quoted);
        }
        FileChange::Submodule(commit) => return Err(invalid(format!("{commit:?} is no commit"))),
        FileChange::Remove => {
            stream.extend_from_slice(b"D ");
            stream.extend_from_slice(&quoted);
        }
    }
    stream.push(b'\n');
    Ok(())
}

/// `+hhmm`.
fn zone(offset_minutes: i32) -> String {
    let sign = if offset_minutes < 0 { '-' } else { '+' };
    let minutes = offset_minutes.unsigned_abs();
    format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
