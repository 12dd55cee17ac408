use std::sync::Arc;

use jeton_domain::{
    Action, Caller, ClientId, ClientName, Identity, IssuerName, JwtIdentity, Permissions, Role, UserId, UserName,
};
use jeton_policy::{Allowed, Ask, Decision, Denied, Origin, PolicySet, parse_document};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// Everything of a file, compiled.
pub(crate) fn set(toml: &str) -> PolicySet {
    let doc = parse_document(toml).unwrap_or_else(|error| panic!("{error}"));
    let policies = doc.policy.into_iter().map(|policy| (Origin::File, policy)).collect();
    PolicySet::compile(doc.ceiling, policies).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// A policy of one line more than its callers.
pub(crate) fn for_callers(callers: &str) -> PolicySet {
    set(&format!(
        "[[policy]]\nname = \"p\"\ncallers = {callers}\nactions = \"token.mint\"\nrepositories = \"acme/*\"\n\
         permissions = {{ contents = \"read\" }}"
    ))
}

fn caller(identity: Identity) -> Caller {
    Caller {
        identity,
        address: None,
    }
}

pub(crate) fn client(name: &str) -> Caller {
    let name = Arc::new(ClientName::parse(name).unwrap());
    caller(Identity::Client {
        id: ClientId::from_uuid(Uuid::nil()),
        name,
    })
}

pub(crate) fn user(name: &str, role: Role) -> Caller {
    let name = Arc::new(UserName::parse(name).unwrap());
    caller(Identity::User {
        id: UserId::from_uuid(Uuid::nil()),
        name,
        role,
    })
}

pub(crate) fn unix(uid: u32, gid: u32) -> Caller {
    caller(Identity::Unix { uid, gid })
}

pub(crate) fn operator() -> Caller {
    caller(Identity::Operator)
}

pub(crate) fn jwt(issuer: &str, claims: &Value) -> Caller {
    let claims = claims.as_object().unwrap().clone();
    caller(Identity::Jwt(Arc::new(JwtIdentity {
        issuer: IssuerName::parse(issuer).unwrap(),
        subject: claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned(),
        claims,
    })))
}

/// A request whose parts can be changed one by one.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) action: Action,
    pub(crate) forge: Option<&'static str>,
    pub(crate) repositories: Vec<String>,
    pub(crate) permissions: Option<Permissions>,
    pub(crate) source: Option<&'static str>,
    pub(crate) lifetime_seconds: Option<u64>,
    pub(crate) now: Timestamp,
}

pub(crate) fn mint(repository: &str) -> Request {
    Request {
        action: Action::TokenMint,
        forge: Some("github.com"),
        repositories: vec![repository.to_owned()],
        permissions: None,
        source: Some("app:default"),
        lifetime_seconds: None,
        now: "2026-11-22T12:00:00Z".parse().unwrap(),
    }
}

pub(crate) fn look(action: Action) -> Request {
    Request {
        action,
        forge: None,
        repositories: Vec::new(),
        source: None,
        ..mint("")
    }
}

impl Request {
    pub(crate) fn action(mut self, action: Action) -> Self {
        self.action = action;
        self
    }

    pub(crate) fn named(mut self, permissions: &str) -> Self {
        self.permissions = Some(Permissions::parse_list(permissions).unwrap());
        self
    }

    pub(crate) fn also(mut self, repository: &str) -> Self {
        self.repositories.push(repository.to_owned());
        self
    }

    pub(crate) fn seconds(mut self, seconds: u64) -> Self {
        self.lifetime_seconds = Some(seconds);
        self
    }

    pub(crate) fn ask(&self) -> Ask<'_> {
        Ask {
            action: self.action,
            forge: self.forge,
            repositories: &self.repositories,
            permissions: self.permissions.as_ref(),
            source: self.source,
            lifetime_seconds: self.lifetime_seconds,
            now: self.now,
        }
    }
}

pub(crate) fn decide(set: &PolicySet, caller: &Caller, request: &Request) -> Decision {
    set.decide(caller, &request.ask())
}

#[track_caller]
pub(crate) fn allowed(set: &PolicySet, caller: &Caller, request: &Request) -> Allowed {
    match decide(set, caller, request) {
        Decision::Allowed(allowed) => allowed,
        Decision::Denied(_) => panic!("{}", set.explain(caller, &request.ask())),
    }
}

#[track_caller]
pub(crate) fn denied(set: &PolicySet, caller: &Caller, request: &Request) -> Denied {
    match decide(set, caller, request) {
        Decision::Denied(denied) => denied,
        Decision::Allowed(allowed) => panic!("allowed by `{}`", allowed.rule),
    }
}
