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
    /// Another product with another API.
    #[error("`{0}` is not bitbucket.org, and Bitbucket Data Center has an API that jeton does not speak")]
    DataCenter(String),
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

    /// gitlab.com.
    pub fn gitlab_com() -> Self {
        Self {
            kind: ForgeKind::GitLab,
            web_url: "https://gitlab.com".to_owned(),
            api_url: "https://gitlab.com/api/v4".to_owned(),
        }
    }

    /// A GitLab by the URL that people see, which may have a path (a relative URL root); its API lies below at `/api/v4`, which may be
    /// written too.
    ///
    /// # Errors
    /// [`EndpointError`] when it is no address of a forge.
    pub fn gitlab(base_url: &str) -> Result<Self, EndpointError> {
        let url = trimmed(&check(base_url)?);
        let web_url = url.strip_suffix("/api/v4").unwrap_or(&url).to_owned();
        Ok(Self {
            kind: ForgeKind::GitLab,
            api_url: format!("{web_url}/api/v4"),
            web_url,
        })
    }

    /// bitbucket.org.
    pub fn bitbucket_org() -> Self {
        Self {
            kind: ForgeKind::Bitbucket,
            web_url: "https://bitbucket.org".to_owned(),
            api_url: "https://api.bitbucket.org/2.0".to_owned(),
        }
    }

    /// Bitbucket Cloud by a URL: its own, or one of this machine, where a simulator may listen.
    ///
    /// # Errors
    /// [`EndpointError::DataCenter`] for any other host: Bitbucket Data Center has another API.
    pub fn bitbucket(base_url: &str) -> Result<Self, EndpointError> {
        let url = check(base_url)?;
        match url.host_str() {
            Some("bitbucket.org" | "www.bitbucket.org" | "api.bitbucket.org") => return Ok(Self::bitbucket_org()),
            _ if is_loopback(&url) => {}
            _ => return Err(EndpointError::DataCenter(url.host_str().unwrap_or_default().to_owned())),
        }
        let url = trimmed(&url);
        let web_url = url.strip_suffix("/2.0").unwrap_or(&url).to_owned();
        Ok(Self {
            kind: ForgeKind::Bitbucket,
            api_url: format!("{web_url}/2.0"),
            web_url,
        })
    }

    /// A forge by the URL that people see or that programs call; the public one of its kind without any.
    ///
    /// # Errors
    /// [`EndpointError`] when it is no address of a forge of this kind.
    pub fn of_kind(kind: ForgeKind, base_url: Option<&str>) -> Result<Self, EndpointError> {
        match (kind, base_url) {
            (ForgeKind::GitHub, None) => Ok(Self::github_com()),
            (ForgeKind::GitHub, Some(url)) => Self::github_by_any_url(url),
            (ForgeKind::GitLab, None) => Ok(Self::gitlab_com()),
            (ForgeKind::GitLab, Some(url)) => Self::gitlab(url),
            (ForgeKind::Bitbucket, None) => Ok(Self::bitbucket_org()),
            (ForgeKind::Bitbucket, Some(url)) => Self::bitbucket(url),
        }
    }

    /// A GitHub by the URL of its API or by the one that people see: whose API lies at `/api/v3` (Enterprise Server), at `api.` before
    /// the host (Enterprise Cloud with data residency), or at api.github.com.
    fn github_by_any_url(raw: &str) -> Result<Self, EndpointError> {
        let url = check(raw)?;
        let host = url.host_str().unwrap_or_default();
        if matches!(host, "github.com" | "www.github.com" | "api.github.com") {
            return Ok(Self::github_com());
        }
        if host.ends_with(".ghe.com") {
            let tenant = host.strip_prefix("api.").unwrap_or(host);
            return Self::github(&format!("https://api.{tenant}"));
        }
        let base = trimmed(&url);
        if base.ends_with("/api/v3") {
            Self::github(&base)
        } else {
            Self::github(&format!("{base}/api/v3"))
        }
    }

    /// The public one that is meant by its kind or one of its hosts, in lower case.
    pub fn public(named: &str) -> Option<Self> {
        match named {
            "github" | "github.com" | "www.github.com" | "api.github.com" => Some(Self::github_com()),
            "gitlab" | "gitlab.com" | "www.gitlab.com" => Some(Self::gitlab_com()),
            "bitbucket" | "bitbucket.org" | "www.bitbucket.org" | "api.bitbucket.org" => Some(Self::bitbucket_org()),
            _ => None,
        }
    }

    /// Whether it is the public instance that everybody shares: github.com, gitlab.com or bitbucket.org.
    pub fn is_public(&self) -> bool {
        *self == Self::github_com() || *self == Self::gitlab_com() || *self == Self::bitbucket_org()
    }

    /// Whether it lies on this machine itself, by its name or address.
    pub fn is_loopback(&self) -> bool {
        Url::parse(&self.api_url).is_ok_and(|url| is_loopback(&url))
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
    let local = is_loopback(&url);
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

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.to_ipv4_mapped().map_or(v6.is_loopback(), |v4| v4.is_loopback()),
        None => false,
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
    use crate::ForgeKind;

    #[test]
    fn a_kind_means_its_public_forge() {
        for (kind, host) in [
            ("github", "github.com"),
            ("gitlab", "gitlab.com"),
            ("bitbucket", "bitbucket.org"),
        ] {
            let forge = ForgeEndpoint::public(kind).unwrap();
            assert_eq!((forge.host(), Some(forge.kind())), (host, ForgeKind::parse(kind)));
            assert_eq!(ForgeEndpoint::public(host), Some(forge));
        }
        assert_eq!(ForgeEndpoint::public("github.com.example.com"), None);
    }

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
    fn each_kind_is_known_by_either_of_its_urls() {
        let of = |kind, url: &str| ForgeEndpoint::of_kind(kind, Some(url));
        for url in [
            "https://github.com/",
            "https://api.github.com",
            "https://www.github.com",
        ] {
            assert_eq!(of(ForgeKind::GitHub, url).unwrap(), ForgeEndpoint::github_com());
        }
        for url in ["https://ghe.example.com", "https://ghe.example.com/api/v3/"] {
            let found = of(ForgeKind::GitHub, url).unwrap();
            assert_eq!(
                (found.api_url(), found.host()),
                ("https://ghe.example.com/api/v3", "ghe.example.com")
            );
        }
        for url in ["https://acme.ghe.com", "https://api.acme.ghe.com"] {
            assert_eq!(
                of(ForgeKind::GitHub, url).unwrap().api_url(),
                "https://api.acme.ghe.com"
            );
        }
        for url in ["https://git.example.com/lab", "https://git.example.com/lab/api/v4/"] {
            let found = of(ForgeKind::GitLab, url).unwrap();
            assert_eq!(
                (found.api_url(), found.web_url()),
                ("https://git.example.com/lab/api/v4", "https://git.example.com/lab")
            );
        }
        assert_eq!(
            of(ForgeKind::GitLab, "https://gitlab.com").unwrap(),
            ForgeEndpoint::gitlab_com()
        );
        assert_eq!(
            of(ForgeKind::Bitbucket, "https://api.bitbucket.org/2.0").unwrap(),
            ForgeEndpoint::bitbucket_org()
        );
        assert!(matches!(
            of(ForgeKind::Bitbucket, "https://bb.example.com"),
            Err(EndpointError::DataCenter(_))
        ));
        let simulated = of(ForgeKind::Bitbucket, "http://127.0.0.1:7003").unwrap();
        assert_eq!(
            (simulated.api_url(), simulated.host()),
            ("http://127.0.0.1:7003/2.0", "127.0.0.1:7003")
        );
        assert!(simulated.is_loopback() && !simulated.is_public() && ForgeEndpoint::gitlab_com().is_public());
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
