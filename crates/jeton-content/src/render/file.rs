use jeton_api::{FileContent, FileFacts, FileLineCount, FileLines, LfsObject};

use super::{kind_word, origin};
use crate::{Blob, ContentError, Encoding, FileRead, LineEndings, Read, text::Lines};

/// Up to so many bytes a file is given whole when no length is asked for, and so many is the most that may be asked for: 1 MiB.
pub const LARGEST_PIECE: u64 = 1024 * 1024;

/// The length of a piece of a larger file, in bytes, as today's clients know it.
pub const PIECE: u64 = 50_000;

/// The longest line that is given by its number, in bytes and with its end: 8 MiB. An answer is put together in memory, several times over,
/// so what is longer has to be asked for in pieces.
const LONGEST_LINE: u64 = 8 * 1024 * 1024;

/// So many lines are given at once at most; no more once [`LARGEST_PIECE`] is reached either.
pub const MOST_LINES: u64 = 5000;

/// The facts of a file and its bytes belong together.
const NO_TEXT: ContentError = ContentError::Internal("what was text in UTF-8 is none on a second look");

/// What is known of a file.
pub fn file_facts(file: &FileRead) -> FileFacts {
    let facts = file.blob.facts();
    FileFacts {
        path: file.entry.path.to_string(),
        kind: kind_word(file.entry.kind).to_owned(),
        id: file.blob.id().to_string(),
        size: file.blob.size(),
        charset: charset(facts.encoding).to_owned(),
        binary: matches!(facts.encoding, Encoding::Utf16 | Encoding::Binary),
        line_endings: line_endings(facts.endings).to_owned(),
        max_lines: facts.lines,
        lfs: facts.lfs.as_ref().map(|pointer| LfsObject {
            oid: format!("sha256:{}", pointer.oid),
            size: pointer.size,
        }),
        link: file.link.as_ref().map(|link| link.path.to_string()),
    }
}

/// How many lines a file has.
pub fn line_count(read: &Read<FileRead>) -> FileLineCount {
    FileLineCount {
        origin: origin(&read.meta),
        file: file_facts(&read.value),
    }
}

/// A file, or a piece of it: from `offset`, `limit` bytes at most. Without a limit all of it up to [`LARGEST_PIECE`], and pieces of
/// [`PIECE`] of what is larger. UTF-8 comes as text, cut between characters alone (one is given even if it is longer than `limit`);
/// everything else comes as base64.
///
/// # Errors
/// [`ContentError::Invalid`] for a limit that is none, [`ContentError::Range`] for an offset outside of the file or inside of a
/// character, and when the file cannot be read.
pub async fn file_content(
    read: &Read<FileRead>,
    offset: Option<u64>,
    limit: Option<u64>,
) -> Result<FileContent, ContentError> {
    let blob = &read.value.blob;
    let offset = offset.unwrap_or(0);
    let limit = match limit {
        Some(limit @ 1..=LARGEST_PIECE) => limit,
        Some(_) => return Err(ContentError::Invalid(format!("`limit` is 1 to {LARGEST_PIECE} bytes"))),
        None if blob.size() <= LARGEST_PIECE => LARGEST_PIECE,
        None => PIECE,
    };
    let size = blob.size();
    if offset > size {
        return Err(ContentError::Range(format!(
            "`{}` has {size} bytes, and ends before offset {offset}",
            read.value.entry.path
        )));
    }
    let piece = blob.chunk(offset, limit).await?;
    let end = offset + piece.len() as u64;
    let (encoding, content) = if blob.facts().encoding.is_utf8() {
        ("utf-8", String::from_utf8(piece.into()).map_err(|_| NO_TEXT)?)
    } else {
        ("base64", base64(&piece))
    };
    Ok(FileContent {
        origin: origin(&read.meta),
        file: file_facts(&read.value),
        encoding: encoding.to_owned(),
        content,
        offset,
        truncated: end < size,
        next: (end < size).then_some(end),
    })
}

fn charset(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "utf-8",
        Encoding::Utf8Bom => "utf-8-bom",
        Encoding::EightBit => "8-bit",
        Encoding::Utf16 => "utf-16",
        Encoding::Binary => "binary",
    }
}

fn line_endings(endings: LineEndings) -> &'static str {
    match endings {
        LineEndings::None => "none",
        LineEndings::Lf => "lf",
        LineEndings::CrLf => "crlf",
        LineEndings::Mixed => "mixed",
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(bytes)
}

/// The lines from `start` to `end`, both of which are in and count from 1; to the last one without an `end`. What is beyond the last
/// line is left out; so is what is beyond [`MOST_LINES`] or [`LARGEST_PIECE`], but never all: a line that is longer is given whole,
/// up to 8 MiB.
///
/// # Errors
/// [`ContentError::Range`] for lines that the file does not have and for one that is longer than that, [`ContentError::NotText`] for what is not UTF-8, and when the file
/// cannot be read.
pub async fn file_lines(read: &Read<FileRead>, start: u64, end: Option<u64>) -> Result<FileLines, ContentError> {
    let file = &read.value;
    let facts = file.blob.facts();
    let path = &file.entry.path;
    if !facts.encoding.is_utf8() {
        return Err(ContentError::NotText {
            path: path.to_string(),
            what: facts.encoding.words(),
        });
    }
    if start == 0 || end.is_some_and(|end| end < start) {
        return Err(ContentError::Range(
            "lines count from 1, and the last one does not come before the first".to_owned(),
        ));
    }
    // All of an empty file is no line, which is no mistake of whoever asks for all.
    let max = facts.lines;
    if start > max.max(1) {
        return Err(ContentError::Range(format!(
            "`{path}` has {max} lines, and none with the number {start}"
        )));
    }
    let wanted = end.map_or(max, |end| end.min(max));
    let last = wanted.min(start.saturating_add(MOST_LINES - 1));
    let lines = read_lines(&file.blob, start - 1, last).await?;
    let end_line = lines.range.end;
    let lines = lines.strs().ok_or(NO_TEXT)?.map(str::to_owned).collect();
    Ok(FileLines {
        origin: origin(&read.meta),
        file: file_facts(file),
        start_line: start,
        end_line,
        lines,
        truncated: end_line < wanted,
        next: (end_line < wanted).then_some(end_line + 1),
    })
}

/// The lines from `start` on, counted from 0 and before `end`, as many as are [`LARGEST_PIECE`] together; one at least, if it has no more
/// than [`LONGEST_LINE`].
async fn read_lines(blob: &Blob, start: u64, end: u64) -> Result<Lines, ContentError> {
    let first = blob.locate(start..end.min(start + 1)).await?;
    let length = first.end - first.start;
    if length > LONGEST_LINE {
        return Err(ContentError::Range(format!(
            "line {} alone has {length} bytes, which is more than the {LONGEST_LINE} that are given by lines. It begins at byte {at}: read it \
             with `file` and `offset` {at}, or with `raw`",
            start + 1,
            at = first.start
        )));
    }
    if length > LARGEST_PIECE {
        return blob.lines(start..start + 1).await;
    }
    blob.lines_within(start..end, LARGEST_PIECE).await
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
