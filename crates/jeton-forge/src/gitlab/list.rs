//! The projects that a token reaches, page by page.

use http::HeaderMap;
use jeton_domain::{Code, Credential, Diagnosis};
use jeton_outbound::Outbound;
use jiff::Timestamp;
use url::{Url, form_urlencoded};

use super::{diagnose, place::Place, probes, purposes::Role, refusal::Refusal, troubled, wire::ProjectObject};
use crate::{ReachedRepository, RepositoryPage, clean::link_below, headers};

/// What may stand in the token of a page: keyset paging hands on the first two, versions that do not know it number their pages.
const CURSORS: [&str; 3] = ["id_after", "cursor", "page"];

pub(super) async fn list(
    outbound: &Outbound,
    credential: &Credential,
    page: Option<&str>,
    limit: u32,
    now: Timestamp,
) -> Result<RepositoryPage, Box<Diagnosis>> {
    let at = Place::new(&credential.forge, credential.kind);
    let cursor = match page {
        Some(page) => Some(read_cursor(page).ok_or_else(|| Box::new(bad_page()))?),
        None => None,
    };
    let per_page = limit.clamp(1, 100).to_string();
    let mut query = vec![
        ("membership", "true"),
        ("pagination", "keyset"),
        ("order_by", "id"),
        ("sort", "asc"),
        ("per_page", per_page.as_str()),
    ];
    query.extend(cursor.as_ref().map(|(key, value)| (*key, value.as_str())));
    let mut probes = probes(outbound, credential, now)?;
    let answer = match probes.get(&["projects"], &query).await {
        Ok(answer) => answer,
        Err(trouble) => return Err(Box::new(troubled(trouble, &at))),
    };
    if !answer.is_success() {
        let refusal = Refusal::of(&answer).unwrap_or_else(|| Refusal::Other(answer.status, String::new()));
        return Err(Box::new(diagnose(&refusal, &at, "listing projects")));
    }
    let projects: Vec<ProjectObject> = match probes.parse(&answer) {
        Ok(projects) => projects,
        Err(trouble) => return Err(Box::new(troubled(trouble, &at))),
    };
    Ok(RepositoryPage {
        repositories: projects.into_iter().map(|project| reached(project, &at)).collect(),
        // a page that leads to itself would never end
        next: next_cursor(&answer.headers).filter(|next| page != Some(next)),
        remark: None,
    })
}

fn reached(project: ProjectObject, at: &Place<'_>) -> ReachedRepository {
    let level = project
        .permissions
        .as_ref()
        .and_then(super::wire::ProjectPermissions::level);
    ReachedRepository {
        private: project.visibility.as_deref() != Some("public"),
        access: level.map(|level| Role(level).access().to_owned()),
        default_branch: project.default_branch,
        web_url: project.web_url.and_then(|link| link_below(at.forge.web_url(), &link)),
        path: project.path_with_namespace,
    }
}

/// The place of the next page, taken out of `Link`. Only the place: the link's host and path are not followed.
fn next_cursor(headers: &HeaderMap) -> Option<String> {
    let link = Url::parse(&headers::next_link(headers)?).ok()?;
    CURSORS.iter().find_map(|key| {
        let (_, value) = link.query_pairs().find(|(name, _)| name == key)?;
        let text = form_urlencoded::Serializer::new(String::new())
            .append_pair(key, &value)
            .finish();
        read_cursor(&text).map(|_| text)
    })
}

/// Reads what [`next_cursor`] made, which has been in strangers' hands.
fn read_cursor(page: &str) -> Option<(&'static str, String)> {
    if page.len() > 1000 {
        return None;
    }
    let mut pairs = form_urlencoded::parse(page.as_bytes());
    let (name, value) = pairs.next()?;
    let key = CURSORS.into_iter().find(|key| **key == *name)?;
    (pairs.next().is_none() && !value.is_empty()).then(|| (key, value.into_owned()))
}

fn bad_page() -> Diagnosis {
    crate::diagnose::diagnosis(
        Code::RequestInvalid,
        "The page that was asked for is none that this list gave out.",
        "Begin with the first page, and ask for the next with `next` of the page before.",
    )
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::{next_cursor, read_cursor};

    fn linked(target: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        let value = format!(r#"<{target}>; rel="next""#);
        headers.insert(header::LINK, HeaderValue::from_str(&value).unwrap());
        next_cursor(&headers)
    }

    #[test]
    fn a_link_gives_its_place_and_nothing_else() {
        let next = linked("https://evil.example/x?id_after=42&membership=false&private_token=x").unwrap();
        assert_eq!(next, "id_after=42");
        assert_eq!(read_cursor(&next), Some(("id_after", "42".to_owned())));
        let next = linked("https://gitlab.com/api/v4/projects?cursor=eyJpZCI6IjQifQ%3D%3D").unwrap();
        assert_eq!(read_cursor(&next), Some(("cursor", "eyJpZCI6IjQifQ==".to_owned())));
        assert_eq!(linked("https://gitlab.com/api/v4/projects?per_page=2"), None);
        assert_eq!(next_cursor(&HeaderMap::new()), None);
    }

    #[test]
    fn a_page_that_was_never_given_out_is_refused() {
        for bad in [
            "",
            "id_after=",
            "private_token=x",
            "id_after=1&sudo=root",
            "membership=false",
            &"cursor=x".repeat(200),
        ] {
            assert_eq!(read_cursor(bad), None, "{bad}");
        }
    }
}
