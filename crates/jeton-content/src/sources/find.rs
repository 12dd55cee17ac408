//! Finds who may be asked for a caller.

use std::sync::Arc;

use jeton_accounts::{WorkAccount, WorkAccounts, WorkAsk};
use jeton_broker::{Asker, WorkApp};
use jeton_domain::{Action, ForgeKind, RepoPath};
use jeton_policy::{Allowed, Ask, Decision, Denied};

use super::{
    SourceKey, Sources, Way,
    gate::GateKey,
    hosts::{self, Endpoint},
    notes,
    source::{Means, named},
    way::{Granted, is_same},
};
use crate::ContentError;

/// The source that is nobody, as policies name it.
const ANONYMOUS: &str = "anonymous";
/// So many accounts are asked for one repository; a caller who may use more is served by the most exact of them.
const MOST_ACCOUNTS: usize = 20;
/// So many dead ones are told of.
const MOST_BROKEN: usize = 5;

/// A caller before the policies.
struct Asking<'a> {
    sources: &'a Sources,
    asker: &'a Asker,
    host: String,
    /// `owner/name` as policies see it.
    names: [String; 1],
}

impl Sources {
    pub(super) async fn find(&self, asker: &Asker, forge: &str, repository: &str) -> Result<Way, ContentError> {
        let inner = &self.0;
        let named_forge = self.host_of(forge);
        hosts::check(&named_forge.host)?;
        // The rules of GitLab are the widest.
        let path = parse(named_forge.kind.unwrap_or(ForgeKind::GitLab), repository)?;
        let asking = Asking {
            sources: self,
            asker,
            host: named_forge.host.clone(),
            names: [path.to_string()],
        };
        // Before anything is looked at.
        let made_at = inner.shared.clock.now();
        let generation = inner.broker.access().policy_generation();
        asking.could_be_allowed()?;

        let mut refusals = Vec::new();
        let mut apps: Vec<(WorkApp, Allowed)> = Vec::new();
        if named_forge.kind.is_none_or(|kind| kind == ForgeKind::GitHub) {
            for app in inner.broker.work_apps(&asking.host).await {
                match asking.decide(Some(app.source())) {
                    Ok(allowed) => apps.push((app, allowed)),
                    Err(refusal) => refusals.push(refusal),
                }
            }
        }
        let kind = if apps.is_empty() {
            named_forge.kind
        } else {
            Some(ForgeKind::GitHub)
        };
        let ask = WorkAsk {
            host: &asking.host,
            kind,
            repository: &asking.names[0],
            account: None,
        };
        let accounts = inner.broker.accounts();
        let decide = |source: &str, _| asking.decide(Some(source));
        let mut found = accounts.work_accounts(&asker.caller, ask, decide).await?;
        refusals.append(&mut found.refusals);
        let anonymous = asking.decide(Some(ANONYMOUS));

        let endpoint = asking.endpoint(&apps, &found, anonymous.is_ok()).await?;
        if let Some(Endpoint { forge, .. }) = &endpoint {
            // What one of them says of a repository is kept for all: they have to be of one forge, and not of its host alone.
            apps.retain(|(app, _)| is_same(app.forge(), forge));
            found.usable.retain(|one| is_same(one.forge(), forge));
            found.broken.retain(|one| is_same(&one.forge, forge));
        }
        let nobody = apps.is_empty() && found.usable.is_empty() && found.broken.is_empty();
        let anonymous = match anonymous {
            Ok(allowed) => Some(allowed),
            Err(refusal) if nobody => {
                refusals.push(refusal);
                return Err(asking.refuse(&refusals));
            }
            Err(refusal) => {
                refusals.push(refusal);
                None
            }
        };
        let endpoint = endpoint.ok_or_else(|| ContentError::UnknownForge(asking.host.clone()))?;
        inner.hosts.note(&endpoint);
        let forge = endpoint.forge;
        let repository = parse(forge.kind(), &asking.names[0])?;

        let usable = found.usable.iter().map(|one| one.allowed.stable);
        let stable = apps
            .iter()
            .map(|(_, allowed)| allowed.stable)
            .chain(usable)
            .all(|stable| stable)
            && refusals.iter().all(|refusal| refusal.stable)
            && anonymous.as_ref().is_none_or(|allowed| allowed.stable);
        let granted = Granted {
            broker: inner.broker.clone(),
            asker: Asker {
                caller: asker.caller.clone(),
                // It serves later requests too.
                request_id: None,
            },
            made_at,
            generation,
            stable,
        };
        let who = asker.caller.identity.key();
        let mut way = Way::new(Arc::clone(&inner.shared), Some(granted), who, forge, repository);
        way.take_in(apps, found, anonymous);
        Ok(way)
    }
}

