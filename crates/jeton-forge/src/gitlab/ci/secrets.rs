//! Writing a variable: a look for its project or group, one whether it is there, and then the call that fits. Several may do it at once.

use http::Method;
use jeton_domain::Diagnosis;
use jeton_outbound::Outbound;

use super::{
    super::refusal::Refusal,
    call::{Call, Failure, is_certain, odd_words, refusal, says_space},
    check::{check, is_masked, is_raw},
    echo,
    runners::unasked,
    target::{Target, Task},
    wire::{VariableBody, VariableObject},
};
use crate::{
    ci::{CiAt, CiOutcome, CiRefusal, SecretPush, SecretPushed},
    probe::{Body, Trouble},
};

/// How often somebody else may make or remove the variable between our look and our call.
const ROUNDS: usize = 3;

/// All environments.
const ANYWHERE: &str = "*";

pub(super) async fn push(outbound: &Outbound, at: &CiAt<'_>, push: &SecretPush<'_>) -> CiOutcome<SecretPushed> {
    check(at.scope, push).map_err(|found| unasked(*found))?;
    let target = Target::of(at.forge, at.scope).map_err(unasked)?;
    let call = Call::new(outbound, *at, &target, Task::Variable).map_err(|found| unasked(*found))?;
    let writing = Writing {
        call,
        push,
        environment: push.options.environment.as_deref().unwrap_or(ANYWHERE),
    };
    match writing.run().await {
        Ok(mut pushed) => {
            echo::hide(push.value, None, &mut pushed.evidence);
            Ok(pushed)
        }
        Err(mut refused) => {
            echo::hide(push.value, Some(&mut refused.diagnosis), &mut refused.evidence);
            Err(refused)
        }
    }
}

struct Writing<'a> {
    call: Call<'a>,
    push: &'a SecretPush<'a>,
    environment: &'a str,
}

/// What became of a round.
enum Round {
    Done {
        created: bool,
    },
    /// Somebody was there in between.
    Again,
    /// A clear no.
    No(Diagnosis),
    /// No clear word.
    Unclear(Diagnosis),
    /// It was not sent, or limited.
    NotSent(Trouble),
}

