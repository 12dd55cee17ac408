//! From a request for the API to its answer.

use http::request::Parts;
use http::{HeaderMap, StatusCode};

use super::GitHubSim;
use super::caller::{Caller, Credential, Peer};
use super::charge::{limit_headers, who};
use super::ci::{CiCall, Scope};
use super::content::{Look, Stop};
use super::error::ApiError;
use super::limits::{Bucket, LimitView, Resource};
use super::requirement::unchanged;
use super::spec::OwnerKind;
use super::token::TokenFormat;
use super::wire::rate_limit;
use crate::lock;
use crate::reply::Reply;
use crate::route::{Route, reads};

/// How a fault changes the token that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tweak {
    #[default]
    None,
    Wider,
    Expired,
}

/// A call whose caller was let in.
struct Call<'a> {
    route: &'a Route,
    caller: Caller,
    parts: &'a Parts,
    body: &'a [u8],
    tweak: Tweak,
    view: LimitView,
}

const OLD_VERSION: &str = "2022-11-28";
const NEW_VERSION: &str = "2026-03-10";

impl GitHubSim {
    /// Answers a call of the API.
    pub(crate) fn answer(&self, route: &Route, parts: &Parts, body: &[u8], tweak: Tweak) -> Reply {
        if !parts.headers.contains_key("user-agent") {
            return no_user_agent();
        }
        let version = header(&parts.headers, "x-github-api-version").unwrap_or(OLD_VERSION);
        if ![OLD_VERSION, NEW_VERSION].contains(&version) {
            let message = format!("{version} is not a supported version of the REST API.");
            return ApiError::new(StatusCode::BAD_REQUEST, message).into_reply();
        }
        let credential = Credential::from_headers(&parts.headers);
        let mut reply = match self.enter(route, &credential) {
            Err(error) => {
                let mut reply = error.into_reply();
                limit_headers(
                    &mut reply,
                    &self.charge(Bucket::Anonymous(Peer::of(parts)), Resource::Core, 0),
                );
                reply
            }
            Ok(caller) => {
                let cost = u32::from(!is_free(route));
                let mut view = self.charge(caller.bucket(Peer::of(parts)), Resource::of(route), cost);
                let outcome = if view.exceeded {
                    Err(ApiError::primary_limit(StatusCode::FORBIDDEN, &who(view.bucket)))
                } else {
                    self.dispatch(&Call {
                        route,
                        caller,
                        parts,
                        body,
                        tweak,
                        view,
                    })
                };
                let mut reply = outcome.unwrap_or_else(ApiError::into_reply);
                if reads(&parts.method)
                    && *route != Route::RateLimit
                    && unchanged(&mut reply, &parts.headers, &caller.identity())
                    && !matches!(caller, Caller::Anonymous)
                {
                    self.state().limits.refund(&mut view, cost);
                }
                limit_headers(&mut reply, &view);
                self.token_headers(&mut reply, route, &caller);
                reply
            }
        };
        reply.set("x-github-media-type", "github.v3; format=json");
        reply.set("x-github-api-version-selected", version);
        reply
    }

    /// Lets in who may call this route at all.
    fn enter(&self, route: &Route, credential: &Credential) -> Result<Caller, ApiError> {
        match route {
            // A runner that registers has a credential of its own kind.
            Route::Ci(ci) if ci.scope == Scope::Credential => Ok(Caller::Anonymous),
            Route::App
            | Route::Installations
            | Route::Installation(_)
            | Route::Uninstall(_)
            | Route::Mint(_)
            | Route::Suspend(_)
            | Route::Unsuspend(_)
            | Route::RepoInstallation(_)
            | Route::OrgInstallation(_)
            | Route::UserInstallation(_) => self.app_caller(credential).map(Caller::App),
            Route::TokenRepositories | Route::RevokeToken | Route::User | Route::UserRepos | Route::UserOrgs => {
                self.token_caller(credential)
            }
            Route::Root
            | Route::Org(_)
            | Route::Ci(_)
            | Route::Repo(_)
            | Route::Inside(..)
            | Route::Pulls(_)
            | Route::RateLimit => match credential {
                Credential::None => Ok(Caller::Anonymous),
                Credential::Assertion(_) if *route == Route::RateLimit => self.app_caller(credential).map(Caller::App),
                _ => self.token_caller(credential),
            },
            // The words are not in the vendor's documentation; the status is.
            Route::RevokeCredentials if !matches!(credential, Credential::None) => Err(ApiError::forbidden(
                "This endpoint does not support authenticated requests.",
            )),
            Route::RevokeCredentials => Ok(Caller::Anonymous),
            Route::GitInfoRefs(_) | Route::GitUploadPack(_) | Route::GitReceivePack(_) | Route::Unknown => {
                Ok(Caller::Anonymous)
            }
        }
    }

