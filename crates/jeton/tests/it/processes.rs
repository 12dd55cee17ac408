//! The program itself, as processes of its own: started, killed in the middle, started again.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use jeton_domain::{ApiKey, Fingerprint, Secret};
use jeton_forge_sim::{AppSpec, FaultKind, FaultRule, ForgeSim, InstallSpec, SimApp, SimConfig};
use jeton_seal::SealingKey;
use jeton_testkit::{Database, DatabaseKind, TestEntropy};
use serde_json::json;

const MINT: &str = "POST /app/installations/{id}/access_tokens";

/// A `jeton serve` with a clean environment; killed when it is dropped.
pub(super) struct Server {
    child: Child,
    pub(super) url: String,
    /// What it logged until it listened.
    log: String,
}

impl Server {
    pub(super) fn start(state: &Path, env: &BTreeMap<&str, String>) -> Self {
        Self::start_in(state, state, env)
    }

    fn start_in(place: &Path, state: &Path, env: &BTreeMap<&str, String>) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_jeton"))
            .arg("serve")
            .current_dir(place)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("JETON_STATE__DIR", state)
            .env("JETON_SERVER__LISTEN", "127.0.0.1:0")
            .env("JETON_COMPAT__ANONYMOUS", "true")
            .envs(env)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = String::new();
        let url = loop {
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("the server ended: {log}"))
                .unwrap();
            if let Some((_, address)) = line.split_once("listens on http://") {
                break format!("http://{}", address.split_whitespace().next().unwrap());
            }
            log += &line;
            log.push('\n');
        };
        // The pipe must not fill up.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url, log }
    }

    /// As power failures do.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

async fn forge() -> (ForgeSim, SimApp) {
    let sim = ForgeSim::start(SimConfig::default()).await.unwrap();
    let app = sim.github().add_app(AppSpec::new("ci"));
    (sim, app)
}

pub(super) fn keys() -> (ApiKey, BTreeMap<&'static str, String>) {
    let entropy = TestEntropy::default();
    let key = ApiKey::generate(&entropy);
    let env = BTreeMap::from([
        ("JETON_OPERATOR__KEY", key.secret().expose().to_owned()),
        (
            "JETON_SEAL__KEY",
            SealingKey::generate(&entropy).to_text().expose().to_owned(),
        ),
    ]);
    (key, env)
}

