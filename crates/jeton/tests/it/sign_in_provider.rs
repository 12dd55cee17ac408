//! Signing in at a provider, with a real one's protocol.

use std::sync::Arc;

use jeton_access::AccessSettings;
use jeton_domain::{Clock as _, IssuerName, Role, Secret};
use jeton_forge_sim::{OidcFault, OidcRoute, OidcSim, OidcSimConfig, SimClock};
use jeton_oidc::{RoleRule, SignInConfig};
use jeton_testkit::{Database, DatabaseKind, NodeOptions, TestClock, TestJeton};
use jiff::SignedDuration;
use serde_json::json;

use crate::browser::Browser;

const BACK: &str = "http://127.0.0.1/sign-in/callback";

async fn start(kind: DatabaseKind, add_users: bool) -> (TestJeton, OidcSim) {
    // The server's own clock stands at the same time as this one.
    let clock = TestClock::default();
    let sim = OidcSim::start(OidcSimConfig {
        clock: SimClock::from_fn(Arc::new(move || clock.now())),
        ..OidcSimConfig::default()
    });
    let sim = sim.await.unwrap();
    sim.add_client("jeton", Some("sesame"), BACK);
    sim.set_user(Some(
        json!({"sub": "248289", "email": "ada@example.org", "email_verified": true, "groups": ["staff"]}),
    ));
    let secret = Some(Secret::new("sesame"));
    let mut config = SignInConfig::new(IssuerName::parse("corp").unwrap(), sim.issuer(), "jeton", secret, BACK);
    config.roles = vec![RoleRule {
        claim: "groups".to_owned(),
        value: "staff".to_owned(),
        role: Role::Auditor,
    }];
    let options = NodeOptions {
        sign_in: Some(config),
        access: AccessSettings {
            sign_in_adds_users: add_users,
            ..AccessSettings::default()
        },
        ..NodeOptions::default()
    };
    (TestJeton::start_with(Database::new(kind), options).await, sim)
}

/// Goes to the provider and comes back with what it says, as path and query.
async fn there_and_back(t: &TestJeton, browser: &mut Browser, begin: &str) -> String {
    let sent = browser
        .send(t, "GET", begin, &[("sec-fetch-site", "same-origin")], None)
        .await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    assert!(browser.cookies.contains_key("__Host-jeton-sign-in"));
    let there = sent.header("location").to_owned();
    let answer = t.send(|http, _| http.get(&there)).await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    answer
        .header("location")
        .strip_prefix("http://127.0.0.1")
        .unwrap()
        .to_owned()
}

