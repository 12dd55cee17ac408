//! The configuration: `jeton.toml` < environment < flags, read once into plain structs.

mod access;
mod accounts;
mod apps;
mod apps_environment;
mod ci;
mod content;
mod error;
mod issuers;
mod key_list;
mod key_list_access;
mod key_list_accounts;
mod key_list_ci;
mod key_list_content;
mod key_source;
mod keys;
mod margin;
#[cfg(test)]
mod reference;
mod server;
mod settings;
mod sources;
#[cfg(test)]
mod tests;
mod tree;
mod values;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use jeton_domain::{AppName, Permissions};
use jiff::SignedDuration;

pub(crate) use access::{AccessConfig, SignInConfig};
pub(crate) use accounts::AccountsConfig;
pub(crate) use apps::{AppConfig, AppKeyReadError, AppKeySource};
pub(crate) use ci::CiConfig;
pub(crate) use content::ContentConfig;
pub(crate) use error::{ConfigError, ConfigIssue, ConfigWarning, Origin};
pub(crate) use issuers::{IssuerConfig, IssuerKeys};
pub(crate) use key_source::{KeySource, KeyUse, create_key_file, others_may_enter, read_file};
pub(crate) use server::ServerConfig;
pub(crate) use settings::SecretOrFile;
use settings::Settings;
pub(crate) use sources::{ConfigSources, Override};
use sources::{Sources, Variable};
pub(crate) use values::{DatabasePlace, LogFormat, LogLevel};

/// Everything that can be set. Secrets are inside `Secret`, so that `Debug` shows none.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// How to serve.
    pub(crate) server: ServerConfig,
    /// How to log.
    pub(crate) log: LogConfig,
    /// Where rows live.
    pub(crate) database: DatabaseConfig,
    /// Where the database and the generated keys live by default; it may not exist yet.
    pub(crate) state_dir: PathBuf,
    /// The key that seals the vault.
    pub(crate) seal_key: KeySource,
    /// The key that sealed it before, until everything is sealed with the other.
    pub(crate) previous_seal_key: Option<KeySource>,
    /// The key with which the operator asks.
    pub(crate) operator_key: KeySource,
    /// Who may ask, for what, and what is kept of it.
    pub(crate) access: AccessConfig,
    /// People's tokens.
    pub(crate) accounts: AccountsConfig,
    /// What is in repositories.
    pub(crate) content: ContentConfig,
    /// Runners and secrets of the forges' CI.
    pub(crate) ci: CiConfig,
    /// How to mint.
    pub(crate) broker: BrokerConfig,
    /// The route of today's token services.
    pub(crate) compat: CompatConfig,
    /// The Apps that are not in the vault.
    pub(crate) apps: Vec<AppConfig>,
    /// The configuration file that was read, if there was one.
    pub(crate) read_from: Option<PathBuf>,
    /// What is not as it was written, and works all the same.
    pub(crate) warnings: Vec<ConfigWarning>,
}

/// How to log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogConfig {
    /// How much.
    pub(crate) level: LogLevel,
    /// What a line looks like.
    pub(crate) format: LogFormat,
}

/// Where rows live.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseConfig {
    /// Which database.
    pub(crate) place: DatabasePlace,
    /// The most connections; of no effect on SQLite.
    pub(crate) max_connections: u32,
}

/// How to mint; the fields are those of the broker's settings.
#[derive(Debug, Clone)]
pub(crate) struct BrokerConfig {
    /// What a token may do when the request does not say.
    pub(crate) default_permissions: Permissions,
    /// A token that ends within this time is renewed in the background.
    pub(crate) renew_margin: SignedDuration,
    /// How long one request may go on trying a forge that fails.
    pub(crate) forge_deadline: Duration,
    /// How long a fresh token may be refused.
    pub(crate) probe_window: Duration,
    /// At most this many calls of one App at a time.
    pub(crate) calls_per_app: usize,
    /// How long ended tokens and grants stay.
    pub(crate) keep_ended: SignedDuration,
}

