//! What the program refuses: files that are no keys, databases that are none, and a key over an open line.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod cli_support;

use std::fs;

use cli_support::{Ran, World};

/// A caller of a server that is not there: what gets as far as the network ends with 2.
fn caller() -> World {
    World::new()
        .env("JETON_TOKEN", "x")
        .env("JETON_URL", "http://127.0.0.1:1")
}

fn says(ran: &Ran, parts: &[&str]) {
    for part in parts {
        assert!(ran.stderr.contains(part), "{part} in {}", ran.stderr);
    }
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_file_that_is_no_key_is_told_what_it_is() {
    let world = caller();
    fs::write(world.path("some.jpg"), b"\xff\xd8\xff\xe0\0\x10JFIF\0").unwrap();
    fs::create_dir(world.path("keys")).unwrap();
    fs::write(world.path("large.pem"), vec![b'a'; 5 * 1024 * 1024]).unwrap();
    let cases: [(&str, &[&str]); 6] = [
        ("some.jpg", &["some.jpg", "a JPEG image", "code: app.key_invalid"]),
        (
            "keys",
            &["keys (named by --key-file) is a directory", "code: config.file"],
        ),
        (
            "large.pem",
            &["larger than 1 MiB", "help: Name the right file.", "code: config.file"],
        ),
        (
            "/dev/null",
            &["/dev/null", "is empty", "BEGIN and END", "code: app.key_invalid"],
        ),
        ("/dev/zero", &["larger than 1 MiB", "code: config.file"]),
        (
            "none.pem",
            &["none.pem (named by --key-file) does not exist", "code: config.file"],
        ),
    ];
    for (file, parts) in cases {
        let ran = world.run(&["app", "add", "ci", "--app-id", "1", "--key-file", file]);
        assert_eq!(ran.status, 1, "{file}: {}", ran.stderr);
        says(&ran, parts);
        assert!(ran.stderr.contains("help: "), "{file}: {}", ran.stderr);
    }
}

/// Runs a server on a database that it cannot have; it must end by itself, and make nothing.
fn serve_on(world: World, url: &str) -> (World, Ran) {
    let world = world
        .env("JETON_DATABASE__URL", url)
        .env("JETON_SERVER__LISTEN", "127.0.0.1:0");
    let ran = world.run(&["serve"]);
    assert_eq!(ran.status, 1, "{url}: {}", ran.stderr);
    assert!(ran.stderr.contains("help: "), "{url}: {}", ran.stderr);
    assert!(!world.path("state").exists(), "{url}: nothing was made");
    (world, ran)
}

#[test]
fn a_directory_is_no_database() {
    let world = World::new();
    fs::create_dir(world.path("data")).unwrap();
    let (world, ran) = serve_on(world, "data");
    says(
        &ran,
        &["it is a directory", "Name a file", "code: vault.not_a_database"],
    );
    assert_eq!(fs::read_dir(world.path("data")).unwrap().count(), 0);
    let (_, ran) = serve_on(World::new(), "none/jeton.db");
    says(&ran, &["directory none does not exist", "code: vault.not_a_database"]);
}

#[test]
fn where_nothing_can_be_written_is_no_place_for_a_database() {
    // not even root makes files there
    let (_, ran) = serve_on(World::new(), "/sys/x.db");
    says(&ran, &["/sys/x.db", "the right to write", "code: vault.read_only"]);
}

#[test]
fn a_text_file_is_no_database_and_stays_as_it_is() {
    let world = World::new();
    let text = "Not a database.\n".repeat(500);
    fs::write(world.path("notes.txt"), &text).unwrap();
    let (world, ran) = serve_on(world, "notes.txt");
    says(&ran, &["notes.txt", "code: vault.not_a_database"]);
    assert_eq!(fs::read_to_string(world.path("notes.txt")).unwrap(), text);
    let mut beside: Vec<_> = fs::read_dir(world.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    // the lock that keeps two servers off one file is taken before anybody looks into it
    beside.retain(|name| name != "notes.txt.lock");
    assert_eq!(beside, ["notes.txt"]);
}

#[test]
fn another_kind_of_database_is_a_wrong_value() {
    let (_, ran) = serve_on(World::new(), "mysql://u:planted@h/n");
    says(
        &ran,
        &[
            "database.url",
            "postgres://USER@HOST/NAME",
            "JETON_DATABASE__URL",
            "code: config.bad_value",
        ],
    );
    assert!(!ran.stderr.contains("planted"), "{}", ran.stderr);
}

#[test]
fn a_postgres_that_is_not_there_is_unavailable() {
    let (_, ran) = serve_on(World::new(), "postgres://u:planted@127.0.0.1:1/jeton");
    says(
        &ran,
        &["127.0.0.1:1", "Check that the database runs", "code: vault.unavailable"],
    );
    assert!(!ran.stderr.contains("planted"), "{}", ran.stderr);
}

#[test]
fn the_key_goes_to_another_machine_only_over_https_or_when_told_to() {
    let list = ["app", "list"];
    // an address of this machine that does not say so: whatever is sent there is refused at once
    let world = || {
        World::new()
            .env("JETON_TOKEN", "x")
            .env("JETON_URL", "http://0.0.0.0:1")
    };
    let ran = world().run(&list);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    says(
        &ran,
        &[
            "0.0.0.0 over plain http",
            "https URL",
            "--insecure-http",
            "code: request.invalid",
        ],
    );
    let named = World::new()
        .env("JETON_TOKEN", "x")
        .env("JETON_URL", "http://example.com");
    says(&named.run(&list), &["example.com over plain http"]);
    assert_eq!(
        world().run(&["app", "list", "--insecure-http"]).status,
        2,
        "it was tried"
    );
    assert_eq!(
        world().env("JETON_INSECURE_HTTP", "true").run(&list).status,
        2,
        "it was tried"
    );
    assert_eq!(world().env("JETON_INSECURE_HTTP", "false").run(&list).status, 1);
    says(
        &world().env("JETON_INSECURE_HTTP", "maybe").run(&list),
        &["JETON_INSECURE_HTTP is neither true nor false"],
    );
    let secure = World::new()
        .env("JETON_TOKEN", "x")
        .env("JETON_URL", "https://0.0.0.0:1");
    assert_eq!(secure.run(&list).status, 2);
    assert_eq!(caller().run(&list).status, 2, "this machine itself needs no https");
}
