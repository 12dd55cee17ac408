use std::fmt;

/// A source of unpredictable bytes, passed in so that tests can repeat themselves.
pub trait Entropy: fmt::Debug + Send + Sync {
    /// Fills the whole buffer. An implementation that cannot do so must not return.
    fn fill(&self, buffer: &mut [u8]);
}
