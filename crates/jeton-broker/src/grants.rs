use std::{collections::BTreeMap, sync::Arc};

use jeton_domain::{Action, GrantId, Identity, IdentityKey, IssuerName, JwtIdentity, UserName};
use jeton_vault::{GrantFilter, GrantRecord};
use jiff::{SignedDuration, Timestamp};

use crate::{Asker, Broker, BrokerError, permit::own_key, revoke::look_at};

/// The hours that a chart of grants has at most: a month of them.
const MOST_HOURS: u32 = 24 * 31;
/// What was made so long ago is in the database, of every replica whose clock is not wrong by more.
const SETTLED: SignedDuration = SignedDuration::from_mins(5);
const MILLISECONDS: i64 = 3_600_000;

/// A page of grants, newest first.
#[derive(Debug)]
pub struct GrantPage {
    /// The page.
    pub grants: Vec<GrantRecord>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<GrantId>,
    /// Whether everybody's were looked through, and not the asker's alone.
    pub of_all: bool,
}

/// How many grants were made in each of the last hours.
#[derive(Debug)]
pub struct GrantHours {
    /// Each hour by its beginning, the running one last.
    pub hours: Vec<(Timestamp, u64)>,
    /// Whether everybody's were counted, and not the asker's alone.
    pub of_all: bool,
}

/// Which grants are asked for; all conditions hold together.
#[derive(Debug, Clone, Default)]
pub struct GrantAsk {
    /// Only those made before this one.
    pub before: Option<GrantId>,
    /// Only those that were neither given back nor have ended.
    pub only_live: bool,
    /// Only the asker's own.
    pub only_mine: bool,
    /// Only this holder's, by key or by name, as a grant has them.
    pub holder: Option<String>,
    /// Only from this App or account: `app:<name>`, `account:<label>`.
    pub source: Option<String>,
    /// Only for this repository (`owner/name`), or for any of this owner (`owner/`).
    pub repository: Option<String>,
    /// Only of the token with this fingerprint.
    pub fingerprint: Option<String>,
    /// At most so many, 1 to 500.
    pub limit: u32,
}

/// How many grants were made in hours that change no more.
#[derive(Debug, Default)]
pub(crate) struct PastGrants {
    /// By hours since 1970.
    hours: BTreeMap<i64, u64>,
    /// The hour that was running, up to when it is counted, and how many those are.
    running: Option<(i64, Timestamp, u64)>,
}

impl Broker {
    /// Who holds what; what others hold too for who may see it.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn list_grants(&self, asker: &Asker, ask: GrantAsk) -> Result<GrantPage, BrokerError> {
        let limit = ask.limit.clamp(1, 500);
        let now = self.0.clock.now();
        let mine = ask.only_mine || !self.sees_all_grants(asker);
        let none = GrantPage {
            grants: Vec::new(),
            next: None,
            of_all: !mine,
        };
        let own = own_key(asker);
        let holder_key = match ask.holder.as_deref() {
            None if mine => own.clone(),
            None => None,
            // Who sees only what is theirs has nobody else looked up.
            Some(holder) if mine && holder == asker.caller.identity.to_string() => own.clone(),
            Some(holder) if mine => Some(holder.to_owned()),
            Some(holder) => match self.holder_key(holder).await? {
                Some(key) => Some(key),
                None => return Ok(none),
            },
        };
        if mine && (own.is_none() || holder_key != own) {
            return Ok(none);
        }
        let filter = GrantFilter {
            only_live: ask.only_live,
            holder_key,
            source: ask.source,
            repository: ask.repository,
            fingerprint: ask.fingerprint,
        };
        // One more than asked for tells whether there is a next page.
        let mut tx = self.0.vault.read().await?;
        let mut grants = tx.grants().list(&filter, ask.before, now, limit + 1).await?;
        let more = grants.len() > limit as usize;
        grants.truncate(limit as usize);
        let next = grants.last().filter(|_| more).map(|grant| grant.id);
        Ok(GrantPage {
            grants,
            next,
            of_all: !mine,
        })
    }

    /// How many grants were made in each of the last `hours` hours (a month of them at most), the running one last: those of
    /// all servers for who may see them, else the asker's own. Each hour is named by its beginning. What changes no more is
    /// counted once.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn grants_per_hour(&self, asker: &Asker, hours: u32) -> Result<GrantHours, BrokerError> {
        let now = self.0.clock.now();
        let last = now.as_millisecond().div_euclid(MILLISECONDS);
        let first = last - i64::from(hours.clamp(1, MOST_HOURS)) + 1;
        let of_all = self.sees_all_grants(asker);
        let counts = if of_all {
            self.0.count_hours(first, last, now).await?
        } else if let Some(own) = own_key(asker) {
            let mut tx = self.0.vault.read().await?;
            let (from, to) = (beginning(first), after(now));
            by_number(&tx.grants().count_by_hour(from, to, Some(&own)).await?)
        } else {
            BTreeMap::new()
        };
        let hours = (first..=last).map(|hour| (beginning(hour), counts.get(&hour).copied().unwrap_or(0)));
        Ok(GrantHours {
            hours: hours.collect(),
            of_all,
        })
    }

    /// The key of a holder who is named by key or by name: `client:ci`, `user:ada`, `jwt:<issuer>:<subject>`. A name that a
    /// client had which was revoked, or a user who was removed, means the one who had it last, unless another has it now. `None`
    /// when nobody is named so.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn holder_key(&self, holder: &str) -> Result<Option<String>, BrokerError> {
        let access = &self.0.access;
        let key = match holder.split_once(':') {
            _ if IdentityKey::parse(holder).is_some() => IdentityKey::parse(holder),
            Some(("client", name)) => match access.client(name).await {
                Ok((client, _)) => Some(IdentityKey::Client(client.id)),
                Err(jeton_access::AccessError::ClientNotFound(_)) => access
                    .find_revoked_client(name)
                    .await?
                    .map(|client| IdentityKey::Client(client.id)),
                Err(error) => return Err(error.into()),
            },
            Some(("user", name)) => match access.user(name).await {
                Ok(user) => Some(IdentityKey::User(user.id)),
                Err(jeton_access::AccessError::UserNotFound(_)) => self.key_of_removed(name).await?,
                Err(error) => return Err(error.into()),
            },
            Some(("jwt", rest)) => rest.split_once(':').and_then(|(issuer, subject)| {
                let issuer = IssuerName::parse(issuer).ok()?;
                let claims = serde_json::Map::new();
                let subject = subject.to_owned();
                let jwt = JwtIdentity {
                    issuer,
                    subject,
                    claims,
                };
                Some(Identity::Jwt(Arc::new(jwt)).key())
            }),
            _ => None,
        };
        Ok(key.map(|key| key.to_string()))
    }

    /// Of a user who was removed nothing is left but what they hold.
    async fn key_of_removed(&self, name: &str) -> Result<Option<IdentityKey>, BrokerError> {
        let Ok(name) = UserName::parse(name) else {
            return Ok(None);
        };
        let mut tx = self.0.vault.read().await?;
        let key = tx.grants().last_key_of(&format!("user:{name}")).await?;
        Ok(key.as_deref().and_then(IdentityKey::parse))
    }

    fn sees_all_grants(&self, asker: &Asker) -> bool {
        let look = look_at(Action::GrantRead, self.0.clock.now());
        self.0.access.decide(&asker.caller, &look).allowed().is_some()
    }
}

