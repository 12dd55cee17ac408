//! What bytes need that are given as they are.

pub(super) mod disposition;
pub(super) mod range;
