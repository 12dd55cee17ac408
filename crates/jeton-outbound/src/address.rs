//! What an IP address is, whoever names it. Ranges by the IANA special-purpose registries
//! (<https://www.iana.org/assignments/iana-ipv4-special-registry>, <https://www.iana.org/assignments/iana-ipv6-special-registry>).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far an address is to be trusted with a request that somebody else chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The Internet.
    Public,
    /// This machine.
    Loopback,
    /// A network that the operator may list; in words, with an article.
    Private(&'static str),
    /// Nothing that a request may ever go to; in words, with an article.
    Never(&'static str),
}

const LINK_LOCAL: Kind = Kind::Never("a link-local address, where clouds keep their metadata services");
const METADATA: Kind = Kind::Never("the metadata service of a cloud");
const MULTICAST: Kind = Kind::Never("a multicast address");
const UNSPECIFIED: Kind = Kind::Never("an unspecified address, which reaches this machine on some systems");

/// Metadata and control services at addresses that are not link-local: Alibaba Cloud, Oracle Cloud, Azure's wire server.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];

/// The same over IPv6: EC2 and the agent of EKS that hands out its roles, Google Compute Engine, Oracle Cloud, Scaleway.
const METADATA_V6: [Ipv6Addr; 5] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
];

/// What an address is. An IPv6 address that carries IPv4 addresses is judged by the worst of them.
pub(crate) fn kind(ip: IpAddr) -> Kind {
    match ip {
        IpAddr::V4(v4) => kind_v4(v4),
        IpAddr::V6(v6) => carried(v6).map(kind_v4).into_iter().fold(kind_v6(v6), worse),
    }
}

fn worse(a: Kind, b: Kind) -> Kind {
    let rank = |kind| match kind {
        Kind::Public => 0,
        Kind::Loopback => 1,
        Kind::Private(_) => 2,
        Kind::Never(_) => 3,
    };
    if rank(b) > rank(a) { b } else { a }
}