impl crate::broker::Inner {
    /// The counts of some hours, by their number. Of hours that are settled, and of the settled part of the running one, what was
    /// counted before is taken: at thousands of grants a second a look at the rest stays cheap.
    async fn count_hours(&self, first: i64, last: i64, now: Timestamp) -> Result<BTreeMap<i64, u64>, BrokerError> {
        // One at a time: a second one finds what the first has counted.
        let mut past = self.past_grants.lock().await;
        let settled = now - SETTLED;
        let settled_hour = settled.as_millisecond().div_euclid(MILLISECONDS);
        // What was counted while a clock was wrong is not kept: hours that are not over yet by this look.
        let oldest = last - i64::from(MOST_HOURS);
        past.hours.retain(|hour, _| *hour > oldest && *hour < settled_hour);
        let mut tx = self.vault.read().await?;
        // Whole hours that are over and unknown, in one go from the first of them.
        let unknown = (first..settled_hour).find(|hour| !past.hours.contains_key(hour));
        if let Some(unknown) = unknown {
            let counted = tx
                .grants()
                .count_by_hour(beginning(unknown), beginning(settled_hour), None)
                .await?;
            let counted = by_number(&counted);
            for hour in unknown..settled_hour {
                past.hours.insert(hour, counted.get(&hour).copied().unwrap_or(0));
            }
        }
        // The hour in which the settled time lies: what came since the last look up to that time.
        let (from, before) = match past.running {
            Some((hour, until, count)) if hour == settled_hour && until <= settled => (until, count),
            _ => (beginning(settled_hour), 0),
        };
        let more: u64 = tx
            .grants()
            .count_by_hour(from, settled, None)
            .await?
            .iter()
            .map(|(_, count)| count)
            .sum();
        past.running = Some((settled_hour, settled, before + more));
        let mut counts = past.hours.clone();
        counts.insert(settled_hour, before + more);
        // What may still change.
        for (hour, count) in by_number(&tx.grants().count_by_hour(settled, after(now), None).await?) {
            *counts.entry(hour).or_default() += count;
        }
        Ok(counts)
    }
}

fn beginning(hour: i64) -> Timestamp {
    Timestamp::from_millisecond(hour * MILLISECONDS).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The first time that is not now any more: what was made now counts.
fn after(now: Timestamp) -> Timestamp {
    now + SignedDuration::from_millis(1)
}

fn by_number(counts: &[(Timestamp, u64)]) -> BTreeMap<i64, u64> {
    let number = |(hour, count): &(Timestamp, u64)| (hour.as_millisecond().div_euclid(MILLISECONDS), *count);
    counts.iter().map(number).collect()
}
