//! Which credential is asked, and what a bad one does: it hides nothing that is public, and is told of where it matters.

use jeton_forge_sim::{OrgPolicy, PersonalTokenSpec, SamlSso};
use jeton_testkit::{DatabaseKind, TestJeton, both_databases};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    account_world::{Forge, World, refused, text},
    content_reading::{MINUTE, file, pinned, put, read, reader, source, until},
};

/// What somebody's limit has left, by the books of the simulator. Asking costs nothing.
async fn left(w: &World, token: &str) -> u64 {
    let request = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .get(format!("{}/rate_limit", w.t.sim.api_url()))
        .header("user-agent", "books")
        .bearer_auth(token);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    answer["resources"]["core"]["remaining"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_that_read_it_the_one_with_the_most_left_is_asked() {
    let t = TestJeton::start(DatabaseKind::Sqlite).await;
    t.install("acme", &["app"]);
    t.sim.github().set_rate_limit(1000);
    let w = World::around(t).await;
    let t = &w.t;
    let token = w.stored(Forge::GitHub, "work").await;
    let mut files = jeton_forge_sim::CommitSpec::new("Many");
    for number in 0..200 {
        files = files.file(format!("{number}.txt"), format!("{number}\n"));
    }
    let commit = t.sim.github().commit("acme", "tools", &files).unwrap();
    let (app, account, both) = (
        reader(t, "by-app", "acme/*", &["app:*"]).await,
        reader(t, "by-account", "acme/*", &["account:*"]).await,
        reader(t, "by-both", "acme/*", &[]).await,
    );
    let numbers = std::sync::atomic::AtomicU32::new(0);
    // Each file is a new one, and one call.
    let next = async |key: &str| {
        let number = numbers.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        source(
            &t.get_as(key, &pinned(t, "acme/tools", &format!("{number}.txt"), &commit))
                .await,
        )
    };
    assert_eq!(next(&account).await, "account:work");
    for _ in 0..30 {
        assert_eq!(next(&app).await, "app:ci");
    }
    let before = left(&w, &token).await;
    for _ in 0..10 {
        assert_eq!(next(&both).await, "account:work", "it has most left");
    }
    assert_eq!(before - left(&w, &token).await, 10, "one call each");
    for _ in 0..60 {
        assert_eq!(next(&account).await, "account:work");
    }
    let before = left(&w, &token).await;
    for _ in 0..10 {
        assert_eq!(next(&both).await, "app:ci", "now it has");
    }
    assert_eq!(before - left(&w, &token).await, 0);
}

/// `acme/open`, public, and `acme/tools`, private, with a file each.
async fn world(t: TestJeton) -> World {
    let w = World::around(t).await;
    w.t.sim.github().add_repository("acme", "open", false).unwrap();
    put(&w.t, "acme", "open", "README.md", "for all\n");
    put(&w.t, "acme", "tools", "README.md", "for some\n");
    w
}

async fn revoked(w: &World, label: &str) {
    let token = w.at_github(PersonalTokenSpec::classic(["repo"]));
    w.t.account(label, w.given(Forge::GitHub, &token.token)).await;
    assert!(w.t.sim.github().revoke_personal_token(token.id));
}

both_databases! {
    async fn a_bad_token_hides_nothing_that_is_public(t: TestJeton) {
        let w = world(t).await;
        let t = &w.t;
        revoked(&w, "work").await;
        let key = reader(t, "agents", "acme/*", &[]).await;
        let route = file(t, "acme/open", "README.md");
        let answer = t.get_as(&key, &route).await;
        let told = read(&answer);
        assert_eq!((&told["content"], &told["source"]), (&json!("for all\n"), &json!("anonymous")));
        let notice = &told["notices"][0];
        assert!(text(&notice["cause"]).contains("account:work"), "{told}");
        assert!(text(&notice["remedy"]).len() > 15, "{told}");
        assert!(answer.header("jeton-notice").starts_with("credential."), "{:?}", answer.headers);
        // The watch was told, and says so where people look.
        until("the account is invalid", async || w.show("work").await["validity"] == "invalid").await;
        t.clock.advance(SignedDuration::from_secs(6));
        let calls = t.sim.calls().total();
        let again = read(&t.get_as(&key, &file(t, "acme/open", "README.md")).await);
        assert_eq!(again["content"], "for all\n");
        assert!(text(&again["notices"][0]["cause"]).contains("account:work"), "{again}");
        assert!(t.sim.calls().total() <= calls + 1, "a token that is known to be dead is not asked");
    }

    async fn what_is_private_is_not_there_and_the_remedy_is_the_tokens(t: TestJeton) {
        let w = world(t).await;
        let t = &w.t;
        revoked(&w, "work").await;
        let key = reader(t, "agents", "acme/*", &[]).await;
        for _ in 0..2 {
            let answer = t.get_as(&key, &file(t, "acme/tools", "README.md")).await;
            refused(&answer, 404, "content.repository_not_found");
            let told = answer.json();
            let remedy = text(&told["remedy"]);
            assert!(remedy.contains("account:work"), "{told}");
            t.clock.advance(MINUTE + SignedDuration::from_secs(1));
            until("the account is invalid", async || w.show("work").await["validity"] == "invalid").await;
        }
        // A good one mends it.
        w.stored(Forge::GitHub, "good").await;
        t.clock.advance(SignedDuration::from_secs(6));
        let told = read(&t.get_as(&key, &file(t, "acme/tools", "README.md")).await);
        assert_eq!((&told["content"], &told["source"]), (&json!("for some\n"), &json!("account:good")));
        assert!(told["notices"].as_array().is_none_or(Vec::is_empty), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_all_are_bad_nobody_is_asked_as() {
    let w = world(TestJeton::start(DatabaseKind::Sqlite).await).await;
    for label in ["one", "two", "three"] {
        revoked(&w, label).await;
    }
    let key = reader(&w.t, "agents", "acme/*", &[]).await;
    let told = read(&w.t.get_as(&key, &file(&w.t, "acme/open", "README.md")).await);
    assert_eq!(told["source"], "anonymous");
    let notices = told["notices"].to_string();
    for label in ["one", "two", "three"] {
        assert!(notices.contains(&format!("account:{label}")), "{notices}");
    }
    // A good one takes over where it is, and nothing in its way is kept secret.
    w.stored(Forge::GitHub, "zwei").await;
    w.t.clock.advance(SignedDuration::from_secs(6));
    let told = read(&w.t.get_as(&key, &file(&w.t, "acme/tools", "README.md")).await);
    assert_eq!(
        (&told["content"], &told["source"]),
        (&json!("for some\n"), &json!("account:zwei"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_for_sources_alone_is_none_for_nobody() {
    let w = world(TestJeton::start(DatabaseKind::Sqlite).await).await;
    revoked(&w, "work").await;
    let key = reader(&w.t, "agents", "acme/*", &["account:*"]).await;
    let answer = w.t.get_as(&key, &file(&w.t, "acme/open", "README.md")).await;
    refused(&answer, 404, "content.repository_not_found");
    assert!(
        text(&answer.json()["remedy"]).contains("account:work"),
        "{}",
        answer.text
    );
}

/// What an organization may have against a token, and words that the remedy must have.
type Demand = (&'static str, fn(&mut OrgPolicy), &'static [&'static str]);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_organization_has_against_a_token_is_told() {
    let demands: [Demand; 3] = [
        (
            "sso",
            |policy| policy.saml_sso = SamlSso::Required,
            &["SSO", "SAML", "single sign-on"],
        ),
        (
            "address",
            |policy| policy.ip_allow_list = Some(Vec::new()),
            &["IP", "address"],
        ),
        (
            "classic",
            |policy| policy.forbid_classic = true,
            &["classic", "fine-grained"],
        ),
    ];
    for (what, demand, words) in demands {
        let w = world(TestJeton::start(DatabaseKind::Sqlite).await).await;
        w.stored(Forge::GitHub, "work").await;
        w.t.sim.github().change_org_policy("acme", demand);
        let key = reader(&w.t, "agents", "acme/*", &[]).await;
        let answer = w.t.get_as(&key, &file(&w.t, "acme/tools", "README.md")).await;
        refused(&answer, 404, "content.repository_not_found");
        let told = answer.json();
        let remedy = text(&told["remedy"]);
        assert!(remedy.contains("account:work"), "{what}: {remedy}");
        assert!(words.iter().any(|word| remedy.contains(word)), "{what}: {remedy}");
        // What is public is read all the same, and the answer says what is wrong with the token.
        let told = read(&w.t.get_as(&key, &file(&w.t, "acme/open", "README.md")).await);
        assert_eq!(told["content"], "for all\n", "{what}");
        if told["source"] == "anonymous" {
            assert!(told["notices"].to_string().contains("account:work"), "{what}: {told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fine_grained_token_without_the_permission_says_which() {
    let w = world(TestJeton::start(DatabaseKind::Sqlite).await).await;
    let month = SignedDuration::from_hours(24 * 30);
    let spec = PersonalTokenSpec::fine_grained("acme", [("issues", "read")]).expires_in(month);
    w.t.account("fine", w.given(Forge::GitHub, &w.at_github(spec).token))
        .await;
    let key = reader(&w.t, "agents", "acme/*", &[]).await;
    let answer = w.t.get_as(&key, &file(&w.t, "acme/tools", "README.md")).await;
    refused(&answer, 404, "content.repository_not_found");
    let told = answer.json();
    let remedy = text(&told["remedy"]);
    assert!(
        remedy.contains("account:fine") && remedy.to_lowercase().contains("contents"),
        "{remedy}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_gitlab_that_lacks_a_scope_says_which() {
    let w = world(TestJeton::start(DatabaseKind::Sqlite).await).await;
    w.gitlab.commit_file(w.project, "README.md", b"lab\n").unwrap();
    let token = w.at_gitlab(&["read_user"]);
    w.t.account("lab", w.given(Forge::GitLab, &token.token)).await;
    let key = reader(&w.t, "agents", "acme/*", &[]).await;
    let route = crate::content_reading::route(&w.host(Forge::GitLab), "acme/tools", "file", &[("path", "README.md")]);
    let answer = w.t.get_as(&key, &route).await;
    refused(&answer, 404, "content.repository_not_found");
    let remedy = answer.json();
    let remedy = text(&remedy["remedy"]);
    assert!(
        remedy.contains("account:lab") && remedy.contains("read_api"),
        "{remedy}"
    );
}
