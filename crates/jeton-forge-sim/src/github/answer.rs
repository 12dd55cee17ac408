//! From a request for the API to its answer.

use http::request::Parts;
use http::{HeaderMap, StatusCode, Uri};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::GitHubSim;
use super::caller::{Credential, TokenCaller};
use super::error::ApiError;
use super::installations::Resolved;
use super::limits::{Bucket, LimitView};
use super::page::Page;
use super::spec::OwnerKind;
use super::token::TokenFormat;
use super::wire::{rate_limit, resource};
use crate::lock;
use crate::reply::Reply;
use crate::route::{RepoRef, Route};

/// How a fault changes the token that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tweak {
    #[default]
    None,
    Wider,
    Expired,
}

/// Who was let in.
enum Caller {
    App(u64),
    Token(TokenCaller),
    Anonymous,
}

impl Caller {
    fn bucket(&self) -> Bucket {
        match self {
            Self::App(id) => Bucket::App(*id),
            Self::Token(token) => Bucket::Installation(token.installation),
            Self::Anonymous => Bucket::Anonymous,
        }
    }
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
        let (outcome, view) = match self.enter(route, &credential) {
            Err(error) => (Err(error), self.charge(Bucket::Anonymous, 0)),
            Ok(caller) => {
                let cost = u32::from(!matches!(route, Route::RateLimit | Route::Unknown));
                let view = self.charge(caller.bucket(), cost);
                let outcome = if view.exceeded {
                    Err(ApiError::primary_limit(&who(view.bucket)))
                } else {
                    self.dispatch(route, &caller, parts, body, tweak, &view)
                };
                (outcome, view)
            }
        };
        let mut reply = outcome.unwrap_or_else(ApiError::into_reply);
        limit_headers(&mut reply, &view);
        reply.set("x-github-media-type", "github.v3; format=json");
        reply.set("x-github-api-version-selected", version);
        reply
    }

    /// The answer of a fault that stands in for a limit; `reset_in` is for the primary one.
    pub(crate) fn limited(&self, headers: &HeaderMap, reset_in: SignedDuration) -> Reply {
        let mut view = self.charge(self.bucket_of(&Credential::from_headers(headers)), 0);
        view.used = view.limit;
        view.reset = self.now().checked_add(reset_in).unwrap_or(view.reset);
        let mut reply = ApiError::primary_limit(&who(view.bucket)).into_reply();
        limit_headers(&mut reply, &view);
        reply
    }

    /// Any other refusal of a fault, with the headers it would have.
    pub(crate) fn refused(&self, headers: &HeaderMap, error: ApiError) -> Reply {
        let view = self.charge(self.bucket_of(&Credential::from_headers(headers)), 0);
        let mut reply = error.into_reply();
        limit_headers(&mut reply, &view);
        reply
    }

    fn charge(&self, bucket: Bucket, cost: u32) -> LimitView {
        let now = self.now();
        let mut state = self.state();
        let repositories = match bucket {
            Bucket::Installation(id) => {
                let installation = state.installation(id);
                installation.map_or(0, |i| state.covered_by(i).len())
            }
            Bucket::App(_) | Bucket::Anonymous => 0,
        };
        state.limits.spend(bucket, repositories, cost, now)
    }

    /// Lets in who may call this route at all.
    fn enter(&self, route: &Route, credential: &Credential) -> Result<Caller, ApiError> {
        match route {
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
            Route::TokenRepositories | Route::RevokeToken | Route::User => {
                self.token_caller(credential).map(Caller::Token)
            }
            Route::Repo(_) | Route::RateLimit => match credential {
                Credential::None => Ok(Caller::Anonymous),
                Credential::Assertion(_) if *route == Route::RateLimit => self.app_caller(credential).map(Caller::App),
                _ => self.token_caller(credential).map(Caller::Token),
            },
            Route::GitInfoRefs(_) | Route::GitUploadPack(_) | Route::GitReceivePack(_) | Route::Unknown => {
                Ok(Caller::Anonymous)
            }
        }
    }

    fn dispatch(
        &self,
        route: &Route,
        caller: &Caller,
        parts: &Parts,
        body: &[u8],
        tweak: Tweak,
        view: &LimitView,
    ) -> Result<Reply, ApiError> {
        let newer = header(&parts.headers, "x-github-api-version") == Some(NEW_VERSION);
        match (route, caller) {
            (Route::App, Caller::App(app)) => self.get_app(*app),
            (Route::Installations, Caller::App(app)) => Ok(self.list_installations(*app, &parts.uri)),
            (Route::Installation(id), Caller::App(app)) => self.get_installation(*app, *id),
            (Route::Uninstall(id), Caller::App(app)) => self.delete_installation(*app, *id, newer),
            (Route::Mint(id), Caller::App(app)) => self.mint(*app, *id, body, asked_format(&parts.headers), tweak),
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
            (Route::User, _) => Err(ApiError::not_accessible()),
            (Route::Repo(repo), caller) => self.get_repo(repo, caller),
            (Route::RateLimit, _) => Ok(Reply::json(StatusCode::OK, &rate_limit(view, !newer))),
            _ => Err(ApiError::not_found()),
        }
    }

    fn token_repositories(&self, caller: &TokenCaller, uri: &Uri) -> Result<Reply, ApiError> {
        let state = self.state();
        let token = state.tokens.get(&caller.digest);
        let token = token.ok_or_else(ApiError::bad_credentials)?;
        let all = state.token_repositories(token);
        let page = Page::from_query(uri.query());
        let shown = page.cut(&all).iter().map(|r| self.wire(&state).repository(r));
        let shown: Vec<Value> = shown.collect();
        let narrowed = token.repositories.is_some()
            || state
                .installation(token.installation)
                .is_some_and(|i| i.selected.is_some());
        let body = json!({
            "total_count": all.len(),
            "repository_selection": if narrowed { "selected" } else { "all" },
            "repositories": shown,
        });
        let reply = Reply::json(StatusCode::OK, &body);
        Ok(page.link(reply, &self.0.web_url, uri, all.len()))
    }

    fn get_repo(&self, repo: &RepoRef, caller: &Caller) -> Result<Reply, ApiError> {
        let state = self.state();
        let found = match repo {
            RepoRef::Id(id) => state.repositories.get(id),
            RepoRef::Name { owner, name } => state.find_repository(owner, name).map(|f| f.repository),
        };
        let found = found.ok_or_else(ApiError::not_found)?;
        let covered = match caller {
            Caller::Token(token) => {
                let token = state.tokens.get(&token.digest);
                token.is_some_and(|token| state.token_covers(token, found))
            }
            Caller::App(_) | Caller::Anonymous => false,
        };
        // Also for a former name: a redirect would tell that the repository exists.
        if found.private && !covered {
            return Err(ApiError::not_found());
        }
        match self.resolve(&state, repo, "")? {
            Resolved::Moved(reply) => Ok(reply),
            Resolved::Here(found) => {
                let body = self.wire(&state).repository(found);
                Ok(Reply::json(StatusCode::OK, &body))
            }
        }
    }

    /// Whose repository or installation a request is about, for faults aimed at an owner.
    pub(crate) fn owner_of(&self, route: &Route, headers: &HeaderMap) -> Option<String> {
        let of_installation = |id: u64| {
            let state = self.state();
            state.installations.get(&id).map(|i| i.owner.clone())
        };
        match route {
            Route::Installation(id)
            | Route::Uninstall(id)
            | Route::Mint(id)
            | Route::Suspend(id)
            | Route::Unsuspend(id) => of_installation(*id),
            Route::Repo(repo)
            | Route::RepoInstallation(repo)
            | Route::GitInfoRefs(repo)
            | Route::GitUploadPack(repo)
            | Route::GitReceivePack(repo) => match repo {
                RepoRef::Name { owner, .. } => Some(owner.clone()),
                RepoRef::Id(id) => {
                    let state = self.state();
                    state.repositories.get(id).map(|r| r.owner.clone())
                }
            },
            Route::OrgInstallation(login) | Route::UserInstallation(login) => Some(login.clone()),
            Route::TokenRepositories | Route::RevokeToken | Route::User | Route::RateLimit => {
                match self.bucket_of(&Credential::from_headers(headers)) {
                    Bucket::Installation(id) => of_installation(id),
                    Bucket::App(_) | Bucket::Anonymous => None,
                }
            }
            Route::App | Route::Installations | Route::Unknown => None,
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

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The format that a client may ask for while GitHub changes over. Other values count as absent.
fn asked_format(headers: &HeaderMap) -> Option<TokenFormat> {
    match header(headers, "x-github-stateless-s2s-token") {
        Some("enabled") => Some(TokenFormat::Stateless),
        Some("disabled") => Some(TokenFormat::Classic),
        _ => None,
    }
}

fn who(bucket: Bucket) -> String {
    match bucket {
        Bucket::App(id) => format!("app ID {id}"),
        Bucket::Installation(id) => format!("installation ID {id}"),
        Bucket::Anonymous => "127.0.0.1".to_owned(),
    }
}

fn limit_headers(reply: &mut Reply, view: &LimitView) {
    reply.set("x-ratelimit-limit", &view.limit.to_string());
    reply.set("x-ratelimit-remaining", &view.remaining().to_string());
    reply.set("x-ratelimit-used", &view.used.to_string());
    reply.set("x-ratelimit-reset", &view.reset.as_second().to_string());
    reply.set("x-ratelimit-resource", resource(view.bucket));
}

/// GitHub's front end refuses this before the API sees it, hence no JSON.
fn no_user_agent() -> Reply {
    let text = "\r\nRequest forbidden by administrative rules. Please make sure your request has a \
                User-Agent header (https://docs.github.com/en/rest/overview/\
                resources-in-the-rest-api#user-agent-required). \
                Check https://developer.github.com for other possible causes.\r\n";
    Reply::bytes(StatusCode::FORBIDDEN, "text/html", text.into())
}
