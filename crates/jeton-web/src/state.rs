use std::sync::{Arc, OnceLock};

use jeton_access::Access;
use jeton_broker::Broker;
use jeton_ci::Ci;
use jeton_content::Content;
use jiff::Timestamp;

use crate::{
    page::{AppChecks, DoctorRuns, Pages},
    prepared::PreparedAnswers,
    request_id::RequestIds,
    settings::WebSettings,
    warm::WarmAnswers,
};

/// What every handler sees.
pub(crate) struct WebState {
    pub(crate) broker: Broker,
    pub(crate) access: Access,
    /// What is in repositories; `None` where it is switched off.
    pub(crate) content: Option<Content>,
    /// Runners and secrets of the forges' CI.
    pub(crate) ci: Ci,
    /// The user that the server runs as, who is the operator over the Unix socket.
    pub(crate) own_uid: u32,
    pub(crate) settings: WebSettings,
    pub(crate) request_ids: RequestIds,
    pub(crate) warm: WarmAnswers,
    pub(crate) prepared: PreparedAnswers,
    pub(crate) pages: Pages,
    /// When it was put together.
    pub(crate) started_at: Timestamp,
    /// Where it listens, once it does.
    pub(crate) addresses: OnceLock<Vec<String>>,
    pub(crate) app_checks: AppChecks,
    pub(crate) doctor: DoctorRuns,
}

pub(crate) type Shared = Arc<WebState>;
