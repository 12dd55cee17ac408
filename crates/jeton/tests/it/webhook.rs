//! Messages to whoever wants to know of ends and failures: signed as Standard Webhooks are, once each, and late rather than never.

use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jeton_accounts::Webhook;
use jeton_domain::{Clock as _, Secret};
use jeton_forge_sim::PersonalTokenSpec;
use jeton_testkit::{Database, DatabaseKind, NodeOptions, TestClock, TestJeton};
use jiff::SignedDuration;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::account_world::{Forge, World, text};

const KEY: [u8; 24] = *b"a key of a receiver's, x";

/// One message as it came.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

impl Message {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// As the receiving libraries check it, with a clock that may be five minutes off.
    fn is_genuine(&self, clock: &TestClock) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &KEY);
        let signed = format!("{}.{}.{}", self.id, self.timestamp, self.body);
        let tag = STANDARD.decode(self.signature.strip_prefix("v1,").unwrap()).unwrap();
        let sent: i64 = self.timestamp.parse().unwrap();
        let is_now = (clock.now().as_second() - sent).abs() < 300;
        is_now && hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
    }
}

/// Somebody who listens.
pub(crate) struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<Message>>>,
    /// What it answers; 0 hangs up.
    answers: Arc<Mutex<u16>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/hooks/jeton", listener.local_addr().unwrap());
        let (got, answers) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(204)));
        let (inbox, says) = (Arc::clone(&got), Arc::clone(&answers));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let status = *says.lock().unwrap();
                // Each connection brings one message, as the answer says.
                if let Some(message) = read(stream, status).await {
                    inbox.lock().unwrap().push(message);
                }
            }
        });
        Self { url, got, answers }
    }

    fn answer(&self, status: u16) {
        *self.answers.lock().unwrap() = status;
    }

    pub(crate) fn got(&self) -> Vec<Message> {
        self.got.lock().unwrap().clone()
    }

    /// The kinds of what came, in order.
    pub(crate) fn kinds(&self) -> Vec<String> {
        let got = self.got();
        got.iter().map(|one| text(&one.json()["type"]).to_owned()).collect()
    }

    /// How jeton knows it.
    pub(crate) fn hook(&self, events: &[&str]) -> Webhook {
        Webhook {
            name: "pager".to_owned(),
            url: self.url.clone(),
            secret: Secret::new(format!("{}{}", "whsec_", STANDARD.encode(KEY))),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
        }
    }
}

async fn read(mut stream: TcpStream, status: u16) -> Option<Message> {
    if status == 0 {
        return None;
    }
    let mut bytes = Vec::new();
    let (head, mut body) = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break (
                String::from_utf8(bytes[..end].to_vec()).unwrap(),
                bytes[end + 4..].to_vec(),
            );
        }
    };
    let header = |name: &str| {
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let found = lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    assert!(head.starts_with("POST /hooks/jeton "), "{head}");
    assert_eq!(header("content-type"), "application/json");
    let length: usize = header("content-length").parse().unwrap();
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.ok()?;
    Some(Message {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body: String::from_utf8(body).unwrap(),
    })
}

/// A server that tells a receiver, with an account whose token ends in 20 days.
async fn start(kind: DatabaseKind, receiver: &Receiver, events: &[&str]) -> (World, String) {
    let options = NodeOptions {
        webhooks: vec![receiver.hook(events)],
        ..NodeOptions::default()
    };
    let w = World::around(TestJeton::start_with(Database::new(kind), options).await).await;
    let spec = PersonalTokenSpec::classic(["repo"]).expires_in(SignedDuration::from_hours(24 * 20));
    let token = w.at_github(spec).token;
    w.t.account("work", w.given(Forge::GitHub, &token)).await;
    (w, token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_signed_and_says_what_ends_when() {
    for kind in [DatabaseKind::Sqlite, DatabaseKind::Postgres] {
        let receiver = Receiver::start().await;
        let (w, token) = start(kind, &receiver, &[]).await;
        w.t.broker.accounts().watch().await.unwrap();
        w.t.worker.run_due().await.unwrap();
        let got = receiver.got();
        assert_eq!(got.len(), 1, "{got:?}");
        assert!(got[0].is_genuine(&w.t.clock), "{got:?}");
        let message = got[0].json();
        let account = &message["data"]["account"];
        assert_eq!(
            (text(&message["type"]), text(&account["label"])),
            ("account.expiring", "work")
        );
        assert_eq!(account["expires_at"], w.show("work").await["expires_at"]);
        assert_eq!(
            (text(&account["identity"]), text(&account["forge"])),
            ("ada", w.host(Forge::GitHub).as_str())
        );
        assert!(!got[0].body.contains(&token));
        // Nothing comes twice.
        for _ in 0..3 {
            w.t.clock.advance(SignedDuration::from_mins(10));
            w.t.broker.accounts().watch().await.unwrap();
            w.t.worker.run_due().await.unwrap();
        }
        assert_eq!(receiver.got().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_was_away_gets_it_later_under_the_same_id() {
    let receiver = Receiver::start().await;
    let (mut w, _) = start(DatabaseKind::Sqlite, &receiver, &[]).await;
    receiver.answer(503);
    w.t.broker.accounts().watch().await.unwrap();
    w.t.worker.run_due().await.unwrap();
    receiver.answer(0);
    w.t.clock.advance(SignedDuration::from_mins(1));
    w.t.worker.run_due().await.unwrap();
    // It lies in the database: the end of the process is no end of it.
    w.t = w.t.restart().await;
    receiver.answer(200);
    for _ in 0..20 {
        w.t.clock.advance(SignedDuration::from_mins(1));
        w.t.worker.run_due().await.unwrap();
    }
    let got = receiver.got();
    assert_eq!(got.len(), 2, "refused once, and taken once: {got:?}");
    assert_eq!((&got[0].id, &got[0].body), (&got[1].id, &got[1].body));
    assert_ne!(
        got[0].timestamp, got[1].timestamp,
        "each try is signed for its own time"
    );
    assert!(text(&got[1].json()["timestamp"]) < w.t.clock.now().to_string().as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_gone_is_told_no_more_and_holds_up_no_other() {
    let (gone, there) = (Receiver::start().await, Receiver::start().await);
    gone.answer(410);
    let mut second = there.hook(&[]);
    second.name = "second".to_owned();
    let options = NodeOptions {
        webhooks: vec![gone.hook(&[]), second],
        ..NodeOptions::default()
    };
    let w = World::around(TestJeton::start_with(Database::new(DatabaseKind::Sqlite), options).await).await;
    let spec = PersonalTokenSpec::classic(["repo"]).expires_in(SignedDuration::from_hours(24));
    w.t.account("work", w.given(Forge::GitHub, &w.at_github(spec).token))
        .await;
    for _ in 0..5 {
        w.t.broker.accounts().watch().await.unwrap();
        w.t.worker.run_due().await.unwrap();
        w.t.clock.advance(SignedDuration::from_mins(5));
    }
    assert_eq!((gone.got().len(), there.got().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_gets_the_events_that_it_asked_for() {
    let receiver = Receiver::start().await;
    let (w, _) = start(DatabaseKind::Sqlite, &receiver, &["account.expired", "account.invalid"]).await;
    for _ in 0..22 {
        w.t.broker.accounts().watch().await.unwrap();
        w.t.worker.run_due().await.unwrap();
        w.t.clock.advance(SignedDuration::from_hours(24));
    }
    assert_eq!(receiver.kinds(), ["account.expired"]);
}
