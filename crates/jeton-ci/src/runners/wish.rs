//! What a runner that stays shall be like.

use jeton_domain::{Caller, Code, ForgeKind};
use jeton_forge::ci::NewRunner;
use jeton_vault::RunnerRecord;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CiError, RunnerWish};

/// The name of one that was not named.
const USUAL_NAME: &str = "jeton";
/// Characters of a name; Bitbucket's pages cut longer ones.
const LONGEST_NAME: usize = 128;
const MOST_LABELS: usize = 100;
const LONGEST_LABEL: usize = 255;
/// What GitLab takes as the life of a token (<https://docs.gitlab.com/api/users/#create-a-runner-linked-to-a-user>), in seconds.
const LIFETIMES: std::ops::RangeInclusive<i64> = 300..=1_296_000;
/// Bitbucket puts it on every runner.
const SELF_HOSTED: &str = "self.hosted";

/// GitHub's runners are what they are told to be where they start.
///
/// # Errors
/// [`Code::RunnerInvalid`] when anything is wished.
pub(crate) fn refuse_wish(wish: &RunnerWish) -> Result<(), CiError> {
    if *wish == RunnerWish::default() {
        return Ok(());
    }
    Err(CiError::asked(
        Code::RunnerInvalid,
        "GitHub's runners get their name and labels where they start, not with a registration token",
        "Give them to `config.sh` (`--name`, `--labels`), or ask for a JIT configuration, which has them in it.",
    ))
}

/// A wish that was looked at.
#[derive(Debug)]
pub(crate) struct Wish<'a> {
    /// What the caller said.
    asked: &'a RunnerWish,
    kind: ForgeKind,
    /// The runner's name.
    pub(crate) name: String,
}

/// A runner as it was made: what stands in its row. Whoever asks for another one of the same name is told so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the forge's own")]
pub(crate) struct KeptWish {
    pub(crate) labels: Vec<String>,
    run_untagged: bool,
    locked: bool,
    paused: bool,
    protected_only: bool,
    maximum_timeout_seconds: Option<u64>,
    token_lifetime_seconds: Option<i64>,
    /// Whose it is, when it was made with an account of one caller's own.
    pub(crate) owner: Option<String>,
    /// Of one that is lost: whether nobody can have its token, so that it may be removed at its forge when another takes its place.
    #[serde(default)]
    pub(crate) orphaned: bool,
}

impl<'a> Wish<'a> {
    /// Looks at a wish before anybody is asked.
    ///
    /// # Errors
    /// [`Code::RunnerInvalid`] names the first thing that is wrong.
    pub(crate) fn read(asked: &'a RunnerWish, kind: ForgeKind) -> Result<Self, CiError> {
        let wrong = |words: String, remedy: &str| Err(CiError::asked(Code::RunnerInvalid, words, remedy));
        let name = asked.name.as_deref().unwrap_or(USUAL_NAME).trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return wrong(
                format!("`{}` is no name for a runner", shown(name)),
                "A name has 1 to 128 characters, and no control characters.",
            );
        }
        let labels = asked.labels.as_deref().unwrap_or_default();
        let fine = |label: &&String| {
            let plain = !label.chars().any(|c| c == ',' || c.is_control());
            plain && !label.trim().is_empty() && label.chars().count() <= LONGEST_LABEL
        };
        if labels.len() > MOST_LABELS {
            return wrong(
                format!(
                    "{} labels are named, but a runner has {MOST_LABELS} at most",
                    labels.len()
                ),
                "Name fewer.",
            );
        }
        if let Some(label) = labels.iter().find(|label| !fine(label)) {
            return wrong(
                format!("`{}` is no label", shown(label)),
                "A label has 1 to 255 characters, without commas and control characters.",
            );
        }
        if kind == ForgeKind::Bitbucket {
            let named = gitlab_only(asked);
            if !named.is_empty() {
                return wrong(
                    format!("Bitbucket's runners have no {}", named.join(", ")),
                    "Leave it out: on Bitbucket a runner has a name and labels.",
                );
            }
        }
        if asked.run_untagged == Some(false) && labels.is_empty() {
            return wrong(
                "a runner without tags that takes no jobs without tags would take no jobs".to_owned(),
                "Name `labels`, or leave `run_untagged` out.",
            );
        }
        if let Some(seconds) = asked
            .token_lifetime_seconds
            .filter(|seconds| !LIFETIMES.contains(seconds))
        {
            return wrong(
                format!("the token shall live for {seconds} seconds"),
                "GitLab takes 300 seconds to 1,296,000, which is 15 days; left out, GitLab's own settings decide.",
            );
        }
        Ok(Self {
            asked,
            kind,
            name: name.to_owned(),
        })
    }

    /// The runner in full; `owner` where nobody else may have it.
    pub(crate) fn to_keep(&self, owner: Option<&Caller>) -> KeptWish {
        let asked = self.asked;
        let labels = asked.labels.clone().unwrap_or_default();
        KeptWish {
            run_untagged: asked.run_untagged.unwrap_or(labels.is_empty()),
            labels,
            locked: asked.locked.unwrap_or(false),
            paused: asked.paused.unwrap_or(false),
            protected_only: asked.protected_only.unwrap_or(false),
            maximum_timeout_seconds: asked.maximum_timeout_seconds,
            token_lifetime_seconds: asked.token_lifetime_seconds,
            owner: owner.map(|caller| caller.identity.key().to_string()),
            orphaned: false,
        }
    }

    /// Compares with a runner that is there, in what the caller named alone.
    ///
    /// # Errors
    /// [`Code::RunnerDiffers`] names what differs.
    pub(crate) fn check_same(&self, runner: &RunnerRecord) -> Result<(), CiError> {
        let (asked, is) = (self.asked, KeptWish::of(runner)?);
        let mut differ = Vec::new();
        if asked
            .labels
            .as_ref()
            .is_some_and(|labels| self.set(labels) != self.set(&is.labels))
        {
            differ.push("labels");
        }
        let switches = [
            ("run_untagged", asked.run_untagged, is.run_untagged),
            ("locked", asked.locked, is.locked),
            ("paused", asked.paused, is.paused),
            ("protected_only", asked.protected_only, is.protected_only),
        ];
        let other = |(name, asked, is): (&'static str, Option<bool>, bool)| {
            asked.is_some_and(|asked| asked != is).then_some(name)
        };
        differ.extend(switches.into_iter().filter_map(other));
        if asked.maximum_timeout_seconds.is_some() && asked.maximum_timeout_seconds != is.maximum_timeout_seconds {
            differ.push("maximum_timeout_seconds");
        }
        if asked.token_lifetime_seconds.is_some() && asked.token_lifetime_seconds != is.token_lifetime_seconds {
            differ.push("token_lifetime_seconds");
        }
        if differ.is_empty() {
            return Ok(());
        }
        Err(CiError::asked(
            Code::RunnerDiffers,
            format!(
                "the runner `{}` is there already, with other {}",
                shown(&self.name),
                differ.join(", ")
            ),
            format!(
                "Ask with another name, or remove the runner with `jeton runner remove {}` and ask again.",
                runner.id
            ),
        ))
    }

    /// Labels as they count: in no order, once each.
    fn set<'l>(&self, labels: &'l [String]) -> std::collections::BTreeSet<&'l str> {
        let all = labels.iter().map(String::as_str);
        all.filter(|label| self.kind != ForgeKind::Bitbucket || *label != SELF_HOSTED)
            .collect()
    }
}

