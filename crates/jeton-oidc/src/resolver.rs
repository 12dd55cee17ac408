//! Names to addresses, without those at which no issuer lives.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::urls::is_never_an_issuer;

/// The machine's resolver, minus the addresses where clouds keep their metadata services. Addresses written out in a
/// URL do not come here; `urls::check` looks at those.
pub(crate) struct IssuerResolver;

impl Resolve for IssuerResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str();
            // the port is the URL's; 0 lets reqwest fill it in
            let found = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(usable(host, found)?.into_iter()) as Addrs)
        })
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the name has no address at which an issuer can live")]
struct NoAddress;

fn usable(host: &str, mut found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NoAddress> {
    // plain http is allowed to `localhost`, so that name must stay on this machine
    let only_loopback = host.eq_ignore_ascii_case("localhost");
    found.retain(|address| {
        let ip = address.ip().to_canonical();
        !is_never_an_issuer(ip) && (!only_loopback || ip.is_loopback())
    });
    if found.is_empty() { Err(NoAddress) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::{NoAddress, usable};

    fn addresses(all: &[&str]) -> Vec<SocketAddr> {
        all.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn metadata_services_are_no_issuers_and_private_addresses_can_be() {
        for bad in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "0.0.0.0",
            "::",
            "fd00:ec2::254",
        ] {
            assert_eq!(usable("x.example", addresses(&[bad])), Err(NoAddress), "{bad}");
        }
        let good = addresses(&["10.0.0.5", "140.82.112.5", "fd12::1", "127.0.0.1"]);
        assert_eq!(usable("x.example", good.clone()), Ok(good));
        let mixed = addresses(&["169.254.169.254", "10.0.0.5"]);
        assert_eq!(usable("x.example", mixed), Ok(addresses(&["10.0.0.5"])));
        assert_eq!(usable("x.example", vec![]), Err(NoAddress));
        assert_eq!(usable("localhost", addresses(&["10.0.0.5"])), Err(NoAddress));
        assert_eq!(usable("localhost", addresses(&["::1"])), Ok(addresses(&["::1"])));
    }
}
