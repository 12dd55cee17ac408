//! What was done, as the page after it says. The address has one of our own words, and nothing of it is repeated.

/// The sentence for a word of `?done=`.
pub(super) fn words(done: &str) -> Option<&'static str> {
    Some(match done {
        "added" => "The account is stored.",
        "saved" => "The change is saved.",
        "tested" => "The forge was asked just now. What it said stands below.",
        "default" => "This account is now the default on its forge.",
        "not-default" => "This account is no default any more.",
        "on" => "The account is switched on.",
        "off" => "The account is switched off. Whoever holds its token keeps it until it is revoked at the forge.",
        "renewed" => "The token was renewed. The old one is dead.",
        "replaced" => "The new token is in. The old one lives on at the forge until it is revoked there.",
        "removed" => "The account is removed.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn only_our_own_words_are_said() {
        assert!(words("saved").is_some());
        for other in ["", "Saved", "<script>", "saved "] {
            assert_eq!(words(other), None, "{other}");
        }
    }
}
