//! Every setting there is, once: reading, suggestions, the reference and the examples all come from this list.

/// A setting that the configuration file and the environment know by the same name.
#[derive(Debug)]
pub(crate) struct KeySpec {
    /// `section.key`, as in the file.
    pub(crate) key: &'static str,
    /// Its type, for people.
    pub(crate) kind: &'static str,
    /// Its default, for people; empty when there is none.
    pub(crate) default: &'static str,
    /// A value as TOML that can be pasted.
    pub(crate) example: &'static str,
    /// Other names of the environment that are read for it, the first one wins.
    pub(crate) legacy: &'static [&'static str],
    /// Whether its value opens something and is never shown.
    pub(crate) secret: bool,
    /// What it does.
    pub(crate) meaning: &'static str,
}

impl KeySpec {
    /// `JETON_SECTION__KEY`.
    pub(crate) fn environment_name(&self) -> String {
        format!("JETON_{}", self.key.replace('.', "__").to_ascii_uppercase())
    }
}

/// Shortens the table below: key, type, default, example, older names, meaning.
const fn key(
    key: &'static str,
    kind: &'static str,
    default: &'static str,
    example: &'static str,
    legacy: &'static [&'static str],
    meaning: &'static str,
) -> KeySpec {
    KeySpec {
        key,
        kind,
        default,
        example,
        legacy,
        secret: false,
        meaning,
    }
}

const fn secret(key: &'static str, kind: &'static str, example: &'static str, meaning: &'static str) -> KeySpec {
    KeySpec {
        key,
        kind,
        default: "",
        example,
        legacy: &[],
        secret: true,
        meaning,
    }
}

