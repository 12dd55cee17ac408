//! Text that came from outside, made fit for errors and logs.

use std::borrow::Cow;

use jeton_domain::redact;

/// The longest text from outside that an error carries, in characters.
const MAX_CHARS: usize = 300;

/// How much of a text is looked at at all, in characters: an error page may be megabytes.
const MAX_LOOK: usize = 16 * 1024;

/// Drops control characters and those that turn text around, hides what looks like a secret, and cuts. In this order:
/// a control character inside a token must not hide it from [`redact`], and a cut must not leave half of one.
pub fn clean(text: &str) -> String {
    let seen = || text.chars().take(MAX_LOOK);
    let plain: String = seen().map(|c| if is_odd(c) { ' ' } else { c }).collect();
    // a token that was split by what is taken out here shows when its parts stand together again
    let joined: String = seen().filter(|c| !is_odd(*c)).collect();
    let safe = match redact(&joined) {
        Cow::Owned(hidden) => hidden,
        // a token in the text as it was would have stood in the joined text as well
        Cow::Borrowed(_) => plain,
    };
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

/// An error and its causes in one line, without the URL: it names repositories, and the caller knows it.
pub fn causes(error: &dyn std::error::Error) -> String {
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
        assert_eq!(clean("  Not\u{1b}[31m Found\n"), "Not [31m Found");
        assert_eq!(clean("a\u{202e}b"), "a b");
        assert_eq!(clean(&"é".repeat(400)).chars().count(), 301);
    }

    #[test]
    fn hides_tokens_whole_or_cut_or_split() {
        let token = format!("ghs_{}", "a1B2".repeat(9));
        assert_eq!(clean(&format!("bad {token}")), "bad [redacted]");
        let split = format!("bad {}\u{0}{}", &token[..20], &token[20..]);
        assert!(!clean(&split).contains("a1B2"), "{}", clean(&split));
        let late = format!("{} {token}", "x".repeat(290));
        assert!(!clean(&late).contains("ghs_"));
    }
}
