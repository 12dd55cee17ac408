use jeton_accounts::AccountsOverview;
use jeton_broker::{GrantAsk, GrantHours};
use jeton_domain::Action;

use crate::{failure::Failure, page::viewer::Viewer, state::WebState};

/// One of the things that a new server needs.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) is_done: bool,
    pub(super) name: &'static str,
    pub(super) why: &'static str,
    /// Where it is done, for whoever may.
    pub(super) link: &'static str,
}

/// What a new server needs.
#[derive(Debug)]
pub(super) struct Start {
    /// Whether nobody was ever given a token, as far as the grants that are kept tell.
    pub(super) is_new: bool,
    pub(super) steps: Vec<Step>,
}

/// What is to be done before anybody can get a token, for those who see all grants and can do some of it. `None` once somebody was
/// given one and there is something to take further ones from, or when all is done.
pub(super) async fn steps(
    viewer: &Viewer,
    state: &WebState,
    accounts: &AccountsOverview,
    grants: &GrantHours,
) -> Result<Option<Start>, Failure> {
    if !grants.of_all {
        return Ok(None);
    }
    let is_new = grants.hours.iter().all(|(_, grants)| *grants == 0) && {
        let ask = GrantAsk {
            limit: 1,
            ..GrantAsk::default()
        };
        let page = state.broker.list_grants(&viewer.asker(), ask).await?;
        page.of_all && page.grants.is_empty()
    };
    let has_source = accounts.states.total > 0 || !state.broker.list_apps().is_empty();
    if !is_new && has_source {
        return Ok(None);
    }
    let mut steps = Vec::new();
    if viewer.is_allowed(Action::AccountManage) {
        steps.push(Step {
            is_done: accounts.states.total > 0,
            name: "Add an account",
            why: "A person's or a robot's token for GitHub, GitLab or Bitbucket, kept sealed and watched.",
            link: "/settings/accounts/new",
        });
    }
    if viewer.is_allowed(Action::AppManage) {
        steps.push(Step {
            is_done: !state.broker.list_apps().is_empty(),
            name: "Add a GitHub App",
            why: "It mints tokens that open only the repositories that are asked for, and end within an hour.",
            link: "/apps",
        });
    }
    if viewer.is_allowed(Action::ClientManage) {
        let clients = state.access.list_clients(None, false, 1).await?;
        steps.push(Step {
            is_done: !clients.clients.is_empty(),
            name: "Add a client",
            why: "A program that asks for tokens gets a key of its own.",
            link: "/settings/clients",
        });
    }
    if viewer.is_allowed(Action::PolicyManage) {
        let policies = state.access.list_policies().await;
        steps.push(Step {
            is_done: !policies.policies.is_empty(),
            name: "Write a policy",
            why: "It says who may get what. Without one, nobody but the operator gets anything.",
            link: "/settings/policies",
        });
    }
    let is_open = steps.iter().any(|step| !step.is_done);
    Ok(is_open.then_some(Start { is_new, steps }))
}
