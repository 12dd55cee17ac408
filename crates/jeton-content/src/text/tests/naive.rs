//! The same facts by the plainest means, from the whole file.

use crate::text::{Encoding, LineEndings};

/// Each line without its line end.
pub(super) fn lines(file: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    let mut line = Vec::new();
    for &byte in file {
        line.push(byte);
        if byte == b'\n' {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            lines.push(std::mem::take(&mut line));
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

pub(super) fn endings(file: &[u8]) -> LineEndings {
    let crlf = file.windows(2).filter(|pair| *pair == b"\r\n").count();
    let all = file.split(|byte| *byte == b'\n').count() - 1;
    match (crlf, all - crlf) {
        (0, 0) => LineEndings::None,
        (0, _) => LineEndings::Lf,
        (_, 0) => LineEndings::CrLf,
        _ => LineEndings::Mixed,
    }
}

pub(super) fn encoding(file: &[u8]) -> Encoding {
    let utf16 = file.len().is_multiple_of(2)
        && (file.starts_with(b"\xfe\xff") || file.starts_with(b"\xff\xfe") && !file.starts_with(b"\xff\xfe\0\0"));
    if utf16 {
        return Encoding::Utf16;
    }
    if file.iter().take(8000).any(|byte| *byte == 0) {
        return Encoding::Binary;
    }
    match String::from_utf8(file.to_vec()) {
        Ok(text) if text.starts_with('\u{feff}') => Encoding::Utf8Bom,
        Ok(_) => Encoding::Utf8,
        Err(_) => Encoding::EightBit,
    }
}
