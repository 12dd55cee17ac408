use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Url};

use crate::{
    AddressError,
    address::{Kind, kind, listed_as, plain},
};

/// Which addresses a request may go to besides public ones. Link-local and unspecified addresses, multicast and the metadata services
/// of clouds are refused whatever stands here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressRules {
    /// Networks that are not public and may be called all the same (`forges.allowed_networks`). Loopback is not allowed by them.
    pub allow: Vec<IpNet>,
    /// Whether this machine itself may be called, by plain http too (`forges.allow_loopback`).
    pub allow_loopback: bool,
}

impl AddressRules {
    /// For URLs that the operator wrote: every network, and this machine.
    pub fn trusted() -> Self {
        Self {
            allow: vec![
                IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0)),
                IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)),
            ],
            allow_loopback: true,
        }
    }

    /// Judges what can be seen of a URL without a look-up: its scheme, what it carries, and an address in place of a name.
    ///
    /// # Errors
    /// [`AddressError`] when no request may go there.
    pub fn check_url(&self, url: &Url) -> Result<(), AddressError> {
        let shown = || shown(url.as_str());
        let (Some(host), "https" | "http") = (url.host(), url.scheme()) else {
            return Err(AddressError::NotAWebAddress(shown()));
        };
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(AddressError::Decorated(host.to_string()));
        }
        let (address, local) = match host {
            Host::Domain(name) => (None, is_localhost(name)),
            Host::Ipv4(v4) => (Some(IpAddr::V4(v4)), kind(IpAddr::V4(v4)) == Kind::Loopback),
            Host::Ipv6(v6) => (Some(IpAddr::V6(v6)), kind(IpAddr::V6(v6)) == Kind::Loopback),
        };
        if let Some(address) = address {
            self.check(&host.to_string(), address)?;
        }
        if url.scheme() == "http" && !(local && self.allow_loopback) {
            return Err(AddressError::NotHttps(shown()));
        }
        Ok(())
    }

    /// Judges one address that a host has.
    ///
    /// # Errors
    /// [`AddressError`] when no request may go there.
    pub(crate) fn check(&self, name: &str, address: IpAddr) -> Result<(), AddressError> {
        let address = plain(address);
        let name = || shown(name);
        match kind(address) {
            Kind::Never(what) => Err(AddressError::Never {
                name: name(),
                address,
                what,
            }),
            Kind::Loopback if self.allow_loopback => Ok(()),
            Kind::Loopback => Err(AddressError::Loopback { name: name(), address }),
            _ if is_localhost(&name()) => Err(AddressError::NotLocal { name: name(), address }),
            Kind::Public => Ok(()),
            Kind::Private(_) if self.lists(address) => Ok(()),
            Kind::Private(what) => Err(AddressError::Private {
                name: name(),
                address,
                what,
            }),
        }
    }

    fn lists(&self, address: IpAddr) -> bool {
        listed_as(address)
            .iter()
            .any(|one| self.allow.iter().any(|net| net.contains(one)))
    }
}

/// Names that always mean this machine (RFC 6761 §6.3), and to which plain http may be allowed.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or(name);
    last.eq_ignore_ascii_case("localhost")
}

/// Fit for an error: without control characters, and not longer than a line or two.
fn shown(text: &str) -> String {
    crate::text::clean(text)
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
