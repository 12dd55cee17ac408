//! Callers name forges. No address that is not a public forge's is called, and no token goes where it was not sent.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jeton_forge::AddressRules;
use jeton_forge_sim::{FaultKind, FaultRule};
use jeton_testkit::{Database, DatabaseKind, NodeOptions, TestJeton};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::account_world::{ALL, Forge, World, text, with};

/// A server that lets callers name public addresses only, as servers do unless told otherwise.
async fn strict() -> TestJeton {
    let options = NodeOptions {
        addresses: AddressRules::default(),
        ..NodeOptions::default()
    };
    TestJeton::start_with(Database::new(DatabaseKind::Sqlite), options).await
}

/// Well-formed, and no token of any forge.
fn token() -> String {
    let body = "EXAMPLEsyntheticTokenNumber001";
    ["gh", "p_", body, &jeton_inspect::checksum::github_classic(body)].concat()
}

/// A listener that counts who comes.
async fn trap() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let came = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&came);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    (address, came)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_address_of_this_machine_or_its_network_is_called() {
    let t = strict().await;
    let (trap, came) = trap().await;
    let port = trap.port();
    let urls = [
        "https://169.254.169.254".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://[fd00:ec2::254]".to_owned(),
        "https://100.100.100.200".to_owned(),
        "https://10.0.0.1".to_owned(),
        "https://172.16.3.4:8443".to_owned(),
        "https://192.168.1.1".to_owned(),
        "https://0.0.0.0".to_owned(),
        "https://[::]".to_owned(),
        "https://[::ffff:169.254.169.254]".to_owned(),
        "https://[64:ff9b::a00:1]".to_owned(),
        "https://[fe80::1]".to_owned(),
        "https://2852039166".to_owned(),
        "https://0xa9fea9fe".to_owned(),
        "https://0251.0376.0251.0376".to_owned(),
        "https://169.254.43518".to_owned(),
        "https://１６９.254.169.254".to_owned(),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}"),
        format!("https://[::1]:{port}"),
        format!("https://2130706433:{port}"),
        format!("https://0x7f.1:{port}"),
        format!("https://127.1:{port}"),
        format!("https://localhost:{port}"),
        format!("https://[::ffff:127.0.0.1]:{port}"),
        "http://gitlab.example.com".to_owned(),
        "https://ada:secret@gitlab.example.com".to_owned(),
        "https://gitlab.example.com\r\nx: y".to_owned(),
        "https://gitlab.example.com/?a=b".to_owned(),
        "https://gitlab.example.com/#x".to_owned(),
        "ftp://gitlab.example.com".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1:1/_x".to_owned(),
        "javascript:alert(1)".to_owned(),
        "//gitlab.example.com".to_owned(),
        "https://".to_owned(),
        "x".repeat(5_000),
    ];
    let token = token();
    for forge in ALL {
        for url in &urls {
            let mut body = json!({"label": "x", "forge": forge.word(), "base_url": url, "token": "0123456789abcdefghij", "untested": true});
            match forge {
                Forge::GitHub => body["token"] = json!(token),
                Forge::Bitbucket => {
                    body["email"] = json!("ada@example.com");
                    body["token"] = json!(
                        [
                            "ATATT3x",
                            "FfGF0EXAMPLEsyntheticApiTokenXYZ",
                            &"0".repeat(144),
                            "=",
                            "8718DFE0"
                        ]
                        .concat()
                    );
                }
                Forge::GitLab => {}
            }
            let added = t.post("/v1/accounts", body).await;
            assert!(
                matches!(added.code().as_str(), "forge.address_not_allowed" | "account.invalid"),
                "{url:.80}: {}",
                added.text
            );
            assert!((400..=422).contains(&added.status), "{url:.80}: {}", added.text);
            assert!(text(&added.json()["remedy"]).len() > 15, "{url:.80}: {}", added.text);
            assert!(
                added.text.len() < 2_000 && !added.text.contains("secret@"),
                "{url:.80}: {}",
                added.text
            );
            // As the name of the forge it is no better.
            let body = json!({"forge": url, "token": token, "online": true});
            let asked = t.post("/v1/inspect", body).await;
            assert!(asked.status < 500, "{url:.80}: {}", asked.text);
            assert_ne!(asked.json()["check"]["validity"], "valid");
        }
    }
    // A name is looked up before it is judged; whether this one is found is the machine's affair.
    let named = json!({"forge": "github", "base_url": format!("https://localhost.:{port}"), "token": token});
    assert_ne!(t.post("/v1/accounts", named).await.status, 201);
    assert_eq!(came.load(Ordering::SeqCst), 0, "somebody came by");
    assert_eq!(t.get("/v1/accounts").await.json()["accounts"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_operator_lists_may_be_called_and_nothing_beside_it() {
    let options = NodeOptions {
        addresses: AddressRules {
            allow: vec!["127.0.0.0/8".parse().unwrap()],
            allow_loopback: true,
        },
        ..NodeOptions::default()
    };
    let w = World::around(TestJeton::start_with(Database::new(DatabaseKind::Sqlite), options).await).await;
    w.stored(Forge::GitLab, "work").await;
    let metadata = with(
        w.given(Forge::GitLab, &w.token(Forge::GitLab)),
        &json!({"base_url": "https://169.254.169.254"}),
    );
    let answer = w.t.post("/v1/accounts", metadata).await;
    assert_eq!(answer.code(), "forge.address_not_allowed", "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_redirect_takes_a_token_elsewhere() {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    let (trap, came) = trap().await;
    for forge in ALL {
        let given = w.given(forge, &w.token(forge));
        for location in [
            format!("http://{trap}/"),
            format!("http://{trap}/user"),
            format!("//{trap}/user"),
            format!("http://{}@{trap}/user", w.host(forge)),
            "https://169.254.169.254/latest/meta-data".to_owned(),
            "file:///etc/passwd".to_owned(),
            // To itself, for ever.
            w.web_url(forge),
        ] {
            let fault = w.faults(forge).add(FaultRule::new(FaultKind::Redirect {
                location: location.clone(),
            }));
            let tested = w.t.post("/v1/accounts/test", given.clone()).await;
            assert_eq!(tested.status, 200, "{}", tested.text);
            assert_eq!(
                tested.json()["check"]["validity"],
                "unknown",
                "{location}: {}",
                tested.text
            );
            assert!(!tested.text.contains(text(&given["token"])));
            w.faults(forge).remove(fault);
        }
        assert!(w.calls(forge).total() < 200, "a circle of redirects has an end");
    }
    assert_eq!(came.load(Ordering::SeqCst), 0, "a token went elsewhere");
}

/// A server that says what a test tells it to say, and then says it for ever.
async fn babbler(head: &'static str, again: &'static str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 4_096];
                let _ = stream.read(&mut asked).await;
                let mut said = stream.write_all(head.as_bytes()).await;
                while said.is_ok() && !again.is_empty() {
                    said = stream.write_all(again.as_bytes()).await;
                }
            });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_end_ends() {
    let mut options = NodeOptions::default();
    options.forge.request_timeout = Duration::from_secs(1);
    let w = World::around(TestJeton::start_with(Database::new(DatabaseKind::Sqlite), options).await).await;
    let json_head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[";
    let said = [
        (
            "HTTP/1.1 200 OK\r\n",
            "x-more: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
        ),
        (
            "HTTP/1.1 200 OK\r\nx-long: ",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
        (
            "HTTP/1.1 103 Early Hints\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n",
        ),
        (
            json_head,
            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        ),
        ("", ""),
        ("220 mail.example.com ESMTP\r\n", ""),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n",
            "aaaaaaaaaaaaaaaa",
        ),
    ];
    for (head, again) in said {
        let url = babbler(head, again).await;
        for forge in ALL {
            let given = with(w.given(forge, &w.token(forge)), &json!({"base_url": url}));
            let tested = w.t.post("/v1/accounts/test", given.clone()).await;
            assert_eq!(tested.status, 200, "{}", tested.text);
            let check = tested.json()["check"].take();
            assert_eq!(check["validity"], "unknown", "{head:?} {again:?}: {check:#}");
            assert!(tested.text.len() < 20_000, "{head:?} {again:?}: {}", tested.text.len());
            let stored = w.t.post("/v1/accounts", given).await;
            assert!(
                (502..=504).contains(&stored.status),
                "{head:?} {again:?}: {}",
                stored.text
            );
        }
    }
    // So does a large one that is well-formed.
    for forge in ALL {
        let fault = w
            .faults(forge)
            .add(FaultRule::new(FaultKind::HugeBody(10 * 1024 * 1024)));
        let tested = w.t.post("/v1/accounts/test", w.given(forge, &w.token(forge))).await;
        let check = tested.json()["check"].take();
        assert_eq!(
            (text(&check["validity"]), text(&check["diagnoses"][0]["code"])),
            ("unknown", "forge.garbled"),
            "{check:#}"
        );
        w.faults(forge).remove(fault);
    }
}
