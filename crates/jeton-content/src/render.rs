//! Answers as the API's JSON has them: the same whether a server gives them or the command line reads by itself.

mod file;
mod times;

pub use file::{LARGEST_PIECE, MOST_LINES, PIECE, file_content, file_facts, file_lines, line_count};
pub use times::{since, until};

use jeton_api::{CommitEntry, CommitList, CommitPerson, ContentOrigin, Diagnosis, RepositoryTree, TreeEntry};
use jeton_domain::FilePath;
use jeton_forge::content::{Commit, Entry, EntryKind, Person};
use jiff::tz::Offset;

use crate::{HistoryPage, Meta, Read, TreeListing};

/// Where an answer comes from.
pub fn origin(meta: &Meta) -> ContentOrigin {
    ContentOrigin {
        forge: meta.host.clone(),
        repository: meta.repository.clone(),
        reference: meta.reference.clone(),
        commit: meta.commit.to_string(),
        source: meta.source.to_string(),
        stale_seconds: meta.stale.map(|age| u64::try_from(age.as_secs()).unwrap_or(0)),
        notices: meta.notices.iter().map(Diagnosis::from).collect(),
    }
}

/// A part of a tree, below this directory.
pub fn tree(read: &Read<TreeListing>, directory: &FilePath) -> RepositoryTree {
    RepositoryTree {
        origin: origin(&read.meta),
        path: directory.to_string(),
        entries: read.value.entries().iter().map(entry).collect(),
        truncated: read.value.next.is_some(),
        next: read.value.next.clone(),
    }
}

fn entry(entry: &Entry) -> TreeEntry {
    TreeEntry {
        path: entry.path.to_string(),
        kind: kind_word(entry.kind).to_owned(),
        id: entry.id.map(|id| id.to_string()),
        size: entry.size,
    }
}

/// What something in a tree is, in one word.
pub fn kind_word(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File => "file",
        EntryKind::Executable => "executable",
        EntryKind::Symlink => "symlink",
        EntryKind::Directory => "directory",
        EntryKind::Submodule => "submodule",
    }
}

/// A part of a history.
pub fn commits(read: &Read<HistoryPage>) -> CommitList {
    let page = &read.value;
    CommitList {
        origin: origin(&read.meta),
        commits: page.commits.iter().map(|(one, cursor)| commit(one, cursor)).collect(),
        next: page.end_cursor.clone().filter(|_| page.has_next),
    }
}

fn commit(commit: &Commit, cursor: &str) -> CommitEntry {
    CommitEntry {
        id: commit.id.to_string(),
        message: commit.message.clone(),
        author: person(&commit.author),
        committer: person(&commit.committer),
        parents: commit.parents.iter().map(ToString::to_string).collect(),
        url: commit.url.clone(),
        cursor: cursor.to_owned(),
    }
}

fn person(person: &Person) -> CommitPerson {
    let (at, offset) = (person.at.timestamp(), person.at.offset());
    CommitPerson {
        name: person.name.clone(),
        email: person.email.clone(),
        date: if offset == Offset::UTC {
            at.to_string()
        } else {
            at.display_with_offset(offset).to_string()
        },
    }
}

#[cfg(test)]
mod tests {
    use jeton_forge::content::Person;
    use jiff::{Timestamp, tz};

    use super::person;

    #[test]
    fn a_date_keeps_its_zone() {
        let at: Timestamp = "2026-11-22T23:30:00Z".parse().unwrap();
        let date = |hours| {
            let zone = tz::offset(hours).to_time_zone();
            person(&Person {
                name: "Ada".to_owned(),
                email: "ada@example.com".to_owned(),
                at: at.to_zoned(zone),
            })
            .date
        };
        assert_eq!(date(0), "2026-11-22T23:30:00Z");
        assert_eq!(date(2), "2026-11-23T01:30:00+02:00");
        assert_eq!(date(-8), "2026-11-22T15:30:00-08:00");
    }
}
