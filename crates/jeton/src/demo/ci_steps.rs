use std::time::Duration;

use jeton_domain::Secret;
use jeton_forge_sim::{PersonalTokenSpec, SecretScope};
use serde_json::{Value, json};

use super::{
    Stage,
    account_steps::{OtherForges, REPOSITORY},
    client::{Client, Failure, text},
    story::Story,
};

/// How long pushes that go on in the background are waited for.
const PUSHES: Duration = Duration::from_secs(20);

/// Runners without a personal access token, and secrets that follow their account.
pub(crate) async fn play(story: &Story, stage: &Stage, operator: &Client) -> Result<(), Failure> {
    let forges = stage.others.as_ref().ok_or("the other forges did not start")?;
    machine(story, stage, operator).await?;
    explained(story, stage, operator).await?;
    kept(story, forges, operator).await?;
    push(story, stage, operator).await?;
    follow(story, stage, forges, operator).await
}

fn host(web_url: &str) -> &str {
    web_url.trim_start_matches("http://")
}

async fn machine(story: &Story, stage: &Stage, operator: &Client) -> Result<(), Failure> {
    story.step("Machines that boot ask for a runner's token, and hold no token of anybody");
    let added = operator.post("/v1/clients", &json!({"name": "machines"})).await?;
    let machine = Client::new(stage.url(), Secret::new(text(&added.expect(201)?, "key")?))?;
    let policy = json!({
        "name": "machines-register", "callers": {"client": "machines"}, "actions": ["runner.register"],
        "repositories": [REPOSITORY], "sources": ["app:demo"],
    });
    operator.post("/v1/policies", &policy).await?.expect(201)?;
    let ask = json!({"forge": host(&stage.sim.web_url()), "repository": REPOSITORY});
    let mut tokens = Vec::new();
    for _ in 0..20 {
        let given = machine
            .post("/v1/runners/registration-token", &ask)
            .await?
            .expect(201)?;
        tokens.push(text(&given, "token")?);
    }
    tokens.dedup();
    let made = stage.sim.github().runner_tokens();
    story.check(
        tokens.len() == 1 && made.len() == 1,
        "twenty machines in turn, one call to GitHub: a registration token serves many for an hour",
    );
    let registered = register(
        &stage.sim.api_url(),
        &format!("{}/{REPOSITORY}", stage.sim.web_url()),
        &tokens[0],
    )
    .await?;
    story.check(registered == 200, "GitHub lets a runner register with it");
    let everywhere = json!({"forge": host(&stage.sim.web_url()), "organization": "acme"});
    let refused = machine.post("/v1/runners/registration-token", &everywhere).await?;
    story.check(
        refused.status == 403,
        &format!("for the whole organization: {}", text(&refused.body, "detail")?),
    );
    Ok(())
}

/// As the runner's own `config.sh` does.
async fn register(api_url: &str, url: &str, token: &str) -> Result<u16, Failure> {
    let body = json!({"url": url, "runner_event": "register"});
    let http = reqwest::Client::builder().no_proxy().build();
    let request = http
        .map_err(|error| error.to_string())?
        .post(format!("{api_url}/actions/runner-registration"))
        .header("Authorization", format!("RemoteAuth {token}"))
        .header("User-Agent", "demo")
        .json(&body);
    let answer = request.send().await.map_err(|error| error.to_string())?;
    Ok(answer.status().as_u16())
}

async fn explained(story: &Story, stage: &Stage, operator: &Client) -> Result<(), Failure> {
    story.step("A token that is too weak is told apart before anybody waits for a 403");
    let github = stage.sim.github();
    let weak = github.add_personal_token("ada", PersonalTokenSpec::classic(["read:org"]));
    let account = json!({"label": "weak", "forge": stage.sim.web_url(), "token": weak.token});
    operator.post("/v1/accounts", &account).await?.expect(201)?;
    let before = github.runner_tokens().len();
    let ask = json!({"forge": host(&stage.sim.web_url()), "repository": REPOSITORY, "account": "weak"});
    let report = operator.post("/v1/runners/examine", &ask).await?.expect(200)?;
    let found = &report["sources"][0];
    story.check(
        report["fit"] == "no" && github.runner_tokens().len() == before,
        &format!("it needs {}; nothing was made to find that out", text(found, "needs")?),
    );
    story.say(&format!("     why:  {}", text(&found["diagnoses"][0], "cause")?));
    story.say(&format!("     help: {}", text(&found["diagnoses"][0], "remedy")?));
    Ok(())
}

