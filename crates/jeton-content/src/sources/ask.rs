//! Asks one source after the other until one answers.

use jeton_domain::Diagnosis;
use jeton_forge::content::{Place, ReadError, Told};
use jiff::Timestamp;

use super::{
    Failed, Way,
    calls::{Call, Resolve, Sought},
    counts::{count_call, count_limited, counted},
    gate::{Permit, Shut},
    held::Held,
    source::{Hand, Means, Source},
};

/// An answer.
pub(super) struct Got<'a, T> {
    pub(super) value: T,
    pub(super) source: &'a Source,
    /// Held as long as the call goes on.
    pub(super) permit: Permit,
}

/// What became of one source.
enum One<T> {
    Answer(T, Permit),
    /// It does not read the repository, or the forge does not take it.
    Passed(Diagnosis),
    /// It cannot be asked now.
    Shut(Shut),
    /// There is no credential to ask with now.
    Lacking(Failed),
    /// Nobody else could say anything else.
    Over(Failed),
}

impl Way {
    /// Asks until somebody answers, or nobody is left who could.
    pub(super) async fn ask<C: Call>(&self, call: &C) -> Result<Got<'_, C::Output>, Failed> {
        let outcome = self.ask_all(call).await;
        if let Err(failed) = &outcome {
            tracing::debug!(repository = &*self.key, cause = failed.words(), "nobody could answer");
        }
        outcome
    }

    async fn ask_all<C: Call>(&self, call: &C) -> Result<Got<'_, C::Output>, Failed> {
        let mut tried = vec![false; self.sources.len()];
        let mut held = Held::default();
        let (mut passed, mut lacking) = (None, None);
        while let Some((index, source)) = self.next(&tried, call) {
            tried[index] = true;
            match self.ask_one(source, call).await {
                One::Answer(value, permit) => {
                    self.answered(index);
                    return Ok(Got { value, source, permit });
                }
                One::Passed(diagnosis) => passed = Some(diagnosis),
                One::Shut(shut) => held.add(shut),
                One::Lacking(failed) => lacking = lacking.or(Some(failed)),
                One::Over(failed) => return Err(failed),
            }
        }
        // Who was not asked might have answered.
        if let Some(failed) = lacking.or_else(|| held.failed(self.host(), self.now())) {
            return Err(failed);
        }
        match passed.or_else(|| self.broken.first().cloned()) {
            Some(diagnosis) if call.asks_for() != Sought::Thing => Err(Failed::NotFound(Box::new(diagnosis))),
            Some(_) | None => Err(Failed::Other(self.not_shown())),
        }
    }

    fn next<C: Call>(&self, tried: &[bool], call: &C) -> Option<(usize, &Source)> {
        let now = self.now();
        let left = || self.sources.iter().enumerate().filter(|(index, _)| !tried[*index]);
        if let Some(wanted) = call.prefers()
            && let Some(found) = left().find(|(_, source)| source.key == *wanted)
            && self.can_be_asked(found.1, now)
        {
            return Some(found);
        }
        left().min_by_key(|(index, source)| source.rank(*index, now))
    }

    fn can_be_asked(&self, source: &Source, now: Timestamp) -> bool {
        source.sight.refused(now).is_none()
            && source.gate.rejected(now).is_none()
            && source.gate.check(self.who, now).is_ok()
    }

    async fn ask_one<C: Call>(&self, source: &Source, call: &C) -> One<C::Output> {
        let now = self.now();
        if let Some(refused) = source.sight.refused(now) {
            return One::Passed(refused.diagnosis);
        }
        if let Some(diagnosis) = source.gate.rejected(now) {
            return One::Passed(diagnosis);
        }
        if let Err(shut) = source.gate.check(self.who, now) {
            return One::Shut(counted(shut));
        }
        // Before a turn is taken: a mint takes seconds, and needs none.
        let mut hand = match self.hand(source).await {
            Ok(hand) => hand,
            Err(one) => return one.into(),
        };
        let permit = match source.gate.enter(self.who, &*self.shared.clock).await {
            Ok(permit) => permit,
            Err(shut) => return One::Shut(counted(shut)),
        };
        let mut told = self.call(source, &hand, call).await;
        if let (Err(ReadError::Unauthorized(_)), Hand::Minted(..)) = (&told, &hand) {
            hand = match self.renewed(source, hand).await {
                Ok(hand) => hand,
                Err(one) => return one.into(),
            };
            permit.charge();
            told = self.call(source, &hand, call).await;
        }
        match told {
            Ok(value) => {
                if call.was_free(&value) {
                    permit.refund();
                }
                if call.shows() {
                    self.seen(source);
                }
                One::Answer(value, permit)
            }
            Err(ReadError::NotFound(diagnosis)) if call.asks_for() != Sought::Repository => {
                let meant = match call.asks_for() {
                    Sought::Name => Failed::NoSuchName(diagnosis),
                    Sought::Repository | Sought::Thing => Failed::NotFound(diagnosis),
                };
                self.absent(source, &hand, &permit, meant).await.into()
            }
            // A forge's client says so by itself of what can be no name.
            Err(ReadError::NoSuchName(diagnosis)) if call.asks_for() != Sought::Repository => self
                .absent(source, &hand, &permit, Failed::NoSuchName(diagnosis))
                .await
                .into(),
            Err(error) => self.classify(source, error).into(),
        }
    }

    /// Something is not in the repository. The forges say so too of what is in a repository that they do not show: each time the source
    /// has to show that it reads it. That it did a moment ago is not enough: what is said here is kept, and told to others.
    async fn absent(&self, source: &Source, hand: &Hand, permit: &Permit, meant: Failed) -> Ended {
        permit.charge();
        match self.call(source, hand, &Resolve::default()).await {
            Ok(_) => {
                self.seen(source);
                Ended::Over(meant)
            }
            Err(error) => self.classify(source, error),
        }
    }

    /// Makes the call, and takes in what it shows of the limit.
    async fn call<C: Call>(&self, source: &Source, hand: &Hand, call: &C) -> Result<C::Output, ReadError> {
        let place = Place {
            forge: &source.forge,
            repository: &self.repository,
            credential: hand.credential(),
            now: self.now(),
        };
        let kind = source.forge.kind();
        let Told { answer, quota } = call.make(self.shared.forges.of(kind), &place, &source.key).await;
        count_call(kind, answer.as_ref().err());
        if let Some(quota) = quota {
            source.gate.note(quota, self.now());
        }
        answer
    }

    fn seen(&self, source: &Source) {
        source.gate.accept();
        source.sight.see(self.now());
    }

    /// What a refusal means for the source, and whether another should be asked.
    fn classify(&self, source: &Source, error: ReadError) -> Ended {
        let now = self.now();
        match error {
            ReadError::NotFound(diagnosis) => {
                source.sight.refuse((*diagnosis).clone(), false, now);
                Ended::Passed(*diagnosis)
            }
            ReadError::Forbidden(diagnosis) => {
                source.sight.refuse((*diagnosis).clone(), true, now);
                Ended::Passed(*diagnosis)
            }
            ReadError::Unauthorized(diagnosis) => {
                if matches!(source.means, Means::Nobody) {
                    // The forge wants everybody to sign in: nothing is wrong with any credential.
                    source.sight.refuse((*diagnosis).clone(), false, now);
                } else if source.gate.reject((*diagnosis).clone(), now) {
                    self.report(source);
                }
                Ended::Passed(*diagnosis)
            }
            ReadError::Limited {
                until,
                object_only: true,
                diagnosis,
            } => {
                count_limited("object");
                Ended::Over(Failed::forge(Diagnosis {
                    retry_at: Some(until),
                    ..*diagnosis
                }))
            }
            ReadError::Limited { until, diagnosis, .. } => {
                count_limited("forge");
                source.gate.close(until, (*diagnosis).clone(), now);
                Ended::Shut(Shut::Closed { until, diagnosis })
            }
            ReadError::Down(diagnosis) | ReadError::Garbled(diagnosis) => Ended::Over(Failed::forge(*diagnosis)),
            // None of these shows that the source reads the repository: a forge's client may find them out by itself, or guess them from
            // an answer that shows nothing.
            ReadError::NoSuchName(diagnosis) => Ended::Over(Failed::NoSuchName(diagnosis)),
            ReadError::Empty => Ended::Over(Failed::Empty),
            ReadError::TooLarge { limit } => Ended::Over(Failed::TooLarge { limit }),
            ReadError::Moved { to } => {
                let diagnosis = self.moved(to.as_deref());
                // What was seen under the old name is no longer there.
                source.sight.refuse(diagnosis.clone(), true, now);
                Ended::Over(Failed::Other(self.not_shown_to(source, diagnosis)))
            }
        }
    }

    /// Has the watch look at an account whose token the forge refused. Nobody waits for it.
    fn report(&self, source: &Source) {
        let (Some(granted), Means::Account(account, _)) = (&self.granted, &source.means) else {
            return;
        };
        let accounts = granted.broker.accounts().clone();
        let (fingerprint, id) = (account.fingerprint().clone(), account.id());
        tokio::spawn(async move {
            if let Err(error) = accounts.look_at_rejected(&fingerprint, Some(id)).await {
                tracing::warn!(%error, token.fingerprint = %fingerprint, "a refused token could not be looked at");
            }
        });
    }
}

/// [`One`] without an answer.
pub(super) enum Ended {
    Passed(Diagnosis),
    Shut(Shut),
    Lacking(Failed),
    Over(Failed),
}

impl<T> From<Ended> for One<T> {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Passed(diagnosis) => Self::Passed(diagnosis),
            Ended::Shut(shut) => Self::Shut(shut),
            Ended::Lacking(failed) => Self::Lacking(failed),
            Ended::Over(failed) => Self::Over(failed),
        }
    }
}
