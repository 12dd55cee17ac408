use std::marker::PhantomData;

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts},
    http::Request,
};
use http::{Method, request::Parts};
use jeton_access::{AccessError, Session};
use jeton_domain::{Action, Caller, Code};
use serde::de::DeserializeOwned;

use super::{
    Refused, authenticate,
    refused::BEARER,
    who::{ClientAddress, Visit, check_csrf, check_csrf_header},
};
use crate::{extract::read_body, failure::Failure, peer::Peer, request_id::RequestId, state::Shared};

/// A right that a handler asks for by type: one that forgot it does not compile.
pub(crate) trait Right: Send + Sync + 'static {
    /// What policies call it.
    const ACTION: Action;
}

macro_rules! rights {
    ($($name:ident),* $(,)?) => {
        $(
            #[doc = concat!("[`Action::", stringify!($name), "`].")]
            #[derive(Debug)]
            pub(crate) enum $name {}

            impl Right for $name {
                const ACTION: Action = Action::$name;
            }
        )*
    };
}

rights!(
    AppManage,
    AppRead,
    ClientManage,
    ClientRead,
    GrantRevoke,
    KeyManage,
    KeyRead,
    PolicyManage,
    PolicyRead,
    RecordRead,
    ServerRead,
    UserManage,
    UserRead,
);

/// Anybody who has shown who they are; else 401. What they may do is the broker's question.
#[derive(Debug)]
pub(crate) struct Known(pub(crate) Caller);

/// Somebody who has the right `R`; else 401 or 403, before any work.
#[derive(Debug)]
pub(crate) struct Permitted<R: Right>(pub(crate) Caller, pub(crate) PhantomData<R>);

/// A form of a page of somebody who has signed in, with the token that shows that it is one of ours.
#[derive(Debug)]
pub(crate) struct PageForm<T> {
    pub(crate) session: Session,
    pub(crate) form: T,
}

async fn visit(parts: &Parts, state: &Shared) -> Result<Visit, Failure> {
    let peer = parts.extensions.get::<Peer>().copied().unwrap_or(Peer::Unknown);
    let address = parts
        .extensions
        .get::<ClientAddress>()
        .copied()
        .unwrap_or(ClientAddress(None));
    authenticate(state, &parts.method, &parts.headers, peer, address)
        .await
        .map_err(|refused| refused.into_failure(BEARER))
}

async fn known(parts: &Parts, state: &Shared) -> Result<Caller, Failure> {
    let visit = visit(parts, state).await?;
    if let Some(session) = &visit.session {
        check_csrf_header(state, &parts.method, &parts.headers, session)?;
    }
    Ok(visit.caller)
}

impl FromRequestParts<Shared> for Known {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Failure> {
        known(parts, state).await.map(Self)
    }
}

impl<R: Right> FromRequestParts<Shared> for Permitted<R> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Failure> {
        let caller = known(parts, state).await?;
        let id = parts.extensions.get::<RequestId>().map(RequestId::as_str);
        state.access.permit(&caller, R::ACTION, id)?;
        Ok(Self(caller, PhantomData))
    }
}

async fn signed_in(parts: &Parts, state: &Shared) -> Result<Session, Failure> {
    let session = visit(parts, state).await?.session;
    session.ok_or_else(|| Refused::Access(AccessError::SessionEnded).into_failure(BEARER))
}

impl<T: DeserializeOwned> FromRequest<Shared> for PageForm<T> {
    type Rejection = Failure;

    async fn from_request(request: Request<Body>, state: &Shared) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let session = signed_in(&parts, state).await?;
        let body = read_body(body, state.settings.max_body_bytes, &state.settings).await?;
        if parts.method != Method::GET {
            let mut fields = form_urlencoded::parse(&body);
            let csrf = fields
                .find(|(name, _)| name == "csrf")
                .map(|(_, value)| value.into_owned());
            check_csrf(state, &session, csrf.as_deref())?;
        }
        let form = serde_urlencoded::from_bytes(&body)
            .map_err(|_| Failure::new(Code::RequestInvalid, "the form is not as the page sends it"))?;
        Ok(Self { session, form })
    }
}
