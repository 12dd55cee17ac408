//! Text that came from outside, made fit for errors and logs.

use jeton_domain::redact;

/// The longest text from outside that an error carries, in characters.
const MAX_CHARS: usize = 300;
/// How much of a text is looked at at all, in characters.
const MAX_LOOK: usize = 16 * 1024;

/// Drops control characters and those that turn text around, hides what looks like a secret, and cuts. They are
/// dropped, not replaced, so that none inside a token can hide it; the cut comes last, so that no half of one is left.
pub(crate) fn clean(text: &str) -> String {
    let plain: String = text
        .chars()
        .take(MAX_LOOK)
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' => Some(' '),
            c if is_odd(c) => None,
            c => Some(c),
        })
        .collect();
    let safe = redact(&plain);
    let safe = safe.trim();
    match safe.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => format!("{}…", &safe[..at]),
        None => safe.to_owned(),
    }
}

/// Control characters, and format characters that reorder or hide text on a terminal or a page.
fn is_odd(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// An error and its causes in one line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // some layers repeat their cause in their own words
        if parts.last().is_none_or(|last| !last.contains(&text)) {
            parts.push(text);
        }
        source = cause.source();
    }
    clean(&parts.join(": "))
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn keeps_words_and_drops_what_hurts() {
        assert_eq!(clean("  Not\u{1b}[31m Found\n"), "Not[31m Found");
        assert_eq!(clean("a\u{202e}b\nc"), "ab c");
        assert_eq!(clean(&"é".repeat(400)).chars().count(), 301);
        let token = format!("ghs_{}", "a1B2".repeat(9));
        let split = format!("bad {}\u{0}{}", &token[..20], &token[20..]);
        assert_eq!(clean(&split), "bad [redacted]");
    }
}
