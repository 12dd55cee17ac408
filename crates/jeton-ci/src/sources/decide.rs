//! What policies say to a request, and how a refusal is told.

use jeton_access::AccessError;
use jeton_domain::{Action, CiScope, Coded as _, ForgeEndpoint, ForgeKind, Permissions};
use jeton_ledger::{Event, events};
use jeton_policy::{Allowed, Ask, Decision, Denied};
use serde_json::json;

use super::{Asking, Need, credential::app_needs, named_source, parse_scope, scope::widest};
use crate::{CiError, ci::Inner};

/// What something is asked for, in the words of one kind of forge.
#[derive(Debug)]
pub(super) struct Place {
    kind: ForgeKind,
    pub(super) scope: CiScope,
    /// As policies are asked.
    pub(super) names: Vec<String>,
    /// What it takes there, where the ceiling has a word for it: its permissions are those of GitHub.
    takes: Option<Permissions>,
}

/// The same for all kinds of forge that it could be on.
#[derive(Debug)]
pub(super) struct Places {
    /// Where the kind is not known, by the rules that take most.
    pub(super) widest: Place,
    others: Vec<Place>,
}

impl Place {
    fn read(kind: ForgeKind, asking: &Asking<'_>) -> Result<Self, CiError> {
        Self::of(kind, parse_scope(kind, asking.scope)?, asking.need)
    }

    fn of(kind: ForgeKind, scope: CiScope, need: Need) -> Result<Self, CiError> {
        Ok(Self {
            takes: match kind {
                ForgeKind::GitHub => what_it_takes(&scope, need)?,
                ForgeKind::GitLab | ForgeKind::Bitbucket => None,
            },
            names: scope.policy_names(kind),
            kind,
            scope,
        })
    }

    fn shown(&self) -> Vec<String> {
        self.scope.shown_names(self.kind)
    }
}

impl Places {
    /// # Errors
    /// That nothing can be called so on that kind of forge.
    pub(super) fn read(kind: Option<ForgeKind>, asking: &Asking<'_>) -> Result<Self, CiError> {
        let first = kind.unwrap_or(widest(asking.scope));
        let widest = Place::read(first, asking)?;
        let others = [ForgeKind::GitHub, ForgeKind::GitLab, ForgeKind::Bitbucket];
        let others = others.into_iter().filter(|kind| *kind != first);
        Ok(Self {
            widest,
            others: others.filter_map(|kind| Place::read(kind, asking).ok()).collect(),
        })
    }

    /// `None` where nothing can be called so.
    pub(super) fn on(&self, kind: ForgeKind) -> Option<&Place> {
        let mut all = std::iter::once(&self.widest).chain(&self.others);
        all.find(|one| one.kind == kind)
    }
}

/// What has to lie below the ceiling, whoever does it: what an App's token would have to be able to do. Of an enterprise, what it comes to
/// for each of its organisations.
fn what_it_takes(scope: &CiScope, need: Need) -> Result<Option<Permissions>, CiError> {
    let found = match scope {
        CiScope::Enterprise(name) => app_needs(&CiScope::Owner(name.clone()), need)?,
        CiScope::Repository(_) | CiScope::Owner(_) | CiScope::Instance => app_needs(scope, need)?,
    };
    Ok(found.map(|(_, permissions)| permissions))
}

impl Inner {
    /// Whether a caller may use a source for something whose forge is known.
    pub(crate) fn decide(
        &self,
        asking: &Asking<'_>,
        forge: &ForgeEndpoint,
        scope: &CiScope,
        source: &str,
    ) -> Result<Allowed, CiError> {
        let place = Place::of(forge.kind(), scope.clone(), asking.need)?;
        self.decide_at(asking, forge.host(), &place, Some(source))
            .map_err(|denied| CiError::Access(in_words(asking, forge.host(), &place, &denied)))
    }

    pub(super) fn decide_at(
        &self,
        asking: &Asking<'_>,
        host: &str,
        place: &Place,
        source: Option<&str>,
    ) -> Result<Allowed, Denied> {
        let (access, caller) = (self.broker.access(), &asking.asker.caller);
        let ask = self.ask(asking, host, place, source);
        let decision = match &place.takes {
            Some(takes) => access.decide_taking(caller, &ask, takes),
            None => access.decide(caller, &ask),
        };
        match decision {
            Decision::Allowed(allowed) => Ok(allowed),
            Decision::Denied(denied) => Err(denied),
        }
    }

    fn ask<'a>(&self, asking: &Asking<'_>, host: &'a str, place: &'a Place, source: Option<&'a str>) -> Ask<'a> {
        Ask {
            action: asking.action,
            forge: Some(host),
            repositories: &place.names,
            permissions: None,
            source,
            lifetime_seconds: None,
            now: self.clock.now(),
        }
    }

    /// Refuses those whom no policy lets do this there from any source, before the database is asked.
    pub(super) fn could_be_allowed(&self, asking: &Asking<'_>, host: &str, places: &Places) -> Result<(), CiError> {
        let ask = self.ask(asking, host, &places.widest, None);
        let could = self.broker.access().could_cover(&asking.asker.caller, &ask);
        could.map_err(|denied| self.refuse(asking, host, &places.widest, &denied))
    }

    /// Puts a refusal on record, and words it for the caller: nothing that they did not say themselves.
    pub(super) fn refuse(&self, asking: &Asking<'_>, host: &str, place: &Place, denied: &Denied) -> CiError {
        let error = in_words(asking, host, place, denied);
        // Nobody waits for this and everybody can cause it.
        let name = match asking.action {
            Action::SecretPush => events::SECRET_REFUSED,
            _ => events::RUNNER_REFUSED,
        };
        let event = Event::new(name, &asking.asker.caller)
            .with("action", asking.action.as_str())
            .with("code", error.code().as_str())
            .with("forge", host)
            .with("repositories", json!(place.shown()))
            .with("source", json!(named_source(asking.source)))
            .in_request(asking.asker.request_id.as_deref());
        self.broker.access().ledger().note_repeated(event);
        CiError::Access(error)
    }
}

fn in_words(asking: &Asking<'_>, host: &str, place: &Place, denied: &Denied) -> AccessError {
    let what = match asking.action {
        Action::SecretPush => "push secrets to",
        _ => "register runners for",
    };
    let beyond = denied.what_exceeds.as_deref();
    let beyond = beyond
        .map(|what| format!(": {what} is above the ceiling"))
        .unwrap_or_default();
    AccessError::Denied {
        words: format!(
            "{} may not {what} {} on {host}{beyond}",
            asking.asker.caller.identity,
            place.shown().join(" and ")
        ),
        by_ceiling: denied.by_ceiling,
    }
}
