use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// From where, as far as one place is told from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Site {
    Nowhere,
    V4(Ipv4Addr),
    /// The first bits of an address, and how many.
    V6(Ipv6Addr, u8),
}

impl Site {
    /// Of IPv6 a household has a /64.
    pub(crate) fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Nowhere,
            Some(IpAddr::V4(address)) => Self::V4(address),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), 64)
            }
        }
    }

    /// What one stranger may have for the asking: of IPv6 a /48, which is 65,536 households.
    pub(crate) fn widened(self) -> Self {
        match self {
            Self::Nowhere | Self::V4(_) => self,
            Self::V6(prefix, _) => {
                let [a, b, c, ..] = prefix.segments();
                Self::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), 48)
            }
        }
    }

    pub(crate) fn to_text(self) -> Option<String> {
        match self {
            Self::Nowhere => None,
            Self::V4(address) => Some(address.to_string()),
            Self::V6(prefix, bits) => Some(format!("{prefix}/{bits}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Site;

    #[test]
    fn a_place_is_an_address_or_a_network() {
        for (address, site, widened) in [
            ("203.0.113.9", "203.0.113.9", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ] {
            let found = Site::of(Some(address.parse().unwrap()));
            assert_eq!(found.to_text().as_deref(), Some(site));
            assert_eq!(found.widened().to_text().as_deref(), Some(widened));
        }
        assert_eq!(Site::of(None).to_text(), None);
    }
}
