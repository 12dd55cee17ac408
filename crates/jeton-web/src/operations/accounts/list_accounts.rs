use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::AccountFilter;
use jeton_api::AccountList;
use jeton_domain::{AccountId, AccountLabel, Code, ForgeKind, Validity};
use serde::Deserialize;

use super::{account, arguments, render};
use crate::{
    auth::Known,
    extract::{Params, shown},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// What stands behind the `?`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountParams {
    /// Where the page begins: `next` of the page before.
    #[param(nullable = false, required = false)]
    after: Option<String>,
    /// How many at most, 1 to 500; 50 when left out.
    #[param(minimum = 1, maximum = 500, nullable = false, required = false)]
    limit: Option<u32>,
    /// Those of one kind of forge: `github`, `gitlab` or `bitbucket`.
    #[param(nullable = false, required = false)]
    forge: Option<String>,
    /// Those on one host.
    #[param(nullable = false, required = false)]
    host: Option<String>,
    /// Those that stand so: `valid`, `invalid` or `unknown`.
    #[param(nullable = false, required = false)]
    validity: Option<String>,
    /// Those that may be used, or may not.
    #[param(nullable = false, required = false)]
    active: Option<bool>,
    /// Those whose label begins so.
    #[param(nullable = false, required = false)]
    label: Option<String>,
    /// Those with this text in their label, note, user name, e-mail address, name at the forge or host.
    #[param(nullable = false, required = false)]
    search: Option<String>,
    /// Those whose token ends before this time, as far as that is known or noted: RFC 3339, or a day such as `2026-12-31`.
    #[param(nullable = false, required = false)]
    ends_before: Option<String>,
}

/// The accounts that the caller may see, by label: shared ones and their own; all of them for operators. Never their tokens.
#[utoipa::path(
    get,
    path = "/v1/accounts",
    operation_id = "listAccounts",
    tag = "accounts",
    params(AccountParams),
    responses((status = 200, description = "A page of accounts", body = AccountList))
)]
pub(crate) async fn list_accounts(
    Known(caller): Known,
    State(state): State<Shared>,
    id: RequestId,
    Params(params): Params<AccountParams>,
) -> Result<Response, Failure> {
    let accounts = state.broker.accounts();
    accounts.permit_look(&caller, Some(id.as_str()))?;
    let limit = arguments::limit(params.limit)?;
    let filter = AccountFilter {
        forge_kind: params.forge.as_deref().map(forge).transpose()?,
        host: params.host.map(|host| host.to_ascii_lowercase()),
        validity: params.validity.as_deref().map(validity).transpose()?,
        active: params.active,
        label_prefix: params.label,
        text: params.search,
        ends_before: params
            .ends_before
            .as_deref()
            .map(|text| arguments::end("ends_before", text))
            .transpose()?,
        private: None,
        not_ended_at: None,
    };
    let after = params.after.as_deref().map(read_place).transpose()?;
    let after = after.as_ref().map(|(label, id)| (label, *id));
    let page = accounts.list(&caller, &filter, after, limit).await?;
    let body = AccountList {
        accounts: page.accounts.iter().map(|one| account(one, false)).collect(),
        next: page.next.map(|(label, id)| format!("{label}/{id}")),
    };
    Ok(render::private(StatusCode::OK, body))
}

fn forge(word: &str) -> Result<ForgeKind, Failure> {
    ForgeKind::parse(word).ok_or_else(|| {
        let detail = format!("forge: \"{}\" is no kind of forge", shown(word, 40));
        Failure::new(Code::RequestInvalid, detail).with_remedy("Choose among github, gitlab and bitbucket.")
    })
}

fn validity(word: &str) -> Result<Validity, Failure> {
    Validity::parse(word).ok_or_else(|| {
        let detail = format!("validity: \"{}\" is no standing of an account", shown(word, 40));
        Failure::new(Code::RequestInvalid, detail).with_remedy("Choose among valid, invalid and unknown.")
    })
}

/// The label alone is not enough: private accounts of several owners may share it. It has no `/`.
fn read_place(text: &str) -> Result<(AccountLabel, AccountId), Failure> {
    let place = text.split_once('/');
    let place = place.and_then(|(label, id)| Some((AccountLabel::parse(label).ok()?, id.parse().ok()?)));
    place.ok_or_else(|| {
        Failure::new(Code::RequestInvalid, "after is not what `next` of a page says")
            .with_remedy("Send `next` of the page before, as it is; leave `after` out for the first page.")
    })
}
