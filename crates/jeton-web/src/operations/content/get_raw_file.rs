use std::{ops::Range, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use futures_util::{FutureExt as _, StreamExt as _};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RANGE,
    },
};
use jeton_content::{Arrival, Blob, ContentError, Encoding, RawRead, Read, TextFacts};
use jeton_domain::Code;

use super::{
    FileParams,
    answer::validator,
    asking::Asking,
    raw::{
        disposition::attachment,
        range::{Wanted, wanted},
    },
};
use crate::{extract::Params, failure::Failure};

/// Up to this size in bytes a file is waited for, so that its answer can say what it is and be kept: 1 MiB. A larger one goes out as
/// it comes in.
const WAITED_FOR: u64 = 1024 * 1024;

/// So long the rest of a file is waited for whose size the forge does not tell: by then most are here, and their answers are like all
/// others. A larger one goes out in chunks, without its length.
const A_MOMENT: Duration = Duration::from_millis(500);

/// For whoever opens it in a browser all the same: it may do nothing.
const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

const RESOURCE_POLICY: (HeaderName, HeaderValue) = (
    HeaderName::from_static("cross-origin-resource-policy"),
    HeaderValue::from_static("same-origin"),
);

/// A file, byte for byte, or a part of it (`Range`). Large files are streamed; one whose download from the forge fails on the way is
/// cut off, never quietly short. It is never sent as anything that a browser would run.
#[utoipa::path(
    get,
    path = "/v1/content/{forge}/{owner}/{repo}/raw",
    operation_id = "getRawFile",
    tag = "content",
    params(
        ("forge" = String, Path, description = "The forge's host, or `github`, `gitlab` or `bitbucket` for the public one", example = "github"),
        ("owner" = String, Path, description = "The owner; GitLab's groups in one part, as `group%2Fsub`", example = "acme"),
        ("repo" = String, Path, description = "The repository's own name", example = "tools"),
        FileParams,
    ),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The part that `Range` asks for", body = Vec<u8>, content_type = "application/octet-stream"),
    )
)]
pub(crate) async fn get_raw_file(
    asking: Asking,
    sent: HeaderMap,
    Params(params): Params<FileParams>,
) -> Result<Response, Failure> {
    let at = asking.at(params.reference.as_deref());
    let read = asking.content().raw(asking.asker(), &at, &params.path).await;
    let read = read.map_err(|error| asking.failure(&error))?;
    let etag = etag(&read);
    if let Some(response) = asking.known_to_caller(&read.meta, &etag) {
        return Ok(response);
    }
    let arrival = &read.value.arrival;
    // Until here a failure can still be told.
    let size = size_in_time(arrival, sent.contains_key(RANGE)).await;
    let size = size.map_err(|error| asking.failure(&error))?;
    let mut headers = asking.headers(&read.meta, Some(&etag));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CONTENT_DISPOSITION, attachment(read.value.entry.path.name()));
    headers.insert(CONTENT_SECURITY_POLICY, SANDBOX);
    headers.insert(RESOURCE_POLICY.0, RESOURCE_POLICY.1);
    let part = match size.map(|size| (wanted(&sent, &etag, size), size)) {
        None | Some((Wanted::Whole, _)) => None,
        Some((Wanted::Part(part), _)) => Some(part),
        Some((Wanted::Outside, size)) => return Ok(outside(&read, size)),
    };
    let blob = match size {
        Some(0..=WAITED_FOR) => Some(arrival.whole().await),
        _ => arrival.whole().now_or_never(),
    };
    let blob = blob.transpose().map_err(|error| asking.failure(&error))?;
    headers.insert(CONTENT_TYPE, media_type(blob.as_ref().map(Blob::facts)));
    if let (Some(bytes), None) = (blob.as_ref().and_then(Blob::in_memory), &part) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        return Ok(asking.whole(&read.meta, headers, bytes.clone()));
    }
    Ok(streamed(&read.value, headers, part, size))
}

/// The size in bytes. `None`: the forge does not tell it before the end, and that is not near. Who wants a part has to wait for it,
/// because where a part lies hangs on the whole.
async fn size_in_time(arrival: &Arrival, for_part: bool) -> Result<Option<u64>, ContentError> {
    if for_part {
        return arrival.ready().await.map(Some);
    }
    let mut bytes = arrival.stream(None);
    tokio::select! {
        biased;
        size = arrival.ready() => size.map(Some),
        // What announces a size comes before the first bytes.
        first = bytes.next() => {
            first.transpose()?;
            tokio::time::timeout(A_MOMENT, arrival.ready()).await.ok().transpose()
        }
    }
}

/// The bytes as they come; no more of them are in memory than are on their way.
fn streamed(read: &RawRead, mut headers: HeaderMap, part: Option<Range<u64>>, size: Option<u64>) -> Response {
    if let Some(length) = part.as_ref().map(|part| part.end - part.start).or(size) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    let mut status = StatusCode::OK;
    if let (Some(part), Some(size)) = (&part, size) {
        status = StatusCode::PARTIAL_CONTENT;
        let range = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        if let Ok(range) = HeaderValue::try_from(range) {
            headers.insert(CONTENT_RANGE, range);
        }
    }
    let mut response = Response::new(Body::from_stream(read.arrival.stream(part)));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Names the bytes: git's own id of them, or where they lie.
fn etag(read: &Read<RawRead>) -> String {
    if let Some(id) = &read.value.entry.id {
        return format!("\"{id}\"");
    }
    let (meta, path) = (&read.meta, &read.value.entry.path);
    validator(&[&meta.host, &meta.repository, &meta.commit.to_string(), path.as_str()])
}

fn media_type(facts: Option<&TextFacts>) -> HeaderValue {
    match facts.map(|facts| facts.encoding) {
        Some(Encoding::Utf8 | Encoding::Utf8Bom) => HeaderValue::from_static("text/plain; charset=utf-8"),
        Some(Encoding::EightBit | Encoding::Utf16 | Encoding::Binary) | None => {
            HeaderValue::from_static("application/octet-stream")
        }
    }
}

fn outside(read: &Read<RawRead>, size: u64) -> Response {
    let detail = format!("`{}` has {size} bytes, and not those", read.value.entry.path);
    let failure = Failure::new(Code::ContentRange, detail).with_remedy("Ask for a range that begins within the file.");
    let mut response = failure.into_response();
    if let Ok(range) = HeaderValue::try_from(format!("bytes */{size}")) {
        response.headers_mut().insert(CONTENT_RANGE, range);
    }
    response
}