/// All settings but `[[apps]]`, in the order of the reference.
pub(crate) const KEYS: &[KeySpec] = &[
    key(
        "server.listen",
        "list of addresses",
        "127.0.0.1:8080",
        r#"["127.0.0.1:8080"]"#,
        &["BIND_ADDR"],
        "Where the server listens: `IP:PORT`, `IP`, `:PORT` (all addresses) or `localhost:PORT`; several, \
         separated by commas in the environment. `none` for the Unix socket alone.",
    ),
    key(
        "server.unix_socket",
        "path",
        "",
        r#""/run/jeton/jeton.sock""#,
        &[],
        "A Unix socket to listen on besides.",
    ),
    key(
        "server.max_connections",
        "number, 1 to 1000000",
        "4096",
        "4096",
        &[],
        "How many connections are served at a time; more wait in the kernel.",
    ),
    key(
        "server.request_timeout_seconds",
        "seconds, 1 to 600",
        "30",
        "30",
        &[],
        "A request that takes longer is answered with 504.",
    ),
    key(
        "server.max_body_kib",
        "KiB, 1 to 16384",
        "64",
        "64",
        &[],
        "The largest body of a request.",
    ),
    key(
        "server.shutdown_grace_seconds",
        "seconds, 0 to 600",
        "20",
        "20",
        &[],
        "How long running requests may finish after SIGTERM.",
    ),
    key(
        "log.level",
        "error, warn, info, debug or trace",
        "info",
        r#""info""#,
        &["LOG_LEVEL"],
        "How much is logged. Upper case and Python's names (`WARNING`, `CRITICAL`) are understood.",
    ),
    key(
        "log.format",
        "text or json",
        "text",
        r#""text""#,
        &[],
        "`json` writes one object per line.",
    ),
    KeySpec {
        key: "database.url",
        kind: "path or URL",
        default: "<state.dir>/jeton.db",
        example: r#""/var/lib/jeton/jeton.db""#,
        legacy: &["DB_URI"],
        secret: true,
        meaning: "A file for SQLite (a path, `sqlite:PATH`, or `sqlite:///PATH` as SQLAlchemy writes it), or \
         `postgres://USER@HOST/NAME`. A driver in the scheme, as in `postgresql+psycopg2://`, is ignored.",
    },
    key(
        "database.url_file",
        "path",
        "",
        r#""/etc/jeton/database-url""#,
        &[],
        "A file that holds the URL, for one with a password.",
    ),
    key(
        "database.max_connections",
        "number, 1 to 1000",
        "10",
        "10",
        &[],
        "The most connections to PostgreSQL; of no effect on SQLite.",
    ),
    key(
        "state.dir",
        "path",
        "see below",
        r#""/var/lib/jeton""#,
        &[],
        "Where the database and the generated keys live.",
    ),
    secret(
        "seal.key",
        "32 bytes in base64 or hex",
        "",
        "The key that seals stored secrets; `jeton key generate` makes one. Prefer the file.",
    ),
    key(
        "seal.key_file",
        "path",
        "<state.dir>/seal.key",
        r#""/etc/jeton/seal.key""#,
        &[],
        "A file with that key, readable by its owner alone. The default file is made when it is missing; \
         a file that is named must be there.",
    ),
    secret(
        "operator.key",
        "a key of jeton's (`jtn_…`)",
        "",
        "The key with which the operator's commands ask the server. Prefer the file.",
    ),
    key(
        "operator.key_file",
        "path",
        "<state.dir>/operator.key",
        r#""/etc/jeton/operator.key""#,
        &[],
        "A file with that key, readable by its owner alone. The default file is made when it is missing.",
    ),
    key(
        "broker.renew_margin_seconds",
        "seconds, 5 to 2700",
        "300",
        "300",
        &["TOKEN_RENEW_AT"],
        "A token that ends within this time is renewed in the background while it is still handed out.",
    ),
    key(
        "broker.default_permissions",
        "permissions",
        "contents=read,metadata=read",
        r#"{ contents = "read", metadata = "read" }"#,
        &[],
        "What a token may do when the request does not say. A table in the file, `contents=read,issues=write` \
         in the environment.",
    ),
    key(
        "broker.forge_deadline_seconds",
        "seconds, 1 to 120",
        "10",
        "10",
        &[],
        "How long one request may go on trying a forge that fails.",
    ),
    key(
        "broker.probe_window_seconds",
        "seconds, 0 to 120",
        "10",
        "10",
        &[],
        "How long a fresh token may be refused by a forge that has not caught up with itself.",
    ),
    key(
        "broker.calls_per_app",
        "number, 1 to 100",
        "64",
        "64",
        &[],
        "At most this many calls of one App at a time; GitHub allows 100.",
    ),
    key(
        "broker.keep_ended_days",
        "days, 1 to 3650",
        "30",
        "30",
        &[],
        "How long ended tokens and grants stay on record.",
    ),
    key(
        "compat.enabled",
        "true or false",
        "true",
        "true",
        &[],
        "Whether `GET /api/{namespace}/{repository}` is served.",
    ),
    key(
        "compat.anonymous",
        "true or false",
        "false",
        "false",
        &[],
        "Whether that route serves callers without a key, on loopback or the Unix socket only.",
    ),
    key(
        "compat.anonymous_remote",
        "true or false",
        "false",
        "false",
        &[],
        "Whether it serves them from anywhere. Needs `compat.anonymous`.",
    ),
    key(
        "compat.app",
        "name of an App",
        "",
        r#""default""#,
        &[],
        "The App that serves that route; the one that is installed on the owner when not given.",
    ),
    key(
        "compat.permissions",
        "permissions",
        "broker.default_permissions",
        r#"{ contents = "read" }"#,
        &[],
        "What its tokens may do.",
    ),
];

/// A field of an `[[apps]]` entry, and the names of the environment that give it for one App.
#[derive(Debug)]
pub(crate) struct AppField {
    /// In the file.
    pub(crate) field: &'static str,
    /// In the environment.
    pub(crate) environment: &'static str,
    /// Older names.
    pub(crate) legacy: &'static [&'static str],
    /// Its default, for people.
    pub(crate) default: &'static str,
    /// A value as TOML that can be pasted; none for a secret.
    pub(crate) example: &'static str,
    /// What it is.
    pub(crate) meaning: &'static str,
}

