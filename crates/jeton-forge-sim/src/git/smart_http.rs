//! git's smart HTTP protocol in front of the repositories.

use http::StatusCode;
use http::request::Parts;
use hyper::body::Incoming;

use super::cgi::{self, CgiRequest};
use crate::github::{Credential, GitAccess, GitHubSim, GitRefusal, Peer};
use crate::reply::Reply;
use crate::route::{RepoRef, Route};

/// Answers one of the three requests that git makes.
pub(crate) async fn answer(github: &GitHubSim, route: &Route, parts: &Parts, body: Incoming) -> Reply {
    let query = parts.uri.query().unwrap_or_default();
    let (repo, service, tail) = match route {
        Route::GitInfoRefs(repo) => match query {
            "service=git-upload-pack" => (repo, Service::Upload, "info/refs"),
            "service=git-receive-pack" => (repo, Service::Receive, "info/refs"),
            // The old protocol without a service is not spoken.
            _ => return Reply::text(StatusCode::FORBIDDEN, "Please upgrade your git client.\n"),
        },
        Route::GitUploadPack(repo) => (repo, Service::Upload, "git-upload-pack"),
        Route::GitReceivePack(repo) => (repo, Service::Receive, "git-receive-pack"),
        _ => return Reply::text(StatusCode::NOT_FOUND, "Not Found\n"),
    };
    let RepoRef::Name { owner, name } = repo else {
        return Reply::text(StatusCode::NOT_FOUND, "Not Found\n");
    };
    let credential = Credential::from_headers(&parts.headers);
    let write = matches!(service, Service::Receive);
    let access = match github.git_access(owner, name, &credential, write, Peer::of(parts)) {
        Ok(access) => access,
        Err(refusal) => return refuse(&refusal),
    };
    let (id, user) = match access {
        GitAccess::Moved { owner, name } => {
            let mut target = format!("{}/{owner}/{name}.git/{tail}", github.web_url());
            if !query.is_empty() {
                target.push('?');
                target.push_str(query);
            }
            return Reply::empty(StatusCode::MOVED_PERMANENTLY).with("location", &target);
        }
        GitAccess::Granted { id, user } => (id, user),
    };
    let request = CgiRequest {
        method: parts.method.as_str(),
        path: format!("/{id}.git/{tail}"),
        query,
        headers: &parts.headers,
        user: user.as_deref(),
    };
    match cgi::run(github.store(), request, body).await {
        Ok(reply) => reply,
        Err(error) => {
            tracing::warn!(%error, "git http-backend failed");
            Reply::text(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n")
        }
    }
}

enum Service {
    Upload,
    Receive,
}

/// git shows the text of a refusal to its user after `remote:`.
fn refuse(refusal: &GitRefusal) -> Reply {
    let text = |status, text: &str| Reply::text(status, text);
    match refusal {
        GitRefusal::NoCredential => challenge(""),
        GitRefusal::BadCredential => {
            challenge("Invalid username or token. Password authentication is not supported for Git operations.\n")
        }
        GitRefusal::NotFound => text(StatusCode::NOT_FOUND, "Repository not found.\n"),
        GitRefusal::Denied => text(StatusCode::FORBIDDEN, "Write access to repository not granted.\n"),
        GitRefusal::Refused(words) => text(StatusCode::FORBIDDEN, words),
        GitRefusal::Suspended => text(StatusCode::FORBIDDEN, "This installation has been suspended\n"),
    }
}

fn challenge(words: &str) -> Reply {
    Reply::text(StatusCode::UNAUTHORIZED, words).with("www-authenticate", "Basic realm=\"GitHub\"")
}
