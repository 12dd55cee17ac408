//! How often a forge is asked.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use jeton_forge_sim::{
    AccessLevel, BitbucketRole, BitbucketSim, BitbucketSimConfig, BitbucketTokenSpec, Calls, FaultKind, FaultRule,
    GitLabSim, GitLabSimConfig, GitLabTokenSpec, Visibility,
};
use serde_json::json;

use super::{
    asking::one_by_one,
    world::{By, Since, World, personal_token, text},
};
use crate::{
    args::Bench,
    benches::{Setting, ask, fetch},
    client::Load,
    forge::numbered,
    report::{Line, time},
    spread::Spread,
};

const BENCH: Bench = Bench::ContentCalls;
const FILE: &str = "large.txt";
const SIZE: usize = 1_024 * 1_024;
const LATENCY: Duration = Duration::from_millis(50);
/// Repositories that were never read.
const COLD: usize = 5;
const MOST_CALLS: u64 = 2;
const PINNED_READS: usize = 1_000;
const EMAIL: &str = "ada@example.com";

pub(in super::super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let mut lines = cold_github(setting, By::Account).await?;
    lines.extend(cold_github(setting, By::App).await?);
    lines.extend(cold_others(setting).await?);
    lines.extend(seen_before(setting).await?);
    Ok(lines)
}

/// A file of 1 MB on the default branch of a repository that was never read.
async fn cold_github(setting: &Setting, by: By) -> anyhow::Result<Vec<Line>> {
    let names = numbered("cold", COLD);
    let world = World::start(setting, &names, by).await?;
    let bytes = text(SIZE);
    for name in &names {
        world.commit(name, &[(FILE, &bytes)])?;
    }
    let sim = &world.forge.sim;
    sim.faults().add(FaultRule::new(FaultKind::Latency(LATENCY)));
    let (mut micros, mut most, mut for_token, mut routes) = (Vec::new(), 0, 0, String::new());
    for name in &names {
        let since = Since::now(sim.calls());
        micros.push(timed(&world, &world.request(name, &format!("file?path={FILE}"))).await?);
        let (content, token) = since.count(sim.calls());
        if content >= most {
            routes = since.words(sim.calls());
        }
        (most, for_token) = (most.max(content), for_token.max(token));
    }
    let who = match by {
        By::Account => "an account",
        By::App => "an App",
    };
    let mut lines = vec![
        Line::judged(
            BENCH.as_str(),
            format!("cold file of 1 MB, GitHub, {who}: calls ({routes})"),
            if for_token == 0 {
                most.to_string()
            } else {
                format!("{most}, and {for_token} for the token")
            },
            format!("≤ {MOST_CALLS}"),
            most <= MOST_CALLS,
        ),
        Line::info(
            BENCH.as_str(),
            "the same: answered within, forge of 50 ms (median)",
            time(Spread::of(micros)?.within(500)),
        ),
    ];
    if by == By::Account {
        let token = personal_token(&world.forge);
        let url = format!("{}/repos/acme/{}/contents/{FILE}", sim.api_url(), names[0]);
        let client = reqwest::Client::builder().no_proxy().build()?;
        let mut direct = Vec::new();
        for _ in 0..COLD {
            let begun = Instant::now();
            let answer = client
                .get(&url)
                .bearer_auth(&token)
                .header("user-agent", "jeton-bench")
                .header("accept", "application/vnd.github.raw+json")
                .send()
                .await?
                .error_for_status()?;
            anyhow::ensure!(answer.bytes().await? == bytes, "the forge gives something else");
            direct.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
        lines.push(Line::info(
            BENCH.as_str(),
            "the forge itself, one call for the file alone (median)",
            time(Spread::of(direct)?.within(500)),
        ));
    }
    Ok(lines)
}

/// The same on the other forges.
async fn cold_others(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let world = World::start(setting, &[], By::App).await?;
    let names = numbered("cold", COLD);
    let gitlab = GitLabSim::start(GitLabSimConfig::default()).await?;
    let bitbucket = BitbucketSim::start(BitbucketSimConfig::default()).await?;
    let at_gitlab = gitlab.add_user("ada")?;
    let at_bitbucket = bitbucket.add_account("ada", EMAIL)?;
    bitbucket.add_workspace("acme")?;
    bitbucket.add_member("acme", at_bitbucket, true)?;
    let bytes = text(SIZE);
    for name in &names {
        let project = gitlab.add_project(&format!("acme/{name}"), Visibility::Private)?;
        gitlab.add_member(project, at_gitlab, AccessLevel::Owner)?;
        gitlab.commit_file(project, FILE, &bytes)?;
        let repository = bitbucket.add_repository("acme", name, true)?;
        bitbucket.set_role(repository, at_bitbucket, Some(BitbucketRole::Admin))?;
        bitbucket.commit_file(repository, FILE, &bytes)?;
    }
    let spec = GitLabTokenSpec::personal(at_gitlab).scopes(["read_api", "read_repository"]);
    let account = json!({
        "label": "gitlab", "forge": "gitlab", "base_url": gitlab.web_url(), "token": gitlab.add_token(&spec)?.token,
        "serves": ["acme"],
    });
    world.operator.post("/v1/accounts", &account, 201).await?;
    let scopes = ["read:user:bitbucket", "read:repository:bitbucket"];
    let spec = BitbucketTokenSpec::api_token(at_bitbucket).scopes(scopes);
    let account = json!({
        "label": "bitbucket", "forge": "bitbucket", "base_url": bitbucket.web_url(), "email": EMAIL,
        "token": bitbucket.add_token(&spec)?.token, "serves": ["acme"],
    });
    world.operator.post("/v1/accounts", &account, 201).await?;
    let mut lines = Vec::new();
    let forges: [(&str, String, &Calls); 2] = [
        ("GitLab", gitlab.web_url(), gitlab.calls()),
        ("Bitbucket", bitbucket.web_url(), bitbucket.calls()),
    ];
    gitlab.faults().add(FaultRule::new(FaultKind::Latency(LATENCY)));
    bitbucket.faults().add(FaultRule::new(FaultKind::Latency(LATENCY)));
    for (forge, web_url, calls) in forges {
        let (mut micros, mut most, mut routes) = (Vec::new(), 0, String::new());
        for name in &names {
            let since = Since::now(calls);
            let request = world.request_on(&web_url, name, &format!("file?path={FILE}"));
            micros.push(timed(&world, &request).await.context(forge)?);
            let (content, token) = since.count(calls);
            if content + token >= most {
                (most, routes) = (content + token, since.words(calls));
            }
        }
        lines.extend([
            Line::info(
                BENCH.as_str(),
                format!("cold file of 1 MB, {forge}, an account: calls ({routes})"),
                most.to_string(),
            ),
            Line::info(
                BENCH.as_str(),
                "the same: answered within, forge of 50 ms (median)",
                time(Spread::of(micros)?.within(500)),
            ),
        ]);
    }
    gitlab.shutdown().await;
    bitbucket.shutdown().await;
    Ok(lines)
}

async fn timed(world: &World, request: &[u8]) -> anyhow::Result<u32> {
    let begun = Instant::now();
    ask(world.jeton.address, request, 200).await?;
    Ok(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX))
}

