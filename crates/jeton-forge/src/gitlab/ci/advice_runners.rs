//! Every finding about runners alone.

use jeton_domain::{Code, Diagnosis, ForgeEndpoint};

use super::{
    super::advice::words,
    advice::{About, finding},
    target::Target,
};
use crate::diagnose::diagnosis;

impl About<'_> {
    /// 403 to somebody whose role should do: a switch of an administrator's or a group owner's.
    pub(super) fn switched_off(&self, said: &str) -> Diagnosis {
        let (place, host) = (self.target.words(), self.forge().host());
        let code = match self.target {
            Target::Project(_) => Code::RunnerRepositoryLevel,
            Target::Group(_) | Target::Instance => Code::ForgeForbidden,
        };
        let (what, elsewhere) = match self.target {
            Target::Project(_) => (
                "project",
                "Ask for a runner of the group instead (`--group GROUP`), if that is allowed; or an",
            ),
            Target::Group(_) => ("group", "An"),
            Target::Instance => ("instance", "An"),
        };
        finding(
            code,
            format!(
                "{host} refuses a new runner for {place}, although the role of the token's user should do: {}. Most likely an administrator \
                 or an owner of a group around it has switched off that runners are made for a {what}.",
                words(said)
            ),
            format!(
                "{elsewhere} administrator looks at \"Admin\", \"Settings\", \"CI/CD\", \"Runner registration\" (\"Members of the {what} can \
                 create runners\"), and at \"Runner registration\" of the {what} and of the groups around it."
            ),
            match self.target {
                Target::Group(_) => self.task_page(),
                _ => format!("{}/admin/application_settings/ci_cd", self.forge().web_url()),
            },
        )
    }

    /// 400 to a new runner.
    pub(super) fn runner_refused(&self, said: &str) -> Diagnosis {
        let lower = said.to_ascii_lowercase();
        if lower.contains("maximum number") || lower.contains("exceeded") {
            return finding(
                Code::RunnerLimit,
                format!(
                    "GitLab takes no more runners for {}: {}.",
                    self.target.words(),
                    words(said)
                ),
                "Remove runners there that are not used any more, or have an administrator raise the limit.",
                self.task_page(),
            );
        }
        finding(
            Code::RunnerInvalid,
            format!("GitLab does not make a runner like this: {}.", words(said)),
            "Change what GitLab names and ask again. A runner without tags has to take jobs without tags; an end of the token's own needs \
             GitLab Premium or Ultimate.",
            self.task_page(),
        )
    }

    /// No clear answer to a runner that was to be made.
    pub(super) fn making_unclear(&self, name: &str, why: &str) -> Diagnosis {
        finding(
            Code::RunnerUnclear,
            format!(
                "Whether {} made the runner is not known: {}.",
                self.forge().host(),
                words(why)
            ),
            format!(
                "Look there for a new runner called `{}` that never connected, and remove it: its token is lost. Then ask again.",
                crate::clean::clean(name)
            ),
            self.task_page(),
        )
    }

    /// No clear answer to a token that was to be renewed.
    pub(super) fn renewal_unclear(&self, id: &str, why: &str) -> Diagnosis {
        Diagnosis {
            url: Some(self.task_page()),
            ..renewal_unclear(self.forge(), id, why)
        }
    }

    /// 404 on a runner.
    pub(super) fn runner_gone(&self, id: &str) -> Diagnosis {
        finding(
            Code::RunnerScopeNotFound,
            format!(
                "{} has no runner {}, or this token's user may not see it.",
                self.forge().host(),
                crate::clean::clean(id)
            ),
            "If somebody removed it, make a new one; what is kept of the old one is of no use any more.",
            self.task_page(),
        )
    }
}

pub(super) fn renewal_unclear(forge: &ForgeEndpoint, id: &str, why: &str) -> Diagnosis {
    let id = crate::clean::clean(id);
    diagnosis(
        Code::RunnerUnclear,
        format!(
            "Whether {} renewed the token of runner {id} is not known: {}.",
            forge.host(),
            words(why)
        ),
        format!(
            "Have the runner tested: if its old token still works, nothing happened, and it can be renewed again. If not, \
             the new one is lost: renew it with an account, or remove runner {id} and make a new one."
        ),
    )
}

/// 403 to a runner's own token.
pub(super) fn runner_dead(forge: &ForgeEndpoint, id: &str, said: &str) -> Diagnosis {
    let id = crate::clean::clean(id);
    diagnosis(
        Code::CredentialInvalid,
        format!(
            "{} does not take the token of runner {id} any more: {}. It has ended, was renewed elsewhere, or the runner was removed.",
            forge.host(),
            words(said)
        ),
        format!(
            "Renew it with an account whose token has the scope `manage_runner` (or `api`) and whose user is a Maintainer of the project, an \
             Owner of the group or an administrator; or remove runner {id} and make a new one."
        ),
    )
}
