use std::{
    marker::PhantomData,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts},
    http::Request,
    response::{IntoResponse, Response},
};
use http::{header::CONTENT_TYPE, request::Parts};
use jeton_access::{Access, AccessError, Session};
use jeton_broker::Asker;
use jeton_domain::{Action, Caller, Code};
use jiff::Timestamp;

use super::{
    failed,
    fields::{Fields, looks_like_token},
    link::link,
    respond,
    shell::{Here, Shell},
    sign_in,
    time::Time,
    visit::Visit,
};
use crate::{
    auth::{ClientAddress, SESSION_COOKIE, check_csrf, check_site, cookie, rights::Right},
    extract::read_body,
    failure::Failure,
    state::{Shared, WebState},
};

/// Somebody who has signed in and asks for a page. Everybody else is sent to sign in, and comes back afterwards.
pub(super) struct Viewer {
    pub(super) session: Session,
    pub(super) visit: Visit,
    /// When the page is made.
    pub(super) now: Timestamp,
    access: Access,
    may: Vec<Action>,
}

/// A [`Viewer`] who has the right `R`; others read why not.
pub(super) struct May<R: Right>(Viewer, PhantomData<R>);

/// A form of a page, of somebody who has signed in: it comes from a page of this server, and of this very session.
pub(super) struct Sent {
    pub(super) viewer: Viewer,
    pub(super) fields: Fields,
}

/// A [`Sent`] of somebody who has the right `R`.
pub(super) struct SentBy<R: Right> {
    pub(super) viewer: Viewer,
    pub(super) fields: Fields,
    right: PhantomData<R>,
}

/// Lets a page about a failure have the frame of the page that was asked for.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<OnceLock<Shell>>);

impl Seen {
    pub(super) fn shell(&self) -> Option<Shell> {
        self.0.get().cloned()
    }
}

impl Viewer {
    async fn of(parts: &mut Parts, state: &Shared) -> Result<Self, Response> {
        let visit = match Visit::from_request_parts(parts, state).await {
            Ok(visit) => visit,
            Err(never) => match never {},
        };
        let found = Self::find(visit, state).await.map_err(IntoResponse::into_response)?;
        let viewer = found.map_err(|visit| to_sign_in(parts, &visit))?;
        if let Some(seen) = parts.extensions.get::<Seen>() {
            seen.0.get_or_init(|| viewer.shell(Here::Elsewhere));
        }
        Ok(viewer)
    }

    /// Who visits, if they have signed in; else the visit.
    pub(super) async fn find(visit: Visit, state: &WebState) -> Result<Result<Self, Visit>, Failure> {
        let Some(session) = visit.session(state).await? else {
            return Ok(Err(visit));
        };
        state.access.check_caller(session.caller.identity.key())?;
        Ok(Ok(Self {
            may: state.access.could_allow(&session.caller),
            now: state.access.now(),
            access: state.access.clone(),
            session,
            visit,
        }))
    }

    pub(super) fn caller(&self) -> &Caller {
        &self.session.caller
    }

    #[expect(clippy::unnecessary_wraps, reason = "as every use case takes it")]
    pub(super) fn request_id(&self) -> Option<&str> {
        Some(self.visit.id.as_str())
    }

    pub(super) fn asker(&self) -> Asker {
        Asker {
            caller: self.session.caller.clone(),
            request_id: Some(self.visit.id.as_str().to_owned()),
        }
    }

    /// Whether some policy, or their role, could let them do this to something: what pages offer. It may still be refused to them,
    /// so it is no measure of what they are shown.
    pub(super) fn may(&self, action: Action) -> bool {
        self.may.contains(&action)
    }

    /// Whether they may do this now, as policies decide: what pages show.
    pub(super) fn is_allowed(&self, action: Action) -> bool {
        self.access.is_allowed(self.caller(), action)
    }

    /// The frame of their page.
    pub(super) fn shell(&self, here: Here) -> Shell {
        Shell::of_viewer(self, here)
    }

