use std::collections::BTreeMap;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header::CACHE_CONTROL};
use jeton_broker::{AppSummary, Asker};
use jeton_domain::{AppOrigin, Caller, Permissions};
use serde::Serialize;

use crate::request_id::RequestId;

/// JSON that no cache on the way may keep. All of `/v1` is answered so: who holds what is nobody else's business.
pub(crate) fn private<T: Serialize>(status: StatusCode, body: T) -> Response {
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

pub(super) fn permissions(permissions: &Permissions) -> BTreeMap<String, String> {
    permissions
        .iter()
        .map(|(name, access)| (name.to_owned(), access.as_str().to_owned()))
        .collect()
}

/// Who asks, in this request.
pub(crate) fn asker(caller: Caller, id: &RequestId) -> Asker {
    Asker {
        caller,
        request_id: Some(id.as_str().to_owned()),
    }
}

pub(super) fn source(app: &str) -> String {
    format!("app:{app}")
}

pub(super) fn app(summary: &AppSummary) -> jeton_api::App {
    let origin = match summary.origin {
        AppOrigin::Added => "added",
        AppOrigin::Configured => "configured",
    };
    jeton_api::App {
        name: summary.name.to_string(),
        app_id: summary.issuer.to_string(),
        forge: summary.forge.host().to_owned(),
        api_url: summary.forge.api_url().to_owned(),
        key_fingerprint: summary.key_fingerprint.to_string(),
        origin: origin.to_owned(),
        created_at: summary.created_at.map(|at| at.to_string()),
        broken: summary.broken.clone(),
    }
}
