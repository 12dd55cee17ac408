use std::path::{Path, PathBuf};

use crate::{
    Finding, FindingKind, LedgerError, anchor,
    archive_file::{self, Content},
    chain::Place,
    shared::Shared,
    verdict::missing,
};

/// One thing that is wrong with the archived files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveFinding {
    /// The file; `None` when it is about what should be there and is not.
    pub file: Option<PathBuf>,
    /// What is wrong.
    pub finding: Finding,
}

/// What a look at the archived files has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveVerdict {
    /// The files, in order.
    pub files: Vec<PathBuf>,
    /// The oldest entry in them. Files that were removed at the beginning, as after the years that the law asks for, are
    /// no finding: this number shows it.
    pub first: Option<u64>,
    /// The newest entry in them.
    pub last: Option<u64>,
    /// How many entries are in them.
    pub entries: u64,
    /// What is wrong.
    pub findings: Vec<ArchiveFinding>,
}

impl ArchiveVerdict {
    fn find(&mut self, file: Option<&Path>, seq: u64, kind: FindingKind, words: String) {
        let finding = Finding { seq, kind, words };
        self.findings.push(ArchiveFinding {
            file: file.map(Path::to_owned),
            finding,
        });
    }
}

pub(crate) async fn verify(shared: &Shared, dir: &Path) -> Result<ArchiveVerdict, LedgerError> {
    let files = archive_file::list(dir).await?;
    let mut tx = shared.vault.read().await?;
    let (base, base_is_ours) = anchor::base(shared, &mut *tx).await?;
    drop(tx);
    let mut verdict = ArchiveVerdict::default();
    let mut before: Option<Place> = None;
    let mut hash_at_base = None;
    for file in files {
        let content = archive_file::read(&shared.key, &file, u64::MAX, base.seq).await?;
        let (first, last, path) = file;
        verdict.first.get_or_insert(first);
        verdict.last = verdict.last.max(Some(last));
        verdict.entries += content.entries;
        join(&mut verdict, &path, before, &content);
        hash_at_base = hash_at_base.or(content.wanted);
        // When its end is not to be trusted, its name still says what should come next.
        before = content.end.or(before);
        for finding in content.findings {
            verdict.findings.push(ArchiveFinding {
                file: Some(path.clone()),
                finding,
            });
        }
        verdict.files.push(path);
    }
    join_database(&mut verdict, base, base_is_ours, hash_at_base);
    Ok(verdict)
}

/// From one file to the next.
fn join(verdict: &mut ArchiveVerdict, path: &Path, before: Option<Place>, content: &Content) {
    let (Some(before), Some(begin)) = (before, content.begin) else {
        return;
    };
    if begin.seq > before.seq {
        verdict.find(
            None,
            before.seq + 1,
            FindingKind::Missing,
            missing(before.seq + 1, begin.seq),
        );
    } else if begin.seq < before.seq {
        let words = format!(
            "The file begins after entry {}, where the one before ends with {}.",
            begin.seq, before.seq
        );
        verdict.find(Some(path), begin.seq + 1, FindingKind::OutOfOrder, words);
    } else if begin.hash != before.hash {
        let words = format!(
            "The file follows another entry {} than the one in the file before.",
            before.seq
        );
        verdict.find(Some(path), begin.seq + 1, FindingKind::Changed, words);
    }
}

/// From the last file to the database. Files may go further than the mark: then they were written, and what is in them
/// was not yet removed.
fn join_database(verdict: &mut ArchiveVerdict, base: Place, base_is_ours: bool, hash_at_base: Option<[u8; 32]>) {
    if !base_is_ours {
        let words = "The mark that says up to where entries were archived is not jeton's.".to_owned();
        verdict.find(None, base.seq, FindingKind::BaseForged, words);
        return;
    }
    let last = verdict.last.unwrap_or(0);
    if last < base.seq {
        verdict.find(None, last + 1, FindingKind::Missing, missing(last + 1, base.seq));
    } else if hash_at_base.is_some_and(|hash| hash != base.hash) {
        let words = format!(
            "Entry {} is another one in the files than the one that the database archived.",
            base.seq
        );
        verdict.find(None, base.seq, FindingKind::RolledBack, words);
    }
}
