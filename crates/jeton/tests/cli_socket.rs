//! How the command line asks over a Unix socket, and what it makes of the answers. What answers here says what a server
//! would, word for word.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod cli_support;

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
    path::Path,
    thread::JoinHandle,
};

use cli_support::World;
use serde_json::json;

/// What came: the head, and the body.
type Asked = (String, String);

/// Answers one request on a socket with these bytes, and gives what was asked.
fn answer(socket: &Path, bytes: Vec<u8>) -> JoinHandle<Asked> {
    fs::create_dir_all(socket.parent().unwrap()).unwrap();
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        loop {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                // whoever only looks whether somebody is there asks nothing
                if reader.read_line(&mut head).unwrap() == 0 {
                    break;
                }
            }
            if head.is_empty() {
                continue;
            }
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body).unwrap();
            reader.get_mut().write_all(&bytes).unwrap();
            return (head, String::from_utf8(body).unwrap());
        }
    })
}

fn json_answer(status: &str, body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

fn whoami() -> Vec<u8> {
    let me = json!({"kind": "operator", "name": "operator", "allowed": ["token.mint"]});
    json_answer("200 OK", &me)
}

fn client() -> serde_json::Value {
    json!({"id": "0192d1f0-5a5e-7c3b-8f4e-1b2c3d4e5f60", "name": "ci", "networks": [], "created_at": "2026-11-22T09:00:00Z"})
}

fn default_socket(world: &World) -> std::path::PathBuf {
    world.path("state/jeton/jeton.sock")
}

#[test]
fn the_servers_own_user_needs_neither_address_nor_key() {
    let world = World::new();
    let server = answer(&default_socket(&world), whoami());
    let ran = world.run(&["whoami"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert!(
        ran.stdout.contains("operator") && ran.stdout.contains("the Unix socket"),
        "{}",
        ran.stdout
    );
    let (head, _) = server.join().unwrap();
    assert!(head.starts_with("GET /v1/whoami HTTP/1.1\r\n"), "{head}");
    assert!(!head.to_ascii_lowercase().contains("authorization"), "{head}");
}

#[test]
fn a_key_that_was_given_is_used_over_the_socket_too() {
    let world = World::new().env("JETON_TOKEN", "some-key");
    let server = answer(&default_socket(&world), whoami());
    assert_eq!(world.run(&["whoami"]).status, 0);
    let (head, _) = server.join().unwrap();
    assert!(
        head.to_ascii_lowercase().contains("authorization: bearer some-key"),
        "{head}"
    );
}

#[test]
fn a_socket_can_be_named_and_configured() {
    let world = World::new();
    let socket = world.path("other.sock");
    let server = answer(&socket, whoami());
    let url = format!("unix:{}", socket.display());
    assert_eq!(world.run(&["whoami", "--url", &url]).status, 0);
    server.join().unwrap();
    fs::remove_file(&socket).unwrap();
    let world = world.env("JETON_SERVER__UNIX_SOCKET", socket.display().to_string());
    let server = answer(&socket, whoami());
    assert_eq!(world.run(&["whoami"]).status, 0);
    server.join().unwrap();
}

#[test]
fn an_address_that_was_given_counts_more_than_a_socket() {
    let world = World::new()
        .env("JETON_TOKEN", "x")
        .env("JETON_URL", "http://127.0.0.1:1");
    let _listening = UnixListener::bind({
        fs::create_dir_all(world.path("state/jeton")).unwrap();
        default_socket(&world)
    })
    .unwrap();
    let ran = world.run(&["whoami"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("http://127.0.0.1:1"), "{}", ran.stderr);
}

#[test]
fn a_socket_that_a_killed_server_left_behind_is_passed_over() {
    let world = World::new();
    fs::create_dir_all(world.path("state/jeton")).unwrap();
    drop(UnixListener::bind(default_socket(&world)).unwrap());
    let ran = world.run(&["whoami"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("operator.key") && ran.stderr.contains("code: auth.missing"),
        "{}",
        ran.stderr
    );
    let named = format!("unix:{}", default_socket(&world).display());
    let ran = world.run(&["whoami", "--url", &named]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains(&named) && ran.stderr.contains("code: server.unreachable"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_new_clients_key_is_alone_on_standard_output() {
    let world = World::new();
    let key = format!("jtn_{}", "x".repeat(36));
    let server = answer(
        &default_socket(&world),
        json_answer("201 Created", &json!({"client": client(), "key": key})),
    );
    let ran = world.run(&[
        "client",
        "add",
        "ci",
        "--network",
        "10.0.0.0/8",
        "--expires",
        "2027-01-01",
    ]);
    assert_eq!((ran.status, ran.stdout), (0, format!("{key}\n")), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("added ci") && !ran.stderr.contains(&key),
        "{}",
        ran.stderr
    );
    let (head, body) = server.join().unwrap();
    assert!(head.starts_with("POST /v1/clients "), "{head}");
    let asked: serde_json::Value = serde_json::from_str(&body).unwrap();
    let wanted = json!({"name": "ci", "networks": ["10.0.0.0/8"], "expires_at": "2027-01-01T00:00:00Z"});
    assert_eq!(asked, wanted);
}

#[test]
fn a_new_users_link_is_alone_on_standard_output() {
    let world = World::new();
    let user = json!({"id": "0192d1f0-5a5e-7c3b-8f4e-1b2c3d4e5f60", "name": "ada", "role": "member", "has_password": false,
                      "created_at": "2026-11-22T09:00:00Z"});
    let link = "http://127.0.0.1:8080/setup#planted";
    let body = json!({"user": user, "link": link, "link_expires_at": "2026-11-23T09:00:00Z"});
    let server = answer(&default_socket(&world), json_answer("201 Created", &body));
    let ran = world.run(&["user", "add", "ada"]);
    assert_eq!((ran.status, ran.stdout), (0, format!("{link}\n")), "{}", ran.stderr);
    assert!(!ran.stderr.contains("planted"), "{}", ran.stderr);
    let (_, body) = server.join().unwrap();
    let asked: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(asked, json!({"name": "ada", "role": "member"}));
}

#[test]
fn what_cannot_be_undone_is_asked_about_first() {
    let world = World::new()
        .env("JETON_TOKEN", "x")
        .env("JETON_URL", "http://127.0.0.1:1");
    for command in [
        &["client", "revoke", "ci"][..],
        &["user", "remove", "ada"],
        &["policy", "remove", "p"],
    ] {
        let ran = world.run(command);
        assert_eq!(ran.status, 1, "{command:?}");
        assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
        assert_eq!(world.run(&[command, &["--yes"][..]].concat()).status, 2, "it was tried");
    }
}

#[test]
fn a_record_that_does_not_verify_ends_with_1() {
    let world = World::new();
    let verdict = json!({"ok": false, "first": 1, "last": 9, "entries": 9, "head": "ab",
                         "findings": [{"seq": 4, "kind": "changed", "detail": "entry 4 was changed"}]});
    let server = answer(&default_socket(&world), json_answer("200 OK", &verdict));
    let ran = world.run(&["audit", "verify", "--expect", "3:cd", "--archives"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("entry 4 was changed") && ran.stdout.contains("head 9:ab"),
        "{}",
        ran.stdout
    );
    let (_, body) = server.join().unwrap();
    let asked: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(asked, json!({"archives": true, "expect": "3:cd"}));
}

/// An answer in chunks; whether it ends as it should.
fn chunked(lines: &[&str], whole: bool) -> Vec<u8> {
    let mut out =
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
    for line in lines {
        write!(out, "{:x}\r\n{line}\r\n", line.len()).unwrap();
    }
    if whole {
        out.push_str("0\r\n\r\n");
    }
    out.into_bytes()
}

#[test]
fn an_export_is_copied_as_it_comes() {
    let world = World::new();
    let lines = ["{\"seq\":1}\n", "{\"seq\":2}\n"];
    let server = answer(&default_socket(&world), chunked(&lines, true));
    let ran = world.run(&["audit", "export", "--actor", "client:ci", "--since", "2026-11-01"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "{\"seq\":1}\n{\"seq\":2}\n"),
        "{}",
        ran.stderr
    );
    let (head, _) = server.join().unwrap();
    let wanted = "GET /v1/record/export?actor=client%3Aci&since=2026-11-01T00%3A00%3A00Z ";
    assert!(head.starts_with(wanted), "{head}");
}

#[test]
fn an_export_into_a_file_is_whole_or_not_there() {
    let world = World::new();
    let socket = default_socket(&world);
    let server = answer(&socket, chunked(&["{\"seq\":1}\n"], false));
    let ran = world.run(&["audit", "export", "--output", "out.jsonl"]);
    server.join().unwrap();
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    let left: Vec<_> = fs::read_dir(world.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["state"], "nothing of it stays");
    fs::remove_file(&socket).unwrap();
    let server = answer(&socket, chunked(&["{\"seq\":1}\n", "{\"seq\":2}\n"], true));
    let ran = world.run(&["audit", "export", "--output", "out.jsonl"]);
    server.join().unwrap();
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("2 entries"), "{}", ran.stderr);
    let file = world.path("out.jsonl");
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"seq\":1}\n{\"seq\":2}\n");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_reader_of_an_export_may_go_away() {
    let world = World::new();
    let line = format!("{{\"seq\":1,\"x\":\"{}\"}}\n", "x".repeat(1000));
    let server = answer(&default_socket(&world), chunked(&[line.as_str(); 3], true));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = world.command(&["audit", "export"]).stdout(writer).output().unwrap();
    server.join().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_refusal_is_shown_as_the_server_says_it() {
    let world = World::new();
    let problem = json!({"type": "/docs#error-policy.denied", "title": "Forbidden", "status": 403,
        "detail": "no policy allows you this `client.manage`", "code": "policy.denied", "remedy": "Ask for less.",
        "request_id": "r1"});
    let server = answer(&default_socket(&world), json_answer("403 Forbidden", &problem));
    let ran = world.run(&["client", "list"]);
    server.join().unwrap();
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    for part in [
        "no policy allows you this",
        "help: Ask for less.",
        "code: policy.denied",
        "request: r1",
    ] {
        assert!(ran.stderr.contains(part), "{part} in {}", ran.stderr);
    }
}

#[test]
fn pages_are_followed_to_the_limit() {
    let world = World::new();
    let body = json!({"clients": [client()], "next": "cursor/1"});
    let server = answer(&default_socket(&world), json_answer("200 OK", &body));
    let ran = world.run(&["client", "list", "--limit", "1", "--all"]);
    let (head, _) = server.join().unwrap();
    assert!(head.starts_with("GET /v1/clients?limit=1&revoked=true "), "{head}");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("--limit shows them"), "{}", ran.stderr);
}
