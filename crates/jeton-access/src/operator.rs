use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use jeton_domain::ApiKeyDigest;

/// The keys of the operator, as digests.
#[derive(Clone, Default)]
pub struct OperatorKeys(Vec<ApiKeyDigest>);

impl OperatorKeys {
    /// Any of these keys opens the server.
    pub fn new(digests: impl IntoIterator<Item = ApiKeyDigest>) -> Self {
        Self(digests.into_iter().collect())
    }

    /// Whether it is one of them. Takes the same time whichever it is, and however much of it is right.
    pub fn hold(&self, asked: &ApiKeyDigest) -> bool {
        self.0.iter().fold(false, |found, known| {
            found | verify_slices_are_equal(known.as_bytes(), asked.as_bytes()).is_ok()
        })
    }
}

impl fmt::Debug for OperatorKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperatorKeys")
            .field("keys", &self.0.len())
            .finish_non_exhaustive()
    }
}
