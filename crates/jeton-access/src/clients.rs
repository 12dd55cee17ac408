use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use ipnet::IpNet;
use jeton_domain::{ApiKey, ApiKeyDigest, Caller, ClientId, ClientKeyId, ClientName, Identity, IdentityKey, redact};
use jeton_ledger::{Event, events};
use jeton_vault::{ClientKeyRecord, ClientRecord, VaultError};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::{Access, AccessError, private_accounts::switch_off};

/// For this long after its end a key is told that it has ended, instead of being unknown.
pub(crate) const REMEMBER_ENDED: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How long the older key lives on in a rotation, when nothing is said.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// And at most.
const LONGEST_OVERLAP: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Networks of one client.
const MOST_NETWORKS: usize = 50;
/// Characters of a description.
const LONGEST_DESCRIPTION: usize = 500;

/// A client in memory.
#[derive(Debug)]
pub struct LiveClient {
    /// Who it is.
    pub id: ClientId,
    /// Its name.
    pub name: Arc<ClientName>,
    networks: Vec<IpNet>,
    expires_at: Option<Timestamp>,
    /// In milliseconds; 0 when it was not used since the last sweep.
    used: AtomicI64,
}

impl LiveClient {
    /// As callers are named.
    pub fn identity(&self) -> Identity {
        Identity::Client {
            id: self.id,
            name: Arc::clone(&self.name),
        }
    }

    fn may_ask_from(&self, address: Option<IpAddr>) -> bool {
        // Whoever comes over the Unix socket is on this machine, which no list of networks names.
        let Some(address) = address else { return true };
        self.networks.is_empty()
            || self
                .networks
                .iter()
                .any(|network| network.contains(&address.to_canonical()))
    }
}

#[derive(Debug)]
struct KeyEntry {
    client: Arc<LiveClient>,
    expires_at: Option<Timestamp>,
}

/// Every live client by the digests of its keys. A digest gives nothing away by how long it takes to find: it cannot be
/// chosen, and a key has 178 random bits.
#[derive(Debug, Default)]
pub(crate) struct ClientIndex(HashMap<ApiKeyDigest, KeyEntry>);

impl ClientIndex {
    /// Whether a client is there and has not ended.
    pub(crate) fn is_live(&self, id: ClientId, now: Timestamp) -> bool {
        // A walk through all of them: asked once for each renewal, not for each request.
        let mut clients = self.0.values().map(|entry| &entry.client);
        clients.any(|client| client.id == id && client.expires_at.is_none_or(|end| end > now))
    }

    /// Which clients were used since this was last asked, and when.
    pub(crate) fn take_used(&self) -> Vec<(ClientId, Timestamp)> {
        let used = self.0.values().filter_map(|entry| {
            let at = entry.client.used.swap(0, Ordering::Relaxed);
            let at = Timestamp::from_millisecond(at).ok().filter(|_| at != 0)?;
            Some((entry.client.id, at))
        });
        used.collect()
    }
}

/// What is known of a key.
#[derive(Debug, Clone)]
pub enum KeyVerdict {
    /// The operator's own.
    Operator,
    /// A client's.
    Client(Arc<LiveClient>),
    /// It has ended.
    Ended,
    /// The client may not ask from there.
    WrongAddress(Arc<LiveClient>),
    /// Nobody's.
    Unknown,
}

/// A client to be added.
#[derive(Debug, Clone, Default)]
pub struct NewClient {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where it may ask from; anywhere when empty.
    pub networks: Vec<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A client with the one key that can be shown just this once.
#[derive(Debug)]
pub struct NewKey {
    /// The client.
    pub client: ClientRecord,
    /// The key.
    pub key: ApiKey,
    /// When the older key ends.
    pub old_key_ends_at: Option<Timestamp>,
}

/// A page of clients.
#[derive(Debug)]
pub struct ClientPage {
    /// The page.
    pub clients: Vec<ClientRecord>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<(ClientName, ClientId)>,
}

impl Access {
    pub(crate) fn take_clients(&self, loaded: Vec<(ClientRecord, Vec<ClientKeyRecord>)>) {
        let before = self.0.clients.load_full();
        let used: HashMap<ClientId, i64> = before
            .0
            .values()
            .map(|entry| (entry.client.id, entry.client.used.load(Ordering::Relaxed)))
            .collect();
        let mut index = HashMap::with_capacity(loaded.len() * 2);
        for (record, keys) in loaded {
            let networks = record
                .networks
                .iter()
                .map(|text| text.parse())
                .collect::<Result<Vec<IpNet>, _>>();
            let Ok(networks) = networks else {
                tracing::error!(client.name = %record.name, "a client's networks cannot be read; its keys are refused");
                continue;
            };
            let client = Arc::new(LiveClient {
                id: record.id,
                name: Arc::new(record.name),
                networks,
                expires_at: record.expires_at,
                used: AtomicI64::new(used.get(&record.id).copied().unwrap_or(0)),
            });
            for key in keys {
                let entry = KeyEntry {
                    client: Arc::clone(&client),
                    expires_at: key.expires_at,
                };
                index.insert(key.digest, entry);
            }
        }
        self.0.clients.store(Arc::new(ClientIndex(index)));
    }

