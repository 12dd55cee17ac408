//! Every finding about runners and variables, in words that somebody can act on in the middle of the night. Nothing here decides anything.

use jeton_domain::{Code, CredentialKind, Diagnosis, ForgeEndpoint};

use super::{
    super::{
        advice::{any_of, words},
        place::Place,
        purposes::Role,
    },
    target::{Target, Task},
};

use crate::diagnose::diagnosis;

/// What is being done, where, with what.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) place: Place<'a>,
    pub(super) target: &'a Target,
    pub(super) task: Task,
}

pub(super) fn finding(code: Code, cause: impl Into<String>, remedy: impl Into<String>, url: String) -> Diagnosis {
    Diagnosis {
        url: Some(url),
        ..diagnosis(code, cause, remedy)
    }
}

impl<'a> About<'a> {
    pub(super) fn forge(&self) -> &'a ForgeEndpoint {
        self.place.forge
    }

    pub(super) fn task_page(&self) -> String {
        self.target.task_page(self.task, self.forge())
    }

    /// The least scopes.
    pub(super) fn scopes(&self) -> &'static str {
        self.target.scopes(self.task)
    }

    /// The page of the token, or that of the task where the token's is not known.
    fn token_page(&self) -> String {
        self.place.page().unwrap_or_else(|| self.task_page())
    }

    /// `CI_JOB_TOKEN`.
    pub(super) fn workflow_token(&self) -> Diagnosis {
        let (what, host) = (self.task.words(), self.forge().host());
        finding(
            Code::RunnerWorkflowToken,
            format!(
                "This is the token that {host} gives to a CI job (`CI_JOB_TOKEN`). It opens nothing for {what}, whatever the project's \
                 settings and whatever the role of the person who started the job."
            ),
            format!(
                "Let the job ask jeton with its own identity: in `.gitlab-ci.yml` give it `id_tokens:` with a token whose `aud` is jeton's \
                 address, and let jeton act with an account whose token has {} and whose user has {}.",
                self.scopes(),
                self.target.who(self.task)
            ),
            "https://docs.gitlab.com/ci/secrets/id_token_authentication/".to_owned(),
        )
    }

    /// 403 `insufficient_scope`. `has` is what GitLab tells of the token, `accepted` what it would have taken.
    pub(super) fn scope(&self, has: Option<&[String]>, accepted: &[String]) -> Diagnosis {
        let accepted: Vec<_> = accepted.iter().filter(|name| *name != "admin_mode").cloned().collect();
        let has = match has {
            Some([]) => "has no scopes at all".to_owned(),
            Some(scopes) => format!("has {}", listed(scopes)),
            None => "has others".to_owned(),
        };
        let note = match self.task {
            Task::Runner if *self.target == Target::Instance => " (`api` would do too, and allows far more)",
            Task::Runner => {
                " (`create_runner` makes the runner, and with `read_api` jeton looks up the number of the project or group; `api` would do \
                 too, and allows far more)"
            }
            Task::OldRunner => " (`api` would do too, and allows far more)",
            Task::Variable => " (GitLab has no smaller one for it)",
        };
        finding(
            Code::CredentialScope,
            format!(
                "GitLab wants the scope {} for {}, and the token {has}.",
                any_of(&accepted),
                self.task.words()
            ),
            format!(
                "The scopes of a GitLab token cannot be changed afterwards. {} What is needed is {}{note}.",
                self.place.replace(self.scopes()),
                self.scopes()
            ),
            self.token_page(),
        )
    }

    /// The role of the token's user is too small, for certain.
    pub(super) fn role(&self, has: Option<Role>) -> Diagnosis {
        let (place, who) = (self.target.words(), self.target.who(self.task));
        let has = match has {
            _ if *self.target == Target::Instance => "is no administrator".to_owned(),
            Some(role) if role > Role(0) => format!("has the role {} there", role.name()),
            _ => "is no member there".to_owned(),
        };
        finding(
            Code::CredentialRole,
            format!(
                "{} needs {who}, and the token's user {has}.",
                upper_first(self.task.words())
            ),
            self.give_role(&place),
            match self.place.kind {
                CredentialKind::GitLabProject | CredentialKind::GitLabGroup => self.token_page(),
                _ => self.target.members_page(self.forge()),
            },
        )
    }

    fn give_role(&self, place: &str) -> String {
        let role = self.target.role(self.task).name();
        match (self.place.kind, self.target) {
            (CredentialKind::GitLabProject | CredentialKind::GitLabGroup, _) => format!(
                "The role of {} is chosen when it is made. {}",
                self.place.kind.words(),
                self.place.replace(&format!("the role {role} and {}", self.scopes()))
            ),
            (_, Target::Instance) => format!(
                "Use the token of an administrator with {}, or name a project or a group, for which its Owner is enough.",
                self.scopes()
            ),
            _ => format!(
                "An Owner of {place} gives the token's user the role {role} there, under \"Manage\", \"Members\"; the token itself can stay."
            ),
        }
    }

    /// 403 where the role is not known, or only on some versions enough.
    pub(super) fn may_not(&self, has: Option<Role>, said: &str) -> Diagnosis {
        let place = self.target.words();
        let has = has.map_or_else(
            || match self.target {
                Target::Instance => "GitLab did not tell whether the token's user is an administrator".to_owned(),
                _ => "GitLab did not tell the role of the token's user".to_owned(),
            },
            |role| format!("The token's user has the role {}", role.name()),
        );
        let (switch, look) = match self.task {
            Task::Runner => (
                "; it says the same where an administrator or a group's owner has switched off that runners are made",
                " If the role is right, an administrator looks at \"Admin\", \"Settings\", \"CI/CD\", \"Runner registration\", and at \
                 \"Runner registration\" of the groups around it.",
            ),
            _ => ("", ""),
        };
        finding(
            Code::CredentialRole,
            format!(
                "GitLab refuses {} in {place}: {}. {has}, and it takes {}{switch}.",
                self.task.words(),
                words(said),
                self.target.who(self.task)
            ),
            format!("{}{look}", self.give_role(&place)),
            self.target.members_page(self.forge()),
        )
    }

    /// 404 on the project or group.
    pub(super) fn not_found(&self) -> Diagnosis {
        let (place, host) = (self.target.words(), self.forge().host());
        let besides = match (self.place.kind, self.target) {
            (CredentialKind::GitLabProject, _) => {
                " A project access token reaches its own project and nothing else: use one of that project, or of a group around it."
            }
            (CredentialKind::GitLabGroup, _) => {
                " A group access token reaches its own group and what is in it, and nothing else."
            }
            (_, Target::Group(_)) => {
                " A person's own namespace is no group and has no runners or variables of its own: name its projects one by one."
            }
            _ => "",
        };
        finding(
            Code::RunnerScopeNotFound,
            format!(
                "There is no {} on {host}, or this token's user may not see it: GitLab answers both alike.",
                &place[4..]
            ),
            format!(
                "Check how it is written, with all its groups.{besides} If it is right, an Owner adds the token's user under \"Manage\", \
                 \"Members\", with {}. If its group asks for single sign-on or lets only certain addresses in, sign in there once as that \
                 user, or have the address of this server added.",
                self.target.who(self.task)
            ),
            self.target.page(self.forge()),
        )
    }

    /// Another project or group than was asked for, which GitLab found by the name that this one had.
    pub(super) fn elsewhere(&self, found: &str) -> Diagnosis {
        let found = crate::clean::clean(found);
        finding(
            Code::RunnerScopeNotFound,
            format!(
                "{} is called `{found}` now: GitLab still finds it by its old name, and jeton does nothing to what was not named.",
                upper_first(&self.target.words())
            ),
            format!("Name `{found}` instead, if that is meant; the policies have to allow it under that name."),
            self.target.page(self.forge()),
        )
    }

    /// 301 on the project or group.
    pub(super) fn moved(&self) -> Diagnosis {
        finding(
            Code::RunnerScopeNotFound,
            format!(
                "{} has another path now: GitLab leads to the new one, and jeton does not follow with a token.",
                upper_first(&self.target.words())
            ),
            "Open the page in a browser, read the new path from its address, and name that.",
            self.target.page(self.forge()),
        )
    }
}

fn listed(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().take(20).map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn upper_first(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
