//! `/v1/content/…` against the simulated forge: bytes, lines, trees, history, conditions and mistakes.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jeton_forge_sim::CommitSpec;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::content_world::{SUBMODULE, World, encode, fixtures};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_file_is_given_byte_for_byte() {
    let w = World::start().await;
    for file in fixtures() {
        let raw = w.ask("raw", &[("path", file.path)]).await;
        assert_eq!(
            raw.status,
            200,
            "{}: {}",
            file.path,
            String::from_utf8_lossy(&raw.bytes)
        );
        assert!(raw.bytes == file.bytes, "{}: other bytes", file.path);
        assert_eq!(raw.header("content-length"), file.bytes.len().to_string());
        assert_eq!(raw.header("x-content-type-options"), "nosniff");
        assert!(raw.header("content-disposition").starts_with("attachment; filename=\""));
        assert!(
            !raw.header("content-type").contains("html"),
            "{}",
            raw.header("content-type")
        );
        assert!(raw.header("content-security-policy").contains("sandbox"));
        let (mut joined, mut offset, mut pieces) = (Vec::new(), 0, 0);
        loop {
            let part = w
                .ask("file", &[("path", file.path), ("offset", &offset.to_string())])
                .await;
            assert_eq!(
                part.status,
                200,
                "{}: {}",
                file.path,
                String::from_utf8_lossy(&part.bytes)
            );
            let part = part.json();
            assert_eq!(part["offset"], offset);
            let content = part["content"].as_str().unwrap();
            let bytes = match part["encoding"].as_str().unwrap() {
                "utf-8" => content.as_bytes().to_vec(),
                "base64" => BASE64_STANDARD.decode(content).unwrap(),
                other => panic!("{other}"),
            };
            assert_eq!(part["encoding"] == "utf-8", file.text().is_some(), "{}", file.path);
            assert_eq!(part["size"], file.bytes.len());
            joined.extend(bytes);
            pieces += 1;
            let Some(next) = part["next"].as_u64() else {
                assert_eq!(part["truncated"], false);
                break;
            };
            assert_eq!(part["truncated"], true);
            assert!(
                next > offset && next - offset <= 50_000,
                "{}: {offset} to {next}",
                file.path
            );
            offset = next;
        }
        assert!(joined == file.bytes, "{}: other bytes in pieces", file.path);
        assert_eq!(
            pieces > 1,
            file.bytes.len() > 1024 * 1024,
            "{}: {pieces} pieces",
            file.path
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pieces_of_any_length_split_no_character() {
    let w = World::start().await;
    let shifted = "x".to_owned() + &"😀".repeat(30_000);
    for limit in [4, 5, 6, 7, 50_000] {
        let (mut joined, mut offset) = (String::new(), 0);
        while joined.len() < shifted.len().min(30 * limit) {
            let query = [
                ("path", "shifted.txt"),
                ("offset", &offset.to_string()),
                ("limit", &limit.to_string()),
            ];
            let part = w.ask("file", &query).await.json();
            let content = part["content"].as_str().unwrap();
            assert!(!content.is_empty() && content.len() <= limit, "{limit}: {content}");
            joined.push_str(content);
            offset = joined.len();
        }
        assert!(shifted.starts_with(&joined), "{limit}");
    }
    let inside = w.ask("file", &[("path", "shifted.txt"), ("offset", "3")]).await;
    assert_eq!((inside.status, inside.code().as_str()), (416, "content.bad_range"));
    assert!(
        inside.json()["detail"].as_str().unwrap().contains("begins at 1"),
        "{}",
        inside.json()
    );
    let beyond = w.ask("file", &[("path", "README.md"), ("offset", "9")]).await;
    assert_eq!((beyond.status, beyond.code().as_str()), (416, "content.bad_range"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_file_is_is_told() {
    let w = World::start().await;
    for (path, charset, binary, ends, lines) in [
        ("README.md", "utf-8", false, "lf", 1),
        ("empty.txt", "utf-8", false, "none", 0),
        ("no newline.txt", "utf-8", false, "lf", 3),
        ("crlf.txt", "utf-8", false, "crlf", 4),
        ("bom.txt", "utf-8-bom", false, "lf", 1),
        ("latin1.txt", "8-bit", false, "lf", 1),
        ("utf16.txt", "utf-16", true, "lf", 2),
    ] {
        let facts = w.ask("max-lines", &[("path", path)]).await.json();
        assert_eq!(
            (&facts["charset"], &facts["binary"], &facts["max_lines"]),
            (&json!(charset), &json!(binary), &json!(lines)),
            "{path}: {facts}"
        );
        if !binary {
            assert_eq!(facts["line_endings"], ends, "{path}");
        }
        assert_eq!(
            (&facts["commit"], &facts["source"]),
            (&json!(w.commit), &json!("app:ci"))
        );
    }
    for file in fixtures().iter().filter(|file| file.text().is_some()) {
        let facts = w.ask("max-lines", &[("path", file.path)]).await.json();
        assert_eq!(facts["max_lines"], file.lines().len(), "{}", file.path);
    }
    let lfs = w.ask("max-lines", &[("path", "pointer.bin")]).await.json();
    assert_eq!(lfs["lfs"]["size"], 12_345);
    assert_eq!(lfs["lfs"]["oid"], format!("sha256:{}", "4d7a2146".repeat(8)));
    let linked = w.ask("file", &[("path", "link")]).await.json();
    assert_eq!(
        (&linked["content"], &linked["link"]),
        (&json!("# 日本語\n"), &json!("link"))
    );
    assert_eq!(linked["path"], "dir with space/ünï/日本語.md");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_are_those_of_git() {
    let w = World::start().await;
    let lines = async |path: &str, from: u64, to: u64| {
        let (from, to) = (from.to_string(), to.to_string());
        w.ask("lines", &[("path", path), ("start_line", &from), ("end_line", &to)])
            .await
    };
    for file in fixtures().iter().filter(|file| file.text().is_some()) {
        let all = file.lines();
        let got = w.ask("lines", &[("path", file.path)]).await;
        assert_eq!(got.status, 200, "{}: {}", file.path, got.json());
        let got = got.json();
        let given: Vec<String> = serde_json::from_value(got["lines"].clone()).unwrap();
        assert!(
            all.starts_with(&given.iter().map(String::as_str).collect::<Vec<_>>()),
            "{}",
            file.path
        );
        assert_eq!(got["truncated"], given.len() < all.len(), "{}", file.path);
        if given.len() < all.len() {
            assert_eq!(got["next"], given.len() + 1);
        }
    }
    let some = lines("numbered.txt", 100, 200).await.json();
    assert_eq!((&some["start_line"], &some["end_line"]), (&json!(100), &json!(200)));
    assert_eq!(some["lines"].as_array().unwrap().len(), 101);
    assert_eq!(
        (&some["lines"][0], &some["lines"][100]),
        (&json!("line 100 é"), &json!("line 200 é"))
    );
    assert_eq!(
        lines("numbered.txt", 20_000, 99_999).await.json()["lines"],
        json!(["line 20000 é"])
    );
    assert_eq!(lines("no newline.txt", 3, 3).await.json()["lines"], json!(["three"]));
    assert_eq!(lines("crlf.txt", 2, 3).await.json()["lines"], json!(["two", ""]));
    for (path, from, to) in [("README.md", 2, 2), ("README.md", 0, 1), ("numbered.txt", 5, 4)] {
        let got = lines(path, from, to).await;
        assert_eq!(
            (got.status, got.code().as_str()),
            (416, "content.bad_range"),
            "{path} {from} {to}"
        );
    }
    for path in ["latin1.txt", "all bytes.bin", "utf16.txt"] {
        let got = lines(path, 1, 1).await;
        assert_eq!((got.status, got.code().as_str()), (422, "content.not_text"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_names_everything_as_it_is() {
    let w = World::start().await;
    let tree = w.ask("tree", &[]).await;
    assert_eq!(tree.status, 200, "{}", tree.json());
    let tree = tree.json();
    let kind = |path: &str| {
        let entry = tree["entries"]
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["path"] == path);
        entry.map(|entry| entry["kind"].as_str().unwrap().to_owned())
    };
    for file in fixtures() {
        assert_eq!(kind(file.path).as_deref(), Some("file"), "{}", file.path);
    }
    assert_eq!(kind("run.sh").as_deref(), Some("executable"));
    assert_eq!(kind("link").as_deref(), Some("symlink"));
    assert_eq!(kind("vendor/lib").as_deref(), Some("submodule"));
    assert_eq!(kind("vendor").as_deref(), Some("directory"));
    let submodule = tree["entries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["path"] == "vendor/lib");
    assert_eq!(submodule.unwrap()["id"], SUBMODULE);
    // page by page the same
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut query = vec![("limit", "7")];
        if !cursor.is_empty() {
            query.push(("cursor", &cursor));
        }
        let page = w.ask("tree", &query).await.json();
        let found = page["entries"].as_array().unwrap();
        assert!(found.len() <= 7);
        entries.extend(found.clone());
        let Some(next) = page["next"].as_str().map(str::to_owned) else {
            break;
        };
        cursor = next;
    }
    assert_eq!(json!(entries), tree["entries"]);
    let below = w.ask("tree", &[("path", "odd"), ("recursive", "false")]).await.json();
    let paths: Vec<&str> = below["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["path"].as_str().unwrap())
        .collect();
    assert!(
        paths.contains(&"odd/lines") && !paths.contains(&"odd/lines/content"),
        "{paths:?}"
    );
    for bad in ["0", "10001", "-1", "x"] {
        assert_eq!(w.ask("tree", &[("limit", bad)]).await.status, 400, "{bad}");
    }
    assert_eq!(
        w.ask("tree", &[("cursor", "made up")]).await.code(),
        "content.bad_cursor"
    );
    assert_eq!(w.ask("tree", &[("path", "README.md")]).await.code(), "content.is_file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_the_bytes_can_be_had() {
    let w = World::start().await;
    for path in ["numbered.txt", "large.txt"] {
        let bytes = fixtures().into_iter().find(|file| file.path == path).unwrap().bytes;
        let size = bytes.len();
        let route = w.route("raw", &[("path", path)]);
        for (range, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=10-99999", 10..100_000),
            ("bytes=-7", size - 7..size),
            ("bytes=65530-65545", 65_530..65_546),
        ] {
            let got = w.send(Method::GET, &route, &[("range", range)]).await;
            assert_eq!(got.status, 206, "{path} {range}");
            assert!(got.bytes == bytes[part.clone()], "{path} {range}: other bytes");
            assert_eq!(
                got.header("content-range"),
                format!("bytes {}-{}/{size}", part.start, part.end - 1)
            );
        }
        let outside = w
            .send(Method::GET, &route, &[("range", &format!("bytes={size}-"))])
            .await;
        assert_eq!((outside.status, outside.code().as_str()), (416, "content.bad_range"));
        assert_eq!(outside.header("content-range"), format!("bytes */{size}"));
        let head = w.send(Method::HEAD, &route, &[]).await;
        assert_eq!((head.status, head.bytes.len()), (200, 0));
        assert_eq!(
            (head.header("content-length"), head.header("accept-ranges")),
            (size.to_string().as_str(), "bytes")
        );
        let etag = head.header("etag").to_owned();
        let same = w
            .send(Method::GET, &route, &[("range", "bytes=0-0"), ("if-range", &etag)])
            .await;
        assert_eq!((same.status, same.bytes.len()), (206, 1));
        let other = w
            .send(
                Method::GET,
                &route,
                &[("range", "bytes=0-0"), ("if-range", "\"other\"")],
            )
            .await;
        assert_eq!((other.status, other.bytes.len()), (200, size));
        let known = w
            .send(Method::GET, &route, &[("if-none-match", &etag), ("range", "bytes=0-0")])
            .await;
        assert_eq!((known.status, known.bytes.len()), (304, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_caller_has_is_not_sent_again() {
    let w = World::start().await;
    for (operation, query) in [
        ("tree", vec![]),
        ("file", vec![("path", "README.md")]),
        ("lines", vec![("path", "README.md")]),
        ("max-lines", vec![("path", "README.md")]),
        ("raw", vec![("path", "README.md")]),
        ("commits", vec![]),
    ] {
        let route = w.route(operation, &query);
        let first = w.get(&route).await;
        assert_eq!(
            first.status,
            200,
            "{operation}: {}",
            String::from_utf8_lossy(&first.bytes)
        );
        let etag = first.header("etag");
        assert!(etag.starts_with('"') && etag.ends_with('"'), "{operation}: {etag}");
        assert_eq!(first.header("cache-control"), "private, no-cache", "{operation}");
        assert_eq!(first.header("jeton-commit"), w.commit, "{operation}");
        let again = w
            .send(Method::GET, &route, &[("if-none-match", &format!("\"x\", W/{etag}"))])
            .await;
        assert_eq!((again.status, again.bytes.len()), (304, 0), "{operation}");
        assert_eq!(again.header("etag"), etag);
        let mut pinned = query.clone();
        pinned.push(("ref", &w.commit));
        let pinned = w.ask(operation, &pinned).await;
        assert_eq!(pinned.header("cache-control"), "private, max-age=300", "{operation}");
    }
    let of = async |query: &[(&str, &str)]| w.ask("file", query).await.header("etag").to_owned();
    let whole = of(&[("path", "README.md")]).await;
    assert_ne!(whole, of(&[("path", "README.md"), ("limit", "3")]).await);
    assert_ne!(whole, of(&[("path", "crlf.txt")]).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_that_moves_is_seen_in_time_and_at_once_when_asked() {
    let w = World::start().await;
    let route = w.route("file", &[("path", "README.md")]);
    assert_eq!(w.get(&route).await.json()["content"], "# Tools\n");
    let moved = CommitSpec::new("Move on").file("README.md", "# New\n");
    w.t.sim.github().commit("acme", "tools", &moved).unwrap();
    assert_eq!(
        w.get(&route).await.json()["content"],
        "# Tools\n",
        "within five seconds nobody asks"
    );
    let anew = w.send(Method::GET, &route, &[("cache-control", "no-cache")]).await;
    assert_eq!(anew.json()["content"], "# New\n");
    let again = CommitSpec::new("Move on").file("README.md", "# Newer\n");
    w.t.sim.github().commit("acme", "tools", &again).unwrap();
    w.t.clock.advance(SignedDuration::from_secs(6));
    assert_eq!(w.get(&route).await.json()["content"], "# Newer\n");
    let pinned = w.ask("file", &[("path", "README.md"), ("ref", &w.commit)]).await;
    assert_eq!(pinned.json()["content"], "# Tools\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_is_filtered_where_it_lies() {
    let w = World::start().await;
    w.t.sim.github().add_repository("acme", "dated", true).unwrap();
    let at = |text: &str| text.parse().unwrap();
    for (message, time, offset) in [
        ("first", "2025-10-08T23:30:00Z", 0),
        ("second", "2025-10-09T10:00:00Z", 120),
        ("third", "2025-10-09T23:30:00Z", 0),
        ("fourth", "2025-10-10T08:00:00Z", -480),
    ] {
        let spec = CommitSpec::new(message).file("a.txt", message).at(at(time), offset);
        w.t.sim.github().commit("acme", "dated", &spec).unwrap();
    }
    let messages = |page: &Value| {
        let commits = page["commits"].as_array().unwrap().iter();
        commits
            .map(|commit| commit["message"].as_str().unwrap().trim().to_owned())
            .collect::<Vec<_>>()
    };
    let ask = async |query: &[(&str, &str)]| {
        let query: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        let path = format!(
            "/v1/content/{}/acme/dated/commits?path=a.txt&{}",
            w.host(),
            query.join("&")
        );
        let got = w.get(&path).await;
        assert_eq!(got.status, 200, "{}", got.json());
        got.json()
    };
    let day = "2025-10-09";
    assert_eq!(
        messages(&ask(&[("since", day), ("until", day)]).await),
        ["third", "second"]
    );
    let berlin = ask(&[("since", day), ("until", day), ("timezone", "Europe/Berlin")]).await;
    assert_eq!(messages(&berlin), ["second", "first"]);
    let offset = ask(&[("since", day), ("until", day), ("timezone", "-08:00")]).await;
    assert_eq!(messages(&offset), ["third", "second"]);
    // a time is in, and one second is a span
    let noon = "2025-10-09T12:00:00+02:00";
    assert_eq!(messages(&ask(&[("until", noon)]).await), ["second", "first"]);
    assert_eq!(messages(&ask(&[("since", noon), ("until", noon)]).await), ["second"]);
    let before = ask(&[("until", "2025-10-09T11:59:59+02:00")]).await;
    assert_eq!(messages(&before), ["first"]);
    // GitHub's API gives all dates in UTC.
    assert_eq!(berlin["commits"][0]["committer"]["date"], "2025-10-09T10:00:00Z");
    // a cursor stays good when new commits are made
    let first = ask(&[("limit", "2")]).await;
    assert_eq!(messages(&first), ["fourth", "third"]);
    let new = CommitSpec::new("fifth")
        .file("a.txt", "fifth")
        .at(at("2025-10-11T08:00:00Z"), 0);
    w.t.sim.github().commit("acme", "dated", &new).unwrap();
    w.t.clock.advance(SignedDuration::from_secs(6));
    let second = ask(&[("limit", "2"), ("cursor", first["next"].as_str().unwrap())]).await;
    assert_eq!(messages(&second), ["second", "first"]);
    for bad in [
        ("since", "yesterday"),
        ("timezone", "Mars/Olympus"),
        ("limit", "101"),
        ("cursor", "x"),
    ] {
        let got = w
            .ask("commits", &[("since", day), bad][usize::from(bad.0 == "since")..])
            .await;
        assert_eq!(got.status, 400, "{bad:?}: {}", got.json());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistake_is_told_with_what_to_do() {
    let w = World::start().await;
    let github = w.t.sim.github();
    github.add_branch("acme", "tools", "both").unwrap();
    github.tag("acme", "tools", "both", &w.commit, None).unwrap();
    github
        .commit("acme", "tools", &CommitSpec::new("Two").branch("both").file("b", "b"))
        .unwrap();
    github.add_empty_repository("acme", "empty", true).unwrap();
    let place = |rest: &str| format!("/v1/content/{}/{rest}", w.host());
    for (path, status, code) in [
        (w.route("file", &[("path", "readme.md")]), 404, "content.path_not_found"),
        (w.route("file", &[("path", "odd")]), 422, "content.is_directory"),
        (w.route("raw", &[("path", "odd")]), 422, "content.is_directory"),
        (w.route("file", &[("path", "vendor/lib")]), 422, "content.is_submodule"),
        (w.route("file", &[("path", "broken")]), 422, "content.link_broken"),
        (
            w.route("file", &[("path", "README.md"), ("ref", "no-such")]),
            404,
            "content.ref_not_found",
        ),
        (
            w.route("file", &[("path", "README.md"), ("ref", "both")]),
            409,
            "content.ref_ambiguous",
        ),
        (
            w.route("file", &[("path", "README.md"), ("ref", "HEAD~1")]),
            400,
            "request.invalid",
        ),
        (w.route("file", &[("path", "../README.md")]), 400, "request.invalid"),
        (w.route("file", &[]), 400, "request.invalid"),
        (
            w.route("file", &[("path", "README.md"), ("line", "1")]),
            400,
            "request.invalid",
        ),
        (
            w.route("file", &[("path", "README.md"), ("limit", "0")]),
            400,
            "request.invalid",
        ),
        (w.route("tree", &[("path", "no/such")]), 404, "content.path_not_found"),
        (place("acme/no-such/tree"), 404, "content.repository_not_found"),
        (place("acme/empty/tree"), 409, "content.repository_empty"),
        (
            "/v1/content/forge.invalid/acme/tools/tree".to_owned(),
            404,
            "account.none",
        ),
        (place("acme/tools/no-such"), 404, "request.no_such_route"),
    ] {
        let got = w.get(&path).await;
        let told = got.json();
        if code != "request.no_such_route" {
            assert_eq!(
                (got.status, told["code"].as_str().unwrap()),
                (status, code),
                "{path}: {told}"
            );
        }
        assert_eq!(got.status, status, "{path}");
        assert_eq!(got.header("content-type"), "application/problem+json");
        assert!(
            told["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()),
            "{told}"
        );
    }
    let similar = w.ask("file", &[("path", "readme.md")]).await.json();
    assert!(similar["remedy"].as_str().unwrap().contains("`README.md`"), "{similar}");
    for name in ["refs/heads/both", "refs/tags/both"] {
        assert_eq!(
            w.ask("file", &[("path", "README.md"), ("ref", name)]).await.status,
            200,
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_whom_a_policy_lets_reads() {
    let w = World::start().await;
    w.t.sim.github().add_repository("acme", "other", true).unwrap();
    let key = w.t.client("reader").await;
    let route = w.route("file", &[("path", "README.md")]);
    assert_eq!(w.get(&route).await.status, 200, "the operator has it in the cache");
    let as_reader = async |path: &str| w.send_as(Some(&key), Method::GET, path, &[]).await;
    let refused = as_reader(&route).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "policy.denied"));
    w.t.policy(json!({"name": "reads", "callers": {"client": "reader"}, "actions": ["content.read"], "repositories": ["acme/tools"]}))
        .await;
    assert_eq!(as_reader(&route).await.status, 200);
    let other = format!("/v1/content/{}/acme/other/tree", w.host());
    assert_eq!(as_reader(&other).await.code(), "policy.denied");
    assert_eq!(w.t.delete("/v1/policies/reads").await.status, 200);
    assert_eq!(as_reader(&route).await.code(), "policy.denied", "at once");
    let nobody = w.send_as(None, Method::GET, &route, &[]).await;
    assert_eq!((nobody.status, nobody.code().as_str()), (401, "auth.missing"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_can_have_somebody_read_as_nobody() {
    let w = World::start().await;
    let github = w.t.sim.github();
    github.add_repository("acme", "open", false).unwrap();
    github.commit_file("acme", "open", "a.txt", "for all\n").unwrap();
    let key = w.t.client("reader").await;
    w.t.policy(json!({
        "name": "reads", "callers": {"client": "reader"}, "actions": ["content.read"], "repositories": ["acme/*"],
        "sources": ["anonymous"],
    }))
    .await;
    let of = async |repository: &str, path: &str| {
        let route = format!("/v1/content/{}/acme/{repository}/file?path={path}", w.host());
        w.send_as(Some(&key), Method::GET, &route, &[]).await
    };
    let open = of("open", "a.txt").await;
    assert_eq!(open.status, 200, "{}", open.json());
    assert_eq!(
        (&open.json()["content"], &open.json()["source"]),
        (&json!("for all\n"), &json!("anonymous"))
    );
    // The App could, and is none of theirs; even when somebody else has it in the cache.
    assert_eq!(w.ask("file", &[("path", "README.md")]).await.status, 200);
    let private = of("tools", "README.md").await;
    assert_eq!(
        (private.status, private.code().as_str()),
        (404, "content.repository_not_found")
    );
}
