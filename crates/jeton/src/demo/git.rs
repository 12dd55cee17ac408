use std::{path::Path, process::Stdio};

use jeton_domain::Secret;
use tokio::process::Command;

use super::client::Failure;

/// Hands git the token through the environment of that process alone: never in its arguments or on disk.
const HELPER: &str =
    r#"!f() { test "$1" = get && echo "username=$JETON_DEMO_USERNAME" && echo "password=$JETON_DEMO_TOKEN"; }; f"#;

/// Clones with a token of an App; the subject of the newest commit.
pub(crate) async fn clone(url: &str, into: &Path, token: &Secret) -> Result<String, Failure> {
    clone_as(url, into, "x-access-token", token).await
}

/// Clones with a token and the user name that goes with it; the subject of the newest commit.
pub(crate) async fn clone_as(url: &str, into: &Path, username: &str, token: &Secret) -> Result<String, Failure> {
    let helper = format!("credential.helper={HELPER}");
    let into_text = into.display().to_string();
    run(
        &[
            "-c",
            "credential.helper=",
            "-c",
            &helper,
            "clone",
            "--quiet",
            url,
            &into_text,
        ],
        username,
        token,
    )
    .await?;
    let subject = run(&["-C", &into_text, "log", "-1", "--format=%s"], username, token).await?;
    Ok(subject.trim().to_owned())
}

async fn run(arguments: &[&str], username: &str, token: &Secret) -> Result<String, Failure> {
    let output = Command::new("git")
        .args(arguments)
        .env("JETON_DEMO_USERNAME", username)
        .env("JETON_DEMO_TOKEN", token.expose())
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| format!("git cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(words.lines().last().unwrap_or("git failed without a word").to_owned())
}
