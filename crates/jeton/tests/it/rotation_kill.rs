//! The program itself, killed at each point of a renewal: while the old token is looked at, while GitLab has the request, while
//! its answer is on the way, and before the new token is in. Another server takes over; what must never happen is a second
//! request with a token that was renewed, which GitLab takes for theft.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use jeton_domain::{ApiKey, Clock as _, Secret};
use jeton_forge_sim::{
    AccessLevel, FaultKind, FaultRule, GitLabSim, GitLabSimConfig, GitLabTokenForm, GitLabTokenSpec, Visibility,
};
use jeton_seal::SealingKey;
use jeton_testkit::{Database, DatabaseKind, Node, NodeOptions, TestClock};
use jeton_vault::{RotationRecord, RotationState};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::processes::{Server, keys};

const LOOK: &str = "GET /api/v4/personal_access_tokens/self";
const RENEWAL: &str = "POST /api/v4/personal_access_tokens/self/rotate";
/// A byte of an answer now and then: nobody has all of it before they are killed.
const SLOWLY: FaultKind = FaultKind::SlowBody {
    chunk: 1,
    pause: Duration::from_secs(1),
};

/// A GitLab, a database, and what opens it.
struct Rig {
    gitlab: GitLabSim,
    database: Database,
    key: ApiKey,
    env: BTreeMap<&'static str, String>,
}

impl Rig {
    /// With `lab`, an account that may renew itself, and a server that knows it.
    async fn start() -> (Self, Server) {
        let gitlab = GitLabSim::start(GitLabSimConfig::default()).await.unwrap();
        let ada = gitlab.add_user("ada").unwrap();
        let project = gitlab.add_project("acme/tools", Visibility::Private).unwrap();
        gitlab.add_member(project, ada, AccessLevel::Owner).unwrap();
        let spec = GitLabTokenSpec::personal(ada)
            .scopes(["api"])
            .form(GitLabTokenForm::Routable);
        let token = gitlab.add_token(&spec).unwrap();
        let (key, mut env) = keys();
        env.insert("JETON_FORGES__ALLOW_LOOPBACK", "true".to_owned());
        let rig = Self {
            gitlab,
            database: Database::new(DatabaseKind::Sqlite),
            key,
            env,
        };
        let server = rig.serve();
        let account =
            json!({"label": "lab", "forge": "gitlab", "base_url": rig.gitlab.web_url(), "token": token.token});
        let (status, text) = rig.ask(&server, "POST", "/v1/accounts", Some(account)).await;
        assert_eq!(status, 201, "{text}");
        rig.gitlab.calls().reset();
        (rig, server)
    }

    fn state(&self) -> std::path::PathBuf {
        self.database.file().parent().map(Path::to_path_buf).unwrap()
    }

    fn serve(&self) -> Server {
        Server::start(&self.state(), &self.env)
    }

    async fn ask(&self, server: &Server, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = http
            .request(method.parse().unwrap(), format!("{}{path}", server.url))
            .bearer_auth(self.key.secret().expose());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Asks for a renewal, and kills the server as soon as something is so.
    async fn kill_when(&self, server: Server, is_so: impl Fn() -> bool) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http
            .post(format!("{}/v1/accounts/lab/rotate", server.url))
            .bearer_auth(self.key.secret().expose())
            .json(&json!({}));
        let asking = tokio::spawn(request.send());
        while !is_so() {
            assert!(!asking.is_finished(), "the renewal was over before the kill");
            tokio::task::yield_now().await;
        }
        server.kill();
        assert!(asking.await.unwrap().is_err(), "nobody was promised anything");
    }

    /// What the journal says after the kill, and what the program says of it when it is started again: nothing is asked of
    /// GitLab then, and a second renewal is refused.
    async fn left(&self) -> RotationRecord {
        let server = self.serve();
        let (before, path) = (self.renewals(), "/v1/accounts/lab/rotate");
        let (status, text) = self.ask(&server, "POST", path, Some(json!({}))).await;
        assert!(
            status == 409 && text.contains("account.rotation_under_way"),
            "{status}: {text}"
        );
        assert_eq!(self.renewals(), before);
        server.kill();
        self.newest().await
    }

