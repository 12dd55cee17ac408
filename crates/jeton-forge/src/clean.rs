//! Text that came from outside, made fit for errors, logs and pages.

use serde::{Deserialize, Deserializer};

pub(crate) use jeton_outbound::clean;

/// How many names of a list are kept, such as a token's scopes.
const MOST_NAMES: usize = 100;

/// Reads a name, cleaned and bounded.
pub(crate) fn name<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    String::deserialize(from).map(|text| clean(&text))
}

/// Reads a name that may be missing.
pub(crate) fn name_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.as_deref().map(clean))
}

/// Reads the first names of a list.
pub(crate) fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let list = Vec::<String>::deserialize(from)?;
    Ok(list.iter().take(MOST_NAMES).map(|text| clean(text)).collect())
}

/// A link that came from outside, if it leads below this page: it is shown to people as one to click.
pub(crate) fn link_below(page: &str, link: &str) -> Option<String> {
    let rest = link.strip_prefix(page)?;
    let plain = link.len() <= 500 && link.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>`\\".contains(&b));
    (rest.starts_with('/') && plain).then(|| link.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{link_below, names};

    #[test]
    fn only_links_below_the_page_are_shown() {
        let below = |link: &str| link_below("https://git.example.com/lab", link);
        assert!(below("https://git.example.com/lab/acme/tools").is_some());
        for bad in [
            "https://evil.example/acme",
            "https://git.example.com/lab",
            "https://git.example.com/labour/x",
            "javascript:alert(1)",
            "https://git.example.com/lab/<b>",
            "https://git.example.com/lab/a b",
            &format!("https://git.example.com/lab/{}", "a".repeat(600)),
        ] {
            assert_eq!(below(bad), None, "{bad}");
        }
    }

    #[test]
    fn lists_of_names_are_bounded_and_clean() {
        let many = serde_json::to_value(vec!["a\u{202e}b".repeat(400); 1000]).unwrap();
        let found = names(many).unwrap();
        assert_eq!(found.len(), 100);
        assert!(found[0].chars().count() <= 301 && !found[0].contains('\u{202e}'));
    }
}
