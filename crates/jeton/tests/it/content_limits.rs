//! Limits of the forges: obeyed, shared fairly, and told with when to come back.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jeton_access::AccessSettings;
use jeton_forge_sim::{CommitSpec, FaultKind, FaultRule, InstallSpec};
use jeton_testkit::{Database, DatabaseKind, NodeOptions, TestJeton};
use jiff::SignedDuration;
use tokio::{sync::Notify, task::JoinSet};

use crate::{
    account_world::{Forge, World, refused, text},
    content_reading::{MINUTE, file, pinned, put, read, reader, retry_after, source},
};

const CONTENTS: &str = "GET /repos/{owner}/{repo}/contents/{path}";

/// `acme/tools` with this many files, `0.txt` and on; the commit.
fn files(t: &TestJeton, number: usize) -> String {
    let spec = (0..number).fold(CommitSpec::new("Many"), |spec, at| {
        spec.file(format!("{at}.txt"), format!("{at}\n"))
    });
    t.sim.github().commit("acme", "tools", &spec).unwrap()
}

/// The App on `acme`, which has `tools`; every credential may be used so often in an hour.
async fn limited(per_hour: u32) -> (TestJeton, String) {
    let t = TestJeton::start(DatabaseKind::Sqlite).await;
    t.install("acme", &["tools"]);
    let commit = files(&t, 200);
    t.sim.github().set_rate_limit(per_hour);
    (t, commit)
}

/// The same with the other forges and ada.
async fn limited_world(per_hour: u32) -> (World, String) {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    let github = w.t.sim.github();
    github.install(w.t.app.id, "acme", InstallSpec::all());
    let commit = files(&w.t, 200);
    github.set_rate_limit(per_hour);
    (w, commit)
}

