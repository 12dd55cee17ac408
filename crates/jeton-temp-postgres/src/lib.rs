#![doc = include_str!("../README.md")]

mod cluster;
mod programs;
mod shared;
mod supervisor;
mod temp;
mod unprivileged;

pub use temp::TempPostgres;
