//! Which scopes each purpose wants. API tokens have Atlassian's newer names (`read:repository:bitbucket`), of which none holds another;
//! access tokens have those of OAuth (`repository:write`), where writing holds reading
//! (<https://support.atlassian.com/bitbucket-cloud/docs/api-token-permissions/>,
//! <https://developer.atlassian.com/cloud/bitbucket/rest/intro/#scopes>).

use jeton_domain::{CredentialKind, Fitness, Purpose, PurposeFinding};

/// What a user may do with a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Read,
    Write,
    Admin,
}

impl Role {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

/// What a purpose wants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    /// All of them, for an API token.
    pub(super) api_token: &'static [&'static str],
    /// The one that an access token needs.
    pub(super) access_token: &'static str,
    /// The least that the user must be allowed on the repository.
    pub(super) role: Role,
    /// What it is for, to stand behind "for".
    pub(super) words: &'static str,
}

pub(super) fn need(purpose: Purpose) -> Need {
    match purpose {
        Purpose::ReadContent => Need {
            api_token: &["read:repository:bitbucket"],
            access_token: "repository",
            role: Role::Read,
            words: "reading files, branches and commits",
        },
        Purpose::ManagePullRequests => Need {
            api_token: &["read:pullrequest:bitbucket", "write:pullrequest:bitbucket"],
            access_token: "pullrequest:write",
            role: Role::Write,
            words: "opening and changing pull requests",
        },
        Purpose::Push => Need {
            api_token: &["read:repository:bitbucket", "write:repository:bitbucket"],
            access_token: "repository:write",
            role: Role::Write,
            words: "pushing commits",
        },
        Purpose::RegisterRunners => Need {
            api_token: &["read:runner:bitbucket", "write:runner:bitbucket"],
            access_token: "runner:write",
            role: Role::Admin,
            words: "registering runners",
        },
        Purpose::ManageSecrets => Need {
            api_token: &["read:pipeline:bitbucket", "admin:pipeline:bitbucket"],
            access_token: "pipeline:variable",
            role: Role::Admin,
            words: "writing variables of Pipelines",
        },
    }
}

/// The scopes of a purpose in the names that this kind of token has.
pub(super) fn wanted(kind: CredentialKind, purpose: Purpose) -> Vec<&'static str> {
    let need = need(purpose);
    if kind == CredentialKind::BitbucketApiToken {
        need.api_token.to_vec()
    } else {
        vec![need.access_token]
    }
}

/// Whether these scopes hold this one.
pub(crate) fn holds(scopes: &[String], wanted: &str) -> bool {
    let implied_by: &[&str] = match wanted {
        // administering holds neither reading nor writing
        "repository" => &["repository:write", "pullrequest", "pullrequest:write"],
        "repository:write" | "pullrequest" => &["pullrequest:write"],
        "runner" => &["runner:write"],
        "pipeline" => &["pipeline:write", "pipeline:variable"],
        _ => &[],
    };
    scopes
        .iter()
        .any(|held| held == wanted || implied_by.contains(&held.as_str()))
}

/// Whether this can be the name of a scope of this kind of token.
pub(super) fn is_name(kind: CredentialKind, name: &str) -> bool {
    if kind == CredentialKind::BitbucketApiToken {
        return name.ends_with(":bitbucket") && name.split(':').count() == 3;
    }
    let family = name.split(':').next().unwrap_or_default();
    matches!(
        family,
        "repository"
            | "pullrequest"
            | "project"
            | "account"
            | "team"
            | "pipeline"
            | "runner"
            | "webhook"
            | "issue"
            | "wiki"
            | "snippet"
            | "test"
            | "email"
    )
}

/// The scopes of a token, and how surely they are known.
#[derive(Debug, Clone, Copy)]
pub(super) enum Known<'a> {
    /// By Bitbucket's word in a refusal.
    Told(&'a [String]),
    /// By a header that Bitbucket does not document.
    Hinted(&'a [String]),
    /// Not at all.
    Untold,
}

/// What is known of a token's standing on a repository.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing<'a> {
    pub(super) kind: CredentialKind,
    pub(super) scopes: Known<'a>,
    /// The repository, when one was named.
    pub(super) repository: Option<&'a str>,
    /// Whether it was seen; `None` when that was not asked, or not answered.
    pub(super) visible: Option<bool>,
    /// The user's role there; an access token has none besides its scopes.
    pub(super) role: Option<Role>,
}

/// Whether the token will do.
pub(super) fn find(purpose: Purpose, standing: Standing<'_>) -> PurposeFinding {
    let (fit, missing, why) = judge(purpose, standing);
    PurposeFinding {
        purpose,
        fit,
        missing,
        why,
    }
}

fn judge(purpose: Purpose, standing: Standing<'_>) -> (Fitness, Vec<String>, String) {
    let need = need(purpose);
    let repository = standing.repository.unwrap_or("the repository");
    if standing.visible == Some(false) {
        let why = format!("There is no repository `{repository}`, or the token may not see it.");
        return (Fitness::No, vec![], why);
    }
    if purpose == Purpose::ReadContent && standing.visible == Some(true) {
        return (Fitness::Yes, vec![], format!("`{repository}` was read with it."));
    }
    let wanted = wanted(standing.kind, purpose);
    let (scopes, source, is_hint) = match standing.scopes {
        Known::Told(scopes) => (scopes, "by Bitbucket's own list", false),
        Known::Hinted(scopes) => (scopes, "by a header that Bitbucket does not document", true),
        Known::Untold => {
            let why = format!(
                "Bitbucket tells a token's scopes only when one is missing, and none was for what could be asked without changing \
                 anything; it needs {}.",
                wanted.join(" and ")
            );
            return (Fitness::Unknown, vec![], why);
        }
    };
    let missing: Vec<String> = wanted
        .iter()
        .filter(|scope| !holds(scopes, scope))
        .map(|scope| (*scope).to_owned())
        .collect();
    if !missing.is_empty() {
        let missing_names = missing.join(" and ");
        // what nobody documents refuses nothing
        return if is_hint {
            let why = format!("It seems to lack {missing_names} ({source}); trying it would tell.");
            (Fitness::Unknown, vec![], why)
        } else {
            (Fitness::No, missing, format!("It lacks {missing_names} ({source})."))
        };
    }
    let has = format!("It has {} ({source})", wanted.join(" and "));
    if standing.kind != CredentialKind::BitbucketApiToken {
        let why = format!("{has}, and an access token needs nothing else on what it belongs to.");
        return (Fitness::Yes, vec![], why);
    }
    match standing.role {
        None if standing.repository.is_none() => {
            let why = format!("{has}; whether its owner may do it depends on the repository: name one.");
            (Fitness::Unknown, vec![], why)
        }
        None => (
            Fitness::Unknown,
            vec![],
            format!("{has}; Bitbucket did not tell what its owner may do on `{repository}`."),
        ),
        Some(role) if role >= need.role => {
            let why = format!("{has}, and its owner has {} access to `{repository}`.", role.word());
            (Fitness::Yes, vec![], why)
        }
        Some(role) => {
            let why = format!(
                "{has}, and its owner has no more than {} access to `{repository}`, where {} is wanted.",
                role.word(),
                need.role.word()
            );
            (Fitness::No, vec![format!("{} access", need.role.word())], why)
        }
    }
}

#[cfg(test)]
#[path = "scopes_tests.rs"]
mod tests;
