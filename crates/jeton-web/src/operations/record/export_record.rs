use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use jeton_access::AccessError;
use jeton_ledger::{Ledger, LedgerEntry, LedgerError, LedgerFilter, Page};

use super::{entry, filter::RecordFilter};
use crate::{
    auth::{Permitted, rights::RecordRead},
    extract::Params,
    failure::Failure,
    request_id::RequestId,
    state::{Shared, WebState},
};

/// Entries that are in memory at a time.
const PAGE: u32 = 500;

/// The record as JSON lines, oldest first: what was written until this was asked, whole. An answer that ends in the middle,
/// without the last chunk that HTTP/1.1 has, or with a reset stream, is not whole: the database failed meanwhile.
#[utoipa::path(
    get,
    path = "/v1/record/export",
    operation_id = "exportRecord",
    tag = "record",
    params(RecordFilter),
    responses((
        status = 200,
        description = "One entry per line",
        body = jeton_api::RecordEntry,
        content_type = "application/x-ndjson"
    ))
)]
pub(crate) async fn export_record(
    _: Permitted<RecordRead>,
    State(state): State<Shared>,
    id: RequestId,
    Params(filter): Params<RecordFilter>,
) -> Result<Response, Failure> {
    export_all(&state, filter.read()?, id).await
}

/// The lines of all entries that a filter passes.
pub(crate) async fn export_all(state: &WebState, filter: LedgerFilter, id: RequestId) -> Result<Response, Failure> {
    let ledger = state.access.settled_ledger().await.clone();
    let newest = ledger
        .list(&LedgerFilter::default(), None, 1)
        .await
        .map_err(AccessError::from)?;
    let Some(last) = newest.entries.first().map(|entry| entry.seq) else {
        return Ok(lines(Body::empty()));
    };
    // The first page before the answer begins: most of what can fail has failed by then, and is told as a problem.
    let first = ledger.scan(&filter, 0, PAGE).await.map_err(AccessError::from)?;
    Ok(lines(export(ledger, filter, last, first, id)))
}

fn lines(body: Body) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}

/// What is left to be written: the next page when it is here already, or after which entry it begins.
enum Left {
    Ready(Page),
    After(u64),
    Nothing,
}

fn export(ledger: Ledger, filter: LedgerFilter, last: u64, first: Page, id: RequestId) -> Body {
    let pages = stream::unfold(Left::Ready(first), move |left| {
        let (ledger, filter, id) = (ledger.clone(), filter.clone(), id.clone());
        async move {
            let page = match left {
                Left::Ready(page) => Ok(page),
                Left::After(after) => ledger.scan(&filter, after, PAGE).await,
                Left::Nothing => return None,
            };
            let next = match &page {
                Ok(page) => page.next.filter(|next| *next < last).map_or(Left::Nothing, Left::After),
                Err(error) => {
                    tracing::warn!(request_id = id.as_str(), %error, "an export of the record broke off");
                    Left::Nothing
                }
            };
            Some((page.map(|page| write(page.entries, last)), next))
        }
    });
    // Empty pages of a filter that few entries pass would be empty chunks.
    let pages = pages
        .filter(|page: &Result<Bytes, LedgerError>| std::future::ready(!matches!(page, Ok(bytes) if bytes.is_empty())));
    Body::from_stream(pages)
}

/// Those that were there when the export began: a record that grows faster than it is read would never end.
fn write(entries: Vec<LedgerEntry>, last: u64) -> Bytes {
    let mut out = Vec::with_capacity(entries.len() * 512);
    for one in entries.into_iter().take_while(|entry| entry.seq <= last) {
        // Text and numbers only: this cannot fail.
        if serde_json::to_writer(&mut out, &entry(one)).is_ok() {
            out.push(b'\n');
        }
    }
    out.into()
}
