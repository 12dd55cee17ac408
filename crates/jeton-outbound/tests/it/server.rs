use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::Method;
use jeton_outbound::{AddressRules, HttpOptions, Outbound, Request};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// Answers each connection's first request with the same bytes and closes.
pub(crate) struct Server {
    pub(crate) port: u16,
    hits: Arc<AtomicUsize>,
    requests: mpsc::UnboundedReceiver<String>,
}

impl Server {
    pub(crate) async fn start(response: impl Into<Vec<u8>>) -> Self {
        Self::at([127, 0, 0, 1].into(), response.into(), None).await
    }

    /// Sends `response` and then `more` again and again, until the client has had enough.
    pub(crate) async fn endless(response: &str, more: &'static str, pause: Duration) -> Self {
        Self::at([127, 0, 0, 1].into(), response.as_bytes().to_vec(), Some((more, pause))).await
    }

    pub(crate) async fn at(ip: IpAddr, response: Vec<u8>, more: Option<(&'static str, Duration)>) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let hits = Arc::new(AtomicUsize::new(0));
        let (sender, requests) = mpsc::unbounded_channel();
        let counted = Arc::clone(&hits);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (response, sender) = (response.clone(), sender.clone());
                tokio::spawn(async move {
                    let _ = sender.send(read_request(&mut stream).await);
                    let mut alive = stream.write_all(&response).await.is_ok();
                    while let (true, Some((more, pause))) = (alive, more) {
                        tokio::time::sleep(pause).await;
                        alive = stream.write_all(more.as_bytes()).await.is_ok();
                    }
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { port, hits, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    pub(crate) async fn request(&mut self) -> String {
        self.requests.recv().await.unwrap()
    }
}

/// Head and body: a connection that is closed with something unread would be reset.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = String::new();
    let mut part = [0; 4096];
    loop {
        if let Some((head, body)) = request.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return request;
            }
        }
        let read = stream.read(&mut part).await.unwrap();
        assert!(read > 0, "the request ended early");
        request.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
}

pub(crate) fn local() -> AddressRules {
    AddressRules {
        allow_loopback: true,
        ..AddressRules::default()
    }
}

/// Short enough that a test of a silent server is over soon, long enough for a busy machine.
pub(crate) fn patience() -> HttpOptions {
    HttpOptions {
        request_timeout: Duration::from_secs(2),
        ..HttpOptions::default()
    }
}

pub(crate) fn client(options: HttpOptions) -> Outbound {
    Outbound::new(options, local()).unwrap()
}

pub(crate) fn get(url: &str) -> Request {
    Request::new(Method::GET, url.parse().unwrap())
}
