#![doc = include_str!("../README.md")]

mod backoff;
mod worker;

pub use backoff::backoff;
pub use worker::{Handler, JobError, Worker};
