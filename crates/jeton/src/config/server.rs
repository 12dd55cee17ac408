//! `[server]`: how to serve.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use url::Url;

use super::{
    ConfigIssue, ConfigWarning,
    settings::{Settings, path_in, texts_of},
    tree::Value,
    values,
};

/// How to serve.
#[derive(Debug, Clone)]
pub(crate) struct ServerConfig {
    /// Where to listen; empty only with a Unix socket.
    pub(crate) listen: Vec<SocketAddr>,
    /// A Unix socket to listen on besides.
    pub(crate) unix_socket: Option<PathBuf>,
    /// Its permission bits.
    pub(crate) unix_socket_mode: u32,
    /// Whose word about the caller's address is taken.
    pub(crate) trusted_proxies: TrustedProxies,
    /// Where people and programs reach the server, when it was said; else see [`ServerConfig::public_url`].
    pub(crate) given_public_url: Option<Url>,
    /// How many connections at a time.
    pub(crate) max_connections: usize,
    /// How long a request may take.
    pub(crate) request_timeout: Duration,
    /// The largest body, in bytes.
    pub(crate) max_body_bytes: usize,
    /// How long running requests may finish.
    pub(crate) shutdown_grace: Duration,
}

/// Whose word about the caller's address is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TrustedProxies {
    /// Proxies in these networks.
    pub(crate) networks: Vec<IpNet>,
    /// Whoever connects to the Unix socket.
    pub(crate) unix: bool,
}

/// The most bytes that the path of a Unix socket can have on Linux, without its final zero (unix(7)).
const LONGEST_SOCKET_PATH: usize = 107;

impl ServerConfig {
    /// The URL for links and for the way back from a sign-in, without a slash at its end: what was given, else the
    /// first address that the server listens on.
    pub(crate) fn public_url(&self, listening: Option<SocketAddr>) -> String {
        if let Some(url) = &self.given_public_url {
            return url.as_str().trim_end_matches('/').to_owned();
        }
        let mut address = listening
            .or(self.listen.first().copied())
            .unwrap_or(values::DEFAULT_LISTEN);
        if address.ip().is_unspecified() {
            // all addresses are no address that a browser can go to
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("http://{address}")
    }
}

pub(super) fn read(set: &mut Settings, state_dir: Option<&Path>) -> ServerConfig {
    let listen = set
        .parsed("server.listen", values::listen)
        .unwrap_or_else(|| vec![values::DEFAULT_LISTEN]);
    let unix_socket = unix_socket(set, state_dir);
    if listen.is_empty() && unix_socket.is_none() {
        set.issues.push(ConfigIssue::Contradiction {
            what: format!(
                "server.listen is empty ({}), and there is no server.unix_socket",
                set.origin("server.listen")
            ),
            remedy: "Give one of them.".to_owned(),
        });
    }
    ServerConfig {
        listen,
        unix_socket,
        unix_socket_mode: set.parsed("server.unix_socket_mode", mode).unwrap_or(0o600),
        trusted_proxies: set.parsed("server.trusted_proxies", proxies).unwrap_or_default(),
        given_public_url: set.url("server.public_url"),
        max_connections: set.number("server.max_connections", 1..=1_000_000, 4096) as usize,
        request_timeout: super::seconds(set.number("server.request_timeout_seconds", 1..=600, 30)),
        max_body_bytes: set.number("server.max_body_kib", 1..=16_384, 64) as usize * 1024,
        shutdown_grace: super::seconds(set.number("server.shutdown_grace_seconds", 0..=600, 20)),
    }
}

fn unix_socket(set: &mut Settings, state_dir: Option<&Path>) -> Option<PathBuf> {
    const KEY: &str = "server.unix_socket";
    if set.has(KEY) {
        let origin = set.origin(KEY);
        return set
            .parsed(KEY, |value| match value {
                Value::Text(text) if matches!(text.trim(), "" | "none") => Ok(None),
                value => path_in(value, &origin).and_then(fits).map(Some),
            })
            .flatten();
    }
    let path = state_dir?.join("jeton.sock");
    let shown = path.display().to_string();
    let fitting = fits(path).ok();
    if fitting.is_none() {
        set.warnings.push(ConfigWarning {
            what: format!("{shown} is too long for a Unix socket, so that there is none"),
            remedy: format!("name a shorter path with {KEY}"),
        });
    }
    fitting
}

fn fits(path: PathBuf) -> Result<PathBuf, String> {
    if path.as_os_str().len() <= LONGEST_SOCKET_PATH {
        Ok(path)
    } else {
        Err(format!("a path of at most {LONGEST_SOCKET_PATH} bytes"))
    }
}

fn mode(value: &Value) -> Result<u32, String> {
    let expected = "an octal number in quotes, such as \"0600\" or \"0660\"";
    // 0600 without quotes is no TOML, and 600 would be something else
    let Value::Text(text) = value else {
        return Err(expected.to_owned());
    };
    let digits = text.trim();
    let mode = u32::from_str_radix(digits.strip_prefix("0o").unwrap_or(digits), 8);
    mode.ok()
        .filter(|mode| *mode <= 0o777)
        .ok_or_else(|| expected.to_owned())
}

fn proxies(value: &Value) -> Result<TrustedProxies, String> {
    let expected = "addresses and networks such as 127.0.0.1 and 10.0.0.0/8, or the word unix";
    let mut out = TrustedProxies::default();
    for text in texts_of(value).map_err(|_| expected.to_owned())? {
        if text == "unix" {
            out.unix = true;
        } else {
            out.networks
                .push(network(&text).map_err(|why| format!("{expected}{why}"))?);
        }
    }
    Ok(out)
}

/// An address by itself, or a network. `Err` says what is wrong, as the end of a sentence.
fn network(text: &str) -> Result<IpNet, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.into());
    }
    let network: IpNet = text.parse().map_err(|_| String::new())?;
    if network.trunc() == network {
        Ok(network)
    } else {
        // whoever writes 10.0.0.1/8 means either of two very different things
        Err(format!("; either {} or {}", network.trunc(), network.addr()))
    }
}

#[cfg(test)]
mod tests {
    use super::{TrustedProxies, Value, mode, proxies};

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn modes_are_octal() {
        assert_eq!(mode(&text("0660")), Ok(0o660));
        assert_eq!(mode(&text("0o600")), Ok(0o600));
        for bad in ["", "rw", "0888", "1777", "-1"] {
            assert!(mode(&text(bad)).is_err(), "{bad:?}");
        }
        assert!(mode(&Value::Integer(600)).is_err());
    }

    #[test]
    fn proxies_are_addresses_networks_or_the_socket() {
        let read = |raw: &str| proxies(&text(raw));
        let found = read("127.0.0.1, 10.0.0.0/8,fd00::/8,unix").unwrap();
        let networks: Vec<_> = found.networks.iter().map(ToString::to_string).collect();
        assert_eq!(networks, ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"]);
        assert!(found.unix);
        assert_eq!(proxies(&Value::List(vec![])), Ok(TrustedProxies::default()));
        let error = read("10.0.0.1/8").unwrap_err();
        assert!(error.contains("either 10.0.0.0/8 or 10.0.0.1"), "{error}");
        for bad in ["", "proxy.example.com", "10.0.0.0/33", "unix,"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
