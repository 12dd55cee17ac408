//! Files, piece by piece.

use futures_util::StreamExt as _;
use http::{HeaderMap, header};
use jeton_domain::{FilePath, ObjectId};
use jeton_outbound::{ByteStream, OutboundError};

use super::{
    asking::{Ask, Asking},
    failure::{Failing, LARGEST},
    tail::Tail,
    words::Sought,
};
use crate::{
    content::{BlobStream, ReadError},
    headers::text,
};

/// Never with `Range`: GitHub takes no notice of it for a blob that it has not at hand, and for others cuts the range out of the
/// compressed bytes.
pub(super) async fn blob(
    asking: &mut Asking<'_>,
    commit: &ObjectId,
    path: &FilePath,
    id: Option<&ObjectId>,
) -> Result<BlobStream, ReadError> {
    let failing = Failing {
        at: asking.at,
        sought: Sought::Path(commit, path),
    };
    let tail = match id {
        Some(id) => Tail::new("git/blobs").below(&id.to_string()),
        None => Tail::new("contents")
            .below(path.as_str())
            .with("ref", &commit.to_string()),
    };
    let ask = Ask::new(tail).accept("application/vnd.github.raw+json");
    let coming = asking.open(&ask, &failing).await?;
    if let Some(odd) = odd(coming.status, &coming.headers) {
        return Err(failing.garbled(odd));
    }
    if coming.length.is_some_and(|length| length > LARGEST) {
        return Err(ReadError::TooLarge { limit: LARGEST });
    }
    Ok(BlobStream {
        size: coming.length,
        bytes: bounded(coming.status, coming.bytes),
    })
}

/// What would pass for the file and is not.
fn odd(status: u16, headers: &HeaderMap) -> Option<&'static str> {
    let encoding = text(headers, header::CONTENT_ENCODING.as_str()).unwrap_or("identity");
    let media = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if status != 200 {
        Some("a part of a file came, and all of it was asked for")
    } else if !encoding.eq_ignore_ascii_case("identity") {
        Some("a file came compressed, which was not asked for")
    } else if media.eq_ignore_ascii_case("text/html") {
        Some("a page came in place of a file")
    } else if media.eq_ignore_ascii_case("application/json") {
        Some("JSON came in place of a file")
    } else {
        None
    }
}

/// A stream of unknown length ends where GitHub's largest file would.
fn bounded(status: u16, bytes: ByteStream) -> ByteStream {
    let mut left = LARGEST;
    Box::pin(bytes.map(move |piece| {
        let piece = piece?;
        match left.checked_sub(piece.len() as u64) {
            Some(rest) => {
                left = rest;
                Ok(piece)
            }
            None => Err(OutboundError::BodyTooLarge {
                status,
                limit: usize::try_from(LARGEST).unwrap_or(usize::MAX),
            }),
        }
    }))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::{StreamExt as _, stream};
    use http::{HeaderMap, HeaderValue};

    use super::{bounded, odd};

    #[test]
    fn what_only_looks_like_a_file_is_told() {
        let is_odd = |status, name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
            odd(status, &headers).is_some()
        };
        assert!(!is_odd(
            200,
            "content-type",
            "application/vnd.github.raw+json; charset=utf-8"
        ));
        assert!(!is_odd(200, "content-encoding", "identity"));
        assert!(is_odd(206, "content-type", "application/vnd.github.raw+json"));
        assert!(is_odd(200, "content-type", "text/html; charset=utf-8"));
        assert!(is_odd(200, "content-type", "application/json; charset=utf-8"));
        assert!(is_odd(200, "content-encoding", "gzip"));
    }

    #[tokio::test]
    async fn a_file_without_end_ends() {
        let piece = Bytes::from(vec![b'x'; 30 << 20]);
        let endless = stream::repeat_with(move || Ok(piece.clone()));
        let pieces: Vec<bool> = bounded(200, Box::pin(endless))
            .take(4)
            .map(|p| p.is_ok())
            .collect()
            .await;
        assert_eq!(pieces, [true, true, true, false]);
    }
}
