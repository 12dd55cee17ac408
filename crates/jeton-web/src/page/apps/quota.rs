use jeton_broker::AppSummary;

use crate::{
    page::{time::Time, viewer::Viewer},
    state::WebState,
};

/// So many installations are shown: those with the least left.
const MOST: usize = 20;

/// What is left of the forge's limit for one installation.
pub(super) struct QuotaRow {
    pub(super) owner: String,
    pub(super) limit: u64,
    pub(super) remaining: u64,
    pub(super) resets: Option<Time>,
    pub(super) seen: Time,
}

/// What the forge said of its limit with the calls that were made anyway: nothing is asked for it.
pub(super) fn quotas(state: &WebState, app: &AppSummary, viewer: &Viewer) -> Vec<QuotaRow> {
    let of_app = state.broker.app_quotas(Some(&app.name), MOST);
    of_app
        .into_iter()
        .map(|one| QuotaRow {
            owner: one.owner,
            limit: one.quota.limit,
            remaining: one.quota.remaining,
            resets: one.quota.resets_at.map(|at| viewer.time(at)),
            seen: viewer.time(one.at),
        })
        .collect()
}
