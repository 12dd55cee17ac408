//! The known tricks with tokens: each is refused with a code of its own, over every way in, and nobody is asked for it.

use jeton_domain::Clock as _;
use jeton_forge_sim::{OidcAlgorithm, OidcKey, OidcRoute, OidcSim, SignSpec};
use jeton_testkit::{DatabaseKind, TestJeton};
use serde_json::{Value, json};

use crate::jwt_callers::{AUDIENCE, LaterClock, World, for_us, issuer, job};

/// Over both ways in: 401 with its code and a challenge, and nothing else.
pub(crate) async fn assert_refused(t: &TestJeton, what: &str, token: &str, code: &str) {
    let native = t
        .post_as(token, "/v1/tokens", json!({"repositories": ["acme/tools"]}))
        .await;
    assert_eq!(
        (native.status, native.code().as_str()),
        (401, code),
        "{what}: {}",
        native.text
    );
    assert!(native.header("www-authenticate").starts_with("Bearer"), "{what}");
    assert_eq!(native.header("content-type"), "application/problem+json", "{what}");
    assert!(
        native.json()["remedy"].is_string(),
        "{what}: says what to do: {}",
        native.text
    );
    for part in token.split('.').filter(|part| part.len() > 20) {
        assert!(!native.text.contains(part), "{what}: the token is not repeated");
    }
    let basic = t
        .send(|http, url| http.get(format!("{url}/api/acme/tools")).basic_auth("x", Some(token)))
        .await;
    assert_eq!(basic.status, 401, "{what}: {}", basic.text);
    assert!(basic.header("www-authenticate").starts_with("Basic"), "{what}");
    assert!(basic.json()["error"].is_string(), "{what}: {}", basic.text);
    assert_eq!(t.sim.calls().total(), 0, "{what}: the forge was not asked");
}

/// How a token is tried, the token, and the code it must get.
type Trick = (&'static str, String, &'static str);

