//! The list test: every operation of the OpenAPI document answers nobody, wrong keys and strangers as it must. A new
//! operation that is in neither list fails it.

use std::collections::{BTreeMap, BTreeSet};

use jeton_domain::ApiKey;
use jeton_forge_sim::PersonalTokenSpec;
use jeton_testkit::{Answer, NodeOptions, TestEntropy, TestJeton};
use serde_json::{Value, json};

/// Operations that answer everybody, with the reason.
const PUBLIC: [(&str, &str); 3] = [
    (
        "getHealth",
        "a monitor has no key; it says that the process is alive, and the version",
    ),
    (
        "getReadiness",
        "a monitor has no key; it says whether the server is ready, and names nobody",
    ),
    (
        "getCompatibleHealth",
        "today's clients ask it without a key; it always says ok",
    ),
];

/// What somebody gets who is known, and whom no policy lets do anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stranger {
    /// 403 `policy.denied`, before anything is looked up.
    Denied,
    /// 404 with this code: that it is there is a secret.
    Absent(&'static str),
    /// An answer about nobody but themselves.
    OnlyTheirs,
}

const STRANGERS: [(&str, Stranger); 69] = [
    ("issueToken", Stranger::Denied),
    ("getRepositoryToken", Stranger::Denied),
    ("reportRejectedToken", Stranger::Absent("grant.fingerprint_unknown")),
    ("revokeGrant", Stranger::Absent("grant.not_found")),
    ("listGrants", Stranger::OnlyTheirs),
    ("revokeGrantsOf", Stranger::Denied),
    ("whoAmI", Stranger::OnlyTheirs),
    ("listApps", Stranger::Denied),
    ("addApp", Stranger::Denied),
    ("checkApp", Stranger::Denied),
    ("removeApp", Stranger::Denied),
    ("getKeyStatus", Stranger::Denied),
    ("rotateKeys", Stranger::Denied),
    ("retireKey", Stranger::Denied),
    ("listClients", Stranger::Denied),
    ("addClient", Stranger::Denied),
    ("getClient", Stranger::Denied),
    ("rotateClient", Stranger::Denied),
    ("revokeClient", Stranger::Denied),
    ("listPolicies", Stranger::Denied),
    ("addPolicy", Stranger::Denied),
    ("putPolicy", Stranger::Denied),
    ("removePolicy", Stranger::Denied),
    ("explainPolicy", Stranger::Denied),
    ("checkPolicies", Stranger::Denied),
    ("replayPolicies", Stranger::Denied),
    ("listRecord", Stranger::Denied),
    ("exportRecord", Stranger::Denied),
    ("verifyRecord", Stranger::Denied),
    ("listUsers", Stranger::Denied),
    ("addUser", Stranger::Denied),
    ("changeUser", Stranger::Denied),
    ("removeUser", Stranger::Denied),
    ("inviteUser", Stranger::Denied),
    ("listAccounts", Stranger::Denied),
    ("getAccount", Stranger::Denied),
    ("addAccount", Stranger::Denied),
    ("testToken", Stranger::Denied),
    ("importAccounts", Stranger::Denied),
    // Whoever lost every right may still end what is theirs alone; others' accounts are not there for them.
    ("changeAccount", Stranger::Absent("account.not_found")),
    ("removeAccount", Stranger::Absent("account.not_found")),
    ("testAccount", Stranger::Absent("account.not_found")),
    ("setDefaultAccount", Stranger::Absent("account.not_found")),
    ("rotateAccount", Stranger::Absent("account.not_found")),
    ("listAccountRepositories", Stranger::Absent("account.not_found")),
    ("createRegistrationToken", Stranger::Denied),
    ("createRemoveToken", Stranger::Denied),
    ("createJitConfig", Stranger::Denied),
    ("examineRunners", Stranger::Denied),
    ("listRunners", Stranger::Denied),
    ("removeRunner", Stranger::Absent("runner.not_found")),
    ("pushSecret", Stranger::Denied),
    ("listTargets", Stranger::Absent("account.not_found")),
    ("addTarget", Stranger::Absent("account.not_found")),
    ("removeTarget", Stranger::Absent("account.not_found")),
    ("pushTargets", Stranger::Absent("account.not_found")),
    ("getRepositoryTree", Stranger::Denied),
    ("getFileContent", Stranger::Denied),
    ("getFileLinesByRange", Stranger::Denied),
    ("getMaxLinesInFile", Stranger::Denied),
    ("getRawFile", Stranger::Denied),
    ("listCommits", Stranger::Denied),
    ("getCompatibleTree", Stranger::Denied),
    ("getCompatibleFile", Stranger::Denied),
    ("getCompatibleLines", Stranger::Denied),
    ("getCompatibleMaxLines", Stranger::Denied),
    ("listCompatibleCommits", Stranger::Denied),
    // Both ask nobody and know nothing that is kept here.
    ("guideToken", Stranger::OnlyTheirs),
    ("inspectToken", Stranger::OnlyTheirs),
];

