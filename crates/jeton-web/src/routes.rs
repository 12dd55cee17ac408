use std::sync::Arc;

use axum::{
    Router,
    extract::{MatchedPath, Request},
    middleware::{Next, from_fn},
    response::Response,
};
use http::Uri;
use jeton_domain::Code;
use utoipa::openapi::OpenApi;

use crate::{
    compat,
    failure::{Failure, method_not_allowed},
    mcp, openapi, operations, page,
    state::Shared,
};

/// Which routes there are besides those that are always there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    /// `/api/…`
    pub(crate) compat: bool,
    /// `/v1/content/…` and `/mcp`
    pub(crate) content: bool,
    /// `/repo/…`
    pub(crate) compat_content: bool,
}

/// All routes, and the document that describes them. The document names even those that the operator has switched off.
pub(crate) fn assemble(served: Served) -> (Router<Shared>, Arc<OpenApi>) {
    let (mut router, _) = operations::router().split_for_parts();
    if served.content {
        let (content, _) = operations::content::router().split_for_parts();
        router = router.merge(content).merge(mcp::router());
    }
    if served.compat {
        let (compat, _) = compat::router().split_for_parts();
        router = router.merge(compat);
    }
    if served.compat_content {
        router = router.merge(compat::content::router());
    }
    let router = router
        .merge(page::router())
        .method_not_allowed_fallback(async || method_not_allowed())
        .route_layer(from_fn(name_the_route))
        .fallback(no_such_route);
    (router, Arc::new(openapi::document()))
}

/// Lets the log know which route it was.
async fn name_the_route(route: MatchedPath, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(route);
    response
}

async fn no_such_route(uri: Uri) -> Failure {
    let remedy = if uri.path().starts_with("/api/") {
        "A token is at /api/{namespace}/{repository}, with exactly two parts and no slash at the end."
    } else {
        "/docs shows the routes."
    };
    Failure::new(Code::RouteNotFound, "there is no such route").with_remedy(remedy)
}
