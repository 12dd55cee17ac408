//! Files, piece by piece.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use jeton_outbound::{ByteStream, HttpOptions, Opening, OutboundError};

use crate::server::{Server, client, get, patience};

async fn whole(bytes: ByteStream) -> Result<Vec<u8>, OutboundError> {
    bytes
        .try_fold(Vec::new(), async |mut all, piece| {
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
}

async fn begin(server: &Server, options: HttpOptions) -> (Option<u64>, ByteStream) {
    match client(options).open(get(&server.url())).await.unwrap() {
        Opening::Streaming {
            status: 200,
            length,
            bytes,
            ..
        } => (length, bytes),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_body_larger_than_the_limit_comes_piece_by_piece() {
    let body = vec![b'x'; 3 << 20];
    let mut response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    response.extend_from_slice(&body);
    let server = Server::start(response).await;
    let options = HttpOptions {
        max_body_bytes: 1024,
        ..HttpOptions::default()
    };
    let (length, bytes) = begin(&server, options).await;
    assert_eq!(length, Some(3 << 20));
    assert_eq!(whole(bytes).await.unwrap(), body);
}

#[tokio::test]
async fn a_body_that_is_cut_ends_with_an_error() {
    let server = Server::start("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this").await;
    let (_, bytes) = begin(&server, HttpOptions::default()).await;
    assert!(matches!(whole(bytes).await, Err(OutboundError::Cut(_))));
}

#[tokio::test]
async fn a_steady_body_may_take_longer_than_a_request_and_a_silent_one_not() {
    // 30 pieces, one each 100 ms, where a request as a whole has 2 seconds.
    let server = Server::endless("HTTP/1.1 200 OK\r\n\r\n", "x", Duration::from_millis(100)).await;
    let (_, bytes) = begin(&server, patience()).await;
    let mut seen = 0;
    let mut bytes = bytes;
    while seen < 30 {
        seen += bytes.try_next().await.unwrap().unwrap().len();
    }
    let server = Server::endless("HTTP/1.1 200 OK\r\n\r\nbegin", "", Duration::from_millis(100)).await;
    let (_, bytes) = begin(&server, patience()).await;
    assert_eq!(whole(bytes).await.unwrap_err(), OutboundError::Timeout);
}

#[tokio::test]
async fn what_is_no_success_comes_whole() {
    let server = Server::start("HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\ngone").await;
    match client(HttpOptions::default()).open(get(&server.url())).await.unwrap() {
        Opening::Refused(answer) => assert_eq!((answer.status, &answer.body[..]), (404, &b"gone"[..])),
        other @ Opening::Streaming { .. } => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_in_time() {
    let server = Server::endless("", "", Duration::from_millis(100)).await;
    let error = client(patience()).open(get(&server.url())).await.unwrap_err();
    assert_eq!(error, OutboundError::Timeout);
}
