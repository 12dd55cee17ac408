//! Where the server is: its Unix socket, or a URL.

use std::{
    fmt, fs, io,
    os::unix::{fs::MetadataExt as _, net::UnixStream},
    path::{Path, PathBuf},
    time::Duration,
};

use url::{Host, Url};

use super::{CliError, Context, ServerArgs, client::http_client};

/// Where the server is when nobody says, and it has no socket that we know of.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// There.
    Url(Url),
    /// Behind this socket, where the server sees whose process asks.
    Socket(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => url.fmt(f),
            Self::Socket(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Place {
    /// The server that is meant: the flag's, the environment's, the one behind the socket of this configuration if one
    /// answers there, or else this machine's.
    ///
    /// # Errors
    /// When what was given is neither a URL of http or https nor a socket, or when we may not use the socket and have
    /// no key for another way.
    pub(crate) fn find(args: &ServerArgs, context: &Context) -> Result<Self, CliError> {
        let given = match &args.url {
            Some(url) => Some(url.clone()),
            None => context.sources.variable("JETON_URL")?,
        };
        if let Some(text) = given {
            return read(text.trim());
        }
        // A configuration that cannot be read has no socket to tell of; whoever needs more of it says what is wrong.
        let configured = context.config().ok().and_then(|config| config.server.unix_socket);
        if let Some(path) = configured {
            match UnixStream::connect(&path) {
                Ok(_) => return Ok(Self::Socket(path)),
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !has_key(args, context)? => {
                    return Err(denied(&path));
                }
                // there is none, or one that a killed server left behind
                Err(_) => {}
            }
        }
        read(DEFAULT_URL)
    }

    /// A client that reaches it. Without a time limit for the whole answer, there is one for each part of it.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(crate) fn http(&self, limit: Duration, whole: bool) -> Result<reqwest::Client, CliError> {
        let socket = match self {
            Self::Url(_) => None,
            Self::Socket(path) => Some(path.as_path()),
        };
        http_client(limit, whole, socket)
    }

    /// The URL of one of its routes.
    pub(crate) fn at(&self, path: &[&str]) -> String {
        let url = match self {
            Self::Url(url) => Ok(url.clone()),
            // HTTP wants a host; nobody looks it up
            Self::Socket(_) => Url::parse("http://localhost/"),
        };
        let Ok(mut url) = url else { return String::new() };
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url.into()
    }

    /// The host to which a key would go where others could read it: over plain http, and not on this machine.
    pub(crate) fn open_line(&self) -> Option<&str> {
        match self {
            Self::Url(url) if url.scheme() == "http" && !is_this_machine(url) => url.host_str(),
            Self::Url(_) | Self::Socket(_) => None,
        }
    }
}

/// Whether a key was given in the environment.
fn has_key(args: &ServerArgs, context: &Context) -> Result<bool, CliError> {
    let mut is_set = args.oidc_audience.is_some();
    for name in [
        "JETON_TOKEN",
        "JETON_TOKEN_FILE",
        "JETON_OIDC_AUDIENCE",
        "JETON_IDENTITY_TOKEN",
    ] {
        is_set = is_set || context.sources.variable(name)?.is_some();
    }
    Ok(is_set)
}

/// Says that a socket is there, and who may use it.
pub(super) fn denied(path: &Path) -> CliError {
    let found = fs::metadata(path).or_else(|_| fs::metadata(path.parent().unwrap_or(path)));
    let (owner, mode) = found.map_or((None, None), |found| (Some(found.uid()), Some(found.mode() & 0o777)));
    CliError::SocketDenied {
        path: path.to_owned(),
        owner: owner.map(|uid| {
            let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
            user_name(&passwd, uid).unwrap_or_else(|| format!("the user with the number {uid}"))
        }),
        mode,
    }
}

/// The name of a user, from the text of `/etc/passwd`.
fn user_name(passwd: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let mut lines = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let fields = lines.find(|fields| fields.get(2) == Some(&uid.as_str()))?;
    Some(fields.first()?.to_string())
}

fn read(text: &str) -> Result<Place, CliError> {
    if let Some(path) = text.strip_prefix("unix:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err(CliError::Usage {
                what: "the server's address (--url or JETON_URL) names no socket after `unix:`".to_owned(),
                remedy: "Write it like unix:/run/jeton/jeton.sock.".to_owned(),
            });
        }
        return Ok(Place::Socket(path.into()));
    }
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let plain = url.filter(|url| url.username().is_empty() && url.password().is_none() && url.query().is_none());
    plain.map(Place::Url).ok_or_else(|| CliError::Usage {
        // what was given may hold a password, so that it is not shown
        what: "the server's URL (--url or JETON_URL) is none that can be asked".to_owned(),
        remedy: format!(
            "Write it like {DEFAULT_URL}, without user name and password, or like unix:/run/jeton/jeton.sock; the key \
             goes into JETON_TOKEN."
        ),
    })
}

pub(super) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => {
            // RFC 6761, 6.3: these names are this machine's own, and resolvers never ask the network for them
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Place, read, user_name};

    #[test]
    fn a_key_stays_on_this_machine_or_behind_tls() {
        for url in [
            "http://127.0.0.1:8080",
            "http://127.8.9.1",
            "http://[::1]:1",
            "http://[::ffff:127.0.0.1]",
            "http://localhost:8080",
            "http://LOCALHOST.",
            "http://jeton.localhost",
            "https://example.com",
            "unix:/run/jeton.sock",
        ] {
            assert_eq!(read(url).unwrap().open_line(), None, "{url}");
        }
        for url in [
            "http://example.com",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://[fd00::1]",
            "http://localhost.example.com",
            "http://notlocalhost",
        ] {
            assert!(read(url).unwrap().open_line().is_some(), "{url}");
        }
    }

    #[test]
    fn a_socket_is_written_like_a_url() {
        let socket = Place::Socket(PathBuf::from("/run/j.sock"));
        assert_eq!(read("unix:/run/j.sock").unwrap(), socket);
        assert_eq!(read("unix:///run/j.sock").unwrap(), socket);
        assert_eq!(read("unix:j.sock").unwrap(), Place::Socket("j.sock".into()));
        assert_eq!(socket.to_string(), "unix:/run/j.sock");
        assert_eq!(socket.at(&["v1", "a/b"]), "http://localhost/v1/a%2Fb");
        assert_eq!(
            read("https://x.example/jeton/").unwrap().at(&["v1"]),
            "https://x.example/jeton/v1"
        );
        for bad in ["unix:", "unix://", "ftp://x", "http://u:planted@x", "/run/j.sock"] {
            let error = read(bad).unwrap_err().to_string();
            assert!(!error.contains("planted"), "{error}");
        }
    }

    #[test]
    fn users_have_names() {
        let passwd = "root:x:0:0::/root:/bin/sh\njeton:x:998:998::/:/bin/false\nbroken\n";
        assert_eq!(user_name(passwd, 998).as_deref(), Some("jeton"));
        assert_eq!(user_name(passwd, 9), None);
    }
}
