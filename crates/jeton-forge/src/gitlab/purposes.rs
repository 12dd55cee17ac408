//! Which scopes and which role each purpose wants. Scopes: <https://docs.gitlab.com/user/profile/personal_access_tokens/>; roles:
//! <https://docs.gitlab.com/user/permissions/>.

use jeton_domain::{Fitness, Purpose, PurposeFinding};

/// A role as the number that the API has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Role(pub(super) u16);

impl Role {
    pub(super) const REPORTER: Self = Self(20);
    pub(super) const DEVELOPER: Self = Self(30);
    pub(super) const MAINTAINER: Self = Self(40);
    pub(super) const OWNER: Self = Self(50);

    pub(super) fn name(self) -> &'static str {
        match self.0 {
            50.. => "Owner",
            40.. => "Maintainer",
            30.. => "Developer",
            20.. => "Reporter",
            15.. => "Planner",
            10.. => "Guest",
            5.. => "Minimal Access",
            _ => "none",
        }
    }

    /// What it lets its holder do, in the three words that all forges share.
    pub(super) fn access(self) -> &'static str {
        match self.0 {
            40.. => "admin",
            30.. => "write",
            _ => "read",
        }
    }
}

/// What a purpose wants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    /// One of them will do; the least first.
    pub(super) scopes: &'static [&'static str],
    /// The least role with which it surely works.
    pub(super) role: Role,
    /// What it is for, to stand behind "for".
    pub(super) words: &'static str,
}

pub(super) fn need(purpose: Purpose) -> Need {
    match purpose {
        Purpose::ReadContent => Need {
            scopes: &["read_repository", "read_api", "api"],
            role: Role::REPORTER,
            words: "reading files, branches and commits",
        },
        Purpose::ManagePullRequests => Need {
            scopes: &["api"],
            role: Role::DEVELOPER,
            words: "opening and changing merge requests",
        },
        Purpose::Push => Need {
            scopes: &["write_repository", "api"],
            role: Role::DEVELOPER,
            words: "pushing commits",
        },
        Purpose::RegisterRunners => Need {
            scopes: &["create_runner", "api"],
            role: Role::OWNER,
            words: "registering runners",
        },
        Purpose::ManageSecrets => Need {
            scopes: &["api"],
            role: Role::MAINTAINER,
            words: "writing CI/CD variables",
        },
    }
}

/// What is known of a token's standing in a project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Standing<'a> {
    /// The project, when one was named or the token has one of its own.
    pub(super) project: Option<&'a str>,
    /// Whether GitLab says that there is no such project for this token.
    pub(super) invisible: bool,
    /// The user's role there.
    pub(super) role: Option<Role>,
    /// Whether nobody can write to it.
    pub(super) archived: bool,
    /// Whether the user administers all of that GitLab, where roles do not bind.
    pub(super) admin: bool,
    /// Whether the files there were read.
    pub(super) read_files: Option<bool>,
}

/// Whether a token with these scopes and this standing will do.
pub(super) fn find(purpose: Purpose, scopes: Option<&[String]>, standing: Standing<'_>) -> PurposeFinding {
    let need = need(purpose);
    let (fit, missing, why) = judge(purpose, need, scopes, standing);
    PurposeFinding {
        purpose,
        fit,
        missing,
        why,
    }
}

