//! Puts a server together from the configuration: the vault, its key, the operator's key, the broker, the web side.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

use jeton_access::AccessError;
use jeton_broker::{
    Broker, BrokerError, BrokerParts, BrokerSettings, ConfiguredApp, open_key_ring, sealing_key_in_use,
};
use jeton_ci::{Ci, CiParts};
use jeton_content::{Content, ContentParts};
use jeton_domain::{ApiKeyError, Clock, Code, Coded, Entropy, KeyId};
use jeton_forge::{ForgeError, GitHub, HttpOptions};
use jeton_ledger::LedgerError;
use jeton_oidc::IssuerConfigError;
use jeton_outbound::OutboundError;
use jeton_seal::{SealError, SealingKey, SealingKeys};
use jeton_vault::{Vault, VaultError};
use jeton_vault_postgres::{PostgresOptions, PostgresVault};
use jeton_vault_sqlite::SqliteVault;
use jeton_web::{CompatSettings, ContentRoutes, TrustedProxies, Web, WebSettings};
use jiff::SignedDuration;

use crate::{
    config::{
        AppKeyReadError, Config, ConfigError, ConfigIssue, ConfigSources, DatabasePlace, KeyUse, create_key_file,
        others_may_enter,
    },
    doctor::ServerExaminer,
    metrics_listener::Metrics,
    wiring_access, wiring_accounts,
};

/// What a server is made of.
pub(crate) struct Parts {
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) broker: Broker,
    pub(crate) ci: Ci,
    pub(crate) web: Web,
    /// Where older entries of the record go, and when; `None`: nowhere.
    pub(crate) archive: Option<Archive>,
    /// Where metrics are served, if anywhere.
    pub(crate) metrics: Option<Metrics>,
}

/// Where older entries of the record go.
#[derive(Debug, Clone)]
pub(crate) struct Archive {
    pub(crate) keep: SignedDuration,
    pub(crate) dir: PathBuf,
}