    async fn newest(&self) -> RotationRecord {
        let vault = self.database.open().await;
        let mut tx = vault.read().await.unwrap();
        let shared = jeton_domain::AccountScope::Shared;
        let label = jeton_domain::AccountLabel::parse("lab").unwrap();
        let account = tx.accounts().find_by_label(&shared, &label).await.unwrap().unwrap();
        let newest = tx.rotations().list(account.id, 2).await.unwrap();
        assert_eq!(newest.len(), 1, "one renewal, whoever goes on with it");
        drop(tx);
        vault.close().await;
        newest.into_iter().next().unwrap()
    }

    /// Lets another server finish what the killed one left, with a clock that is past the time in which a request may still
    /// be under way; what it put on record.
    async fn finish(&self, left: &RotationRecord) -> (RotationState, Vec<Value>) {
        let clock = TestClock::default();
        clock.advance(left.changed_at.duration_since(clock.now()) + SignedDuration::from_mins(11));
        let sealing_key = SealingKey::parse(&Secret::new(self.env["JETON_SEAL__KEY"].clone())).unwrap();
        let node = Node::start(
            &self.database,
            &sealing_key,
            self.key.clone(),
            Arc::new(clock.clone()),
            NodeOptions::default(),
        )
        .await;
        let mut state = left.state;
        for _ in 0..8 {
            node.worker.run_due().await.unwrap();
            let mut tx = node.vault.read().await.unwrap();
            state = tx.rotations().find(left.id).await.unwrap().unwrap().state;
            if state.is_closed() {
                break;
            }
            clock.advance(SignedDuration::from_mins(11));
        }
        let ledger = node.broker.access().ledger();
        ledger.flush().await.unwrap();
        let export = node.get("/v1/record/export").await;
        assert_eq!(export.status, 200, "{}", export.text);
        let entries = export.text.lines().map(|line| serde_json::from_str(line).unwrap());
        let entries = entries.collect();
        node.stop().await;
        (state, entries)
    }

    /// How often GitLab was asked for a renewal, whether it answered or not.
    fn renewals(&self) -> u64 {
        self.gitlab.calls().count(RENEWAL)
    }

    /// The tokens of the family that live, and all of them. Theft leaves none alive.
    fn family(&self) -> (usize, usize) {
        let all = self.gitlab.tokens();
        (all.iter().filter(|token| token.active).count(), all.len())
    }

    /// What the command line says of the account, with the program started once more.
    fn show(&self, server: &Server) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_jeton"))
            .args(["account", "show", "lab"])
            .env_clear()
            .env("HOME", "/nowhere")
            .env("JETON_URL", &server.url)
            .env("JETON_TOKEN", self.key.secret().expose())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The token is in the account, GitLab takes it, and callers get it.
    async fn ends_well(&self, left: &RotationRecord) {
        let (state, entries) = self.finish(left).await;
        assert_eq!(state, RotationState::Done);
        assert_eq!(self.family(), (1, 2), "one renewal, and no theft");
        assert_eq!(events(&entries), ["account.rotation_started", "account.rotated"]);
        let server = self.serve();
        let ask = json!({"account": "lab", "repositories": ["acme/tools"]});
        let (status, text) = self.ask(&server, "POST", "/v1/tokens", Some(ask)).await;
        assert_eq!(status, 201);
        let token = serde_json::from_str::<Value>(&text).unwrap()["token"].take();
        assert!(self.gitlab.is_live(token.as_str().unwrap()));
        let shown = self.show(&server);
        assert!(shown.contains("done") && !shown.contains("account replace"), "{shown}");
        server.kill();
    }

