//! Bots: whose a project's or a group's token is, by the name of the user it acts as.

use jeton_domain::CredentialKind;

/// The project or group that a bot belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bot {
    Project(u64),
    Group(u64),
}

impl Bot {
    /// Reads `project_123_bot_4ffca233d8298ea1` and the older `project_123_bot`, `project_123_bot2`
    /// (<https://docs.gitlab.com/user/project/settings/project_access_tokens/>, "Bot users for projects"; the same with `group_`).
    pub(super) fn of_username(name: &str) -> Option<Self> {
        let (make, rest): (fn(u64) -> Self, _) = match name.strip_prefix("project_") {
            Some(rest) => (Self::Project, rest),
            None => (Self::Group, name.strip_prefix("group_")?),
        };
        let (id, tail) = rest.split_once("_bot")?;
        let numbered = tail.bytes().all(|b| b.is_ascii_digit());
        let hashed = tail
            .strip_prefix('_')
            .is_some_and(|hash| !hash.is_empty() && hash.bytes().all(|b| b.is_ascii_alphanumeric()));
        if !(numbered || hashed) || !id.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        id.parse().ok().map(make)
    }

    /// Reads `resource_type` and `resource_id` of a token object.
    pub(super) fn of_resource(kind: Option<&str>, id: Option<u64>) -> Option<Self> {
        match (kind?, id?) {
            ("project", id) => Some(Self::Project(id)),
            ("group", id) => Some(Self::Group(id)),
            _ => None,
        }
    }

    /// The kind of such a bot's token.
    pub(super) fn kind(self) -> CredentialKind {
        match self {
            Self::Project(_) => CredentialKind::GitLabProject,
            Self::Group(_) => CredentialKind::GitLabGroup,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bot;

    #[test]
    fn reads_the_names_that_gitlab_gives_its_bots() {
        for (name, want) in [
            ("project_123_bot", Some(Bot::Project(123))),
            ("project_123_bot2", Some(Bot::Project(123))),
            ("project_7_bot_4ffca233d8298ea1", Some(Bot::Project(7))),
            ("group_9_bot_ab", Some(Bot::Group(9))),
            ("project_x_bot", None),
            ("project_1_bottle", None),
            ("project_1_bot_", None),
            ("project__bot", None),
            ("alice", None),
            ("my_project_1_bot", None),
        ] {
            assert_eq!(Bot::of_username(name), want, "{name}");
        }
    }
}