async fn kept(story: &Story, forges: &OtherForges, operator: &Client) -> Result<(), Failure> {
    story.step("GitLab's runners are made one by one: who asks for a name again gets the same one");
    let ask = json!({
        "forge": host(&forges.gitlab.web_url()), "repository": REPOSITORY, "name": "builder", "labels": ["docker"],
    });
    let first = operator
        .post("/v1/runners/registration-token", &ask)
        .await?
        .expect(201)?;
    let again = operator
        .post("/v1/runners/registration-token", &ask)
        .await?
        .expect(201)?;
    story.check(
        first["token"] == again["token"] && forges.gitlab.runners().len() == 1,
        &format!(
            "runner `{}` of {REPOSITORY}, its token sealed in the vault as {}",
            text(&first["runner"], "name")?,
            text(&first, "fingerprint")?
        ),
    );
    Ok(())
}

async fn push(story: &Story, stage: &Stage, operator: &Client) -> Result<(), Failure> {
    story.step("A secret is sealed for GitHub's public key, which changes at the worst moment");
    let github = stage.sim.github();
    let scope = SecretScope::repository("acme", "tools");
    github
        .rotate_secret_key_at_next_put(&scope)
        .map_err(|error| error.to_string())?;
    let value = "not printed anywhere";
    let ask = json!({
        "forge": host(&stage.sim.web_url()), "repository": REPOSITORY, "name": "DEPLOY_PASSWORD", "value": value,
    });
    let pushed = operator.put("/v1/forge-secrets", &ask).await?.expect(201)?;
    story.check(
        github.secret_value(&scope, "DEPLOY_PASSWORD").as_deref() == Some(value.as_bytes()),
        &format!("GitHub opens it, as pushed by {}", text(&pushed, "source")?),
    );
    let mut dashed = ask.clone();
    dashed["name"] = json!("DEPLOY-PASSWORD");
    let refused = operator.put("/v1/forge-secrets", &dashed).await?;
    story.check(refused.status == 400, &text(&refused.body, "detail")?);
    story.say(&format!("     help: {}", text(&refused.body, "remedy")?));
    Ok(())
}

/// Where GitLab's token is copied to, and whether they all have it.
async fn follow(story: &Story, stage: &Stage, forges: &OtherForges, operator: &Client) -> Result<(), Failure> {
    story.step("An account's token is copied to three places, and they follow when it is renewed");
    let (github, gitlab) = (stage.sim.web_url(), forges.gitlab.web_url());
    let targets = [
        json!({"forge": host(&github), "repository": REPOSITORY, "name": "LAB_TOKEN", "account": "hub"}),
        json!({"forge": host(&github), "repository": "acme/website", "name": "LAB_TOKEN", "account": "hub"}),
        json!({"forge": host(&gitlab), "repository": REPOSITORY, "name": "SELF_TOKEN", "account": "lab"}),
    ];
    for target in &targets {
        operator.post("/v1/accounts/lab/targets", target).await?.expect(201)?;
    }
    let scope = SecretScope::repository("acme", "website");
    let before = stage.sim.github().secret_value(&scope, "LAB_TOKEN");
    operator
        .post("/v1/accounts/lab/rotate", &json!({}))
        .await?
        .expect(200)?;
    let list = settled(operator).await?;
    let states: Vec<&str> = list["targets"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|target| target["state"].as_str())
        .collect();
    let after = stage.sim.github().secret_value(&scope, "LAB_TOKEN");
    let works = after.as_deref().and_then(|token| std::str::from_utf8(token).ok());
    story.check(
        states == ["current"; 3] && before != after && works.is_some_and(|token| forges.gitlab.is_live(token)),
        "each of them has the new token, and it works",
    );
    Ok(())
}

/// The targets, once all of them have the present token or the time is over.
async fn settled(operator: &Client) -> Result<Value, Failure> {
    let look = async {
        loop {
            let list = operator.read("/v1/accounts/lab/targets").await?.expect(200)?;
            let all = list["targets"].as_array().cloned().unwrap_or_default();
            if all.iter().all(|target| target["is_current"] == true) {
                return Ok::<_, Failure>(list);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PUSHES, look)
        .await
        .map_err(|_| "the targets were not pushed in time".to_owned())?
}