    /// The new token was lost on its way, and everybody is told what to do about it.
    async fn ends_lost(&self, left: &RotationRecord, on_record: &[&str]) {
        let (state, entries) = self.finish(left).await;
        assert_eq!(state, RotationState::Lost);
        assert_eq!(self.renewals(), 1, "it was asked once, and never again");
        assert_eq!(self.family(), (1, 2), "the lost one lives: nothing was taken for theft");
        assert_eq!(events(&entries), on_record);
        let alarm = &entries
            .iter()
            .rfind(|entry| entry["event"] == "account.rotation_lost")
            .unwrap()["details"];
        assert_eq!(
            (&alarm["account"], &alarm["code"]),
            (&json!("lab"), &json!("account.rotation_lost"))
        );
        let server = self.serve();
        let ask = json!({"account": "lab", "repositories": ["acme/tools"]});
        let (status, text) = self.ask(&server, "POST", "/v1/tokens", Some(ask)).await;
        assert!(
            status != 201 && text.contains("lost"),
            "no dead token is handed out: {status}: {text}"
        );
        let shown = self.show(&server);
        for part in [
            "lost",
            "jeton account replace lab",
            "/-/user_settings/personal_access_tokens",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        server.kill();
    }
}

/// What is on record of the renewal, in order.
fn events(entries: &[Value]) -> Vec<&str> {
    let all = entries.iter().filter_map(|entry| entry["event"].as_str());
    all.filter(|event| event.starts_with("account.rota")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_looks_at_the_old_token() {
    let (rig, server) = Rig::start().await;
    let hold = rig.gitlab.faults().add(FaultRule::new(FaultKind::NoAnswer).on(LOOK));
    rig.kill_when(server, || rig.gitlab.faults().fired(hold) > 0).await;
    let left = rig.left().await;
    assert_eq!((left.state, rig.renewals()), (RotationState::Intended, 0));
    rig.gitlab.faults().clear();
    rig.ends_well(&left).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_gitlab_has_the_request_and_does_nothing() {
    let (rig, server) = Rig::start().await;
    let hold = rig.gitlab.faults().add(FaultRule::new(FaultKind::NoAnswer).on(RENEWAL));
    rig.kill_when(server, || rig.gitlab.faults().fired(hold) > 0).await;
    let left = rig.left().await;
    assert_eq!((left.state, rig.family()), (RotationState::Asked, (1, 1)));
    rig.gitlab.faults().clear();
    rig.ends_well(&left).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_the_answer_is_on_its_way() {
    let (rig, server) = Rig::start().await;
    rig.gitlab.faults().add(FaultRule::new(SLOWLY).on(RENEWAL));
    rig.kill_when(server, || rig.family() == (1, 2)).await;
    let left = rig.left().await;
    assert_eq!(left.state, RotationState::Asked);
    rig.gitlab.faults().clear();
    rig.ends_lost(&left, &["account.rotation_started", "account.rotation_lost"])
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_an_answer_was_lost() {
    let (rig, server) = Rig::start().await;
    rig.gitlab
        .faults()
        .add(FaultRule::new(FaultKind::CutBeforeAnswer).on(RENEWAL));
    let (status, text) = rig
        .ask(&server, "POST", "/v1/accounts/lab/rotate", Some(json!({})))
        .await;
    assert!(
        status != 200 && text.contains("account.rotation_unclear"),
        "{status}: {text}"
    );
    server.kill();
    let left = rig.left().await;
    assert_eq!(left.state, RotationState::Asked);
    rig.gitlab.faults().clear();
    let unclear = "account.rotation_unclear";
    rig.ends_lost(&left, &["account.rotation_started", unclear, "account.rotation_lost"])
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_before_the_new_token_is_in() {
    let (rig, server) = Rig::start().await;
    // The old token is looked at, and the look at the new one gets no answer.
    let rule = FaultRule::new(FaultKind::NoAnswer).on(LOOK).after(1);
    let hold = rig.gitlab.faults().add(rule);
    rig.kill_when(server, || rig.gitlab.faults().fired(hold) > 0).await;
    let left = rig.left().await;
    assert_eq!((left.state, rig.family()), (RotationState::Received, (1, 2)));
    rig.gitlab.faults().clear();
    rig.ends_well(&left).await;
    assert_eq!(rig.renewals(), 1);
}
