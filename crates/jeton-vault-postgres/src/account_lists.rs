use jeton_domain::{AccountId, AccountLabel, ForgeKind, Validity};
use jeton_vault::{AccountFilter, AccountRecord, AccountView, VaultError};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    account_rows::{read, readable},
    tx::Repo,
    watch::Watched as _,
};

/// A walk along an index in the order of the labels, from a place in it. What must be equal stands as the beginning of a range:
/// by an equality the planner could choose to walk another index of the same order instead, past all the rows of
/// others. The conditions that are looked at on the way may leave out many rows: to have an index for each would cost
/// more than such pages are worth.
macro_rules! walk {
    ($condition:literal, $order:literal) => {
        concat!(
            "SELECT * FROM accounts WHERE ",
            $condition,
            " AND ($5::text IS NULL OR forge_kind = $5) AND ($6::text IS NULL OR validity = $6) \
             AND ($7::boolean IS NULL OR active = $7) AND ($8::text IS NULL OR strpos(search, $8) > 0) \
             AND ($9::bigint IS NULL OR expires_at < $9) AND ($10::boolean IS NULL OR (scope <> '') = $10) \
             AND ($11::bigint IS NULL OR expires_at IS NULL OR expires_at > $11) ORDER BY ",
            $order,
            " LIMIT $4"
        )
    };
}

/// Two walks, each with a limit of its own, and their rows in one order. A private label and a shared one may be the same;
/// within its scope each is unique.
macro_rules! merge {
    ($shared:expr, $private:expr) => {
        concat!("(", $shared, ") UNION ALL (", $private, ") ORDER BY label, id LIMIT $4")
    };
}

pub(crate) const LIST: &str = walk!("(label, id) > ($1, $2) AND label < $3", "label, id");
pub(crate) const LIST_ON_HOST: &str = walk!(
    "host = $12 AND (host, label, id) > ($12, $1, $2) AND (host, label) < ($12, $3)",
    "host, label, id"
);
pub(crate) const LIST_OF: &str = merge!(
    walk!(
        "scope = '' AND (scope, label) >= ('', $1) AND (scope, label) < ('', $3) AND (label, id) > ($1, $2)",
        "scope, label"
    ),
    walk!(
        "scope = $12 AND (scope, label) >= ($12, $1) AND (scope, label) < ($12, $3) AND (label, id) > ($1, $2) AND scope <> ''",
        "scope, label"
    )
);
pub(crate) const LIST_OF_ON_HOST: &str = merge!(
    walk!(
        "scope = '' AND host = $13 AND (scope, host, label, id) > ('', $13, $1, $2) AND (scope, host, label) < ('', $13, $3)",
        "scope, host, label, id"
    ),
    walk!(
        "scope = $12 AND host = $13 AND (scope, host, label, id) > ($12, $13, $1, $2) AND (scope, host, label) < ($12, $13, $3) \
         AND scope <> ''",
        "scope, host, label, id"
    )
);
/// What does not work and what is switched off: few among many, which lists of them walk to and not past.
pub(crate) const LIST_INVALID: &str = walk!(
    "validity = 'invalid' AND (label, id) > ($1, $2) AND label < $3 AND ($12::text IS NULL OR host = $12)",
    "label, id"
);
pub(crate) const LIST_OFF: &str = walk!(
    "NOT active AND (label, id) > ($1, $2) AND label < $3 AND ($12::text IS NULL OR host = $12)",
    "label, id"
);
pub(crate) const LIST_OF_INVALID: &str = merge!(
    walk!(
        "validity = 'invalid' AND (scope, label, id) > ('', $1, $2) AND (scope, label) < ('', $3) \
         AND ($13::text IS NULL OR host = $13)",
        "scope, label, id"
    ),
    walk!(
        "validity = 'invalid' AND (scope, label, id) > ($12, $1, $2) AND (scope, label) < ($12, $3) \
         AND scope <> '' AND ($13::text IS NULL OR host = $13)",
        "scope, label, id"
    )
);
pub(crate) const LIST_OF_OFF: &str = merge!(
    walk!(
        "NOT active AND (scope, label, id) > ('', $1, $2) AND (scope, label) < ('', $3) \
         AND ($13::text IS NULL OR host = $13)",
        "scope, label, id"
    ),
    walk!(
        "NOT active AND (scope, label, id) > ($12, $1, $2) AND (scope, label) < ($12, $3) \
         AND scope <> '' AND ($13::text IS NULL OR host = $13)",
        "scope, label, id"
    )
);

