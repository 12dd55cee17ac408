//! Renewals, with a process that dies at every step and a forge that takes a second try for theft.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jeton_accounts::{
    AccountChange, AccountSettings, Accounts, AccountsParts, ForgeClients, NewAccount, RotationState, Webhooks,
};
use jeton_domain::{
    CheckReport, Clock, Code, Credential, CredentialKind, Diagnosis, Entropy, ForgeEndpoint, ForgeKind, Purpose,
    Secret, TokenEnd, Validity,
};
use jeton_forge::{AccountForge, CheckAsk, RepositoryPage, Rotated, TokenEnded, TokenGuide};
use jeton_jobs::Worker;
use jeton_seal::{DataKey, KeyRing};
use jeton_vault::Vault;
use jiff::{SignedDuration, Timestamp, civil::Date};
use tokio::sync::Notify;

use crate::{
    forges::{says_no, says_yes},
    mortal::{Death, Life, MortalVault},
    world::{Random, World, client, operator},
};

/// What goes wrong with the request for a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    /// The connection is refused.
    NotReached,
    /// The request is lost on its way.
    LostOnTheWay,
    /// The forge does it, and its answer is lost.
    AnswerLost,
    /// The process dies while the forge has the request, which it then does.
    DiesMeanwhile,
    /// The forge says no.
    Refused,
    /// The forge takes its time, and then does it.
    Slow,
}

/// A GitLab with one family of tokens, which ends when a dead one is renewed.
#[derive(Debug)]
struct GitLab {
    state: Mutex<Family>,
    /// Told when the process dies at this forge.
    life: Mutex<Arc<Life>>,
    /// A slow request has come.
    reached: Notify,
    /// It is answered.
    answer: Notify,
}

#[derive(Debug)]
struct Family {
    /// Each token and whether it is alive.
    tokens: BTreeMap<String, bool>,
    trouble: Vec<Trouble>,
    /// Whether a dead token was renewed.
    theft: bool,
    renewals: u32,
    end: Timestamp,
    /// Whether looks bring no clear word.
    silent: bool,
    scopes: Option<Vec<String>>,
}

impl GitLab {
    fn state(&self) -> std::sync::MutexGuard<'_, Family> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn renew(&self, old: &str) -> Option<(Secret, Timestamp)> {
        let mut family = self.state();
        if !family.tokens.get(old).copied().unwrap_or(false) {
            family.theft = true;
            family.tokens.values_mut().for_each(|alive| *alive = false);
            return None;
        }
        family.renewals += 1;
        let new = token(family.renewals);
        family.tokens.insert(old.to_owned(), false);
        family.tokens.insert(new.clone(), true);
        family.end += SignedDuration::from_hours(24 * 90);
        Some((Secret::new(new), family.end))
    }
}

/// A legacy token of GitLab, made here.
fn token(number: u32) -> String {
    format!("{}{}{number:04}", ["glp", "at-"].concat(), "jetonFamilyTest0")
}

impl ForgeClients for GitLab {
    fn of(&self, _: ForgeKind) -> &dyn AccountForge {
        self
    }
}

fn diagnosis(code: Code) -> Diagnosis {
    Diagnosis {
        code,
        cause: "the forge said so".to_owned(),
        remedy: "Do something.".to_owned(),
        url: None,
        retry_at: None,
    }
}

#[async_trait]
impl AccountForge for GitLab {
    async fn check(&self, credential: &Credential, _: &CheckAsk, now: Timestamp) -> CheckReport {
        let family = self.state();
        let alive = family.tokens.get(credential.token.expose()).copied().unwrap_or(false);
        let mut report = if alive {
            says_yes(CredentialKind::GitLabPersonal, "ada")
        } else {
            says_no(CredentialKind::GitLabPersonal, Code::CredentialRevoked)
        };
        if alive {
            report.end = TokenEnd::At(family.end);
        }
        if family.silent {
            report.validity = Validity::Unknown;
            report.end = TokenEnd::Unknown;
            report.diagnoses = vec![diagnosis(Code::ForgeUnavailable)];
        }
        report.scopes.clone_from(&family.scopes);
        report.checked_at = now;
        report
    }

