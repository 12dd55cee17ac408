//! How an app signs in.

use jeton_forge_sim::AppSpec;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::common::{World, client, send, sign};

const UNDECODABLE: &str = "A JSON web token could not be decoded";

fn rs256() -> Value {
    json!({"alg": "RS256", "typ": "JWT"})
}

#[tokio::test]
async fn the_id_as_number_or_text_and_the_client_id_sign_in() {
    let w = World::new().await;
    let now = w.now();
    for iss in [json!(w.app.id), json!(w.app.id.to_string()), json!(w.app.client_id)] {
        let claims = json!({"iss": iss, "iat": now - 60, "exp": now + 600});
        let answer = w.as_token(&sign(&w.app, &rs256(), &claims), "GET", "/app").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json()["slug"], "test-app");
        assert_eq!(answer.json()["installations_count"], 1);
    }
}

#[tokio::test]
async fn each_mistake_in_an_assertion_has_githubs_words() {
    let w = World::new().await;
    let (id, now) = (w.app.id, w.now());
    let bad_exp = "'Expiration time' claim ('exp') must be a numeric value representing the future \
                   time at which the assertion expires";
    let bad_iat = "'Issued at' claim ('iat') must be an Integer representing the time that the \
                   assertion was issued";
    let far_exp = "'Expiration time' claim ('exp') is too far in the future";
    for (claims, status, message) in [
        (json!({"iss": id, "iat": now, "exp": now + 601}), 401, far_exp),
        (json!({"iss": id, "iat": now - 900, "exp": now}), 401, bad_exp),
        (json!({"iss": id, "iat": now, "exp": "soon"}), 401, bad_exp),
        (json!({"iss": id, "iat": now}), 401, bad_exp),
        (json!({"iss": id, "iat": now + 30, "exp": now + 300}), 401, bad_iat),
        (json!({"iss": id, "iat": "now", "exp": now + 300}), 401, bad_iat),
        (json!({"iss": id, "exp": now + 300}), 401, bad_iat),
        (
            json!({"iss": 1, "iat": now, "exp": now + 300}),
            404,
            "Integration not found",
        ),
        (
            json!({"iss": "x", "iat": now, "exp": now + 300}),
            401,
            "'Issuer' claim ('iss') must be an Integer",
        ),
        (
            json!({"iat": now, "exp": now + 300}),
            401,
            "Missing 'issuer' claim ('iss') in assertion",
        ),
    ] {
        let answer = w.as_token(&sign(&w.app, &rs256(), &claims), "GET", "/app").await;
        answer.is(status, message);
    }
}

#[tokio::test]
async fn another_algorithm_key_or_scheme_cannot_be_decoded() {
    let w = World::new().await;
    let claims = json!({"iss": w.app.id, "iat": w.now(), "exp": w.now() + 300});
    for header in [json!({"alg": "none"}), json!({"alg": "HS256"}), json!({"alg": "RS512"})] {
        let answer = w.as_token(&sign(&w.app, &header, &claims), "GET", "/app").await;
        answer.is(401, UNDECODABLE);
    }
    let stranger = w.sim.github().add_app(AppSpec::new("stranger"));
    let forged = sign(&stranger, &rs256(), &claims);
    w.as_token(&forged, "GET", "/app").await.is(401, UNDECODABLE);
    w.as_token("nonsense", "GET", "/app").await.is(401, UNDECODABLE);
    w.as_token("ey.ey.ey", "GET", "/app").await.is(401, UNDECODABLE);
    let scheme = format!("token {}", w.assertion());
    let answer = send(w.request("GET", "/app").header("authorization", scheme)).await;
    answer.is(401, UNDECODABLE);
    send(w.request("GET", "/app")).await.is(401, "Requires authentication");
}

#[tokio::test]
async fn a_skewed_clock_refuses_a_good_assertion_and_shows_in_the_date() {
    let w = World::new().await;
    let assertion = w.assertion();
    w.sim.clock().set_skew(SignedDuration::from_mins(-10));
    let answer = w.as_token(&assertion, "GET", "/app").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("date"), "Mon, 01 Jun 2026 11:50:00 GMT");
}

#[tokio::test]
async fn a_rotated_key_replaces_the_old_one() {
    let mut w = World::new().await;
    let old = w.assertion();
    let app = w.sim.github().rotate_app_key(w.app.id);
    w.as_token(&old, "GET", "/app").await.is(401, UNDECODABLE);
    w.app = app;
    assert_eq!(w.as_app("GET", "/app").await.status, 200);
}

#[tokio::test]
async fn the_api_answers_at_the_root_and_under_its_prefix_and_refuses_a_nameless_client() {
    let w = World::new().await;
    for path in ["/app", "/api/v3/app"] {
        let answer = w.as_app("GET", path).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.header("x-github-request-id").is_empty());
        assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    }
    let url = format!("{}/app", w.sim.web_url());
    let mut nameless = client().get(url).bearer_auth(w.assertion()).build().unwrap();
    nameless.headers_mut().remove("user-agent");
    let raw = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = raw.execute(nameless).await.unwrap();
    assert_eq!(response.status(), 403);
    let text = response.text().await.unwrap();
    assert!(text.contains("Please make sure your request has a User-Agent header"));
}

#[tokio::test]
async fn an_unsupported_version_is_refused() {
    let w = World::new().await;
    let request = w.request("GET", "/app").bearer_auth(w.assertion());
    let answer = send(request.header("x-github-api-version", "2020-01-01")).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn debug_output_holds_no_key() {
    let w = World::new().await;
    let shown = format!("{:?} {:?}", w.app, w.sim);
    assert!(shown.contains("test-app") && !shown.contains("PRIVATE KEY"));
}
