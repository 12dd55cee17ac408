//! What Bitbucket Cloud sends (<https://developer.atlassian.com/cloud/bitbucket/rest/>). Only the fields that are read; each may be missing.

use jeton_domain::ForgeIdentity;
use serde::Deserialize;
use url::Url;

use crate::clean::{link_below, name, name_if_any};

/// `GET /user`.
#[derive(Deserialize)]
pub(super) struct UserObject {
    #[serde(deserialize_with = "name")]
    pub(super) uuid: String,
    #[serde(default, deserialize_with = "name_if_any")]
    username: Option<String>,
    #[serde(default, deserialize_with = "name_if_any")]
    nickname: Option<String>,
    #[serde(default, deserialize_with = "name_if_any")]
    display_name: Option<String>,
}

impl UserObject {
    pub(super) fn identity(self) -> ForgeIdentity {
        let name = self.username.or(self.nickname).or(self.display_name);
        ForgeIdentity {
            name: name.unwrap_or_else(|| self.uuid.clone()),
            id: self.uuid,
        }
    }
}

/// A page of a list.
#[derive(Deserialize)]
pub(super) struct Page<T> {
    pub(super) values: Vec<T>,
    #[serde(default)]
    pub(super) next: Option<String>,
}

/// What may say where the next page begins (its page "REST API introduction", "Pagination").
const CURSORS: [&str; 3] = ["page", "after", "ctx"];

impl<T> Page<T> {
    /// The place of the next page, taken out of `next`. Only the place: the link's host and path are not followed.
    pub(super) fn next_place(&self) -> Option<(&'static str, String)> {
        let link = Url::parse(self.next.as_deref()?).ok()?;
        CURSORS.iter().find_map(|key| {
            let (_, value) = link.query_pairs().find(|(name, _)| name == key)?;
            place_of(key, &value)
        })
    }
}

/// Reads a place that was given out before and has been in strangers' hands.
pub(super) fn place_of(key: &str, value: &str) -> Option<(&'static str, String)> {
    let key = CURSORS.into_iter().find(|one| *one == key)?;
    let fits = !value.is_empty() && value.len() <= 500;
    fits.then(|| (key, value.to_owned()))
}

#[derive(Deserialize)]
pub(super) struct RepositoryObject {
    #[serde(deserialize_with = "name")]
    pub(super) uuid: String,
    #[serde(deserialize_with = "name")]
    pub(super) full_name: String,
    #[serde(default)]
    pub(super) is_private: bool,
    #[serde(default)]
    pub(super) mainbranch: Option<Branch>,
    #[serde(default)]
    pub(super) workspace: Option<WorkspaceObject>,
    #[serde(default)]
    pub(super) project: Option<ProjectObject>,
    #[serde(default)]
    links: Option<Links>,
}

impl RepositoryObject {
    /// Where people see it, if that lies on this Bitbucket.
    pub(super) fn web_url(&self, bitbucket: &str) -> Option<String> {
        link_below(bitbucket, &self.links.as_ref()?.html.as_ref()?.href)
    }
}

#[derive(Deserialize)]
pub(super) struct Branch {
    #[serde(deserialize_with = "name")]
    pub(super) name: String,
}

#[derive(Clone, Deserialize)]
pub(super) struct WorkspaceObject {
    #[serde(default, deserialize_with = "name_if_any")]
    pub(super) uuid: Option<String>,
    #[serde(deserialize_with = "name")]
    pub(super) slug: String,
}

#[derive(Deserialize)]
pub(super) struct ProjectObject {
    #[serde(default, deserialize_with = "name_if_any")]
    pub(super) uuid: Option<String>,
    #[serde(deserialize_with = "name")]
    pub(super) key: String,
}

#[derive(Deserialize)]
struct Links {
    #[serde(default)]
    html: Option<Link>,
}

#[derive(Deserialize)]
struct Link {
    href: String,
}

/// A workspace of a user: by itself in `GET /workspaces`, and wrapped in `GET /user/workspaces`, which took that one's place in 2026.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum UsersWorkspace {
    Wrapped { workspace: WorkspaceObject },
    Plain(WorkspaceObject),
}

impl UsersWorkspace {
    pub(super) fn slug(self) -> String {
        match self {
            Self::Wrapped { workspace } | Self::Plain(workspace) => workspace.slug,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, UserObject, UsersWorkspace, place_of};

    #[test]
    fn both_lists_of_workspaces_are_read() {
        let body = r#"{"values":[
            {"type":"workspace_access","administrator":true,"workspace":{"uuid":"{1}","slug":"acme"}},
            {"type":"workspace","uuid":"{2}","slug":"other","name":"Other"}]}"#;
        let page: Page<UsersWorkspace> = serde_json::from_str(body).unwrap();
        let slugs: Vec<_> = page.values.into_iter().map(UsersWorkspace::slug).collect();
        assert_eq!(slugs, ["acme", "other"]);
    }

    #[test]
    fn a_user_is_known_by_uuid_and_called_by_the_best_name_there_is() {
        let user = |body: &str| serde_json::from_str::<UserObject>(body).unwrap().identity().name;
        assert_eq!(user(r#"{"uuid":"{1}","username":"alice","nickname":"al"}"#), "alice");
        assert_eq!(user(r#"{"uuid":"{1}","nickname":"al","display_name":"Alice A"}"#), "al");
        assert_eq!(user(r#"{"uuid":"{1}"}"#), "{1}");
    }

    #[test]
    fn a_next_page_is_a_place_and_no_address() {
        let next = |url: &str| {
            let page: Page<String> = serde_json::from_value(serde_json::json!({"values": [], "next": url})).unwrap();
            page.next_place()
        };
        assert_eq!(
            next("https://evil.example/2.0/x?pagelen=10&page=2&access_token=x"),
            Some(("page", "2".to_owned()))
        );
        assert_eq!(
            next("https://api.bitbucket.org/2.0/repositories/acme?after=2011-09-03T12%3A33%3A16Z"),
            Some(("after", "2011-09-03T12:33:16Z".to_owned()))
        );
        assert_eq!(next("https://api.bitbucket.org/2.0/repositories/acme"), None);
        assert_eq!(place_of("access_token", "x"), None);
        assert_eq!(place_of("page", ""), None);
    }
}
