#![doc = include_str!("../README.md")]

mod aead;
mod data_key;
mod error;
mod ring;
mod sealing_key;
mod sealing_keys;

pub use data_key::DataKey;
pub use error::SealError;
pub use ring::KeyRing;
pub use sealing_key::SealingKey;
pub use sealing_keys::{GivenKey, SealingKeys};
