//! `jeton serve`: the server with its worker and its background loops.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use jeton_domain::{Clock, Coded as _, Entropy};
use jeton_ledger::{Event, events};
use jeton_web::Listener;
use tokio::{
    net::{TcpListener, UnixListener},
    signal::unix::{SignalKind, signal},
};

use crate::{
    background::{Background, bounded},
    config::{Config, ConfigSources},
    doctor,
    system::{SystemClock, SystemEntropy},
    wiring::{self, Parts, StartError},
};

/// How long running mints, renewals of accounts' tokens and pushes of secrets may finish after the last request has: two requests to a
/// slow forge, and time to write a token down that stands nowhere else.
const DRAIN: Duration = Duration::from_secs(30);

/// The Unix socket's name in the state directory, when no other is given.
const DEFAULT_SOCKET: &str = "jeton.sock";

/// How long the database may take to let go. Every answer that was given is committed by then.
const CLOSE: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT. `sources` is where the configuration was read from.
///
/// # Errors
/// [`StartError`] when the server cannot start.
pub(crate) async fn run(config: Config, sources: ConfigSources) -> Result<(), StartError> {
    keep_out_of_core_dumps();
    for warning in &config.warnings {
        tracing::warn!("{}; {}", warning.what, warning.remedy);
    }
    let mut listeners = listen(&config).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let parts = wiring::open(&config, Some(sources), first_address(&listeners), clock, entropy).await?;
    // It lies in the state directory, which is there only now.
    listeners.extend(listen_unix(&config, listeners.is_empty())?);
    for address in addresses(&listeners) {
        tracing::info!(version = env!("CARGO_PKG_VERSION"), "jeton listens on {address}");
    }
    offer_setup(&parts, &config.server.public_url(first_address(&listeners))).await;
    serve(parts, listeners, ended()).await
}

/// Prints the one-time link for the first administrator, while there is no user. To standard output and not to the log:
/// logs are shipped to places where many can read.
async fn offer_setup(parts: &Parts, public_url: &str) {
    match parts.broker.access().first_setup().await {
        Ok(Some(link)) => {
            let mut out = std::io::stdout().lock();
            let text = format!(
                "No user is set up yet. The first one is the administrator; this link works once, for 24 hours:\n  \
                 {public_url}/setup?link={}\n",
                link.expose()
            );
            let _ = std::io::Write::write_all(&mut out, text.as_bytes());
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(code = %error.code(), %error, "no link for a first user could be made"),
    }
}

fn first_address(listeners: &[Listener]) -> Option<SocketAddr> {
    listeners.iter().find_map(|listener| match listener {
        Listener::Tcp(tcp) => tcp.local_addr().ok(),
        Listener::Unix(_) => None,
    })
}

/// Serves on these listeners until `stop` resolves; then lets everything that was begun finish.
pub(crate) async fn serve(
    parts: Parts,
    listeners: Vec<Listener>,
    stop: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let Parts {
        vault,
        broker,
        ci,
        web,
        archive,
        metrics,
    } = parts;
    let ledger = broker.access().ledger().clone();
    let version = env!("CARGO_PKG_VERSION");
    ledger.note(Event::by_system(events::SERVER_STARTED).with("version", version));
    let background = Background::start(&broker, &ci, &web, archive, metrics);
    let (accounts, jobs) = (broker.accounts().clone(), ci.clone());
    let stop = async move {
        stop.await;
        // A forge that is not asked any more need not be waited for.
        accounts.begin_to_end();
        jobs.begin_to_end();
    };
    let served = web.serve(listeners, stop).await;
    tracing::info!("the last request is answered; finishing what runs in the background");
    background.stop().await;
    let drained = async { tokio::join!(broker.drain(), ci.drain()) };
    bounded(DRAIN, "a mint, a renewal or a push", drained).await;
    ledger.note(Event::by_system(events::SERVER_STOPPED).with("version", version));
    bounded(CLOSE, "the record", ledger.close()).await;
    bounded(CLOSE, "the closing of the database", vault.close()).await;
    served.map_err(StartError::Serve)
}

async fn listen(config: &Config) -> Result<Vec<Listener>, StartError> {
    let mut listeners = Vec::new();
    for address in &config.server.listen {
        listeners.push(Listener::Tcp(bind(*address).await?));
    }
    Ok(listeners)
}

fn listen_unix(config: &Config, needed: bool) -> Result<Option<Listener>, StartError> {
    let Some(path) = &config.server.unix_socket else {
        return Ok(None);
    };
    match bind_unix(path, config.server.unix_socket_mode) {
        Ok(listener) => Ok(Some(Listener::Unix(listener))),
        // Nobody asked for this one: a second server with the same state directory does without.
        Err(error) if !needed && *path == config.state_dir.join(DEFAULT_SOCKET) => {
            tracing::warn!("{error}; `server.unix_socket` names another place for it");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Binds an address; when somebody else has it, the error says who.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|reason| {
        let in_use = reason.kind() == std::io::ErrorKind::AddrInUse;
        let holder = in_use.then(|| doctor::port_holder(address)).flatten();
        StartError::Listen {
            address: address.to_string(),
            reason,
            holder,
        }
    })
}

fn bind_unix(path: &Path, mode: u32) -> Result<UnixListener, StartError> {
    let failed = |reason| StartError::Listen {
        address: path.display().to_string(),
        reason,
        holder: None,
    };
    // A socket that nobody listens on is left over from a server that was killed.
    let is_left_over = || {
        use std::os::unix::fs::FileTypeExt as _;
        let is_socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
        is_socket && std::os::unix::net::UnixStream::connect(path).is_err()
    };
    if is_left_over() {
        std::fs::remove_file(path).map_err(failed)?;
    }
    // Nobody else gets in between the two steps: the mode of a new socket is what the mask leaves (unix(7)).
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(path);
    rustix::process::umask(before);
    let listener = listener.map_err(failed)?;
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
    std::fs::set_permissions(path, permissions).map_err(failed)?;
    Ok(listener)
}

fn addresses(listeners: &[Listener]) -> Vec<String> {
    let address = |listener: &Listener| match listener {
        Listener::Tcp(tcp) => tcp
            .local_addr()
            .map(|address| format!("http://{address}"))
            .unwrap_or_default(),
        Listener::Unix(unix) => match unix.local_addr() {
            Ok(address) => address
                .as_pathname()
                .map(|path| format!("unix:{}", path.display()))
                .unwrap_or_default(),
            Err(_) => String::new(),
        },
    };
    listeners.iter().map(address).collect()
}

/// SIGTERM or SIGINT.
pub(crate) async fn ended() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    tracing::info!("stopping: no new requests; those that run may finish");
}

/// A crash must not write the keys in memory to a disk, and another process of the same user must not read them.
fn keep_out_of_core_dumps() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "core dumps could not be switched off");
    }
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "the limit of core dumps could not be set");
    }
}
