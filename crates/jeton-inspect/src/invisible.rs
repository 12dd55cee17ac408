use std::{iter::Peekable, str::Chars};

use zeroize::Zeroizing;

use crate::decoration::Decoration;

/// Leaves out what nobody sees and puts long dashes right; white space stays.
pub(crate) fn without_invisible(text: &str) -> (Zeroizing<String>, Vec<Decoration>) {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                skip_escape(&mut chars);
                found.push(Decoration::Invisible);
            }
            _ if is_invisible(c) => found.push(Decoration::Invisible),
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => {
                out.push('-');
                found.push(Decoration::Dashes);
            }
            _ => out.push(c),
        }
    }
    found.sort_unstable();
    found.dedup();
    (out, found)
}

/// What a terminal puts around pasted text (`ESC [ 200 ~`) and colours with (`ESC [ 31 m`).
fn skip_escape(chars: &mut Peekable<Chars<'_>>) {
    if chars.next_if_eq(&'[').is_some() {
        while chars.next_if(|c| c.is_ascii_digit() || *c == ';').is_some() {}
        chars.next_if(|c| matches!(c, '~' | 'm' | 'K'));
    }
}

/// Zero-width characters, marks of writing direction, byte-order marks, soft hyphens, control characters.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        || (c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::without_invisible;
    use crate::decoration::Decoration;

    #[test]
    fn what_nobody_sees_goes_and_what_is_seen_stays() {
        let seen = |text: &str| without_invisible(text).0.to_string();
        assert_eq!(seen("\u{feff}a\u{200b}b\u{0}c"), "abc");
        assert_eq!(seen("\u{1b}[200~abc\u{1b}[201~"), "abc");
        assert_eq!(seen("\u{1b}[1;31mabc\u{1b}[0m\u{1b}"), "abc");
        assert_eq!(seen("a b\nc\td"), "a b\nc\td");
        assert_eq!(without_invisible("gl\u{2013}x").1, [Decoration::Dashes]);
        assert!(without_invisible("plain").1.is_empty());
    }
}
