//! `Accounts` on a database of its own, with a clock that a test moves.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use jeton_access::{Access, AccessParts, AccessSettings, OperatorKeys, PolicyChange};
use jeton_accounts::{
    Account, AccountSettings, Accounts, AccountsParts, EnvironmentAccount, NewAccount, WebhookSender, Webhooks,
};
use jeton_domain::{
    AccountId, Caller, CheckReport, ClientId, ClientName, Clock, CredentialKind, Entropy, Fingerprint, GrantId,
    Identity, Pause, Role, Secret, UserId, UserName,
};
use jeton_ledger::{Ledger, LedgerParts, VerifyOptions};
use jeton_oidc::{JwtVerifier, OidcHttpOptions};
use jeton_policy::{CallerSpec, OneOrMany, PolicySpec};
use jeton_seal::{DataKey, KeyRing};
use jeton_vault::{GrantOf, GrantRecord, LedgerEntry, LedgerFilter, Vault};
use jeton_vault_sqlite::SqliteVault;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use uuid::Uuid;

use crate::forges::{FakeForges, says_yes};

#[derive(Debug, Clone)]
pub(crate) struct TestClock(Arc<Mutex<Timestamp>>);

impl TestClock {
    pub(crate) fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, pause: Duration) -> Pause<'_> {
        Box::pin(async move {
            self.advance(SignedDuration::try_from(pause).unwrap());
            tokio::task::yield_now().await;
        })
    }
}

#[derive(Debug)]
pub(crate) struct Random;

impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        SystemRandom::new().fill(buffer).unwrap();
    }
}

#[derive(Debug)]
pub(crate) struct NoSender;

