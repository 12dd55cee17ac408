//! Whether a token could make runners, found out without making one.

use jeton_domain::{Diagnosis, Fitness};
use jeton_outbound::Outbound;

use super::{
    super::{purposes::Role, refusal::Refusal},
    call::{Call, Failure},
    target::{Target, Task},
};
use crate::ci::{CiAt, RunnerExam};

/// What a look came to, before the evidence is there.
struct Verdict {
    fit: Fitness,
    why: String,
    diagnosis: Option<Diagnosis>,
}

impl Verdict {
    fn new(fit: Fitness, why: impl Into<String>) -> Self {
        Self {
            fit,
            why: why.into(),
            diagnosis: None,
        }
    }

    fn with(self, diagnosis: Diagnosis) -> Self {
        Self {
            diagnosis: Some(diagnosis),
            ..self
        }
    }
}

pub(super) async fn examine(outbound: &Outbound, at: &CiAt<'_>) -> RunnerExam {
    let nowhere = |diagnosis: Diagnosis| RunnerExam {
        fit: Fitness::No,
        needs: "the scopes `create_runner` and `read_api`, or `api`".to_owned(),
        why: diagnosis.cause.clone(),
        diagnoses: vec![diagnosis],
        evidence: vec![],
    };
    let target = match Target::of(at.forge, at.scope) {
        Ok(target) => target,
        Err(diagnosis) => return nowhere(diagnosis),
    };
    let needs = format!(
        "{} (or `api`), and {}",
        target.scopes(Task::Runner),
        target.who(Task::Runner)
    );
    let mut call = match Call::new(outbound, *at, &target, Task::Runner) {
        Ok(call) => call,
        Err(diagnosis) => {
            return RunnerExam {
                needs,
                ..nowhere(*diagnosis)
            };
        }
    };
    let verdict = match look(&mut call).await {
        Ok(verdict) => verdict,
        Err(failure) => failed(&mut call, failure).await,
    };
    RunnerExam {
        fit: verdict.fit,
        needs,
        why: verdict.why,
        diagnoses: verdict.diagnosis.into_iter().collect(),
        evidence: call.probes.into_evidence(),
    }
}

/// A clear no is one; anything else leaves it open.
async fn failed(call: &mut Call<'_>, failure: Failure) -> Verdict {
    let fit = match &failure {
        Failure::Trouble(_) | Failure::Refused(Refusal::Other(..)) => Fitness::Unknown,
        Failure::Refused(_) | Failure::Known(_) => Fitness::No,
    };
    let diagnosis = call.diagnose(failure).await;
    Verdict::new(fit, diagnosis.cause.clone()).with(diagnosis)
}

async fn look(call: &mut Call<'_>) -> Result<Verdict, Failure> {
    let about = call.about;
    let token = call.find_token().await?;
    let has = |names: &[&str]| token.scopes.iter().any(|scope| names.contains(&scope.as_str()));
    // a fine-grained token has this one scope, and GitLab lists its permissions nowhere
    let granular = has(&["granular"]);
    if !granular && !has(&["create_runner", "api"]) {
        let accepted = ["create_runner".to_owned(), "api".to_owned()];
        let diagnosis = about.scope(Some(&token.scopes), &accepted);
        return Ok(Verdict::new(Fitness::No, diagnosis.cause.clone()).with(diagnosis));
    }
    if *about.target == Target::Instance {
        return Ok(match call.find_admin().await? {
            Some(true) => settled(granular, "Its scopes will do, and its user is an administrator."),
            Some(false) => {
                let diagnosis = about.role(None);
                Verdict::new(Fitness::No, diagnosis.cause.clone()).with(diagnosis)
            }
            None => Verdict::new(
                Fitness::Unknown,
                "Its scopes will do; GitLab did not say that its user is an administrator, as it says to one whose token may read that.",
            ),
        });
    }
    call.find_space().await?;
    let place = about.target.words();
    let Some(role) = call.find_role(token.user_id).await? else {
        let why = format!("Its scopes will do; GitLab did not tell its user's role in {place}.");
        return Ok(Verdict::new(Fitness::Unknown, why));
    };
    let has_role = match role {
        Role(0) => format!("its user is no member of {place}"),
        role => format!("its user has the role {} in {place}", role.name()),
    };
    if role >= Role::OWNER {
        let why = format!(
            "Its scopes will do, and {has_role}; that runners are not switched off there only trying would show."
        );
        return Ok(settled(granular, &why));
    }
    if call.find_admin().await? == Some(true) {
        let why =
            format!("Its scopes will do, and {has_role}; but its user is an administrator, whom GitLab may let do it.");
        return Ok(Verdict::new(Fitness::Unknown, why));
    }
    if role >= Role::MAINTAINER && matches!(about.target, Target::Project(_)) {
        let why = format!(
            "Its scopes will do, and {has_role}; GitLab's documentation asks for Owner, and most versions let a Maintainer do it."
        );
        return Ok(Verdict::new(Fitness::Unknown, why));
    }
    let why = format!("Its scopes will do, and {has_role}, which is too little.");
    Ok(Verdict::new(Fitness::No, why).with(about.role(Some(role))))
}

/// All that can be seen is right.
fn settled(granular: bool, why: &str) -> Verdict {
    if granular {
        Verdict::new(
            Fitness::Unknown,
            "It is a fine-grained token, whose permissions GitLab does not tell; nothing short of making a runner would show.",
        )
    } else {
        Verdict::new(Fitness::Yes, why)
    }
}