impl Way {
    fn take_in(&mut self, apps: Vec<(WorkApp, Allowed)>, found: WorkAccounts, anonymous: Option<Allowed>) {
        let owner = self.repository.owner().to_ascii_lowercase();
        for (app, allowed) in apps {
            let (name, key) = (app.source().to_owned(), SourceKey::App(app.id()));
            let gate = GateKey::App(app.id(), owner.clone());
            self.add(&name, key, gate, Means::App(app), Some(allowed.rule));
        }
        for account in found.usable.into_iter().take(MOST_ACCOUNTS) {
            let fingerprint = account.fingerprint().clone();
            let name = account.source().to_owned();
            let key = SourceKey::Account(account.id(), fingerprint.clone());
            let rule = Arc::clone(&account.allowed.rule);
            let means = Means::Account(Box::new(account), std::sync::OnceLock::new());
            let gate = GateKey::Token(Arc::clone(&self.endpoint), fingerprint);
            self.add(&name, key, gate, means, Some(rule));
        }
        let broken = found.broken.into_iter();
        self.broken
            .extend(broken.take(MOST_BROKEN).map(|one| named(&one.source, one.diagnosis)));
        if let Some(allowed) = anonymous {
            self.add_anonymous(Some(allowed.rule));
        }
    }
}

impl Asking<'_> {
    fn decide(&self, source: Option<&str>) -> Result<Allowed, Denied> {
        let inner = &self.sources.0;
        let ask = Ask {
            action: Action::ContentRead,
            forge: Some(&self.host),
            repositories: &self.names,
            permissions: None,
            source,
            lifetime_seconds: None,
            now: inner.shared.clock.now(),
        };
        match inner.broker.access().decide(&self.asker.caller, &ask) {
            Decision::Allowed(allowed) => Ok(allowed),
            Decision::Denied(denied) => Err(denied),
        }
    }

    /// Refuses those whom no policy lets read anything, before the database is asked: a stranger learns from neither words nor time
    /// what is there, and makes nobody work.
    fn could_be_allowed(&self) -> Result<(), ContentError> {
        let access = self.sources.0.broker.access();
        if access.could_allow(&self.asker.caller).contains(&Action::ContentRead) {
            return Ok(());
        }
        match self.decide(None) {
            Ok(_) => Err(ContentError::Internal("a policy allows what it could not")),
            Err(denied) => Err(self.refuse(&[denied])),
        }
    }

    /// Where to ask: at one endpoint, though accounts may name several of one host. What is public is known; then an operator's word
    /// counts, and the caller's own last, for themselves. `None` when no such forge is known to this caller.
    async fn endpoint(
        &self,
        apps: &[(WorkApp, Allowed)],
        found: &WorkAccounts,
        any: bool,
    ) -> Result<Option<Endpoint>, ContentError> {
        let usable = |private| {
            let mut of_accounts = found.usable.iter();
            let account = of_accounts.find(|one| one.is_private() == private);
            let of_broken = || found.broken.iter().find(|one| one.is_private == private);
            let forge = account.map(WorkAccount::forge);
            forge.or_else(|| of_broken().map(|one| &one.forge))
        };
        let of_app = apps.first().map(|(app, _)| app.forge());
        if let Some(endpoint) = Endpoint::known(&self.host, of_app, usable(false)) {
            return Ok(Some(endpoint));
        }
        let own = usable(true);
        if own.is_none() && !any {
            return Ok(None);
        }
        // Apps and shared accounts that the caller may not use make the forge known all the same.
        let broker = &self.sources.0.broker;
        let mut of_apps = broker.app_forges().into_iter();
        if let Some(forge) = of_apps.find(|one| one.host().eq_ignore_ascii_case(&self.host)) {
            return Ok(Some(Endpoint::vouched_for(forge)));
        }
        if let Some(forge) = broker.accounts().shared_forge_on(&self.host).await? {
            return Ok(Some(Endpoint::vouched_for(forge)));
        }
        let own = match own {
            Some(forge) => Some(forge.clone()),
            None => {
                broker
                    .accounts()
                    .private_forge_on(&self.asker.caller, &self.host)
                    .await?
            }
        };
        Ok(own.map(|forge| Endpoint {
            forge,
            is_vouched_for: false,
        }))
    }

    fn refuse(&self, refusals: &[Denied]) -> ContentError {
        // "But for the ceiling" says more than "no policy".
        let denied = refusals.iter().find(|one| one.by_ceiling).or_else(|| refusals.first());
        let Some(denied) = denied else {
            return ContentError::Internal("a request was neither allowed nor refused");
        };
        notes::refuse(&self.sources.0.broker, self.asker, &self.host, &self.names[0], denied)
    }
}

fn parse(kind: ForgeKind, raw: &str) -> Result<RepoPath, ContentError> {
    RepoPath::parse(kind, raw).map_err(|error| {
        let shown: String = raw.chars().filter(|c| !c.is_control()).take(120).collect();
        ContentError::Invalid(format!("`{shown}` is no repository: {error}"))
    })
}
