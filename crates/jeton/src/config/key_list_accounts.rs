//! The settings about people's tokens, the forges that they open, and who is told of their ends.

use super::{
    key_list::{key, secret},
    keys::KeySpec,
};

/// The settings, in the order of the reference.
pub(crate) const ACCOUNT_KEYS: &[KeySpec] = &[
    key(
        "accounts.from_environment",
        "yes or no",
        "true",
        "true",
        &[],
        "Whether tokens in the server's environment (`GITHUB_TOKEN`, `GH_TOKEN`, `GITLAB_TOKEN`, `BITBUCKET_TOKEN` and their kin) are \
         accounts, from memory alone.",
    ),
    key(
        "accounts.check_hours",
        "hours",
        "24",
        "24",
        &[],
        "How often each account is looked at. The looks are spread over that time.",
    ),
    key(
        "accounts.checks_per_minute",
        "number",
        "120",
        "120",
        &[],
        "How many looks a minute one forge gets at most from one server.",
    ),
    key(
        "accounts.warn_days",
        "list of numbers",
        "30,14,7,1",
        "[30, 14, 7, 1]",
        &[],
        "How many days before its end a token is warned of: in the log, the metrics, the record and the webhook.",
    ),
    key(
        "accounts.rotate_before_days",
        "days",
        "7",
        "7",
        &[],
        "How long before its end a GitLab token is renewed; a third of its life where that is less.",
    ),
    key(
        "accounts.rotation_days",
        "days",
        "",
        "90",
        &[],
        "For how many days a renewed token is asked for, 365 at most; as long as the one before had when left out.",
    ),
    key(
        "accounts.lease_seconds",
        "seconds",
        "3600",
        "3600",
        &[],
        "For how long a caller may use an account's token before asking again, because it may have been renewed by then.",
    ),
    key(
        "forges.allowed_networks",
        "list of networks",
        "",
        r#"["10.0.0.0/8"]"#,
        &[],
        "Networks that are not public and in which forges may be looked for all the same, when a caller names an address. Apps of \
         the configuration need no entry.",
    ),
    key(
        "forges.allow_loopback",
        "yes or no",
        "false",
        "false",
        &[],
        "Whether callers may name a forge on this machine itself, by plain http too: for the simulator.",
    ),
    key(
        "webhook.url",
        "URL",
        "",
        r#""https://hooks.example.com/jeton""#,
        &[],
        "Who is told of ends, failures and renewals of accounts: a JSON message each, signed as standardwebhooks.com describes it.",
    ),
    secret(
        "webhook.secret",
        "text",
        "",
        "With what the messages are signed: any text, or `whsec_` and base64. Prefer the file.",
    ),
    key(
        "webhook.secret_file",
        "path",
        "",
        r#""/etc/jeton/webhook-secret""#,
        &[],
        "A file that holds it.",
    ),
    key(
        "webhook.events",
        "list of events",
        "account.",
        r#"["account.expiring", "account.rotation_failed"]"#,
        &[],
        "Which events are sent: each whole, or a family that ends in a dot.",
    ),
    key(
        "metrics.listen",
        "address",
        "",
        r#""127.0.0.1:9464""#,
        &[],
        "Where `GET /metrics` is served for Prometheus, apart from everything else and without a key; nowhere when left out.",
    ),
];
