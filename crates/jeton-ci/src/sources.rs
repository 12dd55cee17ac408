//! Which Apps and accounts may serve a request, and their credentials for just that.

mod credential;
mod decide;
mod hosts;
mod life;
mod scope;

use std::sync::{Arc, OnceLock};

use jeton_accounts::{WorkAccount, WorkAsk};
use jeton_broker::{Asker, WorkApp};
use jeton_domain::{AccountId, Action, CiScope, Code, Credential, ForgeEndpoint, ForgeKind};
use jeton_forge::ci::{CiAt, Holder};
use jeton_policy::Allowed;
use jiff::{SignedDuration, Timestamp};

use decide::Places;

use crate::{CiError, ScopeName, SourceAsk, Tried, ci::Inner};

pub(crate) use scope::parse_scope;

/// So many accounts are tried for one request.
const MOST_ACCOUNTS: usize = 5;

/// A request before the policies.
pub(crate) struct Asking<'a> {
    /// Who asks.
    pub(crate) asker: &'a Asker,
    /// [`Action::RunnerRegister`] or [`Action::SecretPush`].
    pub(crate) action: Action,
    /// The forge's host or kind.
    pub(crate) forge: Option<&'a str>,
    /// For what.
    pub(crate) scope: &'a ScopeName,
    /// From what.
    pub(crate) source: &'a SourceAsk,
    /// What it takes.
    pub(crate) need: Need,
}

/// What a credential is for, in the words of GitHub's permissions: an App's token can do this and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Register and remove runners.
    Runners,
    /// Write secrets of Actions.
    Secrets,
    /// Write secrets of an environment.
    EnvironmentSecrets,
    /// Write secrets for workflows that Dependabot starts.
    DependabotSecrets,
    /// Write secrets of codespaces.
    CodespacesSecrets,
}

/// What could serve.
#[derive(Debug)]
pub(crate) struct Source {
    /// As policies name it.
    pub(crate) name: String,
    /// Where it works.
    pub(crate) forge: ForgeEndpoint,
    /// For what, by the rules of that forge.
    pub(crate) scope: CiScope,
    /// The rule that allows it.
    pub(crate) rule: Arc<str>,
    /// For how long the rule or the ceiling lets anybody have what comes of it; as long as it lives when absent.
    pub(crate) longest_life: Option<SignedDuration>,
    /// What tells its credential from others: of an account, its token's fingerprint.
    pub(crate) key: String,
    means: Means,
}

#[derive(Debug)]
enum Means {
    App(WorkApp),
    Account(Box<WorkAccount>),
}

/// What could serve a request, the best first.
#[derive(Debug)]
pub(crate) struct Sources {
    /// The forge's host.
    pub(crate) host: String,
    /// The forge itself: that of the first one.
    pub(crate) forge: ForgeEndpoint,
    /// Those that may be used.
    pub(crate) usable: Vec<Source>,
    /// Those that could, were their tokens not dead.
    pub(crate) broken: Vec<Tried>,
}

