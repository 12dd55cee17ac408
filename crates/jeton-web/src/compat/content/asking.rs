use axum::extract::FromRequestParts;
use http::request::Parts;
use jeton_domain::Code;

use crate::{
    auth::{self, ClientAddress},
    extract::percent_decoded as decode,
    failure::Failure,
    operations::content::asking::{Asking, switched_off},
    peer::Peer,
    request_id::RequestId,
    state::Shared,
};

/// Who asks for content of a repository on the GitHub of these routes, and for which file.
pub(super) struct CompatAsking {
    pub(super) asking: Asking,
    /// The file's path; empty where the route is not about one.
    pub(super) path: String,
}

impl FromRequestParts<Shared> for CompatAsking {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Failure> {
        let peer = parts.extensions.get::<Peer>().copied().unwrap_or(Peer::Unknown);
        let address = parts.extensions.get::<ClientAddress>().copied();
        let address = address.unwrap_or(ClientAddress(None));
        let caller = auth::compat_caller(state, &parts.headers, peer, address).await;
        let caller = caller.map_err(Failure::into_problem)?;
        let id = RequestId::from_request_parts(parts, state).await?;
        let wanted = read(parts.uri.path()).ok_or_else(|| {
            Failure::new(Code::RequestInvalid, "the path is not UTF-8")
                .with_remedy("Percent-encode it as UTF-8, each part once.")
        })?;
        let content = state.content.as_ref().ok_or_else(switched_off)?;
        let forge = content
            .compat_host()
            .map_err(|error| Failure::of_content(&error, state.access.now()))?;
        Ok(Self {
            asking: Asking::new(state, parts, caller, &id, forge, wanted.repository)?.without_origin(),
            path: wanted.path,
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    repository: String,
    path: String,
}

/// Reads `/repo/{owner}/{repo}/tree` and `/repo/{owner}/{repo}/file/{path}/content` from the raw path. Each part is decoded once and
/// alone; slashes of a file's path may be written as such or encoded. `None` for what is not UTF-8.
fn read(raw: &str) -> Option<Wanted> {
    let mut parts = raw.strip_prefix("/repo/")?.splitn(4, '/');
    let (owner, repository) = (decode(parts.next()?)?, decode(parts.next()?)?);
    let rest = match parts.next()? {
        "file" => parts.next()?.rsplit_once('/').map_or("", |(path, _)| path),
        _ => "",
    };
    let path: Option<Vec<String>> = rest.split('/').map(decode).collect();
    Some(Wanted {
        repository: format!("{owner}/{repository}"),
        path: path?.join("/"),
    })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_path_is_decoded_once() {
        for (raw, path) in [
            ("a.txt", "a.txt"),
            ("src/lib.rs", "src/lib.rs"),
            ("src%2Flib.rs", "src/lib.rs"),
            ("src%2flib.rs", "src/lib.rs"),
            ("a%20b%23c%3Fd", "a b#c?d"),
            ("a+b", "a+b"),
            ("100%", "100%"),
            ("a%2520b", "a%20b"),
            ("%C3%A9/%E2%82%AC", "é/€"),
            ("content", "content"),
            ("lines/content", "lines/content"),
            ("file/content/content", "file/content/content"),
        ] {
            let wanted = read(&format!("/repo/acme/tools/file/{raw}/content")).unwrap();
            assert_eq!((wanted.repository.as_str(), wanted.path.as_str()), ("acme/tools", path));
        }
    }

    #[test]
    fn routes_without_a_file_have_no_path() {
        for raw in ["/repo/acme/tools/tree", "/repo/acme/tools/commits"] {
            assert_eq!(read(raw).unwrap().path, "");
        }
        assert_eq!(read("/repo/a%20b/c%2Fd/tree").unwrap().repository, "a b/c/d");
    }

    #[test]
    fn what_is_not_utf_8_names_nothing() {
        assert_eq!(read("/repo/acme/tools/file/%FF/content"), None);
        assert_eq!(read("/repo/%C3/tools/tree"), None);
    }
}
