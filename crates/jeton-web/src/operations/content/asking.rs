use std::ops::ControlFlow;

use axum::{
    extract::{FromRequestParts, Path},
    response::Response,
};
use http::{
    HeaderMap, Uri,
    header::{CACHE_CONTROL, IF_NONE_MATCH, PRAGMA},
    request::Parts,
};
use jeton_broker::Asker;
use jeton_content::{At, Content, ContentError, FileRead, Read};
use jeton_domain::{Caller, Code};

use crate::{auth::Known, failure::Failure, operations::render, request_id::RequestId, state::Shared};

/// Who asks for content of which repository, and what they have of it already.
pub(crate) struct Asking {
    pub(super) state: Shared,
    pub(super) asker: Asker,
    pub(super) uri: Uri,
    content: Content,
    forge: String,
    repository: String,
    /// The validators of `If-None-Match`, as they were sent.
    known: Vec<String>,
    /// Whether the caller wants what a branch or tag means to be asked for now.
    revalidate: bool,
    /// Whether answers say where they come from.
    pub(super) tells_origin: bool,
}

impl Asking {
    /// `forge` and `repository` as they were written; the core reads them.
    pub(crate) fn new(
        state: &Shared,
        parts: &Parts,
        caller: Caller,
        id: &RequestId,
        forge: String,
        repository: String,
    ) -> Result<Self, Failure> {
        Ok(Self {
            content: state.content.clone().ok_or_else(switched_off)?,
            state: state.clone(),
            asker: render::asker(caller, id),
            uri: parts.uri.clone(),
            forge,
            repository,
            known: known(&parts.headers),
            revalidate: wants_anew(&parts.headers),
            tells_origin: true,
        })
    }

    /// The same for answers that have no place to say where they come from.
    pub(crate) fn without_origin(self) -> Self {
        Self {
            tells_origin: false,
            ..self
        }
    }

    /// The use cases.
    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// Who asks.
    pub(crate) fn asker(&self) -> &Asker {
        &self.asker
    }

    /// Where. An empty name is none: `?ref=`, as forms and templates send it.
    pub(crate) fn at<'a>(&'a self, reference: Option<&'a str>) -> At<'a> {
        At {
            forge: &self.forge,
            repository: &self.repository,
            reference: reference.filter(|name| !name.is_empty()),
            revalidate: self.revalidate,
        }
    }

    /// A file, for an answer in JSON. A caller who has that answer already is told so (`Break`) as soon as its commit and place are known
    /// and the right to read them: no byte of the file is waited for.
    pub(crate) async fn file(
        &self,
        reference: Option<&str>,
        path: &str,
    ) -> Result<ControlFlow<Response, Read<FileRead>>, Failure> {
        let mut at = self.at(reference);
        // Kept until the whole is here, so that what has begun to come goes on.
        let mut begun = None;
        if !self.known.is_empty() {
            let read = self.content.raw(&self.asker, &at, path).await;
            let read = read.map_err(|error| self.failure(&error))?;
            if let Some(response) = self.unchanged(&read.meta) {
                return Ok(ControlFlow::Break(response));
            }
            // That was asked a moment ago.
            at.revalidate = false;
            begun = Some(read);
        }
        let read = self.content.file(&self.asker, &at, path).await;
        drop(begun);
        read.map(ControlFlow::Continue).map_err(|error| self.failure(&error))
    }

    /// Why there is no content.
    pub(crate) fn failure(&self, error: &ContentError) -> Failure {
        Failure::of_content(error, self.state.access.now())
    }

    /// Whether the caller has what this validator stands for. A weak one will do, because nothing is to be put together.
    pub(super) fn has(&self, etag: &str) -> bool {
        let same = |known: &String| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag;
        self.known.iter().any(same)
    }
}

/// That which no server without this part has.
pub(crate) fn switched_off() -> Failure {
    Failure::new(Code::RouteNotFound, "this server does not serve content")
        .with_remedy("The operator can switch it on with `content.enabled`.")
}

fn known(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(IF_NONE_MATCH).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    // None of ours holds a comma.
    let each = values.flat_map(|value| value.split(','));
    each.map(|etag| etag.trim().to_owned()).collect()
}

fn wants_anew(headers: &HeaderMap) -> bool {
    let says = |name: http::HeaderName, words: &[&str]| {
        let values = headers.get_all(name).iter();
        let mut directives = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        directives.any(|directive| words.iter().any(|word| directive.trim().eq_ignore_ascii_case(word)))
    };
    says(CACHE_CONTROL, &["no-cache", "no-store", "max-age=0"]) || says(PRAGMA, &["no-cache"])
}

impl FromRequestParts<Shared> for Asking {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Failure> {
        let Known(caller) = Known::from_request_parts(parts, state).await?;
        let id = RequestId::from_request_parts(parts, state).await?;
        // Each part is decoded once and alone: `group%2Fsub` is one owner.
        let place = Path::<(String, String, String)>::from_request_parts(parts, state).await;
        let Path((forge, owner, repository)) = place.map_err(|_| {
            Failure::new(Code::RouteNotFound, "the path is not UTF-8")
                .with_remedy("Percent-encode it as UTF-8, each part once.")
        })?;
        Self::new(state, parts, caller, &id, forge, format!("{owner}/{repository}"))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{known, wants_anew};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn validators_are_read_from_all_headers() {
        let sent = headers(&[("if-none-match", "\"a\", W/\"b\""), ("if-none-match", "\"c\"")]);
        assert_eq!(known(&sent), ["\"a\"", "W/\"b\"", "\"c\""]);
        assert!(known(&HeaderMap::new()).is_empty());
    }

    #[test]
    fn a_caller_can_ask_for_what_is_so_now() {
        for sent in [
            [("cache-control", "no-cache")],
            [("cache-control", "max-stale, No-Cache")],
            [("cache-control", "max-age=0")],
            [("pragma", "no-cache")],
        ] {
            assert!(wants_anew(&headers(&sent)), "{sent:?}");
        }
        assert!(!wants_anew(&headers(&[("cache-control", "max-age=60")])));
        assert!(!wants_anew(&HeaderMap::new()));
    }
}
