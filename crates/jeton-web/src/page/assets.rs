//! What pages load: one stylesheet, one script, one icon. All are in the binary.

use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{
    Uri,
    header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};

use crate::state::Shared;

/// The stylesheet, a file for each part of it.
pub(super) static STYLE: Asset = Asset::new(
    "/assets/style.css",
    "text/css; charset=utf-8",
    concat!(
        include_str!("../../templates/style/base.css"),
        include_str!("../../templates/style/frame.css"),
        include_str!("../../templates/style/forms.css"),
        include_str!("../../templates/style/parts.css"),
        include_str!("../../templates/style/access.css"),
        include_str!("../../templates/style/charts.css"),
        include_str!("../../templates/style/accounts.css"),
        include_str!("../../templates/style/apps.css"),
        include_str!("../../templates/style/add.css"),
        include_str!("../../templates/style/ci.css"),
    ),
);

/// The script. Every page works without it.
pub(super) static SCRIPT: Asset = Asset::new(
    "/assets/script.js",
    "text/javascript; charset=utf-8",
    concat!(
        include_str!("../../templates/script/live.js"),
        include_str!("../../templates/script/copy.js"),
        include_str!("../../templates/script/add.js"),
    ),
);

/// The icon of the browser's tab.
pub(super) static ICON: Asset = Asset::new(
    "/assets/icon.svg",
    "image/svg+xml",
    include_str!("../../templates/icon.svg"),
);

/// A file that pages load.
pub(super) struct Asset {
    path: &'static str,
    kind: &'static str,
    text: &'static str,
    address: OnceLock<String>,
}

impl Asset {
    const fn new(path: &'static str, kind: &'static str, text: &'static str) -> Self {
        Self {
            path,
            kind,
            text,
            address: OnceLock::new(),
        }
    }

    /// The address that pages name: with a digest of what it holds, so that a browser may keep it and still sees a new one
    /// at once.
    pub(super) fn address(&self) -> &str {
        self.address.get_or_init(|| {
            let digest = digest(&SHA256, self.text.as_bytes());
            format!("{}?v={}", self.path, hex::encode(&digest.as_ref()[..8]))
        })
    }

    /// While servers of two versions work side by side, a page of the one may get the file of the other; then it must not
    /// be kept.
    fn answer(&self, uri: &Uri) -> Response {
        let is_meant = uri.path_and_query().is_some_and(|path| path.as_str() == self.address());
        let keep = if is_meant {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let headers = [
            (CONTENT_TYPE, self.kind),
            (CACHE_CONTROL, keep),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (headers, self.text).into_response()
    }
}

pub(super) fn router() -> Router<Shared> {
    let mut router = Router::new();
    for asset in [&STYLE, &SCRIPT, &ICON] {
        router = router.route(asset.path, get(async |uri: Uri| asset.answer(&uri)));
    }
    // Browsers ask for it by themselves.
    router.route("/favicon.ico", get(async |uri: Uri| ICON.answer(&uri)))
}
