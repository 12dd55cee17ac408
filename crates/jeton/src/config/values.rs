//! Values that have a form of their own.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use jeton_domain::Secret;

use super::{settings::text_of, tree::Value};

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogLevel {
    /// Failures alone.
    Error,
    /// And what may become one.
    Warn,
    /// And what happened.
    Info,
    /// And how.
    Debug,
    /// And everything else.
    Trace,
}

impl LogLevel {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let expected = || "error, warn, info, debug or trace".to_owned();
        let text = text_of(value).map_err(|_| expected())?;
        Ok(match text.to_ascii_lowercase().as_str() {
            "error" | "critical" | "fatal" => Self::Error,
            "warn" | "warning" => Self::Warn,
            "info" => Self::Info,
            "debug" => Self::Debug,
            // Python's name for everything
            "trace" | "notset" => Self::Trace,
            _ => return Err(expected()),
        })
    }
}

impl From<LogLevel> for tracing::level_filters::LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

/// What a line of the log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// An object per line.
    Json,
}

impl LogFormat {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        match text_of(value).map(|text| text.to_ascii_lowercase()).as_deref() {
            Ok("text") => Ok(Self::Text),
            Ok("json") => Ok(Self::Json),
            _ => Err("text or json".to_owned()),
        }
    }
}

/// Which database.
#[derive(Debug, Clone)]
pub(crate) enum DatabasePlace {
    /// A file.
    Sqlite(PathBuf),
    /// A URL for PostgreSQL, which may hold a password.
    Postgres(Secret),
}

impl fmt::Display for DatabasePlace {
    /// Without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => match url::Url::parse(url.expose()) {
                Ok(url) => write!(f, "postgres://{}{}", url.host_str().unwrap_or("localhost"), url.path()),
                Err(_) => f.write_str("PostgreSQL"),
            },
        }
    }
}

/// Reads a path or URL. `Err` says what was expected, and shows at most the scheme.
pub(super) fn database(text: &str) -> Result<DatabasePlace, String> {
    let text = text.trim();
    let expected = |but: &str| format!("a path, sqlite:PATH or postgres://USER@HOST/NAME{but}");
    if let Some((scheme, rest)) = text.split_once("://") {
        // SQLAlchemy names a driver after the `+`
        let (kind, _driver) = scheme.split_once('+').unwrap_or((scheme, ""));
        return match kind {
            "postgres" | "postgresql" => {
                let url = Secret::new(format!("postgres://{rest}"));
                match url::Url::parse(url.expose()) {
                    Ok(_) => Ok(DatabasePlace::Postgres(url)),
                    Err(_) => Err(expected(
                        "; special characters in a password are written as %40 and the like",
                    )),
                }
            }
            // sqlite:///relative and sqlite:////absolute
            "sqlite" => sqlite_file(rest.strip_prefix('/').unwrap_or(rest)).ok_or_else(|| expected("")),
            _ => Err(expected(" (this names another database)")),
        };
    }
    match text.strip_prefix("sqlite:") {
        Some(path) => sqlite_file(path).ok_or_else(|| expected("")),
        None if text.is_empty() || text.starts_with("~/") => Err(expected("")),
        None => Ok(DatabasePlace::Sqlite(text.into())),
    }
}

/// Options after a `?` are of other programs, and have no meaning here. A database in memory would forget everything.
fn sqlite_file(text: &str) -> Option<DatabasePlace> {
    let path = text.split('?').next().unwrap_or_default();
    (!path.is_empty() && path != ":memory:").then(|| DatabasePlace::Sqlite(path.into()))
}

/// The port where none is named.
const DEFAULT_PORT: u16 = 8080;

/// Where the server listens by default: this machine alone.
pub(super) const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_PORT);

/// Reads addresses; none at all for the word `none`.
pub(super) fn listen(value: &Value) -> Result<Vec<SocketAddr>, String> {
    let expected = || "addresses such as 127.0.0.1:8080, [::1]:8080 or :8080, or `none`".to_owned();
    let texts: Vec<String> = match value {
        Value::Text(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        Value::List(values) => values
            .iter()
            .map(text_of)
            .collect::<Result<_, _>>()
            .map_err(|_| expected())?,
        _ => return Err(expected()),
    };
    if texts.is_empty() || texts.len() == 1 && texts[0] == "none" {
        return Ok(Vec::new());
    }
    texts.iter().map(|text| address(text).ok_or_else(expected)).collect()
}

fn address(text: &str) -> Option<SocketAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    if let Ok(ip) = bare.parse() {
        return Some(SocketAddr::new(ip, DEFAULT_PORT));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (text, DEFAULT_PORT),
    };
    match host {
        "" | "*" if text.contains(':') => Some(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port)),
        "localhost" => Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{DatabasePlace, LogLevel, Value, database, listen};

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn addresses_in_the_forms_people_write() {
        let read = |raw: &str| listen(&text(raw)).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(read("127.0.0.1:9, [::1]:9").unwrap(), ["127.0.0.1:9", "[::1]:9"]);
        assert_eq!(read("0.0.0.0").unwrap(), ["0.0.0.0:8080"]);
        assert_eq!(read(":7000").unwrap(), ["0.0.0.0:7000"]);
        assert_eq!(read("localhost:7000").unwrap(), ["127.0.0.1:7000"]);
        assert_eq!(read("::1").unwrap(), ["[::1]:8080"]);
        assert_eq!(read("none").unwrap(), [""; 0]);
        for bad in [
            "8080",
            "example.com:80",
            "127.0.0.1:70000",
            "",
            "127.0.0.1:8080,",
            "none,:80",
            "*",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn databases_in_the_forms_people_write() {
        let file = |raw: &str| match database(raw) {
            Ok(DatabasePlace::Sqlite(path)) => path.display().to_string(),
            other => panic!("{raw}: {other:?}"),
        };
        assert_eq!(file("/var/lib/jeton.db"), "/var/lib/jeton.db");
        assert_eq!(file("sqlite:x.db"), "x.db");
        assert_eq!(file("sqlite://x.db"), "x.db");
        assert_eq!(file("sqlite:///x.db"), "x.db");
        assert_eq!(file("sqlite:////srv/x.db?mode=rwc"), "/srv/x.db");
        let url = |raw: &str| match database(raw) {
            Ok(DatabasePlace::Postgres(url)) => url.expose().to_owned(),
            other => panic!("{raw}: {other:?}"),
        };
        assert_eq!(url("postgresql+psycopg2://u:p@h/n"), "postgres://u:p@h/n");
        assert_eq!(url("postgres:///jeton"), "postgres:///jeton");
        for bad in [
            "",
            "mysql://h/n",
            "sqlite://",
            "sqlite::memory:",
            "sqlite:///:memory:",
            "~/x.db",
        ] {
            assert!(database(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_database_url_is_shown_without_its_password() {
        let place = database("postgres://u:planted@db.example:5432/jeton").unwrap();
        assert_eq!(place.to_string(), "postgres://db.example/jeton");
        assert!(!format!("{place:?}").contains("planted"));
    }

    #[test]
    fn levels_in_the_words_of_python_too() {
        assert_eq!(LogLevel::read(&text("WARNING")), Ok(LogLevel::Warn));
        assert_eq!(LogLevel::read(&text("Critical")), Ok(LogLevel::Error));
        assert!(LogLevel::read(&text("loud")).is_err());
    }
}