/// One operation of the document.
#[derive(Debug)]
struct Operation {
    id: String,
    method: String,
    path: String,
    body: Option<Value>,
}

impl Operation {
    fn is_compatible(&self) -> bool {
        self.path.starts_with("/api/")
    }
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&jeton_web::openapi_json()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let content = &operation["requestBody"]["content"]["application/json"];
            let body = operation["requestBody"].is_object().then(|| {
                let example = content["example"].clone();
                assert!(
                    example.is_object(),
                    "{method} {path}: the body has no example to try it with"
                );
                example
            });
            all.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_ascii_uppercase(),
                path: path.clone(),
                body,
            });
        }
    }
    all
}

/// What there is, or something of the same form that there is not.
struct Things {
    /// For each parameter of a path.
    parts: BTreeMap<&'static str, String>,
    /// For fields of bodies.
    fields: Vec<(&'static str, Value)>,
    /// The text by which one is told from the other, to be taken out of the answers that repeat it.
    names: Vec<String>,
}

impl Things {
    fn path(&self, operation: &Operation) -> String {
        let mut path = operation.path.clone();
        // `/v1/clients/{name}` is about a client, `/v1/users/{name}` about a person.
        let kind = path.split('/').nth(2).unwrap_or_default().to_owned();
        for (parameter, value) in &self.parts {
            let (of, name) = parameter.split_once('.').unwrap();
            if of == kind || of == "*" {
                path = path.replace(&format!("{{{name}}}"), value);
            }
        }
        assert!(
            !path.contains('{'),
            "{}: say in `Things` what stands for the parts of {path}",
            operation.id
        );
        path.push_str(match operation.id.as_str() {
            "guideToken" => "?forge=github",
            "getFileContent" | "getFileLinesByRange" | "getMaxLinesInFile" | "getRawFile" => "?path=README.md",
            "getCompatibleLines" => "?start_line=0&end_line=1",
            _ => "",
        });
        path
    }

    fn body(&self, operation: &Operation) -> Option<Value> {
        let mut body = operation.body.clone()?;
        for (field, value) in &self.fields {
            if body.get(field).is_some() {
                body[*field] = value.clone();
            }
        }
        Some(body)
    }

