use std::time::Instant;

use axum::extract::MatchedPath;
use http::Method;

use crate::{failure::Failure, request_id::RequestId};

/// One line per request: at debug level, at warn level for 5xx. Neither the path as sent nor the query stands in it, as
/// either may hold what should not be kept, nor any header or body.
pub(crate) struct AccessLine {
    method: Method,
    began: Instant,
}

impl AccessLine {
    pub(crate) fn begin(method: &Method) -> Self {
        Self {
            method: method.clone(),
            began: Instant::now(),
        }
    }

    pub(crate) fn end(&self, route: Option<&MatchedPath>, status: u16, id: &RequestId, failure: Option<&Failure>) {
        let (method, request_id) = (self.method.as_str(), id.as_str());
        let route = route.map_or("(none)", MatchedPath::as_str);
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        match failure {
            Some(failure) if status >= 500 => {
                let (code, error) = (failure.code().as_str(), failure.chain());
                tracing::warn!(method, route, status, ms, request_id, code, error, "request failed");
            }
            Some(failure) => {
                tracing::debug!(
                    method,
                    route,
                    status,
                    ms,
                    request_id,
                    code = failure.code().as_str(),
                    "request refused"
                );
            }
            None if status >= 500 => tracing::warn!(method, route, status, ms, request_id, "request failed"),
            None => tracing::debug!(method, route, status, ms, request_id, "request answered"),
        }
    }
}
