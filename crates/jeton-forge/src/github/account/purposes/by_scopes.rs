//! Whether a classic or OAuth token will do, by its scopes and its owner's role.

use jeton_domain::{Fitness, Purpose, PurposeFinding};

use super::{archived, role_too_small};
use crate::github::account::{scopes::Scopes, wire::WireRepo};

/// By the scopes of a classic or OAuth token.
pub(super) fn by_scopes(purpose: Purpose, scopes: &Scopes, repo: Option<&WireRepo>) -> PurposeFinding {
    let yes = |why: String| PurposeFinding {
        purpose,
        fit: Fitness::Yes,
        missing: Vec::new(),
        why,
    };
    let no = |missing: &str, why: &str| PurposeFinding {
        purpose,
        fit: Fitness::No,
        missing: vec![missing.to_owned()],
        why: why.to_owned(),
    };
    let (all, public) = (scopes.allow("repo"), scopes.allow("public_repo"));
    let Some(repo) = repo else {
        return without_a_repository(purpose, scopes);
    };
    if purpose == Purpose::ReadContent {
        return match (repo.private, all) {
            (false, _) => yes(format!("`{}` is public.", repo.full_name)),
            (true, true) => yes(format!(
                "The token has `repo`, and its owner sees `{}`.",
                repo.full_name
            )),
            (true, false) => no("repo", "The repository is private, and reading its files needs `repo`."),
        };
    }
    if let Some(finding) = archived(purpose, repo) {
        return finding;
    }
    // the scope `public_repo` covers neither runners nor secrets of public repositories
    let enough = match purpose {
        Purpose::RegisterRunners | Purpose::ManageSecrets => all,
        Purpose::ReadContent | Purpose::ManagePullRequests | Purpose::Push => all || (public && !repo.private),
    };
    let role = role_too_small(purpose, repo.permissions);
    if !enough {
        let least = match purpose {
            Purpose::ManagePullRequests | Purpose::Push if !repo.private => "public_repo",
            _ => "repo",
        };
        let mut finding = no(
            least,
            &format!("Without `{least}` a token cannot do that on `{}`.", repo.full_name),
        );
        if role.is_some() {
            finding
                .why
                .push_str(" The role of the token's owner there is too small as well.");
        }
        return finding;
    }
    if let Some(finding) = role {
        return finding;
    }
    let mut why = format!(
        "The token's scopes and the role of its owner on `{}` suffice.",
        repo.full_name
    );
    if purpose == Purpose::Push && !scopes.allow("workflow") {
        why.push_str(" Commits that change files in .github/workflows need the scope `workflow` besides.");
    }
    yes(why)
}

fn without_a_repository(purpose: Purpose, scopes: &Scopes) -> PurposeFinding {
    let finding = |fit, missing: Option<&str>, why: &str| PurposeFinding {
        purpose,
        fit,
        missing: missing.map(str::to_owned).into_iter().collect(),
        why: why.to_owned(),
    };
    let (all, public) = (scopes.allow("repo"), scopes.allow("public_repo"));
    let org = scopes.allow("admin:org");
    match purpose {
        Purpose::ReadContent if all => finding(
            Fitness::Yes,
            None,
            "`repo` reads every repository that the token's owner sees.",
        ),
        Purpose::ReadContent => finding(
            Fitness::Unknown,
            Some("repo"),
            "The token reads public repositories; private ones need `repo`.",
        ),
        Purpose::Push if all && !scopes.allow("workflow") => finding(
            Fitness::Yes,
            None,
            "`repo` writes wherever the token's owner may, except files in .github/workflows, which need `workflow` besides.",
        ),
        Purpose::ManagePullRequests | Purpose::Push if all => {
            finding(Fitness::Yes, None, "`repo` writes wherever the token's owner may.")
        }
        Purpose::ManagePullRequests | Purpose::Push if public => finding(
            Fitness::Unknown,
            Some("repo"),
            "The token writes to public repositories, wherever its owner may; private ones need `repo`.",
        ),
        Purpose::RegisterRunners if all && org => finding(
            Fitness::Yes,
            None,
            "`repo` and `admin:org` do it for repositories and organisations whose admin the token's owner is.",
        ),
        Purpose::RegisterRunners | Purpose::ManageSecrets if all => finding(
            Fitness::Yes,
            None,
            "`repo` does it for repositories where the role of the token's owner suffices; for a whole organisation `admin:org` is \
             needed.",
        ),
        Purpose::RegisterRunners if scopes.allow("manage_runners:org") => finding(
            Fitness::Unknown,
            Some("repo"),
            "The token does it for whole organisations; single repositories need `repo`.",
        ),
        Purpose::ManageSecrets if org => finding(
            Fitness::Unknown,
            Some("repo"),
            "The token does it for whole organisations; single repositories need `repo`.",
        ),
        Purpose::RegisterRunners if scopes.allow("manage_runners:enterprise") => finding(
            Fitness::Unknown,
            Some("repo"),
            "The token does it for an enterprise; single repositories need `repo`.",
        ),
        Purpose::ManagePullRequests | Purpose::Push | Purpose::RegisterRunners | Purpose::ManageSecrets => {
            finding(Fitness::No, Some("repo"), "That needs `repo`.")
        }
    }
}
