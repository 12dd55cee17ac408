//! Repositories and what is in them and around them.

mod actions;
mod branches;
mod files;
mod making;
mod pulls;
mod repos;
mod root;

pub(crate) use repos::Visit;
