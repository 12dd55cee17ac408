//! A caller that costs as little as possible: the server shall be measured, not the client.

mod connection;
mod load;

pub(crate) use connection::{Connection, request_for};
pub(crate) use load::{Load, Measured, ask_all};
