//! What GitLab sends (<https://docs.gitlab.com/api/personal_access_tokens/>, <https://docs.gitlab.com/api/projects/>). Only the fields that
//! are read; each may be missing on some version.

use std::borrow::Cow;

use jeton_domain::TokenEnd;
use jiff::{civil::Date, tz::TimeZone};
use serde::Deserialize;

use crate::clean::{name, name_if_any, names};

/// A token's own description of itself.
#[derive(Deserialize)]
pub(super) struct TokenObject {
    pub(super) user_id: u64,
    #[serde(default, deserialize_with = "names")]
    pub(super) scopes: Vec<String>,
    #[serde(default)]
    pub(super) revoked: bool,
    #[serde(default)]
    pub(super) active: Option<bool>,
    #[serde(default)]
    pub(super) expires_at: Option<String>,
    /// `project` or `group`, where a version tells it of a bot's token.
    #[serde(default)]
    pub(super) resource_type: Option<String>,
    #[serde(default)]
    pub(super) resource_id: Option<u64>,
}

/// The answer to a renewal. Its body is wiped by whoever holds it, and this field by [`jeton_domain::Secret`].
#[derive(Deserialize)]
pub(super) struct RenewedObject<'b> {
    #[serde(borrow)]
    pub(super) token: Cow<'b, str>,
    #[serde(default)]
    pub(super) expires_at: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct UserObject {
    pub(super) id: u64,
    #[serde(deserialize_with = "name")]
    pub(super) username: String,
    #[serde(default)]
    pub(super) bot: Option<bool>,
    #[serde(default)]
    pub(super) is_admin: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct ProjectObject {
    pub(super) id: u64,
    #[serde(deserialize_with = "name")]
    pub(super) path_with_namespace: String,
    #[serde(default)]
    pub(super) visibility: Option<String>,
    #[serde(default)]
    pub(super) archived: bool,
    #[serde(default, deserialize_with = "name_if_any")]
    pub(super) default_branch: Option<String>,
    #[serde(default)]
    pub(super) web_url: Option<String>,
    #[serde(default)]
    pub(super) permissions: Option<ProjectPermissions>,
}

#[derive(Deserialize)]
pub(super) struct ProjectPermissions {
    #[serde(default)]
    project_access: Option<Access>,
    #[serde(default)]
    group_access: Option<Access>,
}

#[derive(Deserialize)]
pub(super) struct Access {
    pub(super) access_level: u16,
}

impl ProjectPermissions {
    /// The higher of the two roles that a user may have on a project.
    pub(super) fn level(&self) -> Option<u16> {
        let levels = [&self.project_access, &self.group_access];
        levels.into_iter().flatten().map(|access| access.access_level).max()
    }
}

#[derive(Deserialize)]
pub(super) struct Associations {
    #[serde(default)]
    pub(super) groups: Vec<AssociatedGroup>,
    #[serde(default)]
    pub(super) projects: Vec<AssociatedProject>,
}

#[derive(Deserialize)]
pub(super) struct AssociatedGroup {
    #[serde(deserialize_with = "name")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "name_if_any")]
    pub(super) web_url: Option<String>,
    #[serde(default)]
    pub(super) access_levels: Option<u16>,
}

#[derive(Deserialize)]
pub(super) struct AssociatedProject {
    #[serde(deserialize_with = "name")]
    pub(super) path_with_namespace: String,
    #[serde(default)]
    pub(super) access_levels: Option<AssociatedLevels>,
}

#[derive(Deserialize)]
pub(super) struct AssociatedLevels {
    #[serde(default)]
    project_access_level: Option<u16>,
    #[serde(default)]
    group_access_level: Option<u16>,
}

impl AssociatedLevels {
    pub(super) fn level(&self) -> Option<u16> {
        self.project_access_level.max(self.group_access_level)
    }
}

/// When a token with this `expires_at` ends: at 00:00 UTC of that day. No date at all means never; a date that cannot be read is not guessed
/// at.
pub(super) fn end(expires_at: Option<&str>) -> TokenEnd {
    let Some(text) = expires_at else {
        return TokenEnd::Never;
    };
    let midnight = text
        .parse::<Date>()
        .ok()
        .and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    midnight.map_or(TokenEnd::Unknown, |start| TokenEnd::At(start.timestamp()))
}

/// The path of a group, which the list of associations gives only as a URL.
pub(super) fn group_path(group: &AssociatedGroup) -> String {
    group
        .web_url
        .as_deref()
        .and_then(|url| url.split_once("/groups/"))
        .map_or_else(|| group.name.clone(), |(_, path)| path.trim_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use jeton_domain::TokenEnd;

    use super::{AssociatedGroup, Associations, RenewedObject, TokenObject, end, group_path};

    #[test]
    fn a_token_ends_when_its_day_begins_in_utc() {
        let TokenEnd::At(at) = end(Some("2027-03-01")) else {
            panic!("a date is a time");
        };
        assert_eq!(at.to_string(), "2027-03-01T00:00:00Z");
        assert_eq!(end(None), TokenEnd::Never);
        assert_eq!(end(Some("soon")), TokenEnd::Unknown);
    }

    #[test]
    fn reads_the_documented_examples() {
        let token: TokenObject = serde_json::from_str(
            r#"{"id":4,"name":"Test Token","revoked":false,"created_at":"2020-07-23T14:31:47.729Z","description":"d",
                "scopes":["api"],"user_id":3,"last_used_at":"2021-10-06T17:58:37.550Z","active":true,"expires_at":null}"#,
        )
        .unwrap();
        assert_eq!((token.user_id, token.active, token.revoked), (3, Some(true), false));
        let found: Associations = serde_json::from_str(
            r#"{"groups":[{"id":1,"web_url":"http://gitlab.example.com/groups/test/deep","name":"Deep","access_levels":20}],
                "projects":[{"id":1337,"path_with_namespace":"test/p",
                "access_levels":{"project_access_level":null,"group_access_level":20}}]}"#,
        )
        .unwrap();
        assert_eq!(group_path(&found.groups[0]), "test/deep");
        assert_eq!(found.projects[0].access_levels.as_ref().unwrap().level(), Some(20));
        let nameless = AssociatedGroup {
            name: "Deep".to_owned(),
            web_url: None,
            access_levels: None,
        };
        assert_eq!(group_path(&nameless), "Deep");
    }

    #[test]
    fn a_renewal_without_a_token_is_none() {
        assert!(serde_json::from_str::<RenewedObject<'_>>(r#"{"id":42,"expires_at":"2026-08-15"}"#).is_err());
    }
}