    async fn list_repositories(
        &self,
        _: &Credential,
        _: Option<&str>,
        _: u32,
        _: Timestamp,
    ) -> Result<RepositoryPage, Box<Diagnosis>> {
        Err(Box::new(diagnosis(Code::ForgeUnavailable)))
    }

    async fn rotate(&self, credential: &Credential, _: Option<Date>, _: Timestamp) -> Rotated {
        let trouble = self.state().trouble.pop().unwrap_or(Trouble::None);
        let old = credential.token.expose();
        match trouble {
            Trouble::None => match self.renew(old) {
                Some((token, end)) => Rotated::Renewed {
                    token,
                    end: TokenEnd::At(end),
                },
                None => Rotated::Refused(diagnosis(Code::CredentialRevoked)),
            },
            Trouble::NotReached => Rotated::NotAsked(diagnosis(Code::ForgeUnavailable)),
            Trouble::LostOnTheWay => Rotated::Unclear(diagnosis(Code::ForgeTimeout)),
            Trouble::AnswerLost => {
                self.renew(old);
                Rotated::Unclear(diagnosis(Code::ForgeTimeout))
            }
            Trouble::DiesMeanwhile => {
                self.renew(old);
                let life = Arc::clone(&self.life.lock().unwrap());
                life.die().await;
                unreachable!("nobody comes back")
            }
            Trouble::Refused => Rotated::Refused(diagnosis(Code::CredentialScope)),
            Trouble::Slow => {
                self.reached.notify_one();
                self.answer.notified().await;
                let (token, end) = self.renew(old).unwrap();
                Rotated::Renewed {
                    token,
                    end: TokenEnd::At(end),
                }
            }
        }
    }

    async fn end_token(&self, _: &Credential, _: Timestamp) -> TokenEnded {
        unreachable!("a renewal ends the old token by itself")
    }

    fn cannot_end(&self, _: &ForgeEndpoint, _: CredentialKind) -> Option<Diagnosis> {
        None
    }

    fn guide(&self, _: &ForgeEndpoint, _: Option<CredentialKind>, _: &[Purpose], _: Option<&str>) -> TokenGuide {
        unreachable!("nobody asks")
    }
}

/// A server that may die, on a database that stays.
struct Rig {
    world: World,
    ring: Arc<KeyRing>,
    forge: Arc<GitLab>,
}

impl Rig {
    async fn start(trouble: &[Trouble]) -> Self {
        let world = World::start().await;
        let end = world.now() + SignedDuration::from_hours(24 * 90);
        let mut trouble = trouble.to_vec();
        trouble.reverse();
        let forge = Arc::new(GitLab {
            state: Mutex::new(Family {
                tokens: BTreeMap::from([(token(0), true)]),
                trouble,
                theft: false,
                renewals: 0,
                end,
                silent: false,
                scopes: None,
            }),
            life: Mutex::new(Life::until(Death::NEVER)),
            reached: Notify::new(),
            answer: Notify::new(),
        });
        let ring = Arc::new(KeyRing::new([], &DataKey::generate(&Random)));
        let this = Self { world, ring, forge };
        let (accounts, _) = this.server(&Life::until(Death::NEVER));
        let new = NewAccount {
            label: Some("lab".to_owned()),
            forge: Some("gitlab".to_owned()),
            ..NewAccount::of(Secret::new(token(0)))
        };
        accounts.add(&operator(), None, new).await.unwrap();
        this
    }

    /// Another process on the same database.
    fn server(&self, life: &Arc<Life>) -> (Accounts, Worker) {
        *self.forge.life.lock().unwrap() = Arc::clone(life);
        let vault: Arc<dyn Vault> = Arc::new(MortalVault {
            vault: Arc::clone(&self.world.vault),
            life: Arc::clone(life),
        });
        let clock: Arc<dyn Clock> = Arc::new(self.world.clock.clone());
        let entropy: Arc<dyn Entropy> = Arc::new(Random);
        let accounts = Accounts::new(AccountsParts {
            vault: Arc::clone(&vault),
            ring: Arc::clone(&self.ring),
            access: self.world.access.clone(),
            forges: Arc::clone(&self.forge) as _,
            webhooks: Webhooks::new(Vec::new(), Arc::new(crate::world::NoSender)),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            settings: AccountSettings::default(),
            environment: Vec::new(),
        });
        let worker = Worker::new(
            vault,
            clock,
            entropy,
            accounts.handlers(),
            Arc::clone(accounts.wake_worker()),
        );
        (accounts, worker)
    }