/// The fields of `[[apps]]`.
pub(crate) const APP_FIELDS: &[AppField] = &[
    AppField {
        field: "name",
        environment: "JETON_APP_NAME",
        legacy: &[],
        default: "`default` in the environment",
        example: r#""default""#,
        meaning: "Your name for the App: lower-case letters, digits, `-`, `_`, `.`.",
    },
    AppField {
        field: "app_id",
        environment: "JETON_APP_ID",
        legacy: &["GITHUB_APP_ID"],
        default: "",
        example: r#""123456""#,
        meaning: "Its App id or client id.",
    },
    AppField {
        field: "private_key",
        environment: "JETON_APP_PRIVATE_KEY",
        legacy: &["GITHUB_APP_PRIVATE_KEY"],
        default: "",
        example: "",
        meaning: "Its private key as PEM. Prefer the file. In `GITHUB_APP_PRIVATE_KEY` also \
         the name of a file in `SECRETS_DIR`.",
    },
    AppField {
        field: "private_key_file",
        environment: "JETON_APP_PRIVATE_KEY_FILE",
        legacy: &["SECRETS_DIR"],
        default: "systemd credential `jeton-app-key`",
        example: r#""/etc/jeton/app.pem""#,
        meaning: "A file with that key. `SECRETS_DIR` is a directory with one `*.pem` in it.",
    },
    AppField {
        field: "api_url",
        environment: "JETON_APP_API_URL",
        legacy: &[],
        default: "https://api.github.com",
        example: r#""https://git.example.com/api/v3""#,
        meaning: "The URL of the forge's API.",
    },
];

/// Names of the environment that are read elsewhere than in the configuration.
pub(crate) const OTHER_NAMES: &[(&str, &str)] = &[
    ("JETON_CONFIG", "The configuration file, as `--config`."),
    ("JETON_URL", "Where the commands find the server, as `--url`."),
    ("JETON_TOKEN", "The key with which the commands ask it."),
    ("JETON_TOKEN_FILE", "A file that holds that key."),
];

/// The setting with this name.
pub(crate) fn find(key: &str) -> Option<&'static KeySpec> {
    KEYS.iter().find(|spec| spec.key == key)
}

/// The names of the sections, each once.
pub(crate) fn sections() -> Vec<&'static str> {
    let mut out: Vec<_> = KEYS
        .iter()
        .filter_map(|spec| spec.key.split_once('.'))
        .map(|(section, _)| section)
        .collect();
    out.dedup();
    out.push("apps");
    out
}

/// Every name of the environment that begins with `JETON_`.
pub(crate) fn environment_names() -> Vec<String> {
    let own = KEYS.iter().map(KeySpec::environment_name);
    let apps = APP_FIELDS.iter().map(|field| field.environment.to_owned());
    own.chain(apps)
        .chain(OTHER_NAMES.iter().map(|(name, _)| (*name).to_owned()))
        .collect()
}

/// The most similar of the candidates, if any is similar at all. A key in the wrong section is found by its last part.
pub(crate) fn nearest<T: AsRef<str>>(written: &str, candidates: &[T]) -> Option<String> {
    let last = |text: &str| text.rsplit(['.']).next().unwrap_or_default().to_owned();
    let score = |candidate: &str| {
        let whole = strsim::normalized_damerau_levenshtein(written, candidate);
        let part = strsim::normalized_damerau_levenshtein(&last(written), &last(candidate));
        // the last part alone may lead astray (`server.url`), so that it counts a little less
        whole.max(part * 0.9)
    };
    let scored = candidates
        .iter()
        .map(|candidate| (score(candidate.as_ref()), candidate.as_ref()));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.6).then(|| best.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{KEYS, environment_names, nearest};

    #[test]
    fn a_slip_of_the_pen_finds_its_key() {
        let keys: Vec<_> = KEYS.iter().map(|spec| spec.key).collect();
        assert_eq!(nearest("server.lisen", &keys).as_deref(), Some("server.listen"));
        assert_eq!(nearest("listen", &keys).as_deref(), Some("server.listen"));
        assert_eq!(
            nearest("sevrer.max_body_kib", &keys).as_deref(),
            Some("server.max_body_kib")
        );
        assert_eq!(nearest("zzzzzzzzzz", &keys), None);
        let names = environment_names();
        assert_eq!(
            nearest("JETON_SERVER_LISTEN", &names).as_deref(),
            Some("JETON_SERVER__LISTEN")
        );
        assert_eq!(
            nearest("JETON_SEAL__KEYFILE", &names).as_deref(),
            Some("JETON_SEAL__KEY_FILE")
        );
    }

    #[test]
    fn no_key_is_there_twice() {
        let mut keys: Vec<_> = KEYS.iter().map(|spec| spec.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), KEYS.len());
    }
}
