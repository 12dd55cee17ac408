use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::{AccountCount, AccountOrigin};
use jeton_domain::{AccountId, AccountLabel, Action, Role};

use super::{
    done,
    filters::{Choice, Filters},
    view::AccountView,
};
use crate::{
    failure::Failure,
    page::{
        number::counted,
        respond,
        shell::{Here, Shell},
        viewer::Viewer,
    },
    state::Shared,
};

/// Accounts on a page.
const PAGE: u32 = 50;

/// How far they are counted.
const MOST_COUNTED: u32 = 100_000;

#[derive(Template)]
#[template(path = "accounts/list.html")]
struct List {
    shell: Shell,
    done: Option<&'static str>,
    filters: Filters,
    forges: Vec<Choice>,
    states: Vec<Choice>,
    whose: Vec<Choice>,
    rows: Vec<AccountView>,
    /// How many there are in all, in words.
    total: String,
    /// Whether there are more than were looked at.
    or_more: bool,
    first: Option<String>,
    next: Option<String>,
    may_add: bool,
    may_import: bool,
}

/// The accounts that somebody may see, by label.
pub(super) async fn list(viewer: Viewer, State(state): State<Shared>) -> Result<Response, Failure> {
    let accounts = state.broker.accounts();
    accounts.permit_look(viewer.caller(), viewer.request_id())?;
    let filters = Filters::read(|name| viewer.parameter(name));
    let filter = filters.at(viewer.now);
    let after = place(&viewer.parameter("after"));
    let from = after.as_ref().map(|(label, id)| (label, *id));
    let page = accounts.list(viewer.caller(), &filter, from, PAGE).await?;
    let total = if after.is_none() && page.next.is_none() {
        AccountCount {
            count: page.accounts.len() as u64,
            or_more: page.or_more,
        }
    } else {
        accounts.count_seen(viewer.caller(), &filter, MOST_COUNTED).await?
    };
    let manages = viewer.may(Action::AccountManage);
    let uses = viewer.may(Action::AccountUse);
    let has_environment = page
        .accounts
        .iter()
        .any(|account| matches!(account.origin, AccountOrigin::Environment { .. }));
    let private = match viewer.session.user.role {
        Role::Operator | Role::Auditor => "Private",
        Role::Member => "My own",
    };
    let next = page.next.map(|(label, id)| format!("{label}/{id}"));
    let page = List {
        shell: viewer.shell(Here::Accounts),
        done: done::removed(&viewer.parameter("done")),
        forges: filters.forges(),
        states: filters.states(),
        whose: filters.whose(private),
        rows: page
            .accounts
            .iter()
            .map(|account| AccountView::of(account, &viewer))
            .collect(),
        total: in_words(total),
        or_more: page.or_more,
        first: after.is_some().then(|| filters.link("")),
        next: next.map(|next| filters.link(&next)),
        may_add: manages || uses,
        may_import: manages && has_environment,
        filters,
    };
    Ok(respond::render(StatusCode::OK, &page))
}

/// Where a page begins; what is no place is the first one.
fn place(text: &str) -> Option<(AccountLabel, AccountId)> {
    let (label, id) = text.split_once('/')?;
    Some((AccountLabel::parse(label).ok()?, id.parse().ok()?))
}

/// "1 account", "10,000 accounts", "100,000 accounts or more".
fn in_words(total: AccountCount) -> String {
    let words = counted(total.count, "account", "accounts");
    if total.or_more {
        format!("{words} or more")
    } else {
        words
    }
}

#[cfg(test)]
mod tests {
    use jeton_accounts::AccountCount;

    use super::{in_words, place};

    #[test]
    fn totals_are_easy_to_read() {
        for (count, or_more, words) in [
            (0, false, "0 accounts"),
            (1, false, "1 account"),
            (1, true, "1 account or more"),
            (999, false, "999 accounts"),
            (10_000, false, "10,000 accounts"),
            (100_000, true, "100,000 accounts or more"),
        ] {
            assert_eq!(in_words(AccountCount { count, or_more }), words);
        }
    }

    #[test]
    fn what_is_no_place_is_the_first_page() {
        assert!(place("work/0197b2c0-5a4e-7c11-8f00-0123456789ab").is_some());
        for bad in ["", "work", "work/", "/", "WORK/1", "work/%00", "a/b/c"] {
            assert!(place(bad).is_none(), "{bad}");
        }
    }
}
