//! Pushing a secret: the place's public key, a box sealed for it, and the secret.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Method;
use jeton_domain::{CiScope, Code, Diagnosis, Entropy};
use jeton_outbound::{Answer, Outbound};

use super::{
    calls::Calls,
    need::{Task, path, store, thing},
    push_refused::{is_about_the_key, no_environment, not_selectable, secret_refused, too_large_to_seal},
    sealed_box::{KEY, seal},
    secret_check::check,
    wire::{WirePublicKey, WireRepository, WireSecret},
};
use crate::{
    ci::{CiAt, CiOutcome, CiRefusal, SecretPush, SecretPushed, SecretVisibility},
    diagnose::diagnosis,
    probe::Trouble,
};

/// How often a key is fetched. It changes rarely; three times in a row it does not by chance.
const MOST_KEYS: usize = 3;

/// A public key by its name.
struct PlaceKey {
    id: String,
    key: [u8; KEY],
}

pub(super) async fn push(
    outbound: &Outbound,
    entropy: &dyn Entropy,
    at: &CiAt<'_>,
    push: &SecretPush<'_>,
) -> CiOutcome<SecretPushed> {
    check(at.scope, push).map_err(|wrong| CiRefusal::clear(*wrong, Vec::new()))?;
    let task = match push.options.environment {
        Some(_) => Task::EnvironmentSecrets,
        None => Task::Secrets(push.options.family),
    };
    let calls = Calls::open(outbound, *at, task)?;
    let mut pushing = Pushing { calls, push };
    match pushing.run(entropy).await {
        Ok(created) => Ok(SecretPushed {
            created,
            evidence: pushing.calls.probes.into_evidence(),
        }),
        Err(Stop::Clear(diagnosis)) => Err(pushing.calls.clear(*diagnosis)),
        Err(Stop::Trouble(trouble, changes)) => Err(pushing.calls.trouble(*trouble, changes)),
    }
}

/// Why there is no going on.
enum Stop {
    Clear(Box<Diagnosis>),
    /// With whether the secret may have been written.
    Trouble(Box<Trouble>, bool),
}

impl Stop {
    fn clear(diagnosis: Diagnosis) -> Self {
        Self::Clear(Box::new(diagnosis))
    }

    fn before(trouble: Trouble) -> Self {
        Self::Trouble(Box::new(trouble), false)
    }

    fn after(trouble: Trouble) -> Self {
        Self::Trouble(Box::new(trouble), true)
    }
}

struct Pushing<'a, 'p> {
    calls: Calls<'a>,
    push: &'p SecretPush<'p>,
}

impl Pushing<'_, '_> {
    /// Whether the secret is new.
    async fn run(&mut self, entropy: &dyn Entropy) -> Result<bool, Stop> {
        let selected = self.selected().await?;
        for _ in 0..MOST_KEYS {
            let key = self.key().await?;
            // what comes out is for GitHub's eyes only; the value itself is nowhere but in the caller's `Secret`
            let sealed = seal(entropy, key.key, self.push.value.expose().as_bytes());
            let sealed = sealed.ok_or_else(|| Stop::clear(too_large_to_seal()))?;
            let encrypted_value = STANDARD.encode(sealed);
            let body = WireSecret {
                encrypted_value: &encrypted_value,
                key_id: &key.id,
                visibility: self.visibility(),
                selected_repository_ids: selected.as_deref(),
            };
            let answer = self.put(&body).await?;
            match answer.status {
                201 => return Ok(true),
                204 => return Ok(false),
                200..=299 => {
                    let reason = format!(
                        "a secret that was taken is answered with HTTP 201 or 204, and this is {}",
                        answer.status
                    );
                    return Err(Stop::after(self.calls.garbled(&answer, &reason)));
                }
                422 | 409 if is_about_the_key(&answer) => {}
                _ => {
                    return Err(Stop::clear(secret_refused(
                        &self.calls.case(&answer),
                        &answer,
                        self.push,
                    )));
                }
            }
        }
        Err(Stop::clear(diagnosis(
            Code::SecretKeyChanging,
            format!(
                "GitHub refused the secret {MOST_KEYS} times because the public key of {} had changed, though it was fetched anew each \
                 time.",
                thing(self.calls.at.scope)
            ),
            "Try again in a few minutes: GitHub may be changing its keys. The secret is as it was.",
        )))
    }

    /// Sends the secret, and once more when the connection was cut: to write the same twice does no harm.
    async fn put(&mut self, body: &WireSecret<'_>) -> Result<Answer, Stop> {
        let (at, push) = (self.calls.at, self.push);
        let path = secrets_path(&at, push, push.name.as_str());
        match self.calls.send(Method::PUT, &path, body).await {
            Err(trouble) if is_cut(&trouble) => {
                let again = self.calls.send(Method::PUT, &path, body).await;
                again.map_err(|trouble| Trouble {
                    // the first may have done it, whatever became of the second
                    nothing_happened: false,
                    ..trouble
                })
            }
            outcome => outcome,
        }
        .map_err(Stop::after)
    }

