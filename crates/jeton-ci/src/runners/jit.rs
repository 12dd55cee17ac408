//! Runners for a single job (GitHub).

use std::sync::Arc;

use jeton_broker::Asker;
use jeton_domain::{Action, Code, Coded as _, Diagnosis, Fingerprint};
use jeton_forge::ci::{CiRefusal, JitAsk, JitRunner};
use jeton_ledger::{Event, events};
use tracing::Instrument as _;

use super::{entries::Given, wish::shown};
use crate::{
    CiError, JitGrant, JitWish, Tried,
    ci::Inner,
    sources::{Asking, Need, Source, Sources},
    tried,
};

/// The group that is always there.
const DEFAULT_GROUP: u64 = 1;
/// Characters of a runner's name on GitHub.
const LONGEST_NAME: usize = 64;
/// GitHub's limit of labels (<https://docs.github.com/rest/actions/self-hosted-runners>).
const MOST_LABELS: usize = 100;
const LONGEST_LABEL: usize = 256;
/// Characters of a directory.
const LONGEST_FOLDER: usize = 255;

/// Looks at what is asked for before anybody is asked.
///
/// # Errors
/// [`Code::RunnerInvalid`] names the first thing that is wrong.
pub(crate) fn check_jit(wish: &JitWish) -> Result<JitAsk, CiError> {
    let wrong = |words: String, remedy: &str| Err(CiError::asked(Code::RunnerInvalid, words, remedy));
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name = wish.name.trim();
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(fine) {
        return wrong(
            format!("`{}` is no name for a runner", shown(name)),
            "A name has 1 to 64 letters, digits, `-`, `_` and `.`.",
        );
    }
    if wish.labels.is_empty() || wish.labels.len() > MOST_LABELS {
        return wrong(
            format!(
                "{} labels are named, but a runner has 1 to {MOST_LABELS}",
                wish.labels.len()
            ),
            "Name at least one label by which jobs find the runner, such as `self-hosted`.",
        );
    }
    if let Some(label) = wish.labels.iter().find(|label| !is_label(label)) {
        return wrong(
            format!("`{}` is no label", shown(label)),
            "A label has 1 to 256 characters, without commas and control characters.",
        );
    }
    let folder = wish.work_folder.as_deref();
    if folder.is_some_and(|folder| {
        folder.trim().is_empty() || folder.len() > LONGEST_FOLDER || folder.chars().any(char::is_control)
    }) {
        return wrong(
            "the work folder is empty, too long, or has control characters".to_owned(),
            "Leave it out for `_work`.",
        );
    }
    Ok(JitAsk {
        name: name.to_owned(),
        runner_group_id: wish.runner_group_id.unwrap_or(DEFAULT_GROUP),
        labels: wish.labels.clone(),
        work_folder: wish.work_folder.clone(),
    })
}

fn is_label(label: &str) -> bool {
    !label.trim().is_empty()
        && label.chars().count() <= LONGEST_LABEL
        && !label.chars().any(|c| c == ',' || c.is_control())
}

/// What to say when nobody knows whether the runner is there. Another source would make a second one, or be told that the name is taken.
pub(crate) fn unclear_jit(refusal: CiRefusal, name: &str) -> CiRefusal {
    let was = &refusal.diagnosis;
    CiRefusal {
        diagnosis: Box::new(Diagnosis {
            code: Code::RunnerUnclear,
            cause: format!("whether the runner `{name}` was made is not known: {}", was.cause),
            remedy: format!(
                "Ask again with another name: a runner named `{name}` may be there now. GitHub removes one that never came by itself after a \
                 while; an owner can do so on its page."
            ),
            url: was.url.clone(),
            retry_at: None,
        }),
        ..refusal
    }
}

/// Somebody's request, looked at.
struct Jit {
    inner: Arc<Inner>,
    asker: Asker,
    ask: JitAsk,
    sources: Sources,
}

impl Inner {
    /// In a task of its own: what the forge made is on record also when the caller has hung up.
    pub(crate) async fn jit_config(self: &Arc<Self>, asker: &Asker, wish: JitWish) -> Result<JitGrant, CiError> {
        let ask = check_jit(&wish)?;
        let asking = Asking {
            asker,
            action: Action::RunnerRegister,
            forge: wish.forge.as_deref(),
            scope: &wish.scope,
            source: &wish.source,
            need: Need::Runners,
        };
        let jit = Jit {
            sources: self.sources(&asking).await?,
            inner: Arc::clone(self),
            asker: asker.clone(),
            ask,
        };
        let task = self.tasks.spawn(async move { jit.run().await }.in_current_span());
        task.await
            .map_err(|_| CiError::Internal("the configuration of a runner was lost"))?
    }
}

