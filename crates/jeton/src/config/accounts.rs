//! People's tokens, the forges that they open, and who is told of their ends.

use std::net::SocketAddr;

use ipnet::IpNet;
use jeton_accounts::{FoundEnvironment, read_environment};
use jeton_domain::Secret;
use jeton_outbound::AddressRules;
use jiff::SignedDuration;

use super::{
    settings::{SecretOrFile, Settings, texts_of},
    sources::Sources,
    tree::Value,
    values,
};

/// People's tokens and what goes with them.
#[derive(Debug, Clone)]
pub(crate) struct AccountsConfig {
    /// The tokens of the environment and of the file with variables, and those that are of no use.
    pub(crate) environment: FoundEnvironment,
    /// How often each account is looked at.
    pub(crate) check_every: SignedDuration,
    /// How many looks a minute one forge gets.
    pub(crate) checks_per_minute: u32,
    /// How many days before an end is warned.
    pub(crate) warn_days: Vec<u16>,
    /// How long before its end a token is renewed.
    pub(crate) rotate_before: SignedDuration,
    /// For how many days a renewed token is asked for.
    pub(crate) rotation_days: Option<u16>,
    /// For how long a caller may use a token before asking again.
    pub(crate) lease: SignedDuration,
    /// Where forges may be, besides public addresses.
    pub(crate) allowed_networks: Vec<IpNet>,
    /// Whether they may be on this machine.
    pub(crate) allow_loopback: bool,
    /// Who is told.
    pub(crate) webhook: Option<WebhookConfig>,
    /// Where metrics are served.
    pub(crate) metrics_listen: Option<SocketAddr>,
}

/// Who is told of ends and failures.
#[derive(Debug, Clone)]
pub(crate) struct WebhookConfig {
    /// Where it listens.
    pub(crate) url: String,
    /// With what messages are signed.
    pub(crate) secret: SecretOrFile,
    /// Which events it wants.
    pub(crate) events: Vec<String>,
}

pub(super) fn read(set: &mut Settings, sources: &Sources) -> AccountsConfig {
    let day = SignedDuration::from_hours(24);
    let check_hours = set.number("accounts.check_hours", 1..=720, 24);
    let rotate_days = set.number("accounts.rotate_before_days", 1..=300, 7);
    let rotation_days = set
        .has("accounts.rotation_days")
        .then(|| set.number("accounts.rotation_days", 1..=365, 365));
    if let Some(days) = rotation_days
        && rotate_days >= days
    {
        let what = format!(
            "accounts.rotate_before_days is {rotate_days}, and accounts.rotation_days {days}: a token would be renewed as soon as it is there"
        );
        set.missing(
            what,
            "Let tokens live longer than the time before their end at which they are renewed.",
        );
    }
    AccountsConfig {
        environment: if set.flag("accounts.from_environment", true) {
            read_environment(&|name| {
                sources
                    .variables
                    .get(name)
                    .map(|variable| Secret::new(variable.value.clone()))
            })
        } else {
            FoundEnvironment::default()
        },
        check_every: SignedDuration::from_hours(check_hours.into()),
        checks_per_minute: set.number("accounts.checks_per_minute", 1..=6_000, 120),
        warn_days: set
            .parsed("accounts.warn_days", days)
            .unwrap_or_else(|| vec![30, 14, 7, 1]),
        rotate_before: day * i32::try_from(rotate_days).unwrap_or(7),
        rotation_days: rotation_days.and_then(|days| u16::try_from(days).ok()),
        lease: SignedDuration::from_secs(set.number("accounts.lease_seconds", 60..=86_400, 3_600).into()),
        allowed_networks: set.parsed("forges.allowed_networks", networks).unwrap_or_default(),
        allow_loopback: set.flag("forges.allow_loopback", false),
        webhook: webhook(set),
        metrics_listen: set.parsed("metrics.listen", one_address).flatten(),
    }
}

fn webhook(set: &mut Settings) -> Option<WebhookConfig> {
    let url = set.url("webhook.url");
    let secret = set.secret_or_file("webhook.secret", "webhook.secret_file");
    let events = set.texts("webhook.events");
    if let Some(url) = &url
        && let Err(error) = AddressRules::trusted().check_url(url)
    {
        let what = format!("webhook.url ({}) will not do: {error}", set.origin("webhook.url"));
        set.missing(
            what,
            "Messages name accounts and hosts: they go out over https alone, or by http to a receiver on this machine.",
        );
        return None;
    }
    match (url, secret) {
        (Some(url), Some(secret)) => Some(WebhookConfig {
            url: url.to_string(),
            secret,
            events: if events.is_empty() {
                vec!["account.".to_owned()]
            } else {
                events
            },
        }),
        (Some(_), None) => {
            let what = format!(
                "webhook.url is given ({}), but webhook.secret is not",
                set.origin("webhook.url")
            );
            set.missing(
                what,
                "Give webhook.secret_file: without a signature the receiver cannot tell jeton's messages from anybody's.",
            );
            None
        }
        (None, Some(_)) if !set.has("webhook.url") => {
            set.missing(
                "webhook.secret is given, but webhook.url is not".to_owned(),
                "Say with webhook.url who is told, or remove the secret.",
            );
            None
        }
        (None, _) => None,
    }
}

fn days(value: &Value) -> Result<Vec<u16>, String> {
    let expected = || "whole numbers of days from 1 to 365".to_owned();
    let read = |text: &str| text.trim().parse::<u16>().ok().filter(|days| (1..=365).contains(days));
    let numbers: Option<Vec<u16>> = match value {
        Value::List(items) => items
            .iter()
            .map(|item| match item {
                Value::Integer(number) => read(&number.to_string()),
                Value::Text(text) => read(text),
                _ => None,
            })
            .collect(),
        Value::Integer(number) => read(&number.to_string()).map(|days| vec![days]),
        Value::Text(text) if matches!(text.trim(), "" | "none") => Some(Vec::new()),
        Value::Text(text) => text.split(',').map(read).collect(),
        _ => None,
    };
    numbers.ok_or_else(expected)
}

fn networks(value: &Value) -> Result<Vec<IpNet>, String> {
    let texts = texts_of(value)?;
    texts
        .iter()
        .map(|text| {
            let network = text.parse::<IpNet>().ok();
            network
                .or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
                .ok_or_else(|| "networks such as 10.0.0.0/8".to_owned())
        })
        .collect()
}

fn one_address(value: &Value) -> Result<Option<SocketAddr>, String> {
    let addresses = values::listen(value)?;
    match addresses.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        _ => Err("one address".to_owned()),
    }
}
