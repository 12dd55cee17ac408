use std::{
    path::Path,
    process::{Command, Stdio},
};

use jeton_domain::Secret;
use jeton_forge_sim::{AppSpec, FaultKind, FaultRule, InstallSpec};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    Stage, access_steps, account_steps, ci_steps,
    client::{Client, Failure, text},
    content_steps, git,
    story::Story,
};

const WORKERS: usize = 50;
const MINT: &str = "POST /app/installations/{id}/access_tokens";

/// Plays all steps. An error means that the rest makes no sense.
pub(crate) async fn play(story: &Story, stage: &mut Stage) -> Result<(), Failure> {
    let key = read_key(&stage.key_file())?;
    story.step("A simulated GitHub and a jeton server start on this machine");
    story.say(&format!(
        "GitHub  {}   (API at {})",
        stage.sim.web_url(),
        stage.sim.api_url()
    ));
    story.say(&format!(
        "jeton   {}   (state in {})",
        stage.url(),
        stage.config.state_dir.display()
    ));
    let client = Client::new(stage.url(), key.clone())?;
    let ready = client.get("/readyz").await?.expect(200)?;
    story.check(ready["ready"] == true, "jeton is ready: database there, vault open");

    add_app(story, stage, &client).await?;
    let token = many_workers(story, stage, &client).await?;
    clone(story, stage, &token).await?;
    outage(story, stage, &client, &token).await?;
    refusals(story, &client).await?;
    access_steps::play(story, stage, &client).await?;
    account_steps::play(story, stage, &client).await?;
    content_steps::play(story, stage, &client).await?;
    ci_steps::play(story, stage, &client).await?;
    let grant = restart(story, stage, key).await?;
    let client = Client::new(stage.url(), read_key(&stage.key_file())?)?;
    give_back(story, stage, &client, &grant).await
}

async fn add_app(story: &Story, stage: &Stage, client: &Client) -> Result<(), Failure> {
    story.step("A GitHub App is installed on `acme`, and added to jeton with its private key");
    let github = stage.sim.github();
    for name in ["tools", "website"] {
        github
            .add_repository("acme", name, true)
            .map_err(|error| error.to_string())?;
    }
    let app = github.add_app(AppSpec::new("demo"));
    github.install(app.id, "acme", InstallSpec::all());
    let body = json!({
        "name": "demo",
        "app_id": app.id,
        "private_key": app.private_key_pkcs8_pem,
        "api_url": stage.sim.api_url(),
    });
    let added = client.post("/v1/apps", &body).await?.expect(201)?;
    story.say(&format!(
        "key {} sealed in the vault with AES-256-GCM",
        text(&added, "key_fingerprint")?
    ));
    let report = client.post("/v1/apps/demo/check", &json!({})).await?.expect(200)?;
    story.check(
        report["ok"] == true,
        "the key signs, the App is installed, no permission is missing",
    );
    Ok(())
}

async fn many_workers(story: &Story, stage: &Stage, client: &Client) -> Result<Secret, Failure> {
    story.step(&format!(
        "{WORKERS} workers ask for a token of acme/tools in the same moment"
    ));
    let before = stage.sim.calls().mints();
    let asks = (0..WORKERS).map(|_| client.get("/api/acme/tools"));
    let answers = futures_util::future::try_join_all(asks).await?;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    story.check(good == WORKERS, &format!("{good} of {WORKERS} got one"));
    let tokens: std::collections::BTreeSet<_> = answers
        .iter()
        .map(|answer| answer.body["access_token"].as_str())
        .collect();
    let mints = stage.sim.calls().mints() - before;
    story.check(
        mints == 1 && tokens.len() == 1,
        &format!("GitHub minted {mints}; all have the same"),
    );
    Ok(Secret::new(text(&answers[0].body, "access_token")?))
}

async fn clone(story: &Story, stage: &Stage, token: &Secret) -> Result<(), Failure> {
    story.step("git clones with the token, and only what it was minted for");
    let place = stage.config.state_dir.join("clones");
    std::fs::create_dir_all(&place).map_err(|error| error.to_string())?;
    let url = |name: &str| format!("{}/acme/{name}.git", stage.sim.web_url());
    match git::clone(&url("tools"), &place.join("tools"), token).await {
        Ok(subject) => story.check(true, &format!("git clone acme/tools: \"{subject}\"")),
        Err(error) => story.check(false, &format!("git clone acme/tools: {error}")),
    }
    match git::clone(&url("website"), &place.join("website"), token).await {
        Ok(_) => story.check(false, "the token opened acme/website too"),
        Err(error) => story.check(true, &format!("git clone acme/website is refused: {error}")),
    }
    Ok(())
}

