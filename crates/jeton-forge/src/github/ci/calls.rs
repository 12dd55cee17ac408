//! A row of calls about one place with one credential.

use http::Method;
use jeton_outbound::{Answer, Outbound};
use serde::{Serialize, de::DeserializeOwned};

use super::{explain::Case, need::Task};
use crate::{
    ci::{CiAt, CiOutcome, CiRefusal},
    diagnose::diagnosis,
    github::account::{GitHubDialect, bearer_headers},
    probe::{Body, Probes, Trouble},
};

pub(super) struct Calls<'a> {
    pub(super) at: CiAt<'a>,
    pub(super) task: Task,
    pub(super) probes: Probes<'a>,
}

impl<'a> Calls<'a> {
    /// Refuses at once what GitHub would never do; nothing is called yet.
    pub(super) fn open(outbound: &'a Outbound, at: CiAt<'a>, task: Task) -> CiOutcome<Self> {
        if let Some(impossible) = Case::new(at, task).impossible() {
            return Err(CiRefusal::clear(impossible, Vec::new()));
        }
        let headers = bearer_headers(at.credential).map_err(|wrong| CiRefusal::clear(wrong, Vec::new()))?;
        let probes = Probes::new(outbound, &GitHubDialect, at.forge, headers, at.now);
        Ok(Self { at, task, probes })
    }

    pub(super) async fn get(&mut self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, Trouble> {
        self.probes.get(path, query).await
    }

    /// Sends JSON. `Err` without a call only for what cannot be written as JSON, which is nothing that is sent here.
    pub(super) async fn send(
        &mut self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Answer, Trouble> {
        let body = Body::json(body).map_err(|error| Trouble {
            diagnosis: diagnosis(
                jeton_domain::Code::Internal,
                format!("The request cannot be written: {:?} error.", error.classify()),
                "Report this as a mistake in jeton.",
            ),
            status: None,
            nothing_happened: true,
        })?;
        self.probes.send(method, path, &[], Some(body)).await
    }

    pub(super) fn parse<T: DeserializeOwned>(&mut self, answer: &Answer) -> Result<T, Trouble> {
        self.probes.parse(answer)
    }

    /// The answer does not hold what was promised.
    pub(super) fn garbled(&mut self, answer: &Answer, reason: &str) -> Trouble {
        self.probes.note(reason);
        Trouble {
            diagnosis: self.probes.named().garbled(reason),
            status: Some(answer.status),
            nothing_happened: false,
        }
    }

    /// What was asked for, in the light of an answer.
    pub(super) fn case(&self, answer: &Answer) -> Case<'a> {
        Case::of(self.at, self.task, answer)
    }

    /// GitHub's no.
    pub(super) fn refused(self, answer: &Answer) -> CiRefusal {
        let diagnosis = self.case(answer).explain(answer);
        self.clear(diagnosis)
    }

    /// A clear no.
    pub(super) fn clear(self, diagnosis: jeton_domain::Diagnosis) -> CiRefusal {
        CiRefusal::clear(diagnosis, self.probes.into_evidence())
    }

    /// No clear answer. `changes`: it may have happened, and asking again would matter.
    pub(super) fn trouble(self, trouble: Trouble, changes: bool) -> CiRefusal {
        // a redirect says that GitHub did nothing: the place has another name
        if matches!(trouble.status, Some(301 | 302 | 307 | 308)) {
            let moved = Case::new(self.at, self.task).moved();
            return self.clear(moved);
        }
        CiRefusal::of_trouble(trouble, self.probes.into_evidence(), changes)
    }
}
