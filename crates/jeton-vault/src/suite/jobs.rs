use jeton_domain::JobId;

use super::fixtures::{add_jobs, at, begin, holder, job, read};
use crate::{JobRecord, JobState, NewJob, Vault};

fn ids(jobs: &[JobRecord]) -> Vec<JobId> {
    jobs.iter().map(|job| job.id).collect()
}

/// Queues one job and claims it; for rules about what comes after.
async fn running(vault: &dyn Vault, job: &NewJob, holder: jeton_domain::LeaseHolder) {
    add_jobs(vault, &[job]).await;
    let mut tx = begin(vault).await;
    let claimed = tx.jobs().claim(&[&job.kind], holder, at(0), at(60), 1).await.unwrap();
    assert_eq!(ids(&claimed), [job.id]);
    tx.commit().await.unwrap();
}

/// Due means that its time has come, to the instant; the claim counts an attempt and names the worker.
pub async fn jobs_wait_for_their_time_and_come_in_its_order(vault: &dyn Vault) {
    let (late, early, future) = (
        job("revoke", None, at(20)),
        job("revoke", None, at(10)),
        job("revoke", None, at(31)),
    );
    add_jobs(vault, &[&late, &early, &future]).await;
    let worker = holder();
    let mut tx = begin(vault).await;
    let claimed = tx.jobs().claim(&["revoke"], worker, at(30), at(90), 10).await.unwrap();
    assert_eq!(ids(&claimed), [early.id, late.id]);
    let expected = JobRecord {
        id: early.id,
        kind: early.kind.clone(),
        payload: early.payload.clone(),
        state: JobState::Running,
        run_at: at(10),
        attempts: 1,
        last_error: None,
        holder: Some(worker),
    };
    assert_eq!(claimed[0], expected);
    let claimed = tx.jobs().claim(&["revoke"], worker, at(31), at(90), 10).await.unwrap();
    assert_eq!(ids(&claimed), [future.id]);
}

/// Kinds that a worker does not know are left for one that does.
pub async fn jobs_are_claimed_by_kind_and_up_to_a_limit(vault: &dyn Vault) {
    let (a, b, c) = (job("a", None, at(3)), job("b", None, at(2)), job("c", None, at(1)));
    add_jobs(vault, &[&a, &b, &c]).await;
    let mut tx = begin(vault).await;
    let worker = holder();
    assert_eq!(tx.jobs().claim(&[], worker, at(9), at(90), 10).await.unwrap(), []);
    assert_eq!(tx.jobs().claim(&["a"], worker, at(9), at(90), 0).await.unwrap(), []);
    let claimed = tx.jobs().claim(&["a", "b"], worker, at(9), at(90), 1).await.unwrap();
    assert_eq!(ids(&claimed), [b.id]);
    let claimed = tx.jobs().claim(&["a", "b"], worker, at(9), at(90), 10).await.unwrap();
    assert_eq!(ids(&claimed), [a.id]);
    assert_eq!(tx.jobs().count().await.unwrap(), (3, 0));
}

/// A twin is dropped while the first waits or runs; another kind or text is no twin, and none has no twin.
pub async fn jobs_have_no_twin_until_they_are_done_or_dead(vault: &dyn Vault) {
    let worker = holder();
    let twin = || job("revoke", Some("token-1"), at(0));
    running(vault, &twin(), worker).await;
    let mut tx = begin(vault).await;
    assert!(!tx.jobs().add(&twin()).await.unwrap(), "while it runs");
    assert!(tx.jobs().add(&job("sweep", Some("token-1"), at(50))).await.unwrap());
    assert!(tx.jobs().add(&job("revoke", Some("token-2"), at(50))).await.unwrap());
    assert!(tx.jobs().add(&job("revoke", None, at(50))).await.unwrap());
    assert!(tx.jobs().add(&job("revoke", None, at(50))).await.unwrap());
    // Its lease ended: it is claimed again, done, and may come again.
    let claimed = tx.jobs().claim(&["revoke"], worker, at(61), at(99), 9).await.unwrap();
    let first = claimed.iter().find(|job| job.attempts == 2).unwrap().id;
    assert!(tx.jobs().finish(first, worker).await.unwrap());
    let second = job("revoke", Some("token-1"), at(0));
    assert!(tx.jobs().add(&second).await.unwrap(), "when it is done");
    assert!(!tx.jobs().add(&twin()).await.unwrap(), "while it waits");
    let claimed = tx.jobs().claim(&["revoke"], worker, at(0), at(99), 9).await.unwrap();
    assert_eq!(ids(&claimed), [second.id]);
    assert!(tx.jobs().bury(second.id, worker, "no use").await.unwrap());
    assert!(tx.jobs().add(&twin()).await.unwrap(), "when it is dead");
    assert!(!tx.jobs().add(&twin()).await.unwrap());
}

