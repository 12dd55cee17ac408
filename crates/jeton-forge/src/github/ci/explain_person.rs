//! Words for tokens of people and bots.

use jeton_domain::{CiScope, Code, CredentialKind, Diagnosis};

use super::{
    explain::Case,
    need::{Task, owner, thing},
};
use crate::{diagnose::diagnosis, github::account::on_the_page};

impl Case<'_> {
    /// A classic or OAuth token without the scope.
    pub(super) fn classic_lacks(&self) -> Diagnosis {
        let kind = self.at.credential.kind;
        let wanted = Task::classic_scope(self.at.scope);
        let tokens = self.pages().tokens(kind);
        let host = self.at.forge.host();
        let has = match self.scopes.as_ref().map(crate::github::account::Scopes::to_vec) {
            Some(scopes) if scopes.is_empty() => "has no scope at all and".to_owned(),
            Some(scopes) => format!("has the scopes `{}` and", scopes.join("`, `")),
            None => "most likely".to_owned(),
        };
        let add = match kind {
            CredentialKind::GitHubOAuth => format!(
                "As the token's owner, run `gh auth refresh --hostname {host} --scopes {wanted}`, and replace the account's token with \
                 what `gh auth token --hostname {host}` prints."
            ),
            _ => format!(
                "Sign in as the token's owner, open {tokens}, click the token, tick `{wanted}`, and click \"Update token\". The \
                 token's value stays the same."
            ),
        };
        Diagnosis {
            url: Some(tokens),
            ..diagnosis(
                Code::CredentialScope,
                format!(
                    "GitHub says {}: {} {has} lacks `{wanted}`, which is needed for {} for {}.",
                    self.quoted(),
                    self.who(),
                    self.task.doing(),
                    thing(self.at.scope)
                ),
                format!("{add}{}", self.narrower()),
            )
        }
    }

    /// What opens less than a classic token, where there is such a thing.
    fn narrower(&self) -> String {
        let Some(permission) = self.task.permission(self.at.scope) else {
            return String::new();
        };
        format!(
            " What opens less: a GitHub App, or a fine-grained token ({}), with {} on {} alone.",
            self.pages().new_token(CredentialKind::GitHubFineGrained),
            on_the_page(permission),
            thing(self.at.scope)
        )
    }

    pub(super) fn fine_grained_lacks(&self) -> Diagnosis {
        let permission = on_the_page(self.task.permission(self.at.scope).unwrap_or_default());
        let tokens = self.pages().tokens(CredentialKind::GitHubFineGrained);
        let org = owner(self.at.scope).unwrap_or("OWNER");
        let requests = self.ci_pages().token_requests(org);
        let selected = match self.at.scope {
            CiScope::Repository(_) => " Check there that the repository is among those selected.",
            _ => "",
        };
        Diagnosis {
            url: Some(tokens.clone()),
            ..diagnosis(
                Code::CredentialScope,
                format!(
                    "GitHub says {}: {} lacks {permission} on {}, which is needed for {}; or the role of the token's owner is too small: it \
                     takes {}.",
                    self.quoted(),
                    self.who(),
                    thing(self.at.scope),
                    self.task.doing(),
                    self.task.role(self.at.scope)
                ),
                format!(
                    "Sign in as the token's owner, open {tokens}, click the token and \"Edit\", and under \"{}\" set {permission}; then \
                     click \"Update\".{selected} The token's value stays the same. The token's \"Resource owner\" must be `{org}`; if \
                     that is an organisation, its owners may have to approve the change at {requests}. If the permission is there \
                     already, the role is what lacks: see {}.",
                    Task::section(self.at.scope),
                    self.ci_pages().roles(self.at.scope)
                ),
            )
        }
    }

    pub(super) fn app_user_lacks(&self) -> Diagnosis {
        let permission = on_the_page(self.task.permission(self.at.scope).unwrap_or_default());
        let org = owner(self.at.scope).unwrap_or("OWNER");
        let page = self.ci_pages().installations(org);
        Diagnosis {
            url: Some(page.clone()),
            ..diagnosis(
                Code::CredentialScope,
                format!(
                    "GitHub says {}: {} may do what both its App and its person may. Either the App lacks {permission} on {}, or the \
                     person's role is too small: it takes {}.",
                    self.quoted(),
                    self.who(),
                    thing(self.at.scope),
                    self.task.role(self.at.scope)
                ),
                format!(
                    "An owner of the App can add the permission in the App's settings (\"Permissions & events\"), and an owner of \
                     `{org}` must then accept it at {page}. Roles are given at {}.",
                    self.ci_pages().roles(self.at.scope)
                ),
            )
        }
    }

    /// The token is wide enough; its owner is not.
    pub(super) fn role(&self) -> Diagnosis {
        let page = self.ci_pages().roles(self.at.scope);
        let role = self.task.role(self.at.scope);
        let app = match self.task.permission(self.at.scope) {
            Some(permission) => format!(
                " A GitHub App with {} needs nobody's role, and opens less.",
                on_the_page(permission)
            ),
            None => String::new(),
        };
        let give = match self.at.scope {
            CiScope::Repository(_) => "Somebody with the role \"Admin\" there can give the token's owner that role",
            _ => "Another owner can make the token's owner one as well",
        };
        let words = match &self.said {
            Some(_) => format!("GitHub says {}: ", self.quoted()),
            None => "By what GitHub tells, ".to_owned(),
        };
        Diagnosis {
            url: Some(page.clone()),
            ..diagnosis(
                Code::CredentialRole,
                format!(
                    "{words}{} would do, but the role of the person whom it belongs to is too small. For {} it takes {role}.",
                    self.token_words(),
                    self.task.doing()
                ),
                format!(
                    "{give} at {page}; or store a token of somebody who is that already. A new token of the same person would not \
                     help.{app}"
                ),
            )
        }
    }

    pub(super) fn hidden_from_person(&self) -> (String, String, String) {
        let kind = self.at.credential.kind;
        let (place, who) = (thing(self.at.scope), self.who());
        let tokens = self.pages().tokens(kind);
        let wanted = Task::classic_scope(self.at.scope);
        let org = owner(self.at.scope).unwrap_or("OWNER");
        let person = match self.at.scope {
            CiScope::Owner(_) => {
                ", is a person's account, which has neither runners nor secrets for all of its repositories,"
            }
            _ => "",
        };
        let cause = format!(
            "GitHub says {}: {place} does not exist{person} or {who} may not see it.",
            self.quoted()
        );
        let remedy = match (kind, self.at.scope) {
            (CredentialKind::GitHubFineGrained, _) => format!(
                "Check how the name is written. Then sign in as the token's owner, open {tokens} and click the token: its \"Resource \
                 owner\" must be `{org}`, the repository must be among the selected ones, and the token must not be pending (an owner of \
                 `{org}` approves it at {}).",
                self.ci_pages().token_requests(org)
            ),
            (CredentialKind::GitHubAppUser, _) => format!(
                "Check how the name is written, that the token's owner sees {place} in the browser, and that the App is installed on \
                 `{org}` ({}).",
                self.ci_pages().installations(org)
            ),
            (_, CiScope::Enterprise(name)) => format!(
                "Check how the name is written: it is the one in the address of the enterprise's page ({}). The token's owner must be an \
                 owner of `{name}`, and the token needs the scope `{wanted}` ({tokens}).",
                self.ci_pages().of(self.at.scope)
            ),
            (_, CiScope::Owner(_)) => format!(
                "Check how the name is written; for a person, name one of the repositories instead. The token's owner must be an owner of \
                 `{org}` ({}), and the token needs the scope `{wanted}` ({tokens}).",
                self.ci_pages().roles(self.at.scope)
            ),
            _ if self.lacks_scope() => format!(
                "Check how the name is written. A private repository needs the scope `{wanted}`, which the token has not: the token's owner \
                 adds it at {tokens}.{}",
                self.narrower()
            ),
            _ => format!(
                "Check how the name is written, and that the token's owner sees {place} in the browser. If the organisation uses single \
                 sign-on, authorise the token for it at {tokens} (\"Configure SSO\")."
            ),
        };
        (cause, remedy, tokens)
    }
}
