//! Every finding about runners and variables, in words that somebody can act on in the middle of the night. Nothing here decides anything.

use jeton_domain::{Code, CredentialKind, Diagnosis, ForgeEndpoint};

use super::{
    super::{
        advice::{Place, words},
        scopes,
    },
    target::{Target, Task},
};

/// What is being done, where, with what.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) forge: &'a ForgeEndpoint,
    pub(super) kind: CredentialKind,
    pub(super) target: &'a Target,
    pub(super) task: Task,
}

fn finding(code: Code, cause: impl Into<String>, remedy: impl Into<String>, url: String) -> Diagnosis {
    Diagnosis {
        url: Some(url),
        ..crate::diagnose::diagnosis(code, cause, remedy)
    }
}

impl About<'_> {
    fn is_api_token(&self) -> bool {
        self.kind == CredentialKind::BitbucketApiToken
    }

    fn settings(&self) -> String {
        self.target.settings_page(self.forge)
    }

    /// What the token needs.
    pub(super) fn wanted(&self) -> Vec<&'static str> {
        let [api_token, access_token] = self.task.scopes();
        if self.is_api_token() { api_token } else { access_token }.to_vec()
    }

    /// What the token needs, for people.
    pub(super) fn needs(&self) -> String {
        let quoted: Vec<_> = self.wanted().iter().map(|name| format!("`{name}`")).collect();
        quoted.join(" and ")
    }

    /// Who may do it.
    pub(super) fn who(&self) -> String {
        if self.is_api_token() {
            format!("an owner who administers {}", self.target.words())
        } else {
            format!("a token that belongs to {}", self.target.words())
        }
    }

    fn replace(&self, scopes: &str) -> (String, String) {
        let repository = match self.target {
            Target::Repository { .. } => Some(self.target.path()),
            Target::Workspace(workspace) => {
                (self.kind == CredentialKind::BitbucketWorkspace).then(|| workspace.clone())
            }
        };
        let place = Place {
            web_url: self.forge.web_url(),
            kind: self.kind,
            repository: repository.as_deref(),
        };
        (place.replace(scopes), place.page().unwrap_or_else(|| self.settings()))
    }

    /// The token that Pipelines gives to a step.
    pub(super) fn workflow_token(&self) -> Diagnosis {
        finding(
            Code::RunnerWorkflowToken,
            format!(
                "A step of Pipelines gets no token that would do for {} (`BITBUCKET_STEP_OIDC_TOKEN` only says which step it is).",
                self.task.words()
            ),
            format!(
                "Give the step `oidc: true` and let it ask jeton with `BITBUCKET_STEP_OIDC_TOKEN`, and let jeton act with an account whose \
                 token has {} and is {}.",
                self.needs(),
                self.who()
            ),
            self.settings(),
        )
    }

    /// 403 for want of a scope. Bitbucket alone of the forges tells what the token has.
    pub(super) fn scope(&self, granted: Option<&[String]>, required: &[String]) -> Diagnosis {
        let wanted = self.wanted();
        let (has, missing) = match granted {
            Some(granted) => {
                let missing = wanted.iter().filter(|scope| !scopes::holds(granted, scope));
                let has = match granted {
                    [] => "it has no scopes at all".to_owned(),
                    all => format!("it has {}", quoted(all.iter().take(20).map(String::as_str))),
                };
                (has, missing.copied().collect::<Vec<_>>())
            }
            None => ("Bitbucket does not tell which it has".to_owned(), wanted.clone()),
        };
        // a list that has all that we know of is not believed against the refusal, which may know better what it takes
        let missing = match (missing.as_slice(), required) {
            ([], []) => wanted,
            ([], required) => required.iter().map(String::as_str).collect(),
            _ => missing,
        };
        let note = if self.is_api_token() {
            " For API tokens, writing does not include reading: each is a scope of its own."
        } else {
            ""
        };
        let (replace, url) = self.replace(&format!(
            "{} besides the scopes it has",
            quoted(missing.iter().copied())
        ));
        finding(
            Code::CredentialScope,
            format!(
                "The token lacks {}, which Bitbucket wants for {}; {has}.",
                quoted(missing.iter().copied()),
                self.task.words()
            ),
            format!("The scopes of a Bitbucket token cannot be changed afterwards.{note} {replace}"),
            url,
        )
    }

    /// 403 without a word on scopes.
    pub(super) fn role(&self, said: &str) -> Diagnosis {
        let place = self.target.words();
        let (way, url) = match self.target {
            Target::Repository { .. } => (
                "\"Repository settings\", \"Repository permissions\"",
                format!("{}/admin/permissions", self.target.page(self.forge)),
            ),
            Target::Workspace(_) => (
                "\"Workspace settings\", \"User directory\"",
                format!("{}/workspace/settings/user-directory", self.target.page(self.forge)),
            ),
        };
        let remedy = if self.is_api_token() {
            format!(
                "An administrator opens {way} and makes the token's owner an administrator of {place}; the token itself can stay. If the \
                 workspace lets only certain addresses in, its administrator adds the address of this server (\"Workspace settings\", \
                 \"Access controls\")."
            )
        } else {
            format!(
                "Use an access token of {place} with {}: one of another repository, project or workspace does nothing here.",
                self.needs()
            )
        };
        finding(
            Code::CredentialRole,
            format!(
                "Bitbucket refuses {} in {place}: {}. It takes {}.",
                self.task.words(),
                words(said),
                self.who()
            ),
            remedy,
            url,
        )
    }

    /// 404.
    pub(super) fn not_found(&self) -> Diagnosis {
        let member = if self.is_api_token() {
            "If it is right, an administrator gives the token's owner access there."
        } else {
            "If it is right, the token belongs to something else: an access token reaches what it belongs to and nothing else."
        };
        finding(
            Code::RunnerScopeNotFound,
            format!(
                "There is no {} on Bitbucket, or this token may not see it: Bitbucket answers both alike.",
                &self.target.words()[4..]
            ),
            format!("Check how it is written, as it stands in the browser's address. {member}"),
            self.target.page(self.forge),
        )
    }

    /// 409 to a new runner.
    pub(super) fn name_taken(&self, name: &str) -> Diagnosis {
        finding(
            Code::RunnerNameTaken,
            format!(
                "{} has a runner called `{}` already.",
                upper_first(&self.target.words()),
                crate::clean::clean(name)
            ),
            format!(
                "Choose another name, or remove the old one under {}.",
                self.target.way(Task::Runner)
            ),
            self.settings(),
        )
    }

    /// 400 to a new runner: Bitbucket has one status for a bad body and for a limit.
    pub(super) fn runner_refused(&self, said: &str) -> Diagnosis {
        let lower = said.to_ascii_lowercase();
        if lower.contains("maximum") || lower.contains("limit") {
            return finding(
                Code::RunnerLimit,
                format!(
                    "Bitbucket takes no more runners for {}: {}.",
                    self.target.words(),
                    words(said)
                ),
                format!(
                    "Remove runners that are not used any more under {}.",
                    self.target.way(Task::Runner)
                ),
                self.settings(),
            );
        }
        finding(
            Code::RunnerInvalid,
            format!("Bitbucket does not make a runner like this: {}.", words(said)),
            "Change what Bitbucket names and ask again: the name, or a label.",
            self.settings(),
        )
    }

    /// No clear answer to a runner that was to be made.
    pub(super) fn making_unclear(&self, name: &str, why: &str) -> Diagnosis {
        finding(
            Code::RunnerUnclear,
            format!("Whether Bitbucket made the runner is not known: {}.", words(why)),
            format!(
                "Look under {} for a runner called `{}` that never connected, and remove it: its secret is lost. Then ask again.",
                self.target.way(Task::Runner),
                crate::clean::clean(name)
            ),
            self.settings(),
        )
    }

    /// No environment of that name.
    pub(super) fn environment_not_found(&self, wanted: &str, present: &[String]) -> Diagnosis {
        let there = match present {
            [] => "It has no deployment environments".to_owned(),
            all => format!("There are {}", quoted(all.iter().take(10).map(String::as_str))),
        };
        finding(
            Code::SecretEnvironment,
            format!(
                "{} has no deployment environment `{}`. {there}.",
                upper_first(&self.target.words()),
                crate::clean::clean(wanted)
            ),
            "Check the name, or make the environment under \"Repository settings\", \"Deployments\", and push again.",
            format!("{}/admin/pipelines/deployment-settings", self.target.page(self.forge)),
        )
    }

    /// 400 to a variable.
    pub(super) fn variable_refused(&self, said: &str) -> Diagnosis {
        let lower = said.to_ascii_lowercase();
        let (code, remedy) = if lower.contains("limit") || lower.contains("maximum number") {
            (Code::SecretLimit, "Remove variables that are not used any more.")
        } else if lower.contains("key") {
            (
                Code::SecretName,
                "Choose another name: letters, digits and `_`, and no digit first.",
            )
        } else if lower.contains("long") || lower.contains("large") || lower.contains("size") {
            (Code::SecretTooLarge, "Keep the value elsewhere, and push a key to it.")
        } else {
            (Code::SecretInvalid, "Change what Bitbucket names and push again.")
        };
        finding(
            code,
            format!("Bitbucket does not take the variable: {}.", words(said)),
            remedy,
            self.settings(),
        )
    }

    /// No clear answer to a variable.
    pub(super) fn variable_unclear(&self, key: &str, why: &str) -> Diagnosis {
        finding(
            Code::SecretUnclear,
            format!(
                "Whether Bitbucket took the variable `{key}` is not known: {}.",
                words(why)
            ),
            "Push it again: that does no harm, whether it was taken or not.",
            self.settings(),
        )
    }

    /// A variable that others make and remove at the same time.
    pub(super) fn variable_restless(&self, key: &str) -> Diagnosis {
        finding(
            Code::SecretUnclear,
            format!(
                "The variable `{key}` was there, gone and there again while it was being written: somebody else writes it too."
            ),
            "Find out who else writes this variable, and push again.",
            self.settings(),
        )
    }
}

fn quoted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let quoted: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn upper_first(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
