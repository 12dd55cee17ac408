#![doc = include_str!("../README.md")]

pub mod checksum;
mod decoration;
mod flaw;
mod inspect;
mod inspection;
mod invisible;
mod kind_words;
mod not_a_token;
mod peel;
mod scan;
mod shape;
mod unknown;
mod url_text;

pub use inspect::{LONGEST, inspect, inspect_for_own};
pub use inspection::{Certainty, Finding, Inspection, Severity, Wholeness};
