//! Commits, the history of a file, branches and tags.

use jeton_forge_sim::CommitSpec;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::World;
use crate::common::{Answer, client, send};

const TOOLS: &str = "/repositories/acme/tools";

fn at(hour: i64) -> Timestamp {
    let first: Timestamp = "2026-06-02T00:00:00Z".parse().unwrap();
    first + SignedDuration::from_hours(hour)
}

fn spec(title: &str, hour: i64) -> CommitSpec {
    CommitSpec::new(title).at(at(hour), -420)
}

/// `one` to `four`, an hour apart, after the first commit of the day before; `two` on the branch `feature/x` only.
async fn world() -> (World, String) {
    let w = World::new().await;
    let commit = |title: &str, hour: i64| spec(title, hour).file(format!("src/{title}.txt"), title);
    w.sim.commit_files(w.tools, &commit("one", 1)).unwrap();
    w.sim.add_branch(w.tools, "feature/x", "main").unwrap();
    w.sim
        .commit_files(w.tools, &commit("two", 2).branch("feature/x"))
        .unwrap();
    w.sim
        .commit_files(w.tools, &commit("three", 3).author("Grace", "grace@example.com"))
        .unwrap();
    w.sim.commit_files(w.tools, &commit("four", 4)).unwrap();
    let token = w.access(&["repository"]);
    (w, token)
}

/// The message of a commit, which ends with a line break.
fn message(commit: &Value) -> String {
    let message = commit["message"].as_str().unwrap();
    message.strip_suffix('\n').unwrap().to_owned()
}

