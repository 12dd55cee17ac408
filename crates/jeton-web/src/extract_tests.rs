use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use jeton_api::{AddAppRequest, TokenRequest};

use super::{is_json, parse, read};
use crate::{failure::Failure, request_id::RequestIds};

#[derive(Debug)]
struct Zeros;
impl jeton_domain::Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

async fn detail(failure: Failure) -> String {
    let response = failure.write(&RequestIds::new(&Zeros).next());
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    body["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn bad_json_says_what_and_where() {
    let text = detail(parse::<TokenRequest>(br#"{"repos": ["a/b"]}"#).unwrap_err()).await;
    assert!(
        text.contains("unknown field \"repos\", expected one of \"forge\""),
        "{text}"
    );
    assert!(text.contains("line 1 column"), "{text}");
    let text = detail(parse::<TokenRequest>(b"{\n  \"repositories\": [}").unwrap_err()).await;
    assert!(text.contains("line 2 column"), "{text}");
    let text = detail(parse::<TokenRequest>(b"{}").unwrap_err()).await;
    assert!(text.contains("missing field \"repositories\""), "{text}");
    let text = detail(parse::<TokenRequest>(b"").unwrap_err()).await;
    assert!(text.contains("EOF"), "{text}");
    assert!(parse::<TokenRequest>(br#"{"repositories": ["a/b"]} x"#).is_err());
    for array in [&b"[]"[..], b" [\"github.com\"]"] {
        let text = detail(parse::<TokenRequest>(array).unwrap_err()).await;
        assert!(text.contains("JSON array"), "{text}");
    }
}

#[tokio::test]
async fn a_secret_in_the_wrong_field_is_not_repeated() {
    let pem = format!("-----BEGIN RSA {} KEY-----", "PRIVATE");
    let body = format!(r#"{{"name": "ci", "app_id": 1, "private_key": "x", "check": "{pem}planted"}}"#);
    let text = detail(parse::<AddAppRequest>(body.as_bytes()).unwrap_err()).await;
    assert!(!text.contains("planted"), "{text}");
    let body = format!(r#"{{"repositories": "{}"}}"#, "x".repeat(10_000));
    let text = detail(parse::<TokenRequest>(body.as_bytes()).unwrap_err()).await;
    assert!(text.len() < 600, "{text}");
}

#[test]
fn only_json_is_json() {
    for (given, fine) in [
        ("application/json", true),
        ("Application/JSON; charset=utf-8", true),
        ("application/merge-patch+json", true),
        ("text/json", false),
        ("application/x-www-form-urlencoded", false),
        ("application/jsonp", false),
        ("", false),
    ] {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(given))]);
        assert_eq!(is_json(&headers).is_ok(), fine, "{given:?}");
    }
    assert_eq!(is_json(&HeaderMap::new()).unwrap_err().status(), 415);
}

#[tokio::test(start_paused = true)]
async fn a_body_is_bounded_in_size_and_time() {
    let patience = Duration::from_secs(10);
    assert_eq!(read(Body::from("12345"), 5, patience).await.unwrap(), "12345");
    assert_eq!(read(Body::from("123456"), 5, patience).await.unwrap_err().status(), 413);
    let never = futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
    assert_eq!(
        read(Body::from_stream(never), 5, patience).await.unwrap_err().status(),
        408
    );
    let cut = futures_util::stream::iter([Ok("1".into()), Err(std::io::Error::other("cut"))]);
    let cut: Vec<Result<bytes::Bytes, std::io::Error>> = futures_util::StreamExt::collect(cut).await;
    let cut = Body::from_stream(futures_util::stream::iter(cut));
    assert_eq!(read(cut, 5, patience).await.unwrap_err().status(), 400);
}
