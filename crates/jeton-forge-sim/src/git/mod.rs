//! Real repositories behind the simulated forges, served by real git.

mod branch;
mod cgi;
mod read;
mod smart_http;
mod store;

pub(crate) use cgi::{CgiRequest, run as run_backend};
pub(crate) use read::{Blob, Branch, Node, NodeKind};
pub(crate) use smart_http::answer;
pub(crate) use store::GitStore;
