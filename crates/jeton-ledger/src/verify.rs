use std::path::Path;

use jeton_vault::{LedgerEntry, LedgerMark, VaultError};

use crate::{
    ArchiveVerdict, Finding, FindingKind, LedgerError, Verdict, VerifyOptions,
    anchor::{self, Anchor},
    archive_check,
    chain::{MarkName, Place},
    reordered::{self, Misfit, Origin},
    shared::Shared,
    verdict::missing,
    walk::{Step, Walk},
};

/// How many entries are read at once.
const PAGE: u32 = 1_000;
/// How many findings are told. Who finds a hundred needs a backup, not a list.
const MOST: usize = 100;

struct Check<'s> {
    shared: &'s Shared,
    walk: Walk<'s>,
    head: Option<LedgerMark>,
    head_is_ours: bool,
    first: Option<u64>,
    entries: u64,
    findings: Vec<Finding>,
    misfits: Vec<Misfit>,
}

pub(crate) async fn verify(
    shared: &Shared,
    anchor_file: Option<&Path>,
    options: VerifyOptions,
) -> Result<Verdict, LedgerError> {
    // Before the database is read: what the file names was committed by then.
    let anchors = match anchor_file {
        Some(file) => Some((file, anchor::all(file).await?)),
        None => None,
    };
    let mut check = Check::begin(shared).await?;
    check.entries().await?;
    check.tail().await?;
    check.tell_misfits();
    check.searches().await?;
    if let Some((file, (anchor, kept))) = anchors {
        check.anchors(file, &anchor, &kept).await?;
    }
    let archives = match &options.archives {
        Some(dir) => Some(archive_check::verify(shared, dir).await?),
        None => None,
    };
    Ok(check.verdict(archives))
}

impl<'s> Check<'s> {
    async fn begin(shared: &'s Shared) -> Result<Self, LedgerError> {
        let mut tx = shared.vault.read().await?;
        let head = tx.ledger().head().await?;
        let (base, base_is_ours) = anchor::base(shared, &mut *tx).await?;
        let mut check = Self {
            shared,
            walk: Walk::after(&shared.key, base),
            head_is_ours: head
                .as_ref()
                .is_some_and(|head| shared.key.is_ours(MarkName::Head, head)),
            head,
            first: None,
            entries: 0,
            findings: Vec::new(),
            misfits: Vec::new(),
        };
        if !base_is_ours {
            check.walk.be_blind();
            check.find(
                base.seq,
                FindingKind::BaseForged,
                format!(
                    "The mark that says that the entries up to {} were archived is not jeton's. Entries before the \
                     first one that is left may have been removed without being archived.",
                    base.seq
                ),
            );
        }
        match (&check.head, check.head_is_ours) {
            (Some(head), false) => {
                let (seq, words) = (head.seq, "The mark on the newest entry is not jeton's.");
                check.find(seq, FindingKind::HeadForged, words.to_owned());
            }
            // Everything was archived: the two marks speak of one entry.
            (Some(head), true) if base_is_ours && head.seq == base.seq && head.hash != base.hash => {
                let words = "The mark on the newest entry is not on the entry that was archived last.";
                check.find(base.seq, FindingKind::HeadForged, words.to_owned());
            }
            _ => {}
        }
        Ok(check)
    }

    fn find(&mut self, seq: u64, kind: FindingKind, words: String) {
        if self.findings.len() < MOST {
            self.findings.push(Finding { seq, kind, words });
        }
    }

    /// Each page in a transaction of its own: a long one would keep the database from cleaning up.
    async fn entries(&mut self) -> Result<(), LedgerError> {
        let mut page_size = PAGE;
        loop {
            let mut tx = self.shared.vault.read().await?;
            let page = tx.ledger().scan(self.walk.last().seq, page_size).await;
            drop(tx);
            let page = match page {
                Err(VaultError::Corrupt(reason)) if page_size == 1 => {
                    if !self.unreadable(&reason) {
                        return Ok(());
                    }
                    continue;
                }
                Err(VaultError::Corrupt(_)) => {
                    // One of the page: one by one up to it.
                    page_size = 1;
                    continue;
                }
                page => page?,
            };
            if page.is_empty() {
                return Ok(());
            }
            for entry in page {
                self.entry(entry).await?;
            }
        }
    }

    /// Notes that the next row cannot even be read; whether there is any use in going on.
    fn unreadable(&mut self, reason: &str) -> bool {
        let last = self.walk.last();
        let seq = last.seq + 1;
        self.find(
            seq,
            FindingKind::Changed,
            format!("Entry {seq} cannot be read: {reason}."),
        );
        self.walk.jump(Place { seq, hash: last.hash });
        self.walk.be_blind();
        self.first.get_or_insert(seq);
        self.entries += 1;
        self.findings.len() < MOST
    }

    async fn entry(&mut self, entry: LedgerEntry) -> Result<(), LedgerError> {
        let before = self.walk.last();
        let step = self.walk.step(&entry);
        self.first.get_or_insert(entry.seq);
        self.entries += 1;
        match step {
            Step::Fits => {
                if let Some(head) = &self.head
                    && self.head_is_ours
                    && head.seq == entry.seq
                    && head.hash != entry.hash
                {
                    let words = format!(
                        "The mark on the newest entry is of another entry {} than the one here.",
                        entry.seq
                    );
                    self.find(entry.seq, FindingKind::HeadForged, words);
                }
            }
            Step::Changed => {
                if self.misfits.len() + self.findings.len() < MOST {
                    self.misfits.push(Misfit {
                        entry,
                        before: before.hash,
                    });
                }
            }
            Step::Missing(from, to) => {
                if !self.archived_meanwhile(&entry, to).await? {
                    self.find(from, FindingKind::Missing, missing(from, to));
                }
            }
            Step::Backwards => {
                let words = format!("Entry {} comes after entry {}.", entry.seq, before.seq);
                self.find(entry.seq, FindingKind::OutOfOrder, words);
            }
        }
        Ok(())
    }

