#![doc = include_str!("../README.md")]

mod clock;
mod database;
mod entropy;
mod http;
mod macros;
mod node;
mod test_jeton;

pub use clock::TestClock;
pub use database::{Database, DatabaseKind};
pub use entropy::TestEntropy;
pub use http::Answer;
pub use node::{Node, NodeOptions};
pub use test_jeton::TestJeton;
