//! Signing people in: the whole way over HTTP.

use std::sync::Arc;

use jeton_domain::{Coded as _, Role, Secret};
use jeton_forge_sim::{OidcFault, OidcRoute};
use jeton_oidc::{FetchError, JwtError, OidcHttpOptions, RoleRule, SignIn, SignInAnswer, SignInConfig, SignInError};
use serde_json::{Value, json};
use url::Url;

use crate::{
    common::{TestClock, name},
    desk::{CALLBACK, Desk, SECRET, replaced},
};

#[tokio::test]
async fn a_person_signs_in() {
    let rule = |value: &str, role| RoleRule {
        claim: "groups".to_owned(),
        value: value.to_owned(),
        role,
    };
    let desk = Desk::with(|config| SignInConfig {
        roles: vec![rule("admins", Role::Operator), rule("ops", Role::Auditor)],
        ..config
    })
    .await;
    let person = desk.whole().await.unwrap();
    assert_eq!(person.issuer, desk.sim.issuer());
    assert_eq!(person.subject, "u-1");
    assert_eq!(person.user_name.as_deref(), Some("ada@example.org"));
    assert_eq!(person.email.as_deref(), Some("ada@example.org"));
    assert_eq!(person.display_name.as_deref(), Some("Ada"));
    assert_eq!(person.role, Some(Role::Auditor));
    assert_eq!(person.claims["groups"], json!(["staff", "ops"]));
    assert_eq!(desk.sim.calls(OidcRoute::Token), 1);
    assert_eq!(desk.sign_in.status().unwrap().keys, 3);
}

