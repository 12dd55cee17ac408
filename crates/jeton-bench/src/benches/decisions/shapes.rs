use std::{collections::BTreeMap, sync::Arc};

use jeton_domain::{Caller, ClientId, ClientName, Identity, IssuerName, JwtIdentity};
use jeton_policy::{CallerSpec, ClaimSpec, PolicySpec};
use serde_json::{Value, json};
use uuid::Uuid;

use super::POLICIES;

const ISSUER: &str = "actions";

/// How the policies differ from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// All of one issuer, each for an exact value of one claim.
    Claim,
    /// All of one issuer, each with a glob over one claim.
    ClaimGlob,
    /// All of one client, each for one repository.
    Repository,
    /// All of one client, each with a glob over repositories.
    RepositoryGlob,
    /// Each of another client.
    Client,
    /// As [`Shape::Claim`], each with a condition.
    Condition,
}

pub(super) const ALL: [Shape; 6] = [
    Shape::Claim,
    Shape::ClaimGlob,
    Shape::Repository,
    Shape::RepositoryGlob,
    Shape::Client,
    Shape::Condition,
];

impl Shape {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Claim => "one issuer, an exact claim each",
            Self::ClaimGlob => "one issuer, a glob over a claim each",
            Self::Repository => "one client, a repository each",
            Self::RepositoryGlob => "one client, a glob over repositories each",
            Self::Client => "a client each",
            Self::Condition => "one issuer, an exact claim and a condition each",
        }
    }

    /// A condition is the operator's own program: what it takes is not the engine's to promise.
    pub(super) fn is_judged(self) -> bool {
        self != Self::Condition
    }

    /// The policy of that number.
    pub(super) fn policy(self, number: usize) -> PolicySpec {
        let claim = |name: &str, value: String| CallerSpec {
            issuer: Some(ISSUER.to_owned()),
            claims: BTreeMap::from([(name.to_owned(), ClaimSpec(vec![value]))]),
            ..CallerSpec::default()
        };
        let client = |name: String| CallerSpec {
            client: Some(name.as_str().into()),
            ..CallerSpec::default()
        };
        let (callers, repositories) = match self {
            Self::Claim | Self::Condition => (claim("repository", format!("acme/repo-{number}")), "acme/*".to_owned()),
            Self::ClaimGlob => (claim("sub", format!("repo:acme/repo-{number}:*")), "acme/*".to_owned()),
            Self::Repository => (client("ci".to_owned()), format!("acme/repo-{number}")),
            Self::RepositoryGlob => (client("ci".to_owned()), format!("acme/team-{number}-*")),
            Self::Client => (client(format!("client-{number}")), "acme/*".to_owned()),
        };
        PolicySpec {
            name: format!("p{number}"),
            callers,
            actions: vec!["token.mint".to_owned()],
            repositories: vec![repositories],
            permissions: Some(BTreeMap::from([("contents".to_owned(), "read".to_owned())])),
            condition: (self == Self::Condition)
                .then(|| "caller.claims.ref == 'refs/heads/main' && request.owner == 'acme'".to_owned()),
            ..PolicySpec::default()
        }
    }

    /// Somebody whom that policy allows a repository, or whom none does though much of it fits.
    pub(super) fn question(self, number: usize, allowed: bool) -> anyhow::Result<(Caller, String)> {
        let number = if allowed { number } else { POLICIES + number };
        let identity = match self {
            Self::Claim | Self::ClaimGlob | Self::Condition => token(number)?,
            Self::Repository | Self::RepositoryGlob => client("ci")?,
            Self::Client => client(&format!("client-{number}"))?,
        };
        let repository = match self {
            Self::Repository => format!("Acme/repo-{number}"),
            Self::RepositoryGlob => format!("Acme/team-{number}-web"),
            Self::Claim | Self::ClaimGlob | Self::Client | Self::Condition => "acme/shared".to_owned(),
        };
        let address = "10.0.0.7".parse().ok();
        Ok((Caller { identity, address }, repository))
    }
}

fn client(name: &str) -> anyhow::Result<Identity> {
    Ok(Identity::Client {
        id: ClientId::from_uuid(Uuid::nil()),
        name: Arc::new(ClientName::parse(name)?),
    })
}

/// With the claims that GitHub's tokens for workflows have.
fn token(number: usize) -> anyhow::Result<Identity> {
    let claims = json!({
        "sub": format!("repo:acme/repo-{number}:pull_request"),
        "aud": "https://jeton.example.com",
        "iss": "https://token.actions.githubusercontent.com",
        "ref": "refs/heads/main",
        "ref_type": "branch",
        "sha": "0f2a7ad1f7c5b8c2b7a1d4e9f3c6b5a897867564",
        "repository": format!("acme/repo-{number}"),
        "repository_id": (70_000_000 + number).to_string(),
        "repository_owner": "acme",
        "repository_owner_id": "456",
        "repository_visibility": "private",
        "actor": "octo",
        "actor_id": "12",
        "workflow": "deploy",
        "workflow_ref": format!("acme/repo-{number}/.github/workflows/deploy.yml@refs/heads/main"),
        "job_workflow_ref": "acme/shared/.github/workflows/deploy.yml@refs/heads/main",
        "event_name": "push",
        "runner_environment": "github-hosted",
        "run_id": "12345678901",
        "run_number": "10",
        "run_attempt": "2",
        "jti": "6f4762ed-0758-4ccb-808d-ee3af5d723a8",
        "iat": 1_792_000_000,
        "nbf": 1_792_000_000,
        "exp": 1_792_000_900,
    });
    let Value::Object(claims) = claims else {
        anyhow::bail!("claims are an object")
    };
    Ok(Identity::Jwt(Arc::new(JwtIdentity {
        issuer: IssuerName::parse(ISSUER)?,
        subject: format!("repo:acme/repo-{number}:pull_request"),
        claims,
    })))
}