    fn dispatch(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let Call { route, parts, body, .. } = *call;
        let newer = header(&parts.headers, "x-github-api-version") == Some(NEW_VERSION);
        let peer = Peer::of(parts);
        match (route, &call.caller) {
            (Route::App, Caller::App(app)) => self.get_app(*app),
            (Route::Installations, Caller::App(app)) => Ok(self.list_installations(*app, &parts.uri)),
            (Route::Installation(id), Caller::App(app)) => self.get_installation(*app, *id),
            (Route::Uninstall(id), Caller::App(app)) => self.delete_installation(*app, *id, newer),
            (Route::Mint(id), Caller::App(app)) => self.mint(*app, *id, body, asked_format(&parts.headers), call.tweak),
            (Route::Suspend(id), Caller::App(app)) => self.set_suspended(*app, *id, true),
            (Route::Unsuspend(id), Caller::App(app)) => self.set_suspended(*app, *id, false),
            (Route::RepoInstallation(repo), Caller::App(app)) => self.repo_installation(*app, repo),
            (Route::OrgInstallation(login), Caller::App(app)) => {
                self.owner_installation(*app, login, Some(OwnerKind::Organization))
            }
            (Route::UserInstallation(login), Caller::App(app)) => self.owner_installation(*app, login, None),
            (Route::TokenRepositories, Caller::Token(token)) => self.token_repositories(token, &parts.uri),
            (Route::RevokeToken, Caller::Token(token)) => {
                self.state().tokens.remove(&token.digest);
                Ok(Reply::empty(StatusCode::NO_CONTENT))
            }
            // Not in the vendor's documentation.
            (Route::TokenRepositories | Route::RevokeToken, _) => Err(ApiError::forbidden(
                "You must authenticate with an installation access token in order to use this endpoint.",
            )),
            (Route::User, Caller::Person(person)) => self.get_user(person),
            (Route::UserRepos, Caller::Person(person)) => Ok(self.user_repos(person, &parts.uri, peer)),
            (Route::UserOrgs, Caller::Person(person)) => self.user_orgs(person, &parts.uri, peer),
            (Route::User | Route::UserRepos | Route::UserOrgs, _) => Err(ApiError::not_accessible()),
            (Route::Root, _) => Ok(self.get_root()),
            (Route::Org(login), caller) => self.get_org(login, caller.person(), peer),
            (Route::Ci(ci), caller) => {
                let ci = CiCall {
                    route: ci,
                    caller,
                    parts,
                    body,
                };
                self.answer_ci(ci).or_else(Stop::outcome)
            }
            (Route::Repo(repo), caller) => self.get_repo(repo, caller, peer),
            (Route::Inside(repo, inside), caller) => {
                let look = Look {
                    repo,
                    caller,
                    parts,
                    newer,
                };
                self.look(look, inside).or_else(Stop::outcome)
            }
            (Route::Pulls(repo), caller) => self.list_pulls(repo, caller, &parts.uri, peer),
            (Route::RevokeCredentials, _) => self.revoke_credentials(body),
            (Route::RateLimit, caller) => {
                let runners = self.charge(caller.bucket(peer), Resource::RunnerRegistration, 0);
                Ok(Reply::json(StatusCode::OK, &rate_limit(&call.view, &runners, !newer)))
            }
            _ => Err(ApiError::not_found()),
        }
    }

    /// An id of the form GitHub gives to each request.
    pub(crate) fn request_id(&self) -> String {
        // Not from the seed of the tokens: how often a client calls must not change them.
        let [first, rest @ ..]: [u8; 16] = lock(&self.0.request_ids).bytes();
        let text = hex::encode_upper(rest);
        format!("{first:02X}:{}:{}:{}", &text[..8], &text[8..16], &text[16..])
    }

    pub(crate) fn web_url(&self) -> &str {
        &self.0.web_url
    }
}

pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a call costs nobody anything. Runners that register share no limit with anonymous readers.
fn is_free(route: &Route) -> bool {
    match route {
        Route::RateLimit | Route::Unknown => true,
        Route::Ci(ci) => ci.scope == Scope::Credential,
        _ => false,
    }
}

/// The format that a client may ask for while GitHub changes over. Other values count as absent.
fn asked_format(headers: &HeaderMap) -> Option<TokenFormat> {
    match header(headers, "x-github-stateless-s2s-token") {
        Some("enabled") => Some(TokenFormat::Stateless),
        Some("disabled") => Some(TokenFormat::Classic),
        _ => None,
    }
}

/// GitHub's front end refuses this before the API sees it, hence no JSON.
fn no_user_agent() -> Reply {
    let text = "\r\nRequest forbidden by administrative rules. Please make sure your request has a \
                User-Agent header (https://docs.github.com/en/rest/overview/\
                resources-in-the-rest-api#user-agent-required). \
                Check https://developer.github.com for other possible causes.\r\n";
    Reply::bytes(StatusCode::FORBIDDEN, "text/html", text.into())
}
