//! The request that shall be explained, as the form has it.

use std::collections::BTreeMap;

use jeton_domain::{Action, Caller, Code, Permissions};
use jeton_ledger::LedgerEntry;
use jeton_policy::TestCallerSpec;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    failure::Failure,
    page::{
        fields::{Cleared, Fields, clear_tokens},
        viewer::Viewer,
        when,
    },
};

/// All fields, as they were typed.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) kind: String,
    pub(super) client: String,
    pub(super) user: String,
    pub(super) role: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) claims: String,
    pub(super) uid: String,
    pub(super) gid: String,
    pub(super) address: String,
    pub(super) action: String,
    pub(super) repositories: Vec<String>,
    pub(super) permissions: String,
    pub(super) source: String,
    pub(super) forge: String,
    pub(super) lifetime: String,
    pub(super) time: String,
}

/// A request that can be explained.
pub(super) struct Meant {
    pub(super) caller: Caller,
    pub(super) action: Action,
    pub(super) permissions: Option<Permissions>,
    pub(super) lifetime_seconds: Option<u64>,
    pub(super) time: Option<Timestamp>,
}

/// What is wrong with the form, and in which field.
pub(super) type Wrong = (&'static str, Failure);

impl Asked {
    pub(super) fn of_form(fields: &Fields) -> Self {
        Self {
            repositories: fields.list("repositories"),
            ..Self::read(|name| fields.text(name).to_owned())
        }
    }

    /// Of an address: `caller` is as the record names callers, such as `client:ci`.
    pub(super) fn of_address(viewer: &Viewer) -> Self {
        let mut asked = Self::read(|name| viewer.parameter(name));
        asked.repositories = viewer.parameters("repository");
        let caller = viewer.parameter("caller");
        if !caller.is_empty() {
            asked.take_caller(&caller);
        }
        asked
    }

    /// What was asked by an entry of the record.
    pub(super) fn of_entry(entry: &LedgerEntry) -> Self {
        let body: Map<String, Value> = serde_json::from_str(&entry.body).unwrap_or_default();
        let text = |name: &str| match body.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let mut asked = Self {
            role: text("role"),
            gid: text("gid"),
            address: text("address"),
            action: text("action"),
            forge: text("forge"),
            source: text("source"),
            lifetime: text("lifetime_seconds"),
            // What is asked is why it was decided so then.
            time: entry.at.to_string(),
            ..Self::default()
        };
        asked.take_caller(&entry.actor_name);
        if let Some(claims) = body.get("claims") {
            asked.claims = serde_json::to_string_pretty(claims).unwrap_or_default();
        }
        let repositories = body.get("repositories").and_then(Value::as_array);
        let repositories = repositories.into_iter().flatten().filter_map(Value::as_str);
        asked.repositories = repositories.map(str::to_owned).collect();
        let permissions = body.get("permissions_asked").and_then(Value::as_object);
        let pairs = permissions.into_iter().flatten();
        let pairs = pairs.filter_map(|(name, access)| Some(format!("{name}={}", access.as_str()?)));
        asked.permissions = pairs.collect::<Vec<_>>().join(", ");
        asked
    }

    fn read(text: impl Fn(&str) -> String) -> Self {
        Self {
            kind: text("kind"),
            client: text("client"),
            user: text("user"),
            role: text("role"),
            issuer: text("issuer"),
            subject: text("subject"),
            claims: text("claims"),
            uid: text("uid"),
            gid: text("gid"),
            address: text("address"),
            action: text("action"),
            repositories: Vec::new(),
            permissions: text("permissions"),
            source: text("source"),
            forge: text("forge"),
            lifetime: text("lifetime"),
            time: text("time"),
        }
    }

    fn take_caller(&mut self, caller: &str) {
        let (kind, name) = caller.split_once(':').unwrap_or((caller, ""));
        let (kind, name) = (kind.to_owned(), name.to_owned());
        match kind.as_str() {
            "client" => (self.kind, self.client) = (kind, name),
            "user" => (self.kind, self.user) = (kind, name),
            "uid" => (self.kind, self.uid) = ("unix".to_owned(), name),
            "jwt" => {
                let (issuer, subject) = name.split_once(':').unwrap_or((&name, ""));
                "token".clone_into(&mut self.kind);
                issuer.clone_into(&mut self.issuer);
                subject.clone_into(&mut self.subject);
            }
            "operator" | "anonymous" | "me" => self.kind = kind,
            _ => {}
        }
    }

    pub(super) fn clear_tokens(&mut self) -> Cleared {
        let mut repositories = self.repositories.join("\n");
        let cleared = clear_tokens([
            ("Client", &mut self.client),
            ("User", &mut self.user),
            ("Issuer", &mut self.issuer),
            ("Subject", &mut self.subject),
            ("Claims", &mut self.claims),
            ("User id", &mut self.uid),
            ("Group id", &mut self.gid),
            ("Action", &mut self.action),
            ("Repositories", &mut repositories),
            ("Permissions", &mut self.permissions),
            ("Forge", &mut self.forge),
            ("Source", &mut self.source),
            ("Lifetime", &mut self.lifetime),
            ("From the address", &mut self.address),
            ("When", &mut self.time),
        ]);
        if repositories.is_empty() {
            self.repositories.clear();
        }
        cleared
    }

    /// Whether there is something to explain.
    pub(super) fn is_whole(&self) -> bool {
        !self.action.is_empty()
    }

    /// # Errors
    /// What is wrong, and in which field.
    pub(super) fn meant(&self, viewer: &Viewer) -> Result<Meant, Wrong> {
        let action = self.action.parse::<Action>();
        let permissions = Permissions::parse_list(&self.permissions);
        let permissions = match (self.permissions.is_empty(), permissions) {
            (true, _) => None,
            (false, Ok(permissions)) => Some(permissions),
            (false, Err(error)) => return Err(("permissions", invalid(&error.to_string()))),
        };
        Ok(Meant {
            caller: self.caller(viewer)?,
            action: action.map_err(|_| ("action", invalid("choose what they would do")))?,
            permissions,
            lifetime_seconds: number("lifetime", &self.lifetime)?,
            time: when::maybe("time", &self.time).map_err(|failure| ("time", failure))?,
        })
    }

    fn caller(&self, viewer: &Viewer) -> Result<Caller, Wrong> {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let address = match some(&self.address) {
            None => None,
            Some(text) => Some(
                text.parse()
                    .map_err(|_| ("address", invalid("the address is no IP address")))?,
            ),
        };
        let field = match self.kind.as_str() {
            "me" | "" => {
                let mut caller = viewer.caller().clone();
                caller.address = address.or(caller.address);
                return Ok(caller);
            }
            "client" => "client",
            "user" => "user",
            "unix" => "uid",
            "token" => "issuer",
            _ => "kind",
        };
        let is = |kind: &str| self.kind == kind;
        // An empty name is said to be none by whoever reads it.
        let of = |kind: &str, text: &str| is(kind).then(|| text.to_owned());
        let spec = TestCallerSpec {
            client: of("client", &self.client),
            user: of("user", &self.user),
            role: some(&self.role).filter(|_| is("user")),
            uid: if is("unix") {
                Some(number("uid", &self.uid)?.ok_or(("uid", invalid("say which user")))?)
            } else {
                None
            },
            gid: if is("unix") { number("gid", &self.gid)? } else { None },
            issuer: of("token", &self.issuer),
            subject: some(&self.subject).filter(|_| is("token")),
            claims: if is("token") {
                claims(&self.claims)?
            } else {
                BTreeMap::new()
            },
            operator: is("operator"),
            anonymous: is("anonymous"),
            address,
        };
        spec.to_caller().map_err(|words| (field, invalid(&words)))
    }
}

fn number<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<Option<T>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().map_err(|_| (field, invalid("write a whole number")))?;
    Ok(Some(number))
}

fn claims(text: &str) -> Result<BTreeMap<String, Value>, Wrong> {
    if text.is_empty() {
        return Ok(BTreeMap::new());
    }
    serde_json::from_str(text).map_err(|_| {
        let failure = invalid("the claims are no JSON object");
        let remedy = "Write them as {\"sub\": \"…\"}: the middle part of a token, decoded, and never the token itself.";
        ("claims", failure.with_remedy(remedy))
    })
}

fn invalid(words: &str) -> Failure {
    Failure::new(Code::RequestInvalid, words)
}
