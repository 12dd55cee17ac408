#![doc = include_str!("../README.md")]

mod address;
mod answer;
mod client;
mod credentials;
mod error;
mod resolver;
mod rules;
mod text;

pub use answer::Answer;
pub use client::{ByteStream, HttpOptions, Opening, Outbound, Request};
pub use credentials::{basic, bearer, sensitive};
pub use error::{AddressError, OutboundError};
pub use resolver::{NameLookup, SystemLookup};
pub use rules::AddressRules;
pub use text::{causes, clean};
