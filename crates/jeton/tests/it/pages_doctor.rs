//! The doctor's page: shows the last check, begins one at a time, and tells of one that came to no end.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use jeton_testkit::{Answer, Database, DatabaseKind, NodeOptions, TestJeton};
use jeton_web::{DoctorFinding, DoctorLevel, Examiner};
use jiff::SignedDuration;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::browser::{Browser, field, person};

const PASSWORD: &str = "correct horse battery";

/// Finds what it is told to find, when it is let.
#[derive(Debug)]
struct Scripted {
    gate: Semaphore,
    runs: AtomicUsize,
    /// How many run at this moment, and the most that ever did.
    active: AtomicUsize,
    most: AtomicUsize,
    breaks: bool,
}

impl Scripted {
    fn new(open: usize, breaks: bool) -> Arc<Self> {
        Arc::new(Self {
            gate: Semaphore::new(open),
            runs: AtomicUsize::new(0),
            active: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            breaks,
        })
    }
}

#[async_trait]
impl Examiner for Scripted {
    fn database(&self) -> String {
        "SQLite, /nowhere/<b>jeton.db".to_owned()
    }

    async fn examine(&self, _: &[String]) -> Vec<DoctorFinding> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        let active = self.active.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(active, Ordering::SeqCst);
        self.gate.acquire().await.unwrap().forget();
        self.active.fetch_sub(1, Ordering::SeqCst);
        assert!(!self.breaks, "as the test wants it");
        let finding = |check, level, what: &str, remedy: Option<&str>| DoctorFinding {
            check,
            level,
            code: (level != DoctorLevel::Ok).then(|| "vault.full".to_owned()),
            what: what.to_owned(),
            remedy: remedy.map(str::to_owned),
        };
        vec![
            finding("state", DoctorLevel::Ok, "/x can be written", None),
            finding(
                "clock",
                DoctorLevel::Warn,
                "it <script>differs</script>",
                Some("Run `timedatectl`."),
            ),
            finding(
                "database",
                DoctorLevel::Fail,
                "it is full",
                Some("See https://jeton.example/full."),
            ),
        ]
    }
}

async fn start(examiner: Option<Arc<dyn Examiner>>) -> TestJeton {
    let options = NodeOptions {
        examiner,
        ..NodeOptions::default()
    };
    TestJeton::start_with(Database::new(DatabaseKind::Sqlite), options).await
}

