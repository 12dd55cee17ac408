use std::fmt;

use askama::filters::HtmlSafe;

use super::{
    html::{escape, prose},
    problem::{is_web, sentence},
};

/// What may stand behind an address in a sentence.
const ENDS: [char; 7] = ['.', ',', ';', ':', ')', '!', '?'];

/// Words of a finding, as HTML: what stands in backticks is shown as code, an address of the web can be followed, and all else
/// is escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told(String);

impl Told {
    /// A remedy, or other whole sentences.
    pub(super) fn new(text: &str) -> Self {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mut out = String::with_capacity(text.len() + 32);
        let (mut at, mut written) = (0, 0);
        // An address within backticks is something to type.
        let mut is_code = false;
        for word in text.split_inclusive([' ', '`']) {
            let address = word.trim_end_matches([' ', '`']).trim_end_matches(ENDS);
            if !is_code && is_web(address) {
                out.push_str(&prose(&text[written..at]));
                let link = escape(address);
                for part in ["<a href=\"", &link, "\" rel=\"noreferrer\">", &link, "</a>"] {
                    out.push_str(part);
                }
                written = at + address.len();
            }
            is_code ^= word.ends_with('`');
            at += word.len();
        }
        out.push_str(&prose(&text[written..]));
        Self(out)
    }

    /// What an error says: that begins with a small letter and ends without a full stop.
    pub(super) fn error(text: &str) -> Self {
        Self::new(&sentence(text))
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Told {}

#[cfg(test)]
mod tests {
    use super::Told;

    #[test]
    fn addresses_can_be_followed_and_nothing_becomes_markup() {
        let told = Told::error(
            "run `jeton key <rotate>`, see https://a.example/x?y=1&z=2. `https://typed` (http://b.example)",
        );
        assert_eq!(
            told.to_string(),
            "Run <code>jeton key &lt;rotate&gt;</code>, see <a href=\"https://a.example/x?y=1&amp;z=2\" rel=\"noreferrer\">\
             https://a.example/x?y=1&amp;z=2</a>. <code>https://typed</code> (http://b.example)."
        );
    }

    #[test]
    fn odd_texts_lose_nothing() {
        for (text, expected) in [
            ("", "."),
            ("`", "<code>.</code>"),
            ("https://", "Https://."),
            (
                "at https://x/\"><script>",
                "At <a href=\"https://x/&quot;&gt;&lt;script&gt;\" rel=\"noreferrer\">https://x/&quot;&gt;&lt;script&gt;</a>.",
            ),
            ("javascript:alert(1)", "Javascript:alert(1)."),
            ("a\u{0}b\u{202e}c", "A b\u{202e}c."),
        ] {
            assert_eq!(Told::error(text).to_string(), expected, "{text:?}");
        }
    }
}
