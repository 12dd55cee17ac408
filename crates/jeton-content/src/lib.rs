#![doc = include_str!("../README.md")]

mod alone;
mod blobs;
mod content;
mod error;
mod read;
mod reader;
pub mod render;
mod settings;
mod sources;
mod text;

pub use alone::{AloneContent, AloneParts};
pub use blobs::{Arrival, Blob, BlobSettings, Blobs, Fetch};
pub use content::{Content, ContentParts};
pub use error::ContentError;
pub use read::{At, CommitsQuery, FileRead, HistoryPage, Link, Meta, RawRead, Read, Standing, TreeListing, TreeQuery};
pub use settings::ContentSettings;
pub use text::{Encoding, LfsPointer, LineEndings, TextFacts};
