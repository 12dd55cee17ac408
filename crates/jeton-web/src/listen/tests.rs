//! Raw callers against real sockets: what they must be able to read, whatever they do.

use std::{future::pending, time::Duration};

use axum::{body::Body, response::Response};
use http::Request;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use jeton_domain::{Entropy, Permissions};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::oneshot,
    task::JoinHandle,
};

use super::{Listener, Respond, serve};
use crate::{
    TrustedProxies,
    front::{Answer, too_large},
    peer::Peer,
    request_id::{RequestId, RequestIds},
    settings::{CompatSettings, ContentRoutes, WebSettings},
};

#[derive(Debug)]
struct Zeros;
impl Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

/// Answers by the path: refuses bodies unread, reads them, never answers, or says who asks.
#[derive(Clone)]
struct Fixed(RequestId);

impl Respond for Fixed {
    fn respond(&self, request: Request<Incoming>, peer: Peer) -> Answer {
        let id = self.0.clone();
        Answer::Later(Box::pin(async move {
            match request.uri().path() {
                "/refuse" => too_large(10).write(&id),
                "/read" => {
                    let body = request.into_body().collect().await.map(|body| body.to_bytes().len());
                    Response::new(Body::from(format!("read {}", body.unwrap_or(0))))
                }
                "/never" => pending().await,
                _ => Response::new(Body::from(if peer.is_unix() { "unix" } else { "tcp" })),
            }
        }))
    }
}

fn settings(max_connections: usize, shutdown_grace: Duration) -> WebSettings {
    let compat = CompatSettings {
        enabled: true,
        anonymous: false,
        anonymous_remote: false,
        app: None,
        permissions: Permissions::default(),
    };
    WebSettings {
        compat,
        content: ContentRoutes {
            compat: true,
            pinned_max_age: Duration::ZERO,
        },
        max_connections,
        request_timeout: Duration::from_secs(5),
        max_body_bytes: 10,
        shutdown_grace,
        trusted_proxies: TrustedProxies::default(),
        public_url: String::new(),
        record_archive: None,
        version: "0",
        examiner: None,
    }
}

struct Server {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<std::io::Result<()>>,
}

async fn start(max_connections: usize, grace: Duration) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let running = tokio::spawn(async move {
        let front = Fixed(RequestIds::new(&Zeros).next());
        let stop = async move {
            let _ = stopped.await;
        };
        serve(
            &front,
            &settings(max_connections, grace),
            vec![Listener::Tcp(listener)],
            stop,
        )
        .await
    });
    Server { address, stop, running }
}

const GRACE: Duration = Duration::from_secs(5);

/// Writes all of it, however long it takes, and only then reads; a caller whose writes fail reads what came before.
async fn write_then_read(stream: &mut TcpStream, parts: &[&[u8]]) -> (bool, String) {
    let mut whole = true;
    for part in parts {
        whole &= stream.write_all(part).await.is_ok();
    }
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer).await;
    (whole && ended.is_ok(), String::from_utf8(answer).unwrap())
}

#[tokio::test]
async fn a_caller_who_sends_100_mb_before_it_reads_gets_its_413() {
    let server = start(10, GRACE).await;
    let head = format!(
        "POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        100 << 20
    );
    let mega = vec![b'x'; 1 << 20];
    let mut parts = vec![head.as_bytes()];
    parts.resize(101, &mega);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let (whole, answer) = write_then_read(&mut stream, &parts).await;
    assert!(whole, "the connection was reset");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.contains("\"code\":\"request.too_large\""), "{answer}");
}

#[tokio::test]
async fn a_body_without_an_end_gets_its_413_too() {
    let server = start(10, GRACE).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = b"POST /refuse HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
    let mut parts: Vec<&[u8]> = vec![head];
    parts.resize(200, &chunk);
    let (whole, answer) = write_then_read(&mut stream, &parts).await;
    assert!(whole && answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn with_expect_continue_nothing_has_to_be_sent() {
    let server = start(10, GRACE).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /refuse HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        100 << 20
    );
    let (_, answer) = write_then_read(&mut stream, &[head.as_bytes()]).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_huge_path_or_head_gets_a_readable_refusal() {
    let server = start(10, GRACE).await;
    let path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(1 << 20));
    let head = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(1 << 20));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "x-a: b\r\n".repeat(101));
    for request in [path, head, many] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let (whole, answer) = write_then_read(&mut stream, &[request.as_bytes()]).await;
        assert!(whole, "the connection was reset");
        let fine = ["HTTP/1.1 414 ", "HTTP/1.1 431 "]
            .iter()
            .any(|status| answer.starts_with(status));
        assert!(fine, "{request:.40}: {answer}");
    }
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let (_, answer) = write_then_read(&mut stream, &[b"\x16\x03\x01 this is TLS\r\n\r\n"]).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

