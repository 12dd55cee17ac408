//! The record on both databases.

mod anchor;
mod archive;
mod key;
mod tampering;
mod world;
mod writing;
