//! `/mcp` against the simulated forge: with messages as they are on the wire, and with the client of the protocol's own library.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jeton_forge_sim::CommitSpec;
use jeton_testkit::Answer;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use rmcp::{
    model::CallToolRequestParams,
    service::{ClientLifecycleMode, serve_client_with_lifecycle},
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{Value, json};

use crate::content_world::{SUBMODULE, World, fixtures};

const VERSIONS: [&str; 5] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

impl World {
    fn operator(&self) -> String {
        self.t.key.secret().expose().to_owned()
    }

    /// Any body, with any headers.
    async fn mcp_raw(&self, key: Option<&str>, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
        self.t
            .send(|http, url| {
                let mut request = http.post(format!("{url}/mcp")).body(body);
                if let Some(key) = key {
                    request = request.header(AUTHORIZATION, format!("Bearer {key}"));
                }
                if headers.iter().all(|(name, _)| *name != "content-type") {
                    request = request.header(CONTENT_TYPE, "application/json");
                }
                headers
                    .iter()
                    .fold(request, |request, (name, value)| request.header(*name, *value))
            })
            .await
    }

    /// A message, as clients send it that negotiated this version.
    async fn message(&self, key: &str, version: &str, message: &Value) -> Value {
        let headers = [
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", version),
        ];
        let answer = self.mcp_raw(Some(key), &headers, message.to_string()).await;
        assert_eq!(answer.status, 200, "{message}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.json()
    }

    /// A tool's whole answer, to a client of this version.
    async fn call_as(&self, key: &str, version: &str, tool: &str, arguments: Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        let message = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params});
        let answer = self.message(key, version, &message).await;
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)));
        answer
    }

    /// What a tool gives of `acme/tools`, at `main` when no other is named, to the operator: text and JSON.
    async fn tool(&self, tool: &str, mut arguments: Value) -> (String, Value) {
        arguments["repository"] = json!("acme/tools");
        if arguments.get("ref").is_none() {
            arguments["ref"] = json!("main");
        }
        let answer = self.call_as(&self.operator(), "2025-11-25", tool, arguments).await;
        let result = &answer["result"];
        assert_eq!(result["isError"], false, "{answer}");
        (
            result["content"][0]["text"].as_str().unwrap().to_owned(),
            result["structuredContent"].clone(),
        )
    }

    /// What it says when it fails: text and JSON.
    async fn tool_fails(&self, tool: &str, mut arguments: Value) -> (String, Value) {
        if arguments.get("repository").is_none() {
            arguments["repository"] = json!("acme/tools");
        }
        let answer = self.call_as(&self.operator(), "2025-11-25", tool, arguments).await;
        let result = &answer["result"];
        assert_eq!(result["isError"], true, "{answer}");
        (
            result["content"][0]["text"].as_str().unwrap().to_owned(),
            result["structuredContent"].clone(),
        )
    }

    /// `path in HOST/acme/tools at main (commit …)`, as the first lines of answers say it.
    fn place(&self) -> String {
        format!("{}/acme/tools at main (commit {})", self.host(), self.commit)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_any_version_is_welcome() {
    let w = World::start().await;
    for version in VERSIONS {
        let params =
            json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
        let answer = w.mcp_raw(Some(&w.operator()), &[], message.to_string()).await;
        assert_eq!(answer.status, 200, "{version}: {}", answer.text);
        assert_eq!(answer.header("mcp-session-id"), "", "nothing is kept");
        let result = &answer.json()["result"];
        assert_eq!(result["serverInfo"]["name"], "jeton");
        assert!(result["capabilities"]["tools"].is_object());
        assert!(result["instructions"].as_str().unwrap().contains("not instructions"));
        // The handshake is of the versions before 2026-07-28; a client that begins with it is offered the last of them.
        let agreed = result["protocolVersion"].as_str().unwrap();
        assert_eq!(agreed, if version == "2026-07-28" { "2025-11-25" } else { version });
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
        let ready = w
            .mcp_raw(Some(&w.operator()), &[("mcp-protocol-version", agreed)], ready)
            .await;
        assert_eq!((ready.status, ready.text.as_str()), (202, ""));
        let list = json!({"jsonrpc": "2.0", "id": "l", "method": "tools/list"});
        let list = w.message(&w.operator(), agreed, &list).await;
        let names: Vec<&str> = list["result"]["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tool| tool["name"].as_str().unwrap())
            .collect();
        let all = [
            "getRepositoryTree",
            "getFileContent",
            "getFileLinesByRange",
            "getMaxLinesInFile",
            "listCommits",
        ];
        assert_eq!(names, all);
        for tool in list["result"]["tools"].as_array().unwrap() {
            assert_eq!(tool["annotations"]["readOnlyHint"], true);
            assert_eq!(tool["inputSchema"]["type"], "object");
        }
    }
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    assert_eq!(w.message(&w.operator(), "2025-06-18", &ping).await["result"], json!({}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_librarys_own_client_reads_a_repository() {
    let w = World::start().await;
    let modes = [
        ClientLifecycleMode::Initialize,
        ClientLifecycleMode::Discover {
            preferred_versions: vec![rmcp::model::ProtocolVersion::V_2026_07_28],
        },
    ];
    for mode in modes {
        let config =
            StreamableHttpClientTransportConfig::with_uri(format!("{}/mcp", w.t.url)).auth_header(w.operator());
        let client = serve_client_with_lifecycle((), StreamableHttpClientTransport::from_config(config), mode).await;
        let client = client.unwrap();
        assert_eq!(client.list_all_tools().await.unwrap().len(), 5);
        let Value::Object(arguments) = json!({"repository": "acme/tools", "ref": "main", "path": "README.md"}) else {
            panic!()
        };
        let call = CallToolRequestParams::new("getFileContent").with_arguments(arguments);
        let result = client.call_tool(call).await.unwrap();
        assert_eq!(result.is_error, Some(false));
        let text = &result.content[0].as_text().unwrap().text;
        assert_eq!(
            *text,
            format!("README.md in {}: whole, 1 line of 8 bytes\n# Tools\n", w.place())
        );
        assert_eq!(result.structured_content.unwrap()["content"], "# Tools\n");
        client.cancel().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_file_comes_as_it_is_or_is_described() {
    let w = World::start().await;
    for file in fixtures() {
        let (text, json) = w.tool("getFileContent", json!({"path": file.path})).await;
        let (head, body) = text.split_once('\n').unwrap();
        assert!(head.starts_with(&format!("{} in {}", file.path, w.place())), "{head}");
        assert_eq!(json["size"], file.bytes.len(), "{}", file.path);
        if let Some(whole) = file.text() {
            assert!(
                whole.starts_with(body) && (!body.is_empty() || whole.is_empty()),
                "{}: other text",
                file.path
            );
            assert_eq!(json["content"], body, "{}", file.path);
            match json["next"].as_u64() {
                Some(next) => {
                    assert_eq!(next, body.len() as u64);
                    assert!(head.ends_with(&format!("; goes on with offset={next}")), "{head}");
                }
                None => assert_eq!(body, whole, "{}", file.path),
            }
        } else {
            assert!(
                body.starts_with("The file is ") && body.contains("not shown"),
                "{}: {body}",
                file.path
            );
            assert_eq!(
                BASE64_STANDARD.decode(json["content"].as_str().unwrap()).unwrap(),
                file.bytes,
                "{}",
                file.path
            );
        }
    }
    let (text, json) = w.tool("getFileContent", json!({"path": "link"})).await;
    assert!(
        text.starts_with("dir with space/ünï/日本語.md (through the link link) in "),
        "{text}"
    );
    assert_eq!(json["link"], "link");
    let (text, _) = w.tool("getFileContent", json!({"path": "pointer.bin"})).await;
    assert!(text.contains("a Git LFS pointer to an object of 12345 bytes"), "{text}");
    let (text, json) = w
        .tool(
            "getFileContent",
            json!({"path": "shifted.txt", "offset": 1, "limit": 9}),
        )
        .await;
    assert!(
        text.ends_with(": bytes 1 to 9 (excluded) of 120001 bytes; goes on with offset=9\n😀😀"),
        "{text}"
    );
    assert_eq!(json["next"], 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_files_that_are_no_text_are_no_burden() {
    let w = World::start().await;
    let bytes: Vec<u8> = (0..=255).collect::<Vec<u8>>().repeat(300);
    w.t.sim.github().add_repository("acme", "blobs", true).unwrap();
    let spec = CommitSpec::new("Add").file("large.bin", bytes.clone());
    w.t.sim.github().commit("acme", "blobs", &spec).unwrap();
    let ask = async |arguments: Value| {
        w.call_as(&w.operator(), "2025-11-25", "getFileContent", arguments)
            .await
    };
    let whole = ask(json!({"repository": "acme/blobs", "path": "large.bin"})).await;
    assert!(whole.to_string().len() < 2_000, "{whole}");
    assert_eq!(whole["result"]["structuredContent"]["size"], bytes.len());
    assert_eq!(whole["result"]["structuredContent"].get("content"), None);
    let part = ask(json!({"repository": "acme/blobs", "path": "large.bin", "offset": 10, "limit": 50_000})).await;
    let content = part["result"]["structuredContent"]["content"].as_str().unwrap();
    assert_eq!(BASE64_STANDARD.decode(content).unwrap(), bytes[10..50_010]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_trees_and_history_are_read_at_a_glance() {
    let w = World::start().await;
    let (text, json) = w
        .tool(
            "getFileLinesByRange",
            json!({"path": "numbered.txt", "start_line": 9_999, "end_line": 10_000}),
        )
        .await;
    let head = format!("numbered.txt in {}: lines 9999 to 10000 of 20000", w.place());
    assert_eq!(text, format!("{head}\n 9999\tline 9999 é\n10000\tline 10000 é"));
    assert_eq!(json["lines"], json!(["line 9999 é", "line 10000 é"]));
    let (text, json) = w.tool("getFileLinesByRange", json!({"path": "numbered.txt"})).await;
    assert!(
        text.lines()
            .next()
            .unwrap()
            .ends_with(": lines 1 to 5000 of 20000; goes on with start_line=5001"),
        "{}",
        &text[..200]
    );
    assert_eq!((text.lines().count(), &json["next"]), (5_001, &json!(5_001)));

    let (text, json) = w.tool("getMaxLinesInFile", json!({"path": "crlf.txt"})).await;
    assert_eq!(
        text,
        format!(
            "crlf.txt in {}: 4 lines, 19 bytes, text in UTF-8, line ends CRLF",
            w.place()
        )
    );
    assert_eq!(json["max_lines"], 4);
    let (text, _) = w.tool("getMaxLinesInFile", json!({"path": "all bytes.bin"})).await;
    assert_eq!(text, format!("all bytes.bin in {}: 2560 bytes, binary", w.place()));

    let (text, json) = w.tool("getRepositoryTree", json!({})).await;
    let entries = json["entries"].as_array().unwrap();
    assert_eq!(text.lines().count(), entries.len() + 1);
    assert_eq!(
        text.lines().next().unwrap(),
        format!("{}: {} entries", w.place(), entries.len())
    );
    let submodule = format!("vendor/lib (submodule at {})", &SUBMODULE[..12]);
    for line in [
        "README.md",
        "run.sh (executable)",
        "link (symlink)",
        "odd/",
        "odd/what? #1 100% & more;v=1+2.txt",
        &submodule,
    ] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    let (text, json) = w
        .tool(
            "getRepositoryTree",
            json!({"path": "odd", "recursive": false, "limit": 2}),
        )
        .await;
    let cursor = json["next"].as_str().unwrap();
    assert!(
        text.lines()
            .next()
            .unwrap()
            .ends_with(&format!(": 2 entries; goes on with cursor={cursor}")),
        "{text}"
    );
    assert!(text.starts_with("odd in "), "{text}");
    let (_, rest) = w
        .tool(
            "getRepositoryTree",
            json!({"path": "odd", "recursive": false, "cursor": cursor}),
        )
        .await;
    assert_eq!(
        (rest["entries"].as_array().unwrap().len(), &rest["truncated"]),
        (3, &json!(false))
    );

    let (text, json) = w.tool("listCommits", json!({"limit": 1})).await;
    let commit = &json["commits"][0];
    let name = commit["author"]["name"].as_str().unwrap();
    let date = commit["committer"]["date"].as_str().unwrap();
    assert_eq!(
        text.lines().nth(1).unwrap(),
        format!("{} {date} {name}: Add everything", &w.commit[..12])
    );
    let (pinned, _) = w.tool("listCommits", json!({"limit": 1, "ref": w.commit})).await;
    assert!(
        pinned.starts_with(&format!("{}/acme/tools (commit {})", w.host(), w.commit)),
        "{pinned}"
    );
    let (none, _) = w
        .tool(
            "listCommits",
            json!({"since": "2050-01-01", "timezone": "Europe/Berlin"}),
        )
        .await;
    assert!(none.ends_with(": 0 commits"), "{none}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_fails_says_what_to_do() {
    let w = World::start().await;
    for (tool, arguments, code, words) in [
        (
            "getFileContent",
            json!({"path": "readme.md"}),
            "content.path_not_found",
            "Did you mean `README.md`",
        ),
        (
            "getFileContent",
            json!({"path": "odd"}),
            "content.is_directory",
            "`odd` is a directory",
        ),
        (
            "getFileContent",
            json!({"path": "README.md", "ref": "no-such"}),
            "content.ref_not_found",
            "no-such",
        ),
        (
            "getFileContent",
            json!({"path": "README.md", "offset": 9}),
            "content.bad_range",
            "8 bytes",
        ),
        (
            "getFileLinesByRange",
            json!({"path": "README.md", "start_line": 2}),
            "content.bad_range",
            "1 lines",
        ),
        (
            "getFileLinesByRange",
            json!({"path": "latin1.txt"}),
            "content.not_text",
            "latin1.txt",
        ),
        (
            "getRepositoryTree",
            json!({"cursor": "x"}),
            "content.bad_cursor",
            "without a cursor",
        ),
        (
            "getRepositoryTree",
            json!({"repository": "acme/no-such"}),
            "content.repository_not_found",
            "acme/no-such",
        ),
        (
            "getRepositoryTree",
            json!({"forge": "forge.invalid"}),
            "account.none",
            "forge.invalid",
        ),
        ("getRepositoryTree", json!({"path": "../x"}), "request.invalid", "path"),
        (
            "listCommits",
            json!({"since": "yesterday"}),
            "request.invalid",
            "yesterday",
        ),
        (
            "listCommits",
            json!({"limit": 101}),
            "request.invalid",
            "`limit` is 101, and may be 1 to 100",
        ),
        ("getMaxLinesInFile", json!({}), "request.invalid", "`path` is missing"),
        (
            "getMaxLinesInFile",
            json!({"path": "README.md", "line": 1}),
            "request.invalid",
            "`line` is no argument",
        ),
    ] {
        let (text, problem) = w.tool_fails(tool, arguments.clone()).await;
        assert_eq!(problem["code"], code, "{tool} {arguments}: {problem}");
        assert!(text.starts_with(&format!("{code}: ")), "{text}");
        assert!(text.contains(words), "{tool} {arguments}: {text}");
        assert!(!problem["request_id"].as_str().unwrap().is_empty());
        assert!(
            problem["remedy"].as_str().is_some_and(|remedy| text.contains(remedy)),
            "{problem}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_arguments_are_told_as_the_version_has_it() {
    let w = World::start().await;
    let arguments = json!({"repository": "acme/tools", "path": "README.md", "limit": "ten"});
    for version in ["2024-11-05", "2025-03-26", "2025-06-18"] {
        let answer = w
            .call_as(&w.operator(), version, "getFileContent", arguments.clone())
            .await;
        assert_eq!(answer["error"]["code"], -32602, "{version}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("`limit` is \"ten\", and must be a whole number"),
            "{message}"
        );
        assert_eq!(answer["error"]["data"]["code"], "request.invalid");
    }
    let answer = w
        .call_as(&w.operator(), "2025-11-25", "getFileContent", arguments)
        .await;
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    for version in ["2024-11-05", "2025-11-25"] {
        let answer = w.call_as(&w.operator(), version, "getRawFile", json!({})).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("`getRawFile`") && message.contains("getFileContent"),
            "{message}"
        );
        let unknown = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/list"});
        assert_eq!(
            w.message(&w.operator(), version, &unknown).await["error"]["code"],
            -32601
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_message_is_refused_in_words() {
    let w = World::start().await;
    let key = w.operator();
    for (body, code, words) in [
        ("", -32700, "not JSON"),
        ("tools/list", -32700, "not JSON"),
        (
            "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
            -32600,
            "one message",
        ),
        ("{\"id\":1,\"method\":\"ping\"}", -32600, "`jsonrpc`"),
        ("{\"jsonrpc\":\"2.0\",\"id\":1}", -32600, "`method`"),
    ] {
        let answer = w.mcp_raw(Some(&key), &[], body).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (400, &json!(code)),
            "{body}: {}",
            answer.text
        );
        assert!(
            answer.json()["error"]["message"].as_str().unwrap().contains(words),
            "{}",
            answer.text
        );
    }
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    let version = w
        .mcp_raw(Some(&key), &[("mcp-protocol-version", "1999-01-01")], ping.clone())
        .await;
    assert_eq!((version.status, version.code().as_str()), (400, "request.invalid"));
    assert!(version.text.contains("1999-01-01"), "{}", version.text);
    let form = w
        .mcp_raw(Some(&key), &[("content-type", "text/plain")], ping.clone())
        .await;
    assert_eq!((form.status, form.code().as_str()), (415, "request.media_type"));
    let plain = w.mcp_raw(Some(&key), &[("accept", "*/*")], ping).await;
    assert_eq!(
        (plain.status, &plain.json()["result"]),
        (200, &json!({})),
        "as `curl` asks"
    );
    let huge = w.mcp_raw(Some(&key), &[], vec![b' '; 65 * 1024]).await;
    assert_eq!((huge.status, huge.code().as_str()), (413, "request.too_large"));
    let parts = futures_util::stream::iter((0..70).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024])));
    let unsaid = w.mcp_raw(Some(&key), &[], reqwest::Body::wrap_stream(parts)).await;
    assert_eq!((unsaid.status, unsaid.code().as_str()), (413, "request.too_large"));
    for method in [reqwest::Method::GET, reqwest::Method::DELETE] {
        let answer = w.send(method.clone(), "/mcp", &[("accept", "text/event-stream")]).await;
        assert_eq!(
            (answer.status, answer.header("allow"), answer.code().as_str()),
            (405, "POST", "request.method_not_allowed")
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_those_who_may_read_do() {
    let w = World::start().await;
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    let nobody = w.mcp_raw(None, &[], list.clone()).await;
    assert_eq!((nobody.status, nobody.code().as_str()), (401, "auth.missing"));
    assert!(
        nobody.header("www-authenticate").starts_with("Bearer "),
        "{}",
        nobody.header("www-authenticate")
    );
    for stranger in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let refused = w.mcp_raw(Some(&w.operator()), &[stranger], list.clone()).await;
        assert_eq!(
            (refused.status, refused.header("content-type")),
            (403, "application/problem+json"),
            "{stranger:?}"
        );
    }
    let ours = [("origin", w.t.url.as_str())];
    assert_eq!(w.mcp_raw(Some(&w.operator()), &ours, list).await.status, 200);

    let key = w.t.client("agent").await;
    let read = async || {
        let arguments = json!({"repository": "acme/tools", "path": "README.md"});
        w.call_as(&key, "2025-11-25", "getFileContent", arguments).await["result"].clone()
    };
    w.tool("getFileContent", json!({"path": "README.md"})).await;
    let refused = read().await;
    assert_eq!(
        (&refused["isError"], &refused["structuredContent"]["code"]),
        (&json!(true), &json!("policy.denied"))
    );
    assert!(!refused.to_string().contains("# Tools"), "{refused}");
    w.t.policy(json!({"name": "reads", "callers": {"client": "agent"}, "actions": ["content.read"], "repositories": ["acme/tools"]}))
        .await;
    assert_eq!(read().await["isError"], false);
    assert_eq!(w.t.delete("/v1/policies/reads").await.status, 200);
    assert_eq!(read().await["structuredContent"]["code"], "policy.denied", "at once");
}