impl Jit {
    async fn run(self) -> Result<JitGrant, CiError> {
        let (inner, ask) = (&*self.inner, &self.ask);
        let runners = inner.forges.runners(self.sources.forge.kind());
        let mut tried: Vec<Tried> = Vec::new();
        for source in &self.sources.usable {
            // Nobody knows when a configuration ends that no runner started with.
            let opened = match inner.check_life(&self.asker, source, None) {
                Ok(()) => inner.credential(source, Need::Runners).await,
                Err(error) => Err(error),
            };
            let credential = match opened {
                Ok(credential) => credential,
                Err(error) => {
                    tried.extend(tried::of_one(&source.name, error)?);
                    continue;
                }
            };
            // Before the forge is asked: what it makes is on record, whatever becomes of the answer.
            let event = self.event(events::RUNNER_JIT_ASKED, source, &ask.name, &ask.labels, None);
            inner.record(event).await?;
            let mut made = runners
                .jit_config(&source.at(&credential, inner.clock.now()), ask)
                .await;
            if let Err(refusal) = &made
                && let Some(other) = inner.after_dead(source, Need::Runners, &credential, refusal).await
            {
                made = runners.jit_config(&source.at(&other, inner.clock.now()), ask).await;
            }
            match made {
                Ok(made) => return self.hand_over(source, made).await,
                Err(refusal) if refusal.unclear => {
                    let refusal = unclear_jit(refusal, &ask.name);
                    return Err(CiError::Refused {
                        tried: vec![Tried::by_forge(&source.name, refusal)],
                    });
                }
                Err(refusal) => tried.push(Tried::by_forge(&source.name, refusal)),
            }
            if tried.iter().any(Tried::is_final) {
                break;
            }
        }
        tried.extend(self.sources.broken);
        Err(tried::refused(tried))
    }

    async fn hand_over(&self, source: &Source, made: JitRunner) -> Result<JitGrant, CiError> {
        let inner = &*self.inner;
        let fingerprint = Fingerprint::of(&made.encoded_jit_config);
        let event = self
            .event(
                events::RUNNER_JIT_GIVEN,
                source,
                &made.name,
                &made.labels,
                Some(&fingerprint),
            )
            .with("forge_id", made.id.to_string());
        if let Err(error) = inner.record(event).await {
            tracing::error!(
                forge.host = source.forge.host(), runner.forge_id = made.id, runner.name = made.name, %error,
                "a runner was made, and its configuration cannot be handed out: it cannot be put on record"
            );
            return Err(unrecorded(&error, source, &made));
        }
        let runners = inner.forges.runners(source.forge.kind());
        Ok(JitGrant {
            url: runners.register_url(&source.forge, &source.scope),
            encoded_jit_config: made.encoded_jit_config,
            runner_id: made.id,
            name: made.name,
            labels: made.labels,
            forge: source.forge.host().to_owned(),
            scope: source.scope.clone(),
            source: source.name.clone(),
            fingerprint,
        })
    }

    fn event(
        &self,
        name: &'static str,
        source: &Source,
        runner: &str,
        labels: &[String],
        fingerprint: Option<&Fingerprint>,
    ) -> Event {
        let entry = Given {
            forge: &source.forge,
            scope: &source.scope,
            source: &source.name,
            rule: Some(&source.rule),
            expires_at: None,
            fingerprint,
        };
        entry
            .event(name, Some(&self.asker))
            .with("runner", runner)
            .with("labels", labels.to_vec())
    }
}

/// The forge made it, and it is not on record: it does not leave, and whoever asked learns what is there now.
fn unrecorded(error: &CiError, source: &Source, made: &JitRunner) -> CiError {
    tried::refused(vec![Tried {
        source: source.name.clone(),
        diagnosis: Diagnosis {
            code: error.code(),
            cause: format!(
                "{} made the runner `{}` (id {}), but its configuration is not handed out, because that could not be put on record: {error}",
                source.forge.host(),
                shown(&made.name),
                made.id
            ),
            remedy: format!(
                "Ask again with another name. {} GitHub removes a runner that never came by itself after a while; an owner can do so on \
                 its page.",
                error.remedy().unwrap_or_default()
            ),
            url: None,
            retry_at: None,
        },
        evidence: Vec::new(),
    }])
}
