use std::{path::PathBuf, sync::Arc, time::Duration};

use jeton_domain::{AppName, Permissions};

use crate::{Examiner, TrustedProxies};

/// What an operator may set of the routes that today's clients already call.
#[derive(Debug, Clone)]
pub struct CompatSettings {
    /// Whether `/api/…` is there at all.
    pub enabled: bool,
    /// Whether a caller without a key is served, on loopback and on a Unix socket.
    pub anonymous: bool,
    /// Whether, beyond that, a caller without a key is served from any address. Has no effect without `anonymous`.
    pub anonymous_remote: bool,
    /// The App that serves them; the one that is installed on the owner when absent.
    pub app: Option<AppName>,
    /// What their tokens may do.
    pub permissions: Permissions,
}

/// What an operator may set of the routes for content. They are there when there is content
/// ([`Web::new`](crate::Web::new)).
#[derive(Debug, Clone)]
pub struct ContentRoutes {
    /// Whether `/repo/…`, which today's clients call, is there too.
    pub compat: bool,
    /// For how long a caller may keep what was asked for by its commit: no longer than a right that was taken away lasts.
    pub pinned_max_age: Duration,
}

/// What an operator may set of the server.
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// The compatible routes.
    pub compat: CompatSettings,
    /// The routes for content.
    pub content: ContentRoutes,
    /// How many connections are served at a time; further ones are answered 503 and closed.
    pub max_connections: usize,
    /// How long one request may take, its body included.
    pub request_timeout: Duration,
    /// The largest body in bytes.
    pub max_body_bytes: usize,
    /// How long requests in flight may go on after the server was told to stop.
    pub shutdown_grace: Duration,
    /// The proxies in front of the server.
    pub trusted_proxies: TrustedProxies,
    /// Where people reach the server, for links; no `/` at the end.
    pub public_url: String,
    /// The directory of the archived files of the record, if there is one.
    pub record_archive: Option<PathBuf>,
    /// jeton's version, for `GET /healthz`.
    pub version: &'static str,
    /// What looks at the server when a page asks for it; without one the page sends people to the command line.
    pub examiner: Option<Arc<dyn Examiner>>,
}
