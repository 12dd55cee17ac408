//! Why GitHub did not do it, and the least that would change that.

use jeton_domain::{CiScope, Code, CredentialKind, Diagnosis};
use jeton_outbound::Answer;

use super::{
    need::{Task, owner, thing},
    pages::CiPages,
};
use crate::{
    ci::{CiAt, Holder},
    clean::clean,
    diagnose::diagnosis,
    github::account::{About, Pages, Refusal, Scopes, read_refusal, refusal_body},
};

/// Somebody who was refused something.
pub(super) struct Case<'a> {
    pub(super) at: CiAt<'a>,
    pub(super) task: Task,
    /// GitHub's own words.
    pub(super) said: Option<String>,
    /// What a classic or OAuth token has, where GitHub told it.
    pub(super) scopes: Option<Scopes>,
}

impl<'a> Case<'a> {
    /// Before GitHub said anything.
    pub(super) fn new(at: CiAt<'a>, task: Task) -> Self {
        Self {
            at,
            task,
            said: None,
            scopes: None,
        }
    }

    /// With what an answer tells, whether it is a refusal or not.
    pub(super) fn of(at: CiAt<'a>, task: Task, answer: &Answer) -> Self {
        use CredentialKind::{GitHubClassic, GitHubOAuth};
        let has_scopes = matches!(at.credential.kind, GitHubClassic | GitHubOAuth);
        let body = refusal_body(answer).filter(|_| !answer.is_success());
        Self {
            said: body.map(|body| clean(&body.message)).filter(|said| !said.is_empty()),
            scopes: Scopes::granted(&answer.headers).filter(|_| has_scopes),
            ..Self::new(at, task)
        }
    }

    /// What is wrong before GitHub is asked: places and kinds of token that cannot go together.
    pub(super) fn impossible(&self) -> Option<Diagnosis> {
        use CredentialKind::{GitHubAppUser, GitHubClassic, GitHubFineGrained, GitHubInstallation, GitHubOAuth};
        let kind = self.at.credential.kind;
        if *self.at.scope == CiScope::Instance {
            return Some(diagnosis(
                Code::RunnerUnsupported,
                format!("GitHub has no API for {} of a whole server.", self.task.doing()),
                "Name a repository (OWNER/REPO), an organisation (`--org`) or an enterprise (`--enterprise`).",
            ));
        }
        if !matches!(
            kind,
            GitHubClassic | GitHubFineGrained | GitHubOAuth | GitHubAppUser | GitHubInstallation
        ) {
            return Some(diagnosis(
                Code::CredentialWrongKind,
                format!(
                    "This is {}, which opens nothing of GitHub's API; GitHub was not asked.",
                    kind.words()
                ),
                "Name an account with a personal access token (`--account LABEL`), or a GitHub App (`--app NAME`).",
            ));
        }
        let of_enterprise = matches!(self.at.scope, CiScope::Enterprise(_));
        if !of_enterprise || matches!(kind, GitHubClassic | GitHubOAuth) {
            return None;
        }
        Some(if self.is_workflow() {
            self.workflow()
        } else {
            self.not_for_enterprises()
        })
    }

    /// A refusal as a finding.
    pub(super) fn explain(&self, answer: &Answer) -> Diagnosis {
        let words = self.said.as_deref().unwrap_or_default().to_lowercase();
        let refusal = read_refusal(answer);
        if answer.status == 403 && words.contains("self-hosted runners") && words.contains("disabled") {
            return self.no_runners_of_its_own();
        }
        if answer.status == 403 && self.is_installation() && words.contains("suspended") {
            return self.suspended();
        }
        match refusal {
            Refusal::Missing { .. } => self.missing(),
            Refusal::Role if self.lacks_scope() => self.missing(),
            Refusal::Role => self.role(),
            Refusal::Other if answer.status == 403 && words.contains("must be ") => self.role(),
            Refusal::NotVisible { .. } => self.not_visible(),
            Refusal::BadCredentials if self.is_installation() => self.dead_installation_token(),
            Refusal::Other => self.other(),
            other => self.about().explain(&other),
        }
    }

    /// Whether a refusal is of this machine or this moment, or in words that are not understood, and no word on the credential.
    pub(super) fn says_nothing(answer: &Answer) -> bool {
        let words = refusal_body(answer)
            .map(|body| body.message.to_lowercase())
            .unwrap_or_default();
        let understood = ["self-hosted runners", "suspended", "must be "]
            .iter()
            .any(|part| words.contains(part));
        !understood
            && matches!(
                read_refusal(answer),
                Refusal::LockedOut | Refusal::NoCredential | Refusal::NotGitHub | Refusal::Other
            )
    }

    /// Neither the permission nor the scope.
    pub(super) fn missing(&self) -> Diagnosis {
        if self.is_workflow() {
            return self.workflow();
        }
        match self.at.credential.kind {
            CredentialKind::GitHubInstallation => self.app_lacks(),
            CredentialKind::GitHubFineGrained => self.fine_grained_lacks(),
            CredentialKind::GitHubAppUser => self.app_user_lacks(),
            _ => self.classic_lacks(),
        }
    }

