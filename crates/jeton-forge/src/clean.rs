//! Text that came from outside, made fit for errors and logs.

pub(crate) use jeton_outbound::clean;
