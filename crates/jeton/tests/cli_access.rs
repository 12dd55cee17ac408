//! Who may ask, for what, and who did: the commands against a server of their own, over its socket.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod cli_support;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
};

use cli_support::{Ran, World};
use serde_json::Value;

/// A `jeton serve` in a directory of its own; killed when it is dropped.
struct Server {
    child: Child,
    world: World,
}

impl Server {
    /// Starts one on a free port and its usual socket, and waits until it listens there.
    fn start(world: World) -> Self {
        let world = world.env("JETON_SERVER__LISTEN", "127.0.0.1:0");
        let mut child = world
            .command(&["serve"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = String::new();
        loop {
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("the server ended: {log}"))
                .unwrap();
            if line.contains("listens on unix:") {
                break;
            }
            // without its socket it goes on all the same, and nothing more would come
            assert!(!line.contains("cannot listen"), "{line}");
            log += &line;
            log.push('\n');
        }
        // the pipe must not fill up
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, world }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.world.run(arguments)
    }

    /// As whoever has this key.
    fn run_with(&self, key: &str, arguments: &[&str]) -> Ran {
        let output = self.world.command(arguments).env("JETON_TOKEN", key).output().unwrap();
        Ran {
            status: output.status.code().expect("no signal ended it"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What a command that works prints as JSON.
    fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--format", "json"]].concat());
        assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.stderr);
        serde_json::from_str(&ran.stdout).unwrap()
    }

    /// What a command that works prints alone.
    fn alone(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.stderr);
        let (line, rest) = ran.stdout.split_once('\n').unwrap();
        assert_eq!(rest, "", "{arguments:?}");
        assert!(!ran.stderr.contains(line), "a secret is on standard output alone");
        line.to_owned()
    }