/// The route of today's token services.
#[derive(Debug, Clone)]
pub(crate) struct CompatConfig {
    /// Whether it is served.
    pub(crate) enabled: bool,
    /// Whether callers without a key are served, on loopback or the Unix socket.
    pub(crate) anonymous: bool,
    /// Whether they are served from anywhere; only with `anonymous`.
    pub(crate) anonymous_remote: bool,
    /// The App that serves it.
    pub(crate) app: Option<AppName>,
    /// What its tokens may do: its own setting, or the broker's default.
    pub(crate) permissions: Permissions,
}

impl Config {
    /// Reads and checks everything. Nothing is created, and no key is read.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong, as far as it can be told at once.
    pub(crate) fn load(from: ConfigSources) -> Result<Self, ConfigError> {
        let is_root = from.is_root;
        let mut sources = Sources::read(from);
        let mut set = Settings::new(std::mem::take(&mut sources.given), std::mem::take(&mut sources.issues));
        let credentials = sources
            .variables
            .get("CREDENTIALS_DIRECTORY")
            .map(|variable| PathBuf::from(&variable.value));
        let credential = |name: &str| {
            credentials
                .as_ref()
                .map(|dir| dir.join(name))
                .filter(|path| path.exists())
        };

        let log = LogConfig {
            level: set.parsed("log.level", LogLevel::read).unwrap_or(LogLevel::Info),
            format: set.parsed("log.format", LogFormat::read).unwrap_or(LogFormat::Text),
        };
        let state_dir = set
            .path("state.dir")
            .or_else(|| default_state_dir(&sources.variables, is_root));
        let server = server::read(&mut set, state_dir.as_deref());
        let database = database(&mut set, state_dir.as_deref());
        let mut given = |name, file_name, credential_name| match set.secret_or_file(name, file_name) {
            Some(SecretOrFile::Inline(secret, origin)) => Some(KeySource::Inline(secret, origin)),
            Some(SecretOrFile::File(path, _)) => Some(KeySource::File(path)),
            None => credential(credential_name).map(KeySource::Credential),
        };
        let previous_seal_key = given("seal.previous_key", "seal.previous_key_file", "jeton-seal-previous-key");
        let mut key = |name, file_name, credential_name, file: &str| {
            let default = || KeySource::DefaultFile(state_dir.as_deref().unwrap_or(Path::new("")).join(file));
            given(name, file_name, credential_name).unwrap_or_else(default)
        };
        let seal_key = key("seal.key", "seal.key_file", "jeton-seal-key", "seal.key");
        let operator_key = key(
            "operator.key",
            "operator.key_file",
            "jeton-operator-key",
            "operator.key",
        );
        let access = access::read(&mut set, &sources);
        let accounts = accounts::read(&mut set, &sources);
        let content = content::read(&mut set, state_dir.as_deref());
        let ci = ci::read(&mut set);
        let broker = broker(&mut set);
        let compat = compat(&mut set, &broker.default_permissions);
        let app_credential = credential("jeton-app-key");
        let apps = apps::read(&sources, app_credential.as_deref(), &mut set.issues);
        if state_dir.is_none() {
            set.issues.push(ConfigIssue::Contradiction {
                what: "there is no place for the state: neither HOME nor STATE_DIRECTORY is set".to_owned(),
                remedy: "Set state.dir (JETON_STATE__DIR).".to_owned(),
            });
        }
        ConfigError::unless_empty(set.issues)?;
        let warnings = set.warnings;
        let read_from = sources.config_file;
        let state_dir = state_dir.unwrap_or_default();
        Ok(Self {
            server,
            log,
            database,
            state_dir,
            seal_key,
            previous_seal_key,
            operator_key,
            access,
            accounts,
            content,
            ci,
            broker,
            compat,
            apps,
            read_from,
            warnings,
        })
    }
}

