//! A bounded number of calls at a time, with turns that go round between callers.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jeton_domain::IdentityKey;
use tokio::sync::oneshot;

/// How many may wait for one credential.
const MOST_WAITING: usize = 1_000;

/// Lets so many in at a time. Whoever else wants in waits; of those who wait each caller is let in once in a round, however many
/// calls another has queued.
#[derive(Debug)]
pub(super) struct Turns(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    queues: HashMap<IdentityKey, VecDeque<Waiter>>,
    /// Who has a queue, in the order of their next turns.
    round: VecDeque<IdentityKey>,
    waiting: usize,
    next_id: u64,
}

#[derive(Debug)]
struct Waiter {
    id: u64,
    tell: oneshot::Sender<Turn>,
}

/// The right to be in; given on to the next when it is dropped.
#[derive(Debug)]
pub(super) struct Turn(Option<Arc<Turns>>);

/// Too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany;

/// Takes a waiter who has left out of the queue.
struct Place<'a> {
    turns: &'a Turns,
    who: IdentityKey,
    id: u64,
}

impl Turns {
    pub(super) fn new(at_once: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            free: at_once.max(1),
            queues: HashMap::new(),
            round: VecDeque::new(),
            waiting: 0,
            next_id: 0,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn. Where too many wait, the last of whoever waits most often gives way to those who wait less.
    pub(super) async fn wait(self: &Arc<Self>, who: IdentityKey) -> Result<Turn, TooMany> {
        let (id, told) = {
            let mut state = self.lock();
            if state.free > 0 && state.waiting == 0 {
                state.free -= 1;
                return Ok(Turn(Some(Arc::clone(self))));
            }
            if state.waiting >= MOST_WAITING {
                state.make_room(who)?;
            }
            state.push(who)
        };
        let _place = Place { turns: self, who, id };
        // An error: room was made for another.
        told.await.map_err(|_| TooMany)
    }

    /// Gives a turn that has become free to the next who waits for one.
    fn pass_on(self: &Arc<Self>) {
        let mut state = self.lock();
        let mut turn = Turn(Some(Arc::clone(self)));
        while let Some(waiter) = state.next() {
            match waiter.tell.send(turn) {
                Ok(()) => return,
                // They left just now.
                Err(back) => turn = back,
            }
        }
        // Nobody wants it: dropping it now must not free it once more.
        turn.0 = None;
        state.free += 1;
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting
    }
}

impl State {
    fn push(&mut self, who: IdentityKey) -> (u64, oneshot::Receiver<Turn>) {
        let (tell, told) = oneshot::channel();
        let id = self.next_id;
        self.next_id += 1;
        let queue = self.queues.entry(who).or_default();
        if queue.is_empty() {
            self.round.push_back(who);
        }
        queue.push_back(Waiter { id, tell });
        self.waiting += 1;
        (id, told)
    }

