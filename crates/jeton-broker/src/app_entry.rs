use std::{
    ops::Deref,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jeton_domain::{AppId, AppIssuer, AppName, AppOrigin, Clock, Fingerprint, ForgeEndpoint};
use jeton_forge::{ForgeError, GitHubApp};
use jeton_vault::AppRecord;
use jiff::Timestamp;
use tokio::sync::{OnceCell, Semaphore};

use crate::{AppSummary, BrokerError, broker::Inner, retry::retrying};

/// An App in use: its client, and what holds back calls to it.
pub(crate) struct AppEntry {
    pub(crate) facts: AppFacts,
    pub(crate) shared_name: Arc<str>,
    pub(crate) host: Arc<str>,
    /// As policies name it: `app:NAME`.
    pub(crate) source: Box<str>,
    client: Result<GitHubApp, BrokerError>,
    /// The App's public page, once it is known.
    page: OnceCell<Option<String>>,
    calls: Semaphore,
    /// Mints that run side by side, each with a few calls; taken before anything else is, so that thousands of cold keys
    /// wait here and hold nothing.
    pub(crate) mints: Semaphore,
    /// Background renewals that run side by side: per App, so that one slow forge does not hold up another.
    pub(crate) renewals: Semaphore,
    gate: Gate,
}

/// How many background renewals of an App run side by side: enough for 10,000 keys in a margin of five minutes at 300 ms
/// each, few enough to leave the forge's limit of 100 to callers who wait.
const RENEWALS_AT_ONCE: usize = 16;

/// Closed while the forge limits an App: nobody calls until it opens, so that a limit is not made worse.
#[derive(Default)]
struct Gate {
    opens_at_ms: AtomicI64,
    error: Mutex<Option<ForgeError>>,
}

impl Gate {
    fn closed(&self, now: Timestamp) -> Option<ForgeError> {
        let left = self.opens_at_ms.load(Ordering::Relaxed) - now.as_millisecond();
        let left = u64::try_from(left).ok().filter(|left| *left > 0)?;
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(match error {
            ForgeError::RateLimited { primary, said, .. } => ForgeError::RateLimited {
                primary,
                retry_after: Duration::from_millis(left),
                said,
            },
            other => other,
        })
    }

    fn note(&self, error: &ForgeError, now: Timestamp) {
        if let (ForgeError::RateLimited { .. }, Some(pause)) = (error, error.retry_after()) {
            *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
            let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
            // An answer that was on its way must not shorten what another has said.
            self.opens_at_ms
                .fetch_max(now.as_millisecond().saturating_add(pause), Ordering::Relaxed);
        }
    }
}

/// What of an App is known before it is used.
pub(crate) struct AppFacts {
    pub(crate) id: AppId,
    pub(crate) name: AppName,
    pub(crate) forge: ForgeEndpoint,
    pub(crate) issuer: AppIssuer,
    pub(crate) key_fingerprint: Fingerprint,
    pub(crate) origin: AppOrigin,
    pub(crate) created_at: Option<Timestamp>,
}

/// An App is mostly asked for what is known of it.
impl Deref for AppEntry {
    type Target = AppFacts;

    fn deref(&self) -> &AppFacts {
        &self.facts
    }
}

impl AppEntry {
    pub(crate) fn new(facts: AppFacts, client: Result<GitHubApp, BrokerError>, calls_per_app: usize) -> Self {
        Self {
            shared_name: Arc::from(facts.name.as_str()),
            host: Arc::from(facts.forge.host()),
            source: format!("app:{}", facts.name).into(),
            facts,
            client,
            page: OnceCell::new(),
            calls: Semaphore::new(calls_per_app),
            mints: Semaphore::new(calls_per_app),
            renewals: Semaphore::new(RENEWALS_AT_ONCE),
            gate: Gate::default(),
        }
    }

    /// The client, or why the App's key cannot be used.
    pub(crate) fn client(&self) -> Result<&GitHubApp, BrokerError> {
        self.client.as_ref().map_err(Clone::clone)
    }

    /// Reads from the forge: bounded in number, held back while the forge limits the App, tried again while it makes
    /// sense.
    pub(crate) async fn call<T, F>(&self, inner: &Inner, call: impl Fn(GitHubApp) -> F) -> Result<T, BrokerError>
    where
        F: Future<Output = Result<T, ForgeError>>,
    {
        self.call_while(inner, |error, _| error.is_transient(), call).await
    }

    /// As [`AppEntry::call`], for a mint: a try that may have minted is repeated once at most, and not at all when the forge's
    /// answer came and was nonsense. Each such try leaves a token that nobody knows.
    pub(crate) async fn call_mint<T, F>(&self, inner: &Inner, call: impl Fn(GitHubApp) -> F) -> Result<T, BrokerError>
    where
        F: Future<Output = Result<T, ForgeError>>,
    {
        let again = |error: &ForgeError, attempt: u32| match error {
            ForgeError::Cut { .. } | ForgeError::Timeout => attempt == 0,
            ForgeError::Garbled { status, .. } => !(200..300).contains(status),
            other => other.is_transient(),
        };
        self.call_while(inner, again, call).await
    }

    async fn call_while<T, F>(
        &self,
        inner: &Inner,
        again: impl Fn(&ForgeError, u32) -> bool,
        call: impl Fn(GitHubApp) -> F,
    ) -> Result<T, BrokerError>
    where
        F: Future<Output = Result<T, ForgeError>>,
    {
        let client = self.client()?;
        let clock: &dyn Clock = &*inner.clock;
        let outcome = retrying(clock, &*inner.entropy, inner.settings.forge_deadline, again, || async {
            let _permit = self.calls.acquire().await;
            if let Some(error) = self.gate.closed(clock.now()) {
                return Err(error);
            }
            let outcome = call(client.clone()).await;
            if let Err(error) = &outcome {
                self.gate.note(error, clock.now());
            }
            outcome
        });
        outcome.await.map_err(|source| BrokerError::Forge {
            forge: Arc::clone(&self.host),
            source,
        })
    }

    /// The page where an owner can install the App, asked of the forge once. For a message: when the forge does not
    /// say, the message goes without.
    pub(crate) async fn install_url(&self, inner: &Inner) -> Option<String> {
        let page = self.page.get_or_try_init(|| async {
            self.call(inner, |client| async move { client.get_app().await })
                .await
                .map(|app| app.html_url)
        });
        page.await
            .ok()?
            .as_ref()
            .map(|page| format!("{page}/installations/new"))
    }

    /// The same key for the same App, whatever came since.
    pub(crate) fn is_same(&self, record: &AppRecord) -> bool {
        self.id == record.id && self.key_fingerprint == record.key_fingerprint && self.client.is_ok()
    }

    pub(crate) fn summary(&self) -> AppSummary {
        AppSummary {
            name: self.name.clone(),
            issuer: self.issuer.clone(),
            forge: self.forge.clone(),
            key_fingerprint: self.key_fingerprint.clone(),
            origin: self.origin,
            created_at: self.created_at,
            broken: self.client.as_ref().err().map(ToString::to_string),
        }
    }
}
