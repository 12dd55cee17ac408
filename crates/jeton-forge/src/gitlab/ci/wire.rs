//! What GitLab is sent and sends of runners and variables (<https://docs.gitlab.com/api/users/#create-a-runner-linked-to-a-user>,
//! <https://docs.gitlab.com/api/runners/>, <https://docs.gitlab.com/api/project_level_variables/>).

use std::borrow::Cow;

use jeton_domain::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::wire::ProjectPermissions;

/// The longest token that is believed; GitLab's have less than a hundred characters.
const MOST_TOKEN: usize = 8 * 1024;

/// `POST /user/runners`.
#[derive(Serialize)]
pub(super) struct RunnerBody<'a> {
    pub(super) runner_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) project_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group_id: Option<u64>,
    pub(super) description: &'a str,
    pub(super) tag_list: &'a [String],
    pub(super) run_untagged: bool,
    /// Of a project's alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) locked: Option<bool>,
    pub(super) paused: bool,
    pub(super) access_level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) maximum_timeout: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token_expires_at: Option<String>,
}

/// A project or a group: its number, where it is, and on a project the caller's role.
#[derive(Deserialize)]
pub(super) struct SpaceObject {
    pub(super) id: u64,
    /// Of a project.
    #[serde(default)]
    pub(super) path_with_namespace: Option<String>,
    /// Of a group.
    #[serde(default)]
    pub(super) full_path: Option<String>,
    #[serde(default)]
    pub(super) permissions: Option<ProjectPermissions>,
}

/// The answer to a runner that was made.
#[derive(Deserialize)]
pub(super) struct MadeObject<'b> {
    pub(super) id: u64,
    #[serde(borrow)]
    pub(super) token: Cow<'b, str>,
    #[serde(default)]
    pub(super) token_expires_at: Option<String>,
}

/// The answer to a token that was renewed. GitLab does not publish its shape; the fields are called as in the answer to a new runner.
#[derive(Deserialize)]
pub(super) struct RenewedObject<'b> {
    #[serde(borrow)]
    pub(super) token: Cow<'b, str>,
    #[serde(default)]
    pub(super) token_expires_at: Option<String>,
}

/// A token that can be one; anything else is not the answer that was promised.
pub(super) fn token(text: Cow<'_, str>) -> Option<Secret> {
    let whole = !text.is_empty() && text.len() <= MOST_TOKEN && text.bytes().all(|b| b.is_ascii_graphic());
    whole.then(|| Secret::new(text.into_owned()))
}

/// When a token ends; `None` when it does not, or when the time cannot be read.
pub(super) fn end(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok()
}

/// `GET …/variables/:key`. The answer has the old value in clear text: there is no field for it here, so that it is read over and goes with
/// the body, which is wiped.
#[derive(Deserialize)]
pub(super) struct VariableObject {
    #[serde(default)]
    pub(super) hidden: Option<bool>,
    #[serde(default)]
    pub(super) environment_scope: Option<String>,
}

/// `POST` and `PUT …/variables`.
#[derive(Serialize)]
pub(super) struct VariableBody<'a> {
    /// When it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<&'a str>,
    pub(super) value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) variable_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) protected: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) masked: Option<bool>,
    /// When it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) masked_and_hidden: Option<bool>,
    pub(super) raw: bool,
    /// When it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) environment_scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{MadeObject, VariableObject, end, token};

    #[test]
    fn reads_the_documented_answer_to_a_new_runner() {
        let made: MadeObject<'_> =
            serde_json::from_str(r#"{"id":9171,"token":"gl\u0072t-x","token_expires_at":null}"#).unwrap();
        assert_eq!((made.id, &*made.token, made.token_expires_at), (9171, "glrt-x", None));
        assert_eq!(
            end(Some("2026-12-01T10:00:00.123+02:00")).unwrap().to_string(),
            "2026-12-01T08:00:00.123Z"
        );
        assert_eq!(end(Some("soon")), None);
    }

    #[test]
    fn what_can_be_no_token_is_none() {
        for bad in ["", "two words", "line\n", "tokén", &"x".repeat(9000)] {
            assert!(token(Cow::Borrowed(bad)).is_none(), "{bad:?}");
        }
        assert_eq!(token(Cow::Borrowed("glrt-x")).unwrap().expose(), "glrt-x");
    }

    #[test]
    fn a_variable_is_read_without_its_value() {
        let found: VariableObject = serde_json::from_str(
            r#"{"key":"K","value":"old","hidden":true,"environment_scope":"*","variable_type":"env_var"}"#,
        )
        .unwrap();
        assert_eq!(
            (found.hidden, found.environment_scope.as_deref()),
            (Some(true), Some("*"))
        );
    }
}
