//! `jeton content`, through a server and alone, on simulated forges.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod cli_support;
#[path = "cli_content/failures.rs"]
mod failures;
#[path = "cli_content/terminal.rs"]
mod terminal;
#[path = "cli_content/world.rs"]
mod world;

use serde_json::Value;
use world::{Forges, ODD, bytes, files, json, long_line, numbered, numbers, refused, text, with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_come_byte_for_byte_with_a_server_and_alone_on_every_forge() {
    let forges = Forges::start().await;
    let (served, _server) = forges.served();
    let alone = forges.alone();
    for name in forges.names() {
        for (path, content) in files() {
            for world in [&served, &alone] {
                let got = bytes(world, &with(&["content", "cat", "acme/tools", path], &name));
                assert!(
                    got == content,
                    "{name:?} {path}: {} bytes, not {}",
                    got.len(),
                    content.len()
                );
            }
        }
        for world in [&served, &alone] {
            // A link that nobody read before is followed, and so is one that is known.
            for _ in 0..2 {
                let link = with(&["content", "cat", "acme/tools", "link"], &name);
                assert_eq!(text(world, &link), "# Tools\n", "{name:?}");
            }
            let link = json(world, &with(&["content", "lines", "acme/tools", "link"], &name));
            assert_eq!(
                (&link["link"], &link["path"]),
                (&"link".into(), &"README.md".into()),
                "{link}"
            );
        }
        let several = with(&["content", "cat", "acme/tools", "Case.txt", "case.txt"], &name);
        assert_eq!(text(&alone, &several), "upper\nlower\n", "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_is_the_same_with_a_server_and_alone_but_for_the_source() {
    let forges = Forges::start().await;
    let (served, _server) = forges.served();
    let alone = forges.alone();
    let commands: &[&[&str]] = &[
        &["content", "tree", "acme/tools"],
        &[
            "content",
            "tree",
            "acme/tools",
            "docs",
            "--no-recursive",
            "--ref",
            "main",
        ],
        &["content", "cat", "acme/tools", ODD],
        &[
            "content",
            "cat",
            "acme/tools",
            "logo.bin",
            "--offset",
            "3",
            "--limit",
            "300",
        ],
        &["content", "cat", "acme/tools", "long.txt", "--limit", "50000"],
        &["content", "lines", "acme/tools", "numbers.txt", "100-200"],
        &["content", "lines", "acme/tools", "crlf.txt"],
        &["content", "commits", "acme/tools", "--limit", "1"],
    ];
    for name in forges.names() {
        for command in commands {
            let [mut one, mut other] = [&served, &alone].map(|world| json(world, &with(command, &name)));
            let sources =
                [&mut one, &mut other].map(|answer| answer.as_object_mut().unwrap().remove("source").unwrap());
            assert_eq!(one, other, "{name:?} {command:?}");
            assert!(sources.iter().all(Value::is_string), "{sources:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_are_counted_from_one_and_both_ends_are_in() {
    let forges = Forges::start().await;
    let alone = forges.alone();
    let lines = |rest: &[&str]| text(&alone, &[&["content", "lines", "acme/tools"], rest].concat());
    let wanted = numbered(100..=200);
    assert_eq!(lines(&["numbers.txt", "100-200"]), wanted);
    assert_eq!(lines(&["numbers.txt", "100"]), "line 100\n");
    assert_eq!(lines(&["numbers.txt", "19999-"]), "line 19999\nline 20000\n");
    assert_eq!(lines(&["numbers.txt", "9-10", "-n"]), "    9\tline 9\n   10\tline 10\n");
    assert!(lines(&["numbers.txt"]) == numbers(), "all of it takes several answers");
    assert_eq!(lines(&["crlf.txt"]), "one\ntwo\nthree\n");
    assert_eq!(lines(&["empty"]), "");
    assert!(lines(&["long.txt", "1"]) == long_line() + "\n", "a line is never cut");
    let page = format!("{}/acme/tools/blob/main/numbers.txt#L3-L4", forges.github.web_url());
    assert_eq!(text(&alone, &["content", "lines", &page]), "line 3\nline 4\n");

    refused(
        &alone,
        &["content", "lines", "acme/tools", "numbers.txt", "20001"],
        "content.bad_range",
    );
    refused(
        &alone,
        &["content", "lines", "acme/tools", "numbers.txt", "0-5"],
        "request.invalid",
    );
    refused(
        &alone,
        &["content", "lines", "acme/tools", "latin1.txt"],
        "content.not_text",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_names_what_is_no_file() {
    let forges = Forges::start().await;
    let alone = forges.alone();
    for name in forges.names() {
        let tree = text(&alone, &with(&["content", "tree", "acme/tools"], &name));
        let lines: Vec<&str> = tree.lines().collect();
        for line in [ODD, "docs/", "link@", "run.sh", "Case.txt", "case.txt"] {
            assert!(lines.contains(&line), "{line} in {tree}");
        }
        assert!(
            lines.iter().any(|line| line.starts_with("vendor/lib (submodule")),
            "{tree}"
        );
        let flat = text(
            &alone,
            &with(&["content", "tree", "acme/tools", "--no-recursive"], &name),
        );
        assert!(flat.contains("docs/\n") && !flat.contains(ODD), "{flat}");
        let first = json(&alone, &with(&["content", "tree", "acme/tools", "--limit", "2"], &name));
        assert_eq!(
            (&first["truncated"], first["entries"].as_array().unwrap().len()),
            (&true.into(), 2)
        );
        let cursor = first["next"].as_str().unwrap();
        let rest = with(&["content", "tree", "acme/tools", "--cursor", cursor], &name);
        assert_eq!(text(&alone, &rest).lines().count(), lines.len() - 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_are_chosen_by_days_of_a_time_zone() {
    let forges = Forges::start().await;
    let (served, _server) = forges.served();
    let alone = forges.alone();
    for name in forges.names() {
        for world in [&served, &alone] {
            let count = |more: &[&str]| {
                let command = with(&["content", "commits", "acme/tools"], &name);
                let list = json(world, &[&command, more].concat());
                let commits = list["commits"].as_array().unwrap();
                let everything = |commit: &&Value| commit["message"].as_str().unwrap().starts_with("Add everything");
                commits.iter().filter(everything).count()
            };
            assert_eq!(count(&[]), 1);
            assert_eq!(
                count(&["--since", "2026-11-21", "--until", "2026-11-21"]),
                1,
                "{name:?}"
            );
            // 23:30 in UTC is the next day in Berlin
            let berlin = ["--timezone", "Europe/Berlin"];
            assert_eq!(
                count(&[&["--since", "2026-11-22", "--until", "2026-11-22"][..], &berlin].concat()),
                1
            );
            assert_eq!(count(&[&["--until", "2026-11-21"][..], &berlin].concat()), 0);
            assert_eq!(count(&["--path", ODD]), 1);
        }
    }
    let shown = text(&alone, &["content", "commits", "acme/tools"]);
    assert!(shown.contains("Add everything") && shown.contains("Ada"), "{shown}");
    refused(
        &alone,
        &["content", "commits", "acme/tools", "--since", "yesterday"],
        "request.invalid",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_of_a_page_is_enough() {
    let forges = Forges::start().await;
    let github = forges.github.github();
    github.add_branch("acme", "tools", "feature/x").unwrap();
    let (served, _server) = forges.served();
    let alone = forges.alone();
    let odd = "docs/what%3F%20100%25%20%231%20'%C3%A9%22%20&%20b+c.md";
    let [at_github, at_gitlab, at_bitbucket] = forges.urls();
    for page in [
        format!("{at_github}/acme/tools/blob/main/{odd}"),
        format!("{at_github}/acme/tools/blob/feature/x/{odd}"),
        format!("{at_gitlab}/acme/tools/-/blob/main/{odd}?ref_type=heads"),
        format!("{at_bitbucket}/acme/tools/src/main/{odd}"),
    ] {
        for world in [&served, &alone] {
            assert_eq!(text(world, &["content", "cat", &page]), "übel\n", "{page}");
        }
    }
    let page = format!("{at_github}/acme/tools/blob/no/such/branch/a.rs");
    let told = refused(&alone, &["content", "cat", &page], "content.ref_not_found");
    assert!(told.contains("--ref") && told.contains("`no/such`"), "{told}");
}
