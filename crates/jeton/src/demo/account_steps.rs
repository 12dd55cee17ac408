use jeton_domain::Secret;
use jeton_forge_sim::{
    AccessLevel, BitbucketSim, BitbucketSimConfig, BitbucketTokenSpec, FaultKind, FaultRule, GitLabSim,
    GitLabSimConfig, GitLabTokenSpec, OrgRole, PersonalTokenSpec, Visibility, WorldError,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    Stage,
    client::{Client, Failure, text},
    content_steps, git,
    steps::holds,
    story::Story,
};

/// Whose tokens they are, on all three forges.
const PERSON: &str = "ada";
const EMAIL: &str = "ada@example.com";
/// The repository that each of the forges has.
pub(super) const REPOSITORY: &str = "acme/tools";
const MONTH: SignedDuration = SignedDuration::from_hours(24 * 30);

/// A GitLab and a Bitbucket Cloud, besides the GitHub that is there from the beginning. They follow the demo's clock.
pub(crate) struct OtherForges {
    pub(crate) gitlab: GitLabSim,
    pub(crate) bitbucket: BitbucketSim,
}

impl OtherForges {
    pub(crate) async fn start(stage: &Stage) -> std::io::Result<Self> {
        let gitlab = GitLabSimConfig {
            clock: stage.clock.for_sim(),
            ..GitLabSimConfig::default()
        };
        let bitbucket = BitbucketSimConfig {
            clock: stage.clock.for_sim(),
            ..BitbucketSimConfig::default()
        };
        Ok(Self {
            gitlab: GitLabSim::start(gitlab).await?,
            bitbucket: BitbucketSim::start(bitbucket).await?,
        })
    }

    pub(crate) async fn shutdown(self) {
        self.gitlab.shutdown().await;
        self.bitbucket.shutdown().await;
    }
}

/// Tokens that a person made at three forges: added, tested, used, renewed.
pub(crate) async fn play(story: &Story, stage: &Stage, operator: &Client) -> Result<(), Failure> {
    let forges = stage.others.as_ref().ok_or("the other forges did not start")?;
    let tokens = make_tokens(stage, forges)?;
    add(story, stage, forges, operator, &tokens).await?;
    bad_minute(story, stage, operator).await?;
    use_them(story, stage, forges, operator).await?;
    renew(story, stage, forges, operator, &tokens.gitlab).await?;
    let all = [&tokens.github, &tokens.gitlab, &tokens.bitbucket];
    let mut leaked = false;
    for token in all {
        leaked |= holds(&stage.config.state_dir, token.as_bytes())?;
    }
    story.check(
        !leaked,
        "no file under the state directory holds any of them in the clear",
    );
    Ok(())
}

/// What Ada made at the forges by hand.
struct Tokens {
    github: String,
    gitlab: String,
    bitbucket: String,
}

fn make_tokens(stage: &Stage, forges: &OtherForges) -> Result<Tokens, Failure> {
    let github = stage.sim.github();
    github.add_user(PERSON);
    github
        .add_member("acme", PERSON, OrgRole::Admin)
        .map_err(|error| error.to_string())?;
    let classic = PersonalTokenSpec::classic(["repo", "read:org"]).expires_in(MONTH);
    let gitlab = make_gitlab_token(&forges.gitlab).map_err(|error| error.to_string())?;
    let bitbucket = make_bitbucket_token(&forges.bitbucket).map_err(|error| error.to_string())?;
    Ok(Tokens {
        github: github.add_personal_token(PERSON, classic).token,
        gitlab,
        bitbucket,
    })
}

fn make_gitlab_token(gitlab: &GitLabSim) -> Result<String, WorldError> {
    let person = gitlab.add_user(PERSON)?;
    let project = gitlab.add_project(REPOSITORY, Visibility::Private)?;
    gitlab.commit_files(project, &content_steps::files())?;
    gitlab.add_member(project, person, AccessLevel::Maintainer)?;
    Ok(gitlab.add_token(&GitLabTokenSpec::personal(person))?.token)
}

fn make_bitbucket_token(bitbucket: &BitbucketSim) -> Result<String, WorldError> {
    let person = bitbucket.add_account(PERSON, EMAIL)?;
    bitbucket.add_workspace("acme")?;
    bitbucket.add_member("acme", person, true)?;
    let repository = bitbucket.add_repository("acme", "tools", true)?;
    bitbucket.commit_files(repository, &content_steps::files())?;
    // Reading and writing are scopes of their own there: neither includes the other.
    let scopes = [
        "read:user:bitbucket",
        "read:repository:bitbucket",
        "write:repository:bitbucket",
    ];
    let spec = BitbucketTokenSpec::api_token(person).scopes(scopes);
    Ok(bitbucket.add_token(&spec)?.token)
}

