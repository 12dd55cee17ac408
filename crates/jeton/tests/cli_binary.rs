//! The program itself: what it prints, and how it ends. None of these needs a server.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod cli_support;

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use cli_support::World;
use jeton_forge_sim::{AppSpec, ForgeSim, SimConfig};

/// The doctor's findings; nothing outside of this machine is asked.
fn doctor(world: &World, arguments: &[&str]) -> (i32, Vec<serde_json::Value>) {
    let ran = world.run(
        &[
            &["doctor", "--format", "json", "--url", "http://127.0.0.1:1"],
            arguments,
        ]
        .concat(),
    );
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    assert_eq!(report["ok"].as_bool(), Some(ran.status == 0));
    (ran.status, report["findings"].as_array().unwrap().clone())
}

fn find<'a>(findings: &'a [serde_json::Value], check: &str) -> &'a serde_json::Value {
    findings
        .iter()
        .find(|finding| finding["check"] == check)
        .unwrap_or_else(|| panic!("{check}: {findings:#?}"))
}

fn key_file(world: &World, name: &str, pem: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = world.path(name);
    fs::write(&path, pem).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// A GitHub App that nobody answers for: its forge is a closed port.
fn app_on_a_closed_port(world: World) -> World {
    world
        .env("JETON_APP_ID", "1")
        .env("JETON_APP_PRIVATE_KEY", "no key")
        .env("JETON_APP_API_URL", "http://127.0.0.1:1/api/v3")
}

#[test]
fn help_of_every_command_has_an_example_and_ends_well() {
    let world = World::new();
    let commands: &[&[&str]] = &[
        &[],
        &["serve"],
        &["demo"],
        &["token", "mint"],
        &["token", "inspect"],
        &["token", "revoke"],
        &["token", "list"],
        &["app", "add"],
        &["app", "list"],
        &["app", "check"],
        &["app", "remove"],
        &["client", "add"],
        &["client", "list"],
        &["client", "show"],
        &["client", "rotate"],
        &["client", "revoke"],
        &["policy", "list"],
        &["policy", "test"],
        &["policy", "explain"],
        &["policy", "replay"],
        &["policy", "add"],
        &["policy", "remove"],
        &["audit", "list"],
        &["audit", "verify"],
        &["audit", "export"],
        &["user", "add"],
        &["user", "list"],
        &["user", "set-role"],
        &["user", "disable"],
        &["user", "enable"],
        &["user", "remove"],
        &["user", "invite"],
        &["whoami"],
        &["content", "tree"],
        &["content", "cat"],
        &["content", "lines"],
        &["content", "commits"],
        &["key", "generate"],
        &["key", "status"],
        &["doctor"],
    ];
    for command in commands {
        let ran = world.run(&[command, &["--help"][..]].concat());
        assert_eq!(ran.status, 0, "{command:?}");
        assert!(ran.stdout.contains("Example:\n  "), "{command:?}: {}", ran.stdout);
    }
    let version = world.run(&["--version"]);
    assert_eq!(
        (version.status, version.stdout),
        (0, format!("jeton {}\n", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn what_cannot_be_typed_is_the_users_to_change() {
    let ran = World::new().run(&["token", "mnit"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("mint") && ran.stdout.is_empty(), "{}", ran.stderr);
    assert_eq!(
        World::new().run(&["app", "add", "ci", "--app-id", "1"]).status,
        1,
        "a key must come from somewhere"
    );
}

#[test]
fn an_unknown_setting_names_the_nearest_before_anything_starts() {
    let world = World::new().env("JETON_SERVER_LISTEN", "127.0.0.1:0");
    let ran = world.run(&["serve"]);
    assert_eq!(ran.status, 1);
    let lines: Vec<_> = ran.stderr.lines().collect();
    assert_eq!(
        lines[0],
        "error: `JETON_SERVER_LISTEN` is no setting of jeton's (in the environment)"
    );
    assert_eq!(
        lines[1..],
        ["help: Did you mean `JETON_SERVER__LISTEN`?", "code: config.unknown_key"]
    );
    assert!(!world.path("state").exists(), "nothing was made");
}

#[test]
fn a_generated_key_goes_where_it_was_asked_to_go_and_over_nothing() {
    let world = World::new();
    let printed = world.run(&["key", "generate"]);
    assert_eq!(
        (printed.status, printed.stdout.trim().len()),
        (0, 44),
        "32 bytes in base64"
    );
    let file = world.path("seal.key");
    let written = world.run(&["key", "generate", "--out", "seal.key"]);
    assert_eq!((written.status, written.stdout.as_str()), (0, ""));
    let first = fs::read_to_string(&file).unwrap();
    assert!(!written.stderr.contains(first.trim()), "the key is in its file alone");
    let again = world.run(&["key", "generate", "--out", "seal.key"]);
    assert_eq!(again.status, 1);
    assert!(again.stderr.contains("never overwritten") && again.stderr.contains("code: config.file"));
    assert_eq!(fs::read_to_string(&file).unwrap(), first);
    assert_eq!(world.run(&["key", "generate", "--out", "none/seal.key"]).status, 1);
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let world = World::new();
    for arguments in [&["key", "generate"][..], &["--help"][..]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = world.command(arguments).stdout(writer).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn without_a_server_the_error_says_where_it_was_looked_for() {
    let world = World::new()
        .env("JETON_TOKEN", "x")
        .env("JETON_URL", "http://127.0.0.1:1");
    let ran = world.run(&["token", "mint", "acme/tools", "--format", "plain"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    for part in [
        "http://127.0.0.1:1",
        "jeton serve",
        "jeton doctor",
        "code: server.unreachable",
    ] {
        assert!(ran.stderr.contains(part), "{part} in {}", ran.stderr);
    }
}

#[test]
fn without_a_key_nothing_is_asked() {
    let ran = World::new().run(&["app", "list"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("state/jeton/operator.key") && ran.stderr.contains("code: auth.missing"));
    let world = World::new().env("JETON_TOKEN_FILE", "none");
    assert!(
        world
            .run(&["app", "list"])
            .stderr
            .contains("none (named by JETON_TOKEN_FILE) does not exist")
    );
}

#[test]
fn a_token_that_could_not_be_put_anywhere_is_not_asked_for() {
    let world = World::new()
        .env("JETON_TOKEN", "x")
        .env("JETON_URL", "http://127.0.0.1:1");
    let ran = world.run(&["token", "mint", "acme/tools", "--format", "github-output"]);
    assert_eq!(ran.status, 1, "before the server is called, which would end with 2");
    assert!(ran.stderr.contains("GITHUB_OUTPUT"), "{}", ran.stderr);
}

#[test]
fn a_wrong_key_file_is_told_apart_before_anything_is_sent() {
    let world = World::new()
        .env("JETON_TOKEN", "x")
        .env("JETON_URL", "http://127.0.0.1:1");
    let public = format!(
        "-----BEGIN {} KEY-----\nAAAA\n-----END {} KEY-----\n",
        "PUBLIC", "PUBLIC"
    );
    fs::write(world.path("app.pem"), public).unwrap();
    let ran = world.run(&["app", "add", "ci", "--app-id", "1", "--key-file", "app.pem"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("public key") && ran.stderr.contains("code: app.key_invalid"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_doctor_names_a_missing_env_file() {
    let (status, findings) = doctor(&World::new(), &["--env-file", "prod.env"]);
    assert_eq!(status, 1);
    let finding = find(&findings, "configuration");
    assert_eq!(
        (&finding["level"], &finding["code"]),
        (&"fail".into(), &"config.file".into())
    );
    assert!(
        finding["what"]
            .as_str()
            .unwrap()
            .contains("prod.env (named by --env-file) does not exist")
    );
}

#[test]
fn the_doctor_names_the_process_that_holds_the_port() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let world = app_on_a_closed_port(World::new()).env("JETON_SERVER__LISTEN", address.to_string());
    let answering = std::thread::spawn(move || {
        // whoever asks for /healthz gets no answer of jeton's
        drop(taken.accept());
        taken
    });
    let (status, findings) = doctor(&world, &[]);
    drop(answering.join().unwrap());
    assert_eq!(status, 1);
    let finding = find(&findings, "address");
    assert_eq!(finding["code"], "server.listen");
    let what = finding["what"].as_str().unwrap();
    assert!(what.contains(&format!("(process {})", std::process::id())), "{what}");
    assert_eq!(find(&findings, "forge")["code"], "forge.unavailable");
    assert_eq!(find(&findings, "app")["code"], "app.key_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_has_the_forge_try_each_configured_app() {
    let sim = ForgeSim::start(SimConfig::default()).await.unwrap();
    let app = sim.github().add_app(AppSpec::new("ci"));
    let world = World::new();
    let pem = key_file(&world, "app.pem", &app.private_key_pkcs1_pem);
    let world = world
        .env("JETON_APP_ID", app.id.to_string())
        .env("JETON_APP_PRIVATE_KEY_FILE", pem.display().to_string())
        .env("JETON_APP_API_URL", sim.api_url())
        .env("JETON_SERVER__LISTEN", "127.0.0.1:0");
    let (status, findings) = doctor(&world, &[]);
    assert_eq!(status, 0, "{findings:#?}");
    assert_eq!(find(&findings, "app")["level"], "ok");
    assert_eq!(find(&findings, "clock")["level"], "ok");
    assert!(!Path::new(&world.path("state")).exists(), "the doctor makes nothing");
    sim.github().rotate_app_key(app.id);
    let (status, findings) = doctor(&world, &[]);
    assert_eq!(
        (status, &find(&findings, "app")["code"]),
        (1, &"app.key_rejected".into())
    );
}