    /// Lives until a renewal that was begun is over, for eight rounds at most, or until death.
    async fn live(&self, life: Arc<Life>) {
        let account = self.account().await.id;
        let (accounts, worker) = self.server(&life);
        let (clock, vault) = (self.world.clock.clone(), Arc::clone(&self.world.vault));
        let living = tokio::spawn(async move {
            for _ in 0..8 {
                accounts.watch().await.unwrap();
                worker.run_due().await.unwrap();
                let renewals = vault.read().await.unwrap().rotations().list(account, 1).await.unwrap();
                if renewals.first().is_none_or(|newest| newest.state.is_closed()) {
                    return;
                }
                clock.advance(SignedDuration::from_secs(310));
            }
        });
        tokio::select! {
            outcome = living => outcome.unwrap(),
            () = life.died.notified() => {}
        }
    }

    async fn account(&self) -> jeton_accounts::Account {
        let (accounts, _) = self.server(&Life::until(Death::NEVER));
        accounts.get(&operator(), "lab").await.unwrap()
    }

    /// Whether the account's token is one that the forge takes.
    async fn works(&self) -> bool {
        let (accounts, _) = self.server(&Life::until(Death::NEVER));
        let (_, report) = accounts
            .test_stored(&operator(), None, "lab", Vec::new(), None)
            .await
            .unwrap();
        report.validity == Validity::Valid
    }
}

/// Eighty-four days of ninety: a renewal is due.
const DUE: SignedDuration = SignedDuration::from_hours(24 * 84);

#[tokio::test]
async fn a_due_token_is_renewed_by_itself() {
    let rig = Rig::start(&[]).await;
    assert!(rig.account().await.rotate_at.is_some());
    rig.live(Life::until(Death::NEVER)).await;
    assert_eq!(rig.forge.state().renewals, 0, "nothing is due yet");
    rig.world.clock.advance(DUE);
    let before = rig.account().await.fingerprint;
    rig.live(Life::until(Death::NEVER)).await;
    let account = rig.account().await;
    assert_eq!(account.rotation.unwrap().state, RotationState::Done);
    assert_ne!(account.fingerprint, before);
    assert!(rig.works().await && !rig.forge.state().theft);
    assert_eq!(rig.forge.state().renewals, 1, "and not again");
    let events = rig.world.events().await;
    assert!(events.contains(&"account.rotation_started".to_owned()) && events.contains(&"account.rotated".to_owned()));
    assert!(!rig.world.is_in_the_database(&token(1)), "the new token lies sealed");
}

/// Lets a process die before and after each of its commits, another one take over, and looks at what is left.
async fn dies_at_every_step(trouble: &[Trouble], may_lose: Loses) {
    let (mut cases, mut lost) = (0, 0);
    for after in [false, true] {
        for at in 0.. {
            let rig = Rig::start(trouble).await;
            rig.world.clock.advance(DUE);
            let life = Life::until(Death { at, after });
            let outlived = tokio::time::timeout(Duration::from_mins(1), rig.live(Arc::clone(&life)));
            outlived.await.unwrap();
            // Another process takes over, when the lease of the dead one's job has ended.
            rig.world.clock.advance(SignedDuration::from_mins(5));
            rig.live(Life::until(Death::NEVER)).await;
            let place = format!("{trouble:?}, death at commit {at}, after it: {after}");
            assert!(!rig.forge.state().theft, "a dead token was renewed: {place}");
            let account = rig.account().await;
            let rotation = account.rotation.unwrap_or_else(|| panic!("no renewal: {place}"));
            match rotation.state {
                RotationState::Done => {
                    assert!(rig.works().await, "{place}");
                    assert_eq!(rig.forge.state().renewals, 1, "{place}");
                    assert_ne!(may_lose, Loses::Always, "{place}");
                }
                RotationState::Lost => {
                    lost += 1;
                    assert_eq!(account.validity, Validity::Invalid, "{place}");
                    assert_eq!(account.finding.unwrap().code, Code::RotationLost, "{place}");
                    let events = rig.world.events().await;
                    assert!(events.contains(&"account.rotation_lost".to_owned()), "{place}");
                }
                other => panic!("{other:?}: {place}"),
            }
            cases += 1;
            if !life.has_ended() {
                break; // every commit has had its turn
            }
        }
    }
    assert!(cases >= 8, "{cases} cases");
    match may_lose {
        // The one moment that nothing can help: the forge has answered, and its answer is not written down yet.
        Loses::Once => assert_eq!(lost, 1),
        Loses::Always => assert_eq!(lost, cases),
    }
}

