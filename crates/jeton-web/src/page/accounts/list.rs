use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::AccountOrigin;
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
    first: Option<String>,
    next: Option<String>,
    may_add: bool,
    may_import: bool,
    /// Whether no policy gives whoever looks anything to do with accounts.
    is_stranger: bool,
}

/// The accounts that somebody may see, by label. Whom no policy gives any still sees what is theirs.
pub(super) async fn list(viewer: Viewer, State(state): State<Shared>) -> Result<Response, Failure> {
    let filters = Filters::read(|name| viewer.parameter(name));
    let filter = filters.at(viewer.now);
    let after = place(&viewer.parameter("after"));
    let from = after.as_ref().map(|(label, id)| (label, *id));
    let accounts = state.broker.accounts();
    let page = accounts.list(viewer.caller(), &filter, from, PAGE).await?;
    let total = if after.is_none() && page.next.is_none() {
        page.accounts.len() as u64
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
        done: done::words(&viewer.parameter("done")),
        forges: filters.forges(),
        states: filters.states(),
        whose: filters.whose(private),
        rows: page
            .accounts
            .iter()
            .map(|account| AccountView::of(account, &viewer))
            .collect(),
        total: in_words(total),
        first: after.is_some().then(|| filters.link("")),
        next: next.map(|next| filters.link(&next)),
        may_add: manages || uses,
        may_import: manages && has_environment,
        is_stranger: !manages && !uses && !viewer.may(Action::AccountRead),
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
fn in_words(total: u64) -> String {
    let words = counted(total, "account", "accounts");
    if total >= u64::from(MOST_COUNTED) {
        format!("{words} or more")
    } else {
        words
    }
}

#[cfg(test)]
mod tests {
    use super::{in_words, place};

    #[test]
    fn totals_are_easy_to_read() {
        for (total, words) in [
            (0, "0 accounts"),
            (1, "1 account"),
            (999, "999 accounts"),
            (10_000, "10,000 accounts"),
            (100_000, "100,000 accounts or more"),
        ] {
            assert_eq!(in_words(total), words);
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
