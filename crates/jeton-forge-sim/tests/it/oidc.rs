//! The simulated OIDC provider, as any client sees it.

use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_forge_sim::{OidcFault, OidcRoute, OidcSim, OidcSimConfig, SimClock};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

const CALLBACK: &str = "https://app.example/back?x=y";

fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder.no_proxy().build().unwrap()
}

async fn start() -> (OidcSim, SimClock) {
    let clock = SimClock::manual(Timestamp::from_second(1_800_000_000).unwrap());
    let config = OidcSimConfig {
        clock: clock.clone(),
        ..OidcSimConfig::default()
    };
    (OidcSim::start(config).await.unwrap(), clock)
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// GET /authorize with these parameters besides the right ones: the status, and the parameters of the way back.
async fn authorize(sim: &OidcSim, replace: &[(&str, &str)]) -> (u16, Vec<(String, String)>) {
    // RFC 7636, appendix B
    let right = [
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email"),
        ("state", "s"),
        ("nonce", "n"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    let value_of = |name, usual| {
        replace
            .iter()
            .find(|(other, _)| *other == name)
            .map_or(usual, |(_, value)| *value)
    };
    let query: Vec<_> = right
        .iter()
        .map(|(name, usual)| (*name, value_of(*name, *usual)))
        .collect();
    let request = client().get(format!("{}/authorize", sim.issuer())).query(&query);
    let answer = request.send().await.unwrap();
    let location = answer
        .headers()
        .get("location")
        .map(|value| value.to_str().unwrap().to_owned());
    let back = location.map(|location| url::Url::parse(&location).unwrap().query_pairs().into_owned().collect());
    (answer.status().as_u16(), back.unwrap_or_default())
}

fn parameter(back: &[(String, String)], name: &str) -> String {
    let found = back.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

/// POST /token as the registered client.
async fn exchange(sim: &OidcSim, code: &str, verifier: &str, secret: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", verifier),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let request = client()
        .post(format!("{}/token", sim.issuer()))
        .basic_auth("app", Some(secret))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_code_becomes_tokens_for_whoever_asked_for_it() {
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let (sim, clock) = start().await;
    sim.add_client("app", Some("secret"), CALLBACK);
    let nobody = authorize(&sim, &[]).await;
    assert_eq!(parameter(&nobody.1, "error"), "access_denied");
    sim.set_user(Some(json!({"sub": "u", "email": "ada@example.org"})));
    for (replace, status, error) in [
        (("client_id", "other"), 400, ""),
        (("redirect_uri", "https://eve.example/"), 400, ""),
        (("code_challenge", ""), 302, "invalid_request"),
        (("code_challenge_method", "plain"), 302, "invalid_request"),
        (("response_type", "token"), 302, "unsupported_response_type"),
        (("scope", "email"), 302, "invalid_scope"),
    ] {
        let (found, back) = authorize(&sim, &[replace]).await;
        assert_eq!(
            (found, parameter(&back, "error").as_str()),
            (status, error),
            "{replace:?}"
        );
        assert_eq!(parameter(&back, "code"), "");
    }
    let code = || async { parameter(&authorize(&sim, &[]).await.1, "code") };
    let (_, back) = authorize(&sim, &[]).await;
    assert_eq!(
        (parameter(&back, "x"), parameter(&back, "state")),
        ("y".to_owned(), "s".to_owned())
    );
    assert_eq!(parameter(&back, "iss"), sim.issuer());
    let right = code().await;
    let (status, answer) = exchange(&sim, &right, VERIFIER, "secret").await;
    assert_eq!(status, 200);
    let id = claims(answer["id_token"].as_str().unwrap());
    assert_eq!(
        (&id["aud"], &id["nonce"], &id["sub"]),
        (&json!("app"), &json!("n"), &json!("u"))
    );
    assert_eq!(id["exp"], json!(1_800_000_600));
    let refused = |answer: (u16, Value)| (answer.0, answer.1["error"].as_str().unwrap().to_owned());
    let grant = (400, "invalid_grant".to_owned());
    assert_eq!(refused(exchange(&sim, &right, VERIFIER, "secret").await), grant, "used");
    assert_eq!(refused(exchange(&sim, "x", VERIFIER, "secret").await), grant, "unknown");
    assert_eq!(
        refused(exchange(&sim, &code().await, "x", "secret").await),
        grant,
        "PKCE"
    );
    let late = code().await;
    clock.advance(SignedDuration::from_secs(60));
    assert_eq!(
        refused(exchange(&sim, &late, VERIFIER, "secret").await),
        grant,
        "too old"
    );
    let client = (401, "invalid_client".to_owned());
    assert_eq!(refused(exchange(&sim, &code().await, VERIFIER, "guess").await), client);
}

#[tokio::test]
async fn it_is_steered_over_http() {
    let (sim, _) = start().await;
    let url = |path: &str| format!("{}/_sim/{path}", sim.issuer());
    let index = client().get(url("")).send().await.unwrap().text().await.unwrap();
    assert!(index.contains("POST   /_sim/sign"));
    let sign = |query: &'static str| async move {
        let request = client()
            .post(url(&format!("sign{query}")))
            .body(r#"{"sub":"x","nbf":null}"#);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let header = |token: &Value| -> Value {
        let header = token["token"].as_str().unwrap().split('.').next().unwrap().to_owned();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
    };
    let (status, token) = sign("").await;
    assert_eq!((status, &header(&token)["alg"]), (200, &json!("RS256")));
    let said = claims(token["token"].as_str().unwrap());
    assert_eq!((&said["iss"], said.get("nbf")), (&json!(sim.issuer()), None));
    assert_eq!(header(&sign("?alg=ES256").await.1)["kid"], "es256-1");
    let rotated = client().post(url("rotate")).send().await.unwrap();
    assert_eq!(
        rotated.json::<Value>().await.unwrap()["kids"],
        json!(["rs256-2", "es256-2", "eddsa-2"])
    );
    assert_eq!(header(&sign("?alg=ES256").await.1)["kid"], "es256-2");
    assert_eq!(header(&sign("?kid=eddsa-1").await.1)["alg"], "EdDSA");
    assert_eq!(sign("?kid=nothing").await.0, 404);
    assert_eq!(sign("?alg=none").await.0, 400);
    for (path, status) in [("keys/rs256-1", 204), ("keys/rs256-1", 404)] {
        assert_eq!(client().delete(url(path)).send().await.unwrap().status(), status);
    }
    assert_eq!(sim.jwks()["keys"].as_array().unwrap().len(), 5);
    for (path, body, status) in [
        ("user", r#"{"sub":"u"}"#, 204),
        ("user", "null", 204),
        ("user", "7", 400),
        (
            "clients",
            r#"{"client_id":"app","redirect_uri":"https://app.example/"}"#,
            201,
        ),
        ("clients", r#"{"client_id":"app"}"#, 400),
        ("sign", "[]", 400),
        ("nothing", "", 404),
    ] {
        let answer = client().post(url(path)).body(body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path} {body}");
    }
    let calls = client()
        .get(url("calls"))
        .send()
        .await
        .unwrap()
        .json::<Value>()
        .await
        .unwrap();
    assert_eq!(
        calls,
        json!({"discovery": 0, "jwks": 0, "authorize": 0, "token": 0, "unknown": 0})
    );
}

#[tokio::test]
async fn faults_strike_and_calls_are_counted() {
    let (sim, _) = start().await;
    let get = || client().get(format!("{}/jwks", sim.issuer())).send();
    assert_eq!(get().await.unwrap().json::<Value>().await.unwrap(), sim.jwks());
    sim.set_fault(OidcRoute::Jwks, Some(OidcFault::Status(503)));
    assert_eq!(get().await.unwrap().status(), 503);
    sim.set_fault(OidcRoute::Jwks, Some(OidcFault::Cut));
    assert!(get().await.is_err());
    sim.set_fault(OidcRoute::Jwks, Some(OidcFault::empty_keys()));
    assert_eq!(get().await.unwrap().text().await.unwrap(), r#"{"keys":[]}"#);
    sim.set_fault(
        OidcRoute::Jwks,
        Some(OidcFault::Redirect("https://eve.example/".to_owned())),
    );
    assert_eq!(get().await.unwrap().headers()["location"], "https://eve.example/");
    sim.set_fault(OidcRoute::Jwks, Some(OidcFault::Hold));
    let waiting = tokio::spawn(get());
    while sim.calls(OidcRoute::Jwks) < 6 {
        tokio::task::yield_now().await;
    }
    sim.set_fault(OidcRoute::Jwks, None);
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    sim.require_bearer(Some("token"));
    assert_eq!(get().await.unwrap().status(), 401);
    assert_eq!(sim.calls(OidcRoute::Jwks), 7);
    assert_eq!(sim.calls(OidcRoute::Discovery), 0);
    sim.shutdown().await;
}

#[tokio::test]
async fn the_program_has_a_provider_when_asked() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_jeton-forge-sim"))
        .args(["--oidc", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let issuer = loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if let Some(issuer) = line.strip_prefix("oidc issuer") {
            break issuer.trim().to_owned();
        }
    };
    let document = client().get(format!("{issuer}/.well-known/openid-configuration"));
    let document: Value = document.send().await.unwrap().json().await.unwrap();
    assert_eq!(document["issuer"], issuer);
}