impl Writing<'_> {
    async fn run(mut self) -> CiOutcome<SecretPushed> {
        if let Err(failure) = self.call.find_space().await {
            return Err(self.call.fail(failure).await);
        }
        for _ in 0..ROUNDS {
            let found = match self.look().await {
                Ok(found) => found,
                Err(failure) => return Err(self.call.fail(failure).await),
            };
            let round = match found {
                Some(variable) => match self.differs(&variable) {
                    Some(diagnosis) => Round::No(diagnosis),
                    None => self.update().await,
                },
                None => self.create().await,
            };
            match round {
                Round::Done { created } => {
                    return Ok(SecretPushed {
                        created,
                        evidence: self.call.probes.into_evidence(),
                    });
                }
                Round::Again => {}
                Round::No(diagnosis) => return Err(self.call.end(diagnosis)),
                Round::Unclear(diagnosis) => return Err(self.call.unclear(diagnosis)),
                Round::NotSent(trouble) => return Err(self.call.not_sent(trouble)),
            }
        }
        let diagnosis = self.call.about.variable_restless(self.key());
        Err::<_, CiRefusal>(self.call.end(diagnosis))
    }

    fn key(&self) -> &str {
        self.push.name.as_str()
    }

    fn space(&self) -> [String; 2] {
        // a variable has a project or a group: `check` lets nothing else pass
        self.call.space().unwrap_or_default()
    }

    fn filter(&self) -> [(&'static str, String); 1] {
        [("filter[environment_scope]", self.environment.to_owned())]
    }

    /// The variable as it is; `None` when there is none.
    async fn look(&mut self) -> Result<Option<VariableObject>, Failure> {
        let ([kind, space], [(filter, scope)]) = (self.space(), self.filter());
        let path = [kind.as_str(), &space, "variables", self.push.name.as_str()];
        let found: Result<VariableObject, _> = self.call.read(&path, &[(filter, scope.as_str())]).await;
        match found {
            Ok(variable)
                if variable
                    .environment_scope
                    .as_deref()
                    .is_some_and(|other| other != scope) =>
            {
                // writing it would change what other environments get
                let reason = "it told of the variable of another environment than was asked for";
                let diagnosis = self.call.probes.named().garbled(reason);
                Err(Failure::Known(diagnosis))
            }
            Ok(variable) => Ok(Some(variable)),
            Err(Failure::Refused(Refusal::NotFound(said))) if !says_space(&said) => Ok(None),
            Err(Failure::Trouble(trouble)) if trouble.status == Some(301) => {
                Err(Failure::Known(self.call.about.moved()))
            }
            Err(failure) => Err(failure),
        }
    }

    /// What cannot be changed on a variable that is there.
    fn differs(&self, variable: &VariableObject) -> Option<Diagnosis> {
        let hidden = variable.hidden == Some(true);
        let options = self.push.options;
        let cause = if options.hidden == Some(true) && !hidden {
            "GitLab hides a variable only when it is made"
        } else if hidden && (options.hidden == Some(false) || options.masked == Some(false)) {
            "it is hidden, which GitLab does not take back"
        } else {
            return None;
        };
        Some(self.call.about.variable_differs(self.key(), cause))
    }

    fn body(&self, new: bool) -> Result<Body, Diagnosis> {
        let options = self.push.options;
        let hidden = new && options.hidden == Some(true);
        let file = options.file.map(|file| if file { "file" } else { "env_var" });
        Body::json(&VariableBody {
            key: new.then(|| self.key()),
            value: self.push.value.expose(),
            variable_type: file,
            protected: options.protected,
            masked: (!hidden).then(|| is_masked(self.push)),
            masked_and_hidden: hidden.then_some(true),
            raw: is_raw(self.push),
            environment_scope: new.then_some(self.environment),
            description: options.description.as_deref(),
        })
        .map_err(|_| super::runners::unwritable())
    }

    async fn create(&mut self) -> Round {
        let body = match self.body(true) {
            Ok(body) => body,
            Err(diagnosis) => return Round::No(diagnosis),
        };
        let [kind, space] = self.space();
        let path = [kind.as_str(), &space, "variables"];
        let sent = self.call.probes.send(Method::POST, &path, &[], Some(body)).await;
        match sent {
            Ok(answer) if answer.status == 201 => Round::Done { created: true },
            Ok(answer) if answer.is_success() => self.odd_success(answer.status),
            Ok(answer) => match refusal(&answer) {
                Refusal::Other(_, said) if said.contains("already been taken") => Round::Again,
                refusal => self.refused(refusal).await,
            },
            Err(trouble) => self.no_word(trouble),
        }
    }

    async fn update(&mut self) -> Round {
        let body = match self.body(false) {
            Ok(body) => body,
            Err(diagnosis) => return Round::No(diagnosis),
        };
        let ([kind, space], [(filter, scope)]) = (self.space(), self.filter());
        let path = [kind.as_str(), &space, "variables", self.push.name.as_str()];
        let query = [(filter, scope.as_str())];
        let sent = self.call.probes.send(Method::PUT, &path, &query, Some(body)).await;
        match sent {
            Ok(answer) if answer.status == 200 => Round::Done { created: false },
            Ok(answer) if answer.is_success() => self.odd_success(answer.status),
            Ok(answer) => match refusal(&answer) {
                Refusal::NotFound(said) if !says_space(&said) => Round::Again,
                refusal => self.refused(refusal).await,
            },
            Err(trouble) => self.no_word(trouble),
        }
    }

    async fn refused(&mut self, refusal: Refusal) -> Round {
        if !is_certain(&refusal) {
            let words = odd_words(&refusal);
            return Round::Unclear(self.call.about.variable_unclear(self.key(), &words));
        }
        Round::No(match refusal {
            Refusal::Other(_, said) => self.call.about.variable_refused(&said, is_masked(self.push)),
            other => self.call.explain(other).await,
        })
    }

    fn odd_success(&self, status: u16) -> Round {
        let why = format!("it answered with HTTP {status}, which its documentation does not know here");
        Round::Unclear(self.call.about.variable_unclear(self.key(), &why))
    }

    fn no_word(&self, trouble: Trouble) -> Round {
        if trouble.nothing_happened {
            return Round::NotSent(trouble);
        }
        Round::Unclear(self.call.about.variable_unclear(self.key(), &trouble.diagnosis.cause))
    }
}
