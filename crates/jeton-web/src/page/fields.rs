use jeton_domain::{Secret, redact};

/// Fields that were emptied, by the names that people read: somebody had put what looks like a token into them.
pub(super) type Cleared = Vec<&'static str>;

/// Whether something in a text looks like a token, which no page shows and no address carries on.
pub(super) fn looks_like_token(text: &str) -> bool {
    redact(text) != text
}

/// Empties the texts in which something looks like a token, before a page shows them again or puts them into an address. To be told
/// by `parts::cleared`.
pub(super) fn clear_tokens<const N: usize>(texts: [(&'static str, &mut String); N]) -> Cleared {
    let mut cleared = Cleared::new();
    for (name, text) in texts {
        if looks_like_token(text) {
            text.clear();
            cleared.push(name);
        }
    }
    cleared
}

/// What a form sent. Secrets are taken out of it, so that no page can show one again by mistake.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn read(body: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(body);
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// One field without the space around it; empty when it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.trim())
    }

    /// One field, if something stands in it.
    pub(super) fn some(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// Every field of one name, as boxes to tick have it.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let fields = self.0.iter().filter(|(key, _)| key == name);
        fields.map(|(_, value)| value.clone()).collect()
    }

    /// The entries of a field in which people write several, apart by commas, spaces or lines.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let parts = self.text(name).split(|c: char| c == ',' || c.is_whitespace());
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// Whether a box is ticked, or the button of this name was pressed.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Takes a secret out.
    pub(super) fn take_secret(&mut self, name: &str) -> Option<Secret> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        let secret = Secret::new(self.0.swap_remove(at).1);
        (!secret.expose().trim().is_empty()).then_some(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, clear_tokens};

    #[test]
    fn a_token_in_a_wrong_field_is_not_kept() {
        let token = ["ghp_", &"a1B2".repeat(9)].concat();
        let (mut label, mut note, mut serves) =
            (token.clone(), format!("see {token}, please"), "acme/tools".to_owned());
        let cleared = clear_tokens([("Label", &mut label), ("Note", &mut note), ("Serves", &mut serves)]);
        assert_eq!(cleared, ["Label", "Note"]);
        assert_eq!((label.as_str(), note.as_str(), serves.as_str()), ("", "", "acme/tools"));
    }

    #[test]
    fn a_secret_is_taken_once() {
        let mut fields =
            Fields::read(b"label=+work+&purpose=push&purpose=read&token=+a%26b&on=&serves=a%2Fb%2C+c%0D%0Ad");
        assert_eq!(fields.text("label"), "work");
        assert_eq!(fields.text("none"), "");
        assert_eq!(fields.some("on"), None);
        assert!(fields.is_on("on") && !fields.is_on("off"));
        assert_eq!(fields.all("purpose"), ["push", "read"]);
        assert_eq!(fields.list("serves"), ["a/b", "c", "d"]);
        assert_eq!(fields.take_secret("token").unwrap().expose(), " a&b");
        assert!(fields.take_secret("token").is_none());
        assert_eq!(fields.text("token"), "");
    }
}
