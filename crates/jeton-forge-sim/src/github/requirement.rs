//! What routes say that they want of tokens, in the headers of their answers.

use aws_lc_rs::digest::{Context, SHA256};
use http::{HeaderMap, StatusCode};

use super::GitHubSim;
use super::answer::header;
use super::caller::Caller;
use super::personal::Reach;
use crate::reply::{Content, Reply};
use crate::route::Route;

/// What a route accepts.
struct Requirement {
    /// Scopes of which any one is enough.
    scopes: &'static str,
    /// In the words of `X-Accepted-GitHub-Permissions`: comma is and, semicolon is or.
    permissions: Option<String>,
}

fn requirement(route: &Route) -> Requirement {
    let of = |scopes, permission: &str| Requirement {
        scopes,
        permissions: Some(permission.to_owned()),
    };
    match route {
        Route::Repo(_) => of("repo", "metadata=read"),
        Route::UserRepos => of("public_repo, repo", "metadata=read"),
        Route::Inside(..) => of("repo", "contents=read"),
        Route::Pulls(_) => of("repo", "pull_requests=read"),
        Route::Ci(ci) => {
            let wanted = ci.wanted();
            Requirement {
                scopes: wanted.scope,
                permissions: wanted.header(),
            }
        }
        Route::Org(_) | Route::UserOrgs => Requirement {
            scopes: "admin:org, read:org, repo, user, write:org",
            permissions: None,
        },
        _ => Requirement {
            scopes: "",
            permissions: None,
        },
    }
}

impl GitHubSim {
    /// Tells about the token that was used, and what the route wanted of it.
    pub(crate) fn token_headers(&self, reply: &mut Reply, route: &Route, caller: &Caller) {
        let wanted = requirement(route);
        let mut fine = matches!(caller, Caller::Token(_));
        if let Some(person) = caller.person() {
            let state = self.state();
            let Some(token) = state.people.tokens.get(&person.digest) else {
                return;
            };
            match &token.reach {
                Reach::Classic(scopes) | Reach::OAuth(scopes) => {
                    reply.set("x-oauth-scopes", &scopes.header());
                    reply.set("x-accepted-oauth-scopes", wanted.scopes);
                }
                Reach::FineGrained { .. } => fine = true,
                // Documented as empty or absent: the two kinds without scopes show one each.
                Reach::AppUser { .. } => {
                    fine = true;
                    reply.set("x-oauth-scopes", "");
                }
            }
            if let Some(end) = token.expiration_header() {
                reply.set("github-authentication-token-expiration", &end);
            }
        }
        if let (true, Some(permissions)) = (fine, wanted.permissions) {
            reply.set("x-accepted-github-permissions", &permissions);
        }
    }
}

/// Adds an `ETag`, and leaves the body out if the client has it already.
///
/// The tag is made of the body, or of what the answer gave as its tag; and of who asks in which form, so that nobody
/// learns anything from another's tag. One in quotes is final.
pub(crate) fn unchanged(reply: &mut Reply, headers: &HeaderMap, identity: &[u8]) -> bool {
    let seed = reply.headers.remove("etag");
    let etag = match (reply.status, &seed, &reply.body) {
        (StatusCode::OK, Some(tag), _) if tag.as_bytes().starts_with(b"\"") => {
            String::from_utf8_lossy(tag.as_bytes()).into_owned()
        }
        (StatusCode::OK, Some(seed), _) => weak_tag(seed.as_bytes(), headers, identity),
        (StatusCode::OK, None, Content::Whole(body)) => weak_tag(body, headers, identity),
        _ => return false,
    };
    reply.set("etag", &etag);
    reply.set("vary", "Accept, Authorization, Cookie, X-GitHub-OTP");
    let public = if identity.is_empty() { "public" } else { "private" };
    reply.set("cache-control", &format!("{public}, max-age=60, s-maxage=60"));
    let same = header(headers, "if-none-match").is_some_and(|list| {
        let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        list.split(',').any(|tag| bare(tag) == bare(&etag))
    });
    if same {
        reply.status = StatusCode::NOT_MODIFIED;
        reply.body = Content::Whole(bytes::Bytes::new());
        reply.headers.remove("content-type");
        reply.headers.remove("content-length");
    }
    same
}

fn weak_tag(what: &[u8], headers: &HeaderMap, identity: &[u8]) -> String {
    let accept = header(headers, "accept").unwrap_or_default();
    let mut all = Context::new(&SHA256);
    for part in [what, identity, accept.as_bytes()] {
        all.update(&part.len().to_be_bytes());
        all.update(part);
    }
    format!("W/\"{}\"", hex::encode(all.finish()))
}
