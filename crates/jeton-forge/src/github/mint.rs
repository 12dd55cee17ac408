//! Minting, and the proof that the token is what was asked for.

use std::collections::BTreeSet;

use http::Method;
use jeton_domain::{ExpiresAt, InstallationId, Permissions, Secret};
use jiff::{SignedDuration, Timestamp};

use super::{
    GitHubApp, MintedToken,
    wire::{self, WireMint, WireRepository, WireToken, WireTokenAlone},
};
use crate::{ForgeError, clean::clean};

/// GitHub's limit of repositories in one token.
const MAX_REPOSITORIES: usize = 500;

/// The largest token that is believed, in bytes; stateless ones have about 520.
const MAX_TOKEN: usize = 8 * 1024;

/// The longest life that is believed. GitHub's tokens live one hour; the rest is for clocks that disagree.
const MAX_LIFE: SignedDuration = SignedDuration::from_hours(24);

impl GitHubApp {
    /// Mints a token for these repositories (names without owner) and permissions, and checks that it is no wider.
    ///
    /// # Errors
    /// [`ForgeError::Request`] before any call when there are no repositories, more than 500, or no permissions.
    /// [`ForgeError::TooWide`] when GitHub grants more than was asked; that token was revoked, as far as GitHub let
    /// us. Otherwise as GitHub refuses: [`ForgeError::NotFound`] for an installation that is gone,
    /// [`ForgeError::Suspended`],
    /// [`ForgeError::Unprocessable`] for what it does not have.
    pub async fn mint(
        &self,
        id: InstallationId,
        repositories: &[String],
        permissions: &Permissions,
    ) -> Result<MintedToken, ForgeError> {
        check_request(repositories, permissions)?;
        let fresh = self.order(id, Some(repositories), permissions).await?;
        let owner = fresh.owner();
        let now = self.forge_now();
        match check_answer(fresh.wire, fresh.status, repositories, permissions, now) {
            Ok((expires_at, permissions, repositories)) => Ok(MintedToken {
                token: fresh.token,
                expires_at,
                permissions,
                repositories: Some(repositories),
                owner,
                all_repositories: false,
            }),
            Err(error) => {
                self.throw_away(&fresh.token).await;
                Err(error)
            }
        }
    }

    /// Mints a token for what belongs to an organisation as a whole, such as its runners: with permissions of organisations alone, so
    /// that it does not matter that it is for all repositories of the installation. Of those it can do no more than see that they are
    /// there.
    ///
    /// # Errors
    /// [`ForgeError::Request`] before any call when there are no permissions, or one that is none of an organisation. Otherwise as
    /// [`GitHubApp::mint`].
    pub async fn mint_for_organization(
        &self,
        id: InstallationId,
        permissions: &Permissions,
    ) -> Result<MintedToken, ForgeError> {
        check_organization_request(permissions)?;
        let fresh = self.order(id, None, permissions).await?;
        let owner = fresh.owner();
        let all_repositories = fresh.wire.repository_selection.as_deref() != Some("selected");
        let now = self.forge_now();
        match check_organization_answer(fresh.wire, fresh.status, permissions, now) {
            Ok((expires_at, permissions, repositories)) => Ok(MintedToken {
                token: fresh.token,
                expires_at,
                permissions,
                repositories,
                owner,
                all_repositories,
            }),
            Err(error) => {
                self.throw_away(&fresh.token).await;
                Err(error)
            }
        }
    }

    /// Makes the call, and takes the token out of its answer; what else is there is not checked yet.
    async fn order(
        &self,
        id: InstallationId,
        repositories: Option<&[String]>,
        permissions: &Permissions,
    ) -> Result<Fresh, ForgeError> {
        let body = serde_json::to_vec(&WireMint {
            repositories,
            permissions,
        })
        .map_err(|error| ForgeError::Request(error.to_string()))?;
        let url = self.url(&["app", "installations", &id.to_string(), "access_tokens"])?;
        let answer = self.success(self.as_app(Method::POST, url, Some(body)).await?)?;
        let status = answer.status;
        let mut wire: WireToken = match wire::parse(&answer) {
            Ok(wire) => wire,
            Err(error) => {
                if let Ok(WireTokenAlone { token }) = wire::parse(&answer) {
                    self.throw_away(&Secret::new(token)).await;
                }
                return Err(error);
            }
        };
        let token = Secret::new(std::mem::take(&mut wire.token));
        if token.is_empty() || token.expose().len() > MAX_TOKEN || !token.expose().bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(garbled(
                status,
                "the token is empty, too long, or has characters that no header can carry",
            ));
        }
        Ok(Fresh { token, wire, status })
    }

    /// Revokes a token that will not be handed out. Best effort: nobody ever saw it, and it ends within the hour in any
    /// case.
    async fn throw_away(&self, token: &Secret) {
        if let Err(error) = self.revoke(token).await {
            tracing::warn!(%error, "a token that was thrown away could not be revoked");
        }
    }
}

/// A token as it came, with what GitHub says of it.
struct Fresh {
    token: Secret,
    /// Without the token.
    wire: WireToken,
    status: u16,
}

