use jeton_accounts::{Account, AccountOrigin};
use jeton_api::{InspectFinding, Rotation, TokenIdentity};
use jeton_domain::{AccountScope, TokenEnd};
use jeton_inspect::Finding;
use jiff::Timestamp;

/// An account as JSON; `whole` with its last report.
pub(in super::super) fn account(account: &Account, whole: bool) -> jeton_api::Account {
    let text = |at: Timestamp| at.to_string();
    let (origin, variable) = match account.origin {
        AccountOrigin::Stored => ("stored", None),
        AccountOrigin::Environment { variable } => ("environment", Some(variable.to_owned())),
    };
    jeton_api::Account {
        id: account.id.as_uuid(),
        label: account.label.to_string(),
        source: account.source.clone(),
        origin: origin.to_owned(),
        variable,
        note: account.note.clone(),
        shared: account.scope == AccountScope::Shared,
        owner: account.owner.clone(),
        forge: account.forge.kind().as_str().to_owned(),
        host: account.forge.host().to_owned(),
        web_url: account.forge.web_url().to_owned(),
        kind: account.kind.as_str().to_owned(),
        kind_words: account.kind.words().to_owned(),
        username: account.username.clone(),
        email: account.email.clone(),
        fingerprint: account.fingerprint.to_string(),
        serves: account.serves.iter().map(ToString::to_string).collect(),
        default: account.is_default,
        active: account.active,
        auto_rotate: account.auto_rotate,
        identity: account.identity.as_ref().map(|identity| TokenIdentity {
            id: identity.id.clone(),
            name: identity.name.clone(),
        }),
        scopes: account.scopes.clone(),
        expires_at: account.end.time().map(text),
        expiry: match account.end {
            TokenEnd::At(_) if account.end_is_noted => "noted",
            TokenEnd::At(_) => "known",
            TokenEnd::Never => "never",
            TokenEnd::Unknown => "unknown",
        }
        .to_owned(),
        validity: account.validity.as_str().to_owned(),
        finding: account.finding.as_ref().map(Into::into),
        checked_at: account.checked_at.map(text),
        verdict_at: account.verdict_at.map(text),
        next_check_at: account.next_check_at.map(text),
        rotate_at: account.rotate_at.map(text),
        token_since: account.token_since.map(text),
        created_at: account.created_at.map(text),
        updated_at: account.updated_at.map(text),
        check: account.report.as_ref().filter(|_| whole).map(Into::into),
        rotation: account.rotation.as_ref().filter(|_| whole).map(rotation),
    }
}

fn rotation(rotation: &jeton_accounts::RotationRecord) -> Rotation {
    use jeton_accounts::RotationState;
    let (state, detail) = match rotation.state {
        RotationState::Intended => (
            "intended",
            "The forge will be asked for a new token; the old one is as it was.",
        ),
        RotationState::Asked => (
            "asked",
            "The forge was asked and its answer is not known yet; a look at the old token will tell what became of it.",
        ),
        RotationState::Received => (
            "received",
            "The new token is here and is looked at before it is put in.",
        ),
        RotationState::Done => ("done", "The new token is in; the old one is dead."),
        RotationState::Failed => ("failed", "The forge did not renew the token; the old one is as it was."),
        RotationState::Lost => (
            "lost",
            "The forge renewed the token and its answer was lost: neither can be used. Make a new one by hand.",
        ),
    };
    Rotation {
        id: rotation.id.as_uuid(),
        state: state.to_owned(),
        detail: detail.to_owned(),
        asked_by: rotation.asked_by.clone(),
        attempts: rotation.attempts,
        error: rotation.error.clone(),
        old_fingerprint: rotation.old_fingerprint.to_string(),
        new_fingerprint: rotation.new_fingerprint.as_ref().map(ToString::to_string),
        created_at: rotation.created_at.to_string(),
        changed_at: rotation.changed_at.to_string(),
    }
}

/// What is odd about a pasted text, as JSON.
pub(in super::super) fn finding(finding: &Finding) -> InspectFinding {
    finding.into()
}
