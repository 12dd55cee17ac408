//! `/repo/{owner}/{repo}/…` as clients of today's API call it, and what the tool of today gets wrong.

use std::process::Command;

use jeton_forge_sim::{CommitSpec, FaultKind, FaultRule};
use jeton_testkit::NodeOptions;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use crate::{
    content_reading::reader,
    content_world::{Got, World, encode, fixtures},
};

async fn get(w: &World, rest: &str) -> Got {
    w.send_as(None, Method::GET, &format!("/repo/acme/tools/{rest}"), &[])
        .await
}

fn with_slashes(path: &str) -> String {
    path.split('/').map(encode).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_is_whole_whatever_its_size_and_characters() {
    let w = World::start().await;
    for file in fixtures() {
        for path in [encode(file.path), with_slashes(file.path)] {
            let got = get(&w, &format!("file/{path}/content")).await;
            let Some(text) = file.text() else {
                assert_eq!((got.status, got.code().as_str()), (422, "content.not_text"), "{path}");
                continue;
            };
            assert_eq!(got.status, 200, "{path}: {}", String::from_utf8_lossy(&got.bytes));
            assert_eq!(got.header("content-type"), "application/json");
            assert!(got.json() == json!({"content": text}), "{path}: another text");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_count_from_zero_and_the_last_one_counts() {
    let w = World::start().await;
    for file in fixtures() {
        let path = encode(file.path);
        let count = get(&w, &format!("file/{path}/max-lines")).await;
        assert_eq!(count.status, 200, "{path}");
        if file.text().is_none() {
            continue;
        }
        let lines = file.lines();
        assert_eq!(count.json(), json!({"max_lines": lines.len()}), "{path}");
        // all of them, and more than there are
        let all = get(
            &w,
            &format!("file/{path}/lines?start_line=0&end_line={}", lines.len() + 5),
        )
        .await;
        assert_eq!(all.status, 200, "{path}");
        assert!(
            all.json() == json!({"lines": lines, "max_lines": lines.len()}),
            "{path}: other lines"
        );
    }
    let ask = async |path: &str, from: &str, to: &str| {
        get(&w, &format!("file/{path}/lines?start_line={from}&end_line={to}")).await
    };
    let some = ask("numbered.txt", "100", "200").await.json();
    assert_eq!(some["lines"].as_array().unwrap().len(), 100);
    assert_eq!(
        (&some["lines"][0], &some["max_lines"]),
        (&json!("line 101 é"), &json!(20_000))
    );
    assert_eq!(
        ask("no%20newline.txt", "2", "3").await.json()["lines"],
        json!(["three"])
    );
    assert_eq!(
        ask("README.md", "1", "1").await.json(),
        json!({"lines": [], "max_lines": 1})
    );
    for (from, to, status) in [
        ("2", "3", 416),
        ("1", "0", 416),
        ("-1", "2", 400),
        ("0", "-2", 400),
        ("a", "2", 400),
    ] {
        let got = ask("README.md", from, to).await;
        assert_eq!(got.status, status, "{from} {to}: {}", got.json());
        assert_eq!(got.header("content-type"), "application/problem+json");
    }
    for query in ["", "?start_line=0", "?end_line=1"] {
        assert_eq!(
            get(&w, &format!("file/README.md/lines{query}")).await.status,
            400,
            "{query}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_has_the_lines_of_the_file_that_it_leads_to() {
    let w = World::start().await;
    let got = get(&w, "file/link/content").await;
    assert_eq!((got.status, got.json()), (200, json!({"content": "# 日本語\n"})));
    let lines = get(&w, "file/link/lines?start_line=0&end_line=9").await;
    assert_eq!(lines.json(), json!({"lines": ["# 日本語"], "max_lines": 1}));
    assert_eq!(get(&w, "file/link/max-lines").await.json(), json!({"max_lines": 1}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_text_has_one_validator_whoever_read_it() {
    let w = World::start().await;
    let github = w.t.sim.github();
    github.add_repository("acme", "open", false).unwrap();
    github.commit_file("acme", "open", "a.txt", "for all\n").unwrap();
    let app = reader(&w.t, "by-app", "acme/*", &["app:ci"]).await;
    let nobody = reader(&w.t, "by-nobody", "acme/*", &["anonymous"]).await;
    let ask = async |key: &str, path: &str| {
        let got = w.send_as(Some(key), Method::GET, path, &[]).await;
        assert_eq!(got.status, 200, "{path}: {}", got.json());
        got
    };
    let native = format!("/v1/content/{}/acme/open/file?path=a.txt", w.host());
    let sources = [ask(&app, &native).await, ask(&nobody, &native).await];
    assert_eq!(
        [&sources[0].json()["source"], &sources[1].json()["source"]],
        ["app:ci", "anonymous"]
    );
    assert_ne!(sources[0].header("etag"), sources[1].header("etag"));
    let compatible = "/repo/acme/open/file/a.txt/content";
    let one = ask(&app, compatible).await;
    let other = ask(&nobody, compatible).await;
    assert_eq!(one.bytes, other.bytes);
    assert_eq!(one.header("etag"), other.header("etag"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_caller_has_is_told_without_a_byte_of_the_file() {
    let mut options = NodeOptions::default();
    // Files are kept nowhere, and each is brought anew.
    options.content.blobs.memory_bytes = 0;
    options.content.blobs.largest_in_memory = 1 << 24;
    let w = World::start_with(options).await;
    let routes = [
        w.route("file", &[("path", "large.txt")]),
        w.route("lines", &[("path", "large.txt"), ("end_line", "3")]),
        w.route("max-lines", &[("path", "large.txt")]),
        "/repo/acme/tools/file/large.txt/content".to_owned(),
        "/repo/acme/tools/file/large.txt/lines?start_line=0&end_line=3".to_owned(),
        "/repo/acme/tools/file/large.txt/max-lines".to_owned(),
    ];
    let mut marks = Vec::new();
    for route in &routes {
        let got = w.get(route).await;
        assert_eq!(got.status, 200, "{route}: {}", String::from_utf8_lossy(&got.bytes));
        marks.push((route, got.header("etag").to_owned()));
    }
    // Nothing that was prepared is given any more before the branch was looked at.
    w.t.clock.advance(SignedDuration::from_secs(6));
    let broken = FaultRule::new(FaultKind::BadGateway).on("GET /repos/{owner}/{repo}/git/blobs/{sha}");
    w.t.sim.faults().add(broken);
    for (route, mark) in &marks {
        let got = w.send(Method::GET, route, &[("if-none-match", mark)]).await;
        assert_eq!((got.status, got.header("etag")), (304, mark.as_str()), "{route}");
    }
    let (route, _) = marks[0];
    let other = w.send(Method::GET, route, &[("if-none-match", "\"other\"")]).await;
    assert!((502..=504).contains(&other.status), "{}", other.status);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_lists_every_file_and_nothing_else() {
    let w = World::start().await;
    let got = get(&w, "tree").await;
    assert_eq!(got.status, 200, "{}", got.json());
    let mut paths: Vec<String> = serde_json::from_value(got.json()["file_paths"].clone()).unwrap();
    paths.sort_unstable();
    let mut wanted: Vec<_> = fixtures().iter().map(|file| file.path.to_owned()).collect();
    wanted.extend(["run.sh", "link", "broken"].map(str::to_owned));
    wanted.sort_unstable();
    assert_eq!(paths, wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_default_branch_need_not_be_main() {
    let w = World::start().await;
    let github = w.t.sim.github();
    github.add_empty_repository("acme", "old", true).unwrap();
    let spec = CommitSpec::new("Begin").branch("master").file("a.txt", "a");
    let commit = github.commit("acme", "old", &spec).unwrap();
    github.set_default_branch("acme", "old", "master").unwrap();
    let of = async |rest: &str| {
        w.send_as(None, Method::GET, &format!("/repo/acme/old/{rest}"), &[])
            .await
    };
    for rest in [
        "tree".to_owned(),
        "tree?ref=master".to_owned(),
        format!("tree?ref={commit}"),
        "tree?ref=".to_owned(),
        "file/a.txt/content".to_owned(),
        "file/a.txt/max-lines".to_owned(),
        "commits".to_owned(),
    ] {
        let got = of(&rest).await;
        assert_eq!(got.status, 200, "{rest}: {}", got.json());
    }
    assert_eq!(of("tree?ref=main").await.code(), "content.ref_not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_span_of_days_is_looked_for_on_every_page() {
    let w = World::start().await;
    let github = w.t.sim.github();
    github.add_empty_repository("acme", "dated", true).unwrap();
    for day in 1..=30 {
        let time = format!("2025-10-{day:02}T12:00:00Z").parse().unwrap();
        let spec = CommitSpec::new(format!("day {day}"))
            .file("a.txt", day.to_string())
            .at(time, 0);
        github.commit("acme", "dated", &spec).unwrap();
    }
    let of = async |query: &str| {
        w.send_as(None, Method::GET, &format!("/repo/acme/dated/commits{query}"), &[])
            .await
    };
    let page = of("").await.json();
    assert_eq!(page["commits"].as_array().unwrap().len(), 20);
    assert_eq!(page["commits"][0]["committedDate"], "2025-10-30T12:00:00Z");
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    let next = page["pageInfo"]["endCursor"].as_str().unwrap();
    let rest = of(&format!("?cursor={}", encode(next))).await.json();
    assert_eq!(rest["commits"].as_array().unwrap().len(), 10);
    assert_eq!(rest["pageInfo"]["hasNextPage"], false);
    // far behind the first page, and the last day is in
    let early = of("?start_date=2025-10-03&end_date=2025-10-05").await.json();
    let messages: Vec<_> = early["commits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["message"].as_str().unwrap().trim())
        .collect();
    assert_eq!(messages, ["day 5", "day 4", "day 3"]);
    assert_eq!(early["pageInfo"]["hasNextPage"], false);
    // a time is in, as it is for GitHub
    let noon = "2025-10-05T12:00:00Z";
    for (query, days) in [
        (format!("start_date=2025-10-04&end_date={noon}"), vec!["day 5", "day 4"]),
        (format!("start_date={noon}&end_date={noon}"), vec!["day 5"]),
        (
            "start_date=2025-10-04&end_date=2025-10-05T11:59:59Z".to_owned(),
            vec!["day 4"],
        ),
    ] {
        let page = of(&format!("?{query}")).await.json();
        let found = page["commits"].as_array().unwrap().iter();
        let found: Vec<_> = found.map(|one| one["message"].as_str().unwrap().trim()).collect();
        assert_eq!(found, days, "{query}");
    }
    for bad in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "start_date=soon",
        "end_date=2025-13-01",
        "cursor=x",
    ] {
        let got = of(&format!("?{bad}")).await;
        assert_eq!(got.status, 400, "{bad}: {}", got.json());
        assert_eq!(got.header("content-type"), "application/problem+json");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callers_mistake_is_never_a_mistake_of_ours() {
    let w = World::start().await;
    for (path, status, code) in [
        ("/repo/acme/nothing/tree", 404, "content.repository_not_found"),
        ("/repo/acme/nothing/commits", 404, "content.repository_not_found"),
        ("/repo/acme/tools/file/odd/content", 422, "content.is_directory"),
        (
            "/repo/acme/tools/file/nothing.txt/content",
            404,
            "content.path_not_found",
        ),
        ("/repo/acme/tools/file/vendor/lib/content", 422, "content.is_submodule"),
        ("/repo/acme/tools/file/a%2F..%2Fb/content", 400, "request.invalid"),
        ("/repo/acme/tools/file/%FF/content", 400, "request.invalid"),
        ("/repo/acme/tools/tree?ref=a..b", 400, "request.invalid"),
    ] {
        let got = w.send_as(None, Method::GET, path, &[]).await;
        let told = got.json();
        assert_eq!(
            (got.status, told["code"].as_str().unwrap()),
            (status, code),
            "{path}: {told}"
        );
        assert_eq!(got.header("content-type"), "application/problem+json");
    }
    for path in [
        "/repo/acme/tools/file/README.md",
        "/repo/acme/tools",
        "/repo/acme/tools/file/README.md/other",
    ] {
        assert_eq!(w.send_as(None, Method::GET, path, &[]).await.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_in_particular_reads_only_where_the_operator_says_so() {
    let options = NodeOptions {
        anonymous: false,
        ..NodeOptions::default()
    };
    let w = World::start_with(options).await;
    let got = get(&w, "tree").await;
    assert_eq!((got.status, got.code().as_str()), (401, "auth.missing"));
    assert!(got.header("www-authenticate").starts_with("Basic"));
    assert_eq!(
        w.get("/repo/acme/tools/tree").await.status,
        200,
        "with the operator's key"
    );
    let w = World::start().await;
    let page = [("origin", "https://evil.example")];
    let from_page = w.send_as(None, Method::GET, "/repo/acme/tools/tree", &page).await;
    assert_eq!(from_page.status, 403);
    assert_eq!(from_page.header("content-type"), "application/problem+json");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_in_particular_reads_from_this_machine_alone() {
    // No policy was added: the one that comes with `[compat] anonymous` lets them.
    let w = World::start().await;
    let routes = ["tree", "commits", "file/README.md/content", "file/README.md/max-lines"];
    for route in routes.map(|rest| format!("/repo/acme/tools/{rest}")) {
        for _ in 0..2 {
            assert_eq!(w.send_as(None, Method::GET, &route, &[]).await.status, 200, "{route}");
            for proxy in [
                ("x-forwarded-for", "203.0.113.9"),
                ("forwarded", "for=203.0.113.9"),
                ("via", "1.1 proxy"),
            ] {
                let elsewhere = w.send_as(None, Method::GET, &route, &[proxy]).await;
                assert_eq!(
                    (elsewhere.status, elsewhere.code().as_str()),
                    (401, "auth.missing"),
                    "{route} {proxy:?}"
                );
                assert_eq!(elsewhere.header("content-type"), "application/problem+json");
            }
            let renamed = w.send_as(None, Method::GET, &route, &[("host", "evil.example")]).await;
            assert_eq!(renamed.status, 403, "{route}");
        }
    }
    let native = w.route("file", &[("path", "README.md")]);
    assert_eq!(
        w.send_as(None, Method::GET, &native, &[]).await.status,
        401,
        "native routes have no such callers"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_compatible_routes_can_be_switched_off() {
    let options = NodeOptions {
        compat_content: false,
        ..NodeOptions::default()
    };
    let w = World::start_with(options).await;
    assert_eq!(get(&w, "tree").await.status, 404);
    assert_eq!(w.ask("tree", &[]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_are_welcome() {
    let w = World::start().await;
    let got = w.send_as(None, Method::GET, "/", &[]).await;
    assert!(
        got.json()["message"].as_str().unwrap().starts_with("Welcome to "),
        "{}",
        got.json()
    );
    let page = w.send_as(None, Method::GET, "/", &[("accept", "text/html")]).await;
    assert!(page.header("content-type").starts_with("text/html"));
}

/// The forge's own git is asked, so that the fixtures are what they seem to be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bytes_are_those_of_git_show() {
    let w = World::start().await;
    let clone = tempfile::tempdir().unwrap();
    let token = w.t.issue("acme/tools").await["token"].as_str().unwrap().to_owned();
    let url =
        w.t.sim
            .web_url()
            .replace("http://", &format!("http://x-access-token:{token}@"))
            + "/acme/tools.git";
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .current_dir(clone.path())
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    git(&["clone", "--quiet", "--bare", &url, "."]);
    for file in fixtures() {
        let shown = git(&["show", &format!("{}:{}", w.commit, file.path)]);
        let raw = w.ask("raw", &[("path", file.path), ("ref", &w.commit)]).await;
        assert!(raw.bytes == shown, "{}", file.path);
    }
}
