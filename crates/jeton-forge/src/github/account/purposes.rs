//! Whether a token will do. Classic and OAuth tokens have scopes, and GitHub tells them. What a fine-grained token may do GitHub tells
//! nowhere, so the reading side of each purpose is tried on the repository that was named; the writing side cannot be tried without
//! writing, and stays unknown.

mod by_scopes;

use jeton_domain::{Fitness, Purpose, PurposeFinding};
use serde::de::IgnoredAny;

use self::by_scopes::by_scopes;
use super::{
    look::{Look, Seen},
    permissions::{needed, on_the_page, purpose_words},
    refusal::Refusal,
    scopes::Scopes,
    wire::{WireRepo, WireRights},
};
use crate::probe::add;

/// Why there is no answer.
const UNCLEAR: &str = "GitHub gave no clear answer when it was tried.";

/// What came of a harmless read.
#[derive(Debug, Clone)]
pub(super) enum Tried {
    Worked,
    Refused(Refusal),
    Unclear,
}

/// Whether a refusal is of this machine, this moment or this repository, and not of the token: a lockout, a takedown (451), a
/// conflict (409), another product's words.
fn says_nothing(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::LockedOut | Refusal::NoCredential | Refusal::NotGitHub | Refusal::Other
    )
}

/// Nobody writes to an archived repository.
fn archived(purpose: Purpose, repo: &WireRepo) -> Option<PurposeFinding> {
    (repo.archived && purpose != Purpose::ReadContent).then(|| PurposeFinding {
        purpose,
        fit: Fitness::No,
        missing: Vec::new(),
        why: format!(
            "`{}` is archived: nobody can write to it until somebody with the role admin unarchives it.",
            repo.full_name
        ),
    })
}

impl Look<'_> {
    /// Answers for each purpose, and adds what is lacking to the findings.
    pub(super) async fn purposes(&mut self, repository: &Seen<WireRepo>) {
        let mut wanted: Vec<Purpose> = self.ask.purposes.clone();
        wanted.sort_unstable();
        wanted.dedup();
        for purpose in wanted {
            let finding = match (repository, self.scopes.clone()) {
                (Seen::Refused(refusal), scopes) => self.unseen(purpose, refusal, scopes.as_ref()),
                (Seen::Unclear, _) => unknown(purpose, "GitHub gave no clear answer about the repository."),
                (Seen::Yes(repo), Some(scopes)) => by_scopes(purpose, &scopes, Some(repo)),
                (Seen::Yes(repo), None) => self.by_trying(purpose, repo).await,
                (Seen::NotAsked, Some(scopes)) => by_scopes(purpose, &scopes, None),
                (Seen::NotAsked, None) => unknown(
                    purpose,
                    "GitHub does not tell what this token may do; name a repository, and it is tried there.",
                ),
            };
            self.report.purposes.push(finding);
        }
        self.explain_what_lacks(repository);
    }

    /// The repository itself was refused.
    fn unseen(&self, purpose: Purpose, refusal: &Refusal, scopes: Option<&Scopes>) -> PurposeFinding {
        let missing = match (refusal, scopes) {
            (Refusal::NotVisible { .. }, Some(scopes)) if !scopes.allow("repo") => vec!["repo".to_owned()],
            (Refusal::Missing { .. }, _) => vec![needed(self.credential.kind, purpose, false).to_owned()],
            _ => Vec::new(),
        };
        let fit = if says_nothing(refusal) {
            Fitness::Unknown
        } else {
            Fitness::No
        };
        PurposeFinding {
            purpose,
            fit,
            missing,
            why: "GitHub does not show the repository to this token; the findings say why.".to_owned(),
        }
    }

    /// By harmless reads on the repository.
    async fn by_trying(&mut self, purpose: Purpose, repo: &WireRepo) -> PurposeFinding {
        let needs = needed(self.credential.kind, purpose, false);
        if let Some(finding) = archived(purpose, repo).or_else(|| role_too_small(purpose, repo.permissions)) {
            return finding;
        }
        let (owner, name) = repo.full_name.split_once('/').unwrap_or_default();
        let base = ["repos", owner, name];
        let one: &[(&str, &str)] = &[("per_page", "1")];
        let (path, query): (&[&str], _) = match purpose {
            Purpose::ReadContent | Purpose::Push => (&["contents", ""], &[][..]),
            Purpose::ManagePullRequests => (&["pulls"], one),
            Purpose::RegisterRunners => (&["actions", "runners"], one),
            Purpose::ManageSecrets => (&["actions", "secrets", "public-key"], &[][..]),
        };
        let path = [&base[..], path].concat();
        let is_files = path.contains(&"contents");
        // two purposes read the same
        let tried = match self.files.clone().filter(|_| is_files) {
            Some(tried) => tried,
            None => self.try_read(&path, query, owner, &repo.full_name).await,
        };
        if is_files {
            self.files = Some(tried.clone());
        }
        match tried {
            Tried::Worked => read_worked(purpose, needs, repo),
            Tried::Refused(Refusal::NotVisible { .. }) if is_files => {
                // a repository without a single commit has no contents either
                unknown(
                    purpose,
                    "The repository is empty, or its files are not shown; GitHub answers both with 404.",
                )
            }
            Tried::Refused(Refusal::Missing { .. } | Refusal::NotVisible { .. }) => PurposeFinding {
                purpose,
                fit: Fitness::No,
                missing: vec![needs.to_owned()],
                why: format!(
                    "GitHub refuses {} on `{}` to this token.",
                    purpose_words(purpose),
                    repo.full_name
                ),
            },
            Tried::Refused(Refusal::Role) => PurposeFinding {
                purpose,
                fit: Fitness::No,
                missing: Vec::new(),
                why: format!("The role of the token's owner on `{}` is too small.", repo.full_name),
            },
            Tried::Refused(refusal) if says_nothing(&refusal) => unknown(
                purpose,
                "GitHub refuses it for a reason that says nothing about the token; the findings name it.",
            ),
            Tried::Refused(_) => PurposeFinding {
                purpose,
                fit: Fitness::No,
                missing: Vec::new(),
                why: "GitHub refuses it for the reason given in the findings.".to_owned(),
            },
            Tried::Unclear => unknown(purpose, UNCLEAR),
        }
    }

    async fn try_read(&mut self, path: &[&str], query: &[(&str, &str)], owner: &str, repository: &str) -> Tried {
        match self.see(path, query, Some(owner), Some(repository)).await {
            // a page of somebody else's with status 200 is no answer
            Seen::Yes(answer) => match self.probes.parse::<IgnoredAny>(&answer) {
                Ok(_) => Tried::Worked,
                Err(trouble) => {
                    self.trouble(trouble);
                    Tried::Unclear
                }
            },
            Seen::Refused(refusal) => Tried::Refused(refusal),
            Seen::Unclear | Seen::NotAsked => Tried::Unclear,
        }
    }

    /// One finding for all that the token lacks, and one for all for which its owner's role is too small.
    fn explain_what_lacks(&mut self, repository: &Seen<WireRepo>) {
        let refused = |finding: &&PurposeFinding| finding.fit == Fitness::No;
        let lacking: Vec<&PurposeFinding> = self.report.purposes.iter().filter(refused).collect();
        let mut missing: Vec<&str> = lacking
            .iter()
            .flat_map(|f| f.missing.iter().map(String::as_str))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        let words = |some: &dyn Fn(&PurposeFinding) -> bool| {
            let words: Vec<&str> = lacking
                .iter()
                .filter(|f| some(f))
                .map(|f| purpose_words(f.purpose))
                .collect();
            words.join(", ")
        };
        let mut found = Vec::new();
        let seen = match repository {
            Seen::Yes(repo) => Some(repo),
            Seen::Refused(_) | Seen::Unclear | Seen::NotAsked => None,
        };
        let about = self.about(
            seen.map(|repo| repo.owner.login.as_str()),
            seen.map(|repo| repo.full_name.as_str()),
        );
        if !missing.is_empty() && !matches!(repository, Seen::Refused(_)) {
            let lacks: Vec<String> = missing.iter().map(|one| on_the_page(one)).collect();
            found.push(about.scope(&lacks.join(" and "), &words(&|f| !f.missing.is_empty())));
        }
        if let Some(rights) = seen.map(|repo| repo.permissions.unwrap_or_default()) {
            let small = |f: &PurposeFinding| role_too_small(f.purpose, Some(rights)).is_some();
            if lacking.iter().any(|f| small(f)) {
                // Each role with what it is for: nobody is made an admin who only wants to push.
                let of = |role: &str| words(&|f| small(f) && role_for(f.purpose) == Some(role));
                let needed: Vec<String> = ["write", "admin"]
                    .into_iter()
                    .map(|role| (role, of(role)))
                    .filter(|(_, what)| !what.is_empty())
                    .map(|(role, what)| format!("{role} for {what}"))
                    .collect();
                let has = rights.word().unwrap_or("none");
                found.push(about.role(&needed.join(" and "), &format!("theirs is {has}")));
            }
        }
        for diagnosis in found {
            add(&mut self.report, diagnosis);
        }
    }
}

