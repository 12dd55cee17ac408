use std::net::SocketAddr;

/// Who is at the other end of a connection, as the system says; headers have no say in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A program on this machine, over a Unix socket.
    Unix,
    /// An address.
    Tcp(SocketAddr),
    /// Not known: the router was called without a listener. Trusted with nothing.
    Unknown,
}

impl Peer {
    /// Whether it comes over the loopback interface. An IPv4 address inside an IPv6 one counts as what it is.
    pub(crate) fn is_loopback(self) -> bool {
        matches!(self, Self::Tcp(address) if address.ip().to_canonical().is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::Peer;

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
            assert_eq!(Peer::Tcp(address.parse().unwrap()).is_loopback(), expected, "{address}");
        }
        assert!(!Peer::Unix.is_loopback());
        assert!(!Peer::Unknown.is_loopback());
    }
}