    /// One parameter of the query without the space around it; empty when it is not there.
    pub(super) fn parameter(&self, name: &str) -> String {
        let value = self.visit.parameter(name).unwrap_or_default();
        value.trim().to_owned()
    }

    /// Every parameter of one name.
    pub(super) fn parameters(&self, name: &str) -> Vec<String> {
        let pairs = form_urlencoded::parse(self.visit.query.as_bytes());
        pairs
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .collect()
    }

    pub(super) fn time(&self, at: Timestamp) -> Time {
        Time::new(at, self.now)
    }

    fn permit(&self, state: &WebState, action: Action) -> Result<(), Failure> {
        state.access.permit(self.caller(), action, self.request_id())?;
        Ok(())
    }
}

impl<R: Right> Deref for May<R> {
    type Target = Viewer;

    fn deref(&self) -> &Viewer {
        &self.0
    }
}

fn refused(error: AccessError) -> Response {
    Failure::from(error).into_response()
}

/// After signing in they see what they asked for; what a form held is not kept, nor anything that looks like a token.
fn to_sign_in(parts: &Parts, visit: &Visit) -> Response {
    let wanted = parts.uri.path_and_query().map_or("/", |wanted| wanted.as_str());
    let mut pairs = form_urlencoded::parse(visit.query.as_bytes());
    let has_token = pairs.any(|(name, value)| looks_like_token(&name) || looks_like_token(&value));
    let wanted = if looks_like_token(parts.uri.path()) {
        "/"
    } else if parts.method.is_safe() && !has_token {
        wanted
    } else {
        parts.uri.path()
    };
    // Whoever sent a form reads that it was not taken.
    let why = if parts.method.is_safe() { "" } else { sign_in::ENDED };
    let mut response = respond::see_other(&link("/sign-in", &[("next", wanted), ("why", why)]));
    if cookie(&visit.headers, SESSION_COOKIE).is_some() {
        respond::set_cookie(&mut response, SESSION_COOKIE, None);
    }
    response
}

impl FromRequestParts<Shared> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Response> {
        Self::of(parts, state).await
    }
}

impl<R: Right> FromRequestParts<Shared> for May<R> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Response> {
        let viewer = Viewer::of(parts, state).await?;
        viewer.permit(state, R::ACTION).map_err(IntoResponse::into_response)?;
        Ok(Self(viewer, PhantomData))
    }
}

impl FromRequest<Shared> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request<Body>, state: &Shared) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let address = parts.extensions.get::<ClientAddress>().copied();
        check_site(state, &parts.headers, address.unwrap_or(ClientAddress(None))).map_err(refused)?;
        let viewer = Viewer::of(&mut parts, state).await?;
        let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let failure = Failure::new(Code::RequestMediaType, "the body is no form");
            return Err(failure.with_remedy("Use the page's own form.").into_response());
        }
        let body = read_body(body, state.settings.max_body_bytes, &state.settings).await;
        let fields = Fields::read(&body.map_err(IntoResponse::into_response)?);
        let token = fields.text("csrf");
        if let Err(error) = check_csrf(state, &viewer.session, Some(token)) {
            // The site is right and the session is: a page of a sign-in before this one.
            return Err(if token.is_empty() {
                refused(error)
            } else {
                failed::older(&viewer, error.into(), parts.uri.path()).into_response()
            });
        }
        Ok(Self { viewer, fields })
    }
}

impl<R: Right> FromRequest<Shared> for SentBy<R> {
    type Rejection = Response;

    async fn from_request(request: Request<Body>, state: &Shared) -> Result<Self, Response> {
        let Sent { viewer, fields } = Sent::from_request(request, state).await?;
        viewer.permit(state, R::ACTION).map_err(IntoResponse::into_response)?;
        Ok(Self {
            viewer,
            fields,
            right: PhantomData,
        })
    }
}
