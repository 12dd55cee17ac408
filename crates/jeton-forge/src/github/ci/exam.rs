//! Whether a credential could register runners, found out by reading alone.

use jeton_domain::{CiScope, CredentialKind, Diagnosis, Fitness};
use jeton_outbound::{Answer, Outbound};

use super::{
    calls::Calls,
    explain::Case,
    need::{Task, path, thing},
    wire::{WireRepository, WireRunners},
};
use crate::{
    ci::{CiAt, RunnerExam},
    github::account::on_the_page,
    probe::Trouble,
};

/// A single one will do: it is only to see whether the list is shown.
const ONE: &[(&str, &str)] = &[("per_page", "1")];

/// What was found so far.
struct Found {
    fit: Fitness,
    why: String,
    diagnoses: Vec<Diagnosis>,
}

impl Found {
    fn wrong(fit: Fitness, diagnosis: Diagnosis) -> Self {
        let why = match fit {
            Fitness::Unknown => "GitHub gave no clear answer when it was asked; the finding says why.",
            Fitness::Yes | Fitness::No => "GitHub would refuse it; the finding says why.",
        };
        Self {
            fit,
            why: why.to_owned(),
            diagnoses: vec![diagnosis],
        }
    }
}

/// At most two calls, and none that changes anything.
pub(super) async fn examine(outbound: &Outbound, at: &CiAt<'_>) -> RunnerExam {
    let needs = needs(at);
    let mut calls = match Calls::open(outbound, *at, Task::Runners) {
        Ok(calls) => calls,
        Err(refusal) => {
            return RunnerExam {
                fit: Fitness::No,
                needs,
                why: refusal.diagnosis.cause.clone(),
                diagnoses: vec![*refusal.diagnosis],
                evidence: refusal.evidence,
            };
        }
    };
    let found = if Case::new(*at, Task::Runners).is_workflow() {
        workflow(&mut calls).await
    } else {
        look(&mut calls).await
    };
    let found = found.unwrap_or_else(|wrong| *wrong);
    RunnerExam {
        fit: found.fit,
        needs,
        why: found.why,
        diagnoses: found.diagnoses,
        evidence: calls.probes.into_evidence(),
    }
}

/// The least, in the words of this kind of credential.
fn needs(at: &CiAt<'_>) -> String {
    match at.credential.kind {
        CredentialKind::GitHubClassic | CredentialKind::GitHubOAuth => Task::classic_scope(at.scope).to_owned(),
        _ => Task::Runners.least(at.scope),
    }
}

/// Found out already; boxed, because it is the rarer way out of each step.
type Step<T> = Result<T, Box<Found>>;

/// One look at whether it lives; what it may do is known beforehand.
async fn workflow(calls: &mut Calls<'_>) -> Step<Found> {
    let answer = calls.get(&["installation", "repositories"], ONE).await;
    let answer = answer?;
    let case = calls.case(&answer);
    if answer.status == 401 {
        return Ok(Found::wrong(Fitness::No, case.explain(&answer)));
    }
    // whatever else it said: it was not about runners
    let diagnosis = Case::new(calls.at, Task::Runners).workflow();
    Ok(Found::wrong(Fitness::No, diagnosis))
}

async fn look(calls: &mut Calls<'_>) -> Step<Found> {
    if let CiScope::Repository(_) = calls.at.scope {
        let answer = read(calls, &path(calls.at.scope), &[]).await?;
        let repository: WireRepository = calls.parse(&answer)?;
        check_scope(calls, &answer)?;
        // what an App may do does not hang on anybody's role
        let role = repository
            .permissions
            .filter(|_| !calls.case(&answer).is_installation());
        if role.is_some_and(|rights| !rights.admin) {
            let case = Case::new(calls.at, Task::Runners);
            return Ok(Found::wrong(Fitness::No, case.role()));
        }
    }
    let list = [&path(calls.at.scope)[..], &["actions", "runners"]].concat();
    let answer = read(calls, &list, ONE).await?;
    calls.parse::<WireRunners>(&answer)?;
    check_scope(calls, &answer)?;
    Ok(the_list_is_shown(calls, &answer))
}

/// A read that must succeed.
async fn read(calls: &mut Calls<'_>, path: &[&str], query: &[(&str, &str)]) -> Step<Answer> {
    let answer = calls.get(path, query).await.map_err(|trouble| {
        if matches!(trouble.status, Some(301 | 302 | 307 | 308)) {
            let moved = Case::new(calls.at, calls.task).moved();
            return Box::new(Found::wrong(Fitness::No, moved));
        }
        trouble.into()
    })?;
    if answer.is_success() {
        return Ok(answer);
    }
    let fit = if Case::says_nothing(&answer) {
        Fitness::Unknown
    } else {
        Fitness::No
    };
    Err(Box::new(Found::wrong(fit, calls.case(&answer).explain(&answer))))
}

/// Public things are shown to tokens without any scope.
fn check_scope(calls: &Calls<'_>, answer: &Answer) -> Step<()> {
    let case = calls.case(answer);
    if case.lacks_scope() {
        return Err(Box::new(Found::wrong(Fitness::No, case.missing())));
    }
    Ok(())
}

impl From<Trouble> for Box<Found> {
    fn from(trouble: Trouble) -> Self {
        Self::new(Found::wrong(Fitness::Unknown, trouble.diagnosis))
    }
}

/// How far it goes that GitHub shows the runners.
fn the_list_is_shown(calls: &Calls<'_>, answer: &Answer) -> Found {
    let place = thing(calls.at.scope);
    let permission = Task::Runners
        .permission(calls.at.scope)
        .map(on_the_page)
        .unwrap_or_default();
    let scope = Task::classic_scope(calls.at.scope);
    let (fit, why) = match calls.at.credential.kind {
        CredentialKind::GitHubClassic | CredentialKind::GitHubOAuth => match calls.case(answer).scopes {
            Some(_) => (
                Fitness::Yes,
                format!("The token has the scope `{scope}`, and GitHub shows it the runners of {place}."),
            ),
            None => (
                Fitness::Unknown,
                format!(
                    "GitHub shows the token the runners of {place}, and does not tell its scopes, as something between jeton and GitHub \
                     may have taken them out of the answer."
                ),
            ),
        },
        CredentialKind::GitHubInstallation => (
            Fitness::Unknown,
            format!(
                "GitHub shows the App the runners of {place}. Whether it was granted {permission} is said by its installation, and not by \
                 any reading."
            ),
        ),
        _ => (
            Fitness::Unknown,
            format!(
                "GitHub shows the token the runners of {place}. Whether it has {permission}, and not only the reading half, cannot be seen \
                 without registering one."
            ),
        ),
    };
    Found {
        fit,
        why,
        diagnoses: Vec::new(),
    }
}
