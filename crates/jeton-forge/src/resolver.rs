//! Names to addresses, without those at which no forge lives.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The machine's resolver, minus the addresses where clouds keep their metadata services: a name that leads there
/// would let whoever controls the name see credentials of the machine. Private ranges stay allowed, because
/// Enterprise Servers live in them. Addresses written out in a URL do not come here; [`jeton_domain::ForgeEndpoint`]
/// checks those.
pub(crate) struct ForgeResolver;

impl Resolve for ForgeResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str();
            // the port is the URL's; 0 lets reqwest fill it in
            let found = tokio::net::lookup_host((host, 0)).await?.collect();
            let usable = usable(host, found)?;
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
enum Refused {
    #[error("the name has no address")]
    None,
    #[error("the name leads to a link-local, unspecified, multicast or metadata address, where no forge lives")]
    NeverAForge,
}

fn usable(host: &str, mut found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
    if found.is_empty() {
        return Err(Refused::None);
    }
    // plain http is allowed to `localhost`, so that name must stay on this machine
    let only_loopback = host.eq_ignore_ascii_case("localhost");
    found.retain(|address| {
        let ip = address.ip().to_canonical();
        !is_never_a_forge(ip) && (!only_loopback || ip.is_loopback())
    });
    if found.is_empty() {
        Err(Refused::NeverAForge)
    } else {
        Ok(found)
    }
}

/// EC2's metadata service over IPv6; a unique local address, so not link-local.
const EC2_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

fn is_never_a_forge(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            // 0.0.0.0/8 reaches this machine on some systems; 100.100.100.200 is Alibaba Cloud's metadata service
            v4.is_link_local()
                || v4.octets()[0] == 0
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.octets() == [100, 100, 100, 200]
        }
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_multicast() || v6 == EC2_METADATA,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::{Refused, usable};

    fn addresses(all: &[&str]) -> Vec<SocketAddr> {
        all.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn metadata_addresses_are_refused_and_private_ones_are_not() {
        for bad in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "255.255.255.255",
            "fd00:ec2::254",
            "100.100.100.200",
        ] {
            assert_eq!(
                usable("git.example.com", addresses(&[bad])),
                Err(Refused::NeverAForge),
                "{bad}"
            );
        }
        let good = addresses(&["10.0.0.5", "192.168.1.1", "140.82.112.5", "fd12::1", "127.0.0.1"]);
        assert_eq!(usable("git.example.com", good.clone()), Ok(good));
        assert_eq!(
            usable("git.example.com", addresses(&["169.254.169.254", "10.0.0.5"])),
            Ok(addresses(&["10.0.0.5"]))
        );
        assert_eq!(usable("git.example.com", vec![]), Err(Refused::None));
    }

    #[test]
    fn localhost_stays_on_this_machine() {
        assert_eq!(usable("localhost", addresses(&["10.0.0.5"])), Err(Refused::NeverAForge));
        assert_eq!(usable("localhost", addresses(&["::1"])), Ok(addresses(&["::1"])));
    }
}
