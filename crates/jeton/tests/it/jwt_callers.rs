//! Programs that show a token of an issuer: let in by what it claims, and by nothing else.

use std::sync::{Arc, Mutex};

use jeton_domain::{Clock as _, IssuerName};
use jeton_forge_sim::{
    GitHubActionsJob, OidcAlgorithm, OidcKey, OidcSim, OidcSimConfig, SignSpec, SimClock, gitlab_claims,
    kubernetes_claims,
};
use jeton_oidc::{IssuerConfig, KeySource};
use jeton_testkit::{Answer, Database, DatabaseKind, NodeOptions, TestClock, TestJeton};
use serde_json::{Value, json};

pub(crate) const AUDIENCE: &str = "https://jeton.example.com";

/// A server that believes the tokens of one issuer, `corp`, and keeps the same time as it does.
pub(crate) struct World {
    pub(crate) t: TestJeton,
    pub(crate) oidc: OidcSim,
}

/// The clock of whoever comes later.
pub(crate) type LaterClock = Arc<Mutex<TestClock>>;

pub(crate) async fn issuer(clock: &LaterClock) -> OidcSim {
    let clock = Arc::clone(clock);
    OidcSim::start(OidcSimConfig {
        clock: SimClock::from_fn(Arc::new(move || clock.lock().unwrap().now())),
        ..OidcSimConfig::default()
    })
    .await
    .unwrap()
}

pub(crate) fn config(name: &str, oidc: &OidcSim) -> IssuerConfig {
    let audiences = vec![AUDIENCE.to_owned()];
    IssuerConfig::new(
        IssuerName::parse(name).unwrap(),
        oidc.issuer(),
        KeySource::Discovery,
        audiences,
    )
}

impl World {
    pub(crate) async fn start(kind: DatabaseKind) -> Self {
        let clock = LaterClock::default();
        let oidc = issuer(&clock).await;
        let t = with_issuers(kind, vec![config("corp", &oidc)]).await;
        *clock.lock().unwrap() = t.clock.clone();
        Self { t, oidc }
    }

    pub(crate) async fn policy(&self, name: &str, claims: Value) {
        self.t.policy(reads(name, &claims)).await;
    }

    pub(crate) async fn ask(&self, token: &str, repository: &str) -> Answer {
        self.t
            .post_as(token, "/v1/tokens", json!({"repositories": [repository]}))
            .await
    }

    pub(crate) fn token(&self, job: &GitHubActionsJob) -> String {
        self.oidc.sign(&for_us(job.claims()))
    }
}

pub(crate) async fn with_issuers(kind: DatabaseKind, issuers: Vec<IssuerConfig>) -> TestJeton {
    let options = NodeOptions {
        issuers,
        anonymous: false,
        ..NodeOptions::default()
    };
    let t = TestJeton::start_with(Database::new(kind), options).await;
    t.install("acme", &["tools", "web"]);
    t
}

pub(crate) fn reads(name: &str, claims: &Value) -> Value {
    json!({"name": name, "callers": {"issuer": "corp", "claims": claims}, "actions": ["token.mint"],
        "repositories": ["acme/*"], "permissions": {"contents": "read"}})
}

pub(crate) fn for_us(mut claims: Value) -> Value {
    claims["aud"] = json!(AUDIENCE);
    claims
}

pub(crate) fn job() -> GitHubActionsJob {
    GitHubActionsJob::new("acme", "tools", "refs/heads/main")
}

