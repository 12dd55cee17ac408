//! JSON strings, written while their text comes in pieces. Only bytes of ASCII are ever escaped, so that pieces may be cut anywhere.

use std::io::Write as _;

/// Adds text in UTF-8, or a piece of it, as the inside of a JSON string.
pub(super) fn escape(text: &[u8], out: &mut Vec<u8>) {
    let mut plain = 0;
    for (at, byte) in text.iter().enumerate() {
        let short: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..=0x1f => b"",
            _ => continue,
        };
        out.extend_from_slice(&text[plain..at]);
        plain = at + 1;
        if short.is_empty() {
            // Writing to a vector cannot fail.
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.extend_from_slice(short);
        }
    }
    out.extend_from_slice(&text[plain..]);
}

/// Writes lines as the inside of a JSON array of strings, without their line ends: LF or CRLF, and nothing else.
#[derive(Debug, Default)]
pub(super) struct LineWriter {
    /// Whether a line came before.
    any: bool,
    /// Whether a string has begun.
    open: bool,
    /// Whether the last byte was a CR, which may belong to a line end.
    after_cr: bool,
}

impl LineWriter {
    /// Adds a piece of the text.
    pub(super) fn feed(&mut self, mut text: &[u8], out: &mut Vec<u8>) {
        while !text.is_empty() {
            self.begin(out);
            let end = text.iter().position(|byte| *byte == b'\n');
            let line = &text[..end.unwrap_or(text.len())];
            if self.after_cr && !line.is_empty() {
                out.extend_from_slice(b"\\r");
                self.after_cr = false;
            }
            match line.split_last() {
                Some((b'\r', line)) => {
                    escape(line, out);
                    self.after_cr = true;
                }
                Some(_) => escape(line, out),
                None => {}
            }
            let Some(end) = end else { return };
            out.push(b'"');
            (self.open, self.after_cr) = (false, false);
            text = &text[end + 1..];
        }
    }

    /// Ends the last line, if it has no line end.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if self.open {
            out.extend_from_slice(if self.after_cr { b"\\r\"" } else { b"\"" });
            self.open = false;
        }
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !self.open {
            out.extend_from_slice(if self.any { b",\"" } else { b"\"" });
            (self.any, self.open) = (true, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LineWriter, escape};

    /// Every way to cut a text into three pieces.
    fn cuts(text: &[u8]) -> impl Iterator<Item = [&[u8]; 3]> {
        (0..=text.len()).flat_map(move |a| (a..=text.len()).map(move |b| [&text[..a], &text[a..b], &text[b..]]))
    }

    #[test]
    fn a_text_in_any_pieces_reads_back() {
        let all: String = (0..0x250)
            .filter_map(char::from_u32)
            .chain("€😀\u{2028}".chars())
            .collect();
        for text in ["", "\"\\/\u{0}\u{1f}\u{7f}", "é€😀", all.as_str()] {
            let mut seen = 0;
            for pieces in cuts(text.as_bytes()).step_by(1 + text.len() / 40) {
                let mut out = vec![b'"'];
                for piece in &pieces {
                    escape(piece, &mut out);
                }
                out.push(b'"');
                assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
                seen += 1;
            }
            assert!(seen > 0);
        }
    }

    #[test]
    fn lines_in_any_pieces_read_back() {
        for (text, lines) in [
            ("", vec![]),
            ("\n", vec![""]),
            ("\n\n", vec!["", ""]),
            ("one", vec!["one"]),
            ("one\n", vec!["one"]),
            ("one\r\ntwo", vec!["one", "two"]),
            ("one\r\n\r\ntwo\r\n", vec!["one", "", "two"]),
            ("a\rb\n", vec!["a\rb"]),
            ("a\r\r\nb\r", vec!["a\r", "b\r"]),
            ("a\r\r\r\n", vec!["a\r\r"]),
            ("\u{2028}\u{c}\"\n\\", vec!["\u{2028}\u{c}\"", "\\"]),
        ] {
            for pieces in cuts(text.as_bytes()) {
                let (mut writer, mut out) = (LineWriter::default(), vec![b'[']);
                for piece in &pieces {
                    writer.feed(piece, &mut out);
                }
                writer.finish(&mut out);
                out.push(b']');
                let read: Vec<String> = serde_json::from_slice(&out).unwrap();
                assert_eq!(read, lines, "{text:?} {pieces:?}");
            }
        }
    }
}