    /// Whose key it is, from memory alone.
    pub fn known_key(&self, digest: &ApiKeyDigest, address: Option<IpAddr>, now: Timestamp) -> KeyVerdict {
        let clients = self.0.clients.load();
        let Some(entry) = clients.0.get(digest) else {
            let operator = self.0.operator_keys.hold(digest);
            return if operator {
                KeyVerdict::Operator
            } else {
                KeyVerdict::Unknown
            };
        };
        let ended = |end: Option<Timestamp>| end.is_some_and(|end| end <= now);
        if ended(entry.expires_at) || ended(entry.client.expires_at) {
            return KeyVerdict::Ended;
        }
        if !entry.client.may_ask_from(address) {
            return KeyVerdict::WrongAddress(Arc::clone(&entry.client));
        }
        let now = now.as_millisecond();
        // To the second: a store for each request would bounce the cache line between cores.
        if now.abs_diff(entry.client.used.load(Ordering::Relaxed)) >= 1_000 {
            entry.client.used.store(now, Ordering::Relaxed);
        }
        KeyVerdict::Client(Arc::clone(&entry.client))
    }

    /// Adds a client with its first key.
    ///
    /// # Errors
    /// When the name is taken or something is not well-formed.
    pub async fn add_client(
        &self,
        by: &Caller,
        request_id: Option<&str>,
        new: NewClient,
    ) -> Result<NewKey, AccessError> {
        let now = self.now();
        let client = self.checked(new, now)?;
        let (key, record) = self.new_key(client.id, now);
        let event = Event::new(events::CLIENT_ADDED, by)
            .with("client", client.name.as_str())
            .with("client_id", client.id.to_string())
            .with("networks", json!(client.networks))
            .with("expires_at", json!(client.expires_at.map(|at| at.to_string())))
            .with_fingerprint(record.fingerprint.clone())
            .in_request(request_id);
        let mut tx = self.0.vault.begin().await?;
        match tx.clients().add(&client).await {
            Err(VaultError::Conflict(_)) => return Err(AccessError::ClientNameTaken(client.name.to_string())),
            other => other?,
        }
        tx.clients().add_key(&record).await?;
        self.changes(&mut *tx).await?;
        self.0.ledger.append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        self.follow_own_change().await;
        Ok(NewKey {
            client,
            key,
            old_key_ends_at: None,
        })
    }

    fn checked(&self, new: NewClient, now: Timestamp) -> Result<ClientRecord, AccessError> {
        let invalid = |what: String| Err(AccessError::ClientInvalid(what));
        let name = ClientName::parse(&new.name).map_err(|error| AccessError::ClientInvalid(error.to_string()))?;
        if new
            .description
            .as_ref()
            .is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION)
        {
            return invalid(format!(
                "the description is longer than {LONGEST_DESCRIPTION} characters"
            ));
        }
        if new
            .description
            .as_deref()
            .is_some_and(|text| text.contains(char::is_control))
        {
            return invalid("the description has control characters; write it in one line".to_owned());
        }
        if new.description.as_deref().is_some_and(|text| redact(text) != text) {
            return invalid(
                "there is what looks like a token in the description, where others could read it".to_owned(),
            );
        }
        if new.networks.len() > MOST_NETWORKS {
            return invalid(format!("a client has at most {MOST_NETWORKS} networks"));
        }
        let mut networks = Vec::with_capacity(new.networks.len());
        for text in &new.networks {
            let text = text.trim();
            let network = text
                .parse::<IpNet>()
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            let Ok(network) = network else {
                let shown: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
                return invalid(format!("`{shown}` is no network; write it as 10.0.0.0/8 or 192.0.2.7"));
            };
            networks.push(network.trunc().to_string());
        }
        if new.expires_at.is_some_and(|at| at <= now) {
            return invalid("the end of the client lies in the past".to_owned());
        }
        Ok(ClientRecord {
            id: ClientId::generate(now, &*self.0.entropy),
            name,
            description: new.description.filter(|text| !text.is_empty()),
            networks,
            expires_at: new.expires_at,
            created_at: now,
            revoked_at: None,
            last_used_at: None,
        })
    }

    fn new_key(&self, client: ClientId, now: Timestamp) -> (ApiKey, ClientKeyRecord) {
        let key = ApiKey::generate(&*self.0.entropy);
        let record = ClientKeyRecord {
            id: ClientKeyId::generate(now, &*self.0.entropy),
            client,
            digest: key.digest(),
            fingerprint: key.fingerprint(),
            created_at: now,
            expires_at: None,
        };
        (key, record)
    }

