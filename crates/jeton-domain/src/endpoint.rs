use std::{fmt, net::IpAddr};

use url::{Host, Url};

use crate::ForgeKind;

/// A forge: its kind, where people see it and where programs call it. Both URLs end without a slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ForgeEndpoint {
    kind: ForgeKind,
    web_url: String,
    api_url: String,
}

/// Why a URL is no forge's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It does not parse.
    #[error("`{0}` is not a URL: it reads like https://github.example.com/api/v3")]
    NotAUrl(String),
    /// Plain http to another machine would show the token to the network.
    #[error("`{0}` is not https: plain http is only for this machine itself (127.0.0.1, [::1], localhost)")]
    NotHttps(String),
    /// A user name, password, query or fragment is no part of a forge's address.
    #[error("a forge's URL has no user name, password, query or fragment")]
    Decorated,
    /// Link-local addresses hold the metadata services of clouds.
    #[error("`{0}` is a link-local, unspecified or multicast address, where no forge lives")]
    Forbidden(String),
}

impl ForgeEndpoint {
    /// github.com.
    pub fn github_com() -> Self {
        Self {
            kind: ForgeKind::GitHub,
            web_url: "https://github.com".to_owned(),
            api_url: "https://api.github.com".to_owned(),
        }
    }

    /// A GitHub by the URL of its API: `https://api.github.com`, or `https://HOST/api/v3` for Enterprise Server, whose
    /// web URL is the same without `/api/v3`; `https://api.TENANT.ghe.com` for Enterprise Cloud with data residency.
    ///
    /// # Errors
    /// [`EndpointError`] when it is no address of a forge.
    pub fn github(api_url: &str) -> Result<Self, EndpointError> {
        let url = check(api_url)?;
        let api_url = trimmed(&url);
        let host = url.host_str().unwrap_or_default();
        let web_url = match api_url.strip_suffix("/api/v3") {
            Some(web) => web.to_owned(),
            None => match host.strip_prefix("api.") {
                Some(rest) if host == "api.github.com" || rest.ends_with(".ghe.com") => {
                    format!("https://{rest}")
                }
                _ => trimmed_origin(&url),
            },
        };
        Ok(Self {
            kind: ForgeKind::GitHub,
            web_url,
            api_url,
        })
    }

    /// A GitHub by its host as [`ForgeEndpoint::host`] gives it, for when nothing else is known of it any more. An
    /// Enterprise Server is taken to have its API at `/api/v3`, as all have.
    ///
    /// # Errors
    /// [`EndpointError`] when the host makes no URL of a forge.
    pub fn github_by_host(host: &str) -> Result<Self, EndpointError> {
        if host == "github.com" {
            return Ok(Self::github_com());
        }
        if host.ends_with(".ghe.com") {
            return Self::github(&format!("https://api.{host}"));
        }
        Self::github(&format!("http://{host}/api/v3")).or_else(|_| Self::github(&format!("https://{host}/api/v3")))
    }

    /// The kind of forge.
    pub fn kind(&self) -> ForgeKind {
        self.kind
    }

    /// Where people see it, and where git clones from.
    pub fn web_url(&self) -> &str {
        &self.web_url
    }

    /// Where programs call it.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// Host and port of the web URL: the forge's name in requests and grants, such as `github.com`.
    pub fn host(&self) -> &str {
        self.web_url
            .split_once("://")
            .map_or(self.web_url.as_str(), |(_, rest)| {
                rest.split('/').next().unwrap_or(rest)
            })
    }
}

impl fmt::Display for ForgeEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.host())
    }
}

fn check(raw: &str) -> Result<Url, EndpointError> {
    let shown = || raw.chars().filter(|c| !c.is_control()).take(200).collect::<String>();
    let url = Url::parse(raw.trim()).map_err(|_| EndpointError::NotAUrl(shown()))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(EndpointError::Decorated);
    }
    let host = url.host().ok_or_else(|| EndpointError::NotAUrl(shown()))?;
    let address = match host {
        Host::Domain(_) => None,
        Host::Ipv4(v4) => Some(IpAddr::V4(v4)),
        Host::Ipv6(v6) => Some(v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4)),
    };
    if address.is_some_and(is_never_a_forge) {
        return Err(EndpointError::Forbidden(shown()));
    }
    let local = address.is_some_and(|ip| ip.is_loopback()) || url.host_str() == Some("localhost");
    match url.scheme() {
        "https" => Ok(url),
        "http" if local => Ok(url),
        "http" => Err(EndpointError::NotHttps(shown())),
        _ => Err(EndpointError::NotAUrl(shown())),
    }
}

/// Addresses at which no forge can live, whoever names them.
fn is_never_a_forge(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_multicast(),
    }
}

fn trimmed(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

fn trimmed_origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::{EndpointError, ForgeEndpoint};

    #[test]
    fn knows_the_web_side_of_an_api() {
        let web = |api: &str| ForgeEndpoint::github(api).unwrap().web_url().to_owned();
        assert_eq!(web("https://api.github.com/"), "https://github.com");
        assert_eq!(web("https://git.example.com/api/v3"), "https://git.example.com");
        assert_eq!(web("https://api.acme.ghe.com"), "https://acme.ghe.com");
        assert_eq!(web("http://127.0.0.1:8080/api/v3/"), "http://127.0.0.1:8080");
        assert_eq!(
            ForgeEndpoint::github("http://[::1]:9/api/v3").unwrap().host(),
            "[::1]:9"
        );
        assert_eq!(ForgeEndpoint::github_com().host(), "github.com");
        for api in [
            "https://api.github.com",
            "https://git.example.com/api/v3",
            "https://api.acme.ghe.com",
            "http://127.0.0.1:80/api/v3",
        ] {
            let known = ForgeEndpoint::github(api).unwrap();
            assert_eq!(ForgeEndpoint::github_by_host(known.host()).unwrap(), known);
        }
    }

    #[test]
    fn refuses_what_is_no_forge() {
        for bad in [
            "",
            "not a url",
            "github.com",
            "ftp://x.example",
            "file:///etc/passwd",
            "https://",
            "javascript:1",
        ] {
            assert!(
                matches!(ForgeEndpoint::github(bad), Err(EndpointError::NotAUrl(_))),
                "{bad}"
            );
        }
        assert!(matches!(
            ForgeEndpoint::github("http://git.example.com"),
            Err(EndpointError::NotHttps(_))
        ));
        assert!(matches!(
            ForgeEndpoint::github("https://u:p@git.example.com"),
            Err(EndpointError::Decorated)
        ));
        for bad in [
            "https://169.254.169.254/api/v3",
            "http://0.0.0.0",
            "https://[fe80::1]",
            "https://[::ffff:169.254.169.254]",
        ] {
            assert!(
                matches!(ForgeEndpoint::github(bad), Err(EndpointError::Forbidden(_))),
                "{bad}"
            );
        }
    }
}
