//! The program itself.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::common::client;

const PROGRAM: &str = env!("CARGO_BIN_EXE_jeton-forge-sim");

#[tokio::test]
async fn it_says_what_it_made_and_stops_when_told() {
    let directory = TempDir::new().unwrap();
    let mut child = Command::new(PROGRAM)
        .args([
            "--repo",
            "acme/tools",
            "--repo",
            "beta/x",
            "--app",
            "My App",
            "--state-dir",
        ])
        .arg(directory.path())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        let ready = line.starts_with("ready");
        said.push(line);
        if ready {
            break;
        }
    }
    let value = |label: &str| {
        let line = said.iter().find(|line| line.starts_with(label));
        let line = line.unwrap_or_else(|| panic!("no {label} in {said:?}"));
        line[label.len()..].trim().to_owned()
    };
    let key_file = value("key file");
    assert!(key_file.ends_with("my-app.private-key.pem"));
    let mode = std::fs::metadata(&key_file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!said.concat().contains("PRIVATE KEY"));
    assert!(value("app id").parse::<u64>().is_ok());
    let installations = said.iter().filter(|line| line.starts_with("installation"));
    assert_eq!(installations.count(), 2);
    let index = client().get(value("control")).send().await.unwrap();
    assert!(index.text().await.unwrap().contains("GET    /_sim/calls"));
    let id = child.id().unwrap().to_string();
    let kill = Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
    assert!(kill.success());
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn help_shows_an_example_and_a_bad_repository_is_explained() {
    let help = Command::new(PROGRAM).arg("--help").output().await.unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(text.contains("jeton-forge-sim --listen 127.0.0.1:4010 --repo acme/tools"));
    let bad = Command::new(PROGRAM).args(["--repo", "tools"]).output().await.unwrap();
    assert_eq!(bad.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&bad.stderr).contains("OWNER/NAME"));
    let bad = ["--install", ".."];
    let bad = Command::new(PROGRAM).args(bad).output().await.unwrap();
    assert_eq!(bad.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&bad.stderr).contains("error: \"..\" is not a name"));
}

#[tokio::test]
async fn the_program_has_the_other_forges_when_asked() {
    let mut child = Command::new(PROGRAM)
        .args([
            "--repo",
            "acme/tools",
            "--gitlab",
            "127.0.0.1:0",
            "--bitbucket",
            "127.0.0.1:0",
        ])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = std::collections::HashMap::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        let (label, value) = line.split_once("  ").unwrap();
        let value = value.trim().to_owned();
        said.insert(label.to_owned(), value);
        if label == "ready" {
            break;
        }
    }
    let project = format!("{}/api/v4/projects/acme%2Ftools", said["gitlab"]);
    let project = client().get(project).header("PRIVATE-TOKEN", &said["gitlab token"]);
    let project: serde_json::Value = project.send().await.unwrap().json().await.unwrap();
    assert_eq!(project["path_with_namespace"], said["gitlab project"]);
    let repository = format!(
        "{}/repositories/{}",
        said["bitbucket api"], said["bitbucket repository"]
    );
    let repository = client()
        .get(repository)
        .basic_auth(&said["bitbucket e-mail"], Some(&said["bitbucket token"]));
    let repository: serde_json::Value = repository.send().await.unwrap().json().await.unwrap();
    assert_eq!(repository["full_name"], "acme/tools");
    // One clock for all: a day that passes on one forge passes on each.
    let move_on = client().post(format!("{}/_sim/clock", said["gitlab"]));
    let move_on = move_on.body(r#"{"advance_seconds": 63072000}"#).send().await.unwrap();
    assert_eq!(move_on.status(), 200);
    let user = client().get(format!("{}/user", said["bitbucket api"]));
    let user = user.basic_auth(&said["bitbucket e-mail"], Some(&said["bitbucket token"]));
    assert_eq!(user.send().await.unwrap().status(), 401);
}
