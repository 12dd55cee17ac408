use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use jeton_domain::Code;
use jeton_vault::VaultTx;
use tokio::{
    fs,
    io::{AsyncReadExt as _, AsyncWriteExt as _},
};

use crate::{
    LedgerError,
    chain::{MarkName, Place},
    shared::Shared,
};

/// What a file outside the database says about the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// There was an entry of this number and hash.
    Names(Place),
    /// It is no anchor of jeton's.
    Garbled,
}

/// Compares the chain with the anchor file, and writes the newest entry into it. A contradiction is logged, and what the
/// file said is kept beside it.
pub(crate) async fn renew(shared: &Shared, file: &Path) -> Result<(), LedgerError> {
    // The file before the database: whatever it names was committed by then.
    let anchor = read(file).await?;
    let mut tx = shared.vault.read().await?;
    let end = shared.end(&mut *tx).await?;
    let contradiction = match anchor.first() {
        None => None,
        Some(Anchor::Garbled) => Some("the anchor file is not what jeton wrote".to_owned()),
        Some(Anchor::Names(place)) => contradiction(&mut *tx, *place).await?,
    };
    drop(tx);
    if let Some(reason) = contradiction {
        let beside = conflict_file(file);
        tracing::error!(
            code = %Code::RecordBroken, reason, anchor.kept = %beside.display(),
            "the record is not the one that this server wrote: entries were removed, or a backup was restored. After a \
             restore, remove the kept file; else keep the database as it is and run `jeton audit verify`"
        );
        keep_beside(file, &beside).await?;
        shared.went_back(end);
    } else {
        shared.saw(end);
    }
    if anchor.first() == Some(&Anchor::Names(end)) {
        return Ok(());
    }
    let written = match (end, anchor.is_empty()) {
        (Place::START, true) => Ok(()),
        // Else it would contradict an empty database again and again.
        (Place::START, false) => fs::remove_file(file).await,
        _ => write(file, end).await,
    };
    written.map_err(|error| LedgerError::file(file, error))
}

/// Why the chain cannot be one that ever held this place; `None` when it can.
pub(crate) async fn contradiction(tx: &mut dyn VaultTx, place: Place) -> Result<Option<String>, LedgerError> {
    let Some(before) = place.seq.checked_sub(1) else {
        return Ok(None);
    };
    let mut ledger = tx.ledger();
    let entry = ledger
        .scan(before, 1)
        .await?
        .pop()
        .filter(|entry| entry.seq == place.seq);
    // After the entry: one that is archived between the two was not missing.
    let base = ledger.base().await?;
    let hash = match (entry, base) {
        (Some(entry), _) => entry.hash,
        (None, Some(base)) if base.seq > place.seq => return Ok(None),
        (None, Some(base)) if base.seq == place.seq => base.hash,
        (None, _) => return Ok(Some(format!("entry {} is gone", place.seq))),
    };
    Ok((hash != place.hash).then(|| format!("entry {} is another one now", place.seq)))
}

/// What the anchor file says, and what was kept beside it after contradictions.
pub(crate) async fn all(file: &Path) -> Result<(Vec<Anchor>, Vec<Anchor>), LedgerError> {
    Ok((read(file).await?, read(&conflict_file(file)).await?))
}

/// Where what contradicts the database is kept.
pub(crate) fn conflict_file(file: &Path) -> PathBuf {
    with_suffix(file, ".conflict")
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}

async fn read(file: &Path) -> Result<Vec<Anchor>, LedgerError> {
    match fs::read(file).await {
        Ok(bytes) => Ok(parse(&String::from_utf8_lossy(&bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(LedgerError::file(file, error)),
    }
}

fn parse(text: &str) -> Vec<Anchor> {
    if text.trim().is_empty() {
        // jeton writes the whole file or none of it.
        return vec![Anchor::Garbled];
    }
    text.lines()
        .map(|line| parse_line(line).unwrap_or(Anchor::Garbled))
        .collect()
}

fn parse_line(line: &str) -> Option<Anchor> {
    let (seq, hex) = line.split_once(' ')?;
    let mut hash = [0; 32];
    hex::decode_to_slice(hex, &mut hash).ok()?;
    let seq = seq.parse().ok()?;
    Some(Anchor::Names(Place { seq, hash }))
}

/// Adds what an anchor file says to what contradicted the database before, unless it is there already, as after a crash.
async fn keep_beside(file: &Path, beside: &Path) -> Result<(), LedgerError> {
    let text = fs::read(file).await.map_err(|error| LedgerError::file(file, error))?;
    let text = String::from_utf8_lossy(&text);
    // Whoever could write a garbled file could write a long one.
    let line: String = text.lines().next().unwrap_or_default().chars().take(200).collect();
    let add = async {
        let mut kept = fs::OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .mode(0o600)
            .open(beside)
            .await?;
        let mut before = String::new();
        kept.read_to_string(&mut before).await?;
        if before.lines().any(|known| known == line) {
            return Ok(());
        }
        kept.write_all(format!("{line}\n").as_bytes()).await?;
        kept.sync_all().await
    };
    add.await.map_err(|error| LedgerError::file(beside, error))
}

/// Whole, or not at all: an anchor that a crash cut in half would look like an attack.
async fn write(file: &Path, place: Place) -> io::Result<()> {
    let draft = with_suffix(file, ".tmp");
    let mut out = fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .await?;
    let line = format!("{} {}\n", place.seq, hex::encode(place.hash));
    out.write_all(line.as_bytes()).await?;
    out.sync_all().await?;
    drop(out);
    fs::rename(&draft, file).await
}

/// The place of the base mark and whether jeton set it; [`Place::START`] when nothing was archived.
pub(crate) async fn base(shared: &Shared, tx: &mut dyn VaultTx) -> Result<(Place, bool), LedgerError> {
    Ok(match tx.ledger().base().await? {
        None => (Place::START, true),
        Some(mark) => (Place::of(&mark), shared.key.is_ours(MarkName::Base, &mark)),
    })
}
