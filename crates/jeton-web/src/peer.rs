use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

use crate::auth::{ClientAddress, is_proxied};

/// Who is at the other end of a connection, as the system says; headers have no say in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A program on this machine, over a Unix socket; the system says whose, as far as it knows.
    Unix(Option<UnixPeer>),
    /// An address.
    Tcp(SocketAddr),
    /// Not known: the router was called without a listener. Trusted with nothing.
    Unknown,
}

/// Whose program it is, by `SO_PEERCRED` (unix(7)): as it was when it connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnixPeer {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The proxies whose word about where a request comes from is believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies {
    /// By address.
    pub networks: Vec<IpNet>,
    /// Also one that comes over the Unix socket.
    pub unix: bool,
}

/// For a caller of whom nobody says where they are: in no network, and all of them share one limit.
const NOWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

impl Peer {
    pub(crate) fn is_unix(self) -> bool {
        matches!(self, Self::Unix(_))
    }

    /// Whether it comes over the loopback interface. An IPv4 address inside an IPv6 one counts as what it is.
    pub(crate) fn is_loopback(self) -> bool {
        matches!(self, Self::Tcp(address) if address.ip().to_canonical().is_loopback())
    }

    /// `None` for a program on this machine, over the Unix socket and not behind a proxy.
    fn ip(self, proxied: bool) -> Option<IpAddr> {
        match self {
            Self::Tcp(address) => Some(address.ip().to_canonical()),
            Self::Unix(_) if !proxied => None,
            Self::Unix(_) | Self::Unknown => Some(NOWHERE),
        }
    }
}

impl TrustedProxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    pub(crate) fn trusts_peer(&self, peer: Peer) -> bool {
        match peer {
            Peer::Unix(_) => self.unix,
            Peer::Tcp(address) => self.trusts(address.ip().to_canonical()),
            Peer::Unknown => false,
        }
    }

    /// Where a request comes from. Each proxy adds the address that it saw at the end of `X-Forwarded-For`, so it is read
    /// from the end: the first that is no trusted proxy is the caller; what stands before it, the caller may have made up.
    pub(crate) fn address(&self, peer: Peer, headers: &HeaderMap) -> ClientAddress {
        // Whoever says that the socket has a proxy before it says that its callers are not local.
        let nearest = peer.ip(self.unix || is_proxied(headers));
        if !self.trusts_peer(peer) {
            return ClientAddress(nearest);
        }
        let mut last = nearest;
        let values: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|v| v.to_str().ok())
            .collect();
        for text in values.iter().rev().flat_map(|value| value.rsplit(',')) {
            let Some(address) = read(text.trim()) else {
                // What no proxy would write: whoever is nearest is all that is known.
                return ClientAddress(last);
            };
            last = Some(address);
            if !self.trusts(address) {
                break;
            }
        }
        ClientAddress(last)
    }

    /// Whether the caller's browser speaks https, as far as a trusted proxy says.
    pub(crate) fn is_https(&self, peer: Peer, headers: &HeaderMap) -> bool {
        self.trusts_peer(peer) && headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https")
    }
}

/// An address, with or without a port.
fn read(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{Peer, TrustedProxies};

    fn tcp(address: &str) -> Peer {
        Peer::Tcp(address.parse().unwrap())
    }

    #[test]
    fn loopback_is_what_the_system_says() {
        for (address, expected) in [
            ("127.0.0.1:1", true),
            ("127.8.9.1:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("[::ffff:10.0.0.1]:1", false),
            ("10.0.0.1:1", false),
            ("0.0.0.0:1", false),
        ] {
            assert_eq!(tcp(address).is_loopback(), expected, "{address}");
        }
        assert!(!Peer::Unix(None).is_loopback());
        assert!(!Peer::Unknown.is_loopback());
    }

    #[test]
    fn only_a_trusted_proxy_says_where_a_request_comes_from() {
        let proxies = TrustedProxies {
            networks: vec!["10.0.0.0/8".parse().unwrap()],
            unix: true,
        };
        let from = |peer: Peer, forwarded: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", HeaderValue::from_static(value));
            }
            proxies
                .address(peer, &headers)
                .0
                .map(|address| address.to_string())
                .unwrap_or_default()
        };
        assert_eq!(
            from(tcp("192.0.2.1:9"), &["203.0.113.9"]),
            "192.0.2.1",
            "a stranger's word"
        );
        assert_eq!(from(tcp("10.0.0.1:9"), &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(
            from(tcp("10.0.0.1:9"), &["1.2.3.4, 203.0.113.9, 10.9.9.9"]),
            "203.0.113.9"
        );
        assert_eq!(from(tcp("10.0.0.1:9"), &["1.2.3.4", "203.0.113.9:4711"]), "203.0.113.9");
        assert_eq!(from(tcp("10.0.0.1:9"), &["1.2.3.4, nonsense"]), "10.0.0.1");
        assert_eq!(from(tcp("10.0.0.1:9"), &[]), "10.0.0.1");
        assert_eq!(from(tcp("[::ffff:10.0.0.1]:9"), &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(from(Peer::Unix(None), &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(from(Peer::Unknown, &["203.0.113.9"]), "0.0.0.0");
        assert_eq!(
            from(Peer::Unix(None), &[]),
            "0.0.0.0",
            "a proxy that does not say who asks"
        );
        let none = TrustedProxies::default();
        let mut headers = HeaderMap::new();
        assert_eq!(none.address(Peer::Unix(None), &headers).0, None);
        headers.insert("x-forwarded-for", HeaderValue::from_static("10.0.0.1"));
        assert_eq!(none.address(Peer::Unix(None), &headers).0, "0.0.0.0".parse().ok());
    }
}
