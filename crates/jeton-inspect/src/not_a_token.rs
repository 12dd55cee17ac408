use jeton_domain::{Code, ForgeKind};

use crate::{
    Finding, Severity,
    kind_words::{Meant, make_one},
};

/// What a text is that is no token of a forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAToken {
    Empty,
    /// `GITHUB_TOKEN=` and nothing.
    NoValue,
    TooLong,
    UserName,
    Email,
    Url,
    SshAddress,
    Repository,
    Path,
    Password,
    Sentence,
    SshPublicKey,
    SshFingerprint,
    PrivateKey,
    Pem,
    /// A reference to a token that some program should have put in.
    Placeholder,
    Example,
    Masked,
    JetonKey,
    Jwt,
    ClientId,
    Cookie,
    DataCenter,
    /// A token, written in base64.
    Base64,
    /// A key of another service, by its name.
    Foreign(&'static str),
    Several,
    Unknown,
}

impl NotAToken {
    pub(crate) fn finding(self, meant: Meant) -> Finding {
        let make = make_one(meant);
        let (code, words, remedy) = match self {
            Self::JetonKey => (
                Code::CredentialWrongKind,
                "This is a key of jeton's own, with which programs ask jeton.",
                format!(
                    "Put it where a program asks jeton, as in JETON_TOKEN. An account needs a token of a forge. {make}"
                ),
            ),
            Self::Jwt => (
                Code::CredentialWrongKind,
                "This is a signed token (JWT), such as the ID token of a CI job, which ends within minutes.",
                format!(
                    "A job sends it to jeton as it is, in its `Authorization` header. An account needs a token of a forge. {make}"
                ),
            ),
            Self::DataCenter => (
                Code::CredentialWrongForge,
                "This is a token of Bitbucket Data Center, which has another API than Bitbucket Cloud.",
                "jeton works with Bitbucket Cloud (bitbucket.org) only.".to_owned(),
            ),
            Self::Foreign(service) => {
                return Finding::new(
                    Code::CredentialNotAToken,
                    Severity::Error,
                    format!("This is a key of {service}, not a token of a forge."),
                    format!("If it was pasted somewhere by mistake, revoke it there. {make}"),
                );
            }
            other => (
                Code::CredentialNotAToken,
                other.words(),
                other.remedy(make, meant.forge),
            ),
        };
        Finding::new(code, Severity::Error, words, remedy)
    }

    fn words(self) -> &'static str {
        match self {
            Self::Empty => "There is nothing but white space, quotes or brackets.",
            Self::NoValue => "A name stands there, and no token after it.",
            Self::TooLong => "The text is far longer than any token.",
            Self::UserName => "This looks like a user name, not a token.",
            Self::Email => "This is an e-mail address, not a token.",
            Self::Url => "This is a URL without a token in it.",
            Self::SshAddress => "This is the SSH address of a repository, not a token.",
            Self::Repository => "This looks like the name of a repository, not a token.",
            Self::Path => "This looks like the name of a file, not like the token in it.",
            Self::Password => "This looks like a password or a name, not a token.",
            Self::Sentence => "These are words, not a token.",
            Self::SshPublicKey => "This is a public SSH key, not a token.",
            Self::SshFingerprint => "This is the fingerprint of a key, not a token.",
            Self::PrivateKey => "This is a private key, not a token.",
            Self::Pem => "This is a certificate or a public key, not a token.",
            Self::Placeholder => "This is a reference to a token that was not replaced by the token itself.",
            Self::Example => "This is an example out of a manual, not a token.",
            Self::Masked => "The token is masked: what is shown are stars or dots in its place.",
            Self::ClientId => "This is the client id of an App, not a token.",
            Self::Cookie => "This is the cookie of a browser's session, not a token.",
            Self::Base64 => {
                "This is a token written in base64, as Kubernetes and Docker keep theirs, not the token itself."
            }
            Self::Several => "There are several different tokens in the text.",
            Self::Unknown | Self::JetonKey | Self::Jwt | Self::DataCenter | Self::Foreign(_) => {
                "This is no token that GitHub, GitLab or Bitbucket makes."
            }
        }
    }

    fn remedy(self, make: String, expected: Option<ForgeKind>) -> String {
        match self {
            Self::Empty | Self::NoValue => {
                "Paste the token. If a variable was meant to give it, look whether it is set where this runs.".to_owned()
            }
            Self::TooLong => "Paste the token alone.".to_owned(),
            Self::UserName => format!("Give the user name in its own field; here goes a token. {make}"),
            Self::Email => format!("Give the e-mail address in its own field; here goes a token. {make}"),
            Self::Url => format!("Give the address in its own field; here goes a token. {make}"),
            Self::SshAddress | Self::Repository => {
                format!("Give the repository in its own field; here goes a token. {make}")
            }
            Self::Path => "Give the file's content: `jeton token inspect < FILE`.".to_owned(),
            Self::Password => format!("The APIs of the forges take no passwords. {make}"),
            Self::SshPublicKey | Self::SshFingerprint | Self::Pem => {
                format!("SSH keys and certificates open git, not the API. {make}")
            }
            Self::PrivateKey => format!(
                "The key of a GitHub App goes to `jeton app add NAME --app-id ID --key-file FILE`. An SSH key opens git, not the \
                 API; whoever may have seen it can use it. {make}"
            ),
            Self::Placeholder => {
                "What should replace it did not run: a shell expands no variables in single quotes, `${{ secrets.… }}` works \
                 in a workflow file alone, and `op://…` needs `op read`. Paste the token itself."
                    .to_owned()
            }
            Self::Example => format!("Put your own token in its place. {make}"),
            Self::Masked => {
                "Copy the token from where it is shown whole. `gh auth token` prints the one of GitHub's command line; CI never \
                 shows its secrets again, and the forges show a token only when it is made."
                    .to_owned()
            }
            Self::ClientId => {
                "It goes to `jeton app add NAME --app-id ID`, together with the App's private key.".to_owned()
            }
            Self::Cookie => format!("Sign out of that session, since others may use its cookie. {make}"),
            Self::Base64 => {
                "Decode it first, as with `base64 -d`; a user name and a colon before the token go in a field of their own."
                    .to_owned()
            }
            Self::Several => "Paste one token alone.".to_owned(),
            Self::Unknown if expected != Some(ForgeKind::GitLab) => format!(
                "If it is a token of a GitLab whose administrator chose another prefix, or none, say so with `--forge gitlab` and the \
                 address of that GitLab. {make}"
            ),
            _ => make,
        }
    }
}
