//! Kinds of jobs beside each other: one whose other end is slow does not hold up the others.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use jeton_domain::{Clock, Entropy, JobId, Pause};
use jeton_jobs::{Handler, JobError, Worker};
use jeton_vault::{NewJob, Vault};
use jeton_vault_sqlite::SqliteVault;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_795_000_000).unwrap()
    }

    fn sleep(&self, _: std::time::Duration) -> Pause<'_> {
        Box::pin(std::future::ready(()))
    }
}

#[derive(Debug)]
struct Random;

impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        SystemRandom::new().fill(buffer).unwrap();
    }
}

/// Waits until the test lets it go on.
struct Slow {
    most: usize,
    gate: Arc<Semaphore>,
    running: AtomicUsize,
    highest: Arc<AtomicUsize>,
}

#[async_trait]
impl Handler for Slow {
    fn kind(&self) -> &'static str {
        "slow"
    }

    fn most_at_once(&self) -> usize {
        self.most
    }

    async fn run(&self, _: &Value, _: u32) -> Result<(), JobError> {
        let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.highest.fetch_max(now, Ordering::SeqCst);
        self.gate.acquire().await.unwrap().forget();
        self.running.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Tells the test that it was run.
struct Quick(mpsc::UnboundedSender<()>);

#[async_trait]
impl Handler for Quick {
    fn kind(&self) -> &'static str {
        "quick"
    }

    async fn run(&self, _: &Value, _: u32) -> Result<(), JobError> {
        self.0.send(()).unwrap();
        Ok(())
    }
}

async fn add(vault: &dyn Vault, kind: &str, count: usize) {
    let mut tx = vault.begin().await.unwrap();
    for _ in 0..count {
        let job = NewJob {
            id: JobId::generate(Still.now(), &Random),
            kind: kind.to_owned(),
            payload: json!({}),
            dedup: None,
            run_at: Still.now(),
        };
        assert!(tx.jobs().add(&job).await.unwrap());
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_slow_kind_does_not_hold_up_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let vault: Arc<dyn Vault> = Arc::new(SqliteVault::open(&directory.path().join("jeton.db")).await.unwrap());
    // Those of the slow kind come first.
    add(&*vault, "slow", 40).await;
    add(&*vault, "quick", 40).await;
    let (gate, highest) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (ran, mut runs) = mpsc::unbounded_channel();
    let slow = Slow {
        most: 3,
        gate: Arc::clone(&gate),
        running: AtomicUsize::new(0),
        highest: Arc::clone(&highest),
    };
    let worker = Worker::new(
        Arc::clone(&vault),
        Arc::new(Still),
        Arc::new(Random),
        vec![Arc::new(slow), Arc::new(Quick(ran))],
        Arc::new(Notify::new()),
    );
    let (stop, stopped) = oneshot::channel::<()>();
    let working = tokio::spawn(async move {
        let until = async {
            stopped.await.ok();
        };
        worker.run(until).await;
    });
    for _ in 0..40 {
        runs.recv().await.unwrap();
    }
    // All of the quick kind are done while not one of the slow kind is. From now on those go on in their turn.
    let (all, few) = (40, 10);
    gate.add_permits(few);
    stop.send(()).unwrap();
    gate.add_permits(all);
    working.await.unwrap();
    assert_eq!(highest.load(Ordering::SeqCst), 3);
    let mut tx = vault.read().await.unwrap();
    let (left, dead) = tx.jobs().count().await.unwrap();
    assert_eq!(dead, 0);
    assert!(left >= 40 - 3 - 10, "nothing is begun after the stop: {left} are left");
}

#[tokio::test]
async fn all_that_is_due_is_done_though_few_run_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let vault: Arc<dyn Vault> = Arc::new(SqliteVault::open(&directory.path().join("jeton.db")).await.unwrap());
    add(&*vault, "slow", 20).await;
    add(&*vault, "quick", 20).await;
    let highest = Arc::new(AtomicUsize::new(0));
    let (ran, mut runs) = mpsc::unbounded_channel();
    let slow = Slow {
        most: 2,
        gate: Arc::new(Semaphore::new(20)),
        running: AtomicUsize::new(0),
        highest: Arc::clone(&highest),
    };
    let handlers: Vec<Arc<dyn Handler>> = vec![Arc::new(slow), Arc::new(Quick(ran))];
    let wake = Arc::new(Notify::new());
    let worker = Worker::new(Arc::clone(&vault), Arc::new(Still), Arc::new(Random), handlers, wake);
    assert_eq!(worker.run_due().await.unwrap(), 40);
    drop(worker);
    let mut quick = 0;
    while runs.recv().await.is_some() {
        quick += 1;
    }
    assert_eq!((quick, highest.load(Ordering::SeqCst) <= 2), (20, true));
    assert_eq!(vault.read().await.unwrap().jobs().count().await.unwrap(), (0, 0));
}