/// Content pinned to a commit, and a branch that is read all the time.
async fn seen_before(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let world = World::start(setting, &["tools".to_owned()], By::App).await?;
    let commit = world.commit("tools", &[(FILE, &text(SIZE))])?;
    let (sim, address) = (&world.forge.sim, world.jeton.address);
    let pinned = |operation: &str| world.request("tools", &format!("{operation}?path={FILE}&ref={commit}"));
    ask(address, &pinned("raw"), 200).await?;
    let since = Since::now(sim.calls());
    let operations = ["raw", "file", "lines", "max-lines"];
    one_by_one(
        address,
        (0..PINNED_READS).map(|number| pinned(operations[number % operations.len()])),
    )
    .await?;
    let (content, token) = since.count(sim.calls());
    let mut lines = vec![Line::judged(
        BENCH.as_str(),
        format!("pinned to a commit and seen before, {PINNED_READS} reads in four forms: calls"),
        (content + token).to_string(),
        "0",
        content + token == 0,
    )];

    let branch = world.request("tools", &format!("raw?path={FILE}&ref=main"));
    let body_length = ask(address, &branch, 200).await?.body_length;
    // The compatible route of the same branch stands on the same look.
    fetch(address, &format!("/repo/acme/tools/file/{FILE}/content?ref=main")).await?;
    let seconds = if setting.quick { 12 } else { 30 };
    let (since, quota) = (Since::now(sim.calls()), sim.github().quota_charged());
    let load = Load {
        address,
        request: branch.into(),
        status: 200,
        connections: 4,
        duration: Duration::from_secs(seconds),
        body_length,
        slack: 0,
    };
    let reads = load.run().await?.times.count();
    let charged = sim.github().quota_charged() - quota;
    let (content, token) = since.count(sim.calls());
    lines.extend([
        Line::info(
            BENCH.as_str(),
            format!(
                "a branch read {reads} times in {seconds} s: calls ({})",
                since.words(sim.calls())
            ),
            (content + token).to_string(),
        ),
        Line::judged(
            BENCH.as_str(),
            "the same: quota charged",
            charged.to_string(),
            "0",
            charged == 0,
        ),
    ]);
    Ok(lines)
}
