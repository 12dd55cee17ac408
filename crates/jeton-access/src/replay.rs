use std::sync::Arc;

use jeton_domain::{
    Action, Caller, ClientId, ClientName, Identity, IssuerName, JwtIdentity, Permissions, Role, UserId, UserName,
};
use jeton_ledger::events;
use jeton_policy::{Ask, Decision, Origin, PolicySet, PolicySpec, parse_document};
use jeton_vault::{LedgerEntry, LedgerFilter};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{Access, AccessError, policies::words};

/// Entries that are read at a time.
const PAGE: u32 = 500;
/// Entries that one replay looks at.
const MOST_EXAMINED: u64 = 200_000;

/// What a proposed policy file would have done with requests of the past.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replay {
    /// How many requests were looked at.
    pub examined: u64,
    /// Whether there were more, or more changes, than one replay shows.
    pub truncated: bool,
    /// The requests that would have ended differently, oldest first.
    pub changes: Vec<ReplayChange>,
}

/// One request that would have ended differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayChange {
    /// The entry's number in the record.
    pub seq: u64,
    /// When it was.
    pub at: Timestamp,
    /// Who asked.
    pub actor: String,
    /// For what.
    pub action: String,
    /// About which repositories.
    pub repositories: Vec<String>,
    /// Whether it was allowed.
    pub before: bool,
    /// Whether it would be.
    pub after: bool,
    /// The rule that allowed it.
    pub rule_before: Option<String>,
    /// The rule that would.
    pub rule_after: Option<String>,
}

/// A request of the past, as far as the record has it.
struct Past {
    caller: Caller,
    action: Action,
    forge: Option<String>,
    repositories: Vec<String>,
    permissions: Option<Permissions>,
    source: Option<String>,
    lifetime_seconds: Option<u64>,
    allowed: bool,
    rule: Option<String>,
}

