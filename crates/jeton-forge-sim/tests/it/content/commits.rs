//! Histories and single commits.

use jeton_forge_sim::CommitSpec;
use serde_json::{Value, json};

use super::Desk;
use crate::common::{Answer, send};

impl Desk {
    /// Five commits, a day apart at noon UTC; the even ones are bob's, in `even/`.
    fn five(&self) -> Vec<String> {
        let names = ["ada", "bob", "ada", "bob", "ada"];
        (1..=5)
            .zip(names)
            .map(|(day, who)| {
                let at = format!("2026-02-0{day}T12:00:00Z").parse().unwrap();
                let path = if day % 2 == 0 { "even/x y" } else { "odd" };
                let spec = CommitSpec::new(format!("Day {day}\n\nMore.")).file(path, day.to_string());
                self.commit(&spec.author(who, &format!("{who}@example.com")).at(at, 9 * 60))
            })
            .collect()
    }

    async fn titles(&self, query: &str) -> String {
        titles(&self.get(&format!("/commits?{query}")).await)
    }
}

/// The days, `4 2`. The first commit of all, made months later by the forge's own clock, has none.
fn titles(answer: &Answer) -> String {
    let json = answer.json();
    let commits = json.as_array().unwrap().iter();
    let messages = commits.map(|commit| commit["commit"]["message"].as_str().unwrap());
    let days = messages.filter_map(|message| message.strip_prefix("Day "));
    days.map(|day| &day[..1]).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_history_is_narrowed_by_path_author_and_time() {
    let d = Desk::new().await;
    d.five();
    for (query, wanted) in [
        ("", "5 4 3 2 1"),
        ("path=even", "4 2"),
        ("path=even/x+y", "4 2"),
        ("path=/even/x%20y", "4 2"),
        ("path=EVEN", ""),
        ("path=../x", ""),
        ("author=bob", "4 2"),
        ("author=ADA@example.com", "5 3 1"),
        ("author=nobody", ""),
        ("since=2026-02-02T12:00:00Z&until=2026-02-04T12:00:00Z", "4 3 2"),
        ("since=2026-02-02T12:00:01Z&until=2026-02-04T11:59:59Z", "3"),
        ("until=2026-02-02T21:00:00%2B09:00", "2 1"),
        ("until=2026-02-02T21:00:00%2B09:00&path=odd", "1"),
    ] {
        assert_eq!(d.titles(query).await, wanted, "{query}");
    }
    // As in any form, a bare plus is a space.
    let refused = d.get("/commits?until=2026-02-02T21:00:00+09:00").await;
    assert_eq!(refused.status, 400);
    assert_eq!(d.get("/commits?since=yesterday").await.status, 400);
    d.get("/commits?sha=none").await.is(404, "Not Found");
}

#[tokio::test]
async fn pages_lead_to_each_other() {
    let d = Desk::new().await;
    let shas = d.five();
    let tail = format!("/commits?sha={}&per_page=2&page=2", shas[4]);
    let second = d.get(&tail).await;
    assert_eq!(titles(&second), "3 2");
    let link = second.header("link");
    for (rel, page) in [("prev", 1), ("next", 3), ("last", 3), ("first", 1)] {
        let wanted = format!("commits?sha={}&per_page=2&page={page}>; rel=\"{rel}\"", shas[4]);
        assert!(link.contains(&wanted), "{link}");
    }
    let next = link.split(", ").find(|link| link.contains("\"next\"")).unwrap();
    let next = next[1..next.find('>').unwrap()]
        .strip_prefix(&d.w.sim.web_url())
        .unwrap();
    assert_eq!(titles(&d.w.get(&d.token, next).await), "1");
    assert_eq!(
        titles(&d.get(&format!("/commits?sha={}&per_page=2&page=9", shas[4])).await),
        ""
    );
    assert_eq!(titles(&d.get(&format!("/commits?sha={}", &shas[1][..9])).await), "2 1");
}

#[tokio::test]
async fn a_commit_says_who_when_and_what_changed() {
    let d = Desk::new().await;
    let shas = d.five();
    let spec = CommitSpec::new("Last")
        .file("odd", "5\nsix\n")
        .remove("even/x y")
        .file("new ü", "1\n");
    let sha = d.commit(&spec.at("2026-02-09T01:00:00+09:00".parse().unwrap(), 540));
    for name in ["main", "heads/main", &sha, &sha[..7]] {
        assert_eq!(d.get(&format!("/commits/{name}")).await.json()["sha"], sha);
    }
    let commit = d.get("/commits/main").await.json();
    assert_eq!(commit["commit"]["committer"]["date"], "2026-02-08T16:00:00Z");
    assert_eq!(commit["parents"][0]["sha"], shas[4]);
    let tree = commit["commit"]["tree"]["sha"].as_str().unwrap();
    assert_eq!(d.get(&format!("/git/trees/{tree}")).await.status, 200);
    let files: Vec<Value> = commit["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| json!([file["filename"], file["status"], file["additions"], file["deletions"]]))
        .collect();
    let wanted = [
        json!(["even/x y", "removed", 0, 1]),
        json!(["new ü", "added", 1, 0]),
        json!(["odd", "modified", 2, 1]),
    ];
    assert_eq!(files, wanted);
    assert_eq!(commit["stats"], json!({ "total": 5, "additions": 3, "deletions": 2 }));
    assert!(
        commit["files"][2]["patch"]
            .as_str()
            .unwrap()
            .starts_with("@@ -1 +1,2 @@\n-5")
    );
    let page = d.get("/commits/main?per_page=2&page=2").await;
    assert_eq!(page.json()["files"][0]["filename"], "odd");
    assert!(page.header("link").contains("rel=\"prev\""));
    d.get("/commits/none").await.is(422, "No commit found for SHA: none");
    assert_eq!(d.get("/commits/main~1").await.status, 422);
}

#[tokio::test]
async fn a_commit_comes_as_its_id_a_diff_or_a_patch() {
    let d = Desk::new().await;
    let sha = d.five().pop().unwrap();
    let form = async |form: &str| {
        let accept = format!("application/vnd.github.{form}");
        send(d.ask("/commits/main").header("accept", accept)).await
    };
    let id = form("sha").await;
    assert_eq!(
        (id.text.as_str(), id.header("etag")),
        (sha.as_str(), format!("\"{sha}\"").as_str())
    );
    assert!(form("diff").await.text.starts_with("diff --git a/odd b/odd\n"));
    assert!(form("patch").await.text.starts_with(&format!("From {sha} ")));
    // Whoever knows the id asks at no cost whether it is still the one.
    let charged = d.w.sim.github().quota_charged();
    let request = d.ask("/commits/main").header("accept", "application/vnd.github.sha");
    let same = send(request.header("if-none-match", format!("\"{sha}\""))).await;
    assert_eq!((same.status.as_u16(), d.w.sim.github().quota_charged()), (304, charged));
}
