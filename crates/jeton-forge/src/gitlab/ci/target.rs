//! For what a call is: a project, a group or a whole GitLab, with its place in the API and the pages that people open.

use jeton_domain::{CiScope, Code, CredentialKind, Diagnosis, ForgeEndpoint};

use super::super::{place::Place, purposes::Role};
use crate::{ci::CiAt, diagnose::diagnosis};

/// What is to be done, as far as the words and the least that is wanted differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Making a runner.
    Runner,
    /// Acting on a runner that is there.
    OldRunner,
    /// Writing a variable.
    Variable,
}

impl Task {
    /// To stand behind "for".
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Runner => "making runners",
            Self::OldRunner => "changing runners",
            Self::Variable => "writing CI/CD variables",
        }
    }
}

/// A project, a group or all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Project(String),
    Group(String),
    Instance,
}

/// Why a group is not asked for whose name is a number.
pub(super) const NUMBER: &str =
    "GitLab reads a name of digits alone as the number of a group, which is most likely another group.";
pub(super) const NUMBER_REMEDY: &str = "Name a group within it (`--group GROUP/SUBGROUP`) or its projects one by one (GROUP/PROJECT); or give the group a path with a letter in it.";

/// Whether GitLab takes it for an id where it stands alone; below another group a name is never one.
pub(super) fn is_number(name: &str) -> bool {
    let digits = name.strip_prefix('-').unwrap_or(name);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

impl Target {
    /// Reads a scope; GitLab has no enterprises, and nobody but its own people makes runners for all of gitlab.com.
    pub(super) fn of(forge: &ForgeEndpoint, scope: &CiScope) -> Result<Self, Diagnosis> {
        match scope {
            CiScope::Repository(path) => Ok(Self::Project(path.to_string())),
            CiScope::Owner(path) if is_number(path.as_str()) => Err(diagnosis(
                Code::RunnerInvalid,
                format!("{NUMBER} GitLab was not asked."),
                NUMBER_REMEDY,
            )),
            CiScope::Owner(path) => Ok(Self::Group(path.to_string())),
            CiScope::Enterprise(_) => Err(diagnosis(
                Code::RunnerUnsupported,
                "GitLab has no enterprises; what belongs together there is a group.",
                "Name the group instead (`--group GROUP`), or the whole instance (`--instance`).",
            )),
            CiScope::Instance if forge.is_public() => Err(diagnosis(
                Code::RunnerUnsupported,
                "Only GitLab's own people make runners for all of gitlab.com. GitLab was not asked.",
                "Name the project (GROUP/PROJECT) or the group (`--group GROUP`) that the runner is for.",
            )),
            CiScope::Instance => Ok(Self::Instance),
        }
    }

    /// `the project acme/tools`.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Project(path) => format!("the project `{path}`"),
            Self::Group(path) => format!("the group `{path}`"),
            Self::Instance => "the whole instance".to_owned(),
        }
    }

    /// Its beginning in the API; none for all of it.
    pub(super) fn path(&self) -> Option<[&str; 2]> {
        match self {
            Self::Project(path) => Some(["projects", path]),
            Self::Group(path) => Some(["groups", path]),
            Self::Instance => None,
        }
    }

    /// Whether the path in GitLab's answer is the one that was asked for; GitLab does not tell cases apart.
    pub(super) fn is_at(&self, found: &str) -> bool {
        match self {
            Self::Project(path) | Self::Group(path) => path.eq_ignore_ascii_case(found),
            Self::Instance => false,
        }
    }

    /// The least scopes. Making a runner wants the number of its project or group, which `create_runner` alone may not read.
    pub(super) fn scopes(&self, task: Task) -> &'static str {
        match (task, self) {
            (Task::Runner, Self::Instance) => "the scope `create_runner`",
            (Task::Runner, _) => "the scopes `create_runner` and `read_api`",
            (Task::OldRunner, _) => "the scope `manage_runner`",
            (Task::Variable, _) => "the scope `api`",
        }
    }

    /// `runner_type`.
    pub(super) fn runner_type(&self) -> &'static str {
        match self {
            Self::Project(_) => "project_type",
            Self::Group(_) => "group_type",
            Self::Instance => "instance_type",
        }
    }

    /// The role with which it surely works.
    pub(super) fn role(&self, task: Task) -> Role {
        match (self, task) {
            (Self::Project(_), Task::Variable | Task::OldRunner) => Role::MAINTAINER,
            _ => Role::OWNER,
        }
    }

    /// Who may do it: `the role Owner in the group acme`.
    pub(super) fn who(&self, task: Task) -> String {
        match (self, task) {
            (Self::Project(_), Task::Runner) => {
                format!(
                    "the role Owner in {} (on most versions Maintainer will do)",
                    self.words()
                )
            }
            (Self::Instance, _) => "an administrator of that GitLab".to_owned(),
            _ => format!("the role {} in {}", self.role(task).name(), self.words()),
        }
    }

    fn web(&self, forge: &ForgeEndpoint) -> String {
        let web = forge.web_url();
        match self {
            Self::Project(path) => format!("{web}/{path}"),
            Self::Group(path) => format!("{web}/groups/{path}"),
            Self::Instance => web.to_owned(),
        }
    }

    /// Where people see it.
    pub(super) fn page(&self, forge: &ForgeEndpoint) -> String {
        match self {
            Self::Group(path) => format!("{}/{path}", forge.web_url()),
            _ => self.web(forge),
        }
    }

    /// Where its runners are.
    pub(super) fn runners_page(&self, forge: &ForgeEndpoint) -> String {
        let web = self.web(forge);
        match self {
            Self::Project(_) => format!("{web}/-/settings/ci_cd#js-runners-settings"),
            Self::Group(_) => format!("{web}/-/runners"),
            Self::Instance => format!("{web}/admin/runners"),
        }
    }

    /// Where its variables are.
    pub(super) fn variables_page(&self, forge: &ForgeEndpoint) -> String {
        format!("{}/-/settings/ci_cd", self.web(forge))
    }

    /// The page of the task.
    pub(super) fn task_page(&self, task: Task, forge: &ForgeEndpoint) -> String {
        match task {
            Task::Runner | Task::OldRunner => self.runners_page(forge),
            Task::Variable => self.variables_page(forge),
        }
    }

    /// Where roles are given.
    pub(super) fn members_page(&self, forge: &ForgeEndpoint) -> String {
        let web = self.web(forge);
        match self {
            Self::Project(_) => format!("{web}/-/project_members"),
            Self::Group(_) => format!("{web}/-/group_members"),
            Self::Instance => format!("{web}/admin/users"),
        }
    }
}