fn judge(
    purpose: Purpose,
    need: Need,
    scopes: Option<&[String]>,
    standing: Standing<'_>,
) -> (Fitness, Vec<String>, String) {
    let least = need.scopes.first().copied().unwrap_or_default();
    let held = scopes.and_then(|held| need.scopes.iter().find(|one| held.iter().any(|scope| scope == *one)));
    if purpose == Purpose::ReadContent && standing.read_files == Some(true) {
        let project = standing.project.unwrap_or_default();
        return (
            Fitness::Yes,
            vec![],
            format!("The files of `{project}` were listed with it."),
        );
    }
    match scopes {
        // a fine-grained token has this one scope, and GitLab lists its permissions nowhere
        Some(scopes) if scopes.iter().any(|scope| scope == "granular") => {
            let why = "It is a fine-grained token, whose permissions GitLab does not tell; nothing short of doing it would show.";
            return (Fitness::Unknown, vec![], why.to_owned());
        }
        Some(_) if held.is_none() => {
            return (
                Fitness::No,
                vec![least.to_owned()],
                format!("It has none of the scopes that would do: {}.", need.scopes.join(", ")),
            );
        }
        Some(_) => {}
        None => {
            return (
                Fitness::Unknown,
                vec![],
                "GitLab did not tell the token's scopes.".to_owned(),
            );
        }
    }
    let scope = held.copied().unwrap_or(least);
    by_role(purpose, need, scope, standing)
}

/// The scopes will do; the rest is the role.
fn by_role(purpose: Purpose, need: Need, scope: &str, standing: Standing<'_>) -> (Fitness, Vec<String>, String) {
    let wanted = need.role.name();
    let Some(project) = standing.project else {
        return (
            Fitness::Unknown,
            vec![],
            format!(
                "Its scope `{scope}` will do; whether its user's role will ({wanted} at least) depends on the project: name one."
            ),
        );
    };
    if standing.invisible {
        return (
            Fitness::No,
            vec![],
            format!("There is no project `{project}`, or its user may not see it."),
        );
    }
    let missing = || vec![format!("role {wanted}")];
    if purpose == Purpose::ReadContent && standing.read_files == Some(false) {
        return (
            Fitness::No,
            missing(),
            format!("Its scope `{scope}` will do, and GitLab refused the files of `{project}`."),
        );
    }
    if standing.archived && matches!(purpose, Purpose::Push | Purpose::ManagePullRequests) {
        return (
            Fitness::No,
            vec![],
            format!("`{project}` is archived: nobody can write to it until an Owner unarchives it."),
        );
    }
    let Some(role) = standing.role else {
        return (
            Fitness::Unknown,
            vec![],
            format!("Its scope `{scope}` will do; GitLab did not tell its user's role on `{project}`."),
        );
    };
    let has = format!(
        "Its scope `{scope}` will do, and its user has the role {} on `{project}`",
        role.name()
    );
    if role >= need.role {
        let why = if purpose == Purpose::Push {
            format!("{has}; a protected branch may still want more.")
        } else {
            format!("{has}.")
        };
        return (Fitness::Yes, vec![], why);
    }
    if standing.admin {
        let why = format!(
            "{has}, which is too little ({wanted} is wanted); but its user is an administrator, whom GitLab may let do it."
        );
        return (Fitness::Unknown, vec![], why);
    }
    if purpose == Purpose::RegisterRunners && role >= Role::MAINTAINER {
        let why = format!("{has}; GitLab's documentation asks for {wanted}, and some versions let a Maintainer do it.");
        return (Fitness::Unknown, vec![], why);
    }
    (
        Fitness::No,
        missing(),
        format!("{has}, which is too little: {wanted} is wanted."),
    )
}

/// The fewest scopes that do for all the purposes, in the order of GitLab's page.
pub(super) fn least_scopes(purposes: &[Purpose]) -> Vec<&'static str> {
    let all: Vec<Need> = purposes.iter().map(|purpose| need(*purpose)).collect();
    // `api` holds all others, and whoever needs it needs none besides
    if all.iter().any(|need| need.scopes == ["api"]) {
        return vec!["api"];
    }
    let order = ["read_repository", "write_repository", "create_runner"];
    order
        .into_iter()
        .filter(|scope| all.iter().any(|need| need.scopes.first() == Some(scope)))
        .collect()
}

/// The least role that does for all the purposes.
pub(super) fn least_role(purposes: &[Purpose]) -> Role {
    let roles = purposes.iter().map(|purpose| need(*purpose).role);
    roles.max().unwrap_or(Role::REPORTER)
}

#[cfg(test)]
#[path = "purposes_tests.rs"]
mod tests;
