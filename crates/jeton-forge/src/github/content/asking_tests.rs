use http::{HeaderMap, HeaderValue};
use jeton_outbound::Answer;

use url::Url;

use super::{etag, parse, target};
use crate::github::content::test_place::Spot;

fn answer(status: u16, name: &'static str, value: &str) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(name, HeaderValue::from_str(value).unwrap());
    Answer {
        status,
        headers,
        body: zeroize::Zeroizing::default(),
    }
}

#[test]
fn only_a_repository_of_the_same_api_is_gone_to() {
    let spot = Spot::new();
    let from: Url = "https://git.example.com/api/v3/repos/acme/tools/commits?sha=main"
        .parse()
        .unwrap();
    let to = |status, to: &str| target(&spot.place(), &from, &answer(status, "location", to));
    let goes = |status, place: &str| to(status, place).is_some();
    let there = "https://git.example.com/api/v3/repositories/7/commits?sha=main";
    for good in [
        there,
        "https://git.example.com:443/api/v3/repositories/7/commits",
        "/api/v3/repositories/7/commits",
    ] {
        assert_eq!(to(301, good).unwrap().as_str(), there);
    }
    assert!(goes(307, "https://git.example.com/api/v3/repos/acme/new/commits"));
    for elsewhere in [
        "https://evil.example/api/v3/repositories/7",
        "https://git.example.com.evil.example/api/v3/repositories/7",
        "https://git.example.com@evil.example/api/v3/repositories/7",
        "http://git.example.com/api/v3/repositories/7",
        "https://git.example.com:444/api/v3/repositories/7",
        "https://git.example.com/login?return_to=/api/v3/repositories/7",
        "https://git.example.com/api/v3/repositories/../user",
        "//evil.example/api/v3/repositories/7",
        "/repositories/7",
        "",
    ] {
        assert!(!goes(301, elsewhere), "{elsewhere}");
    }
    assert!(!goes(200, "https://git.example.com/api/v3/repositories/7"));
}

#[test]
fn a_tag_is_kept_if_a_header_can_carry_it() {
    let tag = |text: &str| etag(&answer(200, "etag", text));
    for good in ["\"7\"".to_owned(), format!("W/\"{}\"", "0123abcd".repeat(8))] {
        assert_eq!(tag(&good).as_ref(), Some(&good));
    }
    assert_eq!(tag("\"a b\""), None);
    assert_eq!(tag(&"a".repeat(300)), None);
}

#[test]
fn what_cannot_be_read_is_not_quoted() {
    let mut answer = answer(200, "etag", "x");
    answer.body.extend_from_slice(b"{\"p1anted\": p1anted}");
    let shown = format!("{:?}", parse::<Vec<u8>>(&answer).unwrap_err());
    assert!(!shown.contains("p1anted"), "{shown}");
}