async fn every_algorithm_and_both_forms_of_sub(kind: DatabaseKind) {
    let world = World::start(kind).await;
    world
        .policy("classic", json!({"sub": "repo:acme/tools:ref:refs/heads/*"}))
        .await;
    for algorithm in OidcAlgorithm::ALL {
        for job in [job(), job().immutable()] {
            let spec = SignSpec::new(OidcKey::Newest(algorithm));
            let token = world.oidc.sign_with(&spec, &for_us(job.claims()));
            let me = world.t.get_as(&token, "/v1/whoami").await;
            assert_eq!(me.status, 200, "{}: {}", algorithm.name(), me.text);
            let sub = job.claims()["sub"].as_str().unwrap().to_owned();
            assert_eq!(me.json()["kind"], "jwt");
            assert_eq!(me.json()["name"], format!("jwt:corp:{sub}"));
            // The policy knows the one form; the other one is another subject.
            let expected = if job.immutable_subject { 403 } else { 201 };
            assert_eq!(world.ask(&token, "acme/tools").await.status, expected, "{sub}");
        }
    }
    world
        .policy("ids", json!({"sub": "repo:acme@123/tools@456:ref:refs/heads/main"}))
        .await;
    assert_eq!(
        world.ask(&world.token(&job().immutable()), "acme/tools").await.status,
        201
    );
    let mut other = job().immutable();
    other.repository_id = 457;
    assert_eq!(
        world.ask(&world.token(&other), "acme/tools").await.status,
        403,
        "the same name made anew"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_algorithm_and_both_forms_of_sub_on_sqlite() {
    every_algorithm_and_both_forms_of_sub(DatabaseKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_algorithm_and_both_forms_of_sub_on_postgres() {
    every_algorithm_and_both_forms_of_sub(DatabaseKind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_look_at_what_a_token_claims() {
    let world = World::start(DatabaseKind::Sqlite).await;
    let job_with = |change: fn(&mut GitHubActionsJob)| {
        let mut job = job();
        change(&mut job);
        for_us(job.claims())
    };
    let gitlab = |path: &str, id, branch: &str| for_us(gitlab_claims(path, id, branch));
    let kubernetes = |namespace: &str, account: &str| kubernetes_claims(namespace, account, AUDIENCE);
    let account = json!({"kubernetes.io.namespace": "build", "kubernetes.io.serviceaccount.name": "runner"});
    let all: Vec<(Value, Value, Vec<Value>)> = vec![
        (
            json!({"repository_owner_id": "123"}),
            job_with(|_| {}),
            vec![job_with(|job| job.owner_id = 1234), gitlab("acme/tools", 123, "main")],
        ),
        (
            json!({"repository_id": ["456", "789"]}),
            job_with(|job| job.repository_id = 789),
            vec![job_with(|job| job.repository_id = 78)],
        ),
        (
            json!({"repository": "acme/tools", "ref": "refs/heads/release-*"}),
            job_with(|job| job.git_ref = "refs/heads/release-7".into()),
            vec![
                job_with(|_| {}),
                job_with(|job| job.git_ref = "refs/heads/release-7/evil".into()),
                job_with(|job| job.git_ref = "refs/tags/release-7".into()),
                job_with(|job| {
                    job.git_ref = "refs/heads/release-7".into();
                    job.owner = "acme-evil".into();
                }),
            ],
        ),
        (
            json!({"environment": "production"}),
            job_with(|job| job.environment = Some("production".into())),
            vec![
                job_with(|_| {}),
                job_with(|job| job.environment = Some("Production".into())),
                job_with(|job| job.environment = Some("production-2".into())),
            ],
        ),
        (
            json!({"project_id": "4711"}),
            gitlab("acme/tools", 4711, "main"),
            vec![gitlab("acme/tools", 47, "main"), job_with(|_| {})],
        ),
        (
            json!({"project_path": "acme/*", "ref_protected": "true"}),
            gitlab("acme/tools", 1, "main"),
            vec![
                gitlab("acme/group/tools", 1, "main"),
                gitlab("acmeevil/tools", 1, "main"),
            ],
        ),
        (
            account,
            kubernetes("build", "runner"),
            vec![kubernetes("build", "default"), kubernetes("prod", "runner")],
        ),
    ];
    for (number, (claims, right, wrong)) in all.into_iter().enumerate() {
        let name = format!("policy-{number}");
        world.policy(&name, claims.clone()).await;
        world.t.sim.calls().reset();
        for claim_set in wrong {
            let refused = world.ask(&world.oidc.sign(&claim_set), "acme/tools").await;
            assert_eq!(
                (refused.status, refused.code().as_str()),
                (403, "policy.denied"),
                "{claims} {claim_set}"
            );
            assert!(
                !refused.text.contains(&name),
                "which rules there are is not told: {}",
                refused.text
            );
        }
        assert_eq!(world.t.sim.calls().total(), 0, "{claims}: the forge was not asked");
        let token = world.oidc.sign(&right);
        let granted = world.ask(&token, "acme/tools").await;
        assert_eq!(granted.status, 201, "{claims} {right}: {}", granted.text);
        let compatible = world
            .t
            .send(|http, url| http.get(format!("{url}/api/acme/tools")).basic_auth("x", Some(&token)))
            .await;
        assert_eq!(
            compatible.status, 200,
            "as the password of HTTP Basic: {}",
            compatible.text
        );
        let grants = world.t.get_as(&token, "/v1/grants").await.json();
        let rules: Vec<&str> = grants["grants"]
            .as_array()
            .unwrap()
            .iter()
            .map(|grant| grant["rule"].as_str().unwrap())
            .collect();
        assert!(rules.contains(&name.as_str()), "{rules:?}");
        assert_eq!(world.t.delete(&format!("/v1/policies/{name}")).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_claims_of_another_issuer_are_another_caller() {
    let clock = LaterClock::default();
    let (corp, other) = (issuer(&clock).await, issuer(&clock).await);
    let t = with_issuers(
        DatabaseKind::Sqlite,
        vec![config("corp", &corp), config("other", &other)],
    )
    .await;
    t.policy(reads("corp-reads", &json!({"repository": "acme/tools"})))
        .await;
    let body = json!({"repositories": ["acme/tools"]});
    let ours = t
        .post_as(&corp.sign(&for_us(job().claims())), "/v1/tokens", body.clone())
        .await;
    assert_eq!(ours.status, 201, "{}", ours.text);
    let theirs = other.sign(&for_us(job().claims()));
    assert_eq!(
        t.post_as(&theirs, "/v1/tokens", body.clone()).await.code(),
        "policy.denied"
    );
    assert_eq!(
        t.get_as(&theirs, "/v1/grants").await.json()["grants"],
        json!([]),
        "what the one holds is not the other's"
    );
    let path = format!("/v1/tokens/{}", ours.json()["grant_id"].as_str().unwrap());
    assert_eq!(t.delete_as(&theirs, &path).await.code(), "grant.not_found");
    // Nor can the one sign in the other's name.
    let spec =
        SignSpec::new(OidcKey::Newest(OidcAlgorithm::Rs256)).header(json!({"kid": corp.kid(OidcAlgorithm::Rs256)}));
    let mut claims = for_us(job().claims());
    claims["iss"] = json!(corp.issuer());
    let forged = t.post_as(&other.sign_with(&spec, &claims), "/v1/tokens", body).await;
    assert_eq!((forged.status, forged.code().as_str()), (401, "auth.jwt_bad_signature"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_went_away_takes_the_right_with_it() {
    let world = World::start(DatabaseKind::Sqlite).await;
    world.policy("production", json!({"environment": "production"})).await;
    let mut claims = for_us(job().claims());
    claims["environment"] = json!("production");
    let with = world.oidc.sign(&claims);
    claims["environment"] = Value::Null;
    let without = world.oidc.sign(&claims);
    assert_eq!(world.t.get_as(&with, "/api/acme/tools").await.status, 200);
    assert_eq!(
        world.t.get_as(&with, "/api/acme/tools").await.status,
        200,
        "again, from memory"
    );
    // The same `sub`; the answer that is kept for the one must not go to the other.
    assert_eq!(world.t.get_as(&without, "/api/acme/tools").await.status, 403);
    assert_eq!(world.ask(&without, "acme/tools").await.code(), "policy.denied");
}
