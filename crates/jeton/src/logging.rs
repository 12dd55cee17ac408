//! Where log lines go: standard error, as text for people or JSON for machines.

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::{LogConfig, LogFormat, LogLevel};

/// Sets up logging for the whole process.
pub(crate) fn init(config: LogConfig) {
    let registry = tracing_subscriber::registry().with(filter(config.level));
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

/// What is logged at a level. Libraries that chat at `debug` are held to `info`: at `debug` an HTTP client could write
/// out what it carries. The database driver is held to `error`: it warns of slow statements with their text, and of
/// others with what the database said, which may repeat a value. Its failures reach the log as errors of ours. So is the library
/// of the Model Context Protocol, which tells three times of each request at `info` and repeats what callers sent at `warn`.
fn filter(level: LogLevel) -> EnvFilter {
    let level = LevelFilter::from(level);
    let quiet = if level > LevelFilter::INFO {
        LevelFilter::INFO
    } else {
        level
    };
    let ours = [
        "jeton",
        "jeton_broker",
        "jeton_ci",
        "jeton_content",
        "jeton_forge",
        "jeton_jobs",
        "jeton_vault",
        "jeton_vault_postgres",
        "jeton_vault_sqlite",
        "jeton_web",
    ];
    let directives: Vec<String> = ours.iter().map(|name| format!("{name}={level}")).collect();
    // A directive is of all targets that begin with its name: `sqlx::query`, `sqlx_core::pool`, `sqlx_postgres` too.
    EnvFilter::builder().parse_lossy(format!("{quiet},sqlx=error,rmcp=error,{}", directives.join(",")))
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::filter;
    use crate::config::LogLevel;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_database_driver_only_tells_of_failures() {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(filter(LogLevel::Trace)).with(layer);
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(target: "sqlx::query", "slow");
            tracing::warn!(target: "sqlx_core::pool::acquire", "slow");
            tracing::warn!(target: "sqlx_postgres::connection", "slow");
            tracing::error!(target: "sqlx::query", "failed");
            tracing::debug!(target: "hyper_util::client", "chat");
            tracing::info!(target: "hyper_util::client", "news");
            tracing::trace!(target: "jeton_broker::renew", "ours");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        for (word, count) in [("slow", 0), ("failed", 1), ("chat", 0), ("news", 1), ("ours", 1)] {
            assert_eq!(text.matches(word).count(), count, "{word}: {text}");
        }
    }
}
