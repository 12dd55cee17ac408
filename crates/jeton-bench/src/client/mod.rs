//! A caller that costs as little as possible: the server shall be measured, not the client.

mod connection;
mod load;
mod stream;

pub(crate) use connection::{Connection, post_with_key, request_for, request_with_key};
pub(crate) use load::{Load, Measured, ask_all, refused};
pub(crate) use stream::{Streamed, compare_all};
