use std::{
    fmt,
    future::Future,
    io,
    sync::{Arc, OnceLock},
};

use axum::Router;
use jeton_broker::Broker;
use jeton_ci::Ci;
use jeton_content::Content;
use jeton_domain::Entropy;

use crate::{
    Listener, WebSettings,
    front::Front,
    listen,
    page::{AppChecks, DoctorRuns, Pages},
    prepared::PreparedAnswers,
    request_id::RequestIds,
    routes::{self, Served},
    state::WebState,
    warm::WarmAnswers,
};

/// The HTTP server: its routes and what they share. Cheap to clone.
#[derive(Clone)]
pub struct Web {
    state: Arc<WebState>,
    front: Front,
}

impl Web {
    /// Puts the routes together; without content, those for content are not there.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "as the other parts are handed over; used only here so far"
    )]
    pub fn new(
        broker: Broker,
        content: Option<Content>,
        ci: Ci,
        settings: WebSettings,
        own_uid: u32,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let (router, document) = routes::assemble(Served {
            compat: settings.compat.enabled,
            content: content.is_some(),
            compat_content: content.is_some() && settings.content.compat,
        });
        let state = Arc::new(WebState {
            started_at: broker.access().now(),
            access: broker.access().clone(),
            broker,
            content,
            ci,
            own_uid,
            request_ids: RequestIds::new(&*entropy),
            warm: WarmAnswers::default(),
            prepared: PreparedAnswers::new(),
            pages: Pages::of(&document),
            addresses: OnceLock::new(),
            app_checks: AppChecks::default(),
            doctor: DoctorRuns::default(),
            settings,
        });
        let front = Front::new(Arc::clone(&state), router.with_state(Arc::clone(&state)));
        Self { state, front }
    }

    /// Everything as one router, for tests and other servers. Without a listener nobody knows where a request comes
    /// from: then no caller is on loopback.
    pub fn router(&self) -> Router {
        Router::new().fallback_service(self.front.clone())
    }

    /// Serves on these listeners until `stop` resolves. Then it stops accepting, lets what is in flight finish within
    /// [`WebSettings::shutdown_grace`], and returns.
    ///
    /// # Errors
    /// When a listener cannot say where it listens; errors of single connections are dealt with.
    pub async fn serve(self, listeners: Vec<Listener>, stop: impl Future<Output = ()>) -> io::Result<()> {
        let addresses = listeners.iter().map(Listener::describe).collect::<io::Result<_>>()?;
        // A second call would serve elsewhere too; the first says where it began.
        let _ = self.state.addresses.set(addresses);
        listen::serve(&self.front, &self.state.settings, listeners, stop).await
    }

    /// Forgets prepared answers that were not asked for since the last sweep. To be called every few seconds.
    pub fn sweep(&self) {
        self.state.warm.sweep();
    }
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web")
            .field("settings", &self.state.settings)
            .finish_non_exhaustive()
    }
}
