use std::{fmt, sync::Arc};

use arc_swap::ArcSwapOption;
use jeton_domain::{AccountId, AccountLabel, CheckReport, Credential, Fingerprint};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// A token that the server found in its environment. It is never written to the database; what is known of it stands in
/// memory.
#[derive(Debug, Clone)]
pub struct EnvironmentAccount {
    /// Made of the variable's name: the same after each start.
    pub id: AccountId,
    /// The variable's name in lower case, with `-` for `_`.
    pub label: AccountLabel,
    /// The variable.
    pub variable: &'static str,
    /// The token with all that belongs to it.
    pub credential: Credential,
    /// What may be shown of it.
    pub fingerprint: Fingerprint,
    /// What the last look found.
    pub report: Arc<ArcSwapOption<CheckReport>>,
}

impl EnvironmentAccount {
    /// The token of a variable; `None` for a variable whose name makes no label.
    pub(crate) fn new(variable: &'static str, credential: Credential) -> Option<Self> {
        let label = AccountLabel::parse(&variable.to_ascii_lowercase().replace('_', "-")).ok()?;
        Some(Self {
            id: id_of(variable),
            label,
            variable,
            fingerprint: Fingerprint::of(&credential.token),
            credential,
            report: Arc::default(),
        })
    }

    /// When it ends, by the last look.
    pub(crate) fn known_end(&self) -> Option<Timestamp> {
        self.report.load().as_ref().and_then(|report| report.end.time())
    }

    /// Its name in policies and grants: `account:env/github-token`.
    pub fn source(&self) -> String {
        format!("account:env/{}", self.label)
    }
}

/// Something in the environment that looks as if it were for jeton, and is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentNote {
    /// The variable.
    pub variable: &'static str,
    /// Why it is not used, and what to do; never a part of its value.
    pub words: String,
}

impl fmt::Display for EnvironmentNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.words)
    }
}

/// What stands in an environment.
#[derive(Debug, Clone, Default)]
pub struct FoundEnvironment {
    /// The tokens that can be used.
    pub accounts: Vec<EnvironmentAccount>,
    /// What cannot.
    pub notes: Vec<EnvironmentNote>,
}

/// A UUID of a kind of our own (version 8, RFC 9562), so that it is no stored account's.
fn id_of(variable: &str) -> AccountId {
    let mut hash = Sha256::new();
    hash.update(b"jeton environment account\0");
    hash.update(variable);
    let digest = hash.finalize();
    let bytes: [u8; 16] = std::array::from_fn(|index| digest[index]);
    AccountId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::id_of;

    #[test]
    fn an_id_is_the_variables_for_ever() {
        assert_eq!(id_of("GITHUB_TOKEN"), id_of("GITHUB_TOKEN"));
        assert_ne!(id_of("GITHUB_TOKEN"), id_of("GH_TOKEN"));
        assert_eq!(id_of("GITHUB_TOKEN").as_uuid().get_version_num(), 8);
    }
}
