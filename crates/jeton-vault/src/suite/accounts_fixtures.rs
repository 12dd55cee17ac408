use jeton_domain::{
    AccountId, AccountLabel, AccountScope, CredentialKind, ForgeEndpoint, GrantId, RotationId, Sealed, Serves, Validity,
};
use jiff::Timestamp;
use serde_json::json;

use super::fixtures::{Counting, at, begin, fingerprint, read};
use crate::{
    AccountCheck, AccountFilter, AccountRecord, AccountView, GrantOf, GrantRecord, RotationRecord, RotationState, Vault,
};

pub(super) const ADA: &str = "user:ada";

pub(super) fn label(text: &str) -> AccountLabel {
    AccountLabel::parse(text).unwrap()
}

pub(super) fn private() -> AccountScope {
    AccountScope::Private(ADA.to_owned())
}

/// What somebody sees who is nobody's holder of the private ones but their own.
pub(super) fn seen_by(key: &str) -> AccountView {
    AccountView::Of(key.to_owned())
}

/// A shared account on github.com that was added at the beginning and never looked at.
pub(super) fn account(name: &str) -> AccountRecord {
    let id = AccountId::generate(at(0), &Counting);
    AccountRecord {
        id,
        label: label(name),
        note: None,
        scope: AccountScope::Shared,
        added_by: "operator".to_owned(),
        forge: ForgeEndpoint::github_com(),
        kind: CredentialKind::GitHubClassic,
        username: None,
        email: None,
        token: Sealed::from_bytes(vec![0, 1, 254, 255]),
        fingerprint: fingerprint(&id.to_string()),
        serves: Vec::new(),
        is_default: false,
        active: true,
        auto_rotate: false,
        identity_id: None,
        identity_name: None,
        scopes: None,
        expires_at: None,
        end_is_known: false,
        validity: Validity::Unknown,
        finding: None,
        report: None,
        checked_at: None,
        verdict_at: None,
        next_check_at: at(10),
        next_warning_at: None,
        rotate_at: None,
        token_since: at(0),
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(super) fn private_account(name: &str) -> AccountRecord {
    AccountRecord {
        scope: private(),
        ..account(name)
    }
}

pub(super) fn serving(name: &str, keys: &[&str]) -> AccountRecord {
    AccountRecord {
        serves: keys.iter().map(|key| Serves::parse(key).unwrap()).collect(),
        ..account(name)
    }
}

/// Every field with something in it, and none as [`account`] has it.
pub(super) fn full_account(name: &str) -> AccountRecord {
    AccountRecord {
        note: Some("Ada's, for \"tools\" ünïcode".to_owned()),
        scope: private(),
        added_by: "user:ada".to_owned(),
        forge: ForgeEndpoint::gitlab("https://git.example.com/lab").unwrap(),
        kind: CredentialKind::GitLabGroup,
        username: Some("ada".to_owned()),
        email: Some("ada@example.com".to_owned()),
        token: Sealed::from_bytes(vec![9; 80]),
        serves: vec![Serves::parse("acme").unwrap(), Serves::parse("b/c").unwrap()],
        is_default: true,
        active: false,
        auto_rotate: true,
        identity_id: Some("4711".to_owned()),
        identity_name: Some("ada".to_owned()),
        scopes: Some(vec!["api".to_owned(), "read_user".to_owned()]),
        expires_at: Some(at(9000)),
        end_is_known: true,
        validity: Validity::Valid,
        finding: Some("account.expires_soon".to_owned()),
        report: Some(json!({"evidence": [1, "zwei"]})),
        checked_at: Some(at(1)),
        verdict_at: Some(at(2)),
        next_check_at: at(3),
        next_warning_at: Some(at(4)),
        rotate_at: Some(at(5)),
        token_since: at(6),
        created_at: at(7),
        updated_at: at(8),
        ..account(name)
    }
}

/// A look that found the token valid and nothing to say.
pub(super) fn check(validity: Validity, checked: Timestamp) -> AccountCheck {
    AccountCheck {
        kind: CredentialKind::GitHubClassic,
        identity: None,
        scopes: None,
        expires_at: None,
        end_is_known: false,
        validity,
        finding: None,
        report: json!({}),
        checked_at: checked,
        verdict_at: None,
        next_check_at: at(5000),
        next_warning_at: None,
        rotate_at: None,
    }
}

/// A renewal that was written down and no more.
pub(super) fn rotation(of: &AccountRecord, created: Timestamp) -> RotationRecord {
    RotationRecord {
        id: RotationId::generate(created, &Counting),
        account: of.id,
        state: RotationState::Intended,
        old_fingerprint: of.fingerprint.clone(),
        new_token: None,
        new_expires_at: None,
        new_fingerprint: None,
        holder: None,
        attempts: 0,
        asked_by: "watch".to_owned(),
        error: None,
        created_at: created,
        changed_at: created,
        alarmed_at: None,
    }
}

/// A grant of an account's token, which has no permissions of its own.
pub(super) fn account_grant(of: &AccountRecord, issued: Timestamp, ends: Timestamp) -> GrantRecord {
    GrantRecord {
        id: GrantId::generate(issued, &Counting),
        of: GrantOf::Account(of.id),
        forge: of.forge.host().to_owned(),
        source: format!("account:{}", of.label),
        repositories: Vec::new(),
        permissions: None,
        fingerprint: of.fingerprint.clone(),
        holder: "client:ci".to_owned(),
        holder_key: "client:an id".to_owned(),
        rule: String::new(),
        address: None,
        request_id: None,
        issued_at: issued,
        expires_at: ends,
        released_at: None,
    }
}

/// Adds accounts in a transaction of their own.
pub(super) async fn add_accounts(vault: &dyn Vault, accounts: &[&AccountRecord]) {
    let mut tx = begin(vault).await;
    for account in accounts {
        tx.accounts().add(account).await.unwrap();
    }
    tx.commit().await.unwrap();
}

pub(super) async fn find_account(vault: &dyn Vault, id: AccountId) -> Option<AccountRecord> {
    read(vault).await.accounts().find(id).await.unwrap()
}

pub(super) fn labels(accounts: &[AccountRecord]) -> Vec<&str> {
    accounts.iter().map(|account| account.label.as_str()).collect()
}

/// All pages of a list, one after the other.
pub(super) async fn walk(
    vault: &dyn Vault,
    view: &AccountView,
    filter: &AccountFilter,
    limit: u32,
) -> Vec<AccountRecord> {
    let mut all: Vec<AccountRecord> = Vec::new();
    loop {
        let after = all.last().map(|last| (&last.label, last.id));
        let mut tx = read(vault).await;
        let page = tx.accounts().list(view, filter, after, limit).await.unwrap();
        assert!(page.len() <= limit as usize);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}
