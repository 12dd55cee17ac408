//! Runners, their tokens, environments and secrets as the forge keeps them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::routes::{RunnerTokenPurpose, SecretFamily};
use super::rules::CiRules;
use super::seal::KeyPair;
use crate::github::token::TokenDigest;

/// Where runners and secrets belong. By number: names change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Repository(u64),
    /// With the environment's name in lower case.
    Environment(u64, String),
    Organization(u64),
    Enterprise(u64),
}

/// What a company with several organizations has.
pub(crate) struct Enterprise {
    pub(crate) id: u64,
    pub(crate) slug: String,
    pub(crate) admins: BTreeSet<u64>,
}

pub(crate) struct RunnerToken {
    pub(crate) place: Place,
    pub(crate) purpose: RunnerTokenPurpose,
    pub(crate) expires_at: Timestamp,
    /// Runners that it added or took away.
    pub(crate) uses: u32,
    /// In what order they were given out.
    pub(crate) number: usize,
}

#[derive(Clone)]
pub(crate) struct Runner {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) labels: Vec<Label>,
    pub(crate) group: u64,
    pub(crate) ephemeral: bool,
}

#[derive(Clone)]
pub(crate) struct Label {
    pub(crate) id: u64,
    pub(crate) name: String,
}

pub(crate) struct Environment {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) created_at: Timestamp,
}

/// A secret's own visibility; only those of organizations have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Visibility {
    All,
    Private,
    /// With the repositories' numbers.
    Selected(BTreeSet<u64>),
}

pub(crate) struct StoredSecret {
    /// `None`: made behind the API, without a value.
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) visibility: Option<Visibility>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// The key that secrets are sealed for, with its number.
#[derive(Clone)]
pub(crate) struct SecretKey {
    pub(crate) id: String,
    pub(crate) pair: KeyPair,
}

/// The secrets of one place.
#[derive(Default)]
pub(crate) struct SecretStore {
    /// Made when it is first asked for.
    pub(crate) key: Option<SecretKey>,
    /// The next `PUT` meets a new key.
    pub(crate) rotate_before_put: bool,
    /// By name in upper case.
    pub(crate) secrets: BTreeMap<String, StoredSecret>,
}

/// All of it.
#[derive(Default)]
pub(crate) struct Ci {
    pub(crate) rules: CiRules,
    /// By slug in lower case.
    pub(crate) enterprises: BTreeMap<String, Enterprise>,
    pub(crate) tokens: HashMap<TokenDigest, RunnerToken>,
    pub(crate) runners: BTreeMap<Place, Vec<Runner>>,
    /// By repository and name in lower case.
    pub(crate) environments: BTreeMap<(u64, String), Environment>,
    pub(crate) stores: BTreeMap<(Place, SecretFamily), SecretStore>,
    /// Repositories that may have no runners of their own.
    pub(crate) without_runners: BTreeSet<u64>,
    last_id: u64,
}

impl Ci {
    /// A number of a runner, a label or an environment.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}
