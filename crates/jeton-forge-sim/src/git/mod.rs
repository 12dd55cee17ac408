//! Real repositories behind the simulated forges, served by real git.

mod cgi;
mod smart_http;
mod store;

pub(crate) use smart_http::answer;
pub(crate) use store::GitStore;
