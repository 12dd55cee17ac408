use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{AppCheck, CheckedInstallation, Finding};

use super::render;
use crate::{
    auth::{Permitted, rights::AppRead},
    extract::{Name, NoParams, Params},
    failure::Failure,
    state::Shared,
};

/// Proves an App's key, lists where it is installed, and names what is missing. What the forge says against the App is
/// in the findings, not in the status.
#[utoipa::path(
    post,
    path = "/v1/apps/{name}/check",
    operation_id = "checkApp",
    tag = "apps",
    params(("name" = String, Path, description = "Your name for it", example = "ci")),
    responses(
        (status = 200, description = "What was found", body = AppCheck),
        (status = 404, description = "No App has this name", body = jeton_api::Problem),
    )
)]
pub(crate) async fn check_app(
    _: Permitted<AppRead>,
    State(state): State<Shared>,
    Name(name): Name,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let report = state.broker.check_app(&name).await?;
    let installations = report.installations.into_iter().map(|found| CheckedInstallation {
        id: found.id.0,
        owner: found.owner,
        repositories: if found.all_repositories { "all" } else { "selected" }.to_owned(),
        suspended: found.suspended,
        missing_permissions: render::permissions(&found.missing),
    });
    let findings = report.findings.into_iter().map(|finding| Finding {
        code: finding.code,
        detail: finding.detail,
        remedy: finding.remedy,
    });
    let findings: Vec<Finding> = findings.collect();
    let body = AppCheck {
        name: report.name,
        ok: findings.is_empty(),
        slug: report.app.as_ref().map(|app| app.slug.clone()),
        permissions: report
            .app
            .as_ref()
            .map(|app| render::permissions(&app.permissions))
            .unwrap_or_default(),
        installations: installations.collect(),
        more_installations: report.more_installations,
        findings,
    };
    Ok(render::private(StatusCode::OK, body))
}
