use std::{fmt, str::FromStr};

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {what}'s name is 1 to {most} of {alphabet}, and begins with a letter or digit")]
pub struct NameError {
    what: &'static str,
    most: usize,
    alphabet: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $most:literal, $extra:literal, $alphabet:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Reads a name.
            ///
            /// # Errors
            /// [`NameError`] when it has other characters, or none, or too many.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
                let fine = |b: u8| plain(b) || $extra.as_bytes().contains(&b);
                let ok = (1..=$most).contains(&text.len()) && text.bytes().all(fine) && plain(text.as_bytes()[0]);
                if ok {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NameError { what: $what, most: $most, alphabet: $alphabet })
                }
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }
    };
}

name!(
    /// The operator's name for a program that may ask.
    ClientName, "client", 64, "-_.", "a-z, 0-9, `-`, `_` and `.`"
);
name!(
    /// The name of a policy, or of a source that it allows.
    PolicyName, "policy", 100, "-_.:/", "a-z, 0-9, `-`, `_`, `.`, `:` and `/`"
);
name!(
    /// With which a person signs in; may be an e-mail address in lower case.
    UserName, "user", 100, "-_.@+", "a-z, 0-9, `-`, `_`, `.`, `@` and `+`"
);
name!(
    /// The operator's name for whoever signs the tokens of callers.
    IssuerName, "issuer", 64, "-_.", "a-z, 0-9, `-`, `_` and `.`"
);
name!(
    /// The label of a stored account: a short name for commands and policies.
    AccountLabel, "account", 64, "-_.", "a-z, 0-9, `-`, `_` and `.`"
);

#[cfg(test)]
mod tests {
    use super::{ClientName, PolicyName, UserName};

    #[test]
    fn names_are_plain_and_short() {
        assert_eq!(ClientName::parse("ci-runner.2").unwrap().as_str(), "ci-runner.2");
        assert!(UserName::parse("ada@example.org").is_ok() && PolicyName::parse("ci:read/acme").is_ok());
        for bad in ["", "-x", "Upper", "a b", "ä", "a\n", "a/b", &"x".repeat(65)] {
            assert!(ClientName::parse(bad).is_err(), "{bad:?}");
        }
        let words = ClientName::parse("").unwrap_err().to_string();
        assert!(words.starts_with("a client's name is 1 to 64 of"), "{words}");
    }
}