fn database(set: &mut Settings, state_dir: Option<&Path>) -> DatabaseConfig {
    let max_connections = set.number("database.max_connections", 1..=1000, 10);
    let default = || DatabasePlace::Sqlite(state_dir.unwrap_or(Path::new("")).join("jeton.db"));
    let text = match set.secret_or_file("database.url", "database.url_file") {
        None => None,
        Some(SecretOrFile::Inline(url, origin)) => Some((url.expose().to_owned(), origin)),
        Some(SecretOrFile::File(path, origin)) => match read_file(&path, &origin.to_string()) {
            Ok(bytes) => Some((String::from_utf8_lossy(&bytes).trim().to_owned(), origin)),
            Err(issue) => {
                set.issues.push(issue);
                None
            }
        },
    };
    let place = match text {
        None => default(),
        Some((text, origin)) => match values::database(&text) {
            // a relative path counts from the file in which it stands, as all paths do
            Ok(DatabasePlace::Sqlite(path)) => match &origin {
                Origin::File { path: file, .. } => {
                    DatabasePlace::Sqlite(file.parent().unwrap_or(Path::new("")).join(path))
                }
                _ => DatabasePlace::Sqlite(path),
            },
            Ok(place) => place,
            Err(expected) => {
                let key = "database.url".to_owned();
                set.issues.push(ConfigIssue::BadValue {
                    key,
                    origin,
                    shown: None,
                    expected,
                });
                default()
            }
        },
    };
    DatabaseConfig { place, max_connections }
}

fn broker(set: &mut Settings) -> BrokerConfig {
    let read_contents = || Permissions::new([("contents", "read"), ("metadata", "read")]).unwrap_or_default();
    let days = set.number("broker.keep_ended_days", 1..=3650, 30);
    BrokerConfig {
        default_permissions: set
            .permissions("broker.default_permissions")
            .unwrap_or_else(read_contents),
        renew_margin: margin::renew_margin(set),
        forge_deadline: seconds(set.number("broker.forge_deadline_seconds", 1..=120, 10)),
        probe_window: seconds(set.number("broker.probe_window_seconds", 0..=120, 10)),
        calls_per_app: set.number("broker.calls_per_app", 1..=100, 64) as usize,
        keep_ended: SignedDuration::from_hours(24 * i64::from(days)),
    }
}

fn compat(set: &mut Settings, default_permissions: &Permissions) -> CompatConfig {
    let anonymous = set.flag("compat.anonymous", false);
    let anonymous_remote = set.flag("compat.anonymous_remote", false);
    if anonymous_remote && !anonymous {
        let what = format!(
            "compat.anonymous_remote is true ({}), but compat.anonymous is not",
            set.origin("compat.anonymous_remote")
        );
        let remedy = "Set both to serve callers without a key from anywhere, or neither.".to_owned();
        set.issues.push(ConfigIssue::Contradiction { what, remedy });
    }
    let app_name = |value: &tree::Value| {
        let text = settings::text_of(value)?;
        AppName::parse(&text).map_err(|error| error.to_string())
    };
    CompatConfig {
        enabled: set.flag("compat.enabled", true),
        anonymous,
        anonymous_remote,
        app: set.parsed("compat.app", app_name),
        permissions: set
            .permissions("compat.permissions")
            .unwrap_or_else(|| default_permissions.clone()),
    }
}

fn seconds(number: u32) -> Duration {
    Duration::from_secs(number.into())
}

/// systemd's, then the XDG base directory's, then root's or the user's own.
fn default_state_dir(variables: &BTreeMap<String, Variable>, is_root: bool) -> Option<PathBuf> {
    let find = |name: &str| variables.get(name).map(|variable| variable.value.as_str());
    if let Some(directories) = find("STATE_DIRECTORY") {
        // several are separated by colons; the first is the unit's own
        return directories.split(':').next().map(PathBuf::from);
    }
    // the specification has relative ones ignored
    if let Some(base) = find("XDG_STATE_HOME").map(Path::new).filter(|path| path.is_absolute()) {
        return Some(base.join("jeton"));
    }
    if is_root {
        return Some("/var/lib/jeton".into());
    }
    find("HOME").map(|home| Path::new(home).join(".local/state/jeton"))
}
