//! Who may fetch and push over HTTPS.

use http::StatusCode;

use super::Bitbucket;
use super::model::{State, Token};
use super::routes::Action;
use super::spec::{BitbucketRole, BitbucketTokenKind};
use crate::reply::Reply;
use crate::site::{Basic, Call, GitGrant, Refused, basic, scheme};

impl Bitbucket {
    pub(super) fn git_access(&self, call: &Call<Action>) -> Result<GitGrant, Refused> {
        let write = match call.action {
            Action::GitReceive => true,
            Action::GitUpload => false,
            _ => match call.query("service").as_deref() {
                Some("git-receive-pack") => true,
                Some("git-upload-pack") => false,
                // The old protocol without a service is not spoken.
                _ => return Err(words(StatusCode::FORBIDDEN, "Please upgrade your git client.")),
            },
        };
        let slug = call.caught(1);
        let slug = slug.strip_suffix(".git").unwrap_or(slug);
        let sent = scheme(&call.parts.headers);
        let sent = sent
            .filter(|(scheme, _)| scheme == "basic")
            .map(|(_, text)| basic(&text));
        let state = self.state();
        let repository = state.find_repository(call.caught(0), slug);
        let Some(sent) = sent else {
            // Without a credential, a private repository and none look the same.
            let public = repository.filter(|repository| !write && !repository.private);
            let grant = public.map(|repository| GitGrant {
                repository: repository.id,
                user: None,
            });
            return grant.ok_or_else(challenge);
        };
        let token = sent
            .and_then(|sent| self.git_token(&state, &sent))
            .ok_or_else(challenge)?;
        let lost = || words(StatusCode::NOT_FOUND, "Repository not found");
        let repository = repository.ok_or_else(lost)?;
        let role = state.token_role(repository, &token.kind);
        if role.is_none() && repository.private {
            return Err(lost());
        }
        let granular = token.kind.has_granular_scopes();
        let (scope, least) = match (write, granular) {
            (false, true) => ("read:repository:bitbucket", None),
            (false, false) => ("repository", None),
            (true, true) => ("write:repository:bitbucket", Some(BitbucketRole::Write)),
            (true, false) => ("repository:write", Some(BitbucketRole::Write)),
        };
        if !token.has(scope) || role < least {
            let text = "Your credentials lack one or more required privilege scopes.";
            return Err(words(StatusCode::FORBIDDEN, text));
        }
        let account = token.kind.account().and_then(|account| state.accounts.get(&account));
        let user = account.map_or("x-token-auth", |account| &account.username).to_owned();
        Ok(GitGrant {
            repository: repository.id,
            user: Some(user),
        })
    }

    /// An API token wants the user name (not the e-mail address) or a literal, all others want another literal.
    fn git_token<'a>(&self, state: &'a State, sent: &Basic) -> Option<&'a Token> {
        let token = state.token(&sent.password).filter(|token| token.living(self.now()))?;
        let fits = match &token.kind {
            BitbucketTokenKind::ApiToken { account } => {
                let name = &state.accounts.get(account)?.username;
                !token.scopes.is_empty() && (sent.user == *name || sent.user == "x-bitbucket-api-token-auth")
            }
            BitbucketTokenKind::AppPassword { .. } => false,
            BitbucketTokenKind::RepositoryToken { .. }
            | BitbucketTokenKind::ProjectToken { .. }
            | BitbucketTokenKind::WorkspaceToken { .. }
            | BitbucketTokenKind::OAuth { .. } => sent.user == "x-token-auth",
        };
        fits.then_some(token)
    }
}

fn words(status: StatusCode, text: &str) -> Refused {
    Reply::text(status, &format!("{text}\n")).into()
}

fn challenge() -> Refused {
    let reply = Reply::text(StatusCode::UNAUTHORIZED, "Invalid credentials\n");
    reply
        .with("www-authenticate", "Basic realm=\"Bitbucket.org HTTP\"")
        .into()
}