    fn done(&self, arguments: &[&str]) {
        let ran = self.run(arguments);
        assert_eq!(
            (ran.status, ran.stdout.as_str()),
            (0, ""),
            "{arguments:?}: {}",
            ran.stderr
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn refused(ran: &Ran, code: &str) {
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains(code) && ran.stderr.contains("help: "),
        "{code} in {}",
        ran.stderr
    );
}

const POLICY: &str = "[[policy]]\nname = 'ci-reads-tools'\ncallers = { client = 'ci' }\nactions = 'token.mint'\n\
                      repositories = 'acme/tools'\npermissions = { contents = 'read' }\n";

#[test]
fn the_servers_own_user_is_the_operator() {
    let server = Server::start(World::new());
    let me = server.json(&["whoami"]);
    assert_eq!((&me["kind"], &me["address"]), (&"operator".into(), &Value::Null));
    let allowed = me["allowed"].as_array().unwrap();
    assert!(allowed.contains(&"policy.manage".into()), "{me}");
}

#[test]
fn a_client_lives_from_its_first_key_to_its_revocation() {
    let server = Server::start(World::new());
    let first = server.alone(&["client", "add", "ci", "--description", "builds", "--expires", "365d"]);
    refused(&server.run(&["client", "add", "ci"]), "client.name_taken");
    let ran = server.run_with(&first, &["whoami", "--format", "json"]);
    let me: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    assert_eq!((&me["kind"], &me["name"]), (&"client".into(), &"client:ci".into()));
    assert_eq!(me["allowed"], serde_json::json!([]), "no policy is about it");
    refused(&server.run_with(&first, &["client", "list"]), "code: ");
    let shown = server.json(&["client", "show", "ci"]);
    assert_eq!(
        (&shown["description"], shown["keys"].as_array().unwrap().len()),
        (&"builds".into(), 1)
    );
    let second = server.alone(&["client", "rotate", "ci", "--overlap", "1h"]);
    assert_ne!(first, second);
    assert_eq!(
        server.json(&["client", "show", "ci"])["keys"].as_array().unwrap().len(),
        2
    );
    for key in [&first, &second] {
        assert_eq!(server.run_with(key, &["whoami"]).status, 0, "both work for a while");
    }
    let list = server.json(&["client", "list"]);
    assert_eq!(list["clients"][0]["name"], "ci");
    assert!(!list.to_string().contains(&second));
    server.done(&["client", "revoke", "ci", "--grants", "--yes"]);
    refused(&server.run_with(&second, &["whoami"]), "code: auth.");
    assert_eq!(server.json(&["client", "list"])["clients"], serde_json::json!([]));
    assert_eq!(server.json(&["client", "list", "--all"])["clients"][0]["name"], "ci");
    refused(&server.run(&["client", "show", "ci"]), "client.not_found");
}

#[test]
fn an_old_key_can_be_ended_at_once() {
    let server = Server::start(World::new());
    let first = server.alone(&["client", "add", "ci"]);
    let second = server.alone(&["client", "rotate", "ci", "--overlap", "0"]);
    refused(&server.run_with(&first, &["whoami"]), "code: auth.");
    assert_eq!(server.run_with(&second, &["whoami"]).status, 0);
}

#[test]
fn a_key_that_is_mistyped_is_told_apart() {
    let server = Server::start(World::new());
    let key = server.alone(&["client", "add", "ci"]);
    let last = if key.ends_with('0') { '1' } else { '0' };
    let mistyped = format!("{}{last}", &key[..key.len() - 1]);
    refused(&server.run_with(&mistyped, &["whoami"]), "auth.malformed_key");
}

#[test]
fn a_policy_is_added_explained_and_removed() {
    let world = World::new();
    fs::write(world.path("ci.toml"), POLICY).unwrap();
    let server = Server::start(world);
    let key = server.alone(&["client", "add", "ci"]);
    let explain = ["policy", "explain", "--client", "ci", "--repository", "acme/tools"];
    assert_eq!(server.json(&explain)["decision"], "deny");
    server.done(&["policy", "add", "ci.toml"]);
    refused(&server.run(&["policy", "add", "ci.toml"]), "code: ");
    server.done(&["policy", "add", "ci.toml", "--replace"]);
    let explained = server.json(&explain);
    assert_eq!(
        (&explained["decision"], &explained["rule"]),
        (&"allow".into(), &"ci-reads-tools".into())
    );
    let me: Value = serde_json::from_str(&server.run_with(&key, &["whoami", "--format", "json"]).stdout).unwrap();
    assert_eq!(me["allowed"], serde_json::json!(["token.mint"]));
    let list = server.json(&["policy", "list"]);
    let mine = list["policies"]
        .as_array()
        .unwrap()
        .iter()
        .find(|policy| policy["name"] == "ci-reads-tools");
    assert_eq!(mine.unwrap()["origin"], "stored");
    let table = server.run(&["policy", "list"]).stdout;
    assert!(table.contains("client ci") && table.contains("in force"), "{table}");
    server.done(&["policy", "remove", "ci-reads-tools", "--yes"]);
    refused(
        &server.run(&["policy", "remove", "ci-reads-tools", "--yes"]),
        "policy.not_found",
    );
    assert_eq!(server.json(&explain)["decision"], "deny");
}

#[test]
fn the_policy_file_wins_and_says_so() {
    let world = World::new();
    fs::write(world.path("jeton.toml"), "").unwrap();
    fs::write(world.path("policies.toml"), POLICY).unwrap();
    let server = Server::start(world);
    let list = server.json(&["policy", "list"]);
    assert_eq!(
        (&list["policies"][0]["name"], &list["policies"][0]["origin"]),
        (&"ci-reads-tools".into(), &"file".into())
    );
    assert!(list["file"]["path"].as_str().unwrap().ends_with("policies.toml"));
    refused(
        &server.run(&["policy", "remove", "ci-reads-tools", "--yes"]),
        "policy.configured",
    );
    let replay = server.json(&["policy", "replay", "policies.toml", "--since", "1h"]);
    assert_eq!(replay["changes"], serde_json::json!([]));
}

#[test]
fn people_are_invited_and_let_go() {
    let server = Server::start(World::new());
    let link = server.alone(&["user", "add", "ada", "--role", "operator"]);
    assert!(link.starts_with("http://"), "{link}");
    refused(&server.run(&["user", "add", "ada"]), "user.name_taken");
    let again = server.alone(&["user", "invite", "ada"]);
    assert_ne!(link, again);
    server.alone(&["user", "add", "grace"]);
    server.done(&["user", "set-role", "grace", "auditor"]);
    server.done(&["user", "disable", "grace"]);
    let list = server.json(&["user", "list"]);
    assert_eq!(
        (&list["users"][1]["name"], &list["users"][1]["role"]),
        (&"grace".into(), &"auditor".into())
    );
    assert!(list["users"][1]["disabled_at"].is_string(), "{list}");
    server.done(&["user", "enable", "grace"]);
    assert!(server.json(&["user", "list"])["users"][1]["disabled_at"].is_null());
    server.done(&["user", "remove", "grace", "--yes"]);
    refused(&server.run(&["user", "disable", "grace"]), "user.not_found");
}

#[test]
fn what_was_done_is_on_record_and_verifies() {
    let server = Server::start(World::new());
    let key = server.alone(&["client", "add", "ci"]);
    server.done(&["client", "revoke", "ci", "--yes"]);
    let page = server.json(&["audit", "list", "--actor", "operator"]);
    let entries = page["entries"].as_array().unwrap();
    assert!(entries.len() >= 2, "{page}");
    assert!(entries[0]["seq"].as_u64() > entries[1]["seq"].as_u64(), "newest first");
    assert!(!page.to_string().contains(&key));
    let event = entries[0]["event"].as_str().unwrap();
    let one = server.json(&["audit", "list", "--event", event, "--limit", "1"]);
    assert_eq!(one["entries"].as_array().unwrap().len(), 1);
    let none = server.run(&["audit", "list", "--until", "2026-01-01"]);
    assert_eq!((none.status, none.stdout.as_str()), (0, ""), "{}", none.stderr);

    let verdict = server.json(&["audit", "verify"]);
    assert_eq!(
        (&verdict["ok"], &verdict["findings"]),
        (&true.into(), &serde_json::json!([]))
    );
    let head = format!("{}:{}", verdict["last"], verdict["head"].as_str().unwrap());
    assert_eq!(server.run(&["audit", "verify", "--expect", &head]).status, 0);
    let other = format!("{}:{}", verdict["last"], "00".repeat(32));
    let ran = server.run(&["audit", "verify", "--expect", &other]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);

    server.done(&["audit", "export", "--output", "all.jsonl"]);
    let text = fs::read_to_string(server.world.path("all.jsonl")).unwrap();
    let numbers: Vec<_> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].as_u64().unwrap())
        .collect();
    assert!(numbers.len() >= 2 && numbers.is_sorted(), "oldest first: {numbers:?}");
    let ran = server.run(&["audit", "export", "--actor", "client:nobody"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
}

#[test]
fn everybody_may_list_what_they_hold() {
    let server = Server::start(World::new());
    let key = server.alone(&["client", "add", "ci"]);
    let ran = server.run_with(&key, &["token", "list", "--mine"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("you hold no token"), "{}", ran.stderr);
    let ran = server.run_with(&key, &["token", "list"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("none that you may see"), "{}", ran.stderr);
}