#[tokio::test]
async fn what_is_asked_for_is_unguessable_and_bound_to_the_browser() {
    let desk = Desk::with(|config| SignInConfig {
        scopes: vec!["groups".to_owned()],
        ..config
    })
    .await;
    let begun = desk.begin().await;
    let url = Url::parse(&begun.url).unwrap();
    let get = |name: &str| {
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    assert_eq!(get("response_type").as_deref(), Some("code"));
    assert_eq!(get("client_id").as_deref(), Some("jeton"));
    assert_eq!(get("redirect_uri").as_deref(), Some(CALLBACK));
    assert_eq!(get("scope").as_deref(), Some("openid groups"));
    assert_eq!(get("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(get("state").as_deref(), Some(begun.state.expose()));
    assert_eq!(get("nonce").as_deref(), Some(begun.nonce.expose()));
    let secrets = [&begun.state, &begun.nonce, &begun.verifier].map(|secret| secret.expose().to_owned());
    assert!(secrets.iter().all(|secret| secret.len() == 43));
    assert!(secrets[0] != secrets[1] && secrets[1] != secrets[2]);
    assert!(!begun.url.contains(&secrets[2]), "the verifier stays here");
    let attempt = begun.attempt();
    assert!(!format!("{attempt:?} {:?}", desk.sign_in).contains(&secrets[2]));
    assert!(!format!("{:?}", desk.sign_in).contains(SECRET));
}

#[tokio::test]
async fn an_answer_that_belongs_to_another_sign_in_is_refused() {
    let desk = Desk::new().await;
    let (mine, other) = (desk.begin().await, desk.begin().await);
    let query = desk.browse(&mine).await;
    assert_eq!(desk.finish(&query, &other.attempt()).await, Err(SignInError::State));
    for state in [None, Some(""), Some("guess")] {
        let query = replaced(&query, "state", state);
        assert_eq!(
            desk.finish(&query, &mine.attempt()).await,
            Err(SignInError::State),
            "{state:?}"
        );
    }
    // one browser's code in another's sign-in: PKCE and the nonce are against it
    let code = SignInAnswer::parse(&query).code.unwrap();
    let stolen = replaced(&desk.browse(&other).await, "code", Some(code.expose()));
    let outcome = desk.finish(&stolen, &other.attempt()).await;
    assert!(
        matches!(&outcome, Err(SignInError::TokenRefused { error, .. }) if error == "invalid_grant"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_code_works_once_and_not_for_long() {
    let desk = Desk::new().await;
    let begun = desk.begin().await;
    let query = desk.browse(&begun).await;
    assert!(desk.finish(&query, &begun.attempt()).await.is_ok());
    let again = desk.finish(&query, &begun.attempt()).await.unwrap_err();
    assert_eq!(again.code().as_str(), "auth.sign_in_failed");
    assert!(again.to_string().contains("invalid_grant"), "{again}");
    let late = desk.begin().await;
    let query = desk.browse(&late).await;
    desk.clock.advance(61);
    assert!(desk.finish(&query, &late.attempt()).await.is_err());
}

#[tokio::test]
async fn another_provider_cannot_answer() {
    let desk = Desk::new().await;
    let begun = desk.begin().await;
    let query = desk.browse(&begun).await;
    for iss in [Some("https://eve.example"), Some(""), None] {
        let query = replaced(&query, "iss", iss);
        assert_eq!(
            desk.finish(&query, &begun.attempt()).await,
            Err(SignInError::Issuer),
            "{iss:?}"
        );
    }
    assert_eq!(desk.sim.calls(OidcRoute::Token), 0, "the code was shown to nobody");
    // who does not promise to name itself need not
    let desk = Desk::new().await;
    desk.sim
        .set_discovery(json!({"authorization_response_iss_parameter_supported": null}));
    let begun = desk.begin().await;
    let query = desk.browse(&begun).await;
    let query = replaced(&query, "iss", None);
    assert!(desk.finish(&query, &begun.attempt()).await.is_ok());
}

#[tokio::test]
async fn the_providers_no_is_carried_without_what_could_hurt() {
    let desk = Desk::new().await;
    desk.sim.set_user(None);
    let refused = desk.whole().await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the provider did not sign in: access_denied (nobody is signed in)"
    );
    assert!(refused.remedy().is_some());
    let begun = desk.begin().await;
    let state = begun.state.expose();
    let iss = desk.sim.issuer();
    let token = format!("ghs_{}", "a1B2".repeat(9));
    let query = format!("error=x%1b[31m&error_description=see%0a{token}&state={state}&iss={iss}");
    let shown = desk.finish(&query, &begun.attempt()).await.unwrap_err().to_string();
    assert_eq!(shown, "the provider did not sign in: x[31m (see [redacted])");
    // without the right state not even the words are believed
    assert_eq!(
        desk.finish("error=x&state=y", &begun.attempt()).await,
        Err(SignInError::State)
    );
    for query in ["", "&code=", "&code=a&code=b"] {
        let query = format!("state={state}&iss={iss}{query}");
        assert_eq!(
            desk.finish(&query, &begun.attempt()).await,
            Err(SignInError::NoCode),
            "{query}"
        );
    }
}

#[tokio::test]
async fn an_id_token_is_believed_only_when_it_is_for_this() {
    let desk = Desk::new().await;
    let outcome = |claims: Value| {
        desk.sim.set_id_token_claims(claims);
        desk.whole()
    };
    let other = |what| Err(SignInError::OtherPurpose(what));
    assert_eq!(outcome(json!({"nonce": "replayed"})).await, other("sign-in"));
    assert_eq!(outcome(json!({"nonce": null})).await, other("sign-in"));
    assert_eq!(outcome(json!({"azp": "eve"})).await, other("client"));
    assert_eq!(outcome(json!({"aud": ["jeton", "eve"]})).await, other("client"));
    assert!(outcome(json!({"aud": ["jeton", "eve"], "azp": "jeton"})).await.is_ok());
    assert_eq!(
        outcome(json!({"email_verified": false})).await,
        Err(SignInError::EmailNotVerified)
    );
    for claims in [
        json!({"aud": "eve"}),
        json!({"iss": "https://eve.example"}),
        json!({"exp": 1}),
        json!({"exp": null}),
        json!({"iat": null}),
        json!({"sub": null}),
    ] {
        let refused = outcome(claims.clone()).await.unwrap_err();
        assert!(matches!(refused, SignInError::IdToken(_)), "{claims}: {refused:?}");
        assert_eq!(refused.code().as_str(), "auth.sign_in_failed");
    }
    let unsigned = Desk::new().await;
    let none = json!({"id_token": "eyJhbGciOiJub25lIn0.e30."}).to_string();
    unsigned.sim.set_fault(OidcRoute::Token, Some(OidcFault::Body(none)));
    assert!(matches!(
        unsigned.whole().await,
        Err(SignInError::IdToken(JwtError::Algorithm { .. }))
    ));
}

#[tokio::test]
async fn a_wrong_secret_and_a_public_client_are_told_apart() {
    let wrong = Desk::with(|config| SignInConfig {
        client_secret: Some(Secret::new("guess")),
        ..config
    })
    .await;
    let refused = wrong.whole().await.unwrap_err();
    assert!(
        matches!(&refused, SignInError::TokenRefused { error, .. } if error == "invalid_client"),
        "{refused}"
    );
    assert!(refused.remedy().unwrap().contains("client secret"));
    let public = Desk::with(|config| SignInConfig {
        client_id: "public".to_owned(),
        client_secret: None,
        ..config
    })
    .await;
    public.sim.add_client("public", None, CALLBACK);
    assert!(public.whole().await.is_ok());
}

#[tokio::test]
async fn a_provider_that_fails_is_not_the_persons_fault() {
    let desk = Desk::new().await;
    for (route, fault) in [
        (OidcRoute::Token, OidcFault::Cut),
        (OidcRoute::Jwks, OidcFault::empty_keys()),
    ] {
        let begun = desk.begin().await;
        let query = desk.browse(&begun).await;
        desk.sim.set_fault(route, Some(fault));
        let failed = desk.finish(&query, &begun.attempt()).await.unwrap_err();
        assert_eq!(failed.code().as_str(), "auth.issuer_unavailable", "{route:?}");
        desk.sim.set_fault(route, None);
        desk.clock.advance(30);
    }
    for (body, expected) in [
        ("<html>", "its answer has no ID token"),
        ("{}", "its answer has no ID token"),
    ] {
        desk.sim
            .set_fault(OidcRoute::Token, Some(OidcFault::Body(body.to_owned())));
        let failed = desk.whole().await.unwrap_err();
        assert!(failed.to_string().contains(expected), "{failed}");
    }
    desk.sim.set_fault(OidcRoute::Token, Some(OidcFault::Status(503)));
    assert!(desk.whole().await.unwrap_err().to_string().contains("HTTP 503"));
}

#[tokio::test]
async fn the_provider_is_not_asked_for_every_visitor_of_the_sign_in_page() {
    let desk = Desk::new().await;
    desk.sim.set_fault(OidcRoute::Discovery, Some(OidcFault::Cut));
    for _ in 0..10 {
        let failed = desk.sign_in.begin(&desk.entropy).await.unwrap_err();
        assert!(
            matches!(failed, SignInError::Unavailable(FetchError::Unreachable(_))),
            "{failed:?}"
        );
        assert_eq!(failed.code().as_str(), "auth.issuer_unavailable");
    }
    assert_eq!(desk.sim.calls(OidcRoute::Discovery), 1);
    desk.sim.set_fault(OidcRoute::Discovery, None);
    desk.clock.advance(5);
    for _ in 0..10 {
        desk.begin().await;
    }
    assert_eq!(desk.sim.calls(OidcRoute::Discovery), 2);
    // what was known goes on being used while the provider is down
    desk.sim.set_fault(OidcRoute::Discovery, Some(OidcFault::Status(502)));
    desk.clock.advance(15 * 60);
    desk.begin().await;
    desk.begin().await;
    assert_eq!(desk.sim.calls(OidcRoute::Discovery), 3);
}

#[test]
fn a_provider_that_cannot_be_is_refused_with_its_field() {
    let good = || SignInConfig::new(name("sso"), "https://sso.example", "jeton", None, CALLBACK);
    let new = |config| SignIn::new(config, Arc::new(TestClock::new()), OidcHttpOptions::default());
    assert!(new(good()).is_ok());
    for (field, config) in [
        (
            "issuer",
            SignInConfig {
                issuer: "http://sso.example".to_owned(),
                ..good()
            },
        ),
        (
            "client_id",
            SignInConfig {
                client_id: String::new(),
                ..good()
            },
        ),
        (
            "client_secret",
            SignInConfig {
                client_secret: Some(Secret::new("")),
                ..good()
            },
        ),
        (
            "redirect_uri",
            SignInConfig {
                redirect_uri: "/callback".to_owned(),
                ..good()
            },
        ),
        (
            "redirect_uri",
            SignInConfig {
                redirect_uri: "http://jeton.example/".to_owned(),
                ..good()
            },
        ),
        (
            "user_claim",
            SignInConfig {
                user_claim: String::new(),
                ..good()
            },
        ),
        (
            "scopes",
            SignInConfig {
                scopes: vec!["openid email".to_owned()],
                ..good()
            },
        ),
    ] {
        let error = new(config).unwrap_err().to_string();
        assert!(error.contains(&format!("`{field}`")), "{field}: {error}");
    }
}
