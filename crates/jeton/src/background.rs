//! What runs beside the server: the worker, the warm-up, and three small loops that cannot hold each other up.

use std::time::Duration;

use jeton_accounts::WATCH_EVERY;
use jeton_broker::Broker;
use jeton_ci::Ci;
use jeton_domain::Coded as _;
use jeton_web::Web;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::{JoinError, JoinHandle, JoinSet},
    time::MissedTickBehavior,
};

use crate::{metrics_listener::Metrics, wiring::Archive};

/// How long each background task may take to end.
const END: Duration = Duration::from_secs(10);

/// How often it is read what other replicas revoked: a revoked token is handed out for this long at most.
const DROP_REVOKED: Duration = Duration::from_secs(1);
/// How long that may take before the next attempt.
const DROP_REVOKED_LIMIT: Duration = Duration::from_secs(2);
/// How often tokens in their margin are looked for; well below the smallest margin.
const RENEW: Duration = Duration::from_secs(5);
/// How often the broom goes round.
const SWEEP: Duration = Duration::from_secs(15);
/// How long it may take before the next round.
const SWEEP_LIMIT: Duration = Duration::from_secs(30);
/// How often it is looked whether clients or policies changed.
const FOLLOW: Duration = Duration::from_secs(1);
/// How long that may take before the next look.
const FOLLOW_LIMIT: Duration = Duration::from_secs(10);
/// How often the policy file is looked at.
const POLICY_FILE: Duration = Duration::from_secs(3);
/// How often it is looked whether another server changed the data keys: well within the time that a new one has until it
/// seals.
const FOLLOW_KEYS: Duration = Duration::from_secs(5);
/// How long a round of the watch may take: a batch of looks at a slow forge.
const WATCH_LIMIT: Duration = Duration::from_mins(2);
/// How often accounts are counted for the metrics.
const COUNT: Duration = Duration::from_mins(1);
/// How often counted refusals are written down.
const RECORD: Duration = Duration::from_secs(2);
/// How often the keys of issuers are looked at.
const REFRESH: Duration = Duration::from_mins(1);
/// How often older entries of the record are looked for.
const ARCHIVE: Duration = Duration::from_hours(1);
/// How long to wait before a worker that ended by a mistake of ours is started again.
const WORKER_PAUSE: Duration = Duration::from_secs(1);

/// The tasks beside the server.
pub(crate) struct Background {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Background {
    /// Starts them all.
    pub(crate) fn start(
        broker: &Broker,
        ci: &Ci,
        web: &Web,
        archive: Option<Archive>,
        metrics: Option<Metrics>,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let until_stopped = || until(stopped.clone());
        let warming = broker.clone();
        let loops = [
            tokio::spawn(unless(until_stopped(), drop_revoked(broker.clone()))),
            tokio::spawn(unless(until_stopped(), renew(broker.clone(), web.clone()))),
            tokio::spawn(unless(until_stopped(), sweep(broker.clone()))),
            tokio::spawn(unless(until_stopped(), follow(broker.clone()))),
            tokio::spawn(unless(until_stopped(), follow_policy_file(broker.clone()))),
            tokio::spawn(unless(until_stopped(), follow_keys(broker.clone()))),
            tokio::spawn(unless(until_stopped(), keep_record(broker.clone()))),
            tokio::spawn(unless(until_stopped(), refresh_keys(broker.clone()))),
            tokio::spawn(unless(until_stopped(), watch_accounts(broker.clone()))),
        ];
        let mut tasks = vec![
            tokio::spawn(work(broker.clone(), ci.clone(), stopped.clone())),
            tokio::spawn(async move { warming.warm_up().await }),
        ];
        tasks.extend(loops);
        if let Some(metrics) = metrics {
            tasks.push(tokio::spawn(unless(until_stopped(), metrics.serve())));
            tasks.push(tokio::spawn(unless(until_stopped(), count_accounts(broker.clone()))));
        }
        if let Some(archive) = archive {
            let archiving = archive_record(broker.clone(), archive);
            tasks.push(tokio::spawn(unless(until_stopped(), archiving)));
        }
        Self { stop, tasks }
    }

