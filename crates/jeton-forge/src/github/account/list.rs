//! The repositories that a token reaches, page by page.

use jeton_domain::{Code, Credential, Diagnosis};
use jiff::Timestamp;

use super::{
    dialect::refusal,
    look::has_scopes,
    reach::access,
    refusal::{self, left_out},
    scopes::Scopes,
    wire::WireRepo,
    words::About,
};
use crate::{ReachedRepository, RepositoryPage, clean::clean, diagnose::diagnosis, headers, probe::Probes};

/// `page` is the number of the page, as GitHub counts from 1.
pub(super) async fn list(
    credential: &Credential,
    mut probes: Probes<'_>,
    page: Option<&str>,
    limit: u32,
    now: Timestamp,
) -> Result<RepositoryPage, Diagnosis> {
    let number: u32 = page.unwrap_or("1").parse().map_err(|_| {
        diagnosis(
            Code::RequestInvalid,
            "The page is none that a list of this account's repositories gave.",
            "Begin with the first page, and ask for each next one with what the page before says.",
        )
    })?;
    let (per_page, shown) = (limit.clamp(1, 100).to_string(), number.to_string());
    // a stable order, so that pages neither repeat nor skip when somebody pushes between them
    let query = [
        ("per_page", per_page.as_str()),
        ("page", shown.as_str()),
        ("sort", "full_name"),
    ];
    let answer = probes
        .get(&["user", "repos"], &query)
        .await
        .map_err(|trouble| trouble.diagnosis)?;
    let about = About {
        kind: credential.kind,
        forge: &credential.forge,
        owner: None,
        repository: None,
        said: None,
        known_end: None,
        now,
    };
    if !answer.is_success() {
        let said = refusal(&answer).map(|body| clean(&body.message));
        let about = About {
            said: said.as_deref(),
            ..about
        };
        return Err(about.explain(&refusal::read(&answer)));
    }
    let repos: Vec<WireRepo> = probes.parse(&answer).map_err(|trouble| trouble.diagnosis)?;
    let scopes = Scopes::granted(&answer.headers).filter(|_| has_scopes(credential));
    let hidden = left_out(&answer.headers);
    let remark = (!hidden.is_empty()).then(|| {
        let names: Vec<String> = hidden
            .iter()
            .map(|id| format!("the organisation with the number {id}"))
            .collect();
        let finding = about.sso_left_out(&names);
        format!("{} {}", finding.cause, finding.remedy)
    });
    let repositories = repos
        .into_iter()
        .map(|repo| ReachedRepository {
            access: access(&repo, scopes.as_ref()).map(str::to_owned),
            path: clean(&repo.full_name),
            private: repo.private,
            default_branch: repo.default_branch.as_deref().map(clean),
            web_url: repo.html_url.as_deref().and_then(|url| about.pages().own(url)),
        })
        .collect();
    // the link itself is not followed: only that there is one matters
    let next = headers::next_link(&answer.headers).and_then(|_| number.checked_add(1));
    Ok(RepositoryPage {
        repositories,
        next: next.map(|number| number.to_string()),
        remark,
    })
}
