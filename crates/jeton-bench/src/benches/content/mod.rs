//! Content of repositories: what a cached answer costs, how often a forge is asked, and what large things take.

mod asking;
mod cached;
mod calls;
mod large;
mod tree;
mod world;

pub(super) use self::{cached::run as cached, calls::run as calls, large::run as large, tree::run as tree};
