//! Callers over the Unix socket, told apart by what the system says of them. The program itself, since only a real one
//! has a socket.

use std::{
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use jeton_forge_sim::{AppSpec, ForgeSim, InstallSpec, SimConfig};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Of nobody and of its group on most systems; what matters is that it is not the server's own.
const NOBODY: u32 = 65_534;

/// A `jeton serve` that listens on a socket that everybody may connect to.
struct Server {
    child: Child,
    /// Everybody may go into it.
    dir: TempDir,
    state: TempDir,
}

impl Server {
    fn start(mode: &str, env: &[(&str, &str)]) -> Self {
        let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_jeton"))
            .arg("serve")
            .current_dir(state.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("JETON_STATE__DIR", state.path())
            .env("JETON_SERVER__LISTEN", "127.0.0.1:0")
            .env("JETON_SERVER__UNIX_SOCKET", dir.path().join("jeton.sock"))
            .env("JETON_SERVER__UNIX_SOCKET_MODE", mode)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = String::new();
        while !dir.path().join("jeton.sock").exists() || !log.contains("listens on http://") {
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("the server ended: {log}"))
                .unwrap();
            log += &line;
            log.push('\n');
        }
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, dir, state }
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("jeton.sock")
    }

    /// As the user of this test.
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> (u16, Value) {
        let http = reqwest::Client::builder()
            .no_proxy()
            .unix_socket(self.socket())
            .build()
            .unwrap();
        let mut request = http.request(method.parse().unwrap(), format!("http://localhost{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// As another user of this machine.
    fn ask_as(&self, uid: u32, gid: u32, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let output = curl_as(&self.socket(), uid, gid, method, path, body);
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap_or(("null", &text));
        let status = status
            .parse()
            .unwrap_or_else(|_| panic!("{text} {}", String::from_utf8_lossy(&output.stderr)));
        (
            status,
            serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {body}")),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn curl_as(socket: &Path, uid: u32, gid: u32, method: &str, path: &str, body: Option<&Value>) -> Output {
    let mut command = Command::new("setpriv");
    command
        .args([
            format!("--reuid={uid}"),
            format!("--regid={gid}"),
            "--clear-groups".to_owned(),
        ])
        .args([
            "curl",
            "-sS",
            "--max-time",
            "20",
            "-w",
            "\\n%{http_code}",
            "-X",
            method,
            "--unix-socket",
        ])
        .arg(socket)
        .arg(format!("http://localhost{path}"));
    if let Some(body) = body {
        command.args(["-H", "content-type: application/json", "-d", &body.to_string()]);
    }
    command.current_dir("/").stdin(Stdio::null()).output().unwrap()
}

/// Whether a program can be run as another user here: only root may do that.
#[expect(clippy::print_stdout, reason = "says why a test did nothing")]
fn can_be_others() -> bool {
    let run = |program: &str, arguments: &[&str]| {
        let status = Command::new(program)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    let can =
        run("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups", "true"]) && run("curl", &["--version"]);
    if !can {
        println!("skipped: to ask as another user takes root, `setpriv` (util-linux) and `curl`");
    }
    can
}

async fn forge(server: &Server) -> ForgeSim {
    let sim = ForgeSim::start(SimConfig::default()).await.unwrap();
    let app = sim.github().add_app(AppSpec::new("ci"));
    sim.github().add_repository("acme", "a", true).unwrap();
    sim.github().install(app.id, "acme", InstallSpec::all());
    let body =
        json!({"name": "ci", "app_id": app.id, "private_key": app.private_key_pkcs8_pem, "api_url": sim.api_url()});
    let (status, answer) = server.ask("POST", "/v1/apps", &[], Some(body)).await;
    assert_eq!(status, 201, "the server's own user is the operator: {answer}");
    sim
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_own_user_is_the_operator_without_a_key() {
    let server = Server::start("0600", &[]);
    let (status, me) = server.ask("GET", "/v1/whoami", &[], None).await;
    assert_eq!((status, &me["kind"]), (200, &json!("operator")), "{me}");
    assert!(me.get("address").is_none_or(Value::is_null), "{me}");
    let (status, _) = server.ask("GET", "/v1/clients", &[], None).await;
    assert_eq!(status, 200);
    let mode = std::fs::metadata(server.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // A key that is sent counts, not who the user is.
    let (status, wrong) = server
        .ask("GET", "/v1/whoami", &[("authorization", "Bearer nonsense")], None)
        .await;
    assert_eq!((status, &wrong["code"]), (401, &json!("auth.malformed_key")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_through_a_proxy_is_nobody() {
    for env in [&[][..], &[("JETON_SERVER__TRUSTED_PROXIES", "unix")][..]] {
        let server = Server::start("0600", env);
        for header in ["x-forwarded-for", "forwarded", "x-real-ip", "via", "X-Forwarded-For"] {
            let (status, answer) = server.ask("GET", "/v1/whoami", &[(header, "127.0.0.1")], None).await;
            assert_eq!(
                (status, &answer["code"]),
                (401, &json!("auth.missing")),
                "{header} {env:?}: {answer}"
            );
            let (status, _) = server.ask("GET", "/v1/record", &[(header, "")], None).await;
            assert_eq!(status, 401, "{header}, and empty");
        }
        // A page in a browser that reached the socket through a proxy that says nothing of itself.
        for (header, value) in [
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("host", "evil.example"),
        ] {
            let (status, answer) = server.ask("GET", "/v1/whoami", &[(header, value)], None).await;
            assert_eq!(
                (status, &answer["code"]),
                (401, &json!("auth.missing")),
                "{header}: {answer}"
            );
        }
        // Where a proxy is said to use the socket, nobody is known by it.
        let (status, _) = server.ask("GET", "/v1/whoami", &[], None).await;
        assert_eq!(status, if env.is_empty() { 200 } else { 401 });
        let operator = std::fs::read_to_string(server.state.path().join("operator.key")).unwrap();
        let operator = format!("Bearer {}", operator.trim());
        let new = json!({"name": "ci"});
        let (status, client) = server
            .ask("POST", "/v1/clients", &[("authorization", &operator)], Some(new))
            .await;
        assert_eq!(status, 201, "{client}");
        let bearer = format!("Bearer {}", client["key"].as_str().unwrap());
        // A client that is bound to a network is not let in from nowhere in particular.
        let new = json!({"name": "inside", "networks": ["10.0.0.0/8"]});
        let (_, inside) = server
            .ask("POST", "/v1/clients", &[("authorization", &operator)], Some(new))
            .await;
        let inside = format!("Bearer {}", inside["key"].as_str().unwrap());
        for forwarded in ["203.0.113.7", "nonsense"] {
            let headers = [("authorization", inside.as_str()), ("x-forwarded-for", forwarded)];
            let (status, answer) = server.ask("GET", "/v1/whoami", &headers, None).await;
            assert_eq!(
                (status, &answer["code"]),
                (403, &json!("auth.address_not_allowed")),
                "{answer}"
            );
        }
        let (status, me) = server
            .ask(
                "GET",
                "/v1/whoami",
                &[("authorization", &bearer), ("x-forwarded-for", "203.0.113.9")],
                None,
            )
            .await;
        assert_eq!((status, &me["name"]), (200, &json!("client:ci")), "{me}");
        let expected = if env.is_empty() {
            // Somewhere behind a proxy that is not trusted.
            json!("0.0.0.0")
        } else {
            json!("203.0.113.9")
        };
        assert_eq!(
            me.get("address").cloned().unwrap_or_default(),
            expected,
            "a proxy's word counts where it is trusted"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_user_is_who_the_system_says_and_gets_what_policies_give() {
    if !can_be_others() {
        return;
    }
    let server = Server::start("0666", &[]);
    let sim = forge(&server).await;
    let (status, me) = server.ask_as(NOBODY, NOBODY, "GET", "/v1/whoami", None);
    assert_eq!(
        (status, &me["kind"], &me["allowed"]),
        (200, &json!("unix"), &json!([])),
        "{me}"
    );
    assert_eq!(me["name"], format!("uid:{NOBODY}"));
    let ask = json!({"repositories": ["acme/a"]});
    let (status, refused) = server.ask_as(NOBODY, NOBODY, "POST", "/v1/tokens", Some(&ask));
    assert_eq!((status, &refused["code"]), (403, &json!("policy.denied")), "{refused}");
    assert_eq!(server.ask_as(NOBODY, NOBODY, "GET", "/v1/clients", None).0, 403);
    let policy = |name: &str, callers: Value| json!({"name": name, "callers": callers, "actions": ["token.mint"], "repositories": ["acme/*"], "permissions": {"contents": "read"}});
    let (status, added) = server
        .ask(
            "POST",
            "/v1/policies",
            &[],
            Some(policy("nobody", json!({"uid": NOBODY}))),
        )
        .await;
    assert_eq!(status, 201, "{added}");
    let (status, granted) = server.ask_as(NOBODY, NOBODY, "POST", "/v1/tokens", Some(&ask));
    assert_eq!(status, 201, "{granted}");
    assert!(sim.github().is_live(granted["token"].as_str().unwrap()));
    // Another uid is another caller, whatever its group.
    assert_eq!(server.ask_as(12_345, NOBODY, "POST", "/v1/tokens", Some(&ask)).0, 403);
    let (status, added) = server
        .ask(
            "POST",
            "/v1/policies",
            &[],
            Some(policy("group", json!({"gid": 12_346}))),
        )
        .await;
    assert_eq!(status, 201, "{added}");
    assert_eq!(server.ask_as(12_345, 12_346, "POST", "/v1/tokens", Some(&ask)).0, 201);
    assert_eq!(server.ask_as(12_345, 12_347, "POST", "/v1/tokens", Some(&ask)).0, 403);
    let (_, theirs) = server.ask_as(NOBODY, NOBODY, "GET", "/v1/grants", None);
    let holders: Vec<_> = theirs["grants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|grant| grant["holder"].clone())
        .collect();
    assert_eq!(holders, [format!("uid:{NOBODY}")]);
    let (_, record) = server
        .ask(
            "GET",
            &format!("/v1/record?event=token.granted&actor=uid:{NOBODY}"),
            &[],
            None,
        )
        .await;
    assert_eq!(record["entries"][0]["details"]["rule"], "nobody", "{record}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_for_its_owner_alone_lets_no_other_user_in() {
    if !can_be_others() {
        return;
    }
    let server = Server::start("0600", &[]);
    let output = curl_as(&server.socket(), NOBODY, NOBODY, "GET", "/v1/whoami", None);
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
