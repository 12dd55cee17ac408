use jeton_accounts::AccountsOverview;
use jeton_domain::{Action, Quota};
use jiff::Timestamp;

use super::accounts::LIST;
use crate::{
    page::{
        chart::{Chart, meter},
        link::under,
        number::count,
        time::Time,
        viewer::Viewer,
    },
    state::WebState,
};

/// Those of which the least is left.
const SHOWN: usize = 8;

/// What is left of a forge's limit for one App on one owner, or for one account.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) name: String,
    /// The owner, or the forge.
    pub(super) of: String,
    pub(super) kind: &'static str,
    pub(super) link: String,
    pub(super) meter: Chart,
    /// `4,200 of 5,000 left`.
    pub(super) words: String,
    pub(super) resets: Option<Time>,
    pub(super) at: Time,
}

/// What is left, the least first: the limits of Apps only for those who may see Apps.
pub(super) fn left(viewer: &Viewer, state: &WebState, accounts: &AccountsOverview) -> Vec<Left> {
    let mut all: Vec<(u128, Left)> = Vec::new();
    if viewer.is_allowed(Action::AppRead) {
        for one in state.broker.app_quotas(None, SHOWN) {
            let link = under("/apps", one.app.as_str());
            let left = row(viewer, one.app.to_string(), &one.quota, one.at);
            let left = Left {
                of: format!("on {}", one.owner),
                kind: "App",
                link,
                ..left
            };
            all.push((permille(&one.quota), left));
        }
    }
    for one in &accounts.quotas {
        let left = row(viewer, one.label.to_string(), &one.quota, one.at);
        let left = Left {
            of: format!("on {}", one.host),
            kind: "account",
            link: under(LIST, &one.id.to_string()),
            ..left
        };
        all.push((permille(&one.quota), left));
    }
    all.sort_by_key(|(permille, _)| *permille);
    all.truncate(SHOWN);
    all.into_iter().map(|(_, left)| left).collect()
}

fn row(viewer: &Viewer, name: String, quota: &Quota, at: Timestamp) -> Left {
    Left {
        name,
        of: String::new(),
        kind: "",
        link: String::new(),
        meter: meter(quota.remaining, quota.limit),
        words: format!("{} of {} left", count(quota.remaining), count(quota.limit)),
        resets: quota.resets_at.map(|at| viewer.time(at)),
        at: viewer.time(at),
    }
}

fn permille(quota: &Quota) -> u128 {
    let left = u128::from(quota.remaining) * 1_000;
    left.checked_div(u128::from(quota.limit)).unwrap_or(0)
}