    /// Ends them; a job that runs may finish.
    pub(crate) async fn stop(self) {
        self.stop.send(true).ok();
        for task in self.tasks {
            // The warm-up may be waiting for a forge; it holds nothing that must be finished.
            if let Some(Err(error)) = bounded(END, "a background task", task).await {
                note_end("background task", &error);
            }
        }
    }
}

/// Waits for a future, but no longer than this; what takes longer is dropped and noted in the log.
pub(crate) async fn bounded<T>(limit: Duration, name: &str, future: impl Future<Output = T>) -> Option<T> {
    let outcome = tokio::time::timeout(limit, future).await.ok();
    if outcome.is_none() {
        tracing::warn!(
            limit_seconds = limit.as_secs(),
            "{name} did not end in time and was left"
        );
    }
    outcome
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop too.
    stopped.wait_for(|stop| *stop).await.ok();
}

async fn unless(stopped: impl Future<Output = ()>, running: impl Future<Output = ()>) {
    tokio::select! { () = running => {}, () = stopped => {} }
}

/// The worker, started again when it ended by a panic.
async fn work(broker: Broker, ci: Ci, stopped: watch::Receiver<bool>) {
    loop {
        let (worker, in_worker) = (broker.worker(ci.handlers()), until(stopped.clone()));
        match tokio::spawn(async move { worker.run(in_worker).await }).await {
            Ok(()) => return,
            Err(error) => note_end("worker", &error),
        }
        unless(until(stopped.clone()), tokio::time::sleep(WORKER_PAUSE)).await;
    }
}

async fn drop_revoked(broker: Broker) {
    every(DROP_REVOKED, "drop_revoked", || {
        let broker = broker.clone();
        async move {
            let name = "reading what other replicas revoked";
            if let Some(Err(error)) = bounded(DROP_REVOKED_LIMIT, name, broker.drop_revoked()).await {
                tracing::warn!(code = %error.code(), %error, "revocations of other replicas could not be read");
            }
        }
    })
    .await;
}

async fn renew(broker: Broker, web: Web) {
    every(RENEW, "renew_due", || {
        let (broker, web) = (broker.clone(), web.clone());
        async move {
            web.sweep();
            // Not waited for: one slow forge must not hold up the renewals of another. Nor ended with this loop: what
            // it mints is waited for by those who ask for the same token.
            tokio::spawn(async move {
                if let Err(error) = tokio::spawn(async move { broker.renew_due().await }).await {
                    note_end("renew_due", &error);
                }
            });
        }
    })
    .await;
}

async fn sweep(broker: Broker) {
    every(SWEEP, "sweep", || {
        let broker = broker.clone();
        async move {
            if let Some(Err(error)) = bounded(SWEEP_LIMIT, "the sweep", broker.sweep()).await {
                tracing::warn!(code = %error.code(), %error, "the sweep failed; the next one catches up");
            }
        }
    })
    .await;
}

/// Reads clients and policies anew when another server changed them.
async fn follow(broker: Broker) {
    every(FOLLOW, "follow", || {
        let access = broker.access().clone();
        async move {
            let name = "reading clients and policies";
            if let Some(Err(error)) = bounded(FOLLOW_LIMIT, name, access.follow()).await {
                tracing::warn!(code = %error.code(), %error, "clients and policies could not be read; those known stay");
            }
        }
    })
    .await;
}

/// Reads the data keys anew when another server changed them.
async fn follow_keys(broker: Broker) {
    every(FOLLOW_KEYS, "follow_keys", || {
        let broker = broker.clone();
        async move {
            if let Some(Err(error)) = bounded(FOLLOW_LIMIT, "reading the data keys", broker.reload_keys()).await {
                tracing::error!(
                    code = %error.code(), %error, remedy = error.remedy(),
                    "the data keys could not be read; those known stay in use"
                );
            }
        }
    })
    .await;
}

/// Reads the policy file anew when it changed, or at once when SIGHUP says so.
async fn follow_policy_file(broker: Broker) {
    let Ok(mut hung_up) = signal(SignalKind::hangup()) else {
        return;
    };
    loop {
        let outcome = broker.access().follow_policy_file().await;
        if let Err(error) = outcome {
            tracing::warn!(code = %error.code(), %error, "the policy file could not be looked at");
        }
        tokio::select! { _ = hung_up.recv() => {}, () = tokio::time::sleep(POLICY_FILE) => {} }
    }
}

/// Writes down what was counted, and notes the end of the record beside the database.
/// Looks at accounts, warns of ends, begins renewals.
async fn watch_accounts(broker: Broker) {
    every(WATCH_EVERY, "watch_accounts", || {
        let accounts = broker.accounts().clone();
        async move {
            if let Some(Err(error)) = bounded(WATCH_LIMIT, "a round of the watch", accounts.watch()).await {
                tracing::warn!(code = %error.code(), %error, "the accounts could not be looked at; the next round catches up");
            }
        }
    })
    .await;
}

async fn count_accounts(broker: Broker) {
    every(COUNT, "count_accounts", || {
        let accounts = broker.accounts().clone();
        async move {
            if let Some(Err(error)) = bounded(FOLLOW_LIMIT, "counting accounts", accounts.count()).await {
                tracing::warn!(code = %error.code(), %error, "the accounts could not be counted for the metrics");
            }
        }
    })
    .await;
}

async fn keep_record(broker: Broker) {
    every(RECORD, "keep_record", || {
        let ledger = broker.access().ledger().clone();
        async move {
            if let Err(error) = ledger.tick().await {
                tracing::warn!(code = %error.code(), %error, "what was counted for the record could not be written yet");
            }
        }
    })
    .await;
}

/// Fetches the keys of issuers before they are old; forgets what has ended.
async fn refresh_keys(broker: Broker) {
    every(REFRESH, "refresh_keys", || {
        let access = broker.access().clone();
        async move {
            access.verifier().refresh_due().await;
            if let Some(Err(error)) = bounded(SWEEP_LIMIT, "the sweep of access", access.sweep()).await {
                tracing::warn!(code = %error.code(), %error, "when clients were used could not be written down");
            }
        }
    })
    .await;
}

/// Moves older entries of the record into files.
async fn archive_record(broker: Broker, archive: Archive) {
    every(ARCHIVE, "archive_record", || {
        let (access, archive) = (broker.access().clone(), archive.clone());
        async move {
            match access.ledger().archive(access.now() - archive.keep, &archive.dir).await {
                Ok(done) if done.entries > 0 => {
                    tracing::info!(entries = done.entries, dir = %archive.dir.display(), "entries of the record were archived");
                }
                Ok(_) => {}
                Err(error) => tracing::error!(code = %error.code(), %error, "the record could not be archived"),
            }
        }
    })
    .await;
}

/// Takes a step now and then, for ever. Each is a task of its own, so that one that panics is noted and does not take
/// the following ones with it; it ends with the loop.
async fn every<F>(period: Duration, name: &str, mut step: impl FnMut() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut ticks = tokio::time::interval(period);
    // After a step that took long, the next waits its time: there is nothing to catch up with.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut running = JoinSet::new();
    loop {
        ticks.tick().await;
        running.spawn(step());
        if let Some(Err(error)) = running.join_next().await {
            note_end(name, &error);
        }
    }
}

/// Notes a mistake of ours.
fn note_end(name: &str, error: &JoinError) {
    tracing::error!(code = %jeton_domain::Code::Internal, %error, "{name} ended by a mistake of jeton's; please report it");
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering},
        },
        time::Duration,
    };

    use tokio::sync::mpsc;

    use super::{bounded, every};

    const SOON: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn what_hangs_is_left_and_what_ends_is_given() {
        assert_eq!(bounded(SOON, "nothing", pending::<()>()).await, None);
        assert_eq!(bounded(SOON, "something", ready(7)).await, Some(7));
    }

    #[tokio::test]
    async fn a_step_that_panics_is_not_the_last() {
        let (done, mut steps) = mpsc::unbounded_channel();
        let count = Arc::new(AtomicU32::new(0));
        let running = tokio::spawn(async move {
            every(SOON, "test", || {
                let (done, count) = (done.clone(), Arc::clone(&count));
                async move {
                    let number = count.fetch_add(1, Ordering::Relaxed);
                    assert!(number != 0, "the first step fails, as it should in this test");
                    done.send(number).ok();
                }
            })
            .await;
        });
        assert_eq!(steps.recv().await, Some(1));
        assert_eq!(steps.recv().await, Some(2));
        running.abort();
    }

    #[tokio::test]
    async fn a_loop_that_is_stopped_stops_its_step() {
        let (alive, mut gone) = mpsc::channel::<()>(1);
        let (begun, mut first) = mpsc::unbounded_channel();
        let running = tokio::spawn(async move {
            every(SOON, "test", || {
                let (alive, begun) = (alive.clone(), begun.clone());
                async move {
                    begun.send(()).ok();
                    let _held = alive;
                    pending::<()>().await;
                }
            })
            .await;
        });
        assert_eq!(first.recv().await, Some(()));
        running.abort();
        assert_eq!(gone.recv().await, None, "the step let go of what it held");
    }
}
