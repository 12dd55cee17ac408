//! Policy files, tried without a server.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod cli_support;

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use cli_support::World;

const FILE: &str = r#"
[ceiling]
permissions = { contents = "write", metadata = "read" }

[[policy]]
name = "ci-reads-tools"
callers = { client = "ci" }
actions = "token.mint"
repositories = "acme/tools"
permissions = { contents = "read" }

[[policy]]
name = "main-writes"
callers = { issuer = "actions", claims = { ref = "refs/heads/main", repository = "acme/*" } }
actions = "token.mint"
repositories = "acme/*"
permissions = { contents = "write" }
longest_lifetime_seconds = 600

[[test]]
name = "ci reads tools"
caller = { client = "ci" }
request = { action = "token.mint", repositories = "acme/tools" }
expect = "allow"
rule = "ci-reads-tools"

[[test]]
name = "ci writes nothing"
caller = { client = "ci" }
request = { action = "token.mint", repositories = "acme/tools", permissions = { contents = "write" } }
expect = "deny"
"#;

/// A directory with a policy file in it.
fn world(text: &str) -> World {
    let world = World::new();
    fs::write(world.path("policies.toml"), text).unwrap();
    world
}

/// The same run with a text on standard input.
fn with_input(mut command: Command, input: &str) -> (i32, String) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_tests_of_a_file_are_run_without_a_server() {
    let world = world(FILE);
    let ran = world.run(&["policy", "test", "policies.toml"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    for part in [
        "ok   ci reads tools",
        "ok   ci writes nothing",
        "policies.toml is valid: 2 policies, all 2 tests pass",
    ] {
        assert!(ran.stdout.contains(part), "{part} in {}", ran.stdout);
    }
    let (status, json) = with_input(world.command(&["policy", "test", "-", "--format", "json"]), FILE);
    let check: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((status, &check["ok"], &check["policies"]), (0, &true.into(), &2.into()));
}

#[test]
fn a_test_that_fails_and_a_file_that_is_not_valid_end_with_1() {
    let failing = world(&FILE.replace("expect = \"deny\"", "expect = \"allow\""));
    let ran = failing.run(&["policy", "test", "policies.toml"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout.contains("FAIL ci writes nothing") && ran.stdout.contains("1 of 2 tests fail"),
        "{}",
        ran.stdout
    );
    let typo = world(&FILE.replace(
        "repositories = \"acme/tools\"\npermissions",
        "repositoires = \"acme/tools\"\npermissions",
    ));
    let ran = typo.run(&["policy", "test", "policies.toml"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout.contains("is not valid") && ran.stdout.contains("line 9") && ran.stdout.contains("repositories"),
        "{}",
        ran.stdout
    );
    let ran = typo.run(&["policy", "test", "none.toml"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("none.toml") && ran.stderr.contains("does not exist"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_file_explains_what_it_would_decide() {
    let world = world(FILE);
    let explain = |arguments: &[&str]| {
        let all = [&["policy", "explain", "--file", "policies.toml"], arguments].concat();
        let ran = world.run(&all);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{arguments:?}");
        ran.stdout
    };
    let allowed = explain(&["--client", "ci", "--repository", "acme/tools"]);
    assert!(
        allowed.starts_with("allowed by ci-reads-tools\nit gets contents=read\n"),
        "{allowed}"
    );
    let token = [
        "--issuer",
        "actions",
        "--claim",
        "ref=refs/heads/main",
        "--claim",
        "repository=acme/web",
    ];
    let allowed = explain(&[&token[..], &["--repository", "acme/web"]].concat());
    assert!(
        allowed.starts_with("allowed by main-writes\n") && allowed.contains("for at most 600 s"),
        "{allowed}"
    );
    let refused = explain(
        &[
            &token[..2],
            &["--claim", "ref=refs/heads/x", "--repository", "acme/web"],
        ]
        .concat(),
    );
    assert!(
        refused.starts_with("refused: no policy covers it\n") && refused.contains("main-writes"),
        "{refused}"
    );
    let beyond = explain(&[
        "--operator",
        "--repository",
        "acme/tools",
        "--permission",
        "contents=admin",
    ]);
    assert!(beyond.contains("beyond the ceiling"), "{beyond}");
    let json = explain(&["--client", "ci", "--repository", "acme/x", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["decision"], "deny");
}

#[test]
fn who_asks_must_be_said_once() {
    let world = world(FILE);
    for arguments in [
        &["--repository", "acme/tools"][..],
        &["--client", "ci", "--user", "ada"],
        &["--client", "ci", "--role", "member"],
        &["--client", "ci", "--claim", "a=b"],
    ] {
        let ran = world.run(&[&["policy", "explain", "--file", "policies.toml"], arguments].concat());
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{arguments:?}");
    }
    let ran = world.run(&[
        "policy",
        "explain",
        "--file",
        "policies.toml",
        "--client",
        "ci",
        "--action",
        "token.mnit",
    ]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("token.mnit") && ran.stderr.contains("code: request.invalid"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_cannot_be_added_is_told_before_the_server_is_asked() {
    let caller = |text: &str| {
        world(text)
            .env("JETON_TOKEN", "x")
            .env("JETON_URL", "http://127.0.0.1:1")
    };
    let ran = caller(FILE).run(&["policy", "add", "policies.toml"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("[ceiling]") && ran.stderr.contains("code: policy.invalid"),
        "{}",
        ran.stderr
    );
    let ran = caller("[[policy]]\nname = 'x'\n").run(&["policy", "replay", "policies.toml"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("policies.toml: "), "{}", ran.stderr);
    let alone = FILE.replace(
        "[ceiling]\npermissions = { contents = \"write\", metadata = \"read\" }\n",
        "",
    );
    assert_eq!(
        caller(&alone).run(&["policy", "add", "policies.toml"]).status,
        2,
        "it was tried"
    );
}

#[test]
fn the_doctor_reads_the_policy_file_too() {
    let world = World::new()
        .env("JETON_POLICIES__FILE", "policies.toml")
        .env("JETON_APP_ID", "1")
        .env("JETON_APP_PRIVATE_KEY", "no key")
        .env("JETON_APP_API_URL", "http://127.0.0.1:1/api/v3");
    fs::write(world.path("policies.toml"), FILE.replace("acme/*", "acme/**")).unwrap();
    let ran = world.run(&["doctor", "--format", "json", "--url", "http://127.0.0.1:1"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["check"] == "policies").unwrap();
    assert_eq!(
        (&finding["level"], &finding["code"]),
        (&"fail".into(), &"policy.invalid".into())
    );
}
