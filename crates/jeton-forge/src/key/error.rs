use jeton_domain::{Code, Coded};

/// What a text is that is no private key of a GitHub App.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppKeyError {
    /// Nothing, or white space.
    #[error("the private key is empty")]
    Empty,
    /// The public half.
    #[error("this is a public key; an App signs with its private key")]
    PublicKey,
    /// A certificate, or a request for one.
    #[error("this is a certificate, not a private key")]
    Certificate,
    /// OpenSSH's own format.
    #[error("this is a key in OpenSSH's own format, not in PEM")]
    OpenSsh {
        /// It is an RSA key, so that it could be converted.
        rsa: bool,
    },
    /// A pass phrase protects it.
    #[error("this private key is encrypted with a pass phrase")]
    Encrypted,
    /// A private key for EC, Ed25519 or another algorithm.
    #[error("this is a private key, but not an RSA key; GitHub Apps sign with RSA")]
    NotRsa,
    /// Fewer than 2048 bits.
    #[error("this RSA key has {0} bits; it needs at least 2048")]
    TooSmall(usize),
    /// More than 8192 bits.
    #[error("this RSA key has {0} bits; at most 8192 can be used")]
    TooLarge(usize),
    /// No text at all.
    #[error("this is not text; it looks like {looks_like}")]
    NotText {
        /// A guess, with its article.
        looks_like: &'static str,
    },
    /// A part is missing or damaged.
    #[error("the private key is cut or damaged: {what} cannot be read")]
    Cut {
        /// Which part.
        what: &'static str,
    },
    /// More than one private key.
    #[error("there is more than one private key in this text")]
    TwoKeys,
    /// The name of a file in place of what is in it.
    #[error("this looks like the path of a file, not like the key in it")]
    APath,
    /// A token or client secret.
    #[error("this is a token or a client secret, not a private key")]
    AToken,
    /// Nothing that is known.
    #[error("this is no private key in PEM: it does not begin with `-----BEGIN RSA PRIVATE KEY-----`")]
    NotPem,
}

/// Where the right key comes from.
const GENERATE: &str = "the App's settings page on GitHub (https://github.com/settings/apps/APP, or \
    https://github.com/organizations/OWNER/settings/apps/APP; \"Private keys\", \"Generate a private key\")";

impl Coded for AppKeyError {
    fn code(&self) -> Code {
        Code::AppKeyInvalid
    }

    fn remedy(&self) -> Option<String> {
        let first = match self {
            Self::Empty => "Paste the whole file, with its BEGIN and END lines.",
            Self::PublicKey | Self::Certificate | Self::NotPem => "Use the .pem file that GitHub let you download.",
            Self::OpenSsh { rsa: true } => {
                "Convert a copy of it with `ssh-keygen -p -m PEM -f FILE`, if it is really the App's key."
            }
            Self::OpenSsh { rsa: false } => "It cannot be converted, because it is not an RSA key.",
            Self::Encrypted => "Remove the pass phrase with `openssl rsa -in FILE -out PLAIN-FILE`.",
            Self::NotRsa | Self::TooSmall(_) | Self::TooLarge(_) => "GitHub's own keys are RSA with 2048 bits.",
            Self::NotText { looks_like } if looks_like.contains("DER") => {
                "Convert it with `openssl rsa -inform DER -in FILE -out KEY.pem`, if it is the App's key."
            }
            Self::NotText { looks_like } if looks_like.contains("UTF-16") => "Save the file as UTF-8.",
            Self::NotText { .. } => "Choose the .pem file that GitHub let you download.",
            Self::Cut { .. } => "Copy the whole file again, from `-----BEGIN` to `-----END …-----` with all dashes.",
            Self::TwoKeys => "Keep the one that the App's settings page lists.",
            Self::APath => {
                "To read the key from a file, use the option whose name ends in `_file`, or give what is in the file."
            }
            Self::AToken => {
                "Revoke it if others may have seen it. An App signs with a private key, which begins with `-----BEGIN`."
            }
        };
        Some(format!("{first} A new key comes from {GENERATE}."))
    }
}
