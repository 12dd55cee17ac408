use axum::{extract::State, response::Response};
use http::{
    HeaderValue,
    header::{CONTENT_DISPOSITION, X_CONTENT_TYPE_OPTIONS},
};

use super::filter::Typed;
use crate::{
    auth::rights::RecordRead, failure::Failure, operations::record::export_record::export_all, page::viewer::May,
    state::Shared,
};

/// The entries that the form above the list means, as a file.
pub(super) async fn export(viewer: May<RecordRead>, State(state): State<Shared>) -> Result<Response, Failure> {
    let filter = Typed::of_address(&viewer).read().map_err(|(_, failure)| failure)?;
    let mut response = export_all(&state, filter, viewer.visit.id.clone()).await?;
    let name = viewer.now.strftime("record-%Y-%m-%dT%H%M%SZ.jsonl");
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}
