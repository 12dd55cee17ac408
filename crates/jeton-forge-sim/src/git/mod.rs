//! Real repositories behind the simulated forges, served by real git.

mod batch;
mod branch;
mod cgi;
mod commits;
mod history;
mod names;
mod objects;
mod read;
mod smart_http;
mod spec;
mod store;
mod stream;
mod write;

pub(crate) use cgi::{CgiRequest, run as run_backend};
pub(crate) use commits::{Commit, Signature};
pub(crate) use history::{Change, LogQuery};
pub(crate) use objects::{ObjectInfo, ObjectKind};
pub(crate) use read::{Node, NodeKind, Reference};
pub(crate) use smart_http::answer;
pub use spec::CommitSpec;
pub(crate) use store::GitStore;
pub(crate) use stream::base64_stream;