impl Access {
    /// Asks a proposed policy file about the requests that the record has. Stored policies that the file does not shadow
    /// count along, as they would.
    ///
    /// # Errors
    /// [`AccessError::PolicyInvalid`] for a file that could not be used, or what the record said.
    pub async fn replay(
        &self,
        document: &str,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Replay, AccessError> {
        let set = Arc::new(self.proposed(document).await?);
        let filter = LedgerFilter {
            events: vec!["token.".to_owned()],
            since,
            until,
            ..LedgerFilter::default()
        };
        let ledger = self.settled_ledger().await;
        let mut outcome = Replay::default();
        let mut after = 0;
        loop {
            let page = ledger.scan(&filter, after, PAGE).await?;
            for entry in &page.entries {
                let Some(past) = read(entry) else { continue };
                outcome.examined += 1;
                if let Some(change) = compare(&set, entry, &past) {
                    if outcome.changes.len() >= limit as usize {
                        outcome.truncated = true;
                        return Ok(outcome);
                    }
                    outcome.changes.push(change);
                }
            }
            match page.next {
                Some(next) if outcome.examined < MOST_EXAMINED => after = next,
                Some(_) => {
                    outcome.truncated = true;
                    return Ok(outcome);
                }
                None => return Ok(outcome),
            }
        }
    }

    async fn proposed(&self, document: &str) -> Result<PolicySet, AccessError> {
        let stored = self.list_policies().await.policies;
        let text = document.to_owned();
        let anonymous = self.settings().anonymous.clone();
        let compile = move || {
            let document = parse_document(&text).map_err(|error| AccessError::PolicyInvalid(error.to_string()))?;
            let in_file = |spec: &PolicySpec| document.policy.iter().any(|one| one.name == spec.name);
            let stored = stored
                .into_iter()
                .filter(|view| view.origin == Origin::Stored && view.error.is_none() && !in_file(&view.spec))
                .map(|view| (Origin::Stored, view.spec));
            let file = document.policy.iter().map(|spec| (Origin::File, spec.clone()));
            let built_in = anonymous.into_iter().map(|spec| (Origin::BuiltIn, spec));
            let all: Vec<_> = file.chain(stored).chain(built_in).collect();
            PolicySet::compile(document.ceiling.clone(), all)
                .map_err(|errors| AccessError::PolicyInvalid(words(&errors)))
        };
        let task = tokio::task::spawn_blocking(compile);
        task.await
            .unwrap_or(Err(AccessError::Internal("the policies could not be compiled")))
    }
}

fn compare(set: &PolicySet, entry: &LedgerEntry, past: &Past) -> Option<ReplayChange> {
    let ask = Ask {
        action: past.action,
        forge: past.forge.as_deref(),
        repositories: &past.repositories,
        permissions: past.permissions.as_ref(),
        source: past.source.as_deref(),
        lifetime_seconds: past.lifetime_seconds,
        now: entry.at,
    };
    let decision = set.decide(&past.caller, &ask);
    let (after, rule_after) = match &decision {
        Decision::Allowed(allowed) => (true, Some(allowed.rule.to_string())),
        Decision::Denied(_) => (false, None),
    };
    (after != past.allowed).then(|| ReplayChange {
        seq: entry.seq,
        at: entry.at,
        actor: entry.actor_name.clone(),
        action: past.action.to_string(),
        repositories: past.repositories.clone(),
        before: past.allowed,
        after,
        rule_before: past.rule.clone(),
        rule_after,
    })
}

/// What was asked, by an entry; `None` for one that is about something else, or of a caller who cannot be told any more.
fn read(entry: &LedgerEntry) -> Option<Past> {
    let allowed = match entry.event.as_str() {
        events::TOKEN_GRANTED => true,
        events::TOKEN_REFUSED => false,
        _ => return None,
    };
    let body: Map<String, Value> = serde_json::from_str(&entry.body).ok()?;
    // A successor that was set aside ahead was not asked for.
    if body.contains_key("ahead") {
        return None;
    }
    // What the record has in part only, nobody can decide again.
    if body.contains_key("repositories_total") || body.contains_key("dropped") {
        return None;
    }
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    // A grant says what was given: whoever would get less by the proposed file would be missing something.
    let permissions = body.get("permissions_asked").or_else(|| body.get("permissions"));
    let permissions = permissions
        .filter(|value| value.is_object())
        .and_then(|value| serde_json::from_value::<Permissions>(value.clone()).ok())
        .map(Permissions::without_implied_metadata);
    Some(Past {
        caller: caller(entry, &body)?,
        action: text("action")?.parse().ok()?,
        forge: text("forge"),
        repositories: serde_json::from_value(body.get("repositories")?.clone()).ok()?,
        permissions,
        source: text("source"),
        lifetime_seconds: body.get("lifetime_seconds").and_then(Value::as_u64),
        allowed,
        rule: text("rule"),
    })
}

fn caller(entry: &LedgerEntry, body: &Map<String, Value>) -> Option<Caller> {
    let (kind, key) = entry.actor.split_once(':').unwrap_or((&entry.actor, ""));
    let name = entry.actor_name.split_once(':').map_or("", |(_, name)| name);
    let identity = match kind {
        "operator" => Identity::Operator,
        "anonymous" => Identity::Anonymous,
        "client" => Identity::Client {
            id: key.parse::<ClientId>().ok()?,
            name: Arc::new(ClientName::parse(name).ok()?),
        },
        "user" => Identity::User {
            id: key.parse::<UserId>().ok()?,
            name: Arc::new(UserName::parse(name).ok()?),
            role: body
                .get("role")
                .and_then(Value::as_str)
                .and_then(|role| role.parse::<Role>().ok())?,
        },
        "uid" => Identity::Unix {
            uid: key.parse().ok()?,
            gid: body
                .get("gid")
                .and_then(Value::as_u64)
                .and_then(|gid| u32::try_from(gid).ok())?,
        },
        "jwt" => {
            let (issuer, subject) = name.split_once(':')?;
            Identity::Jwt(Arc::new(JwtIdentity {
                issuer: IssuerName::parse(issuer).ok()?,
                subject: subject.to_owned(),
                claims: body
                    .get("claims")
                    .and_then(Value::as_object)
                    .cloned()
                    .unwrap_or_default(),
            }))
        }
        _ => return None,
    };
    let address = body
        .get("address")
        .and_then(Value::as_str)
        .and_then(|text| text.parse().ok());
    Some(Caller { identity, address })
}
