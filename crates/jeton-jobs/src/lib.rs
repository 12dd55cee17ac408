#![doc = include_str!("../README.md")]

mod backoff;
mod running;
mod worker;

pub use backoff::backoff;
pub use worker::{Handler, JobError, Worker};
