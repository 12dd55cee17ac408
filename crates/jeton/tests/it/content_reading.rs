//! How content is asked for as somebody, on any forge, and what must come back.

use std::time::Duration;

use jeton_forge_sim::CommitSpec;
use jeton_testkit::{Answer, Node, TestJeton};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    account_world::{Forge, World, text},
    content_world::{Got, encode},
};

pub(crate) const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A native route.
pub(crate) fn route(host: &str, repository: &str, operation: &str, query: &[(&str, &str)]) -> String {
    let (owner, name) = repository.rsplit_once('/').unwrap();
    let query: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    let (owner, query) = (encode(owner), query.join("&"));
    format!("/v1/content/{host}/{owner}/{name}/{operation}?{query}")
}

/// The host of the simulated GitHub.
pub(crate) fn github(t: &TestJeton) -> String {
    t.sim.web_url().trim_start_matches("http://").to_owned()
}

/// The route of a file on the simulated GitHub, at its default branch.
pub(crate) fn file(t: &TestJeton, repository: &str, path: &str) -> String {
    route(&github(t), repository, "file", &[("path", path)])
}

/// The same at a commit.
pub(crate) fn pinned(t: &TestJeton, repository: &str, path: &str, commit: &str) -> String {
    route(&github(t), repository, "file", &[("path", path), ("ref", commit)])
}

/// Puts a file into a repository of the simulated GitHub; the commit.
pub(crate) fn put(t: &TestJeton, owner: &str, name: &str, path: &str, content: &str) -> String {
    t.sim.github().commit_file(owner, name, path, content).unwrap()
}

/// A client that may read these repositories, and nothing else; from these sources, or from any.
pub(crate) async fn reader(node: &Node, name: &str, repositories: &str, sources: &[&str]) -> String {
    let key = node.client(name).await;
    let mut policy = json!({
        "name": format!("{name}-reads-content"), "callers": {"client": name}, "actions": ["content.read"],
        "repositories": [repositories],
    });
    if !sources.is_empty() {
        policy["sources"] = json!(sources);
    }
    node.policy(policy).await;
    key
}

/// The body of an answer that has one.
pub(crate) fn read(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The source that an answer comes from.
pub(crate) fn source(answer: &Answer) -> String {
    text(&read(answer)["source"]).to_owned()
}

/// Asks again until an answer is as it should be. What is waited for happens in the background, in real time, and soon.
pub(crate) async fn until(what: &str, ask: impl AsyncFn() -> bool) {
    let all = async {
        while !ask().await {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), all)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}

/// `Retry-After`, in seconds.
pub(crate) fn retry_after(answer: &Answer) -> i64 {
    let told = answer.header("retry-after");
    told.parse()
        .unwrap_or_else(|_| panic!("no Retry-After but {told:?}: {}", answer.text))
}

/// Makes a commit in `acme/tools` on a forge; its id.
pub(crate) fn commit(w: &World, forge: Forge, spec: &CommitSpec) -> String {
    match forge {
        Forge::GitHub => w.t.sim.github().commit("acme", "tools", spec).unwrap(),
        Forge::GitLab => w.gitlab.commit_files(w.project, spec).unwrap(),
        Forge::Bitbucket => w.bitbucket.commit_files(w.repository, spec).unwrap(),
    }
}

/// An answer as it came, with bytes that need not be text. `None`: it broke off.
pub(crate) async fn bytes(node: &Node, key: &str, route: &str, headers: &[(&str, &str)]) -> Option<Got> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = http.get(format!("{}{route}", node.url)).bearer_auth(key);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    Some(Got {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        bytes: answer.bytes().await.ok()?.to_vec(),
    })
}
