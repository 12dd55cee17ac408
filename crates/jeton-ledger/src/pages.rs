use jeton_vault::{LedgerEntry, LedgerFilter, Vault};

use crate::{LedgerError, event::plain};

/// The most entries on a page.
const MOST: u32 = 1_000;
/// How many entries a call of [`scan`] looks at before it answers with what it has.
const LOOKED_AT: usize = 10_000;

/// A page of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The entries, in the order that was asked for.
    pub entries: Vec<LedgerEntry>,
    /// Where the next page begins; `None` when this is the last. There can be one after a page that is not full.
    pub next: Option<u64>,
}

pub(crate) async fn list(
    vault: &dyn Vault,
    filter: &LedgerFilter,
    before: Option<u64>,
    limit: u32,
) -> Result<Page, LedgerError> {
    let filter = &written(filter);
    let limit = limit.clamp(1, MOST);
    let mut tx = vault.read().await?;
    // One more tells whether there is another page.
    let mut entries = tx.ledger().list(filter, before, limit + 1).await?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next = if more {
        entries.last().map(|entry| entry.seq)
    } else {
        None
    };
    Ok(Page { entries, next })
}

pub(crate) async fn scan(
    vault: &dyn Vault,
    filter: &LedgerFilter,
    after: u64,
    limit: u32,
) -> Result<Page, LedgerError> {
    let filter = &written(filter);
    let limit = limit.clamp(1, MOST) as usize;
    let mut entries = Vec::new();
    let (mut last, mut looked_at) = (after, 0);
    loop {
        let mut tx = vault.read().await?;
        let page = tx.ledger().scan(last, MOST).await?;
        drop(tx);
        let full = page.len() == MOST as usize;
        looked_at += page.len();
        for entry in page {
            if entries.len() == limit {
                return Ok(Page {
                    entries,
                    next: Some(last),
                });
            }
            last = entry.seq;
            if matches(filter, &entry) {
                entries.push(entry);
            }
        }
        if !full {
            return Ok(Page { entries, next: None });
        }
        if entries.len() == limit || looked_at >= LOOKED_AT {
            return Ok(Page {
                entries,
                next: Some(last),
            });
        }
    }
}

/// A filter whose texts are as the record itself writes them: what it replaced is found by what it was, and no database is
/// asked for what its text cannot hold.
fn written(filter: &LedgerFilter) -> LedgerFilter {
    LedgerFilter {
        events: filter.events.iter().map(|name| plain(name)).collect(),
        actor: filter.actor.as_deref().map(plain),
        fingerprint: filter.fingerprint.as_deref().map(plain),
        request_id: filter.request_id.as_deref().map(plain),
        ..*filter
    }
}

/// What the databases' lists ask for, for entries that are at hand.
fn matches(filter: &LedgerFilter, entry: &LedgerEntry) -> bool {
    let LedgerFilter {
        events,
        actor,
        fingerprint,
        request_id,
        since,
        until,
    } = filter;
    let same = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
    let is_it = |wanted: &String| {
        if wanted.ends_with('.') {
            entry.event.starts_with(wanted.as_str())
        } else {
            entry.event == *wanted
        }
    };
    (events.is_empty() || events.iter().any(is_it))
        && actor
            .as_ref()
            .is_none_or(|wanted| entry.actor == *wanted || entry.actor_name == *wanted)
        && same(fingerprint, &entry.fingerprint)
        && same(request_id, &entry.request_id)
        && since.is_none_or(|since| entry.at >= since)
        && until.is_none_or(|until| entry.at < until)
}
