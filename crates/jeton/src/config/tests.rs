mod access;
mod apps;
mod issuers;
mod keys;
mod margins;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use jeton_domain::{Code, Coded as _};
use tempfile::TempDir;

use super::{
    AppKeySource, Config, ConfigError, ConfigIssue, ConfigSources, DatabasePlace, KeySource, LogFormat, LogLevel,
    Override,
};

/// Sources in a directory of their own, with a home so that the state has a place.
struct World {
    dir: TempDir,
    sources: ConfigSources,
}

impl World {
    fn new() -> Self {
        let env = BTreeMap::from([("HOME".to_owned(), "/home/x".to_owned())]);
        Self {
            dir: tempfile::tempdir().unwrap(),
            sources: ConfigSources {
                env,
                ..ConfigSources::default()
            },
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn toml(mut self, text: &str) -> Self {
        self.sources.config_file = Some(self.file("jeton.toml", text));
        self
    }

    fn env_file(mut self, text: &str) -> Self {
        self.sources.env_file = Some(self.file("prod.env", text));
        self
    }

    fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.sources.env.insert(name.to_owned(), value.into());
        self
    }

    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(self.sources.clone())
    }

    fn config(&self) -> Config {
        self.load().unwrap()
    }

    fn error(&self) -> String {
        let error = self.load().unwrap_err();
        format!("{error} | {}", error.remedy().unwrap())
    }
}

