//! Which addresses may be asked for keys.

use std::net::{IpAddr, Ipv6Addr};

use url::{Host, Url};

/// `https`, or plain `http` to this machine; no user name, no fragment, and not where clouds keep their metadata.
pub(crate) fn check(url: &Url) -> Result<(), String> {
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("the address has a user name, a password or a fragment".to_owned());
    }
    let host = url.host().ok_or_else(|| "the address has no host".to_owned())?;
    let ip = match host {
        Host::Domain(_) => None,
        Host::Ipv4(v4) => Some(IpAddr::V4(v4)),
        Host::Ipv6(v6) => Some(IpAddr::V6(v6).to_canonical()),
    };
    if ip.is_some_and(is_never_an_issuer) {
        return Err("the address is link-local, unspecified, multicast or a cloud's metadata service".to_owned());
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_local(url) => Ok(()),
        "http" => {
            Err("plain http is only for this machine itself: whoever is on the way could swap the keys".to_owned())
        }
        _ => Err("the address must begin with https://".to_owned()),
    }
}

/// Whether it leads to this machine. The resolver holds the name `localhost` to that.
pub(crate) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => IpAddr::V6(v6).to_canonical().is_loopback(),
        None => false,
    }
}

/// An address that an issuer's own document names. Plain http is taken only where the issuer itself is plain http on
/// this machine.
pub(crate) fn named_by(issuer: &Url, text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "it is not a URL".to_owned())?;
    check(&url)?;
    if url.scheme() == "http" && !(issuer.scheme() == "http" && is_local(issuer)) {
        return Err("it is plain http, though the issuer is not".to_owned());
    }
    Ok(url)
}

/// Where the issuer describes itself (OIDC Discovery 1.0 §4.1).
pub(crate) fn discovery_url(issuer: &str) -> Result<Url, String> {
    let url = Url::parse(issuer).map_err(|_| "for discovery it must be a URL".to_owned())?;
    check(&url)?;
    if url.query().is_some() {
        return Err("for discovery it must be a URL without a query".to_owned());
    }
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    Url::parse(&format!("{base}/.well-known/openid-configuration"))
        .map_err(|_| "for discovery it must be a URL".to_owned())
}

/// Scheme, host and port are the same.
pub(crate) fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// EC2's metadata service over IPv6; a unique local address, so not link-local.
const EC2_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Addresses at which no issuer lives. Private ranges are not among them: a Kubernetes API server lives there.
pub(crate) fn is_never_an_issuer(ip: IpAddr) -> bool {
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
    use url::Url;

    use super::{check, discovery_url, named_by};

    #[test]
    fn keys_come_over_https_or_from_this_machine() {
        for good in [
            "https://issuer.example/keys",
            "https://10.0.0.1:6443/openid/v1/jwks",
            "http://127.0.0.1:80/",
            "http://[::1]/",
            "http://localhost:3000/x?y=z",
        ] {
            assert_eq!(check(&Url::parse(good).unwrap()), Ok(()), "{good}");
        }
        for bad in [
            "http://issuer.example/",
            "http://10.0.0.1/",
            "http://localhost.evil.example/",
            "https://169.254.169.254/",
            "https://[::ffff:169.254.169.254]/",
            "https://[fd00:ec2::254]/",
            "https://0.0.0.0/",
            "https://user@issuer.example/",
            "https://issuer.example/#x",
            "file:///etc/passwd",
            "data:text/plain,x",
        ] {
            assert!(check(&Url::parse(bad).unwrap()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_document_cannot_lead_from_https_to_http() {
        let secure = Url::parse("https://issuer.example").unwrap();
        let local = Url::parse("http://127.0.0.1:9").unwrap();
        assert!(named_by(&secure, "http://127.0.0.1/keys").is_err());
        assert!(named_by(&local, "http://127.0.0.1/keys").is_ok());
        assert!(named_by(&secure, "https://keys.example/").is_ok());
        assert!(named_by(&secure, "/keys").is_err());
    }

    #[test]
    fn discovery_is_below_the_whole_issuer() {
        let at = |issuer: &str| discovery_url(issuer).map(String::from);
        let expected = "https://host.example/_services/token/.well-known/openid-configuration";
        assert_eq!(at("https://host.example/_services/token").as_deref(), Ok(expected));
        assert_eq!(at("https://host.example/_services/token/").as_deref(), Ok(expected));
        assert!(at("kubernetes/serviceaccount").is_err() && at("https://x.example/?a=b").is_err());
    }
}
