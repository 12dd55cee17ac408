use bytes::Bytes;

use super::{
    TextFacts,
    lines::{Source, to_usize},
};
use crate::ContentError;

/// The longest character of UTF-8, in bytes.
const LONGEST_CHARACTER: u64 = 4;

impl TextFacts {
    /// Reads the largest piece of at most `wanted` bytes that begins at `offset` and splits no character. One character is given even if
    /// it is longer, so that a piece is empty only at the end of the file. In files that are not UTF-8 every byte is a character.
    pub(crate) async fn chunk(&self, source: &impl Source, offset: u64, wanted: u64) -> Result<Bytes, ContentError> {
        if offset > self.size {
            return Err(ContentError::Range(format!(
                "the file has {} bytes, and ends before offset {offset}",
                self.size
            )));
        }
        let end = offset.saturating_add(wanted.max(1)).min(self.size);
        if !self.encoding.is_utf8() {
            return source.bytes(offset..end).await;
        }
        // One byte more tells whether a character ends before it; and a first one that is longer than what is wanted comes whole.
        let reach = end.saturating_add(1).max(offset.saturating_add(LONGEST_CHARACTER));
        let mut chunk = source.bytes(offset..reach.min(self.size)).await?;
        if chunk.first().copied().is_some_and(is_inside) {
            let before = character_before(source, offset).await?;
            return Err(ContentError::Range(format!(
                "offset {offset} lies inside of a character, which begins at {before}"
            )));
        }
        chunk.truncate(end_of_character(&chunk, to_usize(end - offset)));
        Ok(chunk)
    }
}

/// Where the character begins that an offset lies inside of.
async fn character_before(source: &impl Source, offset: u64) -> Result<u64, ContentError> {
    let from = offset.saturating_sub(LONGEST_CHARACTER);
    let bytes = source.bytes(from..offset).await?;
    let begin = bytes.iter().rposition(|byte| !is_inside(*byte)).unwrap_or(0);
    Ok(from + u64::try_from(begin).unwrap_or(0))
}

/// The last end of a character up to `wanted`; the end of the first character if there is none.
fn end_of_character(bytes: &[u8], wanted: usize) -> usize {
    let is_end = |at: &usize| bytes.get(*at).is_none_or(|byte| !is_inside(*byte));
    let wanted = wanted.min(bytes.len());
    let before = (1..=wanted).rev().find(is_end);
    before.or_else(|| (wanted..=bytes.len()).find(is_end)).unwrap_or(0)
}

/// Whether a byte of UTF-8 goes on with a character that began before it.
fn is_inside(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}
