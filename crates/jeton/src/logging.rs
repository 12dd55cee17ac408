//! Where log lines go: standard error, as text for people or JSON for machines.

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::{LogConfig, LogFormat};

/// Sets up logging for the whole process. Libraries that chat at `debug` are held to `info`: at `debug` an HTTP client
/// or a database driver could write out what it carries.
pub(crate) fn init(config: LogConfig) {
    let level = LevelFilter::from(config.level);
    let quiet = if level > LevelFilter::INFO {
        LevelFilter::INFO
    } else {
        level
    };
    let ours = [
        "jeton",
        "jeton_broker",
        "jeton_forge",
        "jeton_jobs",
        "jeton_vault",
        "jeton_vault_postgres",
        "jeton_vault_sqlite",
        "jeton_web",
    ];
    let directives: Vec<String> = ours.iter().map(|name| format!("{name}={level}")).collect();
    let filter = EnvFilter::builder().parse_lossy(format!("{quiet},{}", directives.join(",")));
    let registry = tracing_subscriber::registry().with(filter);
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(colours)
        .with_writer(std::io::stderr);
    let set = match config.format {
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
        LogFormat::Text => registry.with(lines.with_target(false).compact()).try_init(),
    };
    // A second call, in a test, changes nothing.
    set.ok();
}
