#![doc = include_str!("../README.md")]
#![expect(clippy::missing_panics_doc, reason = "whatever does not work here fails the test")]

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
pub use node::{Node, NodeOptions, OWN_UID};
pub use test_jeton::TestJeton;
