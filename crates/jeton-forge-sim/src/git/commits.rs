//! What a commit says.

use std::io;

use jiff::Timestamp;
use jiff::tz::Offset;

use super::objects::{ObjectKind, is_id};
use super::store::GitStore;

/// A commit, read from its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) id: String,
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    pub(crate) author: Signature,
    pub(crate) committer: Signature,
    /// Without the line break at its end.
    pub(crate) message: String,
}

impl Commit {
    /// The first line of the message.
    pub(crate) fn title(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

/// Who did something to a commit, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Signature {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) at: Timestamp,
    /// Of the zone, east of UTC.
    pub(crate) offset_minutes: i32,
}

impl Signature {
    /// RFC 3339 in the zone it was written in, `2026-01-01T02:00:00+02:00`.
    pub(crate) fn date(&self) -> String {
        let offset = Offset::from_seconds(self.offset_minutes * 60).unwrap_or(Offset::UTC);
        let local = offset.to_datetime(self.at);
        let (sign, minutes) = if self.offset_minutes < 0 {
            ('-', -self.offset_minutes)
        } else {
            ('+', self.offset_minutes)
        };
        let (hours, minutes) = (minutes / 60, minutes % 60);
        format!("{}{sign}{hours:02}:{minutes:02}", local.strftime("%Y-%m-%dT%H:%M:%S"))
    }

    /// RFC 3339 in UTC, `2026-01-01T00:00:00Z`.
    pub(crate) fn date_utc(&self) -> String {
        self.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// `Name <e-mail> seconds +hhmm`. What is damaged becomes empty, as git itself has it.
    fn parse(line: &[u8]) -> Self {
        let line = String::from_utf8_lossy(line);
        let (name, rest) = line.split_once(" <").unwrap_or(("", &line));
        let (email, rest) = rest.rsplit_once('>').unwrap_or(("", ""));
        let mut rest = rest.split_ascii_whitespace();
        let seconds = rest.next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
        let zone: i32 = rest.next().and_then(|zone| zone.parse().ok()).unwrap_or(0);
        Self {
            name: name.to_owned(),
            email: email.to_owned(),
            at: Timestamp::from_second(seconds).unwrap_or_default(),
            offset_minutes: zone / 100 * 60 + zone % 100,
        }
    }
}

impl GitStore {
    /// A commit by its id. `None`: this repository has none of it.
    pub(crate) fn commit(&self, id: u64, sha: &str) -> io::Result<Option<Commit>> {
        if !is_id(sha) {
            return Ok(None);
        }
        self.with_batch(id, |batch| {
            let Some(info) = batch.info(&format!("{sha}^{{commit}}"))? else {
                return Ok(None);
            };
            let found = batch.contents(&info.id)?;
            let found = found.filter(|(info, _)| info.kind == ObjectKind::Commit);
            Ok(found.map(|(info, raw)| parse(info.id, &raw)))
        })
    }
}

/// The lines of a commit's head, an empty line, the message.
fn parse(id: String, raw: &[u8]) -> Commit {
    let end = raw.windows(2).position(|two| two == b"\n\n").unwrap_or(raw.len());
    let (head, message) = (&raw[..end], raw.get(end + 2..).unwrap_or_default());
    let mut commit = Commit {
        id,
        tree: String::new(),
        parents: Vec::new(),
        author: Signature::default(),
        committer: Signature::default(),
        message: String::new(),
    };
    let mut latin = false;
    for line in head.split(|b| *b == b'\n') {
        let space = line.iter().position(|b| *b == b' ').unwrap_or(line.len());
        let (key, value) = (&line[..space], line.get(space + 1..).unwrap_or_default());
        let text = || String::from_utf8_lossy(value).into_owned();
        match key {
            b"tree" => commit.tree = text(),
            b"parent" => commit.parents.push(text()),
            b"author" => commit.author = Signature::parse(value),
            b"committer" => commit.committer = Signature::parse(value),
            b"encoding" => latin = value.eq_ignore_ascii_case(b"ISO-8859-1"),
            // Signatures and what else may stand there.
            _ => {}
        }
    }
    commit.message = if latin {
        message.iter().map(|b| char::from(*b)).collect()
    } else {
        String::from_utf8_lossy(message).into_owned()
    };
    commit.message.truncate(commit.message.trim_end_matches('\n').len());
    commit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_read_with_its_zones_and_all_its_parents() {
        let raw = b"tree aa\nparent bb\nparent cc\nauthor A B <a@x> 1767225600 +0530\n\
            committer C <c@x> 1767225600 -0330\ngpgsig -----BEGIN\n author fake\n -----END\n\nTitle\n\nBody\n\nEnd\n";
        let commit = parse("id".into(), raw);
        assert_eq!((commit.tree.as_str(), commit.parents.len()), ("aa", 2));
        assert_eq!(
            (commit.author.name.as_str(), commit.author.email.as_str()),
            ("A B", "a@x")
        );
        assert_eq!(commit.author.date(), "2026-01-01T05:30:00+05:30");
        assert_eq!(commit.committer.date(), "2025-12-31T20:30:00-03:30");
        assert_eq!(commit.committer.date_utc(), "2026-01-01T00:00:00Z");
        assert_eq!(
            (commit.title(), commit.message.as_str()),
            ("Title", "Title\n\nBody\n\nEnd")
        );
        let latin = b"tree aa\nauthor A <a> 0 +0000\ncommitter A <a> 0 +0000\nencoding ISO-8859-1\n\n\xfcber";
        assert_eq!(parse("id".into(), latin).message, "über");
    }
}
