//! Who asks: from the key, the token or the cookie that a request carries, or from the socket it comes over.

mod anonymous;
mod credentials;
mod refused;
pub(crate) mod rights;
mod same_site;
mod who;

pub(crate) use anonymous::is_proxied;
pub(crate) use credentials::{Presented, presented};
pub(crate) use refused::Refused;
pub(crate) use rights::{Known, PageForm, Permitted};
pub(crate) use who::{
    ClientAddress, SESSION_COOKIE, authenticate, check_csrf, check_site, compat_caller, compat_caller_now, cookie,
    key_caller_now,
};

#[cfg(test)]
mod tests;