/// A worker that is not heard of loses its jobs when its lease ends, and not before.
pub async fn jobs_of_a_lost_worker_are_taken_over(vault: &dyn Vault) {
    let (lost, next) = (holder(), holder());
    let one = job("revoke", None, at(0));
    running(vault, &one, lost).await;
    let mut tx = begin(vault).await;
    assert_eq!(
        tx.jobs().claim(&["revoke"], next, at(59), at(120), 1).await.unwrap(),
        []
    );
    assert!(tx.jobs().heartbeat(one.id, lost, at(100)).await.unwrap());
    assert_eq!(
        tx.jobs().claim(&["revoke"], next, at(99), at(160), 1).await.unwrap(),
        []
    );
    let claimed = tx.jobs().claim(&["revoke"], next, at(101), at(160), 1).await.unwrap();
    assert_eq!(ids(&claimed), [one.id]);
    assert_eq!((claimed[0].attempts, claimed[0].holder), (2, Some(next)));
    assert_eq!(claimed[0].run_at, one.run_at);
}

/// Whoever lost a job can no longer finish it, put it back, bury it or hold on to it.
pub async fn jobs_of_another_worker_are_left_alone(vault: &dyn Vault) {
    let (owner, other) = (holder(), holder());
    let one = job("revoke", None, at(0));
    running(vault, &one, owner).await;
    let mut tx = begin(vault).await;
    assert!(!tx.jobs().heartbeat(one.id, other, at(500)).await.unwrap());
    assert!(!tx.jobs().finish(one.id, other).await.unwrap());
    assert!(!tx.jobs().retry(one.id, other, at(0), "x").await.unwrap());
    assert!(!tx.jobs().bury(one.id, other, "x").await.unwrap());
    assert!(tx.jobs().finish(one.id, owner).await.unwrap());
    assert!(!tx.jobs().finish(one.id, owner).await.unwrap());
    assert!(!tx.jobs().heartbeat(one.id, owner, at(500)).await.unwrap());
    assert_eq!(tx.jobs().count().await.unwrap(), (0, 0));
}

/// Put back: not before its new time, with the reason, and nobody's.
pub async fn jobs_are_retried_later_and_remember_why(vault: &dyn Vault) {
    let worker = holder();
    let one = job("revoke", Some("token-1"), at(0));
    running(vault, &one, worker).await;
    let mut tx = begin(vault).await;
    assert!(
        tx.jobs()
            .retry(one.id, worker, at(30), "the forge did not answer")
            .await
            .unwrap()
    );
    assert!(!tx.jobs().heartbeat(one.id, worker, at(500)).await.unwrap());
    assert_eq!(tx.jobs().next_due().await.unwrap(), Some(at(30)));
    assert!(!tx.jobs().add(&job("revoke", Some("token-1"), at(0))).await.unwrap());
    assert_eq!(
        tx.jobs().claim(&["revoke"], worker, at(29), at(90), 1).await.unwrap(),
        []
    );
    let claimed = tx.jobs().claim(&["revoke"], worker, at(30), at(90), 1).await.unwrap();
    assert_eq!(claimed[0].last_error.as_deref(), Some("the forge did not answer"));
    assert_eq!((claimed[0].attempts, claimed[0].run_at), (2, at(30)));
}

/// A dead job is counted, and never claimed.
pub async fn jobs_that_are_dead_stay_for_people_to_see(vault: &dyn Vault) {
    let worker = holder();
    let one = job("revoke", None, at(0));
    running(vault, &one, worker).await;
    let mut tx = begin(vault).await;
    assert_eq!(tx.jobs().count().await.unwrap(), (1, 0));
    assert!(tx.jobs().bury(one.id, worker, "the App is gone").await.unwrap());
    assert_eq!(tx.jobs().count().await.unwrap(), (0, 1));
    assert_eq!(
        tx.jobs()
            .claim(&["revoke"], worker, at(9999), at(9999), 9)
            .await
            .unwrap(),
        []
    );
    assert!(!tx.jobs().finish(one.id, worker).await.unwrap());
    assert_eq!(tx.jobs().next_due().await.unwrap(), None);
}

/// The earliest of those that wait; one that runs does not wait.
pub async fn jobs_tell_when_the_next_is_due(vault: &dyn Vault) {
    assert_eq!(read(vault).await.jobs().next_due().await.unwrap(), None);
    running(vault, &job("a", None, at(0)), holder()).await;
    assert_eq!(read(vault).await.jobs().next_due().await.unwrap(), None);
    add_jobs(vault, &[&job("a", None, at(70)), &job("b", None, at(40))]).await;
    assert_eq!(read(vault).await.jobs().next_due().await.unwrap(), Some(at(40)));
}
