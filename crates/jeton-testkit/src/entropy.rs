use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jeton_domain::Entropy;

/// Real randomness: several nodes of one test share a database, and must not draw the same ids.
#[derive(Debug, Default)]
pub struct TestEntropy(SystemRandom);

impl Entropy for TestEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        assert!(self.0.fill(buffer).is_ok(), "no randomness");
    }
}