    /// Whether entries up to `to` are missing only since somebody archives right now.
    async fn archived_meanwhile(&mut self, entry: &LedgerEntry, to: u64) -> Result<bool, LedgerError> {
        let mut tx = self.shared.vault.read().await?;
        let (base, is_ours) = anchor::base(self.shared, &mut *tx).await?;
        if !is_ours || base.seq < to {
            return Ok(false);
        }
        if base.seq == to {
            self.walk.jump(base);
            if self.walk.step(entry) == Step::Changed {
                self.misfits.push(Misfit {
                    entry: entry.clone(),
                    before: base.hash,
                });
            }
        }
        Ok(true)
    }

    /// Compares where the entries end with where the mark says that they do.
    async fn tail(&mut self) -> Result<(), LedgerError> {
        let last = self.walk.last().seq;
        let Some(head) = &self.head else {
            if last > 0 && self.newer_head_than(last).await?.is_none() {
                let words = "The mark on the newest entry is gone.".to_owned();
                self.find(last, FindingKind::HeadForged, words);
            }
            return Ok(());
        };
        if !self.head_is_ours {
            return Ok(());
        }
        let head = head.seq;
        if last < head {
            self.find(last + 1, FindingKind::TailMissing, missing(last + 1, head));
        } else if last > head && self.newer_head_than(last).await?.is_none() {
            let words = format!(
                "The mark on the newest entry is on entry {head}, and there are entries up to {last}: an old mark was put \
                 back, or entries were put in."
            );
            self.find(head, FindingKind::HeadForged, words);
        }
        Ok(())
    }

    /// The mark as it is now, when it is jeton's and on this entry or a later one: others append meanwhile.
    async fn newer_head_than(&self, last: u64) -> Result<Option<Place>, LedgerError> {
        let mut tx = self.shared.vault.read().await?;
        let head = tx.ledger().head().await?;
        let head = head.filter(|head| head.seq >= last && self.shared.key.is_ours(MarkName::Head, head));
        Ok(head.as_ref().map(Place::of))
    }

    /// What the database keeps for searches by time is not part of an entry, and in no hash.
    async fn searches(&mut self) -> Result<(), LedgerError> {
        if !self.findings.is_empty() {
            // An entry that was changed has another time, most likely; one edit is one finding.
            return Ok(());
        }
        let mut tx = self.shared.vault.read().await?;
        if let Some(seq) = tx.ledger().first_unfindable().await? {
            self.find(
                seq,
                FindingKind::Changed,
                format!(
                    "The time by which entry {seq}, or the one before, is searched for was changed: a list that is limited \
                     by time may pass over entries. The entries themselves are looked at above; an export has all of them."
                ),
            );
        }
        Ok(())
    }

    fn tell_misfits(&mut self) {
        let misfits = std::mem::take(&mut self.misfits);
        let origins = reordered::origins(&self.shared.key, &misfits);
        for (Misfit { entry, .. }, origin) in misfits.iter().zip(origins) {
            let seq = entry.seq;
            match origin {
                Origin::InPlace => {}
                Origin::MovedFrom(from) => {
                    let words = format!("Under number {seq} stands what was written as entry {from}.");
                    self.find(seq, FindingKind::OutOfOrder, words);
                }
                Origin::Changed => {
                    let words = format!(
                        "Entry {seq} ({} by {} at {}) is not what was written there.",
                        entry.event, entry.actor_name, entry.at
                    );
                    self.find(seq, FindingKind::Changed, words);
                }
            }
        }
    }

    async fn anchors(&mut self, file: &Path, anchor: &[Anchor], kept: &[Anchor]) -> Result<(), LedgerError> {
        let beside = anchor::conflict_file(file);
        let sources = anchor.iter().map(|anchor| (anchor, None));
        for (anchor, kept_in) in sources.chain(kept.iter().map(|anchor| (anchor, Some(&beside)))) {
            let (seq, reason) = match anchor {
                Anchor::Garbled => (0, Some("it is not what jeton wrote".to_owned())),
                Anchor::Names(place) => {
                    let mut tx = self.shared.vault.read().await?;
                    (place.seq, anchor::contradiction(&mut *tx, *place).await?)
                }
            };
            let words = match (reason, kept_in) {
                (None, None) => continue,
                (Some(reason), None) => {
                    format!("The anchor file {} contradicts the database: {reason}.", file.display())
                }
                (reason, Some(beside)) => format!(
                    "The database has contradicted the anchor file that is kept as {}{}. If a backup was restored, that \
                     is what it looks like: remove the file.",
                    beside.display(),
                    reason.map(|reason| format!(" ({reason})")).unwrap_or_default()
                ),
            };
            self.find(seq, FindingKind::RolledBack, words);
        }
        Ok(())
    }

    fn verdict(self, archives: Option<ArchiveVerdict>) -> Verdict {
        let last = self.walk.last();
        let mut findings = self.findings;
        findings.sort_by_key(|finding| (finding.seq, finding.kind));
        Verdict {
            first: self.first,
            last: self.first.map(|_| last.seq),
            entries: self.entries,
            head_hash: (last.seq > 0).then(|| hex::encode(last.hash)),
            findings,
            archives,
        }
    }
}
