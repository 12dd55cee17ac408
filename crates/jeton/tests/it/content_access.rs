//! Who may read what: policies decide before anything else, a credential must be seen to read, and both end in the time that is told.

use jeton_forge_sim::{InstallSpec, PersonalTokenSpec, RepoRole};
use jeton_testkit::{Answer, DatabaseKind, TestJeton, both_databases};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    account_world::{Forge, World, refused, text, with},
    content_reading::{MINUTE, file, github, pinned, put, read, reader, route, source, until},
    record_over_http::{by_operator, entries},
};

const SECRET: &str = "what only a few may read";

/// `acme/tools` and `acme/other`, private, with the App on both; the commit of `acme/tools`.
fn world(t: &TestJeton) -> String {
    t.install("acme", &["tools", "other"]);
    put(t, "acme", "other", "README.md", "another\n");
    let commit = put(t, "acme", "tools", "README.md", SECRET);
    t.sim.calls().reset();
    commit
}

/// Every operation on a repository, by its branch and by a commit.
fn routes(t: &TestJeton, repository: &str, commit: &str) -> Vec<String> {
    let (host, path) = (github(t), ("path", "README.md"));
    let mut routes = Vec::new();
    for at in [vec![], vec![("ref", commit)]] {
        for (operation, takes_path) in [
            ("tree", false),
            ("file", true),
            ("lines", true),
            ("max-lines", true),
            ("raw", true),
            ("commits", false),
        ] {
            let mut query = at.clone();
            query.extend(takes_path.then_some(path));
            routes.push(route(&host, repository, operation, &query));
        }
    }
    routes
}

/// That nothing of the repository is in an answer.
fn shows_nothing(answer: &Answer, of: &str) {
    assert!(
        (400..500).contains(&answer.status),
        "{of}: {} {}",
        answer.status,
        answer.text
    );
    assert!(!answer.text.contains(SECRET), "{of}: {}", answer.text);
    for header in ["etag", "jeton-commit", "content-range"] {
        assert_eq!(answer.header(header), "", "{of}: {header}");
    }
}

async fn on_record(t: &TestJeton, event: &str) -> Vec<Value> {
    // As the server does every few seconds.
    t.broker.access().ledger().tick().await.unwrap();
    let all = entries(t, "").await;
    all.into_iter().filter(|entry| entry["event"] == event).collect()
}

