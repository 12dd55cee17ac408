//! Words for tokens of Apps, and for the one that every workflow gets.

use jeton_domain::{CiScope, Code, CredentialKind, Diagnosis};

use super::{
    explain::Case,
    need::{Task, owner, thing},
};
use crate::{ci::Holder, diagnose::diagnosis, github::account::on_the_page};

impl Case<'_> {
    /// The token of a job can never do it.
    pub(super) fn workflow(&self) -> Diagnosis {
        let (doing, place) = (self.task.doing(), thing(self.at.scope));
        let said = match &self.said {
            Some(_) => format!("GitHub says {}: ", self.quoted()),
            None => String::new(),
        };
        let (instead, url) = if let Some(permission) = self.task.permission(self.at.scope) {
            let org = owner(self.at.scope).unwrap_or("OWNER");
            let page = self.ci_pages().installations(org);
            let instead = format!(
                "a GitHub App that is installed on `{org}` ({page}) with {} under \"{}\"",
                on_the_page(permission),
                Task::section(self.at.scope)
            );
            (instead, page)
        } else {
            let page = self.pages().new_token(CredentialKind::GitHubClassic);
            let instead = format!(
                "an account with a classic token of an enterprise owner that has the scope `{}` and no other ({page}), as GitHub \
                 takes nothing else for enterprises",
                Task::classic_scope(self.at.scope)
            );
            (instead, page)
        };
        Diagnosis {
            url: Some(url),
            ..diagnosis(
                Code::RunnerWorkflowToken,
                format!(
                    "{said}the token that GitHub gives to every job (`GITHUB_TOKEN`) can never be used for {doing} for {place}. What \
                     it takes ({}) is nothing that the `permissions:` block of a workflow can give.",
                    self.task.least(self.at.scope)
                ),
                format!(
                    "Let the job ask jeton as itself: give it `permissions: id-token: write` and use jeton's GitHub Action, which \
                     shows the job's OIDC identity and needs no secret. jeton then does it with {instead}. Do not put a personal \
                     access token into the workflow's secrets for this."
                ),
            )
        }
    }

    /// An App without the permission.
    pub(super) fn app_lacks(&self) -> Diagnosis {
        let permission = on_the_page(self.task.permission(self.at.scope).unwrap_or_default());
        let org = owner(self.at.scope).unwrap_or("OWNER");
        let page = self.ci_pages().installations(org);
        let web = self.at.forge.web_url();
        let apps = format!("{web}/organizations/OWNER/settings/apps, or {web}/settings/apps for a person's App");
        let workflow = match self.at.holder {
            Holder::Account(name) => format!(
                " If the token of `{name}` is the `GITHUB_TOKEN` of a workflow, no permission can be given to it: let the job ask \
                 jeton with its OIDC identity instead."
            ),
            Holder::App(_) | Holder::Workflow => String::new(),
        };
        Diagnosis {
            url: Some(page.clone()),
            ..diagnosis(
                Code::PermissionNotGranted,
                format!(
                    "GitHub says {}: {} lacks {permission} on {}, which is needed for {}.",
                    self.quoted(),
                    self.who(),
                    thing(self.at.scope),
                    self.task.doing()
                ),
                format!(
                    "Open the App's settings ({apps}), choose \"Permissions & events\", and under \"{}\" set {permission}. Then an owner \
                     of `{org}` must accept the new permission on the installation at {page} (\"Review request\"); until then the old \
                     ones hold.{workflow}",
                    Task::section(self.at.scope)
                ),
            )
        }
    }

    /// Neither Apps nor fine-grained tokens can be given it.
    pub(super) fn not_for_enterprises(&self) -> Diagnosis {
        let page = self.pages().new_token(CredentialKind::GitHubClassic);
        let scope = Task::classic_scope(self.at.scope);
        let kind = match self.at.credential.kind {
            CredentialKind::GitHubFineGrained => "fine-grained personal access tokens",
            _ => "tokens of GitHub Apps",
        };
        Diagnosis {
            url: Some(page.clone()),
            ..diagnosis(
                Code::RunnerUnsupported,
                format!(
                    "GitHub takes no {kind} for {} for {}: there is no permission for it. GitHub was not asked.",
                    self.task.doing(),
                    thing(self.at.scope)
                ),
                format!(
                    "Let an owner of the enterprise make a classic token with the scope `{scope}` and no other at {page}, and store it \
                     as an account. Or ask for the runners of one of its organisations, for which an App with {} will do.",
                    on_the_page("organization_self_hosted_runners=write")
                ),
            )
        }
    }

    /// Whose installation it is about.
    fn app(&self) -> String {
        match self.at.holder {
            Holder::App(name) => format!("the App `{name}`"),
            Holder::Account(name) => format!("the App that the token of `{name}` comes from"),
            Holder::Workflow => "GitHub Actions".to_owned(),
        }
    }

    pub(super) fn suspended(&self) -> Diagnosis {
        let org = owner(self.at.scope).unwrap_or("OWNER");
        let page = self.ci_pages().installations(org);
        let own = self.ci_pages().own_installations();
        Diagnosis {
            url: Some(page.clone()),
            ..diagnosis(
                Code::InstallationSuspended,
                format!(
                    "GitHub says {}: the installation of {} on `{org}` is suspended.",
                    self.quoted(),
                    self.app()
                ),
                format!(
                    "An owner of `{org}` can lift the suspension at {page} (on a person's account at {own}): \"Configure\" beside the \
                     App, then \"Unsuspend\"."
                ),
            )
        }
    }

    /// 401 for a token that nobody can renew.
    pub(super) fn dead_installation_token(&self) -> Diagnosis {
        let host = self.at.forge.host();
        let remedy = match self.at.holder {
            Holder::App(_) => {
                "Try again: jeton mints another. If that is refused as well, see whether the App is still installed."
            }
            Holder::Account(_) | Holder::Workflow => {
                "Such a token lives for an hour, a workflow's until its job ends, and cannot be renewed. Run the job again, or let \
                 jeton use a GitHub App, whose tokens it renews by itself."
            }
        };
        let page = owner(self.at.scope).map(|org| self.ci_pages().installations(org));
        Diagnosis {
            url: page,
            ..diagnosis(
                Code::CredentialInvalid,
                format!(
                    "GitHub ({host}) refuses {} ({}): it has ended, was revoked, or the App was taken away.",
                    self.token_words(),
                    self.quoted()
                ),
                remedy,
            )
        }
    }

    pub(super) fn hidden_from_workflow(&self) -> (String, String, String) {
        let place = thing(self.at.scope);
        let cause = format!(
            "GitHub says {}: {place} does not exist, or the job's own token may not see it. That token sees the job's own \
             repository and no other.",
            self.quoted()
        );
        let remedy = format!(
            "Check how the name is written. For another repository or an organisation, let the job ask jeton with its OIDC identity; \
             jeton's policies then say whether it may have {place}."
        );
        (cause, remedy, self.ci_pages().of(self.at.scope))
    }

    pub(super) fn hidden_from_app(&self) -> (String, String, String) {
        let place = thing(self.at.scope);
        let org = owner(self.at.scope).unwrap_or("OWNER");
        let page = self.ci_pages().installations(org);
        let own = self.ci_pages().own_installations();
        let who = self.app();
        match self.at.scope {
            CiScope::Repository(_) => (
                format!(
                    "GitHub says {}: {place} does not exist, {who} is not installed on `{org}`, or the repository is not in the \
                     installation's selection. GitHub does not tell which.",
                    self.quoted()
                ),
                format!(
                    "Check how the name is written. Then an owner of `{org}` opens {page} (for a person's account {own}), clicks \
                     \"Configure\" beside the App, and adds the repository under \"Repository access\"; an App that is not listed has \
                     to be installed first."
                ),
                page,
            ),
            _ => (
                format!(
                    "GitHub says {}: {place} does not exist, is a person's account, which has neither runners nor secrets for all of \
                     its repositories, or {who} is not installed there.",
                    self.quoted()
                ),
                format!(
                    "Check how the name is written; for a person, name one of the repositories instead. An owner of `{org}` sees at \
                     {page} whether the App is installed."
                ),
                page,
            ),
        }
    }
}
