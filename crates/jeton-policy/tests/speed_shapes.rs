//! Ten thousand policies must not slow a decision down. Tests never time: this counts how many policies a decision looks at.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::sync::Arc;

use jeton_domain::{Action, Caller, ClientId, ClientName, Identity, IssuerName, JwtIdentity};
use jeton_policy::{Ask, CallerSpec, ClaimSpec, Decision, Origin, PolicySet, PolicySpec};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

const MANY: usize = 10_000;
const FEW: usize = 50;

/// Policies of one shape: what differs is the callers and the repositories.
fn set(shape: impl Fn(usize) -> (CallerSpec, String)) -> PolicySet {
    let policies = (0..MANY).map(|n| {
        let (callers, repositories) = shape(n);
        let policy = PolicySpec {
            name: format!("p{n}"),
            callers,
            actions: vec!["token.mint".to_owned()],
            repositories: vec![repositories],
            permissions: Some([("contents".to_owned(), "read".to_owned())].into()),
            ..PolicySpec::default()
        };
        (Origin::File, policy)
    });
    PolicySet::compile(None, policies.collect()).unwrap_or_else(|errors| panic!("{:?}", errors.first()))
}

fn of_issuer(claims: &[(&str, String)]) -> CallerSpec {
    let claims = claims
        .iter()
        .map(|(name, value)| ((*name).to_owned(), ClaimSpec(vec![value.clone()])));
    CallerSpec {
        issuer: Some("actions".to_owned()),
        claims: claims.collect(),
        ..CallerSpec::default()
    }
}

fn of_client(name: &str) -> CallerSpec {
    CallerSpec {
        client: Some(name.into()),
        ..CallerSpec::default()
    }
}

fn token(claims: &Value) -> Caller {
    Caller {
        identity: Identity::Jwt(Arc::new(JwtIdentity {
            issuer: IssuerName::parse("actions").unwrap(),
            subject: String::new(),
            claims: claims.as_object().unwrap().clone(),
        })),
        address: None,
    }
}

fn client(name: &str) -> Caller {
    let name = Arc::new(ClientName::parse(name).unwrap());
    Caller {
        identity: Identity::Client {
            id: ClientId::from_uuid(Uuid::nil()),
            name,
        },
        address: None,
    }
}

/// The rule that allows it, after looking at few.
#[track_caller]
fn rule(set: &PolicySet, caller: &Caller, repository: &str) -> Option<String> {
    let repositories = [repository.to_owned()];
    let ask = Ask {
        action: Action::TokenMint,
        forge: None,
        repositories: &repositories,
        permissions: None,
        source: None,
        lifetime_seconds: None,
        now: Timestamp::UNIX_EPOCH,
    };
    let (rule, examined) = match set.decide(caller, &ask) {
        Decision::Allowed(allowed) => (Some(allowed.rule.to_string()), allowed.examined),
        Decision::Denied(denied) => (None, denied.examined),
    };
    assert!(examined < FEW, "{examined} policies were looked at");
    rule
}

#[test]
fn an_exact_claim_each() {
    let set = set(|n| {
        let claims = [
            ("repository", format!("acme/repo-{n}")),
            // What all have in common must not be what they are found by, however exact and long.
            ("ref", "refs/heads/main".to_owned()),
            (
                "job_workflow_ref",
                "acme/shared/.github/workflows/deploy.yml@refs/heads/main".to_owned(),
            ),
        ];
        (of_issuer(&claims), "acme/*".to_owned())
    });
    let claims = |repository: &str| {
        json!({
            "repository": repository,
            "ref": "refs/heads/main",
            "job_workflow_ref": "acme/shared/.github/workflows/deploy.yml@refs/heads/main",
        })
    };
    for n in [0, 7, 4_711, MANY - 1] {
        let found = rule(&set, &token(&claims(&format!("acme/repo-{n}"))), "acme/x");
        assert_eq!(found, Some(format!("p{n}")));
    }
    assert_eq!(rule(&set, &token(&claims("acme/other")), "acme/x"), None);
    assert_eq!(rule(&set, &token(&claims("acme/repo-7")), "beta/x"), None);
    assert_eq!(rule(&set, &token(&json!({})), "acme/x"), None);
}

#[test]
fn a_glob_over_a_claim_each() {
    let set = set(|n| {
        (
            of_issuer(&[("sub", format!("repo:acme/svc-{n}:ref:refs/heads/*"))]),
            "acme/*".to_owned(),
        )
    });
    for n in [0, 12, 123, 9_999] {
        let sub = format!("repo:acme/svc-{n}:ref:refs/heads/main");
        assert_eq!(
            rule(&set, &token(&json!({ "sub": sub })), "acme/x"),
            Some(format!("p{n}"))
        );
    }
    let many = json!({ "sub": ["repo:acme/svc-1:pull_request", "repo:acme/svc:ref:refs/heads/main", "repo:acme/svc-10000:ref:refs/heads/main"] });
    assert_eq!(rule(&set, &token(&many), "acme/x"), None);
}

#[test]
fn a_repository_each_of_one_client() {
    let set = set(|n| (of_client("ci"), format!("acme/repo-{n}")));
    for n in [0, 12, 123, 9_999] {
        assert_eq!(
            rule(&set, &client("ci"), &format!("Acme/Repo-{n}")),
            Some(format!("p{n}"))
        );
    }
    assert_eq!(rule(&set, &client("ci"), "acme/repo-10000"), None);
    assert_eq!(rule(&set, &client("other"), "acme/repo-1"), None);
}

#[test]
fn a_glob_over_repositories_each_of_one_client() {
    let set = set(|n| (of_client("ci"), format!("acme/team-{n}-*")));
    for n in [0, 12, 123, 9_999] {
        assert_eq!(
            rule(&set, &client("ci"), &format!("acme/team-{n}-web")),
            Some(format!("p{n}"))
        );
    }
    assert_eq!(rule(&set, &client("ci"), "acme/team-10000-web"), None);
    assert_eq!(rule(&set, &client("ci"), "acme/team-web"), None);
}

#[test]
fn the_same_repositories_of_everyone() {
    let set = set(|n| {
        (
            CallerSpec {
                anyone: true,
                ..CallerSpec::default()
            },
            format!("acme/repo-{n}"),
        )
    });
    assert_eq!(rule(&set, &client("ci"), "acme/repo-77"), Some("p77".to_owned()));
    assert_eq!(rule(&set, &token(&json!({})), "acme/repo-77"), None);
    assert_eq!(rule(&set, &client("ci"), "acme/none"), None);
}

#[test]
fn a_client_each() {
    let set = set(|n| (of_client(&format!("client-{n}")), "acme/*".to_owned()));
    for n in [0, 12, 123, 9_999] {
        assert_eq!(
            rule(&set, &client(&format!("client-{n}")), "acme/x"),
            Some(format!("p{n}"))
        );
    }
    assert_eq!(rule(&set, &client("client-77"), "beta/x"), None);
    assert_eq!(rule(&set, &client("client-10000"), "acme/x"), None);
}
