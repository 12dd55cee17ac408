use jeton_domain::ForgeKind;

use crate::{bitbucket, github};

/// What GitLab's `api` and the scopes that write hold of the others
/// (<https://docs.gitlab.com/user/profile/personal_access_tokens/#personal-access-token-scopes>).
const AT_GITLAB: [(&str, &[&str]); 3] = [
    (
        "api",
        &[
            "create_runner",
            "manage_runner",
            "read_api",
            "read_repository",
            "read_user",
            "self_rotate",
            "write_repository",
        ],
    ),
    ("read_api", &["read_user"]),
    ("write_repository", &["read_repository"]),
];

/// Whether scopes of a forge's token hold this one, as it is or within a wider one.
pub fn scopes_hold(forge: ForgeKind, held: &[String], wanted: &str) -> bool {
    match forge {
        ForgeKind::GitHub => github::scopes_hold(held, wanted),
        ForgeKind::GitLab => held.iter().any(|held| {
            let within = AT_GITLAB.iter().find(|(wide, _)| wide == held);
            held == wanted || within.is_some_and(|(_, narrow)| narrow.contains(&wanted))
        }),
        ForgeKind::Bitbucket => bitbucket::scopes_hold(held, wanted),
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::ForgeKind::{self, Bitbucket, GitHub, GitLab};

    use super::scopes_hold;

    #[test]
    fn a_wider_scope_holds_a_narrower_one_and_not_the_other_way_round() {
        let cases: [(ForgeKind, &str, &str); 4] = [
            (GitHub, "repo", "public_repo"),
            (GitLab, "api", "read_repository"),
            (GitLab, "write_repository", "read_repository"),
            (Bitbucket, "repository:write", "repository"),
        ];
        for (forge, wide, narrow) in cases {
            assert!(scopes_hold(forge, &[wide.to_owned()], narrow), "{wide}, {narrow}");
            assert!(scopes_hold(forge, &[wide.to_owned()], wide));
            assert!(!scopes_hold(forge, &[narrow.to_owned()], wide), "{narrow}, {wide}");
            assert!(!scopes_hold(forge, &[], wide));
        }
    }
}
