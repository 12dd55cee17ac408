//! A call on behalf of somebody, and what its refusals mean there.

use jeton_domain::{Code, Diagnosis};
use jeton_outbound::{Answer, Outbound};
use serde::de::DeserializeOwned;

use super::{
    super::{
        advice::{Place, words},
        diagnose, probes,
        refusal::Refusal,
        wire::Page,
    },
    advice::About,
    target::{Target, Task},
};
use crate::{
    ci::{CiAt, CiRefusal, Holder},
    probe::{Probes, Trouble},
};

/// The most pages of a list that are read; 5,000 entries.
const MOST_PAGES: usize = 50;

/// What may go wrong with a question, before it is told.
pub(super) enum Failure {
    /// Bitbucket's clear no.
    Refused(Refusal),
    /// No word of Bitbucket's.
    Trouble(Trouble),
    /// Known already.
    Known(Diagnosis),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// Questions as somebody, for something.
pub(super) struct Call<'a> {
    pub(super) about: About<'a>,
    pub(super) probes: Probes<'a>,
    at: CiAt<'a>,
}

impl<'a> Call<'a> {
    /// Refuses at once what no question would make better.
    pub(super) fn new(
        outbound: &'a Outbound,
        at: CiAt<'a>,
        target: &'a Target,
        task: Task,
    ) -> Result<Self, Box<Diagnosis>> {
        let about = About {
            forge: at.forge,
            kind: at.credential.kind,
            target,
            task,
        };
        if at.holder == Holder::Workflow {
            return Err(Box::new(about.workflow_token()));
        }
        let probes = probes(outbound, at.credential, at.now).map_err(|unasked| Box::new(unasked.diagnosis))?;
        Ok(Self { about, probes, at })
    }

    /// A read, once more when its connection was cut.
    pub(super) async fn get(&mut self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, Trouble> {
        match self.probes.get(path, query).await {
            Err(trouble) if is_cut(&trouble) => self.probes.get(path, query).await,
            answer => answer,
        }
    }

    /// Reads a list page by page until one entry is wanted; gives it, if there is one. Only the places of further pages are taken from the
    /// answers, never their addresses.
    pub(super) async fn find<T: DeserializeOwned>(
        &mut self,
        path: &[&str],
        mut wanted: impl FnMut(&T) -> bool,
    ) -> Result<Option<T>, Failure> {
        let mut place: Option<(&'static str, String)> = None;
        for _ in 0..MOST_PAGES {
            let mut query = vec![("pagelen", "100")];
            query.extend(place.as_ref().map(|(key, value)| (*key, value.as_str())));
            let answer = self.get(path, &query).await?;
            if !answer.is_success() {
                return Err(Failure::Refused(refusal(&answer)));
            }
            let page: Page<T> = self.probes.parse(&answer)?;
            let next = page.next_place();
            if let Some(found) = page.values.into_iter().find(&mut wanted) {
                return Ok(Some(found));
            }
            if next.is_none() {
                return Ok(None);
            }
            if next == place {
                break;
            }
            place = next;
        }
        let reason = format!("its list does not end within {MOST_PAGES} pages");
        Err(Failure::Known(self.probes.named().garbled(&reason)))
    }

    /// What a refusal means here.
    pub(super) fn explain(&self, refusal: &Refusal) -> Diagnosis {
        match refusal {
            Refusal::Scope { required, granted } => self.about.scope(granted.as_deref(), required),
            Refusal::Forbidden(said) => self.about.role(said),
            Refusal::NotFound(_) => self.about.not_found(),
            other => {
                let path = self.about.target.path();
                let place = Place {
                    repository: Some(&path),
                    ..Place::new(self.at.credential, self.about.kind)
                };
                diagnose(
                    other,
                    &place,
                    self.at.credential.api_username(),
                    self.about.task.words(),
                )
            }
        }
    }

    pub(super) fn diagnose(&self, failure: Failure) -> Diagnosis {
        match failure {
            Failure::Refused(refusal) => self.explain(&refusal),
            Failure::Trouble(trouble) => trouble.diagnosis,
            Failure::Known(diagnosis) => diagnosis,
        }
    }

    /// Ends with the failure of a read, which changed nothing.
    pub(super) fn fail(self, failure: Failure) -> CiRefusal {
        let diagnosis = self.diagnose(failure);
        self.end(diagnosis)
    }

    /// Ends with a clear no.
    pub(super) fn end(self, diagnosis: Diagnosis) -> CiRefusal {
        CiRefusal::clear(diagnosis, self.probes.into_evidence())
    }

    /// Ends without knowing what Bitbucket did.
    pub(super) fn unclear(self, diagnosis: Diagnosis) -> CiRefusal {
        CiRefusal {
            unclear: true,
            ..self.end(diagnosis)
        }
    }
}

/// A refusal in Bitbucket's words, as [`Probes`] gives no other.
pub(super) fn refusal(answer: &Answer) -> Refusal {
    Refusal::of(answer).unwrap_or_else(|| Refusal::Other(String::new()))
}

/// Whether Bitbucket's own word says for certain that nothing was done.
pub(super) fn is_certain(status: u16, refusal: &Refusal) -> bool {
    let known = matches!(status, 400 | 401 | 403 | 404 | 409 | 410 | 415 | 422);
    known && !matches!(refusal, Refusal::Unauthorized(_))
}

/// An answer that leaves it open whether something was done.
pub(super) fn odd_words(status: u16, refusal: &Refusal) -> String {
    let said = match refusal {
        Refusal::Unauthorized(said) | Refusal::Other(said) => words(said),
        _ => "it does not say why",
    };
    format!("it answered with HTTP {status}, which its documentation does not know here ({said})")
}

fn is_cut(trouble: &Trouble) -> bool {
    trouble.status.is_none() && !trouble.nothing_happened && trouble.diagnosis.code == Code::ForgeUnavailable
}