async fn add(
    story: &Story,
    stage: &Stage,
    forges: &OtherForges,
    operator: &Client,
    tokens: &Tokens,
) -> Result<(), Failure> {
    story.step("Tokens that Ada made by hand, of a GitHub, a GitLab and a Bitbucket, become accounts");
    let cut = &tokens.github[..tokens.github.len() - 3];
    let refused = operator
        .post("/v1/accounts", &json!({"forge": "github", "token": cut}))
        .await?;
    story.check(
        refused.status == 422,
        &format!("pasted without its end: {}", text(&refused.body, "detail")?),
    );
    let added = [
        json!({"label": "hub", "forge": "github", "base_url": stage.sim.web_url(), "token": tokens.github}),
        json!({"label": "lab", "forge": "gitlab", "base_url": forges.gitlab.web_url(), "token": tokens.gitlab}),
        json!({"label": "bucket", "forge": "bitbucket", "base_url": forges.bitbucket.web_url(), "token": tokens.bitbucket,
            "email": EMAIL}),
    ];
    for mut request in added {
        request["purposes"] = json!(["read_content", "push"]);
        request["repository"] = json!(REPOSITORY);
        let stored = operator.post("/v1/accounts", &request).await?.expect(201)?;
        let account = &stored["account"];
        let fits = account["check"]["purposes"]
            .as_array()
            .is_some_and(|purposes| purposes.len() == 2 && purposes.iter().all(|purpose| purpose["fit"] == "yes"));
        story.check(
            account["validity"] == "valid" && fits,
            &format!(
                "{}: {} of {}, {}; good for reading and pushing {REPOSITORY}",
                text(account, "label")?,
                text(account, "kind_words")?,
                text(&account["identity"], "name")?,
                end(account),
            ),
        );
    }
    Ok(())
}

/// When an account's token ends, as far as its forge tells.
fn end(account: &Value) -> String {
    let day = account["expires_at"].as_str().and_then(|end| end.get(..10));
    match (day, account["expiry"].as_str()) {
        (Some(day), _) => format!("until {day}"),
        (None, Some("never")) => "without an end".to_owned(),
        (None, _) => "until a day that its forge does not tell".to_owned(),
    }
}

async fn bad_minute(story: &Story, stage: &Stage, operator: &Client) -> Result<(), Failure> {
    story.step("GitHub has a bad minute while a token is tested");
    let down = stage.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
    let tested = operator.post("/v1/accounts/hub/test", &json!({})).await?.expect(200)?;
    stage.sim.faults().remove(down);
    story.check(
        tested["check"]["validity"] == "unknown" && tested["validity"] == "valid",
        "the test says unknown; the account stays valid, since only a clear word of the forge counts",
    );
    Ok(())
}

async fn use_them(story: &Story, stage: &Stage, forges: &OtherForges, operator: &Client) -> Result<(), Failure> {
    story.step("Each is handed out for acme/tools, with the user name that git needs there");
    let urls = [
        ("hub", stage.sim.web_url()),
        ("lab", forges.gitlab.web_url()),
        ("bucket", forges.bitbucket.web_url()),
    ];
    for (label, url) in urls {
        let granted = hand_out(operator, label).await?;
        clone(story, stage, label, &url, &granted).await?;
    }
    Ok(())
}

async fn hand_out(operator: &Client, label: &str) -> Result<Value, Failure> {
    operator
        .post("/v1/tokens", &json!({"account": label, "repositories": [REPOSITORY]}))
        .await?
        .expect(201)
}

/// Clones as whoever was given the token would.
async fn clone(story: &Story, stage: &Stage, name: &str, url: &str, granted: &Value) -> Result<(), Failure> {
    let username = text(granted, "git_username")?;
    let token = Secret::new(text(granted, "token")?);
    let into = stage.config.state_dir.join("clones").join(name);
    match git::clone_as(&format!("{url}/{REPOSITORY}.git"), &into, &username, &token).await {
        Ok(subject) => story.check(true, &format!("{name}: git clone as `{username}`: \"{subject}\"")),
        Err(error) => story.check(false, &format!("{name}: git clone as `{username}`: {error}")),
    }
    Ok(())
}

async fn renew(
    story: &Story,
    stage: &Stage,
    forges: &OtherForges,
    operator: &Client,
    old: &str,
) -> Result<(), Failure> {
    story.step("GitLab renews its token; the others say how to make a new one");
    let renewed = operator
        .post("/v1/accounts/lab/rotate", &json!({}))
        .await?
        .expect(200)?;
    story.check(
        !forges.gitlab.is_live(old) && renewed["account"]["validity"] == "valid",
        &format!(
            "the old token is dead, the new one is good {}",
            end(&renewed["account"])
        ),
    );
    let granted = hand_out(operator, "lab").await?;
    story.check(granted["token"] != old, "whoever asks now gets the new one");
    clone(story, stage, "lab-renewed", &forges.gitlab.web_url(), &granted).await?;
    let refused = operator.post("/v1/accounts/hub/rotate", &json!({})).await?;
    story.check(
        refused.status == 422,
        &format!("hub: {}", text(&refused.body, "detail")?),
    );
    story.say(&format!("     help: {}", text(&refused.body, "remedy")?));
    Ok(())
}
