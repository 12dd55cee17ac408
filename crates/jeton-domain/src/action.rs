use std::{fmt, str::FromStr};

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $reads:literal;)*) => {
        /// What a caller wants to do: the word that policies use. Added, never renamed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// Every action there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As policies and the record write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whether it changes nothing and opens nothing: an auditor may do it.
            pub fn only_looks(self) -> bool {
                match self { $(Self::$name => $reads,)* }
            }
        }
    };
}

actions! {
    /// Get a token for repositories.
    TokenMint = "token.mint", false;
    /// Use a stored account.
    AccountUse = "account.use", false;
    /// See the stored accounts, without their secrets.
    AccountRead = "account.read", true;
    /// Add, change and remove stored accounts.
    AccountManage = "account.manage", false;
    /// Read files, trees and commits.
    ContentRead = "content.read", false;
    /// Register and remove runners.
    RunnerRegister = "runner.register", false;
    /// Push secrets to a forge.
    SecretPush = "secret.push", false;
    /// Start background sessions.
    SessionCreate = "session.create", false;
    /// See who holds what.
    GrantRead = "grant.read", true;
    /// End what others hold.
    GrantRevoke = "grant.revoke", false;
    /// See the GitHub Apps and check them.
    AppRead = "app.read", true;
    /// Add and remove GitHub Apps.
    AppManage = "app.manage", false;
    /// See the clients, without their keys.
    ClientRead = "client.read", true;
    /// Add, rotate and revoke clients.
    ClientManage = "client.manage", false;
    /// See the users.
    UserRead = "user.read", true;
    /// Add, change and remove users.
    UserManage = "user.manage", false;
    /// See the policies and have requests explained.
    PolicyRead = "policy.read", true;
    /// Change the policies.
    PolicyManage = "policy.manage", false;
    /// Read, verify and export the record.
    RecordRead = "record.read", true;
    /// See the state of the sealing keys.
    KeyRead = "key.read", true;
    /// Rotate and retire sealing keys.
    KeyManage = "key.manage", false;
    /// See the state of the server: what `doctor` finds.
    ServerRead = "server.read", true;
}

impl Action {
    /// Whether it is about repositories, so that a policy for it names them.
    pub fn is_about_repositories(self) -> bool {
        matches!(
            self,
            Self::TokenMint
                | Self::AccountUse
                | Self::ContentRead
                | Self::RunnerRegister
                | Self::SecretPush
                | Self::SessionCreate
        )
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no action")]
pub struct UnknownAction(pub String);

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().find(|action| action.as_str() == text);
        found
            .copied()
            .ok_or_else(|| UnknownAction(text.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::Action;

    #[test]
    fn every_action_reads_back() {
        for action in Action::ALL {
            assert_eq!(action.as_str().parse(), Ok(*action));
        }
        assert!("token.Mint".parse::<Action>().is_err());
    }
}
