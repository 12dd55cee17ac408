use std::{
    io,
    path::{Path, PathBuf},
};

use jeton_vault::{LedgerEntry, LedgerMark};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{
    fs,
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, BufWriter},
};

use crate::{
    Finding, FindingKind, LedgerError,
    chain::{ChainKey, MarkName, Place},
    verdict::missing,
    walk::{Step, Walk},
};

/// Which form of file this is.
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstLine {
    jeton_record: u32,
    begin: MarkText,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LastLine {
    end: MarkText,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarkText {
    seq: u64,
    hash: String,
    mac: String,
}

impl MarkText {
    fn of(mark: &LedgerMark) -> Self {
        Self {
            seq: mark.seq,
            hash: hex::encode(mark.hash),
            mac: hex::encode(mark.mac),
        }
    }

    fn read(&self) -> Option<LedgerMark> {
        Some(LedgerMark {
            seq: self.seq,
            hash: unhex(&self.hash)?,
            mac: unhex(&self.mac)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryLine {
    seq: u64,
    at: Timestamp,
    event: String,
    actor: String,
    actor_name: String,
    fingerprint: Option<String>,
    request_id: Option<String>,
    /// JSON as text: what is hashed is the text.
    body: String,
    hash: String,
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    hex::decode_to_slice(text, &mut out).ok()?;
    Some(out)
}

/// The file's name: from its first to its last entry.
pub(crate) fn name(first: u64, last: u64) -> String {
    format!("record-{first}-{last}.jsonl")
}

/// The archived files of a directory with their first and last numbers, in order.
pub(crate) async fn list(dir: &Path) -> Result<Vec<(u64, u64, PathBuf)>, LedgerError> {
    let failed = |error| LedgerError::file(dir, error);
    let mut entries = fs::read_dir(dir).await.map_err(failed)?;
    let mut files = Vec::new();
    while let Some(entry) = entries.next_entry().await.map_err(failed)? {
        let file_name = entry.file_name();
        let numbers = file_name
            .to_str()
            .and_then(|name| name.strip_prefix("record-")?.strip_suffix(".jsonl")?.split_once('-'));
        let Some((first, last)) = numbers else { continue };
        if let (Ok(first), Ok(last)) = (first.parse(), last.parse()) {
            files.push((first, last, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

/// A file that is being written, under a name that nobody takes for a whole one.
pub(crate) struct Draft<'k> {
    key: &'k ChainKey,
    dir: PathBuf,
    path: PathBuf,
    out: BufWriter<fs::File>,
    first: u64,
    last: Place,
}

impl<'k> Draft<'k> {
    pub(crate) async fn begin(key: &'k ChainKey, dir: &Path, after: Place) -> Result<Self, LedgerError> {
        let first = after.seq + 1;
        let path = dir.join(format!(".record-{first}.tmp"));
        let file = fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .await
            .map_err(|error| LedgerError::file(&path, error))?;
        let mut draft = Self {
            key,
            dir: dir.to_owned(),
            path,
            out: BufWriter::new(file),
            first,
            last: after,
        };
        let begin = MarkText::of(&key.mark(MarkName::FileBegin, after));
        let line = FirstLine {
            jeton_record: FORM,
            begin,
        };
        draft.line(&line).await?;
        Ok(draft)
    }

    pub(crate) async fn push(&mut self, entry: LedgerEntry) -> Result<(), LedgerError> {
        self.last = Place {
            seq: entry.seq,
            hash: entry.hash,
        };
        self.line(&EntryLine {
            seq: entry.seq,
            at: entry.at,
            event: entry.event,
            actor: entry.actor,
            actor_name: entry.actor_name,
            fingerprint: entry.fingerprint,
            request_id: entry.request_id,
            body: entry.body,
            hash: hex::encode(entry.hash),
        })
        .await
    }

    /// Makes it whole, on disk, under its name.
    pub(crate) async fn finish(mut self) -> Result<PathBuf, LedgerError> {
        let end = MarkText::of(&self.key.mark(MarkName::FileEnd, self.last));
        self.line(&LastLine { end }).await?;
        let path = self.dir.join(name(self.first, self.last.seq));
        let finish = async {
            self.out.flush().await?;
            self.out.get_ref().sync_all().await?;
            fs::rename(&self.path, &path).await?;
            // The name is on disk when its directory is.
            fs::File::open(&self.dir).await?.sync_all().await
        };
        finish.await.map_err(|error| LedgerError::file(&path, error))?;
        Ok(path)
    }

    /// Removes it again.
    pub(crate) async fn discard(self) {
        // One that stays is written over by the next run.
        let _ = fs::remove_file(&self.path).await;
    }

    async fn line(&mut self, line: &impl Serialize) -> Result<(), LedgerError> {
        let failed = |error| LedgerError::file(&self.path, error);
        let mut text = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        self.out.write_all(&text).await.map_err(failed)
    }
}

/// What stands in an archived file.
pub(crate) struct Content {
    /// What stands before its first entry, by its first line; `None` when that is not jeton's.
    pub(crate) begin: Option<Place>,
    /// Its last entry, by its last line.
    pub(crate) end: Option<Place>,
    /// Where each step of a removal ends: the last place is among them.
    pub(crate) steps: Vec<Place>,
    /// The hash of the entry that was asked for.
    pub(crate) wanted: Option<[u8; 32]>,
    pub(crate) entries: u64,
    pub(crate) findings: Vec<Finding>,
}

impl Content {
    fn find(&mut self, seq: u64, kind: FindingKind, words: impl Into<String>) {
        if self.findings.len() < 100 {
            let words = words.into();
            self.findings.push(Finding { seq, kind, words });
        }
    }
}

/// Reads and checks a file by itself.
pub(crate) async fn read(
    key: &ChainKey,
    (first, last, path): &(u64, u64, PathBuf),
    step: u64,
    wanted: u64,
) -> Result<Content, LedgerError> {
    let failed = |error| LedgerError::file(path, error);
    let mut lines = BufReader::new(fs::File::open(path).await.map_err(failed)?).lines();
    let mut content = Content {
        begin: None,
        end: None,
        steps: Vec::new(),
        wanted: None,
        entries: 0,
        findings: Vec::new(),
    };
    let begin = next(&mut lines).await.map_err(failed)?;
    let begin = begin
        .as_deref()
        .and_then(parse::<FirstLine>)
        .and_then(|line| line.begin.read());
    let begin = begin.filter(|mark| key.is_ours(MarkName::FileBegin, mark) && mark.seq.checked_add(1) == Some(*first));
    let Some(begin) = begin.as_ref().map(Place::of) else {
        content.find(
            *first,
            FindingKind::Changed,
            "The file's first line is not what jeton wrote.",
        );
        return Ok(content);
    };
    content.begin = Some(begin);
    if begin.seq == wanted {
        content.wanted = Some(begin.hash);
    }
    let mut walk = Walk::after(key, begin);
    while let Some(line) = next(&mut lines).await.map_err(failed)? {
        if content.end.is_some() {
            content.find(*last, FindingKind::Changed, "There are lines after the file's last.");
            break;
        }
        if let Some(entry) = parse::<EntryLine>(&line).and_then(entry) {
            look_at(&mut content, &mut walk, &entry);
            if entry.seq == wanted {
                content.wanted = Some(entry.hash);
            }
            if entry.seq.saturating_sub(begin.seq).is_multiple_of(step) {
                content.steps.push(walk.last());
            }
        } else if let Some(end) = parse::<LastLine>(&line).and_then(|line| line.end.read()) {
            let place = walk.last();
            content.end = Some(Place::of(&end));
            if !key.is_ours(MarkName::FileEnd, &end) || end.seq != *last {
                content.find(
                    *last,
                    FindingKind::Changed,
                    "The file's last line is not what jeton wrote.",
                );
            } else if place.seq < end.seq {
                content.find(place.seq + 1, FindingKind::TailMissing, missing(place.seq + 1, end.seq));
            } else if place != Place::of(&end) && content.findings.is_empty() {
                content.find(
                    end.seq,
                    FindingKind::Changed,
                    "The file's last line is of another entry.",
                );
            }
        } else {
            let seq = walk.last().seq.saturating_add(1);
            let words = format!("Where entry {seq} should be stands a line that jeton did not write.");
            content.find(seq, FindingKind::Changed, words);
            // One finding, and not a second one for the number that is missing now.
            walk.jump(Place {
                seq,
                hash: walk.last().hash,
            });
            walk.be_blind();
        }
    }
    if content.end.is_none() {
        let seq = walk.last().seq.saturating_add(1);
        content.find(seq, FindingKind::TailMissing, "The file ends without its last line.");
    }
    if content.steps.last() != Some(&walk.last()) {
        content.steps.push(walk.last());
    }
    Ok(content)
}

fn look_at(content: &mut Content, walk: &mut Walk<'_>, entry: &LedgerEntry) {
    content.entries += 1;
    let before = walk.last().seq;
    match walk.step(entry) {
        Step::Fits => {}
        Step::Changed => {
            let words = format!("Entry {} is not what was written there.", entry.seq);
            content.find(entry.seq, FindingKind::Changed, words);
        }
        Step::Missing(from, to) => content.find(from, FindingKind::Missing, missing(from, to)),
        Step::Backwards => {
            let words = format!("Entry {} comes after entry {before}.", entry.seq);
            content.find(entry.seq, FindingKind::OutOfOrder, words);
        }
    }
}

/// The next line. Bytes that are no text become a line that jeton did not write.
async fn next(lines: &mut tokio::io::Lines<BufReader<fs::File>>) -> io::Result<Option<String>> {
    match lines.next_line().await {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Some(String::new())),
        other => other,
    }
}

/// A line, when it stands there exactly as jeton writes it.
fn parse<T: Serialize + for<'d> Deserialize<'d>>(line: &str) -> Option<T> {
    let value: T = serde_json::from_str(line).ok()?;
    (serde_json::to_string(&value).ok()? == line).then_some(value)
}

fn entry(line: EntryLine) -> Option<LedgerEntry> {
    Some(LedgerEntry {
        seq: line.seq,
        at: line.at,
        event: line.event,
        actor: line.actor,
        actor_name: line.actor_name,
        fingerprint: line.fingerprint,
        request_id: line.request_id,
        body: line.body,
        hash: unhex(&line.hash)?,
    })
}