fn listens(config: &Config) -> Vec<String> {
    config.server.listen.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_at_all_is_a_configuration() {
    let config = World::new().config();
    assert_eq!(listens(&config), ["127.0.0.1:8080"]);
    assert_eq!(config.state_dir, Path::new("/home/x/.local/state/jeton"));
    assert_eq!(config.database.place.to_string(), "/home/x/.local/state/jeton/jeton.db");
    assert_eq!(config.server.max_connections, 4096);
    assert_eq!(config.server.max_body_bytes, 64 * 1024);
    assert_eq!(config.server.request_timeout, Duration::from_secs(30));
    assert_eq!(config.server.shutdown_grace, Duration::from_secs(20));
    assert_eq!((config.log.level, config.log.format), (LogLevel::Info, LogFormat::Text));
    assert_eq!(config.broker.renew_margin.as_secs(), 300);
    assert_eq!(config.broker.keep_ended.as_hours(), 720);
    assert_eq!(config.broker.calls_per_app, 64);
    assert_eq!(config.compat.permissions.to_string(), "contents=read,metadata=read");
    assert!(config.compat.enabled && !config.compat.anonymous && !config.compat.anonymous_remote);
    assert!(matches!(&config.seal_key, KeySource::DefaultFile(path) if path.ends_with("jeton/seal.key")));
    assert!(matches!(&config.operator_key, KeySource::DefaultFile(path) if path.ends_with("jeton/operator.key")));
    assert!(config.apps.is_empty() && config.read_from.is_none());
}

#[test]
fn later_places_win() {
    let world = World::new().toml("[server]\nlisten = ['127.0.0.1:1']\nmax_body_kib = 1\n[log]\nlevel = 'debug'\n");
    assert_eq!(listens(&world.config()), ["127.0.0.1:1"]);
    let world = world.env("BIND_ADDR", "0.0.0.0:2");
    assert_eq!(listens(&world.config()), ["0.0.0.0:2"]);
    let world = world.env_file("JETON_SERVER__LISTEN=127.0.0.1:9\nJETON_SERVER__MAX_BODY_KIB=7\n");
    assert_eq!(
        listens(&world.config()),
        ["0.0.0.0:2"],
        "a file with variables never overrides the environment"
    );
    assert_eq!(world.config().server.max_body_bytes, 7 * 1024);
    let mut world = world.env("JETON_SERVER__LISTEN", "127.0.0.1:3, [::1]:3");
    assert_eq!(listens(&world.config()), ["127.0.0.1:3", "[::1]:3"]);
    let value = "127.0.0.1:4".to_owned();
    world.sources.overrides.push(Override {
        key: "server.listen",
        flag: "--listen",
        value,
    });
    assert_eq!(listens(&world.config()), ["127.0.0.1:4"]);
    assert_eq!(world.config().log.level, LogLevel::Debug);
}

#[test]
fn an_empty_variable_is_not_set_and_hides_the_files() {
    let world = World::new()
        .env_file("JETON_LOG__LEVEL=debug\n")
        .env("JETON_LOG__LEVEL", "");
    assert_eq!(world.config().log.level, LogLevel::Info);
}

#[test]
fn an_unknown_key_names_its_place_and_the_nearest() {
    let error = World::new().toml("\n[server]\nlisen = ['127.0.0.1:1']\n").error();
    assert!(
        error.contains("`server.lisen`") && error.contains("jeton.toml, line 3"),
        "{error}"
    );
    assert!(error.contains("Did you mean `server.listen`?"), "{error}");
    let error = World::new().toml("[sever]\nlisten = []\n").error();
    assert!(error.contains("[sever]") && error.contains("`[server]`"), "{error}");
    let error = World::new().toml("listen = []\n").error();
    assert!(error.contains("`server.listen`"), "{error}");
    let world = World::new().env("JETON_SERVER_LISTEN", "127.0.0.1:1");
    assert_eq!(world.load().unwrap_err().code(), Code::ConfigUnknownKey);
    assert!(
        world.error().contains("Did you mean `JETON_SERVER__LISTEN`?"),
        "{}",
        world.error()
    );
    let error = World::new().env_file("JETON_LOG__LEVLE=debug\n").error();
    assert!(
        error.contains("prod.env") && error.contains("`JETON_LOG__LEVEL`"),
        "{error}"
    );
    World::new()
        .env("JETON_SERVICE_HOST", "10.0.0.1")
        .env("JETON_PORT", "tcp://10.0.0.1:80")
        .config();
}

#[test]
fn several_errors_are_told_together() {
    let world = World::new()
        .toml("[server]\nlisten = 'nowhere'\nmax_connections = 0\n[log]\nlevel = 'loud'\n")
        .env("TOKEN_RENEW_AT", "soon");
    let error = world.load().unwrap_err();
    assert_eq!(error.issues().len(), 4, "{error}");
    let text = error.to_string();
    for part in [
        "server.listen cannot be `nowhere`",
        "server.max_connections cannot be `0`",
        "from 1 to 1000000",
        "log.level cannot be `loud`",
        "broker.renew_margin_seconds cannot be `soon` (environment variable TOKEN_RENEW_AT): expected a whole number from 0",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn files_that_are_named_must_be_there() {
    let mut world = World::new();
    world.sources.config_file = Some(world.path("none.toml"));
    world.sources.env_file = Some(world.path("none.env"));
    let error = world.error();
    for part in [
        "none.toml (named by --config) does not exist",
        "none.env (named by --env-file) does not exist",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    world.sources.config_file = Some(world.dir.path().to_owned());
    world.sources.env_file = None;
    assert!(world.error().contains("is a directory"), "{}", world.error());
    assert!(
        World::new()
            .env("JETON_CONFIG", "/nowhere/x.toml")
            .error()
            .contains("named by JETON_CONFIG")
    );
}

#[test]
fn usual_files_may_be_missing_and_the_first_one_counts() {
    let mut world = World::new();
    world.sources.default_config_files = vec![world.path("a.toml"), world.path("b.toml")];
    world.sources.default_env_file = Some(world.path(".env"));
    assert!(world.config().read_from.is_none());
    world.file("b.toml", "[log]\nlevel = 'warn'\n");
    world.file(".env", "JETON_LOG__FORMAT=json\n");
    assert_eq!(
        (world.config().log.level, world.config().log.format),
        (LogLevel::Warn, LogFormat::Json)
    );
    world.file("a.toml", "[log]\nlevel = 'error'\n");
    assert_eq!(world.config().log.level, LogLevel::Error);
    fs::remove_file(world.path(".env")).unwrap();
    fs::create_dir(world.path(".env")).unwrap();
    assert_eq!(
        world.config().log.format,
        LogFormat::Text,
        "a Python environment is no file with variables"
    );
}

#[test]
fn no_error_shows_a_secret() {
    let world = World::new()
        .toml("[database]\nurl = 'mysql://u:planted@h/n'\n[seal]\nkey = 17\n[[apps]]\nname='a'\napp_id='1'\nprivate_key = ['planted']\n");
    let error = world.error();
    assert!(
        error.contains("database.url cannot be used") && !error.contains("planted"),
        "{error}"
    );
    let error = World::new().env_file("A=1\nJETON_SEAL__KEY='planted\n").error();
    assert!(error.contains("line 2") && !error.contains("planted"), "{error}");
    let error = World::new().toml("[seal]\nkey = planted\n").error();
    assert!(error.contains("line 2") && !error.contains("planted"), "{error}");
    let key = format!("-----BEGIN RSA {} KEY-----\nplanted", "PRIVATE");
    let error = World::new()
        .env("JETON_APP_ID", key)
        .env("JETON_APP_PRIVATE_KEY", "x")
        .error();
    assert!(error.contains("JETON_APP_ID") && !error.contains("planted"), "{error}");
}

#[test]
fn debug_shows_no_secret() {
    let world = World::new()
        .env("JETON_SEAL__KEY", "planted")
        .env("JETON_OPERATOR__KEY", "planted")
        .env("JETON_DATABASE__URL", "postgres://u:planted@h/n")
        .env("JETON_APP_ID", "1")
        .env("JETON_APP_PRIVATE_KEY", "planted");
    let text = format!("{:?}", world.config());
    assert!(!text.contains("planted"), "{text}");
    assert_eq!(text.matches("Secret(****)").count(), 4, "{text}");
}

#[test]
fn a_secret_or_its_file_but_not_both_in_one_place() {
    let world = World::new()
        .env("JETON_SEAL__KEY", "x")
        .env("JETON_SEAL__KEY_FILE", "/x");
    assert!(
        world.error().contains("seal.key and seal.key_file are both given"),
        "{}",
        world.error()
    );
    let world = World::new().toml("[seal]\nkey_file = 'seal.key'\n");
    let beside = world.path("seal.key");
    assert!(
        matches!(&world.config().seal_key, KeySource::File(path) if *path == beside),
        "counts from the file"
    );
    let world = world.env("JETON_SEAL__KEY", "x");
    assert!(
        matches!(world.config().seal_key, KeySource::Inline(..)),
        "the environment wins"
    );
    assert_eq!(
        world.config().seal_key.describe(),
        "environment variable JETON_SEAL__KEY"
    );
}

#[test]
fn systemd_gives_credentials_and_a_state_directory() {
    let world = World::new();
    let key = world.file("jeton-seal-key", "x");
    let app = world.file("jeton-app-key", "x");
    let dir = world.dir.path().display().to_string();
    let world = world
        .env("CREDENTIALS_DIRECTORY", dir)
        .env("STATE_DIRECTORY", "/var/lib/jeton:/var/lib/other")
        .env("JETON_APP_ID", "7");
    let config = world.config();
    assert!(matches!(&config.seal_key, KeySource::Credential(path) if *path == key));
    assert!(matches!(&config.operator_key, KeySource::DefaultFile(path) if path.starts_with("/var/lib/jeton")));
    assert!(matches!(&config.apps[0].key, AppKeySource::File(path, _) if *path == app));
}

#[test]
fn the_state_has_a_place_or_there_is_an_error() {
    let mut world = World::new();
    world.sources.is_root = true;
    assert_eq!(world.config().state_dir, Path::new("/var/lib/jeton"));
    let mut world = World::new().env("XDG_STATE_HOME", "/s");
    assert_eq!(world.config().state_dir, Path::new("/s/jeton"));
    world.sources.env.clear();
    assert!(world.error().contains("JETON_STATE__DIR"), "{}", world.error());
}

#[test]
fn the_database_url_may_come_from_a_file() {
    let world = World::new().toml("[database]\nurl_file = 'db.url'\n");
    world.file("db.url", "postgresql+psycopg2://u:p@db.example/jeton\n");
    let DatabasePlace::Postgres(url) = world.config().database.place else {
        panic!("PostgreSQL")
    };
    assert_eq!(url.expose(), "postgres://u:p@db.example/jeton");
    let world = World::new().env("DB_URI", "sqlite:////srv/x.db");
    assert_eq!(world.config().database.place.to_string(), "/srv/x.db");
}

#[test]
fn permissions_as_table_and_as_text() {
    let world = World::new().toml("[broker]\ndefault_permissions = { contents = 'write' }\n");
    assert_eq!(world.config().broker.default_permissions.to_string(), "contents=write");
    assert_eq!(world.config().compat.permissions.to_string(), "contents=write");
    let world = world.env("JETON_COMPAT__PERMISSIONS", "issues=read");
    assert_eq!(world.config().compat.permissions.to_string(), "issues=read");
    for bad in [
        "[broker]\ndefault_permissions = {}\n",
        "[broker]\ndefault_permissions = { contents = 'all' }\n",
    ] {
        assert!(
            World::new().toml(bad).error().contains("broker.default_permissions"),
            "{bad}"
        );
    }
}

#[test]
fn strangers_from_elsewhere_need_two_yeses() {
    let world = World::new().env("JETON_COMPAT__ANONYMOUS_REMOTE", "true");
    assert!(world.error().contains("compat.anonymous is not"), "{}", world.error());
    let config = world.env("JETON_COMPAT__ANONYMOUS", "yes").config();
    assert!(config.compat.anonymous && config.compat.anonymous_remote);
}

#[test]
fn somewhere_it_must_listen() {
    let config = World::new().env("JETON_SERVER__LISTEN", "none").config();
    assert!(config.server.listen.is_empty() && config.server.unix_socket.is_some());
    let world = World::new()
        .env("JETON_SERVER__LISTEN", "none")
        .env("JETON_SERVER__UNIX_SOCKET", "none");
    assert!(world.error().contains("server.unix_socket"), "{}", world.error());
    let config = world.env("JETON_SERVER__UNIX_SOCKET", "/run/j.sock").config();
    assert!(config.server.listen.is_empty());
}
