use std::fmt;

/// The forge's own number of an installation. It changes when an App is removed and installed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstallationId(pub u64);

impl fmt::Display for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who signs an App's JWT: its numeric id, or its client id (`Iv1.…`, `Iv23…`), as GitHub's "Generating a JWT" page
/// has it. Both work; GitHub recommends the client id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AppIssuer(String);

impl AppIssuer {
    /// Reads an App id or a client id; white space around it is dropped.
    ///
    /// # Errors
    /// [`AppIssuerError`] when it can be neither.
    pub fn parse(raw: &str) -> Result<Self, AppIssuerError> {
        let text = raw.trim();
        if text.is_empty() {
            return Err(AppIssuerError::Empty);
        }
        if text.len() > 64 || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.') {
            return Err(AppIssuerError::Shape);
        }
        let numeric = text.bytes().all(|b| b.is_ascii_digit());
        if numeric && text.parse::<u64>().is_err() {
            return Err(AppIssuerError::Shape);
        }
        if !numeric && !text.starts_with("Iv") {
            return Err(AppIssuerError::Shape);
        }
        Ok(Self(text.to_owned()))
    }

    /// As it stands in the JWT's `iss`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no App id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppIssuerError {
    /// Nothing there.
    #[error("the App id is empty")]
    Empty,
    /// Neither digits nor `Iv…`.
    #[error("an App id is a number such as 123456, or a client id that begins with `Iv`")]
    Shape,
}

/// The operator's own name for an App: lower-case letters, digits, `-`, `_` and `.`, at most 64.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppName(String);

impl AppName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`AppNameError`] when it has other characters, or none, or too many.
    pub fn parse(text: &str) -> Result<Self, AppNameError> {
        let fine = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
        let ok = (1..=64).contains(&text.len()) && text.bytes().all(fine) && !text.starts_with(['.', '-']);
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(AppNameError)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no name for an App.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an App's name has 1 to 64 characters of a-z, 0-9, `-`, `_` and `.`, and begins with a letter, a digit or `_`")]
pub struct AppNameError;

/// Where an App's row came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppOrigin {
    /// Added over the API or the command line; lives in the vault.
    Added,
    /// Named in the configuration or the environment; its key never touches the database.
    Configured,
}

#[cfg(test)]
mod tests {
    use super::{AppIssuer, AppName};

    #[test]
    fn an_issuer_is_a_number_or_a_client_id() {
        assert_eq!(AppIssuer::parse(" 123456\n").unwrap().as_str(), "123456");
        assert!(AppIssuer::parse("Iv1.0123456789abcdef").is_ok());
        assert!(AppIssuer::parse("Iv23liABCDEFGHIJKLMN").is_ok());
        for bad in [
            "",
            " ",
            "my-app",
            "12 34",
            "99999999999999999999999",
            "Iv1.\u{7f}",
            "https://x",
        ] {
            assert!(AppIssuer::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_fits_a_path_and_a_shell() {
        assert!(AppName::parse("ci-bot_2.x").is_ok());
        for bad in ["", "CI", "a b", "a/b", "..", "-x", &"a".repeat(65)] {
            assert!(AppName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