/// Where the credential of a call is changed. A project's token reaches no project but its own.
pub(super) fn place<'a>(at: &CiAt<'a>, target: &'a Target) -> Place<'a> {
    let path = match target {
        Target::Project(path) if at.credential.kind == CredentialKind::GitLabProject => Some(path.as_str()),
        _ => None,
    };
    Place {
        forge: at.forge,
        kind: at.credential.kind,
        path,
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::{CiScope, Code, ForgeEndpoint, ForgeKind};

    use super::{Target, Task};

    #[test]
    fn pages_and_paths_are_those_of_the_scope() {
        let forge = ForgeEndpoint::gitlab("https://git.example.com/lab").unwrap();
        for (kind, path, api, runners, variables) in [
            (
                "repository",
                "acme/sub/tools",
                Some(["projects", "acme/sub/tools"]),
                "https://git.example.com/lab/acme/sub/tools/-/settings/ci_cd#js-runners-settings",
                "https://git.example.com/lab/acme/sub/tools/-/settings/ci_cd",
            ),
            (
                "owner",
                "acme/sub",
                Some(["groups", "acme/sub"]),
                "https://git.example.com/lab/groups/acme/sub/-/runners",
                "https://git.example.com/lab/groups/acme/sub/-/settings/ci_cd",
            ),
        ] {
            let scope = CiScope::from_parts(ForgeKind::GitLab, kind, path).unwrap();
            let target = Target::of(&forge, &scope).unwrap();
            assert_eq!(target.path(), api);
            assert_eq!(target.task_page(Task::Runner, &forge), runners);
            assert_eq!(target.task_page(Task::Variable, &forge), variables);
        }
    }

    #[test]
    fn a_name_that_gitlab_reads_as_a_number_names_no_group() {
        let forge = ForgeEndpoint::gitlab_com();
        let of = |kind, path| Target::of(&forge, &CiScope::from_parts(ForgeKind::GitLab, kind, path).unwrap());
        for number in ["2024", "7", "007"] {
            let found = of("owner", number).unwrap_err();
            assert_eq!(found.code, Code::RunnerInvalid);
            assert!(found.cause.contains("number of a group"), "{}", found.cause);
        }
        for (kind, path) in [
            ("owner", "2024/7"),
            ("owner", "v2024"),
            ("owner", "2024a"),
            ("repository", "2024/7"),
        ] {
            assert!(of(kind, path).is_ok(), "{path}");
        }
        assert!(super::is_number("-5") && !super::is_number("-") && !super::is_number(""));
    }

    #[test]
    fn all_of_gitlab_com_is_nobodys() {
        let own = ForgeEndpoint::gitlab("https://git.example.com").unwrap();
        assert_eq!(Target::of(&own, &CiScope::Instance), Ok(Target::Instance));
        assert!(Target::of(&ForgeEndpoint::gitlab_com(), &CiScope::Instance).is_err());
        let enterprise = CiScope::from_parts(ForgeKind::GitLab, "enterprise", "acme").unwrap();
        assert!(Target::of(&own, &enterprise).is_err());
    }
}
