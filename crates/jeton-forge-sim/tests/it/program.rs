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