async fn signs_in(kind: DatabaseKind) {
    let (t, _sim) = start(kind, true).await;
    let mut browser = Browser::default();
    let page = browser.get(&t, "/sign-in?next=/docs").await;
    assert!(
        page.text.contains("Sign in with corp") && page.text.contains("/sign-in/provider?next=%2Fdocs"),
        "{}",
        page.text
    );
    let back = there_and_back(&t, &mut browser, "/sign-in/provider?next=%2Fdocs").await;
    let mut thief = Browser::default();
    let stolen = thief.get(&t, &back).await;
    assert_eq!(
        (stolen.status, thief.session()),
        (400, None),
        "an answer is good only in the browser that asked: {}",
        stolen.text
    );
    let done = browser.get(&t, &back).await;
    assert_eq!((done.status, done.header("location")), (303, "/docs"), "{}", done.text);
    assert!(!browser.cookies.contains_key("__Host-jeton-sign-in"));
    let home = browser.get(&t, "/profile").await;
    assert!(
        home.text.contains("ada@example.org") && home.text.contains("<strong>auditor</strong>"),
        "{}",
        home.text
    );
    let again = browser.get(&t, &back).await;
    assert_eq!(again.status, 400, "an answer works once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_at_the_provider_sqlite() {
    signs_in(DatabaseKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_at_the_provider_postgres() {
    signs_in(DatabaseKind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_let_in_reads_why() {
    let (t, sim) = start(DatabaseKind::Sqlite, false).await;
    let mut browser = Browser::default();
    let back = there_and_back(&t, &mut browser, "/sign-in/provider").await;
    let refused = browser.get(&t, &back).await;
    assert_eq!((refused.status, browser.session()), (403, None));
    assert!(refused.text.contains("is no user of this server"), "{}", refused.text);

    let back = there_and_back(&t, &mut browser, "/sign-in/provider?next=//evil.example").await;
    browser
        .cookies
        .insert("__Host-jeton-sign-in".to_owned(), "AAAA.Ly9ldmls".to_owned());
    assert_eq!(browser.get(&t, &back).await.status, 400, "a cookie of one's own making");

    t.clock.advance(SignedDuration::from_secs(1));
    let denied = browser
        .get(
            &t,
            "/sign-in/callback?error=access_denied&error_description=%3Cscript%3E&state=x",
        )
        .await;
    assert_eq!(denied.status, 400);
    assert!(!denied.text.contains("<script>"), "{}", denied.text);

    sim.set_fault(OidcRoute::Discovery, Some(OidcFault::garbage()));
    let (t, sim) = start(DatabaseKind::Sqlite, true).await;
    sim.set_fault(OidcRoute::Discovery, Some(OidcFault::garbage()));
    let down = Browser::default().get(&t, "/sign-in/provider").await;
    assert!(
        down.status >= 400 && down.text.contains("role=\"alert\""),
        "{} {}",
        down.status,
        down.text
    );
    assert!(down.text.contains("id=\"password\""), "the other way stays open");
}

/// Where a link's page leads those who sign in at the provider.
fn way_to_provider(html: &str) -> String {
    let (_, rest) = html
        .split_once("href=\"/sign-in/provider?link=")
        .unwrap_or_else(|| panic!("{html}"));
    format!("/sign-in/provider?link={}", rest.split('"').next().unwrap())
}

async fn link_of(t: &TestJeton, path: &str, body: serde_json::Value) -> String {
    let answer = t.post(path, body).await;
    assert!([200, 201].contains(&answer.status), "{}", answer.text);
    let link = answer.json()["link"].as_str().unwrap().to_owned();
    link.strip_prefix("http://127.0.0.1").unwrap().to_owned()
}

async fn link_binds(kind: DatabaseKind) {
    let (t, sim) = start(kind, false).await;
    let link = link_of(&t, "/v1/users", json!({"name": "lovelace", "role": "member"})).await;
    let mut browser = Browser::default();
    let page = browser.get(&t, &link).await;
    assert!(
        page.text.contains("Sign in with corp instead of a password") && page.text.contains("id=\"password\""),
        "{}",
        page.text
    );
    let way = way_to_provider(&page.text);
    for site in ["cross-site", "same-site", "none"] {
        let lured = browser.send(&t, "GET", &way, &[("sec-fetch-site", site)], None).await;
        assert_eq!((lured.status, lured.header("location")), (303, link.as_str()), "{site}");
        assert!(
            browser.cookies.is_empty(),
            "only the page itself, which says whose link it is, leads there"
        );
    }
    let back = there_and_back(&t, &mut browser, &way).await;
    let done = browser.get(&t, &back).await;
    assert_eq!((done.status, done.header("location")), (303, "/"), "{}", done.text);
    let home = browser.get(&t, "/profile").await;
    assert!(
        home.text.contains("lovelace") && home.text.contains("<strong>auditor</strong>"),
        "the role is what the claims say: {}",
        home.text
    );
    assert_eq!(browser.get(&t, &link).await.status, 403, "the link is used up");
    assert_eq!(browser.get(&t, &way).await.header("location"), link.as_str());

    let again = link_of(&t, "/v1/users/lovelace/invite", json!({})).await;
    let mut other = Browser::default();
    let page = other.get(&t, &again).await;
    assert!(
        page.text.contains("lovelace") && !page.text.contains("password"),
        "{}",
        page.text
    );
    let typed = again.split_once("link=").unwrap().1;
    let refused = other.set_up(&t, typed, None, "correct horse battery staple").await;
    assert_eq!((refused.status, other.session()), (400, None), "{}", refused.text);
    sim.set_user(Some(json!({"sub": "2", "groups": ["staff"]})));
    let back = there_and_back(&t, &mut other, &way_to_provider(&page.text)).await;
    assert_eq!(other.get(&t, &back).await.status, 303);
    assert!(other.session().is_some());
    assert!(
        browser.get(&t, "/").await.text.contains("href=\"/sign-in\""),
        "the old browser is signed out"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_leads_to_the_provider_sqlite() {
    link_binds(DatabaseKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_leads_to_the_provider_postgres() {
    link_binds(DatabaseKind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_provider_a_link_is_for_a_password() {
    let t = TestJeton::start(DatabaseKind::Sqlite).await;
    let link = link_of(&t, "/v1/users", json!({"name": "ada", "role": "member"})).await;
    let page = Browser::default().get(&t, &link).await;
    assert!(
        page.text.contains("id=\"password\"") && !page.text.contains("provider"),
        "{}",
        page.text
    );
}