    /// 404: GitHub says it for what does not exist and for what it hides.
    pub(super) fn not_visible(&self) -> Diagnosis {
        let (cause, remedy, url) = if self.is_workflow() {
            self.hidden_from_workflow()
        } else if self.is_installation() {
            self.hidden_from_app()
        } else {
            self.hidden_from_person()
        };
        Diagnosis {
            url: Some(url),
            ..diagnosis(Code::RunnerScopeNotFound, cause, remedy)
        }
    }

    /// A repository or organisation that has another name now.
    pub(super) fn moved(&self) -> Diagnosis {
        let page = self.ci_pages().of(self.at.scope);
        Diagnosis {
            url: Some(page.clone()),
            ..diagnosis(
                Code::RunnerScopeNotFound,
                format!(
                    "GitHub says that {} was renamed or moved to another owner; nothing was done under its old name.",
                    thing(self.at.scope)
                ),
                format!("Open {page} in the browser, which leads to its new name, and use that name."),
            )
        }
    }

    /// Runners of single repositories are not allowed there.
    fn no_runners_of_its_own(&self) -> Diagnosis {
        let org = owner(self.at.scope).unwrap_or("ORGANISATION");
        let page = self.ci_pages().actions_settings(org);
        Diagnosis {
            url: Some(page.clone()),
            ..diagnosis(
                Code::RunnerRepositoryLevel,
                format!(
                    "GitHub says {}: `{org}` lets no runners be registered for {}. The token is not the cause.",
                    self.quoted(),
                    thing(self.at.scope)
                ),
                format!(
                    "Register the runner for the organisation `{org}` instead (`--org {org}`), and let this repository use it by its runner group. \
                     Or let an owner of `{org}` open {page} (organisation settings, \"Actions\", \"General\") and allow repository-level \
                     runners for this repository under \"Runners\"."
                ),
            )
        }
    }

    pub(super) fn is_workflow(&self) -> bool {
        self.at.holder == Holder::Workflow && self.is_installation()
    }

    pub(super) fn is_installation(&self) -> bool {
        self.at.credential.kind == CredentialKind::GitHubInstallation
    }

    /// Whether the scopes are known, and the one that is needed is not among them.
    pub(super) fn lacks_scope(&self) -> bool {
        let wanted = Task::classic_scope(self.at.scope);
        self.scopes.as_ref().is_some_and(|scopes| !scopes.allow(wanted))
    }

    /// Who was refused, as the subject of a sentence.
    pub(super) fn who(&self) -> String {
        match self.at.holder {
            Holder::App(name) => format!("the App `{name}`"),
            Holder::Account(name) => format!("the account `{name}` ({})", self.kind_words()),
            Holder::Workflow => "the workflow's own token (`GITHUB_TOKEN`)".to_owned(),
        }
    }

    /// The same for the token itself.
    pub(super) fn token_words(&self) -> String {
        match self.at.holder {
            Holder::App(name) => format!("the token of the App `{name}`"),
            Holder::Account(name) => format!("the token of the account `{name}` ({})", self.kind_words()),
            Holder::Workflow => self.who(),
        }
    }

    fn kind_words(&self) -> &'static str {
        match self.at.credential.kind {
            CredentialKind::GitHubClassic => "a classic token",
            CredentialKind::GitHubFineGrained => "a fine-grained token",
            CredentialKind::GitHubOAuth => "an OAuth token",
            CredentialKind::GitHubAppUser => "a user token of an App",
            CredentialKind::GitHubInstallation => "an App's installation token",
            other => other.words(),
        }
    }

    /// In words that nobody has seen so far, such as those of a policy.
    fn other(&self) -> Diagnosis {
        let page = match owner(self.at.scope) {
            Some(org) => self.ci_pages().actions_settings(org),
            None => self.ci_pages().runners(self.at.scope),
        };
        Diagnosis {
            url: Some(page.clone()),
            ..diagnosis(
                Code::ForgeForbidden,
                format!(
                    "GitHub ({}) refuses {} {} for {}: {}.",
                    self.at.forge.host(),
                    self.who(),
                    self.task.doing(),
                    thing(self.at.scope),
                    self.quoted()
                ),
                format!(
                    "GitHub's own words say why. What is needed at the least is `{}`; if that is there, it is a policy, which the owners \
                     see at {page}.",
                    self.task.least(self.at.scope)
                ),
            )
        }
    }

    /// GitHub's words in quotation marks.
    pub(super) fn quoted(&self) -> String {
        match &self.said {
            Some(said) => format!("\"{}\"", said.trim_end_matches('.')),
            None => "no, without a reason".to_owned(),
        }
    }

    pub(super) fn ci_pages(&self) -> CiPages<'a> {
        CiPages(self.at.forge)
    }

    pub(super) fn pages(&self) -> Pages<'a> {
        Pages(self.at.forge)
    }

    /// What does not depend on what was wanted is said in the words that all tokens of people hear.
    fn about(&self) -> About<'_> {
        About {
            kind: self.at.credential.kind,
            forge: self.at.forge,
            owner: owner(self.at.scope),
            repository: None,
            said: self.said.as_deref(),
            known_end: None,
            now: self.at.now,
        }
    }
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
