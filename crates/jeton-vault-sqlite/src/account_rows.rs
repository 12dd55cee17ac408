use jeton_domain::{AccountId, AccountLabel, AccountScope, CredentialKind, Sealed, Serves, Validity};
use jeton_vault::{AccountCheck, AccountRecord, VaultError, quota_left};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{
    Sqlite,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::rows::{Reader, to_json};

/// A statement with what is bound to it so far.
pub(crate) type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// The id and the fingerprint, then what [`Found`] binds, then what [`bind_own`] binds, then the token and its time.
pub(crate) const INSERT: &str = "INSERT INTO accounts (id, fingerprint, kind, identity_id, identity_name, scopes, \
    expires_at, end_is_known, validity, finding, report, checked_at, verdict_at, next_check_at, next_warning_at, \
    rotate_at, quota_left, quota_resets_at, label, note, scope, added_by, forge_kind, forge_api_url, forge_web_url, host, username, email, serves, \
    is_default, active, auto_rotate, created_at, updated_at, token, token_since) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, \
    ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36) ON CONFLICT DO NOTHING";

/// The id and the time of the last change, then what [`bind_own`] binds.
pub(crate) const UPDATE: &str = "UPDATE accounts SET label = ?3, note = ?4, scope = ?5, added_by = ?6, \
    forge_kind = ?7, forge_api_url = ?8, forge_web_url = ?9, host = ?10, username = ?11, email = ?12, serves = ?13, \
    is_default = ?14, active = ?15, auto_rotate = ?16, created_at = ?17, updated_at = ?18 \
    WHERE id = ?1 AND updated_at = ?2";

/// The id and the fingerprint, then what [`Found`] binds.
pub(crate) const PUT_CHECK: &str = "UPDATE accounts SET kind = ?3, identity_id = ?4, identity_name = ?5, scopes = ?6, \
    expires_at = ?7, end_is_known = ?8, validity = ?9, finding = ?10, report = ?11, checked_at = ?12, verdict_at = ?13, \
    next_check_at = ?14, next_warning_at = ?15, rotate_at = ?16, quota_left = ?17, quota_resets_at = ?18 WHERE id = ?1 AND fingerprint = ?2";

/// As [`PUT_CHECK`], then the token and what came with it. The time of the last change never moves back: whoever renews a
/// token has read the row some time ago.
pub(crate) const PUT_TOKEN: &str = "UPDATE accounts SET kind = ?3, identity_id = ?4, identity_name = ?5, scopes = ?6, \
    expires_at = ?7, end_is_known = ?8, validity = ?9, finding = ?10, report = ?11, checked_at = ?12, verdict_at = ?13, \
    next_check_at = ?14, next_warning_at = ?15, rotate_at = ?16, quota_left = ?17, quota_resets_at = ?18, token = ?19, fingerprint = ?20, username = ?21, \
    email = ?22, token_since = ?23, updated_at = max(updated_at, ?24) WHERE id = ?1 AND fingerprint = ?2";

pub(crate) fn read(row: &SqliteRow) -> Result<AccountRecord, VaultError> {
    let row = Reader::new(row, "accounts", "id");
    let serves: Vec<String> = row.json("serves")?;
    let serves = serves
        .iter()
        .map(|text| Serves::parse(text).map_err(|_| row.corrupt("serves")));
    Ok(AccountRecord {
        id: AccountId::from_uuid(row.uuid("id")?),
        label: AccountLabel::parse(&row.text("label")?).map_err(|_| row.corrupt("label"))?,
        note: row.text_or_null("note")?,
        scope: AccountScope::from_row(row.text("scope")?),
        added_by: row.text("added_by")?,
        forge: row.forge()?,
        kind: CredentialKind::parse(&row.text("kind")?).ok_or_else(|| row.corrupt("kind"))?,
        username: row.text_or_null("username")?,
        email: row.text_or_null("email")?,
        token: Sealed::from_bytes(row.bytes("token")?),
        fingerprint: row.fingerprint("fingerprint")?,
        serves: serves.collect::<Result<_, _>>()?,
        is_default: row.flag("is_default")?,
        active: row.flag("active")?,
        auto_rotate: row.flag("auto_rotate")?,
        identity_id: row.text_or_null("identity_id")?,
        identity_name: row.text_or_null("identity_name")?,
        scopes: row.json_or_null("scopes")?,
        expires_at: row.time_or_null("expires_at")?,
        end_is_known: row.flag("end_is_known")?,
        validity: Validity::parse(&row.text("validity")?).ok_or_else(|| row.corrupt("validity"))?,
        finding: row.text_or_null("finding")?,
        report: row.json_or_null("report")?,
        checked_at: row.time_or_null("checked_at")?,
        verdict_at: row.time_or_null("verdict_at")?,
        next_check_at: row.time("next_check_at")?,
        next_warning_at: row.time_or_null("next_warning_at")?,
        rotate_at: row.time_or_null("rotate_at")?,
        token_since: row.time("token_since")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// Where many are read and one cannot be: that one is left out, and no other.
pub(crate) fn readable(row: &SqliteRow) -> Option<AccountRecord> {
    read(row)
        .inspect_err(|error| tracing::error!(%error, "an account cannot be read, and is left out"))
        .ok()
}

/// What a look at the forge found, whether it stands in a whole row or alone: 16 parameters.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    kind: CredentialKind,
    identity_id: Option<&'a str>,
    identity_name: Option<&'a str>,
    scopes: Option<&'a Vec<String>>,
    expires_at: Option<Timestamp>,
    end_is_known: bool,
    validity: Validity,
    finding: Option<&'a str>,
    report: Option<&'a Value>,
    checked_at: Option<Timestamp>,
    verdict_at: Option<Timestamp>,
    next_check_at: Timestamp,
    next_warning_at: Option<Timestamp>,
    rotate_at: Option<Timestamp>,
}

impl<'a> From<&'a AccountRecord> for Found<'a> {
    fn from(account: &'a AccountRecord) -> Self {
        Self {
            kind: account.kind,
            identity_id: account.identity_id.as_deref(),
            identity_name: account.identity_name.as_deref(),
            scopes: account.scopes.as_ref(),
            expires_at: account.expires_at,
            end_is_known: account.end_is_known,
            validity: account.validity,
            finding: account.finding.as_deref(),
            report: account.report.as_ref(),
            checked_at: account.checked_at,
            verdict_at: account.verdict_at,
            next_check_at: account.next_check_at,
            next_warning_at: account.next_warning_at,
            rotate_at: account.rotate_at,
        }
    }
}

impl<'a> From<&'a AccountCheck> for Found<'a> {
    fn from(check: &'a AccountCheck) -> Self {
        let (id, name) = check
            .identity
            .as_ref()
            .map(|(id, name)| (id.as_str(), name.as_str()))
            .unzip();
        Self {
            kind: check.kind,
            identity_id: id,
            identity_name: name,
            scopes: check.scopes.as_ref(),
            expires_at: check.expires_at,
            end_is_known: check.end_is_known,
            validity: check.validity,
            finding: check.finding.as_deref(),
            report: Some(&check.report),
            checked_at: Some(check.checked_at),
            verdict_at: check.verdict_at,
            next_check_at: check.next_check_at,
            next_warning_at: check.next_warning_at,
            rotate_at: check.rotate_at,
        }
    }
}

impl Found<'_> {
    pub(crate) fn bind(&self, query: Query) -> Result<Query, VaultError> {
        let quota = quota_left(self.report);
        Ok(query
            .bind(self.kind.as_str())
            .bind(self.identity_id)
            .bind(self.identity_name)
            .bind(self.scopes.map(to_json).transpose()?)
            .bind(self.expires_at.map(Timestamp::as_millisecond))
            .bind(self.end_is_known)
            .bind(self.validity.as_str())
            .bind(self.finding)
            .bind(self.report.map(to_json).transpose()?)
            .bind(self.checked_at.map(Timestamp::as_millisecond))
            .bind(self.verdict_at.map(Timestamp::as_millisecond))
            .bind(self.next_check_at.as_millisecond())
            .bind(self.next_warning_at.map(Timestamp::as_millisecond))
            .bind(self.rotate_at.map(Timestamp::as_millisecond))
            .bind(quota.map(|(permille, _)| permille))
            .bind(quota.map(|(_, resets_at)| resets_at.as_millisecond())))
    }
}

/// What people say of an account: 16 parameters.
pub(crate) fn bind_own(query: Query, account: &AccountRecord) -> Result<Query, VaultError> {
    let serves: Vec<&str> = account.serves.iter().map(Serves::as_str).collect();
    Ok(query
        .bind(account.label.as_str())
        .bind(&account.note)
        .bind(account.scope.as_str())
        .bind(&account.added_by)
        .bind(account.forge.kind().as_str())
        .bind(account.forge.api_url())
        .bind(account.forge.web_url())
        .bind(account.forge.host())
        .bind(&account.username)
        .bind(&account.email)
        .bind(to_json(&serves)?)
        .bind(account.is_default)
        .bind(account.active)
        .bind(account.auto_rotate)
        .bind(account.created_at.as_millisecond())
        .bind(account.updated_at.as_millisecond()))
}