impl KeptWish {
    /// Reads a row's back.
    pub(crate) fn of(runner: &RunnerRecord) -> Result<Self, CiError> {
        serde_json::from_value(runner.wish.clone()).map_err(|_| CiError::Internal("a runner's row is not readable"))
    }

    /// As it stands in a row.
    pub(crate) fn to_json(&self) -> Result<Value, CiError> {
        serde_json::to_value(self).map_err(|_| CiError::Internal("a wish is no JSON"))
    }

    /// As the forge is asked for it.
    pub(crate) fn new_runner(&self, name: &str, now: Timestamp) -> NewRunner {
        let life = self.token_lifetime_seconds.map(SignedDuration::from_secs);
        NewRunner {
            name: name.to_owned(),
            labels: self.labels.clone(),
            run_untagged: self.run_untagged,
            locked: self.locked,
            paused: self.paused,
            protected_only: self.protected_only,
            maximum_timeout_seconds: self.maximum_timeout_seconds,
            token_expires_at: life.and_then(|life| now.checked_add(life).ok()),
        }
    }
}

/// What only GitLab knows, of what is asked for.
fn gitlab_only(asked: &RunnerWish) -> Vec<&'static str> {
    let all = [
        ("run_untagged", asked.run_untagged.is_some()),
        ("locked", asked.locked.is_some()),
        ("paused", asked.paused.is_some()),
        ("protected_only", asked.protected_only.is_some()),
        ("maximum_timeout_seconds", asked.maximum_timeout_seconds.is_some()),
        ("token_lifetime_seconds", asked.token_lifetime_seconds.is_some()),
    ];
    all.into_iter()
        .filter(|(_, named)| *named)
        .map(|(name, _)| name)
        .collect()
}

/// Text of a caller's, fit to be shown back.
pub(crate) fn shown(text: &str) -> String {
    jeton_domain::redact(text)
        .chars()
        .filter(|c| !c.is_control())
        .take(64)
        .collect()
}

#[cfg(test)]
mod tests {
    use jeton_domain::ForgeKind;

    use super::{KeptWish, Wish};
    use crate::RunnerWish;

    #[test]
    fn a_row_that_has_more_than_is_known_is_not_read() {
        let wish = RunnerWish::default();
        let keep = Wish::read(&wish, ForgeKind::GitLab).unwrap().to_keep(None);
        let mut json = serde_json::to_value(&keep).unwrap();
        assert_eq!(serde_json::from_value::<KeptWish>(json.clone()).unwrap(), keep);
        json["more"] = true.into();
        assert!(serde_json::from_value::<KeptWish>(json).is_err());
    }

    #[test]
    fn a_runner_without_tags_takes_what_has_none() {
        let keep = |labels: &[&str]| {
            let wish = RunnerWish {
                labels: Some(labels.iter().map(|one| (*one).to_owned()).collect()),
                ..RunnerWish::default()
            };
            Wish::read(&wish, ForgeKind::GitLab).unwrap().to_keep(None)
        };
        assert!(keep(&[]).run_untagged && !keep(&["linux"]).run_untagged);
    }
}