    /// What a secret is sealed for.
    async fn key(&mut self) -> Result<PlaceKey, Stop> {
        let (at, push) = (self.calls.at, self.push);
        let path = secrets_path(&at, push, "public-key");
        let mut outcome = self.calls.get(&path, &[]).await;
        if outcome.as_ref().is_err_and(is_cut) {
            outcome = self.calls.get(&path, &[]).await;
        }
        let answer = outcome.map_err(Stop::before)?;
        if answer.status == 404
            && let Some(environment) = push.options.environment.as_deref()
        {
            return Err(self.without_environment(&answer, environment).await);
        }
        if !answer.is_success() {
            return Err(Stop::clear(self.calls.case(&answer).explain(&answer)));
        }
        let wire: WirePublicKey = self.calls.parse(&answer).map_err(Stop::before)?;
        let key = STANDARD.decode(&wire.key).ok();
        let key: Option<[u8; KEY]> = key.and_then(|bytes| bytes.try_into().ok());
        let id_fits = (1..=200).contains(&wire.key_id.len()) && wire.key_id.bytes().all(|b| b.is_ascii_graphic());
        match key {
            // anybody could open a box that is sealed for the key of zeros
            Some(key) if id_fits && key != [0; KEY] => Ok(PlaceKey { id: wire.key_id, key }),
            _ => Err(Stop::before(
                self.calls
                    .garbled(&answer, "its public key is not 32 bytes in base64 with an id"),
            )),
        }
    }

    /// Which of the two is not there: the environment or the repository.
    async fn without_environment(&mut self, refused: &Answer, environment: &str) -> Stop {
        let at = self.calls.at;
        let base = path(at.scope);
        let case = self.calls.case(refused);
        let there = [&base[..], &["environments", environment]].concat();
        match self.calls.get(&there, &[]).await {
            // it is there, and only its secrets are hidden
            Ok(answer) if answer.is_success() => return Stop::clear(case.missing()),
            Ok(_) => {}
            Err(trouble) => return Stop::before(trouble),
        }
        match self.calls.get(&base, &[]).await {
            Ok(answer) if answer.is_success() => Stop::clear(no_environment(&case, environment)),
            Ok(answer) => Stop::clear(self.calls.case(&answer).explain(&answer)),
            Err(trouble) => Stop::before(trouble),
        }
    }

    fn visibility(&self) -> Option<&'static str> {
        let CiScope::Owner(_) = self.calls.at.scope else {
            return None;
        };
        Some(match self.push.options.visibility {
            Some(SecretVisibility::All) => "all",
            Some(SecretVisibility::Selected(_)) => "selected",
            Some(SecretVisibility::Private) | None => "private",
        })
    }

    /// The numbers of the repositories that shall see it: GitHub takes no names.
    async fn selected(&mut self) -> Result<Option<Vec<u64>>, Stop> {
        let at = self.calls.at;
        let (CiScope::Owner(org), Some(SecretVisibility::Selected(names))) = (at.scope, &self.push.options.visibility)
        else {
            return Ok(None);
        };
        let mut ids = Vec::with_capacity(names.len());
        for name in names {
            let answer = self.calls.get(&["repos", org.as_str(), name.as_str()], &[]).await;
            let answer = match answer {
                Ok(answer) if answer.is_success() => answer,
                Ok(answer) if answer.status == 404 => return Err(Stop::clear(not_selectable(org.as_str(), name))),
                Ok(answer) => return Err(Stop::clear(self.calls.case(&answer).explain(&answer))),
                Err(Trouble {
                    status: Some(301 | 302 | 307 | 308),
                    ..
                }) => return Err(Stop::clear(not_selectable(org.as_str(), name))),
                Err(trouble) => return Err(Stop::before(trouble)),
            };
            let repository: WireRepository = self.calls.parse(&answer).map_err(Stop::before)?;
            ids.push(repository.id);
        }
        Ok(Some(ids))
    }
}

/// The path of a secret, or of the public key. GitHub's environments have calls of their own.
fn secrets_path<'a>(at: &CiAt<'a>, push: &SecretPush<'a>, last: &'a str) -> Vec<&'a str> {
    let mut path = path(at.scope);
    match push.options.environment.as_deref() {
        Some(environment) => path.extend(["environments", environment]),
        None => path.push(store(push.options.family)),
    }
    path.extend(["secrets", last]);
    path
}

/// No answer, or half of one, on a connection that was there.
fn is_cut(trouble: &Trouble) -> bool {
    !trouble.nothing_happened && trouble.status.is_none() && trouble.diagnosis.code == Code::ForgeUnavailable
}