/// What a read that worked says of a purpose.
fn read_worked(purpose: Purpose, needs: &str, repo: &WireRepo) -> PurposeFinding {
    if purpose == Purpose::ReadContent {
        let why = if repo.private {
            format!("The files of `{}` could be listed.", repo.full_name)
        } else {
            format!(
                "The files of `{}` could be listed; it is public, so this shows nothing of private ones.",
                repo.full_name
            )
        };
        return PurposeFinding {
            purpose,
            fit: Fitness::Yes,
            missing: Vec::new(),
            why,
        };
    }
    let mut why = format!(
        "Reading works, and whether the token may write as well ({needs}) cannot be seen without writing; it is shown on the \
         token's own page."
    );
    if !repo.private && matches!(purpose, Purpose::Push | Purpose::ManagePullRequests) {
        why = format!("The repository is public, so reading shows nothing. {why}");
    }
    unknown(purpose, &why)
}

/// The least role of a person for a purpose; `None` where any that sees the repository will do.
fn role_for(purpose: Purpose) -> Option<&'static str> {
    match purpose {
        Purpose::ReadContent | Purpose::ManagePullRequests => None,
        Purpose::Push | Purpose::ManageSecrets => Some("write"),
        Purpose::RegisterRunners => Some("admin"),
    }
}

/// Refused for the person's role, whatever the token may; `None` where the role is not known or suffices.
fn role_too_small(purpose: Purpose, rights: Option<WireRights>) -> Option<PurposeFinding> {
    let rights = rights?;
    let role = role_for(purpose)?;
    let enough = rights.admin || (role == "write" && rights.push);
    (!enough).then(|| PurposeFinding {
        purpose,
        fit: Fitness::No,
        missing: Vec::new(),
        why: format!("The owner of the token needs the role {role} on the repository, and has a smaller one."),
    })
}

fn unknown(purpose: Purpose, why: &str) -> PurposeFinding {
    PurposeFinding {
        purpose,
        fit: Fitness::Unknown,
        missing: Vec::new(),
        why: why.to_owned(),
    }
}