/// Uses up a person's limit, with a program that is not ours.
async fn use_up(w: &World, token: &str, calls: u32) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for _ in 0..calls {
        let url = format!("{}/user", w.t.sim.api_url());
        let request = http.get(url).header("user-agent", "greedy").bearer_auth(token);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_ends_one_credential_and_another_serves() {
    let (w, commit) = limited_world(1_000_000).await;
    let t = &w.t;
    let token = w.stored(Forge::GitHub, "work").await;
    let (account, both) = (
        reader(t, "by-account", "acme/*", &["account:*"]).await,
        reader(t, "by-both", "acme/*", &["app:*", "account:*"]).await,
    );
    let number = |at: u32| pinned(t, "acme/tools", &format!("{at}.txt"), &commit);
    // It was seen to read, so it would be asked first.
    assert_eq!(source(&t.get_as(&account, &number(0)).await), "account:work");
    t.sim.github().set_rate_limit(40);
    // The books began some calls ago.
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let user = format!("{}/user", t.sim.api_url());
    let spend = async || {
        let request = http.get(&user).header("user-agent", "greedy").bearer_auth(&token);
        request.send().await.unwrap().status() == 200
    };
    let mut calls = 0;
    while spend().await {
        calls += 1;
        assert!(calls <= 40);
    }
    let answer = t.get_as(&account, &number(1)).await;
    refused(&answer, 503, "forge.rate_limited");
    let told = answer.json();
    assert!((1..=3600).contains(&retry_after(&answer)), "{told}");
    assert!(text(&told["detail"]).contains("limit"), "{told}");
    for at in 1..5 {
        assert_eq!(source(&t.get_as(&both, &number(at)).await), "app:ci");
    }
    assert_eq!(
        read(&t.get_as(&account, &number(0)).await)["content"],
        "0\n",
        "what is here needs no call"
    );
    // It is asked again when its window has ended.
    t.clock.advance(SignedDuration::from_secs(retry_after(&answer) + 1));
    assert_eq!(source(&t.get_as(&account, &number(5)).await), "account:work");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_all_are_limited_the_caller_hears_of_the_first_to_open() {
    let (w, commit) = limited_world(1_000_000).await;
    let t = &w.t;
    let token = w.stored(Forge::GitHub, "work").await;
    let (account, app, both) = (
        reader(t, "by-account", "acme/*", &["account:*"]).await,
        reader(t, "by-app", "acme/*", &["app:*"]).await,
        reader(t, "by-both", "acme/*", &["app:*", "account:*"]).await,
    );
    // The window of the account that began when it was stored is over.
    t.clock.advance(MINUTE * 61);
    let number = |at: u32| pinned(t, "acme/tools", &format!("{at}.txt"), &commit);
    assert_eq!(t.get_as(&account, &number(0)).await.status, 200);
    use_up(&w, &token, 5).await;
    t.sim.github().set_rate_limit(6);
    let closed = t.get_as(&account, &number(1)).await;
    refused(&closed, 503, "forge.rate_limited");
    assert!((3540..=3600).contains(&retry_after(&closed)), "{}", closed.text);
    t.clock.advance(MINUTE * 20);
    // The App's window begins here, and is used up by one caller alone.
    let mut last = None;
    for at in 2..40 {
        let answer = t.get_as(&app, &number(at)).await;
        if answer.status != 200 {
            last = Some(answer);
            break;
        }
    }
    let last = last.expect("a limit");
    assert!(
        last.code() == "forge.rate_limited" || last.code() == "content.share_used_up",
        "{}",
        last.text
    );
    assert!((3540..=3600).contains(&retry_after(&last)), "{}", last.text);
    let calls = t.sim.calls().total();
    let answer = t.get_as(&both, &number(50)).await;
    // The newcomer has a share of what is left, if anything is: it ends with the next call.
    let answer = if answer.status == 200 {
        t.get_as(&both, &number(51)).await
    } else {
        answer
    };
    refused(&answer, 503, "forge.rate_limited");
    let wait = retry_after(&answer);
    assert!(
        (2280..=2400).contains(&wait),
        "of the account, which opens first: {wait}"
    );
    assert!(t.sim.calls().total() <= calls + 2, "whoever is limited is not asked");
    t.clock.advance(SignedDuration::from_secs(wait + 1));
    t.sim.github().set_rate_limit(1_000);
    assert_eq!(source(&t.get_as(&both, &number(52)).await), "account:work");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secondary_limit_shuts_the_gate_and_what_is_known_is_shown() {
    for fault in [
        FaultKind::SecondaryLimit { retry_after: 120 },
        FaultKind::SecondaryLimit429 { retry_after: 120 },
    ] {
        let (t, commit) = limited(5_000).await;
        let key = reader(&t, "agents", "acme/*", &["app:*"]).await;
        let branch = file(&t, "acme/tools", "0.txt");
        assert_eq!(t.get_as(&key, &branch).await.status, 200);
        let once = t.sim.faults().add(FaultRule::new(fault).on(CONTENTS).times(1));
        let answer = t.get_as(&key, &pinned(&t, "acme/tools", "1.txt", &commit)).await;
        refused(&answer, 503, "forge.rate_limited");
        assert!((119..=121).contains(&retry_after(&answer)), "{}", answer.text);
        assert_eq!(t.sim.faults().fired(once), 1);
        // In peace until then; what is known is shown, and how old it is.
        let calls = t.sim.calls().total();
        t.clock.advance(SignedDuration::from_secs(60));
        for _ in 0..5 {
            let later = t.get_as(&key, &pinned(&t, "acme/tools", "2.txt", &commit)).await;
            refused(&later, 503, "forge.rate_limited");
            assert!((59..=61).contains(&retry_after(&later)), "{}", later.text);
            let stale = t.get_as(&key, &branch).await;
            assert_eq!(
                (read(&stale)["content"].clone(), stale.header("age")),
                ("0\n".into(), "60")
            );
            assert!(stale.header("warning").starts_with("110 "), "{:?}", stale.headers);
        }
        assert_eq!(t.sim.calls().total(), calls);
        t.clock.advance(SignedDuration::from_secs(61));
        assert_eq!(
            t.get_as(&key, &pinned(&t, "acme/tools", "2.txt", &commit)).await.status,
            200
        );
        let fresh = t.get_as(&key, &branch).await;
        assert_eq!((fresh.status, fresh.header("age")), (200, ""));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_greedy_caller_holds_nobody_up() {
    let many = NonZeroU32::new(100_000).unwrap();
    let mut options = NodeOptions {
        access: AccessSettings {
            per_caller_per_second: many,
            per_caller_burst: many,
            per_address_per_second: many,
            per_address_burst: many,
            ..AccessSettings::default()
        },
        ..NodeOptions::default()
    };
    options.content.calls_per_source = 2;
    let t = TestJeton::start_with(Database::new(DatabaseKind::Sqlite), options).await;
    t.install("acme", &["tools"]);
    let commit = files(&t, 202);
    let (greedy, modest) = (
        reader(&t, "greedy", "acme/*", &["app:*"]).await,
        reader(&t, "modest", "acme/*", &["app:*"]).await,
    );
    for key in [&greedy, &modest] {
        assert_eq!(
            t.get_as(key, &pinned(&t, "acme/tools", "201.txt", &commit))
                .await
                .status,
            200
        );
    }
    t.sim
        .faults()
        .add(FaultRule::new(FaultKind::Latency(Duration::from_millis(15))).on(CONTENTS));
    // The first answers take long enough for all the others to be queued.
    let first = FaultRule::new(FaultKind::Latency(Duration::from_millis(1_500))).on(CONTENTS);
    t.sim.faults().add(first.times(2));
    let t = Arc::new(t);
    let (answered, one_is) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let mut asking = JoinSet::new();
    for at in 0..200 {
        let (t, key, answered, one_is) = (
            Arc::clone(&t),
            greedy.clone(),
            Arc::clone(&answered),
            Arc::clone(&one_is),
        );
        let route = pinned(&t, "acme/tools", &format!("{at}.txt"), &commit);
        asking.spawn(async move {
            assert_eq!(t.get_as(&key, &route).await.status, 200, "{route}");
            answered.fetch_add(1, Ordering::SeqCst);
            one_is.notify_one();
        });
    }
    one_is.notified().await;
    let before = answered.load(Ordering::SeqCst);
    let route = pinned(&t, "acme/tools", "200.txt", &commit);
    assert_eq!(read(&t.get_as(&modest, &route).await)["content"], "200\n");
    let after = answered.load(Ordering::SeqCst);
    assert!(
        after - before < 40 && after < 100,
        "{before} of 200 were answered, then {after}"
    );
    while let Some(done) = asking.join_next().await {
        done.unwrap();
    }
    assert_eq!(answered.load(Ordering::SeqCst), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_used_their_share_leaves_the_rest_to_others() {
    let (t, commit) = limited(100).await;
    let (greedy, modest) = (
        reader(&t, "greedy", "acme/*", &["app:*"]).await,
        reader(&t, "modest", "acme/*", &["app:*"]).await,
    );
    let number = |at: usize| pinned(&t, "acme/tools", &format!("{at}.txt"), &commit);
    assert_eq!(t.get_as(&modest, &number(199)).await.status, 200);
    let (mut got, mut refusal) = (0, None);
    for at in 0..150 {
        let answer = t.get_as(&greedy, &number(at)).await;
        if answer.status != 200 {
            refusal = Some(answer);
            break;
        }
        got += 1;
    }
    let refusal = refusal.expect("a share");
    refused(&refusal, 429, "content.share_used_up");
    assert!((80..=95).contains(&got), "four fifths and half of the rest: {got}");
    assert!((3_500..=3_600).contains(&retry_after(&refusal)), "{}", refusal.text);
    for at in 151..156 {
        assert_eq!(
            t.get_as(&modest, &number(at)).await.status,
            200,
            "the other has a share of their own"
        );
    }
    assert_eq!(
        read(&t.get_as(&greedy, &number(0)).await)["content"],
        "0\n",
        "what is here costs nothing"
    );
    refused(&t.get_as(&greedy, &number(160)).await, 429, "content.share_used_up");
    t.clock.advance(SignedDuration::from_secs(retry_after(&refusal) + 1));
    assert_eq!(t.get_as(&greedy, &number(160)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_whether_anything_is_new_costs_no_quota() {
    let t = TestJeton::start(DatabaseKind::Sqlite).await;
    t.install("acme", &["tools"]);
    put(&t, "acme", "tools", "README.md", "as ever\n");
    let key = reader(&t, "agents", "acme/*", &[]).await;
    let route = file(&t, "acme/tools", "README.md");
    assert_eq!(t.get_as(&key, &route).await.status, 200);
    let (charged, calls) = (t.sim.github().quota_charged(), t.sim.calls().total());
    for _ in 0..30 {
        t.clock.advance(SignedDuration::from_secs(6));
        assert_eq!(read(&t.get_as(&key, &route).await)["content"], "as ever\n");
    }
    assert_eq!(t.sim.calls().total() - calls, 30, "{:?}", t.sim.calls().all());
    assert_eq!(t.sim.github().quota_charged(), charged);
    put(&t, "acme", "tools", "README.md", "new\n");
    t.clock.advance(SignedDuration::from_secs(6));
    assert_eq!(read(&t.get_as(&key, &route).await)["content"], "new\n");
    assert_eq!(
        t.sim.github().quota_charged(),
        charged + 2,
        "the new commit, and the new file"
    );
}