both_databases! {
    async fn nobody_reads_without_a_policy(t: TestJeton) {
        let commit = world(&t);
        let (stranger, minter) = (t.client("stranger").await, t.client_who_reads("minter", "acme/*").await);
        for route in routes(&t, "acme/tools", &commit) {
            refused(&t.get_anonymously(&route).await, 401, "auth.missing");
            assert_eq!(t.get_as("jtn_unknown", &route).await.status, 401, "{route}");
            for key in [&stranger, &minter] {
                let answer = t.get_as(key, &route).await;
                refused(&answer, 403, "policy.denied");
                shows_nothing(&answer, &route);
            }
        }
        // What is not there looks the same to them, and nobody was asked.
        let absent = t.get_as(&stranger, &file(&t, "acme/no-such", "README.md")).await;
        refused(&absent, 403, "policy.denied");
        let elsewhere = t.get_as(&stranger, &route("forge.invalid", "acme/tools", "tree", &[])).await;
        refused(&elsewhere, 403, "policy.denied");
        assert_eq!(t.sim.calls().total(), 0, "{:?}", t.sim.calls().all());
        let refusals = on_record(&t, "content.refused").await;
        let told = |name: &str| {
            let mine = refusals.iter().filter(|entry| entry.to_string().contains(&format!("client:{name}")));
            mine.map(Value::to_string).collect::<Vec<_>>().join("\n")
        };
        for name in ["stranger", "minter"] {
            let told = told(name);
            assert!(told.contains("acme/tools") && told.contains(&github(&t)) && told.contains("policy.denied"), "{name}: {told}");
        }
        assert!(on_record(&t, "content.read").await.is_empty());
    }

    async fn a_policy_opens_what_it_names_and_nothing_else(t: TestJeton) {
        let commit = world(&t);
        let key = reader(&t, "agents", "acme/tools", &[]).await;
        for route in routes(&t, "acme/tools", &commit) {
            assert_eq!(t.get_as(&key, &route).await.status, 200, "{route}");
        }
        for route in routes(&t, "acme/other", &commit) {
            let answer = t.get_as(&key, &route).await;
            refused(&answer, 403, "policy.denied");
            shows_nothing(&answer, &route);
        }
        // Another forge than the policy's.
        let on = async |name: &str, forge: &str| {
            let key = t.client(name).await;
            t.policy(json!({
                "name": name, "callers": {"client": name}, "actions": ["content.read"], "repositories": ["acme/tools"], "forges": [forge],
            })).await;
            t.get_as(&key, &file(&t, "acme/tools", "README.md")).await
        };
        refused(&on("elsewhere", "github.com").await, 403, "policy.denied");
        assert_eq!(source(&on("here", &github(&t)).await), "app:ci");
    }

    async fn reading_is_no_right_to_tokens(t: TestJeton) {
        world(&t);
        let key = reader(&t, "agents", "acme/*", &[]).await;
        let answer = t.get_as(&key, &file(&t, "acme/tools", "README.md")).await;
        assert_eq!(read(&answer)["content"], SECRET);
        let tokens = t.sim.github().live_tokens();
        assert_eq!(tokens.len(), 1);
        assert!(!answer.text.contains("ghs_"), "{}", answer.text);
        refused(&t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/tools"]})).await, 403, "policy.denied");
        assert_eq!(t.get_as(&key, "/api/acme/tools").await.status, 403);
        assert_eq!(t.get_as(&key, "/v1/accounts").await.status, 403);
        // The token that reads can do nothing else, and nowhere else.
        let permissions: Vec<_> = tokens[0].permissions.iter().collect();
        assert!(permissions.iter().all(|(_, level)| *level == "read"), "{permissions:?}");
    }

    async fn who_reads_is_on_record_every_ten_minutes(t: TestJeton) {
        world(&t);
        let (key, other) = (reader(&t, "agents", "acme/*", &[]).await, reader(&t, "others", "acme/*", &[]).await);
        let read_all = async || {
            for _ in 0..5 {
                for path in ["acme/tools", "acme/other"] {
                    assert_eq!(t.get_as(&key, &file(&t, path, "README.md")).await.status, 200);
                }
            }
        };
        read_all().await;
        let first = on_record(&t, "content.read").await;
        assert_eq!(first.len(), 2, "{first:#?}");
        let told = first[0].to_string();
        for part in ["client:agents", "app:ci", "acme/", "agents-reads-content", "content.read", &github(&t)] {
            assert!(told.contains(part), "{part}: {told}");
        }
        for _ in 0..9 {
            t.clock.advance(MINUTE);
            read_all().await;
            assert_eq!(on_record(&t, "content.read").await.len(), 2);
        }
        t.clock.advance(MINUTE);
        read_all().await;
        assert_eq!(on_record(&t, "content.read").await.len(), 4);
        assert_eq!(t.get_as(&other, &file(&t, "acme/tools", "README.md")).await.status, 200);
        assert_eq!(on_record(&t, "content.read").await.len(), 5, "each caller for themselves");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_operator_takes_away_ends_at_once_and_an_account_within_five_seconds() {
    for kind in [DatabaseKind::Sqlite, DatabaseKind::Postgres] {
        let w = World::around(TestJeton::start(kind).await).await;
        let t = &w.t;
        put(t, "acme", "tools", "README.md", SECRET);
        let route = file(t, "acme/tools", "README.md");
        // SQLite serves one server alone.
        let replica = match kind {
            DatabaseKind::Postgres => Some(t.replica().await),
            DatabaseKind::Sqlite => None,
        };
        let nodes: Vec<_> = std::iter::once(&t.node).chain(&replica).collect();
        for end in ["inactive", "removed"] {
            w.stored(Forge::GitHub, end).await;
            let source_name = format!("account:{end}");
            let key = reader(t, &format!("reads-{end}"), "acme/*", &[&source_name]).await;
            for node in &nodes {
                assert_eq!(source(&node.get_as(&key, &route).await), source_name);
            }
            if end == "removed" {
                // A policy names it.
                assert_eq!(t.delete("/v1/accounts/removed?force=true").await.status, 200);
            } else {
                let changed = w.change(end, json!({"active": false})).await;
                assert_eq!(changed.status, 200, "{}", changed.text);
            }
            t.clock.advance(SignedDuration::from_secs(5));
            for node in &nodes {
                shows_nothing(&node.get_as(&key, &route).await, end);
            }
        }
        // A policy that goes: at once where it was removed, and on the other as soon as it follows.
        w.stored(Forge::GitHub, "left").await;
        let key = reader(t, "more", "acme/*", &[]).await;
        for node in &nodes {
            let answer = node.get_as(&key, &route).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        assert_eq!(t.delete("/v1/policies/more-reads-content").await.status, 200);
        for node in &nodes {
            node.broker.access().follow().await.unwrap();
            refused(&node.get_as(&key, &route).await, 403, "policy.denied");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_says_as_whom() {
    let t = TestJeton::start(DatabaseKind::Sqlite).await;
    t.sim
        .github()
        .install(t.app.id, "acme", InstallSpec::selected(["tools"]));
    let w = World::around(t).await;
    let t = &w.t;
    put(t, "acme", "tools", "README.md", SECRET);
    t.sim.github().add_repository("acme", "apart", true).unwrap();
    put(t, "acme", "apart", "README.md", SECRET);
    w.stored(Forge::GitHub, "work").await;
    let (app, account) = (
        reader(t, "by-app", "acme/*", &["app:ci"]).await,
        reader(t, "by-account", "acme/*", &["account:work"]).await,
    );
    let route = file(t, "acme/tools", "README.md");
    assert_eq!(source(&t.get_as(&app, &route).await), "app:ci");
    assert_eq!(source(&t.get_as(&account, &route).await), "account:work");
    // The App is not there: the account is, and is not asked for this caller.
    let route = file(t, "acme/apart", "README.md");
    assert_eq!(source(&t.get_as(&account, &route).await), "account:work");
    let answer = t.get_as(&app, &route).await;
    refused(&answer, 404, "content.repository_not_found");
    shows_nothing(&answer, "app");
}

/// A client with an account of their own, of a person who is a collaborator of one repository.
async fn with_own(w: &World, name: &str, repository: &str) -> String {
    let (t, github) = (&w.t, w.t.sim.github());
    github.add_user(name);
    let (owner, repo) = repository.split_once('/').unwrap();
    github.add_collaborator(owner, repo, name, RepoRole::Read).unwrap();
    let token = github.add_personal_token(name, PersonalTokenSpec::classic(["repo"]));
    let key = t.client(name).await;
    t.policy(json!({
        "name": format!("{name}-reads"), "callers": {"client": name}, "actions": ["content.read", "account.use"],
        "repositories": ["*/*"], "sources": ["account:own/*"],
    }))
    .await;
    let given = with(w.given(Forge::GitHub, &token.token), &json!({"label": "mine"}));
    let added = t.post_as(&key, "/v1/accounts", given).await;
    assert_eq!(added.status, 201, "{}", added.text);
    key
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_was_seen_to_read_opens_nothing() {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    let (t, sim) = (&w.t, w.t.sim.github());
    let commit = put(t, "acme", "tools", "README.md", SECRET);
    sim.add_repository("public", "place", false).unwrap();
    sim.add_repository("eves", "place", true).unwrap();
    put(t, "eves", "place", "mine.md", "eve's own\n");
    let (ada, eve) = (
        with_own(&w, "adam", "acme/tools").await,
        with_own(&w, "eve", "eves/place").await,
    );
    let mut marks = Vec::new();
    for route in routes(t, "acme/tools", &commit) {
        let answer = t.get_as(&ada, &route).await;
        assert_eq!(answer.status, 200, "{route}: {}", answer.text);
        marks.push((route, answer.header("etag").to_owned()));
    }
    for (route, etag) in &marks {
        let answer = t.get_as(&eve, route).await;
        refused(&answer, 404, "content.repository_not_found");
        shows_nothing(&answer, route);
        for (name, value) in [
            ("if-none-match", etag.as_str()),
            ("range", "bytes=0-3"),
            ("cache-control", "no-cache"),
        ] {
            let answer = t
                .send(|http, url| {
                    http.request(Method::GET, format!("{url}{route}"))
                        .bearer_auth(&eve)
                        .header(name, value)
                })
                .await;
            refused(&answer, 404, "content.repository_not_found");
        }
    }
    // The commit's id, known from elsewhere, opens nothing through a repository that may be read; nor does its beginning.
    assert_eq!(
        read(&t.get_as(&eve, &file(t, "eves/place", "mine.md")).await)["content"],
        "eve's own\n"
    );
    for route in routes(t, "eves/place", &commit)
        .iter()
        .chain(&routes(t, "eves/place", &commit[..10]))
    {
        if route.contains("ref=") {
            shows_nothing(&t.get_as(&eve, route).await, route);
        }
    }
    // Names that would meet in a cache with `acme/tools`.
    for name in ["ACME/Tools", "acme/tools.git", "eves/place/../../acme/tools"] {
        let answer = t.get_as(&eve, &pinned(t, name, "README.md", &commit)).await;
        shows_nothing(&answer, name);
    }
    // What changes at the forge counts: after the minute for which a refusal is taken as said.
    sim.add_collaborator("acme", "tools", "eve", RepoRole::Read).unwrap();
    t.clock.advance(MINUTE + SignedDuration::from_secs(1));
    assert_eq!(read(&t.get_as(&eve, &marks[1].0).await)["content"], SECRET);
}

/// Ways in which a right ends at the forge.
const ENDS: [&str; 4] = ["uninstalled", "suspended", "collaborator", "revoked"];

/// What ends a right.
type End = Box<dyn FnOnce(&World)>;

/// A caller who reads `acme/tools`, and what ends that.
async fn until_it_ends(end: &str) -> (World, String, String, End) {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    let (t, sim) = (&w.t, w.t.sim.github());
    let commit = put(t, "acme", "tools", "README.md", SECRET);
    let route = pinned(t, "acme/tools", "README.md", &commit);
    let (key, end): (String, End) = match end {
        "uninstalled" | "suspended" => {
            let installation = sim.install(t.app.id, "acme", InstallSpec::all());
            let key = reader(t, "agents", "acme/*", &[]).await;
            let suspends = end == "suspended";
            let end = move |w: &World| {
                let github = w.t.sim.github();
                assert!(if suspends {
                    github.suspend(installation)
                } else {
                    github.uninstall(installation)
                });
            };
            (key, Box::new(end))
        }
        "collaborator" => {
            let key = with_own(&w, "adam", "acme/tools").await;
            let end = |w: &World| assert!(w.t.sim.github().remove_collaborator("acme", "tools", "adam"));
            (key, Box::new(end))
        }
        _ => {
            let token = w.at_github(PersonalTokenSpec::classic(["repo"]));
            t.account("work", w.given(Forge::GitHub, &token.token)).await;
            let key = reader(t, "agents", "acme/*", &[]).await;
            let end = move |w: &World| assert!(w.t.sim.github().revoke_personal_token(token.id));
            (key, Box::new(end))
        }
    };
    assert_eq!(read(&t.get_as(&key, &route).await)["content"], SECRET, "{route}");
    (w, key, route, end)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_ended_at_the_forge_ends_within_five_minutes() {
    for end in ENDS {
        let (w, key, route, ends) = until_it_ends(end).await;
        ends(&w);
        w.t.clock.advance(MINUTE * 5 + SignedDuration::from_secs(1));
        for route in [route, file(&w.t, "acme/tools", "README.md")] {
            shows_nothing(&w.t.get_as(&key, &route).await, end);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_use_it_ends_within_a_minute_or_so() {
    for end in ENDS {
        let (w, key, route, ends) = until_it_ends(end).await;
        ends(&w);
        // Whoever goes on asking does not keep it alive.
        for _ in 0..4 {
            w.t.clock.advance(SignedDuration::from_secs(15));
            let answer = w.t.get_as(&key, &route).await;
            assert!(answer.status == 200 || answer.status == 404, "{end}: {}", answer.text);
        }
        w.t.clock.advance(SignedDuration::from_secs(5));
        until(end, async || w.t.get_as(&key, &route).await.status != 200).await;
        shows_nothing(&w.t.get_as(&key, &route).await, end);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_that_became_another_persons_ends_too() {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    let t = &w.t;
    let commit = w.gitlab.commit_file(w.project, "README.md", SECRET.as_bytes()).unwrap();
    w.stored(Forge::GitLab, "lab").await;
    let key = reader(t, "agents", "acme/*", &[]).await;
    let route = route(
        &w.host(Forge::GitLab),
        "acme/tools",
        "file",
        &[("path", "README.md"), ("ref", &commit)],
    );
    assert_eq!(source(&t.get_as(&key, &route).await), "account:lab");
    w.gitlab.remove_member(w.project, w.at_gitlab).unwrap();
    t.clock.advance(MINUTE * 5 + SignedDuration::from_secs(1));
    let answer = t.get_as(&key, &route).await;
    refused(&answer, 404, "content.repository_not_found");
    shows_nothing(&answer, "gitlab");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_removed_reads_nothing() {
    let t = TestJeton::start(DatabaseKind::Sqlite).await;
    let commit = world(&t);
    let key = reader(&t, "agents", "acme/*", &[]).await;
    let route = pinned(&t, "acme/tools", "README.md", &commit);
    assert_eq!(read(&t.get_as(&key, &route).await)["content"], SECRET);
    let removed = by_operator(&t, "DELETE", "/v1/clients/agents", None).await;
    assert_eq!(removed.status, 200, "{}", removed.text);
    let answer = t.get_as(&key, &route).await;
    assert_eq!(answer.status, 401, "{}", text(&answer.json()["code"]));
}
