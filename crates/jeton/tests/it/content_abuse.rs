//! The worst that can be asked about content: a clear answer each time, and never a mistake of ours.

use reqwest::Method;

use crate::content_world::{Got, World};

/// A mistake of the caller's, told with a code, a cause and a remedy.
fn told(got: &Got, what: &str, statuses: &[u16]) {
    let shown = String::from_utf8_lossy(&got.bytes);
    assert!(statuses.contains(&got.status), "{what}: {} {shown}", got.status);
    assert_eq!(got.header("content-type"), "application/problem+json", "{what}");
    let problem = got.json();
    for field in ["code", "detail", "remedy"] {
        let text = problem[field].as_str().unwrap_or_default();
        assert!(!text.is_empty() && text.len() < 2_000, "{what}: {field}: {shown}");
    }
    assert!(!shown.contains('\u{0}'), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_is_none_is_told() {
    let w = World::start().await;
    w.t.sim.calls().reset();
    let long = format!("{}/x", "d".repeat(10_000));
    let deep = "d/".repeat(5_000) + "x";
    for path in [
        "..",
        "../x",
        "a/../b",
        "a/..",
        "a//b",
        "a/./b",
        "%2e%2e",
        "%2e%2e%2fx",
        "a%2F..%2Fb",
        "%2F..%2Fetc%2Fpasswd",
        "a%00b",
        "%00",
        "a%0Ab",
        "%FF",
        "%C3%28",
        &long,
        &deep,
    ] {
        let what: String = path.chars().take(40).collect();
        let operations = ["file", "raw", "lines", "max-lines", "tree", "commits"];
        for operation in operations {
            let got = w.get(&format!("{}path={path}", w.route(operation, &[]))).await;
            told(&got, &format!("{operation} {what}"), &[400]);
        }
    }
    assert_eq!(
        w.t.sim.calls().total(),
        0,
        "nobody was asked about them: {:?}",
        w.t.sim.calls().all()
    );
    for path in [
        "a%2F..%2Fb",
        "%2e%2e%2fx",
        "a%00b",
        "%FF",
        "%2F..%2Fetc%2Fpasswd",
        &long,
        &deep,
    ] {
        let what: String = path.chars().take(40).collect();
        for operation in ["content", "max-lines", "lines?start_line=0&end_line=1"] {
            let got = w.get(&format!("/repo/acme/tools/file/{path}/{operation}")).await;
            told(&got, &format!("{operation} {what}"), &[400]);
        }
    }
    // A slash in front says nothing: it is the root of the repository, and never of a machine.
    for path in ["/etc/passwd", "%2Fetc%2Fpasswd", "./etc/passwd"] {
        let got = w.get(&format!("{}path={path}", w.route("raw", &[]))).await;
        told(&got, path, &[404]);
    }
    for operation in ["file", "raw", "lines", "max-lines"] {
        // None at all, an empty one, and two.
        for query in ["", "path=", "path=README.md&path=crlf.txt"] {
            let got = w.get(&format!("{}{query}", w.route(operation, &[]))).await;
            told(&got, &format!("{operation}?{query}"), &[400, 422]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_of_a_revision_that_is_none_is_told() {
    let w = World::start().await;
    w.t.sim.calls().reset();
    let long = "r".repeat(10_000);
    for reference in [
        "-x",
        "--upload-pack=x",
        "HEAD~1",
        "HEAD^",
        "main:README.md",
        "a..b",
        "@%7B1%7D",
        "a%00b",
        "a%0Ab",
        "a%20b",
        "/main",
        "main/",
        "%FF",
        "*",
        &long,
    ] {
        let what: String = reference.chars().take(40).collect();
        for operation in [
            "file?path=README.md",
            "tree?limit=5",
            "commits?limit=5",
            "raw?path=README.md",
        ] {
            let route = format!("/v1/content/{}/acme/tools/{operation}&ref={reference}", w.host());
            told(&w.get(&route).await, &format!("{operation} {what}"), &[400, 404]);
        }
        for rest in ["tree", "commits", "file/README.md/content"] {
            let got = w.get(&format!("/repo/acme/tools/{rest}?ref={reference}")).await;
            told(&got, &format!("{rest} {what}"), &[400, 404]);
        }
    }
    assert_eq!(
        w.t.sim.calls().total(),
        0,
        "nobody was asked about them: {:?}",
        w.t.sim.calls().all()
    );
    told(&w.ask("tree", &[("ref", "no/such")]).await, "no/such", &[404]);
    told(
        &w.ask("tree", &[("ref", &"f".repeat(40))]).await,
        "a commit that is not there",
        &[404],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_and_words_that_fit_nothing_are_told() {
    let w = World::start().await;
    let big = "99999999999999999999";
    for (operation, query, status) in [
        ("file", "path=README.md&offset=9", 416),
        ("file", "path=README.md&offset=18446744073709551615", 416),
        ("file", "path=README.md&offset=18446744073709551615&limit=1048576", 416),
        ("file", "path=README.md&offset=-1", 400),
        ("file", "path=README.md&offset=1.5", 400),
        ("file", &format!("path=README.md&offset={big}"), 400),
        ("file", "path=README.md&limit=0", 400),
        ("file", "path=README.md&limit=-1", 400),
        ("file", "path=README.md&limit=1048577", 400),
        ("file", "path=README.md&limit=18446744073709551615", 400),
        ("file", &format!("path=README.md&limit={big}"), 400),
        ("file", "path=README.md&start_line=1", 400),
        ("file", "path=README.md&PATH=x", 400),
        ("lines", "path=README.md&start_line=0", 416),
        ("lines", "path=README.md&start_line=2&end_line=1", 416),
        ("lines", "path=README.md&start_line=2", 416),
        ("lines", "path=README.md&start_line=18446744073709551615", 416),
        ("lines", "path=README.md&end_line=0", 416),
        ("lines", "path=README.md&start_line=-1", 400),
        ("lines", &format!("path=README.md&start_line={big}"), 400),
        ("lines", "path=README.md&start_line=", 400),
        ("lines", "path=README.md&start_line=one", 400),
        ("tree", "limit=0", 400),
        ("tree", "limit=-1", 400),
        ("tree", "limit=10001", 400),
        ("tree", &format!("limit={big}"), 400),
        ("tree", "recursive=maybe", 400),
        ("tree", "cursor=%00", 400),
        ("tree", "depth=1", 400),
        ("commits", "limit=0", 400),
        ("commits", "limit=101", 400),
        ("commits", &format!("limit={big}"), 400),
        ("commits", "since=soon", 400),
        ("commits", "until=2026-02-30", 400),
        ("commits", "timezone=Mars&since=2026-01-01", 400),
        ("commits", "since=2026-02-01&until=2026-01-01", 400),
        ("commits", "cursor=..%2F..", 400),
        ("raw", "path=README.md&download=1", 400),
        ("max-lines", "path=README.md&limit=1", 400),
    ] {
        let got = w.get(&format!("{}{query}", w.route(operation, &[]))).await;
        told(&got, &format!("{operation}?{query}"), &[status]);
    }
    for (rest, status) in [
        (format!("file/README.md/lines?start_line=0&end_line={big}"), 400),
        (
            "file/README.md/lines?start_line=18446744073709551615&end_line=18446744073709551615".to_owned(),
            416,
        ),
        ("file/README.md/lines?start_line=5&end_line=3".to_owned(), 416),
        (format!("commits?limit={big}"), 400),
        ("commits?limit=-1".to_owned(), 400),
        ("commits?start_date=2026-02-01&end_date=2026-01-01".to_owned(), 400),
    ] {
        told(&w.get(&format!("/repo/acme/tools/{rest}")).await, &rest, &[status]);
    }
    // The largest end is no mistake: what is there is given.
    let most = "18446744073709551615";
    assert_eq!(
        w.ask("lines", &[("path", "README.md"), ("end_line", most)])
            .await
            .status,
        200
    );
    let compat = w
        .get(&format!(
            "/repo/acme/tools/file/README.md/lines?start_line=0&end_line={most}"
        ))
        .await;
    assert_eq!(compat.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_that_cannot_be_are_told() {
    let w = World::start().await;
    w.t.sim.calls().reset();
    let (host, long) = (w.host(), "o".repeat(10_000));
    for place in [
        format!("{host}/..%2F..%2Fetc/x"),
        format!("{host}/%2e%2e/x"),
        format!("{host}/acme/%2e%2e"),
        format!("{host}/acme/a%2Fb"),
        format!("{host}/acme/a%00b"),
        format!("{host}/%FF/x"),
        format!("{host}/acme/{long}"),
        "nowhere.example/acme/tools".to_owned(),
        "127.0.0.1:1/acme/tools".to_owned(),
        "user%40evil.example/acme/tools".to_owned(),
        "%2e%2e/acme/tools".to_owned(),
        format!("{long}/acme/tools"),
    ] {
        let what: String = place.chars().take(60).collect();
        told(
            &w.get(&format!("/v1/content/{place}/tree")).await,
            &what,
            &[400, 404, 422],
        );
        assert_eq!(w.t.sim.calls().total(), 0, "{what}: {:?}", w.t.sim.calls().all());
    }
    // A forge may have such names; it is asked for them as they are, and not for what a URL would make of them.
    w.t.sim.github().add_repository("acme", "a", false).unwrap();
    for name in ["a%3Fb", "a%23b", "a%26b"] {
        let got = w.get(&format!("/v1/content/{host}/acme/{name}/tree")).await;
        told(&got, name, &[404]);
        assert_eq!(got.code(), "content.repository_not_found", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_requests_get_what_is_right_for_them() {
    let w = World::start().await;
    let routes = [
        w.route("file", &[("path", "README.md")]),
        w.route("raw", &[("path", "README.md")]),
        w.route("tree", &[]),
        "/repo/acme/tools/tree".to_owned(),
        "/repo/acme/tools/file/README.md/content".to_owned(),
    ];
    for route in &routes {
        // Before anything is prepared, and after.
        for _ in 0..2 {
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                let got = w.send(method.clone(), route, &[]).await;
                told(&got, &format!("{method} {route}"), &[405]);
                assert!(
                    got.header("allow").contains("GET"),
                    "{method} {route}: {:?}",
                    got.headers
                );
            }
            // There is one form of each answer, whatever is asked for.
            for accept in [
                "image/png",
                "text/html",
                "*/*;q=0",
                "nonsense",
                "application/json;q=0.1, text/plain",
            ] {
                let got = w.send(Method::GET, route, &[("accept", accept)]).await;
                assert_eq!(got.status, 200, "{accept} {route}");
                assert!(!got.header("content-type").contains("html"), "{accept} {route}");
            }
            for range in [
                "bytes=",
                "bytes=9-1",
                "bytes=0-1,3-4",
                "lines=1-2",
                "bytes=99999999999999999999-x",
            ] {
                assert_eq!(
                    w.send(Method::GET, route, &[("range", range)]).await.status,
                    200,
                    "{range} {route}"
                );
            }
            let plain = w.get(route).await;
            let conditions = [("if-none-match", "nonsense, \"x\",,"), ("accept-encoding", "gzip, br")];
            let got = w.send(Method::GET, route, &conditions).await;
            assert!(got.status == 200 && got.bytes == plain.bytes, "{route}: {}", got.status);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_on_a_question_is_left_alone() {
    let w = World::start().await;
    let route = w.route("file", &[("path", "README.md")]);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let key = w.t.key.secret().expose();
    let plain = w.get(&route).await;
    for length in [0, 10, 60_000] {
        let request = http.get(format!("{}{route}", w.t.url)).bearer_auth(key);
        let answer = request.body("x".repeat(length)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{length}");
        assert!(answer.bytes().await.unwrap() == plain.bytes, "{length}");
    }
}
