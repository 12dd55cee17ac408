//! Real git with the minted token.

use std::process::{Command, Stdio};

use jeton_testkit::both_databases;

const HELPER: &str =
    r#"credential.helper=!f() { test "$1" = get && echo username=x-access-token && echo "password=$TOKEN"; }; f"#;

fn git(directory: &std::path::Path, token: &str, arguments: &[&str]) -> bool {
    let output = Command::new("git")
        .current_dir(directory)
        .args([
            "-c",
            "credential.helper=",
            "-c",
            HELPER,
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
        ])
        .args(arguments)
        .env("TOKEN", token)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    output.status.success()
}

both_databases! {
    async fn clones_reads_and_pushes_as_far_as_the_permissions_go(t: TestJeton) {
        t.install("acme", &["tools", "other"]);
        let read = t.issue("acme/tools").await["token"].as_str().unwrap().to_owned();
        let write = t.try_issue(serde_json::json!({"repositories": ["acme/tools"], "permissions": {"contents": "write"}})).await;
        let write = write.json()["token"].as_str().unwrap().to_owned();
        let place = tempfile::tempdir().unwrap();
        let url = |name: &str| format!("{}/acme/{name}.git", t.sim.web_url());
        let (tools, other) = (url("tools"), url("other"));
        let work = place.path().join("tools");
        let at = place.path().to_owned();
        tokio::task::spawn_blocking(move || {
            assert!(git(&at, &read, &["clone", &tools, "tools"]));
            assert!(!git(&at, &read, &["clone", &other, "other"]), "only what it was minted for");
            std::fs::write(work.join("new"), "x").unwrap();
            assert!(git(&work, &read, &["add", "new"]) && git(&work, &read, &["commit", "-m", "new"]));
            assert!(!git(&work, &read, &["push"]), "a reading token does not push");
            assert!(git(&work, &write, &["push"]), "a writing one does");
        })
        .await
        .unwrap();
    }
}
