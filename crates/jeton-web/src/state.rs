use std::sync::Arc;

use jeton_access::Access;
use jeton_broker::Broker;

use crate::{page::Pages, request_id::RequestIds, settings::WebSettings, warm::WarmAnswers};

/// What every handler sees.
pub(crate) struct WebState {
    pub(crate) broker: Broker,
    pub(crate) access: Access,
    /// The user that the server runs as, who is the operator over the Unix socket.
    pub(crate) own_uid: u32,
    pub(crate) settings: WebSettings,
    pub(crate) request_ids: RequestIds,
    pub(crate) warm: WarmAnswers,
    pub(crate) pages: Pages,
}

pub(crate) type Shared = Arc<WebState>;
