//! What is said of credentials and repositories.

use std::sync::atomic::Ordering;

use jeton_domain::{Code, Diagnosis};

use super::{SourceKey, Way, source::Source};
use crate::ContentError;

impl Way {
    /// What is wrong with credentials that are passed over, in words that name them.
    pub(crate) fn notices(&self) -> Vec<Diagnosis> {
        let now = self.now();
        let mut notices: Vec<Diagnosis> = self.sources.iter().filter_map(|source| source.notice(now)).collect();
        let last = self.sources.get(self.last.load(Ordering::Relaxed));
        // Where a good credential has answered, those that are known to be bad took nothing from anybody.
        if last.is_none_or(|source| source.key == SourceKey::Anonymous) {
            notices.extend(self.broken.iter().cloned());
        }
        notices
    }

    /// What to say when the repository is shown to nobody who may be asked.
    pub(crate) fn not_shown(&self) -> ContentError {
        let now = self.now();
        let mut diagnoses: Vec<Diagnosis> = self.sources.iter().filter_map(|source| source.notice(now)).collect();
        diagnoses.extend(self.broken.iter().cloned());
        ContentError::RepositoryNotFound {
            repository: self.repository.to_string(),
            host: self.host().to_owned(),
            tried: self.sources.iter().map(|source| source.name.to_string()).collect(),
            diagnoses,
        }
    }

    /// The repository is there under another name. Who may read that is a question of its own, to be asked by that name.
    pub(super) fn moved(&self, to: Option<&str>) -> Diagnosis {
        let clean = |to: &str| to.chars().filter(|c| !c.is_control()).take(200).collect::<String>();
        let (cause, remedy) = match to.map(clean).filter(|name| !name.is_empty()) {
            Some(name) => (
                format!("{} is called `{name}` now.", self.repository),
                format!("Ask for `{name}`."),
            ),
            None => (
                format!(
                    "{} has another name now, which {} does not tell.",
                    self.repository,
                    self.host()
                ),
                "Look it up at the forge, and ask for it by that name.".to_owned(),
            ),
        };
        Diagnosis {
            code: Code::ContentRepositoryNotFound,
            cause,
            remedy,
            url: None,
            retry_at: None,
        }
    }

    /// What to say when one source has said all that there is to say.
    pub(super) fn not_shown_to(&self, source: &Source, diagnosis: Diagnosis) -> ContentError {
        ContentError::RepositoryNotFound {
            repository: self.repository.to_string(),
            host: self.host().to_owned(),
            tried: vec![source.name.to_string()],
            diagnoses: vec![diagnosis],
        }
    }
}
