//! What git may do, and for whom.

use std::net::IpAddr;

use super::GitHubSim;
use super::caller::{Credential, GitAccess, GitRefusal};
use super::model::{Found, State, TokenRefusal};
use super::personal::Denial;
use super::token::{TokenDigest, token_digest};

impl GitHubSim {
    /// Decides about a fetch, or a push when `write`.
    pub(crate) fn git_access(
        &self,
        owner: &str,
        name: &str,
        credential: &Credential,
        write: bool,
        peer: IpAddr,
    ) -> Result<GitAccess, GitRefusal> {
        let now = self.now();
        let mut state = self.state();
        match credential {
            Credential::None => {
                let found = state.find_repository(owner, name);
                // Without a credential, a private repository and none look the same.
                let public = found.filter(|f| !f.repository.private && !write);
                public.map_or(Err(GitRefusal::NoCredential), |f| Ok(access(&f, None)))
            }
            Credential::Token {
                secret,
                user: Some(user),
            } => {
                let digest = token_digest(secret);
                // A person's token goes with any user name.
                if !user.is_empty() && state.people.live(&digest, now).is_some() {
                    return personal(&mut state, &digest, owner, name, write, peer);
                }
                // An installation token has no login; GitHub wants this name in its place.
                if user != "x-access-token" {
                    return Err(GitRefusal::BadCredential);
                }
                state.admit_token(&digest, now).map_err(|refusal| match refusal {
                    TokenRefusal::Dead => GitRefusal::BadCredential,
                    TokenRefusal::Lagging => GitRefusal::NotFound,
                    TokenRefusal::Suspended => GitRefusal::Suspended,
                })?;
                installation(&state, &digest, owner, name, write, peer)
            }
            _ => Err(GitRefusal::BadCredential),
        }
    }
}

fn installation(
    state: &State,
    digest: &TokenDigest,
    owner: &str,
    name: &str,
    write: bool,
    peer: IpAddr,
) -> Result<GitAccess, GitRefusal> {
    let token = state.tokens.get(digest).ok_or(GitRefusal::BadCredential)?;
    let found = state.find_repository(owner, name);
    let found = found.ok_or(GitRefusal::NotFound)?;
    let allowed = if state.token_covers(token, found.repository) {
        let public_read = !found.repository.private && !write;
        public_read || State::may_touch_contents(token, write)
    } else if found.repository.private {
        return Err(GitRefusal::NotFound);
    } else {
        !write
    };
    state.check_address(owner, peer).map_err(|denial| refusal(&denial))?;
    if !allowed {
        return Err(GitRefusal::Denied);
    }
    let app = state.apps.get(&token.app);
    let user = app.map(|app| format!("{}[bot]", app.slug));
    Ok(access(&found, user))
}

fn personal(
    state: &mut State,
    digest: &TokenDigest,
    owner: &str,
    name: &str,
    write: bool,
    peer: IpAddr,
) -> Result<GitAccess, GitRefusal> {
    let repository = state.find_repository(owner, name).map(|found| found.repository.clone());
    let repository = repository.ok_or(GitRefusal::NotFound)?;
    let rights = state.rights(digest, &repository, peer);
    let rights = rights.map_err(|denial| refusal(&denial))?;
    let user = state
        .people
        .tokens
        .get(digest)
        .map(|token| state.people.login(token.user).to_owned());
    if !rights.git(&repository, write) {
        let who = user.unwrap_or_default();
        // As git shows it to people who may not push; not in the vendor's documentation.
        let words = format!("Permission to {}.git denied to {who}.\n", repository.full_name());
        return Err(GitRefusal::Refused(words));
    }
    let found = state.find_repository(owner, name).ok_or(GitRefusal::NotFound)?;
    Ok(access(&found, user))
}

fn refusal(denial: &Denial) -> GitRefusal {
    match denial {
        Denial::Hidden => GitRefusal::NotFound,
        other => GitRefusal::Refused(other.git_words()),
    }
}

fn access(found: &Found<'_>, user: Option<String>) -> GitAccess {
    if found.moved {
        GitAccess::Moved {
            owner: found.repository.owner.clone(),
            name: found.repository.name.clone(),
        }
    } else {
        let id = found.repository.id;
        GitAccess::Granted { id, user }
    }
}