/// In how many cases the new token is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loses {
    Once,
    Always,
}

#[tokio::test]
async fn whatever_dies_when_nothing_is_asked_twice() {
    dies_at_every_step(&[], Loses::Once).await;
}

#[tokio::test]
async fn whatever_dies_when_a_forge_that_was_not_reached_is_asked_again() {
    dies_at_every_step(&[Trouble::NotReached], Loses::Once).await;
}

#[tokio::test]
async fn whatever_dies_when_a_request_that_got_lost_is_found_out() {
    dies_at_every_step(&[Trouble::LostOnTheWay], Loses::Once).await;
}

#[tokio::test]
async fn whatever_dies_when_a_lost_answer_is_told() {
    dies_at_every_step(&[Trouble::AnswerLost], Loses::Always).await;
}

#[tokio::test]
async fn a_process_that_dies_while_the_forge_has_the_request_asks_no_second_time() {
    let rig = Rig::start(&[Trouble::DiesMeanwhile]).await;
    rig.world.clock.advance(DUE);
    let life = Life::until(Death::NEVER);
    rig.live(Arc::clone(&life)).await;
    assert!(life.has_ended());
    rig.world.clock.advance(SignedDuration::from_mins(5));
    rig.live(Life::until(Death::NEVER)).await;
    assert_eq!(rig.account().await.rotation.unwrap().state, RotationState::Lost);
    assert!(!rig.forge.state().theft);
}

#[tokio::test]
async fn a_refusal_alarms_while_the_old_token_lives_and_is_tried_again_a_day_later() {
    let rig = Rig::start(&[Trouble::Refused]).await;
    rig.world.clock.advance(DUE);
    rig.live(Life::until(Death::NEVER)).await;
    let account = rig.account().await;
    assert_eq!(account.rotation.as_ref().unwrap().state, RotationState::Failed);
    assert!(rig.works().await, "the old token is as it was");
    assert!(rig.world.events().await.contains(&"account.rotation_failed".to_owned()));
    assert_eq!(rig.forge.state().renewals, 0);
    rig.world.clock.advance(SignedDuration::from_hours(24));
    rig.live(Life::until(Death::NEVER)).await;
    assert_eq!(rig.account().await.rotation.unwrap().state, RotationState::Done);
    assert!(rig.works().await && !rig.forge.state().theft);
}

