use jeton_domain::{IssuerName, JwtIdentity, Role};
use serde_json::{Value, json};

use super::{SignedIn, signed_in};
use crate::{RoleRule, SignInConfig, SignInError};

fn config() -> SignInConfig {
    let name = IssuerName::parse("sso").unwrap();
    SignInConfig::new(
        name,
        "https://sso.example",
        "jeton",
        None,
        "https://jeton.example/callback",
    )
}

fn read(config: &SignInConfig, claims: &Value) -> Result<SignedIn, SignInError> {
    let claims = claims.as_object().unwrap().clone();
    let identity = JwtIdentity {
        issuer: config.name.clone(),
        subject: claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned(),
        claims,
    };
    signed_in(config, &identity)
}

#[test]
fn an_address_is_a_name_only_when_it_was_verified() {
    let with = |verified: Value| json!({"sub": "1", "iat": 1, "email": "ada@example.org", "email_verified": verified});
    for good in [json!(true), json!("true")] {
        let person = read(&config(), &with(good)).unwrap();
        assert_eq!(person.user_name.as_deref(), Some("ada@example.org"));
        assert!(person.email_verified);
    }
    for bad in [json!(false), json!("false"), json!(1), json!(null), json!("TRUE")] {
        assert_eq!(read(&config(), &with(bad)), Err(SignInError::EmailNotVerified));
    }
    let trusting = SignInConfig {
        require_verified_email: false,
        ..config()
    };
    let person = read(&trusting, &with(json!(false))).unwrap();
    assert_eq!(
        (person.user_name.as_deref(), person.email_verified),
        (Some("ada@example.org"), false)
    );
    let by_name = SignInConfig {
        user_claim: "preferred_username".to_owned(),
        ..config()
    };
    let claims = json!({"sub": "1", "iat": 1, "email": "x@example.org", "preferred_username": "ada"});
    assert_eq!(read(&by_name, &claims).unwrap().user_name.as_deref(), Some("ada"));
    assert_eq!(read(&config(), &json!({"sub": "1", "iat": 1})).unwrap().user_name, None);
}

#[test]
fn a_token_for_several_names_the_one_who_asked_for_it() {
    let with = |more: Value| {
        let mut claims = json!({"sub": "1", "iat": 1});
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        read(&config(), &claims).map(|_| ())
    };
    assert_eq!(with(json!({"aud": ["jeton"]})), Ok(()));
    assert_eq!(with(json!({"aud": ["jeton", "x"], "azp": "jeton"})), Ok(()));
    let other = Err(SignInError::OtherPurpose("client"));
    assert_eq!(with(json!({"aud": ["jeton", "x"]})), other);
    assert_eq!(with(json!({"aud": ["jeton", "x"], "azp": "x"})), other);
    assert_eq!(with(json!({"aud": "jeton", "azp": "x"})), other);
    assert_eq!(with(json!({"aud": "jeton", "azp": null})), other);
    assert!(matches!(with(json!({"sub": ""})), Err(SignInError::IdToken(_))));
    assert!(matches!(
        read(&config(), &json!({"sub": "1"})),
        Err(SignInError::IdToken(_))
    ));
}

#[test]
fn the_first_rule_that_fits_gives_the_role() {
    let rule = |claim: &str, value: &str, role| RoleRule {
        claim: claim.to_owned(),
        value: value.to_owned(),
        role,
    };
    let config = SignInConfig {
        roles: vec![
            rule("https://example.org/roles", "root", Role::Operator),
            rule("realm_access.roles", "audit", Role::Auditor),
            rule("groups", "staff", Role::Member),
            rule("admin", "true", Role::Operator),
            rule("level", "7", Role::Operator),
        ],
        ..config()
    };
    let given = |more: Value| {
        let mut claims = json!({"sub": "1", "iat": 1});
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        read(&config, &claims).unwrap().role
    };
    assert_eq!(given(json!({})), None);
    assert_eq!(given(json!({"groups": ["x", "staff"]})), Some(Role::Member));
    assert_eq!(given(json!({"groups": "staff"})), Some(Role::Member));
    assert_eq!(
        given(json!({"groups": ["Staff", "staff2", ["staff"], {"staff": 1}]})),
        None
    );
    assert_eq!(
        given(json!({"realm_access": {"roles": ["audit"]}, "groups": ["staff"]})),
        Some(Role::Auditor)
    );
    assert_eq!(given(json!({"realm_access.roles": ["audit"]})), Some(Role::Auditor));
    assert_eq!(
        given(json!({"https://example.org/roles": "root"})),
        Some(Role::Operator)
    );
    assert_eq!(given(json!({"admin": true})), Some(Role::Operator));
    assert_eq!(given(json!({"admin": 1})), None);
    assert_eq!(given(json!({"level": 7})), Some(Role::Operator));
    let everybody = SignInConfig {
        default_role: Some(Role::Member),
        ..config.clone()
    };
    assert_eq!(
        read(&everybody, &json!({"sub": "1", "iat": 1})).unwrap().role,
        Some(Role::Member)
    );
}
