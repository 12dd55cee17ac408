//! Answers on their way out.

use std::io;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use serde::Serialize;

/// The body type that the server sends.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// An answer that can still be changed.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Content,
}

/// What an answer carries.
pub(crate) enum Content {
    Whole(Bytes),
    Stream(BoxStream<'static, io::Result<Bytes>>),
    /// Promises all of it, sends the first half, then cuts the connection.
    Half(Bytes),
}

impl Reply {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Content::Whole(Bytes::new()),
        }
    }

    pub(crate) fn bytes(status: StatusCode, media_type: &'static str, body: Vec<u8>) -> Self {
        let mut reply = Self::empty(status);
        let value = HeaderValue::from_static(media_type);
        reply.headers.insert(CONTENT_TYPE, value);
        reply.body = Content::Whole(body.into());
        reply
    }

    pub(crate) fn text(status: StatusCode, text: &str) -> Self {
        Self::bytes(status, "text/plain; charset=utf-8", text.into())
    }

    pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::bytes(status, "application/json; charset=utf-8", body),
            Err(error) => Self::text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    }

    /// Sets a header, unless the value cannot be sent.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// The body in one piece, whatever it was.
    pub(crate) async fn collect(self) -> io::Result<(StatusCode, HeaderMap, Bytes)> {
        let body = match self.body {
            Content::Whole(bytes) | Content::Half(bytes) => bytes,
            Content::Stream(mut stream) => {
                let mut whole = Vec::new();
                while let Some(piece) = stream.next().await {
                    whole.extend_from_slice(&piece?);
                }
                whole.into()
            }
        };
        Ok((self.status, self.headers, body))
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut headers = self.headers;
        let body = match self.body {
            Content::Whole(bytes) => Full::new(bytes).map_err(|never| match never {}).boxed_unsync(),
            Content::Stream(stream) => stream_body(stream),
            Content::Half(bytes) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len().max(1)));
                stream_body(half(&bytes))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = headers;
        response
    }
}

fn stream_body(pieces: BoxStream<'static, io::Result<Bytes>>) -> Body {
    StreamBody::new(pieces.map(|piece| piece.map(Frame::data))).boxed_unsync()
}

fn half(bytes: &Bytes) -> BoxStream<'static, io::Result<Bytes>> {
    let first = bytes.slice(..bytes.len() / 2);
    let cut = stream::once(async {
        // Lets the server send what it has, or the client would not even see the status.
        tokio::task::yield_now().await;
        Err(io::Error::other("cut by a fault"))
    });
    stream::once(async { Ok(first) }).chain(cut).boxed()
}
