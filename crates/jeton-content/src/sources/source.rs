//! One credential that may be asked, or nobody's.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use jeton_accounts::WorkAccount;
use jeton_broker::{WorkApp, WorkToken};
use jeton_domain::{AccountId, AppId, Credential, Diagnosis, Fingerprint, ForgeEndpoint};
use jiff::{SignedDuration, Timestamp};

use super::{gate::Gate, sight::Sight};

/// Which credential it is. An account whose token was replaced is another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum SourceKey {
    /// An App's tokens.
    App(AppId),
    /// An account's token.
    Account(AccountId, Fingerprint),
    /// A token that somebody has brought along.
    Given(Fingerprint),
    /// Nobody.
    Anonymous,
}

/// How to come by the credential.
#[derive(Debug)]
pub(super) enum Means {
    App(WorkApp),
    Account(Box<WorkAccount>, OnceLock<Arc<Credential>>),
    Given(Arc<Credential>),
    /// An App whose token cannot be had now.
    #[cfg(test)]
    Failing(jeton_broker::BrokerError),
    Nobody,
}

/// A credential that may be asked about one repository for one caller.
#[derive(Debug)]
pub(super) struct Source {
    /// As policies name it.
    pub(super) name: Arc<str>,
    pub(super) key: SourceKey,
    pub(super) forge: ForgeEndpoint,
    pub(super) means: Means,
    /// By what policy it may be asked.
    pub(super) rule: Option<Arc<str>>,
    pub(super) gate: Arc<Gate>,
    pub(super) sight: Arc<Sight>,
    /// Whether it is on record that it serves the caller.
    pub(super) is_noted: AtomicBool,
}

/// A credential at hand.
#[derive(Debug)]
pub(super) enum Hand {
    Minted(Box<WorkToken>, Credential),
    Kept(Arc<Credential>),
    Nobody,
}

impl Hand {
    pub(super) fn credential(&self) -> Option<&Credential> {
        match self {
            Self::Minted(_, credential) => Some(credential),
            Self::Kept(credential) => Some(credential),
            Self::Nobody => None,
        }
    }
}

/// In which order sources are asked; the least first.
pub(super) type Rank = (bool, bool, bool, u64, bool, usize, usize);

impl Source {
    /// How long ago it was seen to read the repository, if it was.
    pub(super) fn age(&self, now: Timestamp) -> Option<SignedDuration> {
        self.sight.age(self.gate.rejected_at(), now)
    }

    /// Those that were seen to read it first, then those with the most left; of equals Apps before accounts, the more exact before the
    /// others, and then as they come. Nobody is asked last.
    pub(super) fn rank(&self, index: usize, now: Timestamp) -> Rank {
        let is_account = !matches!(self.means, Means::App(_));
        let exactness = match &self.means {
            Means::Account(account, _) => account.exactness(),
            _ => 0,
        };
        (
            self.key == SourceKey::Anonymous,
            self.age(now).is_none(),
            !self.gate.is_open(now),
            1000 - self.gate.left(now).min(1000),
            is_account,
            exactness,
            index,
        )
    }

    /// What is wrong with it, while it is passed over for that.
    pub(super) fn notice(&self, now: Timestamp) -> Option<Diagnosis> {
        let found = self.gate.rejected(now).or_else(|| {
            let refused = self.sight.refused(now)?;
            refused.tells.then_some(refused.diagnosis)
        });
        found.map(|diagnosis| named(&self.name, diagnosis))
    }

    /// Whether this is the first time that it serves the caller, as far as this way knows.
    pub(super) fn take_note(&self) -> bool {
        !self.is_noted.load(Ordering::Relaxed) && !self.is_noted.swap(true, Ordering::Relaxed)
    }
}

/// A finding that says whose it is.
pub(super) fn named(source: &str, diagnosis: Diagnosis) -> Diagnosis {
    Diagnosis {
        cause: format!("{source}: {}", diagnosis.cause),
        ..diagnosis
    }
}
