#![doc = include_str!("../README.md")]

mod aead;
mod error;
mod ring;
mod sealing_key;

pub use error::SealError;
pub use ring::{DataKey, KeyRing};
pub use sealing_key::SealingKey;
