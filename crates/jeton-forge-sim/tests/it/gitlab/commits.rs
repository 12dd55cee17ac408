//! Commits: filters, dates, pages.

use jeton_forge_sim::{CommitSpec, Visibility};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::World;

const COMMITS: &str = "/projects/acme%2Ftools/repository/commits";

fn at(hour: i64) -> Timestamp {
    let first: Timestamp = "2026-06-02T00:00:00Z".parse().unwrap();
    first + SignedDuration::from_hours(hour)
}

fn titles(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| one["title"].as_str().unwrap())
        .collect()
}

/// `one` to `four`, an hour apart, after the first commit of the day before; `two` on the branch `feature/x` only.
async fn world() -> (World, String) {
    let w = World::new().await;
    let commit = |title: &str, hour: i64| {
        let spec = CommitSpec::new(format!("{title}\n\nMore words.\n"));
        spec.file(format!("src/{title}.txt"), title).at(at(hour), 120)
    };
    w.sim.commit_files(w.tools, &commit("one", 1)).unwrap();
    w.sim.add_branch(w.tools, "feature/x", "main").unwrap();
    w.sim
        .commit_files(w.tools, &commit("two", 2).branch("feature/x"))
        .unwrap();
    w.sim
        .commit_files(w.tools, &commit("three", 3).author("Grace", "grace@example.com"))
        .unwrap();
    w.sim.commit_files(w.tools, &commit("four", 4)).unwrap();
    let token = w.personal(&["read_api"]).token;
    (w, token)
}

#[tokio::test]
async fn a_commit_says_who_when_and_what() {
    let (w, token) = world().await;
    let list = w.get(&token, COMMITS).await.json();
    let grace = &list[1];
    assert_eq!(grace["title"], "three");
    assert_eq!(grace["message"], "three\n\nMore words.\n");
    assert_eq!(
        (&grace["author_name"], &grace["author_email"]),
        (&json!("Grace"), &json!("grace@example.com"))
    );
    for date in ["created_at", "authored_date", "committed_date"] {
        assert_eq!(grace[date], "2026-06-02T05:00:00.000+02:00");
    }
    let id = grace["id"].as_str().unwrap();
    assert_eq!(grace["short_id"], id[..8]);
    assert_eq!(grace["parent_ids"], json!([list[2]["id"]]));
    assert_eq!(
        grace["web_url"],
        format!("{}/acme/tools/-/commit/{id}", w.sim.web_url())
    );
    for name in [id, &id[..10]] {
        assert_eq!(w.get(&token, &format!("{COMMITS}/{name}")).await.json()["id"], id);
    }
    let tip = w.get(&token, &format!("{COMMITS}/feature%2Fx")).await.json();
    assert_eq!((&tip["title"], &tip["project_id"]), (&json!("two"), &json!(w.tools)));
    w.get(&token, &format!("{COMMITS}/nothing"))
        .await
        .refuses(404, "404 Commit Not Found");
}

#[tokio::test]
async fn commits_are_filtered_by_time_path_and_author() {
    let (w, token) = world().await;
    let all = ["four", "three", "one", "Write README.md"];
    for (query, wanted) in [
        ("", &all[..]),
        ("?ref_name=main", &all),
        ("?ref_name=feature/x", &["two", "one", "Write README.md"]),
        ("?since=2026-06-02T03:00:00Z", &["four", "three"]),
        ("?since=2026-06-02T05:00:00%2B02:00", &["four", "three"]),
        ("?since=2026-06-02T03:00:01", &["four"]),
        ("?until=2026-06-02T01:00:00Z", &["one", "Write README.md"]),
        ("?until=2026-06-02", &["Write README.md"]),
        (
            "?since=2026-06-02T01:00:00Z&until=2026-06-02T03:00:00Z",
            &["three", "one"],
        ),
        ("?path=src/one.txt", &["one"]),
        ("?path=src", &["four", "three", "one"]),
        ("?path=none", &[]),
        ("?author=Grace", &["three"]),
        ("?all=true", &["four", "three", "two", "one", "Write README.md"]),
    ] {
        let answer = w.get(&token, &format!("{COMMITS}{query}")).await;
        assert_eq!(titles(&answer.json()), wanted, "{query}");
    }
    for bad in ["since=yesterday", "since=2026-06-02T05:00:00+02:00"] {
        let answer = w.get(&token, &format!("{COMMITS}?{bad}")).await;
        answer.says(400, &json!({ "error": "since is invalid" }));
    }
    let answer = w.get(&token, &format!("{COMMITS}?ref_name=nothing")).await;
    answer.refuses(404, "404 Commit Not Found");
}

#[tokio::test]
async fn a_full_page_names_a_next_one_even_when_that_is_empty() {
    let (w, token) = world().await;
    let mut seen = Vec::new();
    let mut page = "1".to_owned();
    while !page.is_empty() {
        let answer = w.get(&token, &format!("{COMMITS}?per_page=2&page={page}")).await;
        assert!(!answer.headers.contains_key("x-total"));
        let link = answer.header("link").to_owned();
        assert_eq!(link.contains("rel=\"next\""), !answer.header("x-next-page").is_empty());
        assert!(!link.contains("rel=\"last\""));
        seen.push(titles(&answer.json()).len());
        page = answer.header("x-next-page").to_owned();
    }
    assert_eq!(seen, [2, 2, 0]);
}

#[tokio::test]
async fn an_empty_project_has_a_branch_in_name_only() {
    let w = World::new().await;
    let empty = w.sim.add_empty_project("acme/empty", Visibility::Public).unwrap();
    let token = w.personal(&["read_api"]).token;
    let project = format!("/projects/{empty}");
    let wire = w.get(&token, &project).await.json();
    assert_eq!(
        (&wire["empty_repo"], &wire["default_branch"], &wire["visibility"]),
        (&json!(true), &json!("main"), &json!("public"))
    );
    for (tail, wanted) in [("commits", json!([])), ("branches", json!([])), ("tags", json!([]))] {
        w.get(&token, &format!("{project}/repository/{tail}"))
            .await
            .says(200, &wanted);
    }
    let tree = w.get(&token, &format!("{project}/repository/tree")).await;
    tree.refuses(404, "404 Tree Not Found");
    w.sim
        .commit_files(empty, &CommitSpec::new("First").branch("trunk").file("a", "a"))
        .unwrap();
    w.sim.set_default_branch(empty, "trunk").unwrap();
    let wire = w.get(&token, &project).await.json();
    assert_eq!(
        (&wire["empty_repo"], &wire["default_branch"]),
        (&json!(false), &json!("trunk"))
    );
    let file = w.get(&token, &format!("{project}/repository/files/a/raw")).await;
    assert_eq!(file.text, "a");
}
