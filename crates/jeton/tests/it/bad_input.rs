//! The worst inputs: a clear answer, and nothing lost.

use std::time::Duration;

use jeton_testkit::{TestJeton, both_databases};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Sends bytes, goes on sending `filler` as long as the server takes it, and reads the answer.
async fn raw(t: &TestJeton, head: &str, filler: usize) -> String {
    let stream = TcpStream::connect(t.url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let head = head.to_owned();
    let sending = tokio::spawn(async move {
        let chunk = vec![b'a'; 64 * 1024];
        if writing.write_all(head.as_bytes()).await.is_ok() {
            let mut left = filler;
            while left > 0 && writing.write_all(&chunk[..left.min(chunk.len())]).await.is_ok() {
                left = left.saturating_sub(chunk.len());
            }
        }
        writing
    });
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), reading.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the server answers and closes");
    sending.abort();
    String::from_utf8_lossy(&answer).into_owned()
}

both_databases! {
    async fn a_body_of_100_megabytes_gets_a_readable_413(t: TestJeton) {
        let key = t.key.secret().expose();
        let head = format!(
            "POST /v1/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n", 100 << 20);
        let answer = raw(&t, &head, 100 << 20).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{}", &answer[..answer.len().min(300)]);
        assert!(answer.contains("request.too_large"), "{answer}");
    }

    async fn a_name_of_a_megabyte_gets_a_readable_answer(t: TestJeton) {
        let answer = raw(&t, "GET /api/acme/", 1 << 20).await;
        assert!(answer.starts_with("HTTP/1.1 414") || answer.starts_with("HTTP/1.1 431"), "{answer}");
        let answer = raw(&t, "GET /api/acme/demo HTTP/1.1\r\nHost: x\r\nX-Long: ", 1 << 20).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }

    async fn bodies_that_are_no_request_say_what_is_wrong(t: TestJeton) {
        let cases = [
            (json!({}), "repositories"),
            (json!({"repositories": []}), "repository"),
            (json!({"repositories": "acme/demo"}), "repositories"),
            (json!({"repos": ["acme/demo"]}), "repos"),
            (json!({"repositories": ["acme"]}), "owner/name"),
            (json!({"repositories": ["acme/../x"]}), "owner/name"),
            (json!({"repositories": ["../x"]}), "repository"),
            (json!({"repositories": ["a/b\u{0}"]}), "repository"),
            (json!({"repositories": ["a/b", "c/d"]}), "owner"),
            (json!({"repositories": ["a/b"], "permissions": {}}), "permission"),
            (json!({"repositories": ["a/b"], "permissions": {"contents": "all"}}), "read, write or admin"),
            (json!({"repositories": ["a/b"], "min_validity_seconds": -1}), "min_validity_seconds"),
            (json!([1]), ""),
        ];
        for (body, word) in cases {
            let answer = t.try_issue(body.clone()).await;
            assert!(matches!(answer.status, 400 | 422), "{body}: {} {}", answer.status, answer.text);
            assert_eq!(answer.code(), "request.invalid", "{body}");
            assert!(answer.text.contains(word), "{body}: {}", answer.text);
        }
        assert_eq!(t.sim.calls().total(), 0);
    }

    async fn odd_requests_get_problems_not_silence(t: TestJeton) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = |path: &str| format!("{}{path}", t.url);
        let key = t.key.secret().expose();
        let text = http.post(url("/v1/tokens")).bearer_auth(key).body("repositories=x").send().await.unwrap();
        assert!(matches!(text.status().as_u16(), 415 | 400));
        let broken = http.post(url("/v1/tokens")).bearer_auth(key).header("content-type", "application/json").body("{\"a\":").send().await.unwrap();
        assert_eq!(broken.status(), 400);
        let method = http.put(url("/v1/tokens")).bearer_auth(key).send().await.unwrap();
        assert_eq!(method.status(), 405);
        assert!(method.headers().contains_key("allow"));
        let nowhere = http.get(url("/v2/anything")).send().await.unwrap();
        assert_eq!(nowhere.status(), 404);
        assert_eq!(nowhere.headers()["content-type"], "application/problem+json");
        assert!(nowhere.headers().contains_key("x-request-id"));
        let named = http.get(url("/v2/anything")).header("x-request-id", "mine-1").send().await.unwrap();
        assert_eq!(named.headers()["x-request-id"], "mine-1");
        let forged = http.get(url("/v2/anything")).header("x-request-id", "a b\"c").send().await.unwrap();
        assert_ne!(forged.headers()["x-request-id"], "a b\"c");
    }

    async fn the_pages_stand_alone(t: TestJeton) {
        let docs = t.get_anonymously("/docs").await;
        assert_eq!(docs.status, 200);
        assert!(!docs.text.contains("https://cdn") && !docs.text.contains("<script>"), "nothing from elsewhere");
        for code in jeton_domain::Code::ALL {
            assert!(docs.text.contains(&format!("error-{code}")), "{code} is explained");
        }
        assert!(t.get_anonymously("/docs/tokens").await.text.contains("id=\"issueToken\""));
        assert_eq!(t.get_anonymously("/docs/nothing").await.code(), "request.route_not_found");
        let openapi = t.get_anonymously("/openapi.json").await.json();
        assert!(openapi["openapi"].as_str().unwrap().starts_with("3.1"));
        for path in ["/v1/tokens", "/v1/apps", "/api/{namespace}/{repository}", "/healthz", "/readyz"] {
            assert!(openapi["paths"].get(path).is_some(), "{path}");
        }
        assert_eq!(t.get_anonymously("/healthz").await.json()["status"], "ok");
        assert_eq!(t.get_anonymously("/readyz").await.json()["ready"], true);
    }
}