    /// An answer without what differs in every answer, and without what was asked for.
    fn told(&self, answer: &Answer) -> String {
        let mut text = answer.text.replace(answer.header("x-request-id"), "(id)");
        for name in &self.names {
            text = text.replace(name.as_str(), "(asked)");
        }
        format!("{} {text}", answer.status)
    }
}

async fn ask(t: &TestJeton, operation: &Operation, things: &Things, key: Option<&str>) -> Answer {
    let (path, body) = (things.path(operation), things.body(operation));
    t.send(|http, url| {
        let mut request = http.request(operation.method.parse().unwrap(), format!("{url}{path}"));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        match body {
            Some(body) => request.json(&body),
            None => request,
        }
    })
    .await
}

async fn start() -> (TestJeton, Things, Things) {
    let options = NodeOptions {
        anonymous: false,
        ..NodeOptions::default()
    };
    let database = jeton_testkit::Database::new(jeton_testkit::DatabaseKind::Sqlite);
    let t = TestJeton::start_with(database, options).await;
    t.install("acme", &["there"]);
    let grant = t.issue("acme/there").await;
    t.client("there").await;
    t.policy(json!({"name": "there", "callers": {"client": "there"}, "actions": ["app.read"]}))
        .await;
    assert_eq!(
        t.post("/v1/users", json!({"name": "there", "role": "member"}))
            .await
            .status,
        201
    );
    let token = t
        .sim
        .github()
        .add_personal_token("ada", PersonalTokenSpec::classic(["repo"]));
    t.account(
        "there",
        json!({"forge": "github", "base_url": t.sim.web_url(), "token": token.token}),
    )
    .await;
    let host = t.sim.web_url().trim_start_matches("http://").to_owned();
    let things = |name: &str, grant: &str, fingerprint: &str| Things {
        parts: BTreeMap::from([
            ("clients.name", name.to_owned()),
            ("policies.name", name.to_owned()),
            ("users.name", name.to_owned()),
            ("accounts.account", name.to_owned()),
            ("accounts.target", grant.to_owned()),
            ("runners.id", grant.to_owned()),
            (
                "apps.name",
                if name == "there" {
                    "ci".to_owned()
                } else {
                    "no".to_owned()
                },
            ),
            ("tokens.grant_id", grant.to_owned()),
            ("keys.id", fingerprint.to_owned()),
            ("*.namespace", "acme".to_owned()),
            ("*.repository", name.to_owned()),
            ("content.forge", host.clone()),
            ("*.owner", "acme".to_owned()),
            ("*.repo", name.to_owned()),
            ("*.path", "README.md".to_owned()),
        ]),
        fields: vec![
            ("repositories", json!([format!("acme/{name}")])),
            ("repository", json!(format!("acme/{name}"))),
            ("fingerprint", json!(fingerprint)),
            ("name", json!(name)),
            ("label", json!(name)),
        ],
        names: vec![
            format!("acme/{name}"),
            grant.to_owned(),
            fingerprint.to_owned(),
            format!("\"{name}\""),
            format!("`{name}`"),
        ],
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let existing = things("there", &text(&grant["grant_id"]), &text(&grant["fingerprint"]));
    let missing = things("wrong", "0197b2c0-5a4e-7c11-8f00-0123456789ab", "0123456789ab");
    (t, existing, missing)
}

#[test]
fn every_operation_is_in_one_of_the_lists() {
    let public: BTreeSet<&str> = PUBLIC.iter().map(|(id, _)| *id).collect();
    let guarded: BTreeSet<&str> = STRANGERS.iter().map(|(id, _)| *id).collect();
    assert!(public.is_disjoint(&guarded), "an operation is public or not");
    assert_eq!(guarded.len(), STRANGERS.len());
    let all = operations();
    for operation in &all {
        let id = operation.id.as_str();
        assert!(
            public.contains(id) || guarded.contains(id),
            "the operation `{id}` ({} {}) is new here. Add it to STRANGERS in crates/jeton/tests/it/authorization.rs with what \
             a caller gets whom no policy lets do anything; or, if everybody may call it, to PUBLIC with the reason.",
            operation.method,
            operation.path,
        );
    }
    let known: BTreeSet<&str> = all.iter().map(|operation| operation.id.as_str()).collect();
    for id in public.union(&guarded) {
        assert!(
            known.contains(id),
            "`{id}` is in a list of crates/jeton/tests/it/authorization.rs, and no operation"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_in_without_a_key_or_with_a_wrong_one() {
    let (t, existing, missing) = start().await;
    let whole = t.key.secret().expose().to_owned();
    let mut damaged = whole.clone().into_bytes();
    damaged[8] = if damaged[8] == b'a' { b'b' } else { b'a' };
    let damaged = String::from_utf8(damaged).unwrap();
    let unknown = ApiKey::generate(&TestEntropy::default()).secret().expose().to_owned();
    let mut bodies: BTreeMap<(&str, bool), BTreeSet<String>> = BTreeMap::new();
    let public: BTreeSet<&str> = PUBLIC.iter().map(|(id, _)| *id).collect();
    for operation in operations() {
        if public.contains(operation.id.as_str()) {
            let answer = ask(&t, &operation, &existing, None).await;
            assert_eq!(answer.status, 200, "{}: {}", operation.id, answer.text);
            continue;
        }
        let compat = operation.is_compatible();
        for (key, code) in [
            (None, "auth.missing"),
            (Some(&damaged), "auth.malformed_key"),
            (Some(&unknown), "auth.unknown_key"),
        ] {
            for things in [&existing, &missing] {
                let answer = ask(&t, &operation, things, key.map(String::as_str)).await;
                assert_eq!(answer.status, 401, "{} {code}: {}", operation.id, answer.text);
                assert!(!answer.header("www-authenticate").is_empty(), "{} {code}", operation.id);
                if compat {
                    assert!(answer.json()["error"].is_string(), "{}: {}", operation.id, answer.text);
                } else {
                    assert_eq!(answer.header("content-type"), "application/problem+json");
                    assert_eq!(answer.code(), code, "{}: {}", operation.id, answer.text);
                }
                bodies.entry((code, compat)).or_default().insert(things.told(&answer));
            }
        }
    }
    for ((code, _), told) in bodies {
        assert_eq!(told.len(), 1, "{code}: every route says the same: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_learns_nothing() {
    let (t, existing, missing) = start().await;
    let key = t.client("stranger").await;
    let expected: BTreeMap<&str, Stranger> = STRANGERS.into_iter().collect();
    for operation in operations() {
        let Some(stranger) = expected.get(operation.id.as_str()) else {
            continue;
        };
        let there = ask(&t, &operation, &existing, Some(&key)).await;
        let absent = ask(&t, &operation, &missing, Some(&key)).await;
        let (status, code) = match stranger {
            Stranger::Denied => (403, "policy.denied"),
            Stranger::Absent(code) => (404, *code),
            Stranger::OnlyTheirs => (200, ""),
        };
        assert_eq!(there.status, status, "{}: {}", operation.id, there.text);
        if operation.is_compatible() {
            assert!(there.json()["error"].is_string(), "{}", there.text);
        } else {
            assert_eq!(there.code(), code, "{}: {}", operation.id, there.text);
        }
        assert_eq!(
            existing.told(&there),
            missing.told(&absent),
            "{}: what is there differs from what is not",
            operation.id
        );
    }
    let grants = t.get_as(&key, "/v1/grants").await;
    assert_eq!(
        grants.json()["grants"],
        json!([]),
        "they see what is theirs, which is nothing"
    );
}
