use jeton_domain::{Code, Coded, Diagnosis};

use crate::ContentError;

/// Why nobody who was asked could answer.
#[derive(Debug, Clone)]
pub(crate) enum Failed {
    /// Of `resolve`: the repository is shown to nobody. Of the others: a source that reads the repository says that the thing is not
    /// there.
    NotFound(Box<Diagnosis>),
    /// The repository is there, and the name means nothing in it.
    NoSuchName(Box<Diagnosis>),
    /// The repository has no commit.
    Empty,
    /// Larger than the forge gives.
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// All else.
    Other(ContentError),
}

impl Failed {
    /// Why, in the words of whoever said so; for the log.
    pub(super) fn words(&self) -> String {
        match self {
            Self::NotFound(diagnosis) | Self::NoSuchName(diagnosis) => diagnosis.cause.clone(),
            Self::Empty => "the repository has no commit yet".to_owned(),
            Self::TooLarge { limit } => format!("the forge gives no file of more than {limit} bytes"),
            Self::Other(error) => error.to_string(),
        }
    }

    pub(super) fn forge(diagnosis: Diagnosis) -> Self {
        Self::Other(ContentError::Forge(Box::new(diagnosis)))
    }
}

/// An error in the form in which findings about credentials are shown.
pub(super) fn diagnosis_of(error: &(impl Coded + ToString)) -> Diagnosis {
    Diagnosis {
        code: error.code(),
        cause: error.to_string(),
        remedy: error.remedy().unwrap_or_default(),
        url: None,
        retry_at: None,
    }
}

/// The queue before a credential is full, or does not move.
pub(super) fn overloaded(host: &str) -> Failed {
    Failed::forge(Diagnosis {
        code: Code::Overloaded,
        cause: format!("too many calls to {host} wait for their turn"),
        remedy: "Try again in a moment; fewer requests at a time are served as fast.".to_owned(),
        url: None,
        retry_at: None,
    })
}
