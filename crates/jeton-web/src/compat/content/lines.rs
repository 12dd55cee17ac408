use std::ops::ControlFlow;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use jeton_content::ContentError;
use serde::{Deserialize, Serialize};

use super::{
    RefParams,
    asking::CompatAsking,
    file::{WRITTEN_WHOLE, is_text},
    json_stream::LineWriter,
};
use crate::{extract::Params, failure::Failure};

/// Which lines.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RangeParams {
    /// A branch, a tag or a commit; the default branch when left out.
    #[serde(rename = "ref")]
    #[param(rename = "ref", nullable = false, required = false, example = "main")]
    reference: Option<String>,
    /// The first line; lines count from 0.
    #[param(example = 0)]
    start_line: u64,
    /// The line before which it ends.
    #[param(example = 100)]
    end_line: u64,
}

/// Some lines of a file of a repository on GitHub, without their line ends, and how many it has. What is beyond the last line is left
/// out.
#[utoipa::path(
    get,
    path = "/repo/{owner}/{repo}/file/{path}/lines",
    operation_id = "getCompatibleLines",
    tag = "compatible",
    params(
        ("owner" = String, Path, description = "The owner", example = "acme"),
        ("repo" = String, Path, description = "The repository's own name", example = "tools"),
        ("path" = String, Path, description = "The file, from the root of the repository; its slashes may be written as such", example = "src/lib.rs"),
        RangeParams,
    ),
    security(("bearer" = []), ("basic" = []), ()),
    responses((status = 200, description = "The lines", body = Object, example = json!({"lines": ["# Tools"], "max_lines": 1})))
)]
pub(crate) async fn get_compatible_lines(
    CompatAsking { asking, path }: CompatAsking,
    Params(params): Params<RangeParams>,
) -> Result<Response, Failure> {
    let read = match asking.file(params.reference.as_deref(), &path).await? {
        ControlFlow::Continue(read) => read,
        ControlFlow::Break(unchanged) => return Ok(unchanged),
    };
    let blob = &read.value.blob;
    is_text(blob, &path).map_err(|error| asking.failure(&error))?;
    let part = blob.locate(params.start_line..params.end_line).await;
    let part = part.map_err(|error| asking.failure(&error))?;
    let headers = asking.json_headers(&read.meta);
    let tail = format!("],\"max_lines\":{}}}", blob.facts().lines);
    let mut writer = LineWriter::default();
    if part.end - part.start <= WRITTEN_WHOLE {
        let text = blob.read(part).await.map_err(|error| asking.failure(&error))?;
        let mut body = Vec::with_capacity(text.len() + text.len() / 8 + 64);
        body.extend_from_slice(HEAD);
        writer.feed(&text, &mut body);
        writer.finish(&mut body);
        body.extend_from_slice(tail.as_bytes());
        return Ok(asking.whole(&read.meta, headers, body.into()));
    }
    let state = Some((blob.stream(part), writer, tail));
    let middle = stream::unfold(state, async |state| {
        let (mut pieces, mut writer, tail) = state?;
        let mut out = Vec::new();
        match pieces.next().await {
            Some(Ok(text)) => {
                out.reserve(text.len() + text.len() / 8);
                writer.feed(&text, &mut out);
                Some((Ok(Bytes::from(out)), Some((pieces, writer, tail))))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None => {
                writer.finish(&mut out);
                out.extend_from_slice(tail.as_bytes());
                Some((Ok(Bytes::from(out)), None))
            }
        }
    });
    let body = stream::iter([Ok::<_, ContentError>(Bytes::from_static(HEAD))]).chain(middle);
    let mut response = Response::new(Body::from_stream(body));
    *response.headers_mut() = headers;
    Ok(response)
}

const HEAD: &[u8] = b"{\"lines\":[";

/// How many lines a file of a repository on GitHub has; a last one without a line end counts.
#[utoipa::path(
    get,
    path = "/repo/{owner}/{repo}/file/{path}/max-lines",
    operation_id = "getCompatibleMaxLines",
    tag = "compatible",
    params(
        ("owner" = String, Path, description = "The owner", example = "acme"),
        ("repo" = String, Path, description = "The repository's own name", example = "tools"),
        ("path" = String, Path, description = "The file, from the root of the repository; its slashes may be written as such", example = "src/lib.rs"),
        RefParams,
    ),
    security(("bearer" = []), ("basic" = []), ()),
    responses((status = 200, description = "The number", body = Object, example = json!({"max_lines": 1})))
)]
pub(crate) async fn get_compatible_max_lines(
    CompatAsking { asking, path }: CompatAsking,
    Params(params): Params<RefParams>,
) -> Result<Response, Failure> {
    #[derive(Serialize)]
    struct Count {
        max_lines: u64,
    }
    let read = match asking.file(params.reference.as_deref(), &path).await? {
        ControlFlow::Continue(read) => read,
        ControlFlow::Break(unchanged) => return Ok(unchanged),
    };
    let max_lines = read.value.blob.facts().lines;
    asking.json(&read.meta, &Count { max_lines })
}
