//! The record on both databases.

mod anchor;
mod archive;
mod key;
mod queue;
mod repeated;
mod tampering;
mod world;
mod writing;
