use std::ops::ControlFlow;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use jeton_content::{Blob, ContentError, Encoding};

use super::{RefParams, asking::CompatAsking, json_stream::escape};
use crate::{extract::Params, failure::Failure};

/// Up to this size in bytes an answer is written whole, and kept: 1 MiB. A larger one is written while it goes out.
pub(super) const WRITTEN_WHOLE: u64 = 1024 * 1024;

/// The text of a file of a repository on GitHub, whole, whatever its size.
#[utoipa::path(
    get,
    path = "/repo/{owner}/{repo}/file/{path}/content",
    operation_id = "getCompatibleFile",
    tag = "compatible",
    params(
        ("owner" = String, Path, description = "The owner", example = "acme"),
        ("repo" = String, Path, description = "The repository's own name", example = "tools"),
        ("path" = String, Path, description = "The file, from the root of the repository; its slashes may be written as such", example = "src/lib.rs"),
        RefParams,
    ),
    security(("bearer" = []), ("basic" = []), ()),
    responses((status = 200, description = "The text", body = Object, example = json!({"content": "# Tools\n"})))
)]
pub(crate) async fn get_compatible_content(
    CompatAsking { asking, path }: CompatAsking,
    Params(params): Params<RefParams>,
) -> Result<Response, Failure> {
    let read = match asking.file(params.reference.as_deref(), &path).await? {
        ControlFlow::Continue(read) => read,
        ControlFlow::Break(unchanged) => return Ok(unchanged),
    };
    let blob = &read.value.blob;
    is_text(blob, &path).map_err(|error| asking.failure(&error))?;
    let headers = asking.json_headers(&read.meta);
    let (head, tail) = (b"{\"content\":\"".as_slice(), b"\"}".as_slice());
    if blob.size() <= WRITTEN_WHOLE {
        let text = blob
            .read(0..blob.size())
            .await
            .map_err(|error| asking.failure(&error))?;
        let mut body = Vec::with_capacity(head.len() + text.len() + text.len() / 16 + tail.len());
        body.extend_from_slice(head);
        escape(&text, &mut body);
        body.extend_from_slice(tail);
        return Ok(asking.whole(&read.meta, headers, body.into()));
    }
    // Pieces of the file are as large as the cache keeps them; what is written of one may be longer by its escapes.
    let middle = blob.stream(0..blob.size()).map(|piece| {
        piece.map(|text| {
            let mut out = Vec::with_capacity(text.len() + text.len() / 16);
            escape(&text, &mut out);
            Bytes::from(out)
        })
    });
    let constant = |bytes: &'static [u8]| stream::iter([Ok::<_, ContentError>(Bytes::from_static(bytes))]);
    let body = constant(head).chain(middle).chain(constant(tail));
    let mut response = Response::new(Body::from_stream(body));
    *response.headers_mut() = headers;
    Ok(response)
}

/// Whether a file can be given as text at all.
pub(super) fn is_text(blob: &Blob, path: &str) -> Result<(), ContentError> {
    let encoding = blob.facts().encoding;
    match encoding {
        Encoding::Utf8 | Encoding::Utf8Bom => Ok(()),
        Encoding::EightBit | Encoding::Utf16 | Encoding::Binary => Err(ContentError::NotText {
            path: path.to_owned(),
            what: encoding.words(),
        }),
    }
}
