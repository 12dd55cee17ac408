use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts},
    http::Request,
    response::{IntoResponse, Response},
};
use http::header::CONTENT_TYPE;
use jeton_domain::Code;
use serde::de::DeserializeOwned;

use super::visit::Visit;
use crate::{auth::check_site, extract::read_body, failure::Failure, state::Shared};

/// A form of somebody who has not signed in yet, so that there is no session whose token it could carry. It must come from
/// a page of this server all the same: else another site could sign a browser in as somebody of its choice.
pub(super) struct PublicForm<T> {
    pub(super) visit: Visit,
    pub(super) form: T,
}

impl<T: DeserializeOwned> FromRequest<Shared> for PublicForm<T> {
    type Rejection = Response;

    async fn from_request(request: Request<Body>, state: &Shared) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = match Visit::from_request_parts(&mut parts, state).await {
            Ok(visit) => visit,
            Err(never) => match never {},
        };
        check_site(state, &visit.headers, visit.address).map_err(|error| Failure::from(error).into_response())?;
        let kind = visit
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let failure = Failure::new(Code::RequestMediaType, "the body is no form");
            return Err(failure.with_remedy("Use the page's own form.").into_response());
        }
        let body = read_body(body, state.settings.max_body_bytes, &state.settings).await;
        let body = body.map_err(IntoResponse::into_response)?;
        let form = serde_urlencoded::from_bytes(&body).map_err(|_| {
            let failure = Failure::new(Code::RequestInvalid, "the form is not as the page sends it");
            failure.with_remedy("Use the page's own form.").into_response()
        })?;
        Ok(Self { visit, form })
    }
}
