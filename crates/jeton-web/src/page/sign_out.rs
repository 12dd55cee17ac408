use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use jeton_access::AccessError;
use jeton_domain::Code;
use serde::Deserialize;

use super::{respond, visit::Visit};
use crate::{
    auth::{PageForm, SESSION_COOKIE},
    failure::Failure,
    state::{Shared, WebState},
};

/// What the pages send, besides the token.
#[derive(Debug, Deserialize)]
pub(super) struct SignOutForm {
    /// Which browser: one of the list, `others` for all but this one, this one when it is left out.
    session: Option<String>,
}

/// Signs a browser out: this one, or another one of the same person.
pub(super) async fn sign_out(
    visit: Visit,
    State(state): State<Shared>,
    sent: Result<PageForm<SignOutForm>, Failure>,
) -> Response {
    let sent = match sent {
        Ok(sent) => sent,
        Err(failure) => return not_signed_in(&failure),
    };
    match end(&visit, &state, &sent).await {
        Ok(response) => response,
        Err(error) => Failure::from(error).into_response(),
    }
}

async fn end(visit: &Visit, state: &WebState, sent: &PageForm<SignOutForm>) -> Result<Response, AccessError> {
    let session = &sent.session;
    let (access, id) = (&state.access, Some(visit.id.as_str()));
    let name = session.user.name.as_str();
    match sent.form.session.as_deref() {
        Some("others") => {
            access
                .sign_out_everywhere(&session.caller, id, name, Some(session))
                .await?;
            Ok(respond::see_other("/profile"))
        }
        Some(other) if other != session.id() => {
            // One that is gone already is as good as ended.
            access.end_session(&session.caller, id, name, other).await?;
            Ok(respond::see_other("/profile"))
        }
        Some(_) | None => {
            access.sign_out(session, id).await?;
            let mut response = respond::see_other("/");
            respond::set_cookie(&mut response, SESSION_COOKIE, None);
            Ok(response)
        }
    }
}

/// Whoever has no session has signed out already.
fn not_signed_in(failure: &Failure) -> Response {
    match failure.code() {
        Code::AuthSession | Code::AuthMissing => {
            let mut response = respond::see_other("/");
            respond::set_cookie(&mut response, SESSION_COOKIE, None);
            response
        }
        _ => failure.clone().into_response(),
    }
}