impl Fresh {
    /// The owner of the repositories, where they are listed.
    fn owner(&self) -> Option<String> {
        let mut repositories = self.wire.repositories.iter().flatten();
        let full_name = repositories.find_map(|repository| repository.full_name.as_deref());
        let owner = full_name.and_then(|name| name.split_once('/'));
        owner.map(|(owner, _)| clean(owner))
    }
}

fn check_request(repositories: &[String], permissions: &Permissions) -> Result<(), ForgeError> {
    let wrong = if repositories.is_empty() {
        "no repository is named, which GitHub takes for all of them"
    } else if repositories.len() > MAX_REPOSITORIES {
        "GitHub takes at most 500 repositories in one token"
    } else if repositories.iter().any(|name| name.is_empty() || name.contains('/')) {
        "repositories are named without their owner"
    } else if permissions.is_empty() {
        "no permission is named, which GitHub takes for all of them"
    } else {
        return Ok(());
    };
    Err(ForgeError::Request(wrong.to_owned()))
}

/// Without repositories GitHub opens all of the installation's, so nothing may be asked that concerns a repository.
fn check_organization_request(permissions: &Permissions) -> Result<(), ForgeError> {
    if permissions.is_empty() {
        return Err(ForgeError::Request(
            "no permission is named, which GitHub takes for all of them".to_owned(),
        ));
    }
    // That repositories are there every token sees, whether it is named or not.
    let of_organization = |name: &str| matches!(name, "members" | "metadata") || name.starts_with("organization_");
    match permissions.iter().find(|(name, _)| !of_organization(name)) {
        None => Ok(()),
        Some((name, _)) => Err(ForgeError::Request(format!(
            "`{name}` is no permission of organisations, and without repositories it would hold for all of them"
        ))),
    }
}

/// As [`check_answer`], where no repositories were asked for.
fn check_organization_answer(
    wire: WireToken,
    status: u16,
    permissions: &Permissions,
    forge_now: Timestamp,
) -> Result<(ExpiresAt, Permissions, Option<Vec<String>>), ForgeError> {
    let granted = check_permissions(wire.permissions, status, permissions)?;
    let end = check_end(wire.expires_at.as_deref(), status, forge_now)?;
    let names = |list: Vec<WireRepository>| list.into_iter().map(|repository| clean(&repository.name)).collect();
    Ok((end, granted, wire.repositories.map(names)))
}

fn check_permissions(
    granted: Option<std::collections::BTreeMap<String, String>>,
    status: u16,
    asked: &Permissions,
) -> Result<Permissions, ForgeError> {
    let granted = granted.ok_or_else(|| garbled(status, "it does not say what the token may do"))?;
    let granted = Permissions::from_forge(granted);
    // GitHub adds `metadata: read` to every token by itself
    let extra = granted.missing_from(&asked.clone().with_implied_metadata());
    if extra.is_empty() {
        Ok(granted)
    } else {
        Err(ForgeError::TooWide {
            extra: clean(&extra.to_string()),
        })
    }
}

fn check_end(end: Option<&str>, status: u16, forge_now: Timestamp) -> Result<ExpiresAt, ForgeError> {
    let end: Timestamp = end
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| garbled(status, "it does not say when the token ends"))?;
    let left = end.duration_since(forge_now);
    if left <= SignedDuration::ZERO {
        return Err(garbled(status, "the token had ended when it came"));
    }
    if left > MAX_LIFE {
        return Err(garbled(status, "the token would live for more than a day"));
    }
    Ok(ExpiresAt::new(end))
}

/// Whether the answer fits the request. Pure, so that every way to be wrong can be tried.
fn check_answer(
    wire: WireToken,
    status: u16,
    asked: &[String],
    permissions: &Permissions,
    forge_now: Timestamp,
) -> Result<(ExpiresAt, Permissions, Vec<String>), ForgeError> {
    let granted = check_permissions(wire.permissions, status, permissions)?;
    let opened = match wire.repositories {
        Some(list) if wire.repository_selection.as_deref() != Some("all") => list,
        _ => {
            return Err(ForgeError::TooWide {
                extra: "all repositories of the installation".to_owned(),
            });
        }
    };
    let opened: Vec<String> = opened.into_iter().map(|repository| repository.name).collect();
    // names have no case on GitHub
    let wanted: BTreeSet<String> = asked.iter().map(|name| name.to_lowercase()).collect();
    let beyond: Vec<&str> = opened
        .iter()
        .filter(|name| !wanted.contains(&name.to_lowercase()))
        .map(String::as_str)
        .collect();
    if !beyond.is_empty() {
        return Err(ForgeError::TooWide {
            extra: clean(&format!("repositories {}", beyond.join(", "))),
        });
    }
    let got: BTreeSet<String> = opened.iter().map(|name| name.to_lowercase()).collect();
    if got != wanted {
        return Err(garbled(
            status,
            "the token opens fewer repositories than were asked for",
        ));
    }
    let end = check_end(wire.expires_at.as_deref(), status, forge_now)?;
    Ok((end, granted, opened))
}

fn garbled(status: u16, reason: &str) -> ForgeError {
    ForgeError::Garbled {
        status,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
#[path = "mint_tests.rs"]
mod tests;