fn messages(answer: &Answer) -> Vec<String> {
    answer.json()["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(message)
        .collect()
}

async fn follow(token: &str, answer: &Answer) -> Option<Answer> {
    let next = answer.json()["next"].as_str()?.to_owned();
    Some(send(client().get(next).bearer_auth(token)).await)
}

#[tokio::test]
async fn a_commit_says_who_when_and_what() {
    let (w, token) = world().await;
    let list = w.bearer(&token, &format!("{TOOLS}/commits/main")).await.json();
    assert!(list.get("size").is_none(), "nobody counts commits");
    let grace = &list["values"][1];
    assert_eq!(
        (&grace["type"], &grace["message"]),
        (&json!("commit"), &json!("three\n"))
    );
    assert_eq!(grace["author"]["raw"], "Grace <grace@example.com>");
    assert_eq!(grace["date"], "2026-06-01T20:00:00-07:00");
    assert_eq!(grace["parents"][0]["hash"], list["values"][2]["hash"]);
    let id = grace["hash"].as_str().unwrap();
    for name in [id, &id[..8]] {
        let one = w.bearer(&token, &format!("{TOOLS}/commit/{name}")).await.json();
        assert_eq!(one["hash"], id);
    }
    w.bearer(&token, &format!("{TOOLS}/commit/nothing"))
        .await
        .errs(404, "Commit not found");
}

#[tokio::test]
async fn commits_are_chosen_by_where_they_are() {
    let (w, token) = world().await;
    for (tail, wanted) in [
        ("", &["four", "three", "two", "one", "Write README.md"][..]),
        ("/main", &["four", "three", "one", "Write README.md"]),
        ("?include=feature/x", &["two", "one", "Write README.md"]),
        ("?include=feature/x&exclude=main", &["two"]),
        ("?include=feature/x&include=main&exclude=feature/x", &["four", "three"]),
        ("/main?exclude=feature/x&path=src/four.txt", &["four"]),
        ("?path=src/two.txt", &["two"]),
        ("/main?path=src", &["four", "three", "one"]),
        // There is no filter by time.
        (
            "/main?since=2026-06-02T03:00:00Z",
            &["four", "three", "one", "Write README.md"],
        ),
    ] {
        let answer = w.bearer(&token, &format!("{TOOLS}/commits{tail}")).await;
        assert_eq!(messages(&answer), wanted, "{tail}");
    }
    for tail in ["/feature%2Fx", "/nothing", "?include=nothing", "?exclude=nothing"] {
        w.bearer(&token, &format!("{TOOLS}/commits{tail}"))
            .await
            .errs(404, "Commit not found");
    }
}

#[tokio::test]
async fn pages_of_commits_stay_what_they_were_when_others_are_added() {
    let (w, token) = world().await;
    let mut answer = w.bearer(&token, &format!("{TOOLS}/commits/main?pagelen=2")).await;
    let mut seen = messages(&answer);
    w.sim.commit_files(w.tools, &spec("five", 5).file("five", "5")).unwrap();
    while let Some(next) = follow(&token, &answer).await {
        seen.extend(messages(&next));
        answer = next;
    }
    assert_eq!(seen, ["four", "three", "one", "Write README.md"]);
    for page in ["page=2", "page=2&ctx=made-up"] {
        let made_up = w
            .bearer(&token, &format!("{TOOLS}/commits/main?pagelen=2&{page}"))
            .await;
        made_up.errs(400, "Invalid page");
    }
}

#[tokio::test]
async fn the_history_of_a_file_follows_its_names() {
    let w = World::new().await;
    let token = w.access(&["repository"]);
    let text = "a line that git knows again\n".repeat(20);
    w.sim
        .commit_files(w.tools, &spec("made", 1).file("old.txt", &text))
        .unwrap();
    w.sim
        .commit_files(w.tools, &spec("moved", 2).remove("old.txt").file("new.txt", &text))
        .unwrap();
    w.sim
        .commit_files(w.tools, &spec("changed", 3).file("new.txt", format!("{text}!")))
        .unwrap();
    w.sim
        .commit_files(w.tools, &spec("aside", 4).file("other", ""))
        .unwrap();
    let get = async |tail: &str| w.bearer(&token, &format!("{TOOLS}/filehistory/main/{tail}")).await;
    let all = get("new.txt").await;
    assert_eq!(all.values("path"), ["new.txt", "new.txt", "old.txt"]);
    let messages = |answer: &Answer| -> Vec<String> { answer.values("commit").iter().map(message).collect() };
    assert_eq!(messages(&all), ["changed", "moved", "made"]);
    assert_eq!(
        all.values("size"),
        [json!(text.len() + 1), json!(text.len()), json!(text.len())]
    );
    assert_eq!(messages(&get("new.txt?renames=false").await), ["changed", "moved"]);
    get("nothing").await.errs(404, "No such file or directory: nothing");
}

#[tokio::test]
async fn branches_and_tags_are_listed_and_shown() {
    let (w, token) = world().await;
    w.sim.tag(w.tools, "v1", "feature/x", None).unwrap();
    w.sim.tag(w.tools, "v2/beta", "main", Some("Second")).unwrap();
    let get = async |tail: &str| w.bearer(&token, &format!("{TOOLS}/refs{tail}")).await;
    assert_eq!(get("").await.values("name"), ["feature/x", "main", "v1", "v2/beta"]);
    assert_eq!(get("").await.values("type"), ["branch", "branch", "tag", "tag"]);
    assert_eq!(get("/branches?pagelen=1&page=2").await.values("name"), ["main"]);
    assert_eq!(get("/tags").await.values("message"), [json!(null), json!("Second\n")]);
    for name in ["/branches/feature/x", "/branches/feature%2Fx", "/tags/v1"] {
        assert_eq!(message(&get(name).await.json()["target"]), "two", "{name}");
    }
    assert_eq!(message(&get("/tags/v2/beta").await.json()["target"]), "four");
    get("/tags/main").await.errs(404, "Tag not found");
    get("/branches/v1").await.errs(404, "Branch not found");
}

#[tokio::test]
async fn a_part_of_a_path_names_a_commit_without_a_slash() {
    let (w, token) = world().await;
    w.sim.tag(w.tools, "v1", "feature/x", None).unwrap();
    let two = w.bearer(&token, &format!("{TOOLS}/commit/v1")).await.json()["hash"].clone();
    let short = &two.as_str().unwrap()[..7];
    for name in ["v1", short] {
        let file = w.bearer(&token, &format!("{TOOLS}/src/{name}/src/two.txt")).await;
        assert_eq!(file.text, "two", "{name}");
    }
    for name in ["feature/x", "feature%2Fx"] {
        let answer = w.bearer(&token, &format!("{TOOLS}/src/{name}/src/two.txt")).await;
        answer.errs(404, "Commit not found");
    }
}

#[tokio::test]
async fn a_repository_says_where_to_look_first() {
    let w = World::new().await;
    let empty = w.sim.add_empty_repository("acme", "empty", false).unwrap();
    let token = w.access(&["repository"]);
    let own = "/repositories/acme/empty";
    let wire = w.bearer(&token, own).await.json();
    assert_eq!(
        (&wire["mainbranch"], &wire["is_private"]),
        (&json!(null), &json!(false))
    );
    assert!(wire["size"].is_u64());
    w.bearer(&token, &format!("{own}/src"))
        .await
        .errs(404, "Commit not found");
    assert_eq!(
        w.bearer(&token, &format!("{own}/refs")).await.values("name"),
        [] as [&str; 0]
    );
    assert_eq!(
        w.bearer(&token, &format!("{own}/commits")).await.values("hash"),
        [] as [&str; 0]
    );
    let head = w
        .sim
        .commit_files(empty, &CommitSpec::new("First").branch("trunk").file("a", "a"))
        .unwrap();
    w.sim.set_default_branch(empty, "trunk").unwrap();
    assert_eq!(w.bearer(&token, own).await.json()["mainbranch"]["name"], "trunk");
    let moved = w.bearer(&token, &format!("{own}/src")).await;
    assert_eq!(
        moved.header("location"),
        format!("{}{own}/src/{head}/", w.sim.api_url())
    );
}