fn kind_v4(ip: Ipv4Addr) -> Kind {
    if METADATA_V4.contains(&ip) {
        return METADATA;
    }
    match ip.octets() {
        [0, ..] => UNSPECIFIED,
        [169, 254, ..] => LINK_LOCAL,
        [224..=239, ..] => MULTICAST,
        [255, 255, 255, 255] => Kind::Never("the broadcast address"),
        [127, ..] => Kind::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Kind::Private("a private address (RFC 1918)"),
        [100, 64..=127, ..] => Kind::Private("an address shared behind a carrier's NAT (100.64.0.0/10)"),
        [192, 0, 0, _] => Kind::Private("an address for protocol assignments (192.0.0.0/24)"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Kind::Private("an address for documentation"),
        [198, 18..=19, ..] => Kind::Private("an address for benchmarks (198.18.0.0/15)"),
        [192, 88, 99, _] => Kind::Private("a 6to4 relay (192.88.99.0/24)"),
        [240..=255, ..] => Kind::Private("a reserved address (240.0.0.0/4)"),
        _ => Kind::Public,
    }
}

fn kind_v6(ip: Ipv6Addr) -> Kind {
    if METADATA_V6.contains(&ip) {
        return METADATA;
    }
    if ip.is_loopback() {
        return Kind::Loopback;
    }
    if ip.to_ipv4_mapped().is_some() {
        // judged by what it carries, which is public
        return Kind::Public;
    }
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => UNSPECIFIED,
        [0xff00..=0xffff, ..] => MULTICAST,
        [0xfe80..=0xfebf, ..] => LINK_LOCAL,
        [0xfec0..=0xfeff, ..] => Kind::Private("a site-local address (fec0::/10)"),
        [0xfc00..=0xfdff, ..] => Kind::Private("a unique local address (fc00::/7)"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Kind::Private("an address for documentation"),
        [0x2001, 2, 0, ..] => Kind::Private("an address for benchmarks (2001:2::/48)"),
        [0x2001, 0x10..=0x2f, ..] => Kind::Private("an ORCHID, which is no address of a machine"),
        // the public range; and NAT64 of everybody's prefix, by which networks without IPv4 reach public addresses
        [0x2000..=0x3fff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Kind::Public,
        _ => Kind::Private("an address outside of the public range (2000::/3)"),
    }
}

/// The IPv4 addresses that an IPv6 address carries, and a public one in place of each that it does not.
fn carried(ip: Ipv6Addr) -> [Ipv4Addr; 2] {
    const NONE: Ipv4Addr = Ipv4Addr::new(1, 1, 1, 1);
    let pair = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match ip.segments() {
        // mapped (::ffff:0:0/96), translated (::ffff:0:0:0/96), NAT64 (64:ff9b::/96)
        [0, 0, 0, 0, 0, 0xffff, g, h] | [0, 0, 0, 0, 0xffff, 0, g, h] | [0x64, 0xff9b, 0, 0, 0, 0, g, h] => {
            [pair(g, h), NONE]
        }
        // "compatible", long out of use; not `::` and `::1`, which mean something else
        [0, 0, 0, 0, 0, 0, g, h] if (g, h) != (0, 0) && (g, h) != (0, 1) => [pair(g, h), NONE],
        // 6to4
        [0x2002, b, c, ..] => [pair(b, c), NONE],
        // Teredo: its server, and the client's address turned over
        [0x2001, 0, c, d, _, _, g, h] => [pair(c, d), pair(!g, !h)],
        // ISATAP, in any prefix
        [_, _, _, _, 0 | 0x200, 0x5efe, g, h] => [pair(g, h), NONE],
        _ => [NONE, NONE],
    }
}

/// The address by which networks are compared: the IPv4 one of a mapped address.
pub(crate) fn plain(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// Everything that an address is listed by: itself, and the IPv4 address of a translation to it. A tunnel's addresses are not
/// those of the listed network, so 6to4, Teredo and ISATAP count only as what they are.
pub(crate) fn listed_as(ip: IpAddr) -> [IpAddr; 2] {
    let own = plain(ip);
    match own {
        IpAddr::V6(v6) if matches!(v6.segments(), [0x64, 0xff9b, 0, 0, 0, 0, ..]) => [own, IpAddr::V4(carried(v6)[0])],
        _ => [own, own],
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, kind};

    fn of(ip: &str) -> Kind {
        kind(ip.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_public_to_the_edges_of_the_ranges() {
        for ip in [
            "140.82.112.5",
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.0",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "203.0.114.0",
            "223.255.255.255",
            "2606:50c0:8000::153",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "::ffff:140.82.112.5",
            "64:ff9b::140.82.112.5",
            "2002:8c52:7005::1",
            "2001:2:1::1",
            "2001:30::1",
        ] {
            assert_eq!(of(ip), Kind::Public, "{ip}");
        }
    }

    #[test]
    fn private_addresses_are_private_in_every_form() {
        for ip in [
            "10.0.0.0",
            "10.255.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.0",
            "192.168.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.255",
            "198.18.0.0",
            "198.19.255.255",
            "192.88.99.1",
            "240.0.0.1",
            "255.255.255.254",
            "fc00::1",
            "fdff:ffff::1",
            "fec0::1",
            "2001:db8::1",
            "3fff::1",
            "3fff:fff::1",
            "2001:2::1",
            "2001:10::1",
            "2001:2f::1",
            "100::1",
            "64:ff9b:1::1",
            "5f00::1",
            "4000::1",
            "1::1",
            // 10.0.0.5 within
            "::ffff:10.0.0.5",
            "::ffff:0:10.0.0.5",
            "64:ff9b::10.0.0.5",
            "::10.0.0.5",
            "2002:a00:5::1",
            "2001:0:a00:5:0:0:73ad:8ffa",
            "2001:0:8c52:7005:0:0:f5ff:fffa",
            "2606:50c0::5efe:10.0.0.5",
            "2606:50c0::200:5efe:10.0.0.5",
        ] {
            assert!(matches!(of(ip), Kind::Private(_)), "{ip}: {:?}", of(ip));
        }
    }

    #[test]
    fn this_machine_is_loopback() {
        for ip in [
            "127.0.0.1",
            "127.255.255.255",
            "::1",
            "::ffff:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "2002:7f00:1::",
        ] {
            assert_eq!(of(ip), Kind::Loopback, "{ip}");
        }
    }

    #[test]
    fn what_nobody_may_call_is_so_in_every_form() {
        for ip in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.0.0",
            "169.254.255.255",
            "224.0.0.1",
            "239.255.255.255",
            "255.255.255.255",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "::",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fd00:c1::a9fe:a9fe",
            "fd00:42::42",
            "::ffff:169.254.169.254",
            "::ffff:0.0.0.0",
            "::ffff:0:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "2001:0:a9fe:a9fe:0:0:73ad:8ffa",
            "2001:0:8c52:7005:0:0:5601:5601",
            "2606:50c0::5efe:169.254.169.254",
            "::169.254.169.254",
            "fe80::5efe:10.0.0.5",
        ] {
            assert!(matches!(of(ip), Kind::Never(_)), "{ip}: {:?}", of(ip));
        }
    }
}
