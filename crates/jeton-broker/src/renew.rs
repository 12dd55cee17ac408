use std::sync::Arc;

use jeton_domain::{Coded, Freshness, TokenKeyDigest};
use jeton_ledger::{Event, events};
use jiff::Timestamp;

use crate::{
    Broker, LiveToken,
    broker::Inner,
    slot::{Need, Slot},
};

impl Inner {
    /// Starts the renewal of a token that is in its margin, unless one is under way or has failed just now.
    pub(crate) fn renew_if_due(
        self: &Arc<Self>,
        digest: TokenKeyDigest,
        slot: &Arc<Slot>,
        token: &LiveToken,
        now: Timestamp,
    ) {
        let due = token.freshness(now, self.settings.renew_margin) == Freshness::RenewSoon;
        if due && slot.take_renewal(now) {
            let (inner, slot) = (Arc::clone(self), Arc::clone(slot));
            self.tasks.spawn(async move { inner.renew(digest, &slot).await });
        }
    }

    /// Fetches the successor of a slot's token while the old one is still handed out.
    async fn renew(self: &Arc<Self>, digest: TokenKeyDigest, slot: &Arc<Slot>) {
        let Some(app) = self.apps.by_id(slot.app) else {
            return;
        };
        let Ok(_turn) = app.renewals.acquire().await else {
            return;
        };
        let before = slot.current();
        let need = Need {
            min_left: self.settings.renew_margin,
            minted_since: None,
        };
        match self.fly(digest, slot, need, true).await {
            Ok(token) if need.is_met_by(token.minted_at, token.good_until, self.clock.now()) => {}
            Ok(_) => slot.renewal_failed(self.clock.now()),
            Err(error) => {
                let code = error.code();
                if let Some(token) = before.filter(|_| error.is_access_lost()) {
                    tracing::warn!(%code, %error, owner = &*slot.owner, "access was taken away; the token is dropped");
                    slot.drop_token(token.id);
                    let broker = Broker(Arc::clone(self));
                    let event = Event::by_system(events::TOKEN_DROPPED)
                        .with("code", code.as_str())
                        .with("forge", &*app.host)
                        .with("source", format!("app:{}", app.name))
                        .with("repositories", token.full_names())
                        .with_fingerprint(token.fingerprint.clone());
                    if let Err(error) = broker.end_token(token.id, &app.forge, &[event]).await {
                        tracing::warn!(code = %error.code(), %error, "the dropped token could not be marked in the vault");
                    }
                } else {
                    tracing::warn!(%code, %error, owner = &*slot.owner, "a renewal failed; the old token is still good");
                }
                slot.renewal_failed(self.clock.now());
            }
        }
    }
}

impl Broker {
    /// Renews every token that is in its margin and was asked for since it came in; how many were begun. Comes back
    /// when all of them have landed.
    pub async fn renew_due(&self) -> usize {
        let inner = &self.0;
        let now = inner.clock.now();
        let is_due = |slot: &Arc<Slot>| {
            let current = slot.current();
            let soon =
                current.is_some_and(|token| token.freshness(now, inner.settings.renew_margin) == Freshness::RenewSoon);
            soon && slot.was_used() && slot.take_renewal(now)
        };
        let due: Vec<_> = inner
            .slots
            .iter()
            .filter(|entry| is_due(entry.value()))
            .map(|entry| (*entry.key(), Arc::clone(entry.value())))
            .collect();
        let begun = due.len();
        let mut running = tokio::task::JoinSet::new();
        for (digest, slot) in due {
            let inner = Arc::clone(inner);
            running.spawn(async move { inner.renew(digest, &slot).await });
        }
        while running.join_next().await.is_some() {}
        begun
    }
}
