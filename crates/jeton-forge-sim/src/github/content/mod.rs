//! Repositories and what is in them and around them.

mod blobs;
mod branches;
mod commit_wire;
mod commits;
mod files;
mod gzip;
mod making;
mod open;
mod pulls;
mod refs;
mod repos;
mod root;
mod trees;

pub use open::ContentLimits;
pub(crate) use open::{Look, Stop, tail};
pub(crate) use repos::Visit;