async fn check(browser: &mut Browser, t: &TestJeton) -> Answer {
    let csrf = field(&browser.get(t, "/profile").await.text, "csrf");
    browser.post(t, "/doctor", &[("csrf", &csrf)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_check_is_shown_the_worst_first() {
    let examiner = Scripted::new(10, false);
    let t = start(Some(examiner.clone())).await;
    let mut root = person(&t, "root", "operator", PASSWORD).await;
    let page = root.get(&t, "/doctor").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(
        page.text.contains("Nothing was checked since") && page.text.contains("Check now"),
        "{}",
        page.text
    );
    let address = t.url.trim_start_matches("http://");
    for words in [
        "SQLite, /nowhere/",
        "<dd>test</dd>",
        address,
        "aria-current=\"page\">Doctor",
    ] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert!(!page.text.contains("<b>"));
    assert_eq!(examiner.runs.load(Ordering::SeqCst), 0, "looking checks nothing");
    let checked = check(&mut root, &t).await;
    assert_eq!(
        (checked.status, checked.header("location")),
        (303, "/doctor"),
        "{}",
        checked.text
    );
    let page = root.get(&t, "/doctor").await;
    let at = |words: &str| {
        page.text
            .find(words)
            .unwrap_or_else(|| panic!("{words}: {}", page.text))
    };
    assert!(
        at("it is full") < at("it &") && at("it &") < at("/x can be written"),
        "the worst first"
    );
    for words in [
        "3 checks: 1 failed, 1 to look at",
        "Something does not work",
        "<code>timedatectl</code>",
        "<a href=\"https://jeton.example/full\" rel=\"noreferrer\">",
        "<code>vault.full</code>",
        "Sealing keys",
        "Everything is sealed with the current key",
    ] {
        at(words);
    }
    assert!(!page.text.contains("<script>"), "{}", page.text);
    assert_eq!(examiner.runs.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_check_runs_at_a_time() {
    let examiner = Scripted::new(0, false);
    let t = Arc::new(start(Some(examiner.clone())).await);
    let root = person(&t, "root", "operator", PASSWORD).await;
    let ask = || {
        let (t, mut browser) = (Arc::clone(&t), root.clone());
        tokio::spawn(async move { check(&mut browser, &t).await.status })
    };
    let all: Vec<_> = (0..4).map(|_| ask()).collect();
    // However the others come in: while one runs, they wait for it.
    while examiner.runs.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    examiner.gate.add_permits(100);
    for one in all {
        assert_eq!(one.await.unwrap(), 303);
    }
    assert_eq!(examiner.most.load(Ordering::SeqCst), 1, "one at a time");
    assert!(root.clone().get(&t, "/doctor").await.text.contains("3 checks"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_broke_is_told_and_the_one_before_stays() {
    let examiner = Scripted::new(10, true);
    let t = start(Some(examiner.clone())).await;
    let mut root = person(&t, "root", "operator", PASSWORD).await;
    assert_eq!(check(&mut root, &t).await.status, 303);
    let page = root.get(&t, "/doctor").await;
    assert!(
        page.text.contains("broke by a mistake in jeton") && page.text.contains("role=\"alert\""),
        "{}",
        page.text
    );
    t.clock.advance(SignedDuration::from_secs(11));
    assert_eq!(check(&mut root, &t).await.status, 303, "the next can be begun");
    assert_eq!(examiner.runs.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_is_not_made_again_at_once() {
    let examiner = Scripted::new(10, false);
    let t = start(Some(examiner.clone())).await;
    let mut root = person(&t, "root", "operator", PASSWORD).await;
    let mut eve = person(&t, "eve", "auditor", PASSWORD).await;
    for browser in [&mut root, &mut eve] {
        assert_eq!(check(browser, &t).await.status, 303);
        assert!(browser.get(&t, "/doctor").await.text.contains("3 checks"));
    }
    assert_eq!(examiner.runs.load(Ordering::SeqCst), 1, "each asks all forges");
    t.clock.advance(SignedDuration::from_secs(10));
    assert_eq!(check(&mut eve, &t).await.status, 303);
    assert_eq!(examiner.runs.load(Ordering::SeqCst), 2);
}

/// Finds what names accounts, Apps, keys and policies.
#[derive(Debug)]
struct Named;

#[async_trait]
impl Examiner for Named {
    fn database(&self) -> String {
        "SQLite".to_owned()
    }

    async fn examine(&self, _: &[String]) -> Vec<DoctorFinding> {
        let named = |check, name: &str| DoctorFinding {
            check,
            level: DoctorLevel::Warn,
            code: None,
            what: format!("{name} is odd"),
            remedy: Some(format!("Look at {name}.")),
        };
        vec![
            named("account", "bot-token"),
            named("app", "deploy-app"),
            named("sealing key", "seal-key-id"),
            named("previous sealing key", "older-key-id"),
            named("policies", "secret-policy"),
            named("database", "/var/lib/jeton"),
        ]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finding_names_nothing_that_is_kept_from_who_reads_it() {
    let t = start(Some(Arc::new(Named))).await;
    let names = [
        ("bot-token", "account.read"),
        ("deploy-app", "app.read"),
        ("seal-key-id", "key.read"),
        ("older-key-id", "key.read"),
        ("secret-policy", "policy.read"),
        ("/var/lib/jeton", "server.read"),
    ];
    let policy = |name: &str, action: &str, condition: &str| json!({"name": name, "callers": {"user": "ada"}, "actions": [action], "condition": condition});
    t.policy(policy("looks", "server.read", "true")).await;
    for (n, (_, right)) in names.iter().take(5).enumerate() {
        t.policy(policy(&format!("later{n}"), right, "false")).await;
    }
    let mut ada = person(&t, "ada", "member", PASSWORD).await;
    assert_eq!(check(&mut ada, &t).await.status, 303);
    let page = ada.get(&t, "/doctor").await;
    assert!(page.text.contains("6 checks: 0 failed, 6 to look at"), "{}", page.text);
    for (name, right) in names {
        let is_hers = right == "server.read";
        assert_eq!(page.text.contains(name), is_hers, "{name}: {}", page.text);
        assert_eq!(
            page.text.contains(&format!("<code>{right}</code>")),
            !is_hers,
            "{right}: {}",
            page.text
        );
    }
    let mut eve = person(&t, "eve", "auditor", PASSWORD).await;
    let page = eve.get(&t, "/doctor").await;
    for (name, _) in names {
        assert!(page.text.contains(&format!("Look at {name}")), "{name}: {}", page.text);
    }
    t.broker.access().ledger().flush().await.unwrap();
    let record = t.get("/v1/record?event=access.refused").await;
    assert!(
        !record.text.contains("user:ada"),
        "to look is no refusal: {}",
        record.text
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_is_for_those_who_may_see_the_server() {
    let t = start(Some(Scripted::new(100, false))).await;
    let mut nobody = Browser::default();
    assert_eq!(
        nobody.get(&t, "/doctor").await.header("location"),
        "/sign-in?next=%2Fdoctor"
    );
    let mut ada = person(&t, "ada", "member", PASSWORD).await;
    assert_eq!(ada.get(&t, "/doctor").await.status, 403);
    assert_eq!(check(&mut ada, &t).await.status, 403);
    let mut eve = person(&t, "eve", "auditor", PASSWORD).await;
    assert_eq!(eve.get(&t, "/doctor").await.status, 200);
    assert_eq!(eve.post(&t, "/doctor", &[]).await.status, 403, "no form of ours");
    assert_eq!(check(&mut eve, &t).await.status, 303);
    t.policy(serde_json::json!({"name": "ada-looks", "callers": {"user": "ada"}, "actions": ["server.read"]}))
        .await;
    let page = ada.get(&t, "/doctor").await;
    assert!(page.status == 200 && page.text.contains("3 checks"), "{}", page.text);
    assert!(
        !page.text.contains("Sealing keys"),
        "of keys she may see nothing: {}",
        page.text
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_checks_sends_people_to_the_command_line() {
    let t = start(None).await;
    let mut root = person(&t, "root", "operator", PASSWORD).await;
    let page = root.get(&t, "/doctor").await;
    assert!(
        page.text.contains("<code>jeton doctor</code>") && !page.text.contains("Check now"),
        "{}",
        page.text
    );
    assert_eq!(check(&mut root, &t).await.status, 404);
}