/// The best few that serve each key in each scope, as an index has them; then each account at its best place. None that is
/// left out by the inner limit could be among the best of all.
macro_rules! serving {
    ($scopes:literal, $condition:literal, $order:literal) => {
        concat!(
            "WITH found AS (SELECT DISTINCT ON (one.account) one.account, wanted.place, one.shared, one.preference, \
             one.label FROM unnest($2::text[]) WITH ORDINALITY AS wanted (key, place) ",
            $scopes,
            "CROSS JOIN LATERAL (SELECT account, shared, preference, label FROM account_serves WHERE ",
            $condition,
            " ORDER BY ",
            $order,
            " LIMIT $3) AS one ORDER BY one.account, wanted.place), \
             best AS MATERIALIZED (SELECT * FROM found ORDER BY place, shared, preference, label, account LIMIT $3) \
             SELECT accounts.* FROM best JOIN accounts ON accounts.id = best.account \
             ORDER BY best.place, best.shared, best.preference, best.label, best.account"
        )
    };
}

pub(crate) const SERVING: &str = serving!(
    "",
    "forge_kind = $1 AND key = wanted.key",
    "shared, preference, label, account"
);
pub(crate) const SERVING_ON_HOST: &str = serving!(
    "",
    "place = $4 || ' ' || $1 || ' ' || wanted.key",
    "shared, preference, label, account"
);
pub(crate) const SERVING_SCOPE: &str = serving!(
    "CROSS JOIN unnest(ARRAY[$4, '']) AS seen (scope) ",
    "forge_kind = $1 AND scope = seen.scope AND key = wanted.key",
    "preference, label, account"
);
pub(crate) const SERVING_SCOPE_ON_HOST: &str = serving!(
    "CROSS JOIN unnest(ARRAY[$4, '']) AS seen (scope) ",
    "scope = seen.scope AND place = $5 || ' ' || $1 || ' ' || wanted.key",
    "preference, label, account"
);

impl Repo<'_> {
    pub(crate) async fn list_accounts(
        &mut self,
        view: &AccountView,
        filter: &AccountFilter,
        after: Option<(&AccountLabel, AccountId)>,
        limit: u32,
    ) -> Result<Vec<AccountRecord>, VaultError> {
        let Some(range) = filter.range(after) else {
            return Ok(Vec::new());
        };
        let is_invalid = filter.validity == Some(Validity::Invalid);
        let is_few = is_invalid || filter.active == Some(false);
        if filter.is_searched() && !is_few {
            return self.find_accounts(view, filter, &range, limit).await;
        }
        let mut page = sqlx::query(match (view, &filter.host) {
            (AccountView::All, _) if is_invalid => LIST_INVALID,
            (AccountView::Of(_), _) if is_invalid => LIST_OF_INVALID,
            (AccountView::All, _) if is_few => LIST_OFF,
            (AccountView::Of(_), _) if is_few => LIST_OF_OFF,
            (AccountView::All, None) => LIST,
            (AccountView::All, Some(_)) => LIST_ON_HOST,
            (AccountView::Of(_), None) => LIST_OF,
            (AccountView::Of(_), Some(_)) => LIST_OF_ON_HOST,
        })
        .bind(range.after_label)
        .bind(range.after_id.map_or(Uuid::nil(), AccountId::as_uuid))
        .bind(&range.before_label)
        .bind(i64::from(limit))
        .bind(filter.forge_kind.map(ForgeKind::as_str))
        .bind(filter.validity.map(Validity::as_str))
        .bind(filter.active)
        .bind(filter.search())
        .bind(filter.ends_before.map(Timestamp::as_millisecond))
        .bind(filter.private)
        .bind(filter.not_ended_at.map(Timestamp::as_millisecond));
        // Of parameters that a statement does not have, none is bound.
        if let AccountView::Of(key) = view {
            page = page.bind(key);
        }
        if is_few || filter.host.is_some() {
            page = page.bind(&filter.host);
        }
        let rows = page.fetch_all(&mut *self.conn).watched(self.watch).await?;
        rows.iter().map(read).collect()
    }

    pub(crate) async fn choose_accounts(
        &mut self,
        view: &AccountView,
        forge_kind: ForgeKind,
        host: Option<&str>,
        keys: &[String],
        limit: u32,
    ) -> Result<Vec<AccountRecord>, VaultError> {
        // The last one is what serves everything.
        let keys: Vec<&str> = keys.iter().map(String::as_str).chain([""]).collect();
        let mut best = sqlx::query(match (view, host) {
            (AccountView::All, None) => SERVING,
            (AccountView::All, Some(_)) => SERVING_ON_HOST,
            (AccountView::Of(_), None) => SERVING_SCOPE,
            (AccountView::Of(_), Some(_)) => SERVING_SCOPE_ON_HOST,
        })
        .bind(forge_kind.as_str())
        .bind(keys)
        .bind(i64::from(limit));
        if let AccountView::Of(key) = view {
            best = best.bind(key);
        }
        if let Some(host) = host {
            best = best.bind(host);
        }
        let rows = best.fetch_all(&mut *self.conn).watched(self.watch).await?;
        Ok(rows.iter().filter_map(readable).collect())
    }
}