#[tokio::test]
async fn two_servers_renew_once() {
    let rig = Rig::start(&[]).await;
    rig.world.clock.advance(DUE);
    let servers: Vec<_> = (0..4).map(|_| rig.server(&Life::until(Death::NEVER))).collect();
    let mut running = tokio::task::JoinSet::new();
    for (accounts, worker) in servers {
        running.spawn(async move {
            accounts.watch().await.unwrap();
            worker.run_due().await.unwrap();
        });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
    assert_eq!(rig.forge.state().renewals, 1);
    assert!(rig.works().await && !rig.forge.state().theft);
}

#[tokio::test]
async fn who_asks_for_a_renewal_hears_how_it_went() {
    let rig = Rig::start(&[Trouble::AnswerLost]).await;
    let (accounts, _) = rig.server(&Life::until(Death::NEVER));
    let error = accounts.rotate(&operator(), None, "lab").await.unwrap_err();
    assert_eq!(jeton_domain::Coded::code(&error), Code::RotationUnclear, "{error}");
    let again = accounts.rotate(&operator(), None, "lab").await.unwrap_err();
    assert_eq!(jeton_domain::Coded::code(&again), Code::RotationUnderWay);

    let fine = Rig::start(&[]).await;
    let (accounts, _) = fine.server(&Life::until(Death::NEVER));
    let renewed = accounts.rotate(&operator(), None, "lab").await.unwrap();
    assert_eq!(renewed.rotation.unwrap().state, RotationState::Done);
    assert!(fine.works().await);
}

/// The states of the renewals of an account, the newest first.
async fn states(rig: &Rig) -> Vec<RotationState> {
    let account = rig.account().await.id;
    let mut tx = rig.world.vault.read().await.unwrap();
    let all = tx.rotations().list(account, 9).await.unwrap();
    all.iter().map(|rotation| rotation.state).collect()
}

async fn count(rig: &Rig, event: &str) -> usize {
    rig.world.events().await.iter().filter(|one| *one == event).count()
}

#[tokio::test]
async fn a_token_that_two_accounts_hold_is_renewed_for_neither_until_one_lets_go() {
    let rig = Rig::start(&[]).await;
    let (accounts, worker) = rig.server(&Life::until(Death::NEVER));
    let twin = NewAccount {
        label: Some("twin".to_owned()),
        forge: Some("gitlab".to_owned()),
        shared: Some(false),
        ..NewAccount::of(Secret::new(token(0)))
    };
    // To whoever sees the other one it would be told when it is added.
    rig.world
        .let_client("robot", &["account.use"], |policy| {
            policy.sources = vec!["account:robots".to_owned()];
        })
        .await;
    let owner = client("robot");
    accounts.add(&owner, None, twin).await.unwrap();
    rig.world.clock.advance(DUE);
    for _ in 0..3 {
        accounts.watch().await.unwrap();
        worker.run_due().await.unwrap();
    }
    assert_eq!(rig.forge.state().renewals, 0);
    assert_eq!(count(&rig, "account.rotation_failed").await, 2, "once for each");
    let refused = accounts.rotate(&operator(), None, "lab").await.unwrap_err();
    assert_eq!(jeton_domain::Coded::code(&refused), Code::RotationUnsupported);
    let change = AccountChange {
        auto_rotate: Some(false),
        ..AccountChange::default()
    };
    accounts.update(&owner, None, "twin", change).await.unwrap();
    accounts.rotate(&operator(), None, "lab").await.unwrap();
    assert!(rig.works().await);
    accounts.watch().await.unwrap();
    let twin = accounts.get(&owner, "twin").await.unwrap();
    assert_eq!(twin.validity, Validity::Invalid, "and its holder hears of it at once");
    assert!(!rig.forge.state().theft);
}

#[tokio::test]
async fn a_renewal_goes_on_when_nobody_waits_for_it_and_is_waited_for_at_the_end() {
    let rig = Rig::start(&[Trouble::Slow]).await;
    let (accounts, _) = rig.server(&Life::until(Death::NEVER));
    let asking = {
        let accounts = accounts.clone();
        tokio::spawn(async move { accounts.rotate(&operator(), None, "lab").await })
    };
    rig.forge.reached.notified().await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    accounts.begin_to_end();
    assert!(
        tokio::time::timeout(Duration::from_millis(50), accounts.drain())
            .await
            .is_err(),
        "the forge has not answered"
    );
    rig.forge.answer.notify_one();
    accounts.drain().await;
    assert_eq!(states(&rig).await, [RotationState::Done]);
    assert!(rig.works().await);
}

#[tokio::test]
async fn a_server_that_is_about_to_end_asks_no_forge() {
    let rig = Rig::start(&[]).await;
    rig.world.clock.advance(DUE);
    let (accounts, worker) = rig.server(&Life::until(Death::NEVER));
    accounts.watch().await.unwrap();
    accounts.begin_to_end();
    worker.run_due().await.unwrap();
    assert_eq!(
        (states(&rig).await, rig.forge.state().renewals),
        (vec![RotationState::Intended], 0)
    );
    rig.world.clock.advance(SignedDuration::from_mins(2));
    rig.live(Life::until(Death::NEVER)).await;
    assert_eq!(states(&rig).await, [RotationState::Done], "another one does");
}

#[tokio::test]
async fn a_token_in_hand_is_written_down_though_it_was_given_up() {
    let rig = Rig::start(&[Trouble::Slow]).await;
    rig.world.clock.advance(DUE);
    let (accounts, _) = rig.server(&Life::until(Death::NEVER));
    let asking = {
        let accounts = accounts.clone();
        tokio::spawn(async move { accounts.rotate(&operator(), None, "lab").await })
    };
    rig.forge.reached.notified().await;
    // The machine stands still for long, and another server finds the old token dead.
    rig.forge.state().tokens.insert(token(0), false);
    rig.world.clock.advance(SignedDuration::from_mins(11));
    let (_, other) = rig.server(&Life::until(Death::NEVER));
    other.run_due().await.unwrap();
    assert_eq!(states(&rig).await, [RotationState::Lost]);
    rig.forge.state().tokens.insert(token(0), true);
    rig.forge.answer.notify_one();
    asking.await.unwrap().unwrap();
    assert_eq!(states(&rig).await, [RotationState::Done]);
    assert!(rig.works().await && !rig.forge.state().theft);
}

#[tokio::test]
async fn a_renewal_that_does_not_move_on_alarms_once_and_one_that_was_never_asked_ends() {
    let rig = Rig::start(&[Trouble::LostOnTheWay]).await;
    rig.world.clock.advance(DUE);
    let (accounts, worker) = rig.server(&Life::until(Death::NEVER));
    accounts.watch().await.unwrap();
    worker.run_due().await.unwrap();
    assert_eq!(states(&rig).await, [RotationState::Asked]);
    rig.forge.state().silent = true;
    for _ in 0..12 {
        rig.world.clock.advance(SignedDuration::from_hours(1));
        worker.run_due().await.unwrap();
    }
    assert_eq!(states(&rig).await, [RotationState::Asked]);
    assert_eq!(
        count(&rig, "account.rotation_unclear").await,
        2,
        "at the request, and once after six hours"
    );

    let rig = Rig::start(&[]).await;
    rig.world.clock.advance(DUE);
    let (accounts, worker) = rig.server(&Life::until(Death::NEVER));
    rig.forge.state().silent = true;
    accounts.watch().await.unwrap();
    for _ in 0..5 {
        worker.run_due().await.unwrap();
        rig.world.clock.advance(SignedDuration::from_mins(70));
    }
    assert_eq!(states(&rig).await, [RotationState::Intended]);
    rig.world.clock.advance(SignedDuration::from_mins(70));
    worker.run_due().await.unwrap();
    assert_eq!(states(&rig).await, [RotationState::Failed]);
    assert_eq!(count(&rig, "account.rotation_failed").await, 1);
    rig.forge.state().silent = false;
    rig.world.clock.advance(SignedDuration::from_hours(25));
    rig.live(Life::until(Death::NEVER)).await;
    assert_eq!(states(&rig).await, [RotationState::Done, RotationState::Failed]);
}

#[tokio::test]
async fn a_dead_token_makes_its_account_invalid_when_it_is_to_be_renewed() {
    let rig = Rig::start(&[]).await;
    rig.world.clock.advance(DUE);
    let (accounts, _) = rig.server(&Life::until(Death::NEVER));
    rig.forge.state().tokens.insert(token(0), false);
    accounts.rotate(&operator(), None, "lab").await.unwrap_err();
    let account = rig.account().await;
    assert_eq!((account.validity, account.rotate_at), (Validity::Invalid, None));
    assert_eq!(count(&rig, "account.invalid").await, 1);
    assert!(!rig.forge.state().theft);
}

#[tokio::test]
async fn a_token_without_the_scope_is_never_due() {
    let rig = Rig::start(&[]).await;
    assert!(rig.account().await.rotate_at.is_some());
    rig.forge.state().scopes = Some(vec!["read_api".to_owned()]);
    assert!(rig.works().await);
    assert_eq!(rig.account().await.rotate_at, None);
}
