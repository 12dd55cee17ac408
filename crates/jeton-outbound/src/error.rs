use std::net::IpAddr;

use jeton_domain::{Code, Coded};

/// Why an address is no place to send a request to. The words name the address as it was found, and the setting that would allow it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not http at all, or a URL without a host.
    #[error("`{0}` is no web address")]
    NotAWebAddress(String),
    /// A user name, password or fragment in the URL.
    #[error("the address of `{0}` carries a user name, a password or a fragment")]
    Decorated(String),
    /// Plain http, where it is not allowed.
    #[error("`{0}` is plain http, by which everybody on the way could read the token")]
    NotHttps(String),
    /// This machine itself, which the operator did not allow.
    #[error("`{name}` leads to this machine itself ({address})")]
    Loopback {
        /// The host as it was named.
        name: String,
        /// Where it leads.
        address: IpAddr,
    },
    /// The name `localhost` leads away from this machine.
    #[error("`{name}` leads to {address}, which is not this machine")]
    NotLocal {
        /// The host as it was named.
        name: String,
        /// Where it leads.
        address: IpAddr,
    },
    /// A network that the operator did not list.
    #[error("`{name}` leads to {address}, {what}")]
    Private {
        /// The host as it was named.
        name: String,
        /// Where it leads.
        address: IpAddr,
        /// What kind of address that is.
        what: &'static str,
    },
    /// An address that no setting allows.
    #[error("`{name}` leads to {address}, {what}")]
    Never {
        /// The host as it was named.
        name: String,
        /// Where it leads.
        address: IpAddr,
        /// What kind of address that is.
        what: &'static str,
    },
}

impl Coded for AddressError {
    fn code(&self) -> Code {
        match self {
            Self::NotAWebAddress(_)
            | Self::Decorated(_)
            | Self::NotHttps(_)
            | Self::Loopback { .. }
            | Self::NotLocal { .. }
            | Self::Private { .. }
            | Self::Never { .. } => Code::ForgeAddress,
        }
    }

    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::NotAWebAddress(_) => "Write the address like https://git.example.com.".to_owned(),
            Self::Decorated(_) => {
                "Leave the user name, password and fragment out of the address; a token is given apart from it."
                    .to_owned()
            }
            Self::NotHttps(_) => "Write https:// in place of http://. Plain http is only for this machine itself, and \
                only when the operator sets `forges.allow_loopback = true`."
                .to_owned(),
            Self::Loopback { .. } => {
                "Name another address. If a forge really runs on this machine, the operator can set \
                `forges.allow_loopback = true`."
                    .to_owned()
            }
            Self::NotLocal { .. } => "Name the machine by its own name, or correct what `localhost` means here \
                (/etc/hosts)."
                .to_owned(),
            Self::Private { address, .. } => format!(
                "Check the address. If it is in a network of yours, the operator can add that network to \
                 `forges.allowed_networks`, such as \"{}\".",
                suggested(*address)
            ),
            Self::Never { .. } => "Name another address; no setting allows this one.".to_owned(),
        })
    }
}

/// The network that somebody most likely wants to list: one that is no larger than it must be.
fn suggested(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{}/64", std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The address is not allowed; nothing was sent.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The request or the options cannot be; nothing was sent.
    #[error("the request cannot be made: {0}")]
    Request(String),
    /// The name does not resolve, nobody listens, TLS fails, or connecting takes too long; nothing was sent.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// No whole answer in time.
    #[error("no whole answer in time")]
    Timeout,
    /// The connection ended before the answer did.
    #[error("the connection was cut: {0}")]
    Cut(String),
    /// The headers of the answer are larger than the limit.
    #[error("the headers of the answer are larger than {limit} bytes")]
    HeadersTooLarge {
        /// The HTTP status, where it was seen.
        status: Option<u16>,
        /// [`HttpOptions::max_header_bytes`](crate::HttpOptions::max_header_bytes).
        limit: usize,
    },
    /// The body of the answer is larger than the limit.
    #[error("the body of the answer is larger than {limit} bytes")]
    BodyTooLarge {
        /// The HTTP status.
        status: u16,
        /// [`HttpOptions::max_body_bytes`](crate::HttpOptions::max_body_bytes).
        limit: usize,
    },
}

impl OutboundError {
    /// Whether the other side may have seen the request, and acted on it.
    pub fn was_sent(&self) -> bool {
        match self {
            Self::Address(_) | Self::Request(_) | Self::Unreachable(_) => false,
            Self::Timeout | Self::Cut(_) | Self::HeadersTooLarge { .. } | Self::BodyTooLarge { .. } => true,
        }
    }
}

impl Coded for OutboundError {
    fn code(&self) -> Code {
        match self {
            Self::Address(error) => error.code(),
            Self::Request(_) => Code::Internal,
            Self::Unreachable(_) | Self::Cut(_) => Code::ForgeUnavailable,
            Self::Timeout => Code::ForgeTimeout,
            Self::HeadersTooLarge { .. } | Self::BodyTooLarge { .. } => Code::ForgeGarbled,
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Address(error) => error.remedy(),
            Self::Request(_) => None,
            Self::Unreachable(_) => Some(
                "Check from this machine that the address is right and can be reached: its name resolves, a firewall \
                 lets it through, and its certificate is trusted. Proxies from the environment are not used."
                    .to_owned(),
            ),
            Self::Timeout | Self::Cut(_) => Some("Try again later.".to_owned()),
            Self::HeadersTooLarge { .. } | Self::BodyTooLarge { .. } => {
                Some("Check that the address is the right one, and that nothing else answers in its place.".to_owned())
            }
        }
    }
}
