//! Runners for a single job (GitHub).

use jeton_broker::Asker;
use jeton_domain::{Action, Code, Diagnosis, Fingerprint};
use jeton_forge::ci::{CiRefusal, JitAsk, JitRunner};
use jeton_ledger::events;

use super::{entries::Given, wish::shown};
use crate::{
    CiError, JitGrant, JitWish, Tried,
    ci::Inner,
    sources::{Asking, Need, Source},
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

impl Inner {
    pub(crate) async fn jit_config(&self, asker: &Asker, wish: JitWish) -> Result<JitGrant, CiError> {
        let ask = check_jit(&wish)?;
        let asking = Asking {
            asker,
            action: Action::RunnerRegister,
            forge: wish.forge.as_deref(),
            scope: &wish.scope,
            source: &wish.source,
        };
        let sources = self.sources(&asking).await?;
        let runners = self.forges.runners(sources.forge.kind());
        let mut tried: Vec<Tried> = Vec::new();
        for source in &sources.usable {
            let credential = match self.credential(source, Need::Runners).await {
                Ok(credential) => credential,
                Err(error) => {
                    tried.extend(tried::of_one(&source.name, error)?);
                    continue;
                }
            };
            match runners
                .jit_config(&source.at(&credential, self.clock.now()), &ask)
                .await
            {
                Ok(made) => return self.hand_over_jit(asker, source, made).await,
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
        tried.extend(sources.broken);
        Err(tried::refused(tried))
    }

    async fn hand_over_jit(&self, asker: &Asker, source: &Source, made: JitRunner) -> Result<JitGrant, CiError> {
        let fingerprint = Fingerprint::of(&made.encoded_jit_config);
        let entry = Given {
            forge: &source.forge,
            scope: &source.scope,
            source: &source.name,
            rule: Some(&source.rule),
            expires_at: None,
            fingerprint: Some(&fingerprint),
        };
        let event = entry
            .event(events::RUNNER_JIT_GIVEN, Some(asker))
            .with("runner", made.name.as_str())
            .with("forge_id", made.id.to_string())
            .with("labels", made.labels.clone());
        self.record(event).await?;
        let runners = self.forges.runners(source.forge.kind());
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
}