async fn add_app(server: &Server, key: &Secret, app: &SimApp, sim: &ForgeSim) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let body =
        json!({"name": "ci", "app_id": app.id, "private_key": app.private_key_pkcs8_pem, "api_url": sim.api_url()});
    let answer = http
        .post(format!("{}/v1/apps", server.url))
        .bearer_auth(key.expose())
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_minting_then_restarted() {
    let (sim, app) = forge().await;
    let (key, env) = keys();
    let state = tempfile::tempdir().unwrap();
    let server = Server::start(state.path(), &env);
    add_app(&server, key.secret(), &app, &sim).await;
    sim.github().add_repository("acme", "a", true).unwrap();
    sim.github().install(app.id, "acme", InstallSpec::all());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let before = http
        .get(format!("{}/api/acme/a", server.url))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    sim.github().add_repository("acme", "b", true).unwrap();
    let hold = sim.faults().add(FaultRule::new(FaultKind::NoAnswer).on(MINT));
    let asking = tokio::spawn(http.get(format!("{}/api/acme/b", server.url)).send());
    while sim.faults().fired(hold) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.kill();
    assert!(asking.await.unwrap().is_err(), "nobody was promised anything");
    sim.faults().clear();
    let server = Server::start(state.path(), &env);
    let get = |path: &str| http.get(format!("{}{path}", server.url)).send();
    assert_eq!(
        get("/api/acme/a").await.unwrap().text().await.unwrap(),
        before,
        "what was answered is still there"
    );
    assert_eq!(get("/api/acme/b").await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_on_one_postgres_are_killed_at_random() {
    const SERVERS: usize = 3;
    const ROUNDS: usize = 6;
    let (sim, app) = forge().await;
    let (key, mut env) = keys();
    let database = Database::new(DatabaseKind::Postgres);
    env.insert("JETON_DATABASE__URL", database.url().unwrap().expose().to_owned());
    let states: Vec<_> = (0..SERVERS).map(|_| tempfile::tempdir().unwrap()).collect();
    let mut servers: Vec<Server> = states.iter().map(|state| Server::start(state.path(), &env)).collect();
    add_app(&servers[0], key.secret(), &app, &sim).await;
    for round in 0..ROUNDS {
        sim.github().add_repository("acme", &format!("r{round}"), true).unwrap();
    }
    sim.github().install(app.id, "acme", InstallSpec::all());
    sim.faults()
        .add(FaultRule::new(FaultKind::Latency(Duration::from_millis(40))).on(MINT));
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap();
    let mut tokens: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for round in 0..ROUNDS {
        let mut running = tokio::task::JoinSet::new();
        for number in 0..30 {
            let url = format!("{}/api/acme/r{round}", servers[number % SERVERS].url);
            let http = http.clone();
            running.spawn(async move {
                let answer = http.get(url).send().await.ok()?;
                let code = answer.status();
                let body: serde_json::Value = answer.json().await.ok()?;
                assert_eq!(code, 200, "{body}");
                Some(body["access_token"].as_str()?.to_owned())
            });
        }
        // One of them dies in the middle: perhaps the one that holds the lease, perhaps one that waits for it.
        tokio::time::sleep(Duration::from_millis(15 * (round as u64 + 1))).await;
        let victim = round % SERVERS;
        let state = states[victim].path();
        std::mem::replace(&mut servers[victim], Server::start(state, &env)).kill();
        tokens
            .entry(round)
            .or_default()
            .extend(running.join_all().await.into_iter().flatten());
    }
    for (round, seen) in &tokens {
        assert!(seen.len() >= 20, "round {round}: the two others answer: {}", seen.len());
        assert!(
            seen.iter().all(|token| sim.github().is_live(token)),
            "round {round}: no dead token was handed out"
        );
        for server in &servers {
            let answer = http
                .get(format!("{}/api/acme/r{round}", server.url))
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 200, "round {round}");
        }
    }
    // A mint is lost with the process that had it in hand; beyond that, one per key.
    assert!(sim.calls().mints() <= 2 * ROUNDS as u64, "{}", sim.calls().mints());
}

/// What a server says to this key.
async fn status_for(server: &Server, key: &str) -> u16 {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.get(format!("{}/v1/apps", server.url)).bearer_auth(key);
    request.send().await.unwrap().status().as_u16()
}

fn operator_key(state: &Path) -> Option<String> {
    let text = std::fs::read_to_string(state.join("operator.key")).ok()?;
    Some(text.trim().to_owned())
}

/// Everything but the operator's key is given, so that this one is generated.
fn without_operator_key() -> BTreeMap<&'static str, String> {
    let (_, mut env) = keys();
    env.remove("JETON_OPERATOR__KEY");
    env
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_operator_key_is_replaced_by_removing_its_file() {
    let env = without_operator_key();
    let state = tempfile::tempdir().unwrap();
    let server = Server::start(state.path(), &env);
    let lost = operator_key(state.path()).unwrap();
    assert_eq!(status_for(&server, &lost).await, 200);
    server.kill();
    std::fs::remove_file(state.path().join("operator.key")).unwrap();
    let server = Server::start(state.path(), &env);
    let new = operator_key(state.path()).unwrap();
    assert_ne!(new, lost);
    assert_eq!(
        (status_for(&server, &new).await, status_for(&server, &lost).await),
        (200, 401)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_at_once_on_an_empty_postgres_share_one_operator_key() {
    let database = Database::new(DatabaseKind::Postgres);
    let mut env = without_operator_key();
    env.insert("JETON_DATABASE__URL", database.url().unwrap().expose().to_owned());
    let states: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let servers: Vec<Server> = std::thread::scope(|scope| {
        let mut starting = Vec::new();
        for state in &states {
            starting.push(scope.spawn(|| Server::start(state.path(), &env)));
        }
        starting.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let keys: Vec<String> = states.iter().filter_map(|state| operator_key(state.path())).collect();
    assert_eq!(keys.len(), 1, "one key was made, in one of the directories");
    for server in &servers {
        assert_eq!(status_for(server, &keys[0]).await, 200);
    }
    // A server with a key of its own takes that one alone, and the others go on with theirs.
    let other = ApiKey::generate(&TestEntropy::default());
    let own = tempfile::tempdir().unwrap();
    write_key(&own.path().join("operator.key"), other.secret());
    let apart = Server::start(own.path(), &env);
    assert!(
        apart
            .log
            .contains("is not the one that the servers on this database share"),
        "{}",
        apart.log
    );
    for key in [other.fingerprint(), Fingerprint::of(&Secret::new(keys[0].clone()))] {
        assert!(apart.log.contains(key.as_str()), "{key} in {}", apart.log);
    }
    let other = other.secret().expose();
    assert_eq!(
        (status_for(&apart, other).await, status_for(&apart, &keys[0]).await),
        (200, 401)
    );
    assert_eq!(status_for(&servers[0], other).await, 401);
}

#[test]
fn what_should_be_looked_at_is_logged_and_left_as_it_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut env = without_operator_key();
    env.insert("TOKEN_RENEW_AT", "5".to_owned());
    let state = tempfile::tempdir().unwrap();
    std::fs::set_permissions(state.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = Server::start(state.path(), &env);
    for part in ["mode 0755", "chmod 700", "TOKEN_RENEW_AT is 5"] {
        assert!(server.log.contains(part), "{part} in {}", server.log);
    }
    let mode = std::fs::metadata(state.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);
}

fn write_key(path: &Path, key: &Secret) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, key.expose()).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// What `jeton serve` says when it does not start.
pub(super) fn refusal(state: &Path, env: &BTreeMap<&str, String>) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_jeton"))
        .arg("serve")
        .current_dir(state)
        .env_clear()
        .env("JETON_STATE__DIR", state)
        .env("JETON_SERVER__LISTEN", "127.0.0.1:0")
        .envs(env)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_vault_without_its_key_tells_nothing_and_is_left_as_it_is() {
    let state = tempfile::tempdir().unwrap();
    let none = BTreeMap::new();
    Server::start(state.path(), &none).kill();
    let key = std::fs::read(state.path().join("seal.key")).unwrap();

    std::fs::remove_file(state.path().join("seal.key")).unwrap();
    let missing = refusal(state.path(), &none);
    assert!(
        missing.contains("seal.missing_key") && missing.contains("seal.key"),
        "{missing}"
    );
    assert!(
        !state.path().join("seal.key").exists(),
        "no new key over a sealed vault"
    );

    let (_, other) = keys();
    let wrong = refusal(
        state.path(),
        &BTreeMap::from([("JETON_SEAL__KEY", other["JETON_SEAL__KEY"].clone())]),
    );
    assert!(wrong.contains("seal.wrong_key"), "{wrong}");
    assert!(
        !wrong.contains(&other["JETON_SEAL__KEY"]),
        "the key itself is not shown"
    );

    std::fs::write(state.path().join("seal.key"), &key).unwrap();
    std::fs::set_permissions(
        state.path().join("seal.key"),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    let exposed = refusal(state.path(), &none);
    assert!(
        exposed.contains("seal.key_exposed") && exposed.contains("chmod 600"),
        "{exposed}"
    );
    std::fs::set_permissions(
        state.path().join("seal.key"),
        std::os::unix::fs::PermissionsExt::from_mode(0o600),
    )
    .unwrap();
    // Nothing was overwritten: the first key still opens it.
    Server::start(state.path(), &none).kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_of_todays_services_is_enough() {
    let (sim, app) = forge().await;
    sim.github().add_repository("acme", "demo", true).unwrap();
    sim.github().install(app.id, "acme", InstallSpec::all());
    let secrets = tempfile::tempdir().unwrap();
    std::fs::write(secrets.path().join("app.pem"), &app.private_key_pkcs1_pem).unwrap();
    let state = tempfile::tempdir().unwrap();
    let env = BTreeMap::from([
        ("GITHUB_APP_ID", app.id.to_string()),
        ("SECRETS_DIR", secrets.path().display().to_string()),
        ("JETON_APP_API_URL", sim.api_url()),
        ("TOKEN_RENEW_AT", "60".to_owned()),
        ("LOG_LEVEL", "INFO".to_owned()),
    ]);
    let server = Server::start(state.path(), &env);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("{}/api/acme/demo", server.url)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let body: serde_json::Value = answer.json().await.unwrap();
    assert!(sim.github().is_live(body["access_token"].as_str().unwrap()));
    // The App's key stays in memory: the database has tokens, and no App.
    let line = app.private_key_pkcs1_pem.lines().nth(3).unwrap();
    for file in ["jeton.db", "jeton.db-wal"] {
        let bytes = std::fs::read(state.path().join(file)).unwrap_or_default();
        assert!(!bytes.windows(line.len()).any(|window| window == line.as_bytes()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_logged_is_in_no_file() {
    let (key, mut env) = keys();
    let state = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    env.insert("LOG_LEVEL", "DEBUG".to_owned());
    let server = Server::start_in(place.path(), state.path(), &env);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let token = key.secret().expose();
    for wanted in ["v1/apps", "repo/acme/demo/tree", "nothing-is-called-like-this"] {
        let request = http.get(format!("{}/{wanted}", server.url)).bearer_auth(token);
        request.send().await.unwrap();
    }
    let written: Vec<_> = std::fs::read_dir(place.path()).unwrap().collect();
    assert!(written.is_empty(), "where it was started: {written:?}");
    let mark = b"nothing-is-called-like-this";
    for file in std::fs::read_dir(state.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        assert!(!bytes.windows(mark.len()).any(|window| window == mark));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_lead_to_where_the_server_listens() {
    let (key, env) = keys();
    let state = tempfile::tempdir().unwrap();
    let server = Server::start(state.path(), &env);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("{}/v1/users", server.url));
    let request = request.json(&json!({"name": "ada", "role": "member"}));
    let answer = request.bearer_auth(key.secret().expose()).send().await.unwrap();
    let added: serde_json::Value = answer.json().await.unwrap();
    let link = added["link"].as_str().unwrap_or_default();
    let start = format!("{}/setup?link=", server.url);
    assert!(
        link.starts_with(&start),
        "a port was chosen by the system: {}",
        server.url
    );
    let page = http.get(link).header("accept", "text/html").send().await.unwrap();
    assert!(page.text().await.unwrap().contains("Set your password"));
}

#[test]
fn the_demo_works() {
    let output = Command::new(env!("CARGO_BIN_EXE_jeton"))
        .args(["demo", "--once"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("steps worked") && !text.contains("FAIL"), "{text}");
    assert!(!text.contains("ghs_"), "no token is shown: {text}");
}
