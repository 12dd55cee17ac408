//! Accepts connections and bounds them.

mod connection;
mod polite_io;
mod refuse;

use std::{future::Future, io, sync::Arc, time::Duration};

use hyper_util::server::graceful::GracefulShutdown;
use tokio::{
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};

use hyper::body::Incoming;

use crate::{
    front::Answer,
    peer::{Peer, UnixPeer},
    settings::WebSettings,
};

/// Where connections come from. The caller binds it, and removes a Unix socket's file afterwards.
#[derive(Debug)]
pub enum Listener {
    /// An address.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // Answers are small and whole: waiting to fill a packet would only delay them.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Peer::Tcp(address)))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                let peer = stream.peer_cred().ok().map(|peer| UnixPeer {
                    uid: peer.uid(),
                    gid: peer.gid(),
                });
                Ok((Stream::Unix(stream), Peer::Unix(peer)))
            }
        }
    }

    /// Where it listens, for people.
    pub(crate) fn describe(&self) -> io::Result<String> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(|address| address.to_string()),
            Self::Unix(listener) => {
                let address = listener.local_addr()?;
                Ok(address
                    .as_pathname()
                    .map_or_else(|| "unix socket".to_owned(), |path| path.display().to_string()))
            }
        }
    }
}

/// What answers requests, and knows on which connection they came.
pub(crate) trait Respond: Clone + Send + Sync + 'static {
    fn respond(&self, request: http::Request<Incoming>, peer: Peer) -> Answer;
}

/// How many callers are told at the same time that the server is full. Beyond them nothing is accepted: the system's
/// own queue holds the others.
const REFUSALS: usize = 64;

/// After an error of `accept` that lasts, such as no free file descriptor, the next try waits this long.
const PAUSE: Duration = Duration::from_millis(200);

pub(crate) async fn serve<R: Respond>(
    front: &R,
    settings: &WebSettings,
    listeners: Vec<Listener>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(
        settings.max_connections.clamp(1, Semaphore::MAX_PERMITS),
    ));
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    let (stopping, stopped) = watch::channel(false);
    let mut loops = JoinSet::new();
    for listener in listeners {
        let name = listener.describe()?;
        let (permits, refusals) = (Arc::clone(&permits), Arc::clone(&refusals));
        let accepting = Accepting {
            listener,
            name,
            permits,
            refusals,
            front: front.clone(),
        };
        loops.spawn(accepting.run(stopped.clone(), settings.shutdown_grace));
    }
    stop.await;
    // Every loop listens as long as it runs, and ends when it hears this.
    let _ = stopping.send(true);
    while loops.join_next().await.is_some() {}
    Ok(())
}

struct Accepting<R> {
    listener: Listener,
    name: String,
    permits: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    front: R,
}

impl<R: Respond> Accepting<R> {
    async fn run(self, mut stopped: watch::Receiver<bool>, grace: Duration) {
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        let mut failing = false;
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => break,
                Some(_) = connections.join_next() => continue,
                accepted = self.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer, Place::Served(permit))) => {
                    failing = false;
                    let watcher = graceful.watcher();
                    let front = self.front.clone();
                    connections.spawn(async move {
                        match stream {
                            Stream::Tcp(stream) => connection::serve(stream, peer, front, watcher).await,
                            Stream::Unix(stream) => connection::serve(stream, peer, front, watcher).await,
                        }
                        drop(permit);
                    });
                }
                Ok((stream, _, Place::Refused(permit))) => {
                    connections.spawn(async move {
                        match stream {
                            Stream::Tcp(stream) => refuse::overloaded(stream).await,
                            Stream::Unix(stream) => refuse::overloaded(stream).await,
                        }
                        drop(permit);
                    });
                }
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => {
                    if !failing {
                        tracing::error!(listener = %self.name, %error, "no connection can be accepted; trying on");
                    }
                    failing = true;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        drop(self.listener);
        if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
            let left = connections.len();
            tracing::warn!(listener = %self.name, connections = left, "requests were cut off at the end of the grace");
        }
        connections.abort_all();
    }

    /// The next connection, with its place among those that are served, or among those that are told to come back.
    async fn accept(&self) -> io::Result<(Stream, Peer, Place)> {
        loop {
            if self.permits.available_permits() == 0 && self.refusals.available_permits() == 0 {
                // Full of refusals too: whoever comes waits in the system's queue.
                let free = self.refusals.acquire().await;
                drop(free);
            }
            let (stream, peer) = self.listener.accept().await?;
            if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
                return Ok((stream, peer, Place::Served(permit)));
            }
            if let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() {
                return Ok((stream, peer, Place::Refused(permit)));
            }
            // Another listener took the last place in between: this caller sees a closed connection.
        }
    }
}

enum Place {
    Served(tokio::sync::OwnedSemaphorePermit),
    Refused(tokio::sync::OwnedSemaphorePermit),
}

/// The caller was gone before it was accepted; the next one is not concerned.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

#[cfg(test)]
mod tests;
