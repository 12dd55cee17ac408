use askama::Template;
use jeton_domain::{Action, CredentialKind, ForgeKind, Purpose};

use super::{
    guide::GuideView,
    pasted::PastedView,
    typed::{FORGES, Typed, kind_field},
    wrong::Wrong,
};
use crate::{
    page::{
        check::{CheckView, purpose_words},
        fields::Cleared,
        shell::{Here, Shell},
        viewer::Viewer,
    },
    state::WebState,
};

#[derive(Template)]
#[template(path = "add_account.html")]
pub(super) struct AddPage {
    shell: Shell,
    typed: Typed,
    cleared: Cleared,
    forges: Vec<ForgeChoice>,
    purposes: Vec<PurposeChoice>,
    guide: GuideView,
    answer: Answer,
    /// Whether they may add what is everybody's, and what is their own alone.
    may_share: bool,
    more_is_open: bool,
    /// Whether a token was sent that the page does not have any more.
    token_is_gone: bool,
}

/// What is told below the form about what was sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) wrong: Vec<Wrong>,
    pub(super) pasted: Option<PastedView>,
    pub(super) report: Option<CheckView>,
    pub(super) works: bool,
    /// Whether it can be saved without a clear word of the forge's.
    pub(super) may_skip: bool,
}

struct ForgeChoice {
    word: &'static str,
    name: String,
    host: &'static str,
    is_chosen: bool,
    kinds_field: String,
    kinds: Vec<KindChoice>,
}

struct KindChoice {
    word: &'static str,
    name: &'static str,
    is_chosen: bool,
}

struct PurposeChoice {
    word: &'static str,
    words: &'static str,
    is_chosen: bool,
}

impl Answer {
    pub(super) fn wrong(wrong: Vec<Wrong>) -> Self {
        Self {
            wrong,
            ..Self::default()
        }
    }

    fn wrong_at(&self, field: &str) -> Option<&Wrong> {
        self.wrong.iter().find(|wrong| wrong.field == Some(field))
    }

    fn is_empty(&self) -> bool {
        self.wrong.is_empty() && self.pasted.is_none() && self.report.is_none()
    }
}

impl AddPage {
    pub(super) fn new(state: &WebState, viewer: &Viewer, typed: Typed, answer: Answer) -> Self {
        let mut typed = typed;
        let cleared = typed.clear_tokens();
        let in_more = ["note", "serves", "repository", "auto_renew"];
        let wrong_in_more = in_more.iter().any(|field| answer.wrong_at(field).is_some());
        let asks_for_more = answer.report.as_ref().is_some_and(CheckView::wants_repository);
        Self {
            shell: viewer.shell(Here::Accounts),
            forges: FORGES.into_iter().map(|forge| ForgeChoice::of(forge, &typed)).collect(),
            purposes: Purpose::ALL
                .iter()
                .map(|purpose| PurposeChoice {
                    word: purpose.as_str(),
                    words: purpose_words(*purpose),
                    is_chosen: typed.purposes.contains(purpose),
                })
                .collect(),
            guide: GuideView::of(state, &typed),
            may_share: viewer.may(Action::AccountManage),
            more_is_open: typed.has_more() || wrong_in_more || asks_for_more,
            token_is_gone: !answer.is_empty(),
            cleared,
            typed,
            answer,
        }
    }

    /// Whether this control holds what is wrong.
    fn is_wrong(&self, field: &str) -> bool {
        self.answer.wrong_at(field).is_some()
    }

    /// What is wrong with a control, as HTML.
    fn wrong(&self, field: &str) -> &str {
        self.answer
            .wrong_at(field)
            .map_or("", |wrong| wrong.problem.detail.as_str())
    }
}

impl ForgeChoice {
    fn of(forge: ForgeKind, typed: &Typed) -> Self {
        let chosen = typed.kind_for(forge);
        Self {
            word: forge.as_str(),
            name: forge.to_string(),
            host: match forge {
                ForgeKind::GitHub => "github.com or your own",
                ForgeKind::GitLab => "gitlab.com or your own",
                ForgeKind::Bitbucket => "bitbucket.org",
            },
            is_chosen: typed.forge == Some(forge),
            kinds_field: kind_field(forge),
            kinds: kinds(forge)
                .iter()
                .map(|(kind, name)| KindChoice {
                    word: kind.as_str(),
                    name,
                    is_chosen: chosen == Some(*kind),
                })
                .collect(),
        }
    }
}

/// The kinds for which there are steps, the one to take if nothing speaks against it first.
fn kinds(forge: ForgeKind) -> &'static [(CredentialKind, &'static str)] {
    match forge {
        ForgeKind::GitHub => &[
            (CredentialKind::GitHubFineGrained, "Fine-grained personal access token"),
            (CredentialKind::GitHubClassic, "Personal access token (classic)"),
            (CredentialKind::GitHubOAuth, "The token of the gh command"),
        ],
        ForgeKind::GitLab => &[
            (CredentialKind::GitLabPersonal, "Personal access token"),
            (CredentialKind::GitLabProject, "Project access token"),
            (CredentialKind::GitLabGroup, "Group access token"),
        ],
        ForgeKind::Bitbucket => &[
            (CredentialKind::BitbucketApiToken, "API token"),
            (CredentialKind::BitbucketRepository, "Repository access token"),
            (CredentialKind::BitbucketProject, "Project access token"),
            (CredentialKind::BitbucketWorkspace, "Workspace access token"),
        ],
    }
}
