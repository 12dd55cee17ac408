//! Comes by the credentials themselves.

use std::{sync::Arc, time::Duration};

use jeton_broker::{BrokerError, WorkToken};
use jeton_domain::{Code, Diagnosis, Permissions, RepoSet};
use jeton_forge::ForgeError;
use jiff::Timestamp;

use super::{
    Failed, Way,
    ask::Ended,
    error::diagnosis_of,
    gate::Shut,
    source::{Hand, Means, Source},
    way::Granted,
};
use crate::ContentError;

impl Way {
    /// The credential itself.
    pub(super) async fn hand(&self, source: &Source) -> Result<Hand, Ended> {
        match &source.means {
            Means::Nobody => Ok(Hand::Nobody),
            #[cfg(test)]
            Means::Failing(error) => self.minted(source, Err(error.clone())),
            Means::Given(credential) => Ok(Hand::Kept(Arc::clone(credential))),
            Means::Account(account, opened) => {
                if let Some(credential) = opened.get() {
                    return Ok(Hand::Kept(Arc::clone(credential)));
                }
                let granted = self.granted()?;
                match granted.broker.accounts().open_work_account(account) {
                    Ok(credential) => Ok(Hand::Kept(Arc::clone(opened.get_or_init(|| Arc::new(credential))))),
                    Err(error) => Err(self.unusable(source, diagnosis_of(&error))),
                }
            }
            Means::App(app) => {
                let reads =
                    Permissions::new([("contents", "read")]).map_err(|_| internal("the permission to read is none"))?;
                let repository = RepoSet::from(&self.repository);
                let minted = self.granted()?.broker.work_token(app, &repository, &reads).await;
                self.minted(source, minted)
            }
        }
    }

    /// A new token in the place of one that an App had and the forge refused.
    pub(super) async fn renewed(&self, source: &Source, hand: Hand) -> Result<Hand, Ended> {
        let Hand::Minted(token, _) = hand else { return Ok(hand) };
        let granted = self.granted()?;
        let minted = granted.broker.replace_work_token(Some(&granted.asker), &token).await;
        self.minted(source, minted)
    }

    fn granted(&self) -> Result<&Granted, Ended> {
        let none = || internal("a stored credential is asked for where there is no store");
        self.granted.as_ref().ok_or_else(none)
    }

    fn minted(&self, source: &Source, outcome: Result<Option<WorkToken>, BrokerError>) -> Result<Hand, Ended> {
        let error = match outcome {
            Ok(Some(token)) => {
                let credential = token.credential();
                return Ok(Hand::Minted(Box::new(token), credential));
            }
            Ok(None) => {
                let diagnosis = not_installed(&source.name, &self.repository.to_string());
                source.sight.refuse(diagnosis.clone(), false, self.now());
                return Err(Ended::Passed(diagnosis));
            }
            Err(error) => error,
        };
        Err(match &error {
            BrokerError::Forge {
                source: ForgeError::RateLimited { .. },
                ..
            } => {
                let pause = error.retry_after().unwrap_or(Duration::from_mins(1));
                let until = self.now().checked_add(pause).unwrap_or(Timestamp::MAX);
                Ended::Shut(Shut::Closed {
                    until,
                    diagnosis: Box::new(diagnosis_of(&error)),
                })
            }
            // It passes: nothing is wrong with the App, and others may be able to answer meanwhile.
            BrokerError::Forge { source: cause, .. } if cause.is_transient() => {
                Ended::Lacking(Failed::Other(error.into()))
            }
            BrokerError::Vault(_) | BrokerError::Busy | BrokerError::Internal(_) => {
                Ended::Lacking(Failed::Other(error.into()))
            }
            _ => self.unusable(source, diagnosis_of(&error)),
        })
    }

    /// The credential cannot be had, for a reason that people have to see to.
    fn unusable(&self, source: &Source, diagnosis: Diagnosis) -> Ended {
        source.sight.refuse(diagnosis.clone(), true, self.now());
        Ended::Passed(diagnosis)
    }
}

fn not_installed(source: &str, repository: &str) -> Diagnosis {
    Diagnosis {
        code: Code::AppNotInstalled,
        cause: format!("{source} is not installed on {repository}."),
        remedy: "An owner of the repository can install it there.".to_owned(),
        url: None,
        retry_at: None,
    }
}

fn internal(what: &'static str) -> Ended {
    Ended::Over(Failed::Other(ContentError::Internal(what)))
}
