use std::{fs, path::PathBuf};

use jeton_domain::{Code, Coded as _};

use super::{AppKeySource, Config, World};

fn key_path(config: &Config) -> PathBuf {
    match &config.apps[0].key {
        AppKeySource::File(path, _) => path.clone(),
        AppKeySource::Inline(..) => panic!("a file"),
    }
}

#[test]
fn of_the_file_and_of_the_environment() {
    let world = World::new().toml(
        "[[apps]]\nname = 'a'\napp_id = 1\nprivate_key_file = 'a.pem'\n\
         [[apps]]\nname = 'default'\napp_id = '2'\nprivate_key = 'x'\napi_url = 'https://git.example.com/api/v3'\n",
    );
    let config = world.config();
    assert_eq!(config.apps.len(), 2);
    assert_eq!(key_path(&config), world.path("a.pem"));
    assert_eq!(config.apps[1].forge.host(), "git.example.com");
    let world = world
        .env("JETON_APP_ID", "3")
        .env("JETON_APP_PRIVATE_KEY_FILE", "/k.pem");
    let config = world.config();
    let ids: Vec<_> = config.apps.iter().map(|app| app.issuer.as_str()).collect();
    assert_eq!(ids, ["1", "3"], "the environment's replaces the one of the same name");
}

#[test]
fn each_fault_is_named() {
    let world = World::new().toml("[[apps]]\nname = 'A B'\napp_id = 'my-app'\nprivate_key_flie = 'x'\n");
    let error = world.error();
    for part in [
        "apps.name cannot be `A B`",
        "apps.app_id cannot be `my-app`",
        "apps.private_key_file`?",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let twice = "[[apps]]\nname = 'a'\napp_id = 1\nprivate_key = 'x'\n".repeat(2);
    assert!(World::new().toml(&twice).error().contains("named `a`"));
    assert!(World::new().toml("[apps]\nname = 'a'\n").error().contains("[[apps]]"));
}

#[test]
fn an_id_without_a_key_and_a_key_without_an_id() {
    assert!(
        World::new()
            .env("GITHUB_APP_ID", "1")
            .error()
            .contains("GITHUB_APP_ID names a GitHub App")
    );
    assert!(
        World::new()
            .env("JETON_APP_PRIVATE_KEY", "x")
            .error()
            .contains("no JETON_APP_ID")
    );
    assert!(
        World::new().env("SECRETS_DIR", "/run/secrets").config().apps.is_empty(),
        "others use that name too"
    );
    assert!(World::new().env("GITHUB_APP_PRIVATE_KEY", "x").config().apps.is_empty());
}

#[test]
fn under_the_names_of_older_services() {
    let world = World::new()
        .env("GITHUB_APP_ID", "1")
        .env("GITHUB_APP_PRIVATE_KEY", "-----BEGIN x");
    assert!(matches!(world.config().apps[0].key, AppKeySource::Inline(..)));
    let world = World::new();
    let dir = world.dir.path().display().to_string();
    let world = world.env("GITHUB_APP_ID", "1").env("SECRETS_DIR", dir);
    assert!(world.error().contains("has no *.pem file in it"), "{}", world.error());
    world.file("one.pem", "x");
    assert_eq!(key_path(&world.config()), world.path("one.pem"));
    world.file("two.pem", "x");
    assert!(world.error().contains("one.pem, two.pem"), "{}", world.error());
    let world = world.env("GITHUB_APP_PRIVATE_KEY", "two.pem");
    assert_eq!(key_path(&world.config()), world.path("two.pem"));
}

#[test]
fn a_key_file_that_is_no_text_is_told_apart() {
    let world = World::new().env("JETON_APP_ID", "1");
    fs::write(world.path("app.pem"), b"PK\x03\x04").unwrap();
    let path = world.path("app.pem").display().to_string();
    let world = world.env("JETON_APP_PRIVATE_KEY_FILE", path);
    let error = world.config().apps[0].key.read().unwrap_err();
    assert_eq!(error.code(), Code::AppKeyInvalid);
    assert!(
        error.to_string().contains("app.pem") && error.to_string().contains("ZIP"),
        "{error}"
    );
    fs::remove_file(world.path("app.pem")).unwrap();
    assert_eq!(world.config().apps[0].key.read().unwrap_err().code(), Code::ConfigFile);
}
