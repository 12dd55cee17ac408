//! Parts of a compressed body, as GitHub serves them by accident.

use std::ops::Range;

/// A stream as gzip (RFC 1952) in stored blocks: whole, it is the same bytes again; in parts, it is no gzip at all.
pub(super) fn stored(bytes: &[u8]) -> Vec<u8> {
    // No name, no time, unknown system.
    let mut stream = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = bytes.chunks(0xffff).peekable();
    if blocks.peek().is_none() {
        stream.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    stream.extend(crc32fast::hash(bytes).to_le_bytes());
    // By the format, the length without what 32 bits cannot hold.
    let length = u32::try_from(bytes.len() & 0xffff_ffff).unwrap_or_default();
    stream.extend(length.to_le_bytes());
    stream
}

/// The bytes that a `Range` header asks for (RFC 9110). `Err`: none of them exist. `None`: nothing that is understood.
pub(super) fn asked(header: &str, total: usize) -> Option<Result<Range<usize>, ()>> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    let range = if first.is_empty() {
        let length: usize = last.parse().ok()?;
        total.saturating_sub(length)..total
    } else {
        let start: usize = first.parse().ok()?;
        let end = if last.is_empty() {
            total
        } else {
            let last: usize = last.parse().ok()?;
            if last < start {
                return None;
            }
            last.saturating_add(1).min(total)
        };
        start..end
    };
    Some(if range.start < range.end { Ok(range) } else { Err(()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_understood_or_not() {
        assert_eq!(asked("bytes=0-9", 5), Some(Ok(0..5)));
        assert_eq!(asked("bytes=2-3", 5), Some(Ok(2..4)));
        assert_eq!(asked("bytes=2-", 5), Some(Ok(2..5)));
        assert_eq!(asked("bytes=-2", 5), Some(Ok(3..5)));
        assert_eq!(asked("bytes=5-", 5), Some(Err(())));
        for none in ["lines=0-1", "bytes=3-2", "bytes=a-b", "bytes=0-1,3-4"] {
            assert_eq!(asked(none, 5), None, "{none}");
        }
    }

    #[test]
    fn a_stored_stream_holds_its_bytes_between_head_and_checksum() {
        let bytes = vec![7; 70_000];
        let stream = stored(&bytes);
        assert_eq!(stream.len(), 10 + 5 + 0xffff + 5 + (70_000 - 0xffff) + 8);
        assert_eq!(stream[10], 0);
        assert_eq!(stream[10 + 5 + 0xffff], 1);
        assert_eq!(stored(b"").len(), 23);
    }
}
