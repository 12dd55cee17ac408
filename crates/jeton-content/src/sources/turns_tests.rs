use std::{sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use jeton_domain::IdentityKey;
use tokio::{sync::mpsc, time::timeout};

use super::{MOST_WAITING, TooMany, Turns};

const LONG: Duration = Duration::from_mins(1);

fn caller(n: u32) -> IdentityKey {
    IdentityKey::Unix(n)
}

/// Lets a caller wait, and has them say so when they are in.
async fn queue(turns: &Arc<Turns>, who: u32, said: &mpsc::UnboundedSender<u32>) {
    let before = turns.waiting();
    let (turns_of_task, said) = (Arc::clone(turns), said.clone());
    tokio::spawn(async move {
        let turn = turns_of_task.wait(caller(who), LONG).await.unwrap();
        said.send(who).unwrap();
        drop(turn);
    });
    while turns.waiting() == before {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn turns_go_round_between_callers() {
    let turns = Turns::new(1);
    let first = turns.wait(caller(0), LONG).await.unwrap();
    let (said, mut heard) = mpsc::unbounded_channel();
    for who in [1, 1, 1, 1, 2, 3, 3] {
        queue(&turns, who, &said).await;
    }
    drop(first);
    let mut order = Vec::new();
    for _ in 0..7 {
        order.push(heard.recv().await.unwrap());
    }
    assert_eq!(order, [1, 2, 3, 1, 3, 1, 1]);
    assert_eq!(turns.waiting(), 0);
}

#[tokio::test]
async fn no_more_are_in_than_may_be() {
    let turns = Turns::new(2);
    let (one, two) = (
        turns.wait(caller(1), LONG).await.unwrap(),
        turns.wait(caller(2), LONG).await.unwrap(),
    );
    assert!(turns.wait(caller(3), LONG).now_or_never().is_none());
    drop(one);
    let three = turns.wait(caller(3), LONG).now_or_never().unwrap().unwrap();
    assert!(turns.wait(caller(1), LONG).now_or_never().is_none());
    drop((two, three));
    let again = (
        turns.wait(caller(1), LONG).now_or_never(),
        turns.wait(caller(4), LONG).now_or_never(),
    );
    assert!(again.0.is_some_and(|turn| turn.is_ok()) && again.1.is_some_and(|turn| turn.is_ok()));
}

#[tokio::test]
async fn a_caller_has_half_of_the_turns_at_most() {
    let turns = Turns::new(4);
    let wait = |who| turns.wait(caller(who), LONG);
    let (first, _second) = (wait(1).await.unwrap(), wait(1).await.unwrap());
    let (mut third, mut fourth) = (Box::pin(wait(1)), Box::pin(wait(1)));
    assert!(third.as_mut().now_or_never().is_none() && fourth.as_mut().now_or_never().is_none());
    let other = wait(2).now_or_never().expect("the others' half is free").unwrap();
    assert!(wait(3).now_or_never().unwrap().is_ok());
    drop(other);
    assert!(
        third.as_mut().now_or_never().is_none(),
        "what others give back is not for whoever has enough"
    );
    drop(first);
    let third = third
        .now_or_never()
        .expect("a turn of one's own was given back")
        .unwrap();
    assert!(fourth.as_mut().now_or_never().is_none());
    drop(third);
    assert!(fourth.now_or_never().unwrap().is_ok());
    assert_eq!(turns.waiting(), 0);
}

#[tokio::test]
async fn whoever_has_enough_keeps_nobody_waiting_who_came_later() {
    let turns = Turns::new(2);
    let wait = |who| turns.wait(caller(who), LONG);
    let (_one, two) = (wait(1).await.unwrap(), wait(2).await.unwrap());
    let (mut again, mut three) = (Box::pin(wait(1)), Box::pin(wait(3)));
    assert!(again.as_mut().now_or_never().is_none() && three.as_mut().now_or_never().is_none());
    drop(two);
    assert!(three.now_or_never().unwrap().is_ok());
    assert!(again.as_mut().now_or_never().is_none());
}

#[tokio::test]
async fn a_wait_ends() {
    let turns = Turns::new(1);
    let held = turns.wait(caller(1), LONG).await.unwrap();
    let short = Duration::from_millis(5);
    let waited = timeout(LONG, turns.wait(caller(2), short)).await.unwrap();
    assert_eq!(waited.unwrap_err(), TooMany);
    assert_eq!(turns.waiting(), 0, "its place is free again");
    drop(held);
    assert!(turns.wait(caller(2), LONG).now_or_never().unwrap().is_ok());
}

#[tokio::test]
async fn who_leaves_frees_their_place_and_gives_on_what_they_were_given() {
    let turns = Turns::new(1);
    let held = turns.wait(caller(0), LONG).await.unwrap();
    let mut gone = Box::pin(turns.wait(caller(1), LONG));
    let mut stays = Box::pin(turns.wait(caller(2), LONG));
    assert!(gone.as_mut().now_or_never().is_none() && stays.as_mut().now_or_never().is_none());
    assert_eq!(turns.waiting(), 2);
    // The first is given the turn, and leaves before they look.
    drop(held);
    assert_eq!(turns.waiting(), 1);
    drop(gone);
    let turn = timeout(Duration::from_secs(5), stays).await.unwrap().unwrap();
    let left = Box::pin(turns.wait(caller(3), LONG));
    assert_eq!(turns.waiting(), 0, "a future that was never asked waits for nothing");
    drop(left);
    let mut left = Box::pin(turns.wait(caller(3), LONG));
    assert!(left.as_mut().now_or_never().is_none());
    drop(left);
    assert_eq!(turns.waiting(), 0);
    drop(turn);
    assert!(turns.wait(caller(4), LONG).now_or_never().is_some());
}

#[tokio::test]
async fn who_fills_the_queue_gives_way_to_others() {
    let turns = Turns::new(1);
    let held = turns.wait(caller(0), LONG).await.unwrap();
    let mut waiters: Vec<_> = (0..MOST_WAITING)
        .map(|_| Box::pin(turns.wait(caller(1), LONG)))
        .collect();
    assert!(
        waiters
            .iter_mut()
            .all(|waiter| waiter.as_mut().now_or_never().is_none())
    );
    assert_eq!(turns.wait(caller(1), LONG).await.unwrap_err(), TooMany);
    let mut other = Box::pin(turns.wait(caller(2), LONG));
    assert!(other.as_mut().now_or_never().is_none());
    assert_eq!(turns.waiting(), MOST_WAITING);
    let last = waiters.pop().unwrap();
    assert_eq!(last.now_or_never().unwrap().unwrap_err(), TooMany);
    drop(held);
    let first = waiters.remove(0).now_or_never().unwrap().unwrap();
    drop(first);
    assert!(other.now_or_never().unwrap().is_ok());
}
