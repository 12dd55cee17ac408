use jeton_vault::LedgerEntry;

use crate::chain::ChainKey;

/// An entry that does not fit where it stands.
pub(crate) struct Misfit {
    pub(crate) entry: LedgerEntry,
    /// The hash of the row before it.
    pub(crate) before: [u8; 32],
}

/// What became of a misfit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Not what was ever written here.
    Changed,
    /// Whole, and written under this number.
    MovedFrom(u64),
    /// Whole, and where it belongs: only the row before it was moved.
    InPlace,
}

/// Tells entries that were moved from those that were changed, as far as both ends of a move are among the misfits. An
/// entry is whole when its hash is right for some misfit's number and what may have stood before that.
pub(crate) fn origins(key: &ChainKey, misfits: &[Misfit]) -> Vec<Origin> {
    let mut origins: Vec<Origin> = misfits.iter().map(|misfit| moved_from(key, misfit, misfits)).collect();
    for index in 0..misfits.len() {
        let is_whole = |(other, origin): (&Misfit, &Origin)| {
            matches!(origin, Origin::MovedFrom(_)) && key.fits(&other.entry.hash, &misfits[index].entry)
        };
        if origins[index] == Origin::Changed && misfits.iter().zip(&origins).any(is_whole) {
            origins[index] = Origin::InPlace;
        }
    }
    origins
}

fn moved_from(key: &ChainKey, misfit: &Misfit, misfits: &[Misfit]) -> Origin {
    let mut entry = misfit.entry.clone();
    for place in misfits {
        entry.seq = place.entry.seq;
        if entry.seq == misfit.entry.seq {
            continue;
        }
        // Of two neighbours that changed places, what stood before the later one now stands in its row.
        if [place.before, place.entry.hash]
            .iter()
            .any(|before| key.fits(before, &entry))
        {
            return Origin::MovedFrom(entry.seq);
        }
    }
    Origin::Changed
}