async fn get(stream: &mut TcpStream, path: &str) -> String {
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"tcp") && !answer.ends_with(b"}\n") {
        assert_ne!(
            stream.read_buf(&mut answer).await.unwrap(),
            0,
            "closed after {answer:?}"
        );
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let server = start(10, GRACE).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    assert!(get(&mut stream, "/").await.starts_with("HTTP/1.1 200 "));
    assert!(get(&mut stream, "/").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn http2_is_spoken_to_who_begins_with_it() {
    let server = start(10, GRACE).await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(executor, hyper_util::rt::TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("http://{}/", server.address))
        .body(Body::empty())
        .unwrap();
    let body = sender
        .send_request(request)
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes();
    assert_eq!(body, "tcp");
}

#[tokio::test]
async fn a_full_server_says_so_and_serves_again_when_there_is_room() {
    let server = start(1, GRACE).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    get(&mut first, "/").await;
    let mut second = TcpStream::connect(server.address).await.unwrap();
    let (_, answer) = write_then_read(&mut second, &[b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"]).await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("server.overloaded"),
        "{answer}"
    );
    assert!(answer.contains("retry-after: 1"), "{answer}");
    drop(first);
    let room = async {
        loop {
            let mut next = TcpStream::connect(server.address).await.unwrap();
            if get(&mut next, "/").await.starts_with("HTTP/1.1 200 ") {
                break;
            }
        }
    };
    tokio::time::timeout(GRACE, room).await.unwrap();
}

#[tokio::test]
async fn a_stopping_server_finishes_what_is_in_flight() {
    let server = start(10, GRACE).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
        .await
        .unwrap();
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    get(&mut idle, "/").await;
    server.stop.send(()).unwrap();
    // The idle one is closed; the other is waited for.
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0);
    drop(idle);
    assert!(!server.running.is_finished());
    let (_, answer) = write_then_read(&mut stream, &[b"cd"]).await;
    assert!(answer.ends_with("read 4"), "{answer}");
    drop(stream);
    server.running.await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err(), "it still listens");
}

#[tokio::test]
async fn the_grace_ends() {
    let server = start(10, Duration::from_millis(50)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut other = TcpStream::connect(server.address).await.unwrap();
    get(&mut other, "/").await;
    server.stop.send(()).unwrap();
    tokio::time::timeout(GRACE, server.running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_unix_socket_is_known_as_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let front = Fixed(RequestIds::new(&Zeros).next());
    let settings = settings(10, GRACE);
    let call = async {
        let mut stream = UnixStream::connect(&path).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (stop, stopped) = oneshot::channel();
    let stop_when_asked = async move {
        let _ = stopped.await;
    };
    let serving = serve(&front, &settings, vec![Listener::Unix(listener)], stop_when_asked);
    let (served, answer) = tokio::join!(serving, async {
        let answer = call.await;
        stop.send(()).unwrap();
        answer
    });
    served.unwrap();
    assert!(answer.ends_with("unix"), "{answer}");
}

/// Which HTTP it is shows only after the first bytes; whoever keeps them back must not keep the connection.
#[tokio::test(start_paused = true)]
async fn a_connection_that_asks_nothing_is_closed() {
    let server = start(10, GRACE).await;
    for beginning in [&b""[..], b"P", b"PRI * HT", b"GET / HTTP/1.1\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        let before = tokio::time::Instant::now();
        let read = tokio::time::timeout(Duration::from_mins(1), stream.read(&mut [0; 64])).await;
        assert!(matches!(read, Ok(Ok(0))), "{beginning:?}: {read:?}");
        assert!(before.elapsed() >= Duration::from_secs(9), "{beginning:?}");
    }
}
