use std::net::IpAddr;

use http::{HeaderMap, Method, header::COOKIE};
use jeton_access::{AccessError, Session};
use jeton_domain::{Caller, Code, Coded as _, Secret};
use jeton_ledger::{Event, events};

use super::{
    Presented, Refused,
    anonymous::{self, is_local_program},
    presented,
    refused::BASIC,
    same_site::same_site,
};
use crate::{failure::Failure, peer::Peer, state::WebState};

/// What a browser that has signed in sends. The prefix makes browsers insist on https, on this host alone.
pub(crate) const SESSION_COOKIE: &str = "__Host-jeton";

/// Of a page that speaks JSON: the token against requests from other sites.
const CSRF_HEADER: &str = "x-csrf-token";

/// Where a request comes from: the other end of the connection, or whoever a trusted proxy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

/// Who asks, and how they have shown it.
pub(crate) struct Visit {
    pub(crate) caller: Caller,
    /// Set when it was by a browser's cookie.
    pub(crate) session: Option<Session>,
}

/// Finds out who asks: by `Authorization`, else by the cookie, else by the Unix socket.
///
/// # Errors
/// 401 for nobody and for what is not accepted, 403 for a request that another site's page sends with a cookie.
pub(crate) async fn authenticate(
    state: &WebState,
    method: &Method,
    headers: &HeaderMap,
    peer: Peer,
    address: ClientAddress,
) -> Result<Visit, Refused> {
    if !method.is_safe() {
        // Browsers send cookies, and passwords of HTTP Basic that they remember, by themselves.
        check_site(state, headers, address).map_err(Refused::Access)?;
    }
    let ClientAddress(address) = address;
    let by_itself = |caller| Visit { caller, session: None };
    let access = &state.access;
    match presented(headers) {
        Ok(Some(Presented::Key(key))) => {
            let caller = access.caller_by_key(&key, address).await;
            return caller.map(by_itself).map_err(Refused::Access);
        }
        Ok(Some(Presented::Jwt(token))) => {
            let caller = access.caller_by_jwt(token.expose(), address).await;
            return caller.map(by_itself).map_err(Refused::Access);
        }
        Ok(None) => {}
        Err(refused) => return Err(note(state, refused, address)),
    }
    if let Some(cookie) = cookie(headers, SESSION_COOKIE) {
        let session = access.session(&cookie, address).await;
        let session = session.map_err(|error| note(state, Refused::Access(error), address))?;
        access
            .check_caller(session.caller.identity.key())
            .map_err(Refused::Access)?;
        return Ok(Visit {
            caller: session.caller.clone(),
            session: Some(session),
        });
    }
    if let Peer::Unix(Some(peer)) = peer
        && !state.settings.trusted_proxies.unix
        && is_local_program(headers)
    {
        let caller = access.caller_by_uid(peer.uid, peer.gid, state.own_uid);
        return caller.map(by_itself).map_err(Refused::Access);
    }
    Err(note(state, Refused::Missing, address))
}

/// Puts a stranger on record. Of keys and tokens those who look them up do it.
fn note(state: &WebState, refused: Refused, address: Option<IpAddr>) -> Refused {
    note_refused(state, &Caller::anonymous(address), refused.code());
    refused
}

fn note_refused(state: &WebState, caller: &Caller, code: Code) {
    let event = Event::new(events::AUTH_REFUSED, caller).with("code", code.as_str());
    state.access.ledger().note_repeated(event);
}

/// What changes something must not come from a page of another site: such a one is refused, and on record.
pub(crate) fn check_site(state: &WebState, headers: &HeaderMap, address: ClientAddress) -> Result<(), AccessError> {
    if same_site(headers) {
        return Ok(());
    }
    note_refused(state, &Caller::anonymous(address.0), AccessError::Csrf.code());
    Err(AccessError::Csrf)
}

/// What a browser sends that has signed in must carry the token of its session. Without it, it is refused and on record, with
/// whose browser it was.
pub(crate) fn check_csrf(state: &WebState, session: &Session, given: Option<&str>) -> Result<(), AccessError> {
    let checked = session.check_csrf(given);
    if let Err(error) = &checked {
        note_refused(state, &session.caller, error.code());
    }
    checked
}

/// A request with a cookie that changes something must carry the token of its session too. Forms carry it in a field
/// and are looked at where they are read ([`super::PageForm`]).
pub(super) fn check_csrf_header(
    state: &WebState,
    method: &Method,
    headers: &HeaderMap,
    session: &Session,
) -> Result<(), AccessError> {
    if method.is_safe() {
        return Ok(());
    }
    let given = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    check_csrf(state, session, given)
}

/// One cookie's value; of two with one name, neither is believed.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<Secret> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value.trim_matches('"'));
    let value = values.next()?;
    values.next().is_none().then(|| Secret::new(value))
}

/// Who asks on the compatible routes: as everywhere, or nobody in particular where the operator says so.
///
/// # Errors
/// 401 and 403, in the words of those routes.
pub(crate) async fn compat_caller(
    state: &WebState,
    headers: &HeaderMap,
    peer: Peer,
    address: ClientAddress,
) -> Result<Caller, Failure> {
    let settings = &state.settings.compat;
    if settings.anonymous && !headers.contains_key(http::header::AUTHORIZATION) {
        anonymous::check(settings, peer, headers)?;
        return Ok(Caller::anonymous(address.0));
    }
    let visit = authenticate(state, &Method::GET, headers, peer, address).await;
    visit
        .map(|visit| visit.caller)
        .map_err(|refused| refused.into_failure(BASIC).for_compat())
}

/// The same for a prepared answer: from memory alone, without waiting. `None` leaves the question to [`compat_caller`].
pub(crate) fn compat_caller_now(
    state: &WebState,
    headers: &HeaderMap,
    peer: Peer,
    address: ClientAddress,
) -> Option<Caller> {
    let settings = &state.settings.compat;
    if settings.anonymous && !headers.contains_key(http::header::AUTHORIZATION) {
        anonymous::check(settings, peer, headers).ok()?;
        return Some(Caller::anonymous(address.0));
    }
    key_caller_now(state, headers, address)
}

/// Whoever shows a key that is known, from memory alone. `None` leaves the question to [`authenticate`].
pub(crate) fn key_caller_now(state: &WebState, headers: &HeaderMap, address: ClientAddress) -> Option<Caller> {
    use jeton_access::KeyVerdict;
    use jeton_domain::Identity;
    let access = &state.access;
    let Ok(Some(Presented::Key(key))) = presented(headers) else {
        return None;
    };
    let identity = match access.known_key(&key.digest(), address.0, access.now()) {
        KeyVerdict::Operator => Identity::Operator,
        KeyVerdict::Client(client) => client.identity(),
        KeyVerdict::Ended | KeyVerdict::WrongAddress(_) | KeyVerdict::Unknown => return None,
    };
    Some(Caller {
        identity,
        address: address.0,
    })
}