/// Why a server does not start. Nothing was overwritten then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Config(ConfigError),
    #[error("the directory {} cannot be made: {reason}", .path.display())]
    StateDir { path: PathBuf, reason: io::Error },
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error("the sealing key ({place}): {source}")]
    Seal { place: String, source: SealError },
    #[error("the vault is sealed with key {wanted}, and there is no key at {}", .path.display())]
    SealMissing { wanted: KeyId, path: PathBuf },
    #[error("the key file {} cannot be written: {reason}", .path.display())]
    KeyFile { path: PathBuf, reason: io::Error },
    #[error("the operator's key ({place}): {source}")]
    OperatorKey {
        place: String,
        source: ApiKeyError,
        remedy: &'static str,
    },
    #[error(transparent)]
    AppKey(AppKeyReadError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Record(#[from] LedgerError),
    #[error(transparent)]
    Issuer(#[from] IssuerConfigError),
    #[error("{} cannot be read: {reason}", .path.display())]
    File { path: PathBuf, reason: io::Error },
    #[error("the sign-in provider cannot be set up: {0}")]
    Sign(&'static str),
    #[error("the HTTP client cannot be set up: {0}")]
    Client(ForgeError),
    #[error("the HTTP client cannot be set up: {0}")]
    Outbound(OutboundError),
    #[error("cannot listen on {address}: {reason}{}", .holder.as_ref().map(|holder| format!("; it is held by {holder}")).unwrap_or_default())]
    Listen {
        address: String,
        reason: io::Error,
        holder: Option<String>,
    },
    #[error("the server ended: {0}")]
    Serve(io::Error),
}

impl Coded for StartError {
    fn code(&self) -> Code {
        match self {
            Self::Config(error) => error.code(),
            Self::StateDir { .. } | Self::KeyFile { .. } | Self::File { .. } => Code::ConfigFile,
            Self::Access(error) => error.code(),
            Self::Record(error) => error.code(),
            Self::Issuer(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::Broker(error) => error.code(),
            Self::Seal { source, .. } => source.code(),
            Self::SealMissing { .. } => Code::SealMissingKey,
            Self::OperatorKey { .. } => Code::ConfigBadValue,
            Self::AppKey(error) => error.code(),
            Self::Client(error) => error.code(),
            Self::Outbound(error) => error.code(),
            Self::Listen { .. } => Code::ListenFailed,
            Self::Serve(_) | Self::Sign(_) => Code::Internal,
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.remedy(),
            Self::StateDir { .. } => Some(
                "Give the user that runs jeton the right to make it, or name another with JETON_STATE__DIR.".to_owned(),
            ),
            Self::KeyFile { path, .. } => Some(format!(
                "Give the user that runs jeton the right to write into {}.",
                path.parent().unwrap_or(path).display()
            )),
            Self::Vault(error) => error.remedy(),
            Self::Broker(error) => error.remedy(),
            Self::Seal { source, .. } => source.remedy(),
            Self::SealMissing { path, .. } => Some(format!(
                "Put the key back to {}, or name its place with JETON_SEAL__KEY_FILE. Without it the vault cannot be \
                 opened; nothing was changed.",
                path.display()
            )),
            Self::OperatorKey { remedy, .. } => Some((*remedy).to_owned()),
            Self::AppKey(error) => error.remedy(),
            Self::Access(error) => error.remedy(),
            Self::Record(error) => error.remedy(),
            Self::Issuer(error) => error.remedy(),
            Self::File { .. } => {
                Some("Give the user that runs jeton the right to read it, or name another.".to_owned())
            }
            Self::Client(error) => error.remedy(),
            Self::Outbound(error) => error.remedy(),
            Self::Listen { reason, .. } if reason.kind() == io::ErrorKind::AddrInUse => {
                Some("Stop that process, or listen elsewhere with JETON_SERVER__LISTEN.".to_owned())
            }
            Self::Listen { .. } => {
                Some("Name an address of this machine, and a port from 1024 up for a plain user.".to_owned())
            }
            Self::Serve(_) | Self::Sign(_) => None,
        }
    }
}

impl From<ConfigIssue> for StartError {
    fn from(issue: ConfigIssue) -> Self {
        Self::Config(issue.into())
    }
}

/// Opens everything that a server needs; listens nowhere yet. `sources` is where the configuration was read from, if it can be read
/// there again; `listening` the first address that the server has taken, for links to it.
pub(crate) async fn open(
    config: &Config,
    sources: Option<ConfigSources>,
    listening: Option<SocketAddr>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Parts, StartError> {
    // A database that cannot be opened leaves nothing behind, not even an empty directory, unless it lies in it.
    if matches!(&config.database.place, DatabasePlace::Sqlite(path) if path.starts_with(&config.state_dir)) {
        make_state_dir(config)?;
    }
    let vault = open_vault(config).await?;
    make_state_dir(config)?;
    if let Some(mode) = others_may_enter(&config.state_dir) {
        tracing::warn!(
            "other users can enter {dir} (mode {mode:04o}), where the keys and the database lie; run `chmod 700 {dir}`; \
             under systemd, set StateDirectoryMode=0700",
            dir = config.state_dir.display()
        );
    }
    let sealing_keys = sealing_keys(config, &*vault, &*entropy).await?;
    let ring = open_key_ring(&*vault, &sealing_keys, &*clock, &*entropy).await?;
    let public_url = config.server.public_url(listening);
    let access = wiring_access::open(config, &public_url, &vault, &ring, &clock, &entropy).await?;
    let accounts = wiring_accounts::open(config, &vault, &ring, &access, &clock, &entropy)?;
    let metrics = match config.accounts.metrics_listen {
        Some(address) => Some(Metrics::open(address).await?),
        None => None,
    };
    let broker = &config.broker;
    let parts = BrokerParts {
        vault: Arc::clone(&vault),
        ring: Arc::clone(&ring),
        access,
        accounts,
        sealing_keys,
        github: GitHub::new(HttpOptions::default(), Arc::clone(&clock)).map_err(StartError::Client)?,
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        settings: BrokerSettings {
            default_permissions: broker.default_permissions.clone(),
            renew_margin: broker.renew_margin,
            forge_deadline: broker.forge_deadline,
            probe_window: broker.probe_window,
            calls_per_app: broker.calls_per_app,
            keep_ended: broker.keep_ended,
        },
        configured_apps: configured_apps(config)?,
    };
    let broker = Broker::start(parts).await?;
    let examiner = ServerExaminer {
        config: Arc::new(config.clone()),
        sources,
        vault: Arc::clone(&vault),
        broker: broker.clone(),
        clock: Arc::clone(&clock),
    };
    let content = if config.content.enabled {
        Some(Content::new(ContentParts {
            broker: broker.clone(),
            outbound: wiring_accounts::guarded(config)?,
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            settings: config.content.settings.clone(),
        }))
    } else {
        None
    };
    let ci = Ci::new(CiParts {
        broker: broker.clone(),
        vault: Arc::clone(&vault),
        ring,
        outbound: wiring_accounts::guarded(config)?,
        clock,
        entropy: Arc::clone(&entropy),
        settings: config.ci.settings.clone(),
    });
    let settings = web_settings(config, public_url, examiner);
    let own_uid = rustix::process::geteuid().as_raw();
    let web = Web::new(broker.clone(), content, ci.clone(), settings, own_uid, entropy);
    let record = &config.access.record;
    let archive = record.keep.zip(record.archive_dir.clone());
    Ok(Parts {
        vault,
        broker,
        ci,
        web,
        archive: archive.map(|(keep, dir)| Archive { keep, dir }),
        metrics,
    })
}

/// The keys that open the vault, now and before.
async fn sealing_keys(config: &Config, vault: &dyn Vault, entropy: &dyn Entropy) -> Result<SealingKeys, StartError> {
    let current = sealing_key(config, vault, entropy).await?;
    let mut keys = SealingKeys::new(current, config.seal_key.describe());
    if let Some((key, source)) = previous_sealing_key(config)? {
        keys = keys.with_previous(key, source);
    }
    tracing::info!(
        key.id = %keys.current().key.id(),
        key.previous = keys.previous().map(|given| given.key.id().as_str()),
        "the sealing key was read"
    );
    Ok(keys)
}

/// The Apps that stand in the configuration, with their keys.
fn configured_apps(config: &Config) -> Result<Vec<ConfiguredApp>, StartError> {
    let with_key = config.apps.iter().map(|app| {
        let private_key = app.key.read().map_err(StartError::AppKey)?;
        let (name, forge, issuer) = (app.name.clone(), app.forge.clone(), app.issuer.clone());
        Ok(ConfiguredApp {
            name,
            forge,
            issuer,
            private_key,
        })
    });
    with_key.collect()
}

/// How requests are answered.
fn web_settings(config: &Config, public_url: String, examiner: ServerExaminer) -> WebSettings {
    let (server, compat) = (&config.server, &config.compat);
    WebSettings {
        compat: CompatSettings {
            enabled: compat.enabled,
            anonymous: compat.anonymous,
            anonymous_remote: compat.anonymous_remote,
            app: compat.app.clone(),
            permissions: compat.permissions.clone(),
        },
        content: ContentRoutes {
            compat: config.content.compat,
            pinned_max_age: config.content.pinned_max_age(),
        },
        max_connections: server.max_connections,
        request_timeout: server.request_timeout,
        max_body_bytes: server.max_body_bytes,
        shutdown_grace: server.shutdown_grace,
        trusted_proxies: TrustedProxies {
            networks: server.trusted_proxies.networks.clone(),
            unix: server.trusted_proxies.unix,
        },
        public_url,
        record_archive: config.access.record.archive_dir.clone(),
        version: env!("CARGO_PKG_VERSION"),
        examiner: Some(Arc::new(examiner)),
    }
}

fn make_state_dir(config: &Config) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let path = &config.state_dir;
    // Only its owner may look into it: the keys and the database lie there.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|reason| StartError::StateDir {
            path: path.clone(),
            reason,
        })
}

/// Opens the database that the configuration names, and migrates it.
pub(crate) async fn open_vault(config: &Config) -> Result<Arc<dyn Vault>, StartError> {
    Ok(match &config.database.place {
        DatabasePlace::Sqlite(path) => Arc::new(SqliteVault::open(path).await?),
        DatabasePlace::Postgres(url) => {
            let options = PostgresOptions {
                max_connections: config.database.max_connections,
            };
            Arc::new(PostgresVault::connect(url, options).await?)
        }
    })
}

/// Reads the sealing key before the current one, if the configuration names it, and where it was read from.
fn previous_sealing_key(config: &Config) -> Result<Option<(SealingKey, String)>, StartError> {
    let Some(source) = &config.previous_seal_key else {
        return Ok(None);
    };
    let Some(text) = source.read(KeyUse::PreviousSeal)? else {
        return Ok(None);
    };
    let key = SealingKey::parse(&text).map_err(|error| StartError::Seal {
        place: source.describe(),
        source: error,
    })?;
    Ok(Some((key, source.describe())))
}

/// Reads the sealing key; makes one for a vault in which nothing was sealed yet, and never otherwise.
async fn sealing_key(config: &Config, vault: &dyn Vault, entropy: &dyn Entropy) -> Result<SealingKey, StartError> {
    let source = &config.seal_key;
    let parse = |text| {
        SealingKey::parse(&text).map_err(|error| StartError::Seal {
            place: source.describe(),
            source: error,
        })
    };
    if let Some(text) = source.read(KeyUse::Seal)? {
        return parse(text);
    }
    let path = source.path().map(PathBuf::from).unwrap_or_default();
    if let Some(wanted) = sealing_key_in_use(vault).await? {
        return Err(StartError::SealMissing { wanted, path });
    }
    let key = SealingKey::generate(entropy);
    match create_key_file(&path, &key.to_text()) {
        Ok(()) => {
            tracing::warn!(
                key.id = %key.id(),
                "a new sealing key was generated. It lies at {}. Whoever loses it loses the vault: keep a copy, apart \
                 from the database",
                path.display()
            );
            Ok(key)
        }
        // Another server on this machine was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match source.read(KeyUse::Seal)? {
            Some(text) => parse(text),
            None => Err(StartError::KeyFile { path, reason: error }),
        },
        Err(reason) => Err(StartError::KeyFile { path, reason }),
    }
}
