//! Tokens on the command line: where they may come from, and what can be done without a server.

use std::collections::BTreeMap;

use jeton_forge_sim::{FaultKind, FaultRule};
use serde_json::Value;

use crate::account_cli_world::{Ran, World, classic, run, sim};

/// `jeton` where there is no server, with tokens in its environment.
fn alone(env: &[(&str, &str)], input: &str, arguments: &[&str]) -> Ran {
    let directory = tempfile::tempdir().unwrap();
    let loopback = ("JETON_FORGES__ALLOW_LOOPBACK", "true");
    run(&directory, &[env, &[loopback]].concat(), input, arguments)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_the_environment_are_tested_without_a_server() {
    let sim = sim().await;
    let made = sim.github().add_personal_token("octocat", classic(["repo"]));
    let (url, token) = (sim.web_url(), made.token.as_str());
    let env = [("GITHUB_TOKEN", token), ("GITHUB_SERVER_URL", url.as_str())];
    let ran = alone(&env, "", &["account", "test", "--from-env", "GITHUB_TOKEN"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for shown in ["GITHUB_TOKEN", "octocat", "valid", "repo", "GET /user"] {
        assert!(ran.stdout.contains(shown), "{shown} in {}", ran.stdout);
    }
    assert!(!ran.stdout.contains(token) && !ran.stderr.contains(token));
    let ran = alone(&env, "", &["account", "test", "--from-env", "--format", "json"]);
    let tested: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&tested[0]["variable"], &tested[0]["check"]["validity"]),
        (&"GITHUB_TOKEN".into(), &"valid".into())
    );

    let limit = sim
        .faults()
        .add(FaultRule::new(FaultKind::SecondaryLimit { retry_after: 60 }));
    let ran = alone(&env, "", &["account", "test", "--from-env"]);
    assert_eq!(ran.status, 3, "a limit says nothing of a token: {}", ran.stdout);
    sim.faults().remove(limit);
    sim.github().revoke_personal_token(made.id);
    let ran = alone(&env, "", &["account", "test", "--from-env"]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert!(
        ran.stdout.contains("error: ") && ran.stdout.contains("  help: "),
        "{}",
        ran.stdout
    );
}

#[test]
fn an_environment_without_a_usable_token_says_why() {
    let ran = alone(&[], "", &["account", "test", "--from-env"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("no token of a forge") && ran.stderr.contains("GITLAB_TOKEN"),
        "{}",
        ran.stderr
    );
    let password = ["ATBB", "planted"].concat();
    let ran = alone(
        &[("BITBUCKET_APP_PASSWORD", &password)],
        "",
        &["account", "test", "--from-env"],
    );
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("BITBUCKET_API_TOKEN") && !ran.stderr.contains("planted"),
        "{}",
        ran.stderr
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pasted_token_is_looked_at_online_without_a_server() {
    let sim = sim().await;
    let made = sim.github().add_personal_token("octocat", classic(["read:org"]));
    let url = sim.web_url();
    let look = ["token", "inspect", "--online", "--base-url", &url];
    let ran = alone(&[], &format!("Bearer {}", made.token), &look);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for shown in [
        "this is a GitHub",
        "whole: yes",
        "octocat",
        "valid",
        "read:org",
        "note: ",
    ] {
        assert!(ran.stdout.contains(shown), "{shown} in {}", ran.stdout);
    }
    let wanted = [
        &look[..],
        &["--for", "push", "--repository", "octocat/tools", "--format", "json"],
    ]
    .concat();
    let ran = alone(&[], &made.token, &wanted);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    assert_eq!(
        (ran.status, &answer["check"]["purposes"][0]["fit"]),
        (1, &"no".into()),
        "{answer}"
    );
    sim.github().revoke_personal_token(made.id);
    assert_eq!(alone(&[], &made.token, &look).status, 1);
    let calls = sim.calls().total();
    let ran = alone(&[], "octocat", &look);
    assert_eq!(ran.status, 1);
    assert!(ran.stdout.contains("user name"), "{}", ran.stdout);
    assert_eq!(sim.calls().total(), calls, "what is no token goes nowhere");
    let ran = alone(&[], &made.token, &["token", "inspect", "--for", "push"]);
    assert!(ran.status == 1 && ran.stderr.contains("--online"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_never_an_argument() {
    let w = World::start().await;
    let token = w.token("octocat", classic(["repo"]));
    let with_equals = format!("--token={token}");
    for arguments in [
        &["account", "add", &token][..],
        &["account", "add", "work", "--token", &token],
        &["account", "add", "work", &with_equals],
        &["account", "add", "work", "--token-env", &token],
        &["account", "replace", "work", "--token", &token],
        &["account", "replace", &token],
        &["account", "test", "--from-env", &token],
    ] {
        let ran = w.run(arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
        assert!(!ran.stderr.contains(&token[4..20]), "the token is shown");
        assert!(
            ran.stderr.contains("standard input") && ran.stderr.contains("revoke"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(w.json(&["account", "list"])["accounts"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_comes_from_a_file_or_a_variable() {
    let w = World::start().await;
    let url = w.web_url();
    let token = w.token("octocat", classic(["repo"]));
    std::fs::write(w.state.path().join("token.txt"), format!("{token}\r\n")).unwrap();
    let add = |label, from: [&str; 2]| w.run(&["account", "add", label, "--base-url", &url, from[0], from[1]]);
    let ran = add("of-a-file", ["--token-file", "token.txt"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    std::fs::write(
        w.state.path().join(".env"),
        format!("WORK_TOKEN={}\n", w.token("monalisa", classic(["repo"]))),
    )
    .unwrap();
    let ran = add("of-a-variable", ["--token-env", "WORK_TOKEN"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for (from, words) in [
        (["--token-file", "gone.txt"], "gone.txt"),
        (["--token-env", "GONE_TOKEN"], "GONE_TOKEN is not set"),
    ] {
        let ran = add("other", from);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
        assert!(
            ran.stderr.contains(words) && ran.stderr.contains("help: "),
            "{}",
            ran.stderr
        );
    }
    let ran = w.run(&["account", "add", "other", "--base-url", &url]);
    assert!(
        ran.status == 1 && ran.stderr.contains("standard input is empty"),
        "{}",
        ran.stderr
    );
    let before = w.sim.calls().total();
    let ran = w.run_with(
        "hunter2",
        &["account", "add", "other", "--forge", "github", "--base-url", &url],
    );
    assert!(ran.status == 1 && !ran.stderr.contains("hunter2"), "{}", ran.stderr);
    assert_eq!(w.sim.calls().total(), before, "a password goes nowhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_the_servers_environment_are_there_and_can_be_stored() {
    let w = World::start_with(|sim| {
        let token = sim.github().add_personal_token("octocat", classic(["repo"])).token;
        BTreeMap::from([("GITHUB_TOKEN", token), ("GITHUB_SERVER_URL", sim.web_url())])
    })
    .await;
    let table = w.done(&["account", "list"]);
    assert!(
        table.contains("github-token") && table.contains("all, from GITHUB_TOKEN"),
        "{table}"
    );
    let stored = w.done(&["account", "import-env"]);
    assert!(stored.starts_with("stored "), "{stored}");
    let list = w.json(&["account", "list"]);
    let of = |origin: &str| {
        list["accounts"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["origin"] == origin)
            .count()
    };
    assert_eq!((of("environment"), of("stored")), (1, 1), "{list}");
    let ran = w.run(&["account", "import-env", "--variable", "GITLAB_TOKEN"]);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_pages_are_followed_when_all_are_wanted() {
    let w = World::start().await;
    for n in 0..105 {
        let token = w.token("octocat", classic(["repo"]));
        let label = format!("a{n:03}");
        let ran = w.add_with(&label, &token, &["--format", "json"]);
        assert_eq!(ran.status, 0, "{label}: {}", ran.stderr);
    }
    assert_eq!(w.done(&["account", "list"]).lines().count(), 101);
    assert!(w.run(&["account", "list"]).stderr.contains("--all"));
    assert_eq!(w.done(&["account", "list", "--all"]).lines().count(), 106);
    assert_eq!(
        w.json(&["account", "list", "--limit", "3"])["accounts"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}