    fn next(&mut self) -> Option<Waiter> {
        let who = self.round.pop_front()?;
        let queue = self.queues.get_mut(&who)?;
        let waiter = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&who);
        } else {
            self.round.push_back(who);
        }
        self.waiting -= usize::from(waiter.is_some());
        waiter
    }

    fn make_room(&mut self, newcomer: IdentityKey) -> Result<(), TooMany> {
        let own = self.queues.get(&newcomer).map_or(0, VecDeque::len);
        let longest = self.queues.iter().max_by_key(|(_, queue)| queue.len());
        let (who, length) = longest.map(|(who, queue)| (*who, queue.len())).ok_or(TooMany)?;
        if length <= own + 1 {
            return Err(TooMany);
        }
        if let Some(queue) = self.queues.get_mut(&who)
            && queue.pop_back().is_some()
        {
            self.waiting -= 1;
        }
        Ok(())
    }

    fn leave(&mut self, who: IdentityKey, id: u64) {
        let Some(queue) = self.queues.get_mut(&who) else { return };
        let Some(at) = queue.iter().position(|waiter| waiter.id == id) else {
            return;
        };
        queue.remove(at);
        self.waiting -= 1;
        if queue.is_empty() {
            self.queues.remove(&who);
            self.round.retain(|one| *one != who);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.pass_on();
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.turns.lock().leave(self.who, self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use futures_util::FutureExt as _;
    use jeton_domain::IdentityKey;
    use tokio::{sync::mpsc, time::timeout};

    use super::{MOST_WAITING, TooMany, Turns};

    fn caller(n: u32) -> IdentityKey {
        IdentityKey::Unix(n)
    }

    /// Lets a caller wait, and has them say so when they are in.
    async fn queue(turns: &Arc<Turns>, who: u32, said: &mpsc::UnboundedSender<u32>) {
        let before = turns.waiting();
        let (turns_of_task, said) = (Arc::clone(turns), said.clone());
        tokio::spawn(async move {
            let turn = turns_of_task.wait(caller(who)).await.unwrap();
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
        let first = turns.wait(caller(0)).await.unwrap();
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
            turns.wait(caller(1)).await.unwrap(),
            turns.wait(caller(2)).await.unwrap(),
        );
        assert!(turns.wait(caller(3)).now_or_never().is_none());
        drop(one);
        let three = turns.wait(caller(3)).now_or_never().unwrap().unwrap();
        assert!(turns.wait(caller(1)).now_or_never().is_none());
        drop((two, three));
        let again = (
            turns.wait(caller(1)).now_or_never(),
            turns.wait(caller(1)).now_or_never(),
        );
        assert!(again.0.is_some_and(|turn| turn.is_ok()) && again.1.is_some_and(|turn| turn.is_ok()));
    }

    #[tokio::test]
    async fn who_leaves_frees_their_place_and_gives_on_what_they_were_given() {
        let turns = Turns::new(1);
        let held = turns.wait(caller(0)).await.unwrap();
        let mut gone = Box::pin(turns.wait(caller(1)));
        let mut stays = Box::pin(turns.wait(caller(2)));
        assert!(gone.as_mut().now_or_never().is_none() && stays.as_mut().now_or_never().is_none());
        assert_eq!(turns.waiting(), 2);
        // The first is given the turn, and leaves before they look.
        drop(held);
        assert_eq!(turns.waiting(), 1);
        drop(gone);
        let turn = timeout(Duration::from_secs(5), stays).await.unwrap().unwrap();
        let left = Box::pin(turns.wait(caller(3)));
        assert_eq!(turns.waiting(), 0, "a future that was never asked waits for nothing");
        drop(left);
        let mut left = Box::pin(turns.wait(caller(3)));
        assert!(left.as_mut().now_or_never().is_none());
        drop(left);
        assert_eq!(turns.waiting(), 0);
        drop(turn);
        assert!(turns.wait(caller(4)).now_or_never().is_some());
    }

    #[tokio::test]
    async fn who_fills_the_queue_gives_way_to_others() {
        let turns = Turns::new(1);
        let held = turns.wait(caller(0)).await.unwrap();
        let mut waiters: Vec<_> = (0..MOST_WAITING).map(|_| Box::pin(turns.wait(caller(1)))).collect();
        assert!(
            waiters
                .iter_mut()
                .all(|waiter| waiter.as_mut().now_or_never().is_none())
        );
        assert_eq!(turns.wait(caller(1)).await.unwrap_err(), TooMany);
        let mut other = Box::pin(turns.wait(caller(2)));
        assert!(other.as_mut().now_or_never().is_none());
        assert_eq!(turns.waiting(), MOST_WAITING);
        let last = waiters.pop().unwrap();
        assert_eq!(last.now_or_never().unwrap().unwrap_err(), TooMany);
        drop(held);
        let first = waiters.remove(0).now_or_never().unwrap().unwrap();
        drop(first);
        assert!(other.now_or_never().unwrap().is_ok());
    }
}