#[expect(clippy::too_many_lines, reason = "a list")]
fn forged_headers(world: &World, evil: &OidcSim) -> Vec<Trick> {
    let oidc = &world.oidc;
    let claims = for_us(job().claims());
    let kid = oidc.kid(OidcAlgorithm::Rs256);
    let rs256 = || OidcKey::Newest(OidcAlgorithm::Rs256);
    let with = |key: OidcKey, header: Value| oidc.sign_with(&SignSpec::new(key).header(header), &claims);
    let mut ours = claims.clone();
    ours["iss"] = json!(oidc.issuer());
    let theirs = |header: Value| evil.sign_with(&SignSpec::new(rs256()).header(header), &ours);
    let mut all: Vec<Trick> = ["none", "None", "NONE", "nOnE", "nonE", " none", ""]
        .iter()
        .flat_map(|alg| {
            [
                (
                    "no signature",
                    with(OidcKey::Unsigned, json!({"alg": alg, "kid": kid})),
                    "auth.jwt_algorithm",
                ),
                (
                    "`none` over a good signature",
                    with(rs256(), json!({"alg": alg})),
                    "auth.jwt_algorithm",
                ),
            ]
        })
        .collect();
    let pem = oidc.public_pem(&kid);
    let jwk = evil.jwks()["keys"][0].clone();
    let url = format!("{}/jwks", evil.issuer());
    let good = oidc.sign(&claims);
    let (stem, _) = good.rsplit_once('.').unwrap();
    all.extend([
        (
            "the public key as a secret",
            with(OidcKey::Shared(pem.clone().into_bytes()), json!({"kid": kid})),
            "auth.jwt_algorithm",
        ),
        (
            "and trimmed",
            with(OidcKey::Shared(pem.trim().as_bytes().to_vec()), json!({"kid": kid})),
            "auth.jwt_algorithm",
        ),
        (
            "an empty secret",
            with(OidcKey::Shared(Vec::new()), json!({"kid": kid})),
            "auth.jwt_algorithm",
        ),
        (
            "HS256 that calls itself RS256",
            with(OidcKey::Shared(pem.into_bytes()), json!({"kid": kid, "alg": "RS256"})),
            "auth.jwt_bad_signature",
        ),
        (
            "another algorithm than the key's",
            with(OidcKey::Newest(OidcAlgorithm::Es256), json!({"kid": kid})),
            "auth.jwt_algorithm",
        ),
        ("PS256", with(rs256(), json!({"alg": "PS256"})), "auth.jwt_algorithm"),
        ("no alg", with(rs256(), json!({"alg": null})), "auth.jwt_malformed"),
        (
            "alg as a list",
            with(rs256(), json!({"alg": ["RS256"]})),
            "auth.jwt_malformed",
        ),
        (
            "a stranger's key by a known name",
            theirs(json!({"kid": kid})),
            "auth.jwt_bad_signature",
        ),
        (
            "a stranger's key by its own name",
            theirs(json!({})),
            "auth.jwt_unknown_key",
        ),
        ("jku", theirs(json!({"kid": kid, "jku": url})), "auth.jwt_bad_signature"),
        ("x5u", theirs(json!({"kid": kid, "x5u": url})), "auth.jwt_bad_signature"),
        ("jwk", theirs(json!({"kid": kid, "jwk": jwk})), "auth.jwt_bad_signature"),
        (
            "jku and a name of its own",
            theirs(json!({"jku": url, "x5u": url, "jwk": jwk})),
            "auth.jwt_unknown_key",
        ),
        (
            "a path as the key's name",
            with(rs256(), json!({"kid": "../../../../../../dev/null"})),
            "auth.jwt_unknown_key",
        ),
        (
            "SQL as the key's name",
            with(rs256(), json!({"kid": "' OR 1=1; DROP TABLE clients; --"})),
            "auth.jwt_unknown_key",
        ),
        (
            "a URL as the key's name",
            with(rs256(), json!({"kid": url})),
            "auth.jwt_unknown_key",
        ),
        (
            "a key's name of 1,000 characters",
            with(rs256(), json!({"kid": "k".repeat(1_000)})),
            "auth.jwt_malformed",
        ),
        (
            "a number as the key's name",
            with(rs256(), json!({"kid": 7})),
            "auth.jwt_malformed",
        ),
        (
            "a stranger's key without a name",
            theirs(json!({"kid": null})),
            "auth.jwt_bad_signature",
        ),
        (
            "an extension that must be understood",
            with(rs256(), json!({"crit": ["exp"]})),
            "auth.jwt_malformed",
        ),
        (
            "a cut signature",
            good[..good.len() - 2].to_owned(),
            "auth.jwt_bad_signature",
        ),
        ("no signature under RS256", format!("{stem}."), "auth.jwt_bad_signature"),
    ]);
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tricks_with_keys_and_algorithms_are_refused_each_with_its_code() {
    let world = World::start(DatabaseKind::Sqlite).await;
    world.policy("everything", json!({"repository": "*/*"})).await;
    let evil = issuer(&LaterClock::default()).await;
    // Its newest keys have names that the other one does not know.
    evil.rotate();
    for (what, token, code) in forged_headers(&world, &evil) {
        assert_refused(&world.t, what, &token, code).await;
    }
    for route in [
        OidcRoute::Discovery,
        OidcRoute::Jwks,
        OidcRoute::Authorize,
        OidcRoute::Token,
        OidcRoute::Unknown,
    ] {
        assert_eq!(evil.calls(route), 0, "{route:?}: nobody looks where a token points");
    }
    assert_eq!(world.oidc.calls(OidcRoute::Unknown), 0, "a key's name is no path");
    let good = world.token(&job());
    assert_eq!(
        world.ask(&good, "acme/tools").await.status,
        201,
        "and a good one still opens"
    );
}

fn wrong_claims(world: &World) -> Vec<Trick> {
    let now = world.t.clock.now().as_second();
    let with = |changes: Value| {
        let mut claims = for_us(job().claims());
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        world.oidc.sign(&claims)
    };
    let evil = |issuer: String| with(json!({"iss": issuer}));
    vec![
        (
            "ended",
            with(json!({"iat": now - 1000, "nbf": now - 1000, "exp": now - 60})),
            "auth.jwt_expired",
        ),
        ("not yet", with(json!({"nbf": now + 120})), "auth.jwt_not_yet_valid"),
        (
            "made tomorrow",
            with(json!({"iat": now + 86_400, "nbf": null, "exp": now + 90_000})),
            "auth.jwt_not_yet_valid",
        ),
        ("no end", with(json!({"exp": null})), "auth.jwt_bad_claim"),
        ("an end as text", with(json!({"exp": "tomorrow"})), "auth.jwt_bad_claim"),
        ("an end beyond time", with(json!({"exp": 1e300})), "auth.jwt_bad_claim"),
        (
            "for GitHub itself",
            with(json!({"aud": "https://github.com/acme"})),
            "auth.jwt_wrong_audience",
        ),
        (
            "for a part of us",
            with(json!({"aud": "https://jeton.example.co"})),
            "auth.jwt_wrong_audience",
        ),
        (
            "with a slash more",
            with(json!({"aud": format!("{AUDIENCE}/")})),
            "auth.jwt_wrong_audience",
        ),
        (
            "for several others",
            with(json!({"aud": ["a", "b", ""]})),
            "auth.jwt_wrong_audience",
        ),
        ("for nobody", with(json!({"aud": []})), "auth.jwt_wrong_audience"),
        (
            "an issuer whom nobody knows",
            evil("https://evil.example".into()),
            "auth.jwt_unknown_issuer",
        ),
        (
            "an issuer with a slash more",
            evil(format!("{}/", world.oidc.issuer())),
            "auth.jwt_unknown_issuer",
        ),
        (
            "an issuer in other letters",
            evil(world.oidc.issuer().to_uppercase()),
            "auth.jwt_unknown_issuer",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_claims_are_refused_each_with_its_code() {
    let world = World::start(DatabaseKind::Sqlite).await;
    world.policy("everything", json!({"repository": "*/*"})).await;
    for (what, token, code) in wrong_claims(&world) {
        assert_refused(&world.t, what, &token, code).await;
    }
    let nobody = world.oidc.sign(
        &job()
            .claims()
            .as_object()
            .map(|claims| {
                let mut claims = claims.clone();
                claims.insert("aud".to_owned(), Value::Null);
                Value::Object(claims)
            })
            .unwrap(),
    );
    let refused = world.t.get_as(&nobody, "/v1/whoami").await;
    assert_eq!(refused.status, 401, "{}", refused.text);
    assert!(
        matches!(
            refused.code().as_str(),
            "auth.jwt_wrong_audience" | "auth.jwt_bad_claim"
        ),
        "{}",
        refused.text
    );
    let mut several = job().claims();
    several["aud"] = json!(["https://github.com/acme", AUDIENCE]);
    assert_eq!(
        world.ask(&world.oidc.sign(&several), "acme/tools").await.status,
        201,
        "for us among others"
    );
    let now = world.t.clock.now().as_second();
    several["exp"] = json!(now - 20);
    assert_eq!(
        world.t.get_as(&world.oidc.sign(&several), "/v1/whoami").await.status,
        200,
        "the clocks may differ by 30 s"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_token_or_a_huge_one_is_refused_and_costs_nothing() {
    let world = World::start(DatabaseKind::Sqlite).await;
    let mut claims = for_us(job().claims());
    claims["padding"] = json!("x".repeat(20 * 1024));
    let huge = world.oidc.sign(&claims);
    assert!(huge.len() > 20 * 1024);
    let good = world.token(&job());
    let padded = format!("{good}==");
    for token in [
        huge.as_str(),
        "a.b.c",
        "..",
        "eyJ.eyJ.",
        "a.b.c.d.e",
        padded.as_str(),
        &good[..good.len() / 2],
    ] {
        let start: String = token.chars().take(20).collect();
        for answer in [
            world.t.get_as(token, "/v1/whoami").await,
            world
                .t
                .send(|http, url| http.get(format!("{url}/api/acme/tools")).basic_auth("x", Some(token)))
                .await,
        ] {
            assert_eq!(answer.status, 401, "{start}: {}", answer.text);
            assert!(!answer.header("www-authenticate").is_empty(), "{start}");
        }
        if start.starts_with("eyJ") {
            let answer = world.t.get_as(token, "/v1/whoami").await;
            assert_eq!(
                answer.code(),
                "auth.jwt_malformed",
                "says what is wrong with the token: {}",
                answer.text
            );
        }
    }
    for route in [OidcRoute::Discovery, OidcRoute::Jwks] {
        assert_eq!(world.oidc.calls(route), 0, "nothing was worth asking the issuer for");
    }
    // An unknown `iss` is no reason to ask anybody either.
    let stranger = world
        .oidc
        .sign(&json!({"iss": "https://evil.example", "aud": AUDIENCE}));
    assert_eq!(
        world.t.get_as(&stranger, "/v1/whoami").await.code(),
        "auth.jwt_unknown_issuer"
    );
    assert_eq!(world.oidc.calls(OidcRoute::Discovery), 0);
}
