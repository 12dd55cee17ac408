use jeton_accounts::{Account, AccountOrigin};
use jeton_broker::GrantAsk;
use jeton_domain::AccountScope;

use crate::{
    failure::Failure,
    page::{link::link, time::Time, viewer::Viewer},
    state::WebState,
};

/// Holders that are named.
const NAMED: u32 = 10;

/// Who holds an account's token now, as far as the viewer may know.
#[derive(Debug, Clone)]
pub(super) struct Holders {
    pub(super) named: Vec<Holder>,
    pub(super) are_more: bool,
    /// Where all of them are.
    pub(super) path: String,
}

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Holder {
    pub(super) name: String,
    pub(super) repositories: String,
    pub(super) since: Time,
    pub(super) until: Time,
}

impl Holders {
    pub(super) async fn of(account: &Account, viewer: &Viewer, state: &WebState) -> Result<Self, Failure> {
        let fingerprint = account.fingerprint.to_string();
        let ask = GrantAsk {
            only_live: true,
            // By the token itself: a label may have been another account's, and private ones share theirs.
            fingerprint: Some(fingerprint.clone()),
            limit: NAMED,
            ..GrantAsk::default()
        };
        let page = state.broker.list_grants(&viewer.asker(), ask).await?;
        let named = page.grants.into_iter().map(|grant| Holder {
            repositories: some_of(&grant.repositories),
            since: viewer.time(grant.issued_at),
            until: viewer.time(grant.expires_at),
            name: grant.holder,
        });
        let is_alone_in_its_name =
            account.scope == AccountScope::Shared || matches!(account.origin, AccountOrigin::Environment { .. });
        let path = if is_alone_in_its_name {
            link("/grants", &[("source", &account.source)])
        } else {
            link("/grants", &[("q", &fingerprint)])
        };
        Ok(Self {
            named: named.collect(),
            are_more: page.next.is_some(),
            path,
        })
    }
}

/// The first few of many.
fn some_of(repositories: &[String]) -> String {
    const FEW: usize = 3;
    let few = repositories.iter().take(FEW).map(String::as_str).collect::<Vec<_>>();
    let few = few.join(", ");
    match repositories.len().saturating_sub(FEW) {
        0 => few,
        more => format!("{few} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::some_of;

    #[test]
    fn many_repositories_are_told_in_one_line() {
        let names = |count: usize| (1..=count).map(|n| format!("acme/r{n}")).collect::<Vec<_>>();
        assert_eq!(some_of(&[]), "");
        assert_eq!(some_of(&names(3)), "acme/r1, acme/r2, acme/r3");
        assert_eq!(some_of(&names(15)), "acme/r1, acme/r2, acme/r3 and 12 more");
    }
}
