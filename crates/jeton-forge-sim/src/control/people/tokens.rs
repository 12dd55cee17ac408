//! Personal tokens over HTTP.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::world::permissions;
use crate::control::{Outcome, Refusal, created, done, found, number, ok, parse};
use crate::github::{ExpirationForm, GitHubSim, PersonalTokenInfo, PersonalTokenKind, PersonalTokenSpec, Scopes};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenWire {
    login: String,
    kind: PersonalTokenKind,
    scopes: Option<Vec<String>>,
    resource_owner: Option<String>,
    permissions: Option<BTreeMap<String, String>>,
    repositories: Option<Vec<String>>,
    #[serde(default)]
    public_only: bool,
    app_id: Option<u64>,
    expires_in_seconds: Option<i64>,
    expiration_offset_hours: Option<i8>,
    #[serde(default)]
    sso: Vec<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApproveWire {
    approved: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SsoWire {
    org: String,
    authorized: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RightsWire {
    scopes: Option<Vec<String>>,
    permissions: Option<BTreeMap<String, String>>,
}

pub(super) fn route(github: &GitHubSim, method: &str, segments: &[&str], body: &[u8]) -> Outcome {
    match (method, segments) {
        ("GET", []) => {
            let all: Vec<Value> = github.personal_tokens().iter().map(token_json).collect();
            Ok(ok(&json!(all)))
        }
        ("POST", []) => {
            let wire: TokenWire = parse(body)?;
            let login = wire.login.clone();
            let made = github.try_add_personal_token(&login, wire.spec()?)?;
            let (id, token, fingerprint) = (made.id, made.token, made.fingerprint);
            Ok(created(
                &json!({ "id": id, "token": token, "fingerprint": fingerprint }),
            ))
        }
        ("POST", [id, "revoke"]) => found(github.revoke_personal_token(number(id)?), "personal token"),
        ("POST", [id, "expire"]) => found(github.expire_personal_token(number(id)?), "personal token"),
        ("POST", [id, "approve"]) => {
            let ApproveWire { approved } = parse(body)?;
            found(github.approve_personal_token(number(id)?, approved), "personal token")
        }
        ("POST", [id, "sso"]) => {
            let SsoWire { org, authorized } = parse(body)?;
            github.authorize_sso(number(id)?, &org, authorized)?;
            done()
        }
        ("POST", [id, "rights"]) => {
            let id = number(id)?;
            let changed = match parse(body)? {
                RightsWire {
                    scopes: Some(list),
                    permissions: None,
                } => github.replace_scopes(id, scopes(&list)?),
                RightsWire {
                    scopes: None,
                    permissions: Some(map),
                } => github.replace_permissions(id, permissions(map)?),
                _ => return Err(Refusal::bad("give `scopes` or `permissions`")),
            };
            found(changed, "personal token with rights of this kind")
        }
        _ => Err(Refusal::absent("control; see GET /_sim/")),
    }
}

fn scopes(list: &[String]) -> Result<Scopes, Refusal> {
    Scopes::parse(list).map_err(|unknown| Refusal::bad(format!("GitHub has no scope {unknown:?}")))
}

impl TokenWire {
    fn spec(self) -> Result<PersonalTokenSpec, Refusal> {
        let wants = |given: bool, kinds: &[PersonalTokenKind], field: &str| {
            if given && !kinds.contains(&self.kind) {
                return Err(Refusal::bad(format!("a token of this kind has no `{field}`")));
            }
            Ok(())
        };
        let fine = &[PersonalTokenKind::FineGrained];
        wants(
            self.scopes.is_some(),
            &[PersonalTokenKind::Classic, PersonalTokenKind::OAuth],
            "scopes",
        )?;
        wants(self.resource_owner.is_some(), fine, "resource_owner")?;
        wants(self.permissions.is_some(), fine, "permissions")?;
        wants(self.repositories.is_some(), fine, "repositories")?;
        wants(self.public_only, fine, "public_only")?;
        wants(self.app_id.is_some(), &[PersonalTokenKind::AppUser], "app_id")?;
        let mut spec = match self.kind {
            PersonalTokenKind::Classic | PersonalTokenKind::OAuth => {
                PersonalTokenSpec::scoped(self.kind, scopes(&self.scopes.unwrap_or_default())?)
            }
            PersonalTokenKind::FineGrained => {
                let owner = self.resource_owner.unwrap_or(self.login);
                PersonalTokenSpec::fine_grained_with(&owner, permissions(self.permissions.unwrap_or_default())?)
            }
            PersonalTokenKind::AppUser => {
                let app = self.app_id.ok_or_else(|| Refusal::bad("`app_id` is missing"))?;
                PersonalTokenSpec::app_user(app)
            }
        };
        match (self.public_only, self.repositories) {
            (true, Some(_)) => return Err(Refusal::bad("give `repositories` or `public_only`, not both")),
            (true, None) => spec = spec.public_only(),
            (false, Some(names)) => spec = spec.selected(names),
            (false, None) => {}
        }
        if let Some(seconds) = self.expires_in_seconds {
            spec = spec.expires_in(SignedDuration::from_secs(seconds));
        }
        if let Some(hours) = self.expiration_offset_hours {
            spec = spec.expiration_form(ExpirationForm::Offset(hours));
        }
        if let Some(name) = self.name {
            spec = spec.named(name);
        }
        Ok(self.sso.into_iter().fold(spec, PersonalTokenSpec::sso))
    }
}

fn token_json(token: &PersonalTokenInfo) -> Value {
    json!({
        "id": token.id,
        "fingerprint": token.fingerprint,
        "name": token.name,
        "login": token.login,
        "kind": token.kind,
        "scopes": token.scopes,
        "resource_owner": token.resource_owner,
        "permissions": token.permissions,
        "pending": token.pending,
        "sso": token.sso,
        "expires_at": token.expires_at.map(|at| at.to_string()),
        "live": token.live,
    })
}