impl Inner {
    /// What could serve, by policy: Apps first, whose tokens are narrower than anybody's own, then accounts. Never empty.
    ///
    /// # Errors
    /// That no policy allows it (which is on record then), that there is nothing, or that the request makes no sense.
    pub(crate) async fn sources(&self, asking: &Asking<'_>) -> Result<Sources, CiError> {
        let (host, kind) = self.host_of(asking.forge)?;
        let places = Places::read(kind, asking)?;
        let wish = asking.source;
        if wish.app.is_some() && wish.account.is_some() {
            return Err(CiError::asked(
                Code::RequestInvalid,
                "an App and an account are named",
                "Name an `app` or an `account`, not both.",
            ));
        }
        self.could_be_allowed(asking, &host, &places)?;

        let mut refusals = Vec::new();
        let mut usable = Vec::new();
        // Where nobody knows the kind of forge before, an account does.
        let refused_on = OnceLock::new();
        let decide = |source: &str, kind| {
            let place = places.on(kind).unwrap_or(&places.widest);
            let decided = self.decide_at(asking, &host, place, Some(source));
            decided.inspect_err(|_| {
                refused_on.get_or_init(|| place);
            })
        };
        let is_github = kind.is_none_or(|kind| kind == ForgeKind::GitHub);
        if is_github && wish.account.is_none() {
            for app in self.broker.work_apps(&host).await {
                let wanted = format!("app:{}", wish.app.as_deref().unwrap_or_default());
                if wish.app.is_some() && app.source() != wanted {
                    continue;
                }
                match decide(app.source(), ForgeKind::GitHub) {
                    Ok(allowed) => usable.extend(Source::of_app(app, asking.scope, allowed)),
                    Err(denied) => refusals.push(denied),
                }
            }
        }
        let mut broken = Vec::new();
        let mut forge_of_broken = None;
        if wish.app.is_none() {
            let ask = WorkAsk {
                host: &host,
                kind: if usable.is_empty() {
                    kind
                } else {
                    Some(ForgeKind::GitHub)
                },
                repository: &places.widest.names[0],
                account: wish.account.as_deref(),
            };
            let accounts = self.broker.accounts();
            let mut found = accounts.work_accounts(&asking.asker.caller, ask, decide).await?;
            refusals.append(&mut found.refusals);
            // An enterprise is nothing to a GitLab, whatever policies say of it.
            let of_accounts = found.usable.into_iter();
            let of_accounts = of_accounts.filter_map(|one| Source::of_account(one, asking.scope));
            usable.extend(of_accounts.take(MOST_ACCOUNTS));
            found.broken.retain(|one| places.on(one.forge.kind()).is_some());
            forge_of_broken = found.broken.first().map(|one| one.forge.clone());
            broken.extend(found.broken.into_iter().take(MOST_ACCOUNTS).map(|one| Tried {
                source: one.source,
                diagnosis: one.diagnosis,
                evidence: Vec::new(),
            }));
        }
        let Some(forge) = usable.first().map(|one: &Source| one.forge.clone()).or(forge_of_broken) else {
            // "But for the ceiling" says more than "no policy".
            let telling = refusals.iter().find(|one| one.by_ceiling).or_else(|| refusals.first());
            if let Some(denied) = telling {
                let place = refused_on.get().copied().unwrap_or(&places.widest);
                return Err(self.refuse(asking, &host, place, denied));
            }
            // Whoever may not use the one that they name, hears the same whether it is there or not. There is none for anybody else.
            if let Some(source) = named_source(wish) {
                self.decide_at(asking, &host, &places.widest, Some(&source))
                    .map_err(|denied| self.refuse(asking, &host, &places.widest, &denied))?;
            }
            return Err(CiError::NoSource {
                what: places.widest.scope.words(kind.unwrap_or(ForgeKind::GitHub)),
                host,
            });
        };
        // One host may have two APIs; a request is served by one.
        usable.retain(|one| one.forge == forge);
        Ok(Sources {
            host,
            forge,
            usable,
            broken,
        })
    }
}

impl Source {
    fn of_app(app: WorkApp, scope: &ScopeName, allowed: Allowed) -> Option<Self> {
        Some(Self {
            name: app.source().to_owned(),
            forge: app.forge().clone(),
            scope: parse_scope(app.forge().kind(), scope).ok()?,
            rule: allowed.rule,
            longest_life: allowed.longest_lifetime,
            key: app.id().to_string(),
            means: Means::App(app),
        })
    }

    fn of_account(account: WorkAccount, scope: &ScopeName) -> Option<Self> {
        Some(Self {
            name: account.source().to_owned(),
            forge: account.forge().clone(),
            scope: parse_scope(account.forge().kind(), scope).ok()?,
            rule: Arc::clone(&account.allowed.rule),
            longest_life: account.allowed.longest_lifetime,
            key: format!("{}/{}", account.id(), account.fingerprint()),
            means: Means::Account(Box::new(account)),
        })
    }

    /// What a forge wants to know of who asks.
    pub(crate) fn at<'a>(&'a self, credential: &'a Credential, now: Timestamp) -> CiAt<'a> {
        CiAt {
            forge: &self.forge,
            scope: &self.scope,
            credential,
            holder: match &self.means {
                Means::App(_) => Holder::App(self.name.trim_start_matches("app:")),
                Means::Account(_) => Holder::Account(&self.name),
            },
            now,
        }
    }

    /// An App that was chosen before, for work that goes on when nobody asks any more.
    pub(crate) fn of_kept_app(app: WorkApp, scope: &CiScope, rule: &str) -> Self {
        Self {
            name: app.source().to_owned(),
            forge: app.forge().clone(),
            scope: scope.clone(),
            rule: Arc::from(rule),
            longest_life: None,
            key: app.id().to_string(),
            means: Means::App(app),
        }
    }

    /// The account, where it is one.
    pub(crate) fn account(&self) -> Option<AccountId> {
        match &self.means {
            Means::App(_) => None,
            Means::Account(account) => Some(account.id()),
        }
    }

    /// Whether it is one caller's own, which serves nobody else.
    pub(crate) fn is_private(&self) -> bool {
        matches!(&self.means, Means::Account(account) if account.is_private())
    }
}

/// The policies' name of what was asked for by name.
fn named_source(wish: &SourceAsk) -> Option<String> {
    let app = wish.app.as_ref().map(|name| format!("app:{name}"));
    app.or_else(|| {
        wish.account
            .as_ref()
            .map(|name| format!("account:{}", name.trim_start_matches("account:")))
    })
}
