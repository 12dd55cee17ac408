use std::sync::Arc;

use jeton_broker::Broker;

use crate::{
    operator_keys::OperatorKeys, page::Pages, request_id::RequestIds, settings::WebSettings, warm::WarmAnswers,
};

/// What every handler sees.
pub(crate) struct WebState {
    pub(crate) broker: Broker,
    pub(crate) operator_keys: OperatorKeys,
    pub(crate) settings: WebSettings,
    pub(crate) request_ids: RequestIds,
    pub(crate) warm: WarmAnswers,
    pub(crate) pages: Pages,
}

pub(crate) type Shared = Arc<WebState>;
