use std::ops::Range;

use bytes::Bytes;

use super::{
    TextFacts,
    index::{Mark, STRIDE},
    scanner::length,
};
use crate::ContentError;

/// Where the bytes of a file are read from.
pub(crate) trait Source: Sync {
    /// The bytes of a range that lies within the file.
    fn bytes(&self, range: Range<u64>) -> impl Future<Output = Result<Bytes, ContentError>> + Send;
}

/// Some lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// As they are in the file, with their line ends.
    pub text: Bytes,
    /// Where that lies in the file.
    pub bytes: Range<u64>,
    /// Which lines they are, from 0; the end is not among them.
    pub range: Range<u64>,
}

impl Lines {
    /// Each without its line end.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.text
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| match line.strip_suffix(b"\n") {
                Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
                None => line,
            })
    }

    /// Each without its line end, of a file in UTF-8; of any other, `None`.
    pub fn strs(&self) -> Option<impl Iterator<Item = &str>> {
        let text = std::str::from_utf8(&self.text).ok()?;
        Some(text.split_inclusive('\n').map(|line| match line.strip_suffix('\n') {
            Some(line) => line.strip_suffix('\r').unwrap_or(line),
            None => line,
        }))
    }
}

impl TextFacts {
    /// Where lines lie. Lines beyond the end of the file are left out.
    pub(crate) async fn locate(&self, source: &impl Source, lines: Range<u64>) -> Result<Range<u64>, ContentError> {
        self.check(&lines)?;
        let start = self.line_start(source, lines.start).await?;
        Ok(start..self.line_start(source, lines.end).await?)
    }

    /// Reads lines, all at once. Lines beyond the end of the file are left out.
    pub(crate) async fn lines(&self, source: &impl Source, lines: Range<u64>) -> Result<Lines, ContentError> {
        self.check(&lines)?;
        let (first, last) = (self.index.before_line(lines.start), self.index.before_line(lines.end));
        let reach = match lines {
            Range { start, .. } if start == self.lines => first.offset,
            Range { end, .. } if end >= self.lines => self.size,
            _ => self.reach(last),
        };
        // With what is before the first line and after the last one, by which their places are found: one read and not three.
        let near = source.bytes(first.offset..reach).await?;
        let start = self.start_near(lines.start, first, &near)?;
        let after = near.get(to_usize(last.offset - first.offset)..).unwrap_or_default();
        let end = self.start_near(lines.end, last, after)?;
        let text = if start == end {
            Bytes::new()
        } else {
            near.slice(to_usize(start - first.offset)..to_usize(end - first.offset))
        };
        Ok(Lines {
            text,
            bytes: start..end,
            range: lines.start..lines.end.min(self.lines),
        })
    }

    /// Reads lines as [`TextFacts::lines`], but only as many from the first on as have no more than `most` bytes together, so that
    /// nobody is given a part of a line. One that alone has more is an error.
    pub(crate) async fn lines_within(
        &self,
        source: &impl Source,
        lines: Range<u64>,
        most: u64,
    ) -> Result<Lines, ContentError> {
        let bytes = self.locate(source, lines.clone()).await?;
        let mut end = lines.end.min(self.lines);
        if bytes.end - bytes.start > most {
            end = self.line_at(source, bytes.start + most).await?;
            if end == lines.start {
                return Err(ContentError::Range(format!(
                    "line {end} (counted from 0) alone has more than {most} bytes; ask for the file by its bytes"
                )));
            }
        }
        self.lines(source, lines.start..end).await
    }

    fn check(&self, lines: &Range<u64>) -> Result<(), ContentError> {
        let Range { start, end } = *lines;
        if start > end {
            return Err(ContentError::Range(format!("lines {start} to {end} are no range")));
        }
        if start > self.lines {
            return Err(ContentError::Range(format!(
                "the file has {} lines, so there is no line {start} (counted from 0)",
                self.lines
            )));
        }
        Ok(())
    }

    /// Where a line begins; the end of the file for lines after the last.
    async fn line_start(&self, source: &impl Source, line: u64) -> Result<u64, ContentError> {
        if line >= self.lines {
            return Ok(self.size);
        }
        let mark = self.index.before_line(line);
        if mark.line == line {
            return Ok(mark.offset);
        }
        self.start_near(line, mark, &self.near(source, mark).await?)
    }

    /// The same, with the bytes that are near the last mark before it.
    fn start_near(&self, line: u64, mark: Mark, near: &[u8]) -> Result<u64, ContentError> {
        if line >= self.lines {
            return Ok(self.size);
        }
        let Some(after) = line.checked_sub(mark.line + 1) else {
            return Ok(mark.offset);
        };
        let end = memchr::memchr_iter(b'\n', near).nth(to_usize(after));
        end.map(|end| mark.offset + length(&near[..=end]))
            .ok_or(ContentError::Internal("the index of lines does not fit the file"))
    }

    /// The line that the byte at an offset belongs to.
    async fn line_at(&self, source: &impl Source, offset: u64) -> Result<u64, ContentError> {
        let mark = self.index.before_offset(offset);
        let bytes = self.near(source, mark).await?;
        // Between this mark and the next, no line begins later than what is near.
        let before = &bytes[..to_usize(offset - mark.offset).min(bytes.len())];
        Ok(mark.line + u64::try_from(memchr::memchr_iter(b'\n', before).count()).unwrap_or(u64::MAX))
    }

    /// The bytes after a mark in which every line begins that the mark stands for.
    async fn near(&self, source: &impl Source, mark: Mark) -> Result<Bytes, ContentError> {
        source.bytes(mark.offset..self.reach(mark)).await
    }

    fn reach(&self, mark: Mark) -> u64 {
        (mark.offset + STRIDE).min(self.size)
    }
}

/// For lengths of what is in memory.
pub(super) fn to_usize(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
