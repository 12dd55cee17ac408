use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use jeton_domain::{ApiKey, Entropy, Permissions};

use super::{
    Presented, Refused,
    anonymous::{self, is_local_host},
    presented,
};
use crate::{peer::Peer, settings::CompatSettings};

#[derive(Debug)]
struct Fixed(u8);
impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

fn key(seed: u8) -> ApiKey {
    ApiKey::generate(&Fixed(seed))
}

fn headers<V: AsRef<[u8]>>(pairs: &[(&'static str, V)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, V)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_bytes(value.as_ref()).unwrap(),
        )
    };
    pairs.iter().map(pair).collect()
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

#[test]
fn a_key_comes_as_bearer_or_as_basic_password() {
    let text = key(1).secret().expose().to_owned();
    for value in [
        format!("Bearer {text}"),
        format!("bearer   {text} "),
        format!("BEARER {text}"),
        basic(&format!("x:{text}")),
        basic(&format!(":{text}")),
        basic(&format!("x-access-token:{text}")),
    ] {
        match presented(&headers(&[("authorization", &value)])) {
            Ok(Some(Presented::Key(found))) => assert_eq!(found.digest(), key(1).digest()),
            _ => panic!("no key in {value:.12}"),
        }
    }
    assert!(matches!(presented(&HeaderMap::new()), Ok(None)));
}

#[test]
fn a_token_of_an_issuer_is_told_from_a_key() {
    // {"alg":"none"} and {} without a signature of any worth: only the shape is looked at here.
    for value in [
        "Bearer eyJhbGciOiJub25lIn0.e30.c2ln".to_owned(),
        basic("x:eyJhbGciOiJub25lIn0.e30.c2ln"),
    ] {
        assert!(matches!(
            presented(&headers(&[("authorization", &value)])),
            Ok(Some(Presented::Jwt(_)))
        ));
    }
    let key_with_dots = format!("Bearer {}.e30.c2ln", key(1).secret().expose());
    assert!(matches!(
        presented(&headers(&[("authorization", &key_with_dots)])),
        Err(Refused::Malformed(_))
    ));
}

#[test]
fn hostile_headers_are_malformed_and_never_echoed() {
    let text = key(1).secret().expose().to_owned();
    let long = format!("Bearer {}", "a".repeat(100_000));
    let mut bent = text.clone();
    bent.replace_range(10..11, if &text[10..11] == "x" { "y" } else { "x" });
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer\tx",
        "Basic",
        "Basic !!!!",
        "Digest username=x",
        text.as_str(),
        long.as_str(),
        &format!("Bearer {bent}"),
        &format!("Bearer {text}, Bearer {text}"),
        &format!("Bearer {text} planted"),
        &basic("planted"),
        &basic(&format!("{text}:")),
        &format!("Basic {}", STANDARD.encode([0xff, b':', 0xfe])),
    ] {
        match presented(&headers(&[("authorization", value)])).map(|_| ()) {
            Err(Refused::Malformed(why)) => assert!(!why.contains("planted") && !why.contains(&text), "{why}"),
            other => panic!("{value:.40}: {other:?}"),
        }
    }
    let one = format!("Bearer {text}");
    let twice = headers(&[("authorization", &one), ("authorization", &one)]);
    assert!(matches!(presented(&twice), Err(Refused::Malformed(_))));
    assert!(matches!(
        presented(&headers(&[("authorization", b"Bearer \xff")])),
        Err(Refused::Malformed(_))
    ));
    let Err(Refused::Malformed(why)) = presented(&headers(&[("authorization", format!("Bearer {bent}"))])) else {
        panic!("a damaged key was taken");
    };
    assert!(why.contains("checksum"), "{why}");
}

fn asked(anonymous: bool, remote: bool, peer: Peer, headers: &HeaderMap) -> u16 {
    let settings = CompatSettings {
        enabled: true,
        anonymous,
        anonymous_remote: remote,
        app: None,
        permissions: Permissions::default(),
    };
    match anonymous::check(&settings, peer, headers) {
        Ok(()) => 200,
        Err(failure) => failure.status().as_u16(),
    }
}

#[test]
fn anonymous_means_a_program_on_this_machine() {
    let local = Peer::Tcp("127.0.0.1:9".parse().unwrap());
    let remote = Peer::Tcp("192.0.2.1:9".parse().unwrap());
    let none = HeaderMap::new();
    assert_eq!(asked(true, false, local, &none), 200);
    assert_eq!(asked(true, false, Peer::Unix(None), &none), 200);
    assert_eq!(asked(true, false, remote, &none), 401);
    assert_eq!(asked(true, false, Peer::Unknown, &none), 401);
    assert_eq!(asked(true, true, remote, &none), 200);
    // What a proxy says is not believed, but that there is one is.
    for name in ["x-forwarded-for", "forwarded", "x-real-ip", "via"] {
        let proxied = headers(&[(name, "127.0.0.1")]);
        assert_eq!(asked(true, false, local, &proxied), 401, "{name}");
        assert_eq!(asked(true, false, Peer::Unix(None), &proxied), 401, "{name}");
        assert_eq!(asked(true, true, remote, &proxied), 200, "{name}");
    }
}

#[test]
fn a_page_in_a_browser_is_not_anonymous() {
    let local = Peer::Tcp("127.0.0.1:9".parse().unwrap());
    for (name, value, status) in [
        ("origin", "http://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-origin", 403),
        ("sec-fetch-site", "none", 200),
        ("host", "evil.example:7000", 403),
        ("host", "127.0.0.1.evil.example", 403),
        ("host", "127.0.0.1:7000", 200),
        ("host", "localhost", 200),
    ] {
        assert_eq!(
            asked(true, false, local, &headers(&[(name, value)])),
            status,
            "{name}: {value}"
        );
    }
    assert_eq!(
        asked(true, true, local, &headers(&[("origin", "http://evil.example")])),
        403
    );
}

#[test]
fn names_that_nobody_can_own_are_local() {
    for (host, local) in [
        ("127.0.0.1", true),
        ("10.1.2.3:80", true),
        ("[::1]:80", true),
        ("localhost:80", true),
        ("LOCALHOST.", true),
        ("api.localhost", true),
        ("tokman", true),
        ("a.example", false),
        ("a.example.", false),
        ("localhost.example", false),
    ] {
        assert_eq!(is_local_host(host), local, "{host}");
    }
}
