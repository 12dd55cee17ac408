//! How refusals come to be.

use jeton_domain::{Code, Diagnosis, Evidence};

use super::CiRefusal;
use crate::probe::Trouble;

impl CiRefusal {
    /// The forge's clear no, or what is wrong before it is asked.
    pub(crate) fn clear(diagnosis: Diagnosis, evidence: Vec<Evidence>) -> Self {
        Self {
            diagnosis: Box::new(diagnosis),
            evidence,
            unclear: false,
        }
    }

    /// No answer that says anything. `changes`: the call changes something at the forge, so that it may have happened.
    pub(crate) fn of_trouble(trouble: Trouble, evidence: Vec<Evidence>, changes: bool) -> Self {
        Self {
            unclear: changes && !trouble.nothing_happened,
            diagnosis: Box::new(trouble.diagnosis),
            evidence,
        }
    }
}

/// What a forge has not.
pub(crate) fn unsupported(cause: &str, remedy: &str) -> CiRefusal {
    let diagnosis = Diagnosis {
        code: Code::RunnerUnsupported,
        cause: cause.to_owned(),
        remedy: remedy.to_owned(),
        url: None,
        retry_at: None,
    };
    CiRefusal::clear(diagnosis, Vec::new())
}
