//! The settings themselves.

use super::keys::{AppField, KeySpec};

/// Shortens the table below: key, type, default, example, older names, meaning.
pub(super) const fn key(
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

pub(super) const fn secret(
    key: &'static str,
    kind: &'static str,
    example: &'static str,
    meaning: &'static str,
) -> KeySpec {
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

/// The settings of the server and what it mints, in the order of the reference.
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
        "<state.dir>/jeton.sock",
        r#""/run/jeton/jeton.sock""#,
        &[],
        "A Unix socket to listen on besides. The server's own user needs no key there. `none` (or nothing, in the \
         file) for no socket.",
    ),
    key(
        "server.unix_socket_mode",
        "octal number in quotes",
        "0600",
        r#""0600""#,
        &[],
        "Who may connect to it, as for `chmod`. Other users than the server's own get what policies give their uid.",
    ),
    key(
        "server.public_url",
        "URL",
        "http://<first of server.listen>",
        r#""https://jeton.example.com""#,
        &[],
        "Where people and programs reach the server, for links and for the way back from a sign-in.",
    ),
    key(
        "server.trusted_proxies",
        "list of networks",
        "",
        r#"["127.0.0.1", "10.0.0.0/8", "unix"]"#,
        &[],
        "Proxies whose word about the caller's address (`X-Forwarded-For`) is taken; `unix` for one on the Unix socket.",
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
        "A file with the sealing key, readable by its owner alone. The default file is made when it is missing; \
         a file that is named must be there.",
    ),
    secret(
        "seal.previous_key",
        "32 bytes in base64 or hex",
        "",
        "The sealing key before this one, until `jeton key rotate` has put the new one in its place. Prefer the file.",
    ),
    key(
        "seal.previous_key_file",
        "path",
        "",
        r#""/etc/jeton/seal.previous.key""#,
        &[],
        "A file with the sealing key before this one, readable by its owner alone.",
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
        "A file with the operator's key, readable by its owner alone. The default file is made when it is missing.",
    ),
    key(
        "broker.renew_margin_seconds",
        "seconds, 30 to 2700",
        "300",
        "300",
        &["TOKEN_RENEW_AT"],
        "A token that ends within this time is renewed in the background while it is still handed out. A smaller \
         number in `TOKEN_RENEW_AT` counts as 30, with a warning.",
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
        "How long a fresh token may be refused by a forge that has not caught up with itself; it is tried until it \
         works. 0: a fresh token is handed out without being tried.",
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
        meaning: "A file with the private key. `SECRETS_DIR` is a directory with one `*.pem` in it.",
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
    (
        "JETON_INSECURE_HTTP",
        "`true` to send the key over plain http to another machine, as `--insecure-http`.",
    ),
    (
        "JETON_OIDC_AUDIENCE",
        "In a job of CI, the audience of the identity with which the commands ask it, as `--oidc-audience`.",
    ),
    (
        "JETON_IDENTITY_TOKEN",
        "In a job of GitLab CI, that identity, as `id_tokens` makes it.",
    ),
];
