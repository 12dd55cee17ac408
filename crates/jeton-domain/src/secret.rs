use std::fmt;

use zeroize::Zeroizing;

/// Text that opens something: a token, a private key, a password.
///
/// It has no `Display`, `Serialize` or `PartialEq`, prints as `Secret(****)`, and its memory is wiped on drop.
/// [`Secret::expose`] is the only way out, so that a search for that word reviews every use.
#[derive(Clone)]
pub struct Secret(Zeroizing<Box<str>>);

impl Secret {
    /// Takes the text over; the caller's `String` is moved, not copied.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the moment where its bytes leave for their forge or their caller.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(****)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_shows_nothing_of_it() {
        assert_eq!(format!("{:?}", Secret::new("planted")), "Secret(****)");
        assert!(!format!("{:#?}", Some(Secret::new("planted"))).contains("planted"));
    }
}