async fn outage(story: &Story, stage: &Stage, client: &Client, old: &Secret) -> Result<(), Failure> {
    story.step("56 minutes pass, and GitHub goes down just when the token should be renewed");
    let down = stage.sim.faults().add(FaultRule::new(FaultKind::BadGateway).on(MINT));
    stage.clock.advance(SignedDuration::from_mins(56));
    let answer = client.get("/api/acme/tools").await?.expect(200)?;
    story.check(
        answer["access_token"] == old.expose(),
        "the old token is still good, and still handed out at once",
    );
    stage.sim.faults().remove(down);
    story.step("GitHub is back");
    stage.clock.advance(SignedDuration::from_mins(2));
    let mut renewed = Value::Null;
    // The renewal runs in the background; callers are not made to wait for it.
    for _ in 0..100 {
        renewed = client.get("/api/acme/tools").await?.expect(200)?;
        if renewed["access_token"] != old.expose() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    story.check(
        renewed["access_token"] != old.expose(),
        &format!(
            "the token was renewed: it lives until {}",
            text(&renewed, "expires_at")?
        ),
    );
    Ok(())
}

async fn refusals(story: &Story, client: &Client) -> Result<(), Failure> {
    story.step("What cannot be is refused with a reason and a remedy");
    let asked = json!({"repositories": ["acme/tools"], "permissions": {"secrets": "write"}});
    let refused = client.post("/v1/tokens", &asked).await?;
    story.check(
        refused.status == 422,
        &format!("secrets=write: {}", text(&refused.body, "detail")?),
    );
    story.say(&format!("     help: {}", text(&refused.body, "remedy")?));
    let absent = client.get("/api/nobody/nothing").await?;
    story.check(
        absent.status == 400,
        &format!("nobody/nothing: {}", text(&absent.body, "error")?),
    );
    Ok(())
}

async fn restart(story: &Story, stage: &mut Stage, key: Secret) -> Result<Value, Failure> {
    story.step("jeton restarts");
    stage.stop_server().await.map_err(|error| error.to_string())?;
    stage.start_server().await.map_err(|error| error.to_string())?;
    let client = Client::new(stage.url(), key)?;
    let mints = stage.sim.calls().mints();
    let grant = client
        .post("/v1/tokens", &json!({"repositories": ["acme/tools"]}))
        .await?
        .expect(201)?;
    story.check(
        stage.sim.calls().mints() == mints,
        "the token came back from the sealed vault; nothing was minted",
    );
    let token = text(&grant, "token")?;
    let leaked = holds(&stage.config.state_dir, token.as_bytes())?;
    story.check(!leaked, "no file under the state directory holds it in the clear");
    Ok(grant)
}

async fn give_back(story: &Story, stage: &Stage, client: &Client, grant: &Value) -> Result<(), Failure> {
    story.step("The token is revoked");
    let answer = client
        .delete(&format!("/v1/tokens/{}?force=true", text(grant, "grant_id")?))
        .await?
        .expect(200)?;
    story.say(&text(&answer, "detail")?);
    let token = text(grant, "token")?;
    for _ in 0..100 {
        if !stage.sim.github().is_live(&token) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    story.check(!stage.sim.github().is_live(&token), "GitHub confirms that it is dead");
    let next = client.get("/api/acme/tools").await?.expect(200)?;
    story.check(next["access_token"] != token.as_str(), "the next caller gets a new one");
    Ok(())
}

fn read_key(path: &Path) -> Result<Secret, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Secret::new(text.trim()))
}

/// Whether any file below a directory holds these bytes. Another process reads them: when one closes a file, it loses every lock
/// that it has on it, and SQLite, which runs in this one, would lose those of its database.
pub(super) fn holds(place: &Path, bytes: &[u8]) -> Result<bool, Failure> {
    let failed = |error: std::io::Error| format!("{}: {error}", place.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(place).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if !path.is_dir() {
            files.push(path);
        } else if holds(&path, bytes)? {
            return Ok(true);
        }
    }
    for file in files {
        let read = Command::new("cat").arg("--").arg(file).stderr(Stdio::null()).output();
        let content = read.map_err(|error| format!("cat: {error}"))?.stdout;
        if content.windows(bytes.len()).any(|window| window == bytes) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use jeton_vault::Vault as _;

    use super::holds;

    #[tokio::test]
    async fn a_look_at_the_files_leaves_the_databases_locks_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("jeton.db");
        let vault = jeton_vault_sqlite::SqliteVault::open(&path).await.unwrap();
        let tx = vault.begin().await.unwrap();
        let inode = format!(":{} ", std::fs::metadata(&path).unwrap().ino());
        let locks = || {
            let all = std::fs::read_to_string("/proc/locks").unwrap();
            all.lines().filter(|line| line.contains(&inode)).count()
        };
        let before = locks();
        assert!(before > 0);
        assert!(holds(directory.path(), b"SQLite format 3").unwrap());
        assert!(!holds(directory.path(), b"nowhere to be found").unwrap());
        assert_eq!(locks(), before);
        drop(tx);
    }
}
