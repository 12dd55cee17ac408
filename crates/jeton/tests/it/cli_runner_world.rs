//! The command line beside a server that knows an App for runners and secrets, and a job of GitHub Actions to run it in.

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
};

use jeton_domain::ForgeEndpoint;
use jeton_forge_sim::{
    AppSpec, BitbucketRole, BitbucketSim, BitbucketSimConfig, BitbucketTokenSpec, ForgeSim, InstallSpec, OidcSim,
    OrgRole, PersonalTokenSpec,
};
use jeton_testkit::{Database, DatabaseKind, NodeOptions, TestJeton};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{
    account_cli_world::{Ran, run},
    jwt_callers::{AUDIENCE, LaterClock, config, issuer, job},
};

/// What the App for runners and secrets may.
const PERMISSIONS: [(&str, &str); 6] = [
    ("administration", "write"),
    ("organization_self_hosted_runners", "write"),
    ("secrets", "write"),
    ("environments", "write"),
    ("organization_secrets", "write"),
    ("contents", "read"),
];

pub(super) struct CiWorld {
    pub(super) t: TestJeton,
    pub(super) oidc: OidcSim,
    /// Where commands run.
    pub(super) dir: TempDir,
}

impl CiWorld {
    /// A server that believes jobs of `github-actions`; its App `runners` is installed on `acme`, which has `tools` and `web`.
    pub(super) async fn start() -> Self {
        let clock = LaterClock::default();
        let oidc = issuer(&clock).await;
        let options = NodeOptions {
            issuers: vec![config("github-actions", &oidc)],
            anonymous: false,
            ..NodeOptions::default()
        };
        let t = TestJeton::start_with(Database::new(DatabaseKind::Sqlite), options).await;
        *clock.lock().unwrap() = t.clock.clone();
        let github = t.sim.github();
        for name in ["tools", "web"] {
            github.add_repository("acme", name, true).unwrap();
        }
        let app = github.add_app(AppSpec::new("runners").permissions(PERMISSIONS));
        github.install(app.id, "acme", InstallSpec::all());
        let added = t.add_app("runners", &app).await;
        assert_eq!(added.status, 201, "{}", added.text);
        Self {
            t,
            oidc,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// What policies call the forge.
    pub(super) fn host(&self) -> String {
        let forge = ForgeEndpoint::github(&self.t.sim.web_url()).unwrap();
        forge.host().to_owned()
    }

    /// Lets jobs of `acme/tools` have tokens for its owner's repositories and runners.
    pub(super) async fn policy(&self) {
        let policy = json!({"name": "jobs", "callers": {"issuer": "github-actions", "claims": {"repository": "acme/tools"}},
            "actions": ["token.mint", "runner.register"], "repositories": ["acme/*"], "permissions": {"contents": "read"}});
        self.t.policy(policy).await;
    }

    /// As the operator.
    pub(super) fn run(&self, input: &str, arguments: &[&str]) -> Ran {
        self.run_in(&[], input, arguments)
    }

    /// As the operator, with more in the environment.
    pub(super) fn run_in(&self, env: &[(&str, &str)], input: &str, arguments: &[&str]) -> Ran {
        let key = self.t.key.secret().expose();
        let own = [("JETON_URL", self.t.url.as_str()), ("JETON_TOKEN", key)];
        run(&self.dir, &[&own, env].concat(), input, arguments)
    }

    /// What a command prints that works.
    pub(super) fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run("", arguments);
        assert_eq!(ran.status, 0, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    /// The same as JSON.
    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[arguments, &["--format", "json"]].concat())).unwrap()
    }

    /// Somebody's token for the forge.
    pub(super) fn token(&self, login: &str, spec: PersonalTokenSpec) -> String {
        self.t.sim.github().add_personal_token(login, spec).token
    }
}

/// A Bitbucket beside it, whose repository `acme/tools` an account of the server's may make runners for.
pub(super) struct Bucket {
    pub(super) sim: BitbucketSim,
    pub(super) url: String,
    /// What policies call it.
    pub(super) host: String,
}

