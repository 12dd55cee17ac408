//! A bounded number of calls at a time, with turns that go round between callers.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jeton_domain::IdentityKey;
use tokio::{sync::oneshot, time::timeout};

/// How many may wait for one credential.
const MOST_WAITING: usize = 1_000;

/// Lets so many in at a time, and of one caller at most half as many: what a caller began and does not read, such as a download, keeps
/// nobody else out. Whoever else wants in waits; of those who wait each caller is let in once in a round, however many calls another
/// has queued.
#[derive(Debug)]
pub(super) struct Turns(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    most_each: usize,
    /// How many are in, of whom.
    held: HashMap<IdentityKey, usize>,
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
pub(super) struct Turn {
    /// `None` when it was never given.
    of: Option<Arc<Turns>>,
    who: IdentityKey,
}

/// Too many wait already, or those before take too long.
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
            most_each: (at_once / 2).max(1),
            held: HashMap::new(),
            queues: HashMap::new(),
            round: VecDeque::new(),
            waiting: 0,
            next_id: 0,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn, and no longer than this. Where too many wait, the last of whoever waits most often gives way to those who wait
    /// less.
    pub(super) async fn wait(self: &Arc<Self>, who: IdentityKey, patience: Duration) -> Result<Turn, TooMany> {
        let (id, told) = {
            let mut state = self.lock();
            // Whoever waits while there is room has as many turns as a caller may have.
            if state.may_enter(who) {
                state.take(who);
                return Ok(Turn {
                    of: Some(Arc::clone(self)),
                    who,
                });
            }
            if state.waiting >= MOST_WAITING {
                state.make_room(who)?;
            }
            state.push(who)
        };
        let _place = Place { turns: self, who, id };
        // Both errors are the same to the caller: their time is over, or room was made for another.
        timeout(patience, told).await.map_err(|_| TooMany)?.map_err(|_| TooMany)
    }

    /// Gives a turn that has become free to the next who waits for one.
    fn pass_on(self: &Arc<Self>, from: IdentityKey) {
        let mut state = self.lock();
        state.give_back(from);
        while let Some((who, waiter)) = state.next() {
            state.take(who);
            let turn = Turn {
                of: Some(Arc::clone(self)),
                who,
            };
            match waiter.tell.send(turn) {
                Ok(()) => return,
                // They left just now. To drop the turn as it is would give it back once more.
                Err(mut back) => back.of = None,
            }
            state.give_back(who);
        }
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting
    }
}

impl State {
    fn may_enter(&self, who: IdentityKey) -> bool {
        self.free > 0 && self.held.get(&who).is_none_or(|held| *held < self.most_each)
    }

    fn take(&mut self, who: IdentityKey) {
        self.free -= 1;
        *self.held.entry(who).or_default() += 1;
    }

    fn give_back(&mut self, who: IdentityKey) {
        self.free += 1;
        if let Some(held) = self.held.get_mut(&who) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(&who);
            }
        }
    }

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

    /// The first in the round who may enter. Those who may not keep their place in it.
    fn next(&mut self) -> Option<(IdentityKey, Waiter)> {
        let at = self.round.iter().position(|who| self.may_enter(*who))?;
        let who = self.round.remove(at)?;
        let queue = self.queues.get_mut(&who)?;
        let waiter = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&who);
        } else {
            self.round.push_back(who);
        }
        self.waiting -= usize::from(waiter.is_some());
        Some((who, waiter?))
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
        if let Some(turns) = self.of.take() {
            turns.pass_on(self.who);
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.turns.lock().leave(self.who, self.id);
    }
}

#[cfg(test)]
#[path = "turns_tests.rs"]
mod tests;
