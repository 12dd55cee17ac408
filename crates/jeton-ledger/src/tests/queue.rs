use jeton_domain::Caller;
use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::{
    Event,
    chain::Draft,
    events,
    queue::{BATCH, BATCH_BYTES, Job, NOTE_BYTES, NOTES, NOTES_ALONG, Queue},
};

fn note(bytes: usize) -> Draft {
    let event = Event::new(events::AUTH_REFUSED, &Caller::anonymous(None)).with("pad", "x".repeat(bytes));
    event.into_note(Timestamp::UNIX_EPOCH)
}

/// A write that nobody waits for any more.
fn job() -> Job {
    Job {
        drafts: vec![note(0)],
        grant: None,
        reply: oneshot::channel().0,
    }
}

fn sizes(notes: &[Draft]) -> usize {
    notes.iter().map(Draft::size).sum()
}

#[test]
fn a_grant_takes_few_notes_along() {
    let queue = Queue::default();
    for _ in 0..1_000 {
        queue.note(note(10));
    }
    queue.push(job());
    let batch = queue.take(false);
    assert_eq!((batch.jobs.len(), batch.notes.len()), (1, NOTES_ALONG));
    let batch = queue.take(false);
    assert_eq!((batch.jobs.len(), batch.notes.len()), (0, BATCH));
    assert_eq!(queue.waiting(), (1_000 - NOTES_ALONG - BATCH, 0));
}

#[test]
fn a_batch_has_few_bytes_of_notes_and_one_at_least() {
    let queue = Queue::default();
    let one = note(4_000);
    for _ in 0..1_000 {
        queue.note(one.clone());
    }
    let batch = queue.take(false);
    assert_eq!(batch.notes.len(), BATCH_BYTES / one.size());
    assert!(batch.notes.len() < BATCH && sizes(&batch.notes) <= BATCH_BYTES);
    // Of jeton's own, which may be long.
    let queue = Queue::default();
    for _ in 0..3 {
        let mut long = note(0);
        long.body = "x".repeat(BATCH_BYTES);
        queue.note(long);
    }
    for left in [2, 1, 0] {
        assert_eq!(queue.take(false).notes.len(), 1);
        assert_eq!(queue.waiting(), (left, 0));
    }
    assert!(queue.take(false).is_empty());
}

#[test]
fn what_waits_is_bounded_in_bytes_and_what_does_not_fit_is_counted() {
    let queue = Queue::default();
    let one = note(4_000);
    for _ in 0..NOTES {
        queue.note(one.clone());
    }
    let fit = NOTE_BYTES / one.size();
    assert!(fit < NOTES);
    assert_eq!(queue.waiting(), (fit, (NOTES - fit) as u64));
    // A batch that could not be written comes back, and still counts.
    let batch = queue.take(false);
    let taken = batch.notes.len();
    queue.put_back(batch.notes, batch.dropped);
    queue.note(one.clone());
    assert_eq!(queue.waiting(), (fit, (NOTES - fit + 1) as u64));
    // One that was written makes room.
    let batch = queue.take(false);
    assert_eq!((batch.notes.len(), batch.dropped), (taken, (NOTES - fit + 1) as u64));
    for _ in 0..=taken {
        queue.note(one.clone());
    }
    assert_eq!(queue.waiting(), (fit, 1));
    assert_eq!(queue.abandon(), fit);
}

#[test]
fn a_callers_note_is_small() {
    let draft = note(100_000);
    assert_eq!(draft.body, r#"{"dropped":["pad"]}"#);
}