#[async_trait]
impl WebhookSender for NoSender {
    async fn post(&self, _: &str, _: Vec<(&'static str, String)>, _: Vec<u8>) -> Result<u16, String> {
        Err("nobody listens".to_owned())
    }
}

pub(crate) struct World {
    pub(crate) accounts: Accounts,
    pub(crate) access: Access,
    pub(crate) forges: Arc<FakeForges>,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) clock: TestClock,
    pub(crate) dir: TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_in(Vec::new()).await
    }

    /// With tokens in the environment.
    pub(crate) async fn start_in(environment: Vec<EnvironmentAccount>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let vault: Arc<dyn Vault> = Arc::new(SqliteVault::open(&dir.path().join("jeton.db")).await.unwrap());
        let test_clock = TestClock(Arc::new(Mutex::new("2026-11-02T09:00:00Z".parse().unwrap())));
        let clock: Arc<dyn Clock> = Arc::new(test_clock.clone());
        let ring = Arc::new(KeyRing::new([], &DataKey::generate(&Random)));
        let ledger = Ledger::open(LedgerParts {
            vault: Arc::clone(&vault),
            ring: Arc::clone(&ring),
            clock: Arc::clone(&clock),
            entropy: Arc::new(Random),
            anchor_file: None,
        });
        let access = Access::start(AccessParts {
            vault: Arc::clone(&vault),
            ring: Arc::clone(&ring),
            ledger: ledger.await.unwrap(),
            verifier: JwtVerifier::new(Vec::new(), Arc::clone(&clock), OidcHttpOptions::default()).unwrap(),
            sign_in: None,
            operator_keys: OperatorKeys::default(),
            clock: Arc::clone(&clock),
            entropy: Arc::new(Random),
            settings: AccessSettings::default(),
        });
        let access = access.await.unwrap();
        let forges = Arc::new(FakeForges::default());
        let accounts = Accounts::new(AccountsParts {
            vault: Arc::clone(&vault),
            ring,
            access: access.clone(),
            forges: Arc::clone(&forges) as _,
            webhooks: Webhooks::new(Vec::new(), Arc::new(NoSender)),
            clock,
            entropy: Arc::new(Random),
            settings: AccountSettings::default(),
            environment,
        });
        Self {
            accounts,
            access,
            forges,
            vault,
            clock: test_clock,
            dir,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A token that its forge takes for `login`'s.
    pub(crate) fn good(&self, token: &Secret, kind: CredentialKind, login: &str) -> CheckReport {
        let report = says_yes(kind, login);
        self.forges.knows(token, report.clone());
        report
    }

    /// Adds a shared classic GitHub token of `octocat`'s.
    pub(crate) async fn add_shared(&self, label: &str, seed: u8) -> Account {
        self.add(&operator(), label, github(seed), |_| {}).await
    }

    /// Adds a token that its forge takes.
    pub(crate) async fn add(
        &self,
        caller: &Caller,
        label: &str,
        token: Secret,
        change: impl FnOnce(&mut NewAccount),
    ) -> Account {
        let is_gitlab = token.expose().starts_with("gl");
        let kind = if is_gitlab {
            CredentialKind::GitLabPersonal
        } else {
            CredentialKind::GitHubClassic
        };
        self.good(&token, kind, "octocat");
        let mut new = NewAccount {
            label: Some(label.to_owned()),
            ..NewAccount::of(token)
        };
        change(&mut new);
        self.accounts.add(caller, Some("request-1"), new).await.unwrap().account
    }

    /// Lets a client do something with everything.
    pub(crate) async fn let_client(&self, name: &str, actions: &[&str], change: impl FnOnce(&mut PolicySpec)) {
        self.let_somebody(
            CallerSpec {
                client: Some(OneOrMany::from(name.to_owned())),
                ..CallerSpec::default()
            },
            name,
            actions,
            change,
        )
        .await;
    }

    /// Lets a person do something with everything.
    pub(crate) async fn let_user(&self, name: &str, actions: &[&str]) {
        let callers = CallerSpec {
            user: Some(OneOrMany::from(name.to_owned())),
            ..CallerSpec::default()
        };
        self.let_somebody(callers, name, actions, |_| {}).await;
    }

    async fn let_somebody(
        &self,
        callers: CallerSpec,
        name: &str,
        actions: &[&str],
        change: impl FnOnce(&mut PolicySpec),
    ) {
        let mut spec = PolicySpec {
            name: format!("for-{name}"),
            callers,
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            ..PolicySpec::default()
        };
        if actions.contains(&"account.use") {
            spec.repositories = vec!["*/*".to_owned()];
        }
        change(&mut spec);
        self.access
            .put_policy(&operator(), None, spec, PolicyChange::Put)
            .await
            .unwrap();
    }

    /// Somebody holds the token of an account.
    pub(crate) async fn grant(&self, account: AccountId, fingerprint: &Fingerprint, holder: &Caller) -> GrantId {
        let id = GrantId::generate(self.now(), &Random);
        let grant = GrantRecord {
            id,
            of: GrantOf::Account(account),
            forge: "github.com".to_owned(),
            source: "account:work".to_owned(),
            repositories: vec!["acme/tools".to_owned()],
            permissions: None,
            fingerprint: fingerprint.clone(),
            holder: holder.identity.to_string(),
            holder_key: holder.identity.key().to_string(),
            rule: "for-ci".to_owned(),
            address: None,
            request_id: None,
            issued_at: self.now(),
            expires_at: self.now() + SignedDuration::from_hours(1),
            released_at: None,
        };
        let mut tx = self.vault.begin().await.unwrap();
        tx.grants().add(&grant).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// All entries, oldest first, after it is sure that the chain is whole.
    pub(crate) async fn record(&self) -> Vec<LedgerEntry> {
        let ledger = self.access.ledger();
        ledger.flush().await.unwrap();
        let verdict = ledger.verify(VerifyOptions::default()).await.unwrap();
        assert!(verdict.findings.is_empty());
        let page = ledger.list(&LedgerFilter::default(), None, 500).await.unwrap();
        page.entries.into_iter().rev().collect()
    }

    /// The names of the entries about accounts, oldest first.
    pub(crate) async fn events(&self) -> Vec<String> {
        let entries = self.record().await.into_iter().map(|entry| entry.event);
        entries.filter(|event| !event.starts_with("policy.")).collect()
    }

    /// The details of the newest entry of an event.
    pub(crate) async fn newest(&self, event: &str) -> BTreeMap<String, serde_json::Value> {
        let entries = self.record().await;
        let entry = entries.iter().rev().find(|entry| entry.event == event).unwrap();
        serde_json::from_str(&entry.body).unwrap()
    }

    /// Whether a text stands anywhere in the database's files.
    pub(crate) fn is_in_the_database(&self, text: &str) -> bool {
        let files = std::fs::read_dir(self.dir.path()).unwrap();
        files
            .map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    }
}

/// Whoever runs the server.
pub(crate) fn operator() -> Caller {
    Caller {
        identity: Identity::Operator,
        address: None,
    }
}

/// A program, whose id is made of its name.
pub(crate) fn client(name: &str) -> Caller {
    Caller {
        identity: Identity::Client {
            id: ClientId::from_uuid(id(name)),
            name: Arc::new(ClientName::parse(name).unwrap()),
        },
        address: None,
    }
}

/// A person, whose id is made of their name.
pub(crate) fn user(name: &str, role: Role) -> Caller {
    Caller {
        identity: Identity::User {
            id: UserId::from_uuid(id(name)),
            name: Arc::new(UserName::parse(name).unwrap()),
            role,
        },
        address: None,
    }
}

fn id(name: &str) -> Uuid {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    Uuid::from_bytes(bytes)
}

/// A whole classic token of GitHub.
pub(crate) fn github(seed: u8) -> Secret {
    let body = letters(seed, 30);
    let check = jeton_inspect::checksum::github_classic(&body);
    Secret::new(format!("{}{body}{check}", ["gh", "p_"].concat()))
}

/// A token of GitLab in the form without a checksum.
pub(crate) fn gitlab(seed: u8) -> Secret {
    Secret::new(format!("{}{}", ["gl", "pat-"].concat(), letters(seed, 20)))
}

/// Letters and digits that look like nothing in particular.
fn letters(seed: u8, count: usize) -> String {
    const ALL: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut state = u64::from(seed) + 1;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(ALL[usize::try_from(state >> 33).unwrap() % ALL.len()])
    };
    std::iter::repeat_with(next).take(count).collect()
}
