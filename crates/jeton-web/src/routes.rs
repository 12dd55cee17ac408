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
    openapi, operations, page,
    state::Shared,
};

/// All routes, and the document that describes them. The document names the compatible routes even where the operator
/// has switched them off.
pub(crate) fn assemble(with_compat: bool) -> (Router<Shared>, Arc<OpenApi>) {
    let (native, _) = operations::router().split_for_parts();
    let (compat, _) = compat::router().split_for_parts();
    let router = if with_compat { native.merge(compat) } else { native };
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