    /// Gives a client a further key; the one that it has lives on for `overlap` (a day when not said), or ends at once.
    ///
    /// # Errors
    /// When there is no such client, or it has two live keys already and `overlap` is not zero.
    pub async fn rotate_client(
        &self,
        by: &Caller,
        request_id: Option<&str>,
        name: &str,
        overlap: Option<SignedDuration>,
    ) -> Result<NewKey, AccessError> {
        let now = self.now();
        let overlap = overlap.unwrap_or(OVERLAP);
        if overlap.is_negative() || overlap > LONGEST_OVERLAP {
            let what = format!("two keys may overlap for 0 to {} days", LONGEST_OVERLAP.as_hours() / 24);
            return Err(AccessError::ClientInvalid(what));
        }
        let mut tx = self.0.vault.begin().await?;
        let client = match ClientName::parse(name) {
            Ok(parsed) => tx.clients().find(&parsed).await?,
            Err(_) => None,
        };
        let client = client.ok_or_else(|| not_found(name))?;
        let live = tx.clients().keys(client.id, now).await?;
        if live.len() >= 2 && !overlap.is_zero() {
            return Err(AccessError::ClientRotating(client.name.to_string()));
        }
        let (key, record) = self.new_key(client.id, now);
        let ends_at = now + overlap;
        tx.clients().add_key(&record).await?;
        tx.clients().end_other_keys(client.id, record.id, ends_at).await?;
        let event = Event::new(events::CLIENT_ROTATED, by)
            .with("client", client.name.as_str())
            .with("client_id", client.id.to_string())
            .with("old_key_ends_at", ends_at.to_string())
            .with_fingerprint(record.fingerprint.clone())
            .in_request(request_id);
        self.changes(&mut *tx).await?;
        self.0.ledger.append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        self.follow_own_change().await;
        Ok(NewKey {
            client,
            key,
            old_key_ends_at: Some(ends_at),
        })
    }

    /// Ends a client and all its keys, at once on this server and within a second on others, and switches its private accounts off; how
    /// many these were.
    ///
    /// # Errors
    /// When there is no such client.
    pub async fn revoke_client(
        &self,
        by: &Caller,
        request_id: Option<&str>,
        name: &str,
    ) -> Result<(ClientRecord, u64), AccessError> {
        let now = self.now();
        let mut tx = self.0.vault.begin().await?;
        let client = match ClientName::parse(name) {
            Ok(parsed) => tx.clients().find(&parsed).await?,
            Err(_) => None,
        };
        let mut client = client.ok_or_else(|| not_found(name))?;
        if !tx.clients().revoke(client.id, now).await? {
            return Err(not_found(name));
        }
        let event = Event::new(events::CLIENT_REVOKED, by)
            .with("client", client.name.as_str())
            .with("client_id", client.id.to_string())
            .in_request(request_id);
        let mut entries = vec![event];
        entries.extend(switch_off(&mut *tx, by, request_id, IdentityKey::Client(client.id), now).await?);
        self.changes(&mut *tx).await?;
        self.0.ledger.append_in(&mut *tx, &entries).await?;
        tx.commit().await?;
        self.follow_own_change().await;
        client.revoked_at = Some(now);
        Ok((client, entries.len() as u64 - 1))
    }

    /// The client of a name that was revoked last, if there is one: to end what it still holds.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn find_revoked_client(&self, name: &str) -> Result<Option<ClientRecord>, AccessError> {
        let Ok(name) = ClientName::parse(name) else {
            return Ok(None);
        };
        // By name, then by id: the first of its name comes after none.
        let mut after = ClientId::from_uuid(Uuid::nil());
        let mut last: Option<ClientRecord> = None;
        let mut tx = self.0.vault.read().await?;
        loop {
            let page = tx.clients().list(Some((&name, after)), true, 500).await?;
            let is_last = page.len() < 500 || page.iter().any(|client| client.name != name);
            for client in page.into_iter().filter(|client| client.name == name) {
                after = client.id;
                if client.revoked_at.is_some() && last.as_ref().is_none_or(|last| last.revoked_at <= client.revoked_at)
                {
                    last = Some(client);
                }
            }
            if is_last {
                return Ok(last);
            }
        }
    }

    /// A page of clients by name.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn list_clients(
        &self,
        after: Option<(&ClientName, ClientId)>,
        with_revoked: bool,
        limit: u32,
    ) -> Result<ClientPage, AccessError> {
        let limit = limit.clamp(1, 500);
        let mut clients = self
            .0
            .vault
            .read()
            .await?
            .clients()
            .list(after, with_revoked, limit + 1)
            .await?;
        let more = clients.len() > limit as usize;
        clients.truncate(limit as usize);
        let next = clients
            .last()
            .filter(|_| more)
            .map(|client| (client.name.clone(), client.id));
        Ok(ClientPage { clients, next })
    }

    /// One client with its live keys.
    ///
    /// # Errors
    /// When there is no such client.
    pub async fn client(&self, name: &str) -> Result<(ClientRecord, Vec<ClientKeyRecord>), AccessError> {
        let parsed = ClientName::parse(name).map_err(|_| not_found(name))?;
        let mut tx = self.0.vault.read().await?;
        let client = tx.clients().find(&parsed).await?.ok_or_else(|| not_found(name))?;
        let keys = tx.clients().keys(client.id, self.now()).await?;
        Ok((client, keys))
    }
}

fn not_found(name: &str) -> AccessError {
    AccessError::ClientNotFound(name.chars().filter(|c| !c.is_control()).take(64).collect())
}
