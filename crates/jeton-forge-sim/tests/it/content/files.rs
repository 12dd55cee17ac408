//! Files and directories by their path.

use jeton_forge_sim::CommitSpec;
use serde_json::{Value, json};

use super::Desk;
use crate::common::send;

#[tokio::test]
async fn a_path_may_have_any_name() {
    let d = Desk::new().await;
    let names = [
        ("a b.txt", "a%20b.txt"),
        ("#1?.txt", "%231%3F.txt"),
        ("100%", "100%25"),
        ("%20", "%2520"),
        ("it's \"quoted\"\\", "it's%20%22quoted%22%5C"),
        ("C++.h", "C++.h"),
        ("ü/日本", "%C3%BC/%E6%97%A5%E6%9C%AC"),
        ("tab\there", "tab%09here"),
        ("Case", "Case"),
        ("case", "case"),
    ];
    let mut spec = CommitSpec::new("Names");
    for (name, _) in names {
        spec = spec.file(name, name);
    }
    d.commit(&spec);
    for (name, encoded) in names {
        let answer = d.raw(&format!("/contents/{encoded}")).await;
        assert_eq!(answer.text().await.unwrap(), name);
        let json = d.get(&format!("/contents/{encoded}?ref=main")).await.json();
        assert_eq!(json["path"], name);
        let url = json["url"].as_str().unwrap().strip_prefix(&d.w.sim.web_url()).unwrap();
        assert_eq!(d.w.get(&d.token, url).await.json()["sha"], json["sha"], "{url}");
    }
    for bad in [
        "../README.md",
        "%2e%2e/README.md",
        "a/..%2f/b",
        "readme.md",
        "ü",
        "%FF",
        "%00",
    ] {
        let answer = d.get(&format!("/contents/{bad}")).await;
        if bad == "ü" {
            assert!(answer.json().is_array());
        } else {
            assert_eq!(answer.status, 404, "{bad}");
        }
    }
}

#[tokio::test]
async fn links_and_submodules_are_what_they_are() {
    let d = Desk::new().await;
    let modules = "[submodule \"lib\"]\n\tpath = lib\n\turl = https://example.com/lib.git\n";
    let spec = CommitSpec::new("Links")
        .file("docs/real.txt", "real\n")
        .symlink("docs/near", "real.txt")
        .symlink("far", "docs/./../docs/real.txt")
        .symlink("folder", "docs")
        .symlink("nowhere", "none")
        .symlink("out", "../../etc/passwd")
        .file(".gitmodules", modules)
        .submodule("lib", &"3".repeat(40));
    d.commit(&spec);
    for link in ["docs/near", "far"] {
        let text = d.raw(&format!("/contents/{link}")).await.text().await.unwrap();
        assert_eq!(text, "real\n");
    }
    for (link, target) in [("folder", "docs"), ("nowhere", "none"), ("out", "../../etc/passwd")] {
        let json = d.get(&format!("/contents/{link}")).await.json();
        assert_eq!((&json["type"], &json["target"]), (&json!("symlink"), &json!(target)));
    }
    // A path does not lead through a link.
    assert_eq!(d.get("/contents/folder/real.txt").await.status, 404);
    for (version, kind) in [("2022-11-28", "file"), ("2026-03-10", "submodule")] {
        let request = d.ask("/contents").header("x-github-api-version", version);
        let listed = send(request).await.json();
        let find = |name: &str| listed.as_array().unwrap().iter().find(|entry| entry["name"] == name);
        assert_eq!(find("lib").unwrap()["type"], kind);
        assert_eq!(find("far").unwrap()["type"], "symlink");
    }
    let module = d.get("/contents/lib").await.json();
    assert_eq!(
        (&module["type"], &module["sha"]),
        (&json!("submodule"), &json!("3".repeat(40)))
    );
    assert_eq!(module["submodule_git_url"], "https://example.com/lib.git");
}

#[tokio::test]
async fn a_directory_shows_its_first_thousand_entries() {
    let d = Desk::new().await;
    let mut spec = CommitSpec::new("Many");
    for number in 0..1001 {
        spec = spec.file(format!("many/{number:04}"), "");
    }
    d.commit(&spec);
    let listed = d.get("/contents/many").await.json();
    let names: Vec<&Value> = listed.as_array().unwrap().iter().map(|entry| &entry["path"]).collect();
    assert_eq!(
        (names.len(), names[0], names[999]),
        (1000, &json!("many/0000"), &json!("many/0999"))
    );
}

#[tokio::test]
async fn a_ref_has_many_forms_and_is_looked_up_in_this_repository() {
    let d = Desk::new().await;
    let github = d.w.sim.github();
    let old = d.commit(&CommitSpec::new("old").file("x", "old"));
    github.tag("acme", "tools", "v1+a", "main", Some("One")).unwrap();
    github.add_branch("acme", "tools", "old#1").unwrap();
    d.commit(&CommitSpec::new("new").file("x", "new"));
    for name in [
        &old,
        &old[..8],
        "v1%2Ba",
        "tags/v1%2Ba",
        "refs/tags/v1%2Ba",
        "old%231",
        "heads/old%231",
    ] {
        let text = d.raw(&format!("/contents/x?ref={name}")).await.text().await.unwrap();
        assert_eq!(text, "old", "{name}");
    }
    for name in ["", "main", "HEAD", "refs%2Fheads%2Fmain"] {
        let text = d.raw(&format!("/contents/x?ref={name}")).await.text().await.unwrap();
        assert_eq!(text, "new", "{name}");
    }
    let elsewhere = github.commit_file("acme", "docs", "x", "docs").unwrap();
    for name in [elsewhere.as_str(), "v1", "HEAD~1"] {
        let answer = d.get(&format!("/contents/x?ref={name}")).await;
        answer.is(404, &format!("No commit found for the ref {name}"));
    }
    // Unencoded, a plus is a space.
    let answer = d.get("/contents/x?ref=v1+a").await;
    answer.is(404, "No commit found for the ref v1 a");
}