impl Bucket {
    pub(super) async fn start(w: &CiWorld) -> Self {
        let sim = BitbucketSim::start(BitbucketSimConfig {
            clock: w.t.clock.for_sim(),
            ..BitbucketSimConfig::default()
        })
        .await
        .unwrap();
        let ada = sim.add_account("ada", "ada@example.com").unwrap();
        sim.add_workspace("acme").unwrap();
        sim.add_member("acme", ada, true).unwrap();
        let tools = sim.add_repository("acme", "tools", true).unwrap();
        sim.set_role(tools, ada, Some(BitbucketRole::Admin)).unwrap();
        let scopes = ["read:account", "read:runner", "write:runner"].map(|name| format!("{name}:bitbucket"));
        let token = sim
            .add_token(&BitbucketTokenSpec::api_token(ada).scopes(scopes))
            .unwrap();
        let (url, host) = (sim.web_url(), sim.address().to_string());
        let add = [
            "account",
            "add",
            "bucket",
            "--forge",
            "bitbucket",
            "--base-url",
            &url,
            "--shared",
        ];
        let more = ["--email", "ada@example.com", "--username", "ada", "--expires", "90d"];
        let ran = w.run(&token.token, &[&add[..], &more].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        Self { sim, url, host }
    }
}

/// A GitHub of its own that keeps the machine's time, as the command line does when it asks it directly. `mona` owns `acme`, which has
/// the repository `tools`.
pub(super) async fn forge() -> ForgeSim {
    let sim = crate::account_cli_world::sim().await;
    let github = sim.github();
    github.add_repository("acme", "tools", true).unwrap();
    github.add_user("mona");
    github.add_member("acme", "mona", OrgRole::Admin).unwrap();
    sim
}

/// A token of the environment, and where it belongs.
pub(super) fn alone<'a>(url: &'a str, token: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("JETON_FORGES__ALLOW_LOOPBACK", "true"),
        ("GITHUB_SERVER_URL", url),
        ("GITHUB_TOKEN", token),
    ]
}

/// That a command is refused with a code and a remedy, and prints nothing.
pub(super) fn refused(ran: &Ran, status: i32, code: &str) {
    assert_eq!((ran.status, ran.stdout.as_str()), (status, ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains(&format!("code: {code}")) && ran.stderr.contains("help: "),
        "{code} in {}",
        ran.stderr
    );
}

/// What a step left for later ones.
pub(super) fn outputs(path: &std::path::Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let pairs = text.lines().map(|line| line.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The service of GitHub that makes the identities of a job of `acme/tools`, as `ACTIONS_ID_TOKEN_REQUEST_URL` names it.
pub(super) struct IdentityService {
    pub(super) url: String,
    /// What opens it.
    pub(super) bearer: String,
    given: Arc<Mutex<Vec<String>>>,
    status: Arc<AtomicU16>,
    task: JoinHandle<()>,
}

impl Drop for IdentityService {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl IdentityService {
    pub(super) async fn start(oidc: &OidcSim) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/token?api-version=2.0", listener.local_addr().unwrap());
        let bearer = ["run", "ner", "own"].join(".");
        let (given, status) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU16::new(200)));
        let (oidc, expected) = (oidc.clone(), bearer.clone());
        let (noted, state) = (Arc::clone(&given), Arc::clone(&status));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                answer(stream, &oidc, &expected, &noted, &state).await;
            }
        });
        Self {
            url,
            bearer,
            given,
            status,
            task,
        }
    }

    /// What the runner sets for a step.
    pub(super) fn env(&self) -> Vec<(&str, &str)> {
        vec![
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "acme/tools"),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", &self.url),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", &self.bearer),
        ]
    }

    /// All that it made.
    pub(super) fn given(&self) -> Vec<String> {
        self.given.lock().unwrap().clone()
    }

    /// Has it answer so from now on.
    pub(super) fn fail(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }
}

async fn answer(stream: TcpStream, oidc: &OidcSim, bearer: &str, given: &Mutex<Vec<String>>, status: &AtomicU16) {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 || line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let target = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let url = url::Url::parse(&format!("http://x{target}")).unwrap();
    let pairs: Vec<_> = url.query_pairs().collect();
    let of = |name: &str| {
        pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.to_string())
    };
    let wanted = format!("authorization: bearer {bearer}");
    let opens = head.iter().any(|line| line.eq_ignore_ascii_case(&wanted));
    let (status, body) = match (status.load(Ordering::SeqCst), of("audience"), of("api-version")) {
        (200, Some(audience), Some(_)) if opens => {
            let mut claims = job().claims();
            claims["aud"] = json!(audience);
            let token = oidc.sign(&claims);
            given.lock().unwrap().push(token.clone());
            (200, json!({"count": token.len(), "value": token}).to_string())
        }
        (200, ..) => (400, json!({"value": "a.b.c"}).to_string()),
        (status, ..) => (status, "<html>no</html>".to_owned()),
    };
    let text = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.get_mut().write_all(text.as_bytes()).await;
    let _ = stream.get_mut().shutdown().await;
}

/// The audience that the server expects.
pub(super) const EXPECTED: &str = AUDIENCE;
