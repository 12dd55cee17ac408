use std::collections::HashSet;

use jeton_domain::{AccountId, AccountLabel, ForgeKind, Validity};
use jeton_vault::{AccountFilter, AccountRecord, AccountView, VaultError};
use jiff::Timestamp;

use crate::{
    account_rows::{read, readable},
    errors::failed,
    tx::Repo,
};

/// A walk along an index in the order of the labels, from a place in it. The conditions that are looked at on the way may
/// leave out many rows: to have an index for each would cost more than such pages are worth.
macro_rules! walk {
    ($index:literal, $condition:literal) => {
        concat!(
            "SELECT * FROM accounts INDEXED BY ",
            $index,
            " WHERE ",
            $condition,
            " AND (label, id) > (?1, ?2) AND label < ?3 AND (?5 IS NULL OR forge_kind = ?5) \
             AND (?6 IS NULL OR validity = ?6) AND (?7 IS NULL OR active = ?7) AND (?8 IS NULL OR instr(search, ?8) > 0) \
             AND (?9 IS NULL OR expires_at < ?9) AND (?10 IS NULL OR (scope <> '') = ?10) \
             AND (?11 IS NULL OR expires_at IS NULL OR expires_at > ?11) ORDER BY label, id LIMIT ?4"
        )
    };
}

/// Two walks, each with a limit of its own, and their rows in one order. A private label and a shared one may be the same;
/// within its scope each is unique.
macro_rules! merge {
    ($shared:expr, $private:expr) => {
        concat!(
            "SELECT * FROM (",
            $shared,
            ") UNION ALL SELECT * FROM (",
            $private,
            ") ORDER BY label, id LIMIT ?4"
        )
    };
}

pub(crate) const LIST: &str = walk!("accounts_by_label", "TRUE");
pub(crate) const LIST_ON_HOST: &str = walk!("accounts_by_host", "host = ?12");
pub(crate) const LIST_OF: &str = merge!(
    walk!("accounts_labels", "scope = ''"),
    walk!("accounts_labels", "scope = ?12 AND scope <> ''")
);
pub(crate) const LIST_OF_ON_HOST: &str = merge!(
    walk!("accounts_of_scope_by_host", "scope = '' AND host = ?13"),
    walk!(
        "accounts_of_scope_by_host",
        "scope = ?12 AND scope <> '' AND host = ?13"
    )
);
/// What does not work and what is switched off: few among many, which lists of them walk to and not past.
pub(crate) const LIST_INVALID: &str = walk!(
    "accounts_invalid",
    "validity = 'invalid' AND (?12 IS NULL OR host = ?12)"
);
pub(crate) const LIST_OFF: &str = walk!("accounts_off", "NOT active AND (?12 IS NULL OR host = ?12)");
pub(crate) const LIST_OF_INVALID: &str = merge!(
    walk!(
        "accounts_invalid_of_scope",
        "validity = 'invalid' AND scope = '' AND (?13 IS NULL OR host = ?13)"
    ),
    walk!(
        "accounts_invalid_of_scope",
        "validity = 'invalid' AND scope = ?12 AND scope <> '' AND (?13 IS NULL OR host = ?13)"
    )
);
pub(crate) const LIST_OF_OFF: &str = merge!(
    walk!(
        "accounts_off_of_scope",
        "NOT active AND scope = '' AND (?13 IS NULL OR host = ?13)"
    ),
    walk!(
        "accounts_off_of_scope",
        "NOT active AND scope = ?12 AND scope <> '' AND (?13 IS NULL OR host = ?13)"
    )
);

/// The best few that serve one key, as an index has them.
macro_rules! serving {
    ($index:literal, $condition:literal, $order:literal) => {
        concat!(
            "SELECT accounts.* FROM (SELECT account, shared, preference, label FROM account_serves INDEXED BY ",
            $index,
            " WHERE forge_kind = ?1 AND key = ?2 AND ",
            $condition,
            " ORDER BY ",
            $order,
            " LIMIT ?3) AS best CROSS JOIN accounts ON accounts.id = best.account \
             ORDER BY best.shared, best.preference, best.label, best.account"
        )
    };
}

pub(crate) const SERVING: &str = serving!("account_serves_anybody", "TRUE", "shared, preference, label, account");
pub(crate) const SERVING_ON_HOST: &str = serving!(
    "account_serves_anybody_on_host",
    "host = ?4",
    "shared, preference, label, account"
);
pub(crate) const SERVING_SCOPE: &str = serving!("account_serves_scope", "scope = ?4", "preference, label, account");
pub(crate) const SERVING_SCOPE_ON_HOST: &str = serving!(
    "account_serves_scope_on_host",
    "scope = ?4 AND host = ?5",
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
        // Nothing is below the empty text.
        .bind(range.after_id.map_or_else(String::new, |id| id.to_string()))
        .bind(&range.before_label)
        .bind(limit)
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
        let rows = page
            .fetch_all(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        rows.iter().map(read).collect()
    }

    /// Key by key and scope by scope in the order that is asked for, until there are enough: the first place at which an
    /// account comes up is its own.
    pub(crate) async fn choose_accounts(
        &mut self,
        view: &AccountView,
        forge_kind: ForgeKind,
        host: Option<&str>,
        keys: &[String],
        limit: u32,
    ) -> Result<Vec<AccountRecord>, VaultError> {
        let scopes = match view {
            AccountView::All => vec![None],
            AccountView::Of(key) => vec![Some(key.as_str()), Some("")],
        };
        let mut chosen = Vec::new();
        let mut seen = HashSet::new();
        for key in keys.iter().map(String::as_str).chain([""]) {
            for scope in &scopes {
                let mut best = sqlx::query(match (scope, host) {
                    (None, None) => SERVING,
                    (None, Some(_)) => SERVING_ON_HOST,
                    (Some(_), None) => SERVING_SCOPE,
                    (Some(_), Some(_)) => SERVING_SCOPE_ON_HOST,
                })
                .bind(forge_kind.as_str())
                .bind(key)
                // Some may have come up already, but no more than are not needed any more.
                .bind(limit);
                for value in scope.iter().chain(&host) {
                    best = best.bind(*value);
                }
                let rows = best
                    .fetch_all(&mut *self.conn)
                    .await
                    .map_err(|error| failed(self.place, error))?;
                chosen.extend(
                    rows.iter()
                        .filter_map(readable)
                        .filter(|account| seen.insert(account.id)),
                );
                if chosen.len() >= limit as usize {
                    chosen.truncate(limit as usize);
                    return Ok(chosen);
                }
            }
        }
        Ok(chosen)
    }
}
