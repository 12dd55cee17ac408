//! `jeton secret push`, through a server and alone.

use std::fs;

use jeton_forge_sim::{PersonalTokenSpec, SecretScope};
use serde_json::Value;

use crate::{
    account_cli_world::run,
    cli_runner_world::{CiWorld, alone, forge, refused},
};

fn of_repository() -> SecretScope {
    SecretScope::repository("acme", "tools")
}

impl CiWorld {
    fn secret(&self, scope: &SecretScope, name: &str) -> Option<Vec<u8>> {
        self.t.sim.github().secret_value(scope, name)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_on_standard_input_arrives() {
    let w = CiWorld::start().await;
    let host = w.host();
    let push = ["secret", "push", "DEPLOY", "acme/tools", "--forge", &host];
    let ran = w.run("hun\nter2\n", &push);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(
        ran.stdout,
        format!("created DEPLOY for acme/tools at {host} as app:runners\n")
    );
    assert_eq!(
        w.secret(&of_repository(), "DEPLOY").unwrap(),
        b"hun\nter2",
        "one line end went"
    );
    let ran = w.run(
        "hunter3\r\n",
        &[&push[..], &["--keep-newline", "--format", "json"]].concat(),
    );
    let body: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    assert_eq!(
        (&body["created"], &body["fingerprint"]),
        (&false.into(), &Value::Null),
        "{body}"
    );
    assert_eq!(w.secret(&of_repository(), "DEPLOY").unwrap(), b"hunter3\r\n");
    fs::write(
        w.dir.path().join("key.pem"),
        format!("-----BEGIN {}-----\nx\n", "THING"),
    )
    .unwrap();
    let ran = w.run("", &[&push[..], &["--from-file", "key.pem"]].concat());
    assert!(
        ran.status == 0 && ran.stderr.contains("--keep-newline"),
        "{}",
        ran.stderr
    );
    w.t.sim.github().add_environment("acme", "tools", "production").unwrap();
    let ran = w.run("in-production", &[&push[..], &["--env", "production"]].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let environment = SecretScope::environment("acme", "tools", "production");
    assert_eq!(w.secret(&environment, "DEPLOY").unwrap(), b"in-production");
    let org = ["secret", "push", "SHARED", "--org", "acme", "--forge", &host];
    let selected = ["--visibility", "selected", "--selected-repo", "tools"];
    let ran = w.run("everywhere", &[&org[..], &selected].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(
        w.secret(&SecretScope::organization("acme"), "SHARED").unwrap(),
        b"everywhere"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_refused_with_a_remedy_and_never_shown() {
    let w = CiWorld::start().await;
    let host = w.host();
    let push = |input: &str, name: &str, more: &[&str]| {
        let arguments = [&["secret", "push", name, "acme/tools", "--forge", &host], more].concat();
        w.run(input, &arguments)
    };
    let before = w.t.sim.calls().total();
    refused(&push("", "DEPLOY", &[]), 1, "secret.empty");
    refused(&push("\n", "DEPLOY", &[]), 1, "secret.empty");
    refused(&push(&"a".repeat(64 * 1024 + 1), "DEPLOY", &[]), 1, "secret.too_large");
    refused(&push(&"a".repeat(49 * 1024), "DEPLOY", &[]), 1, "secret.too_large");
    fs::write(w.dir.path().join("image"), [0xff_u8, 0xd8, 0, 1]).unwrap();
    let ran = push("", "DEPLOY", &["--from-file", "image"]);
    refused(&ran, 1, "secret.not_text");
    assert!(ran.stderr.contains("base64"), "{}", ran.stderr);
    let ran = push("x", "MY-TOKEN", &[]);
    refused(&ran, 1, "secret.invalid_name");
    assert!(ran.stderr.contains("MY_TOKEN"), "{}", ran.stderr);
    refused(
        &push("x", "DEPLOY", &["--visibility", "selected"]),
        1,
        "request.invalid",
    );
    assert_eq!(w.t.sim.calls().total(), before, "nobody was asked");
    refused(
        &push("x", "DEPLOY", &["--env", "nowhere", "--app", "runners"]),
        1,
        "secret.environment_not_found",
    );
    let token = w.token("octocat", PersonalTokenSpec::classic(["repo"]));
    for arguments in [
        &["secret", "push", token.as_str(), "acme/tools"][..],
        &["secret", "push", "DEPLOY", "acme/tools", "--value", &token],
        &["secret", "push", "DEPLOY", "acme/tools", "--description", &token],
    ] {
        let ran = w.run("", arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
        assert!(
            !ran.stderr.contains(&token[..12]) && ran.stderr.contains("standard input"),
            "{}",
            ran.stderr
        );
    }
    let down = [("JETON_URL", "http://127.0.0.1:1")];
    refused(
        &w.run_in(&down, "planted", &["secret", "push", "DEPLOY", "acme/tools"]),
        2,
        "server.unreachable",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accounts_token_is_pushed_without_passing_by() {
    let w = CiWorld::start().await;
    let (host, web) = (w.host(), w.t.sim.web_url());
    let token = w.token("octocat", PersonalTokenSpec::classic(["repo"]));
    let add = ["account", "add", "work", "--base-url", &web, "--shared"];
    assert_eq!(w.run(&token, &add).status, 0);
    let push = [
        "secret",
        "push",
        "DEPLOY",
        "acme/tools",
        "--forge",
        &host,
        "--app",
        "runners",
        "--account-token",
        "work",
    ];
    let ran = w.run("", &push);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(w.secret(&of_repository(), "DEPLOY").unwrap(), token.as_bytes());
    assert!(!ran.stdout.contains(&token));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_the_token_of_the_environment_pushes() {
    let (sim, dir) = (forge().await, tempfile::tempdir().unwrap());
    let (github, url) = (sim.github(), sim.web_url());
    let token = github
        .add_personal_token("mona", PersonalTokenSpec::classic(["repo"]))
        .token;
    let env = alone(&url, &token);
    let ran = run(
        &dir,
        &env,
        "hunter2\n",
        &["secret", "push", "DEPLOY", "acme/tools", "--alone"],
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.starts_with("created DEPLOY for acme/tools at "),
        "{}",
        ran.stdout
    );
    assert_eq!(github.secret_value(&of_repository(), "DEPLOY").unwrap(), b"hunter2");
    let ran = run(&dir, &env, "x", &["secret", "push", "1A", "acme/tools", "--alone"]);
    refused(&ran, 1, "secret.invalid_name");
}
