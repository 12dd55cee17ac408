use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::response::{IntoResponse, Response};
use http::{
    Uri,
    header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};

/// Where the stylesheet is.
pub(super) const PATH: &str = "/assets/style.css";

const STYLE: &str = include_str!("../../templates/style.css");

/// The address that pages name: with a digest of what it holds, so that a browser may keep it and still sees a new one
/// at once.
pub(super) static ADDRESS: LazyLock<String> = LazyLock::new(|| {
    let digest = digest(&SHA256, STYLE.as_bytes());
    format!("{PATH}?v={}", hex::encode(&digest.as_ref()[..8]))
});

/// The stylesheet. While servers of two versions work side by side, a page of the one may get the style of the other; then
/// it must not be kept.
pub(super) async fn style(uri: Uri) -> Response {
    let is_meant = uri
        .path_and_query()
        .is_some_and(|path| path.as_str() == ADDRESS.as_str());
    let keep = if is_meant {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (CACHE_CONTROL, keep),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, STYLE).into_response()
}
