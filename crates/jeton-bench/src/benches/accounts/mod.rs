//! Stored accounts: many of them, their tokens on the way out, their watch, and all of their values sealed anew.

mod databases;
mod fill;
mod inspect;
mod pages;
mod reseal;
mod statements;
mod tokens;
mod watch;
mod web_pages;
mod world;

pub(super) use self::{
    inspect::run as inspect, pages::run as pages, reseal::run as reseal, tokens::run as tokens, watch::run as watch,
    web_pages::run as web_pages,
};

/// How many more answers' bytes may differ by: a time ends with three digits of a second at most.
const TIMES: usize = 8;
