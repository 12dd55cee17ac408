//! What people and programs send that no account is made of.

use jeton_testkit::{DatabaseKind, TestJeton};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    account_world::{Forge, World, text, with},
    record_over_http::entries,
};

async fn start() -> World {
    World::around(TestJeton::start(DatabaseKind::Sqlite).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_label_is_a_label() {
    let w = start().await;
    let calls = w.calls(Forge::GitLab).total();
    let long = "x".repeat(300);
    let labels = [
        "../x",
        "..",
        ".",
        "a/b",
        "%2F",
        "a%2Fb",
        "a b",
        "Work",
        "<script>",
        "a\u{0}b",
        "a\nb",
        "ä",
        "--",
        "-x",
        "",
        " ",
        &long,
        "test",
        "import-environment",
        "0197b2c0-5a4e-7c11-8f00-0123456789ab",
        "\u{202e}krow",
        "account:x",
        "own/x",
        "env/x",
    ];
    for label in labels {
        let given = with(
            w.given(Forge::GitLab, &w.token(Forge::GitLab)),
            &json!({"label": label}),
        );
        let answer = w.t.post("/v1/accounts", given).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "account.invalid"),
            "{label:?}: {}",
            answer.text
        );
        assert!(answer.text.len() < 1_000, "{label:?}: {}", answer.text);
        assert!(
            !answer.text.contains('\u{202e}') && !answer.text.contains("\\u0000"),
            "{label:?}: {}",
            answer.text
        );
    }
    assert_eq!(
        w.calls(Forge::GitLab).total(),
        calls,
        "no forge is asked for what cannot be stored"
    );
    w.stored(Forge::GitLab, "work").await;
    for path in [
        "..%2Fx",
        "%2E%2E",
        "%3Cscript%3E",
        "%00",
        "%0d%0ax",
        "%ff",
        "Work",
        &long,
    ] {
        let answer = w.t.get(&format!("/v1/accounts/{path}")).await;
        assert!(
            matches!(answer.status, 400 | 404),
            "{path:.40}: {} {}",
            answer.status,
            answer.text
        );
        assert!(answer.text.len() < 1_000, "{}", answer.text);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "whatever is repeated of it"
        );
    }
    for label in ["../x", "<script>", &long] {
        let answer = w.change("work", json!({"label": label})).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "account.invalid"),
            "{}",
            answer.text
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_that_read_otherwise_than_they_are_do_not_come_in() {
    let w = start().await;
    let given = |more| with(w.given(Forge::GitLab, &w.token(Forge::GitLab)), &more);
    for more in [
        json!({"note": "safe \u{202e}nekot"}),
        json!({"note": "two\nlines"}),
        json!({"note": "\u{1b}[2J"}),
        json!({"note": "x".repeat(201)}),
        json!({"username": "ada:secret"}),
        json!({"username": "a da"}),
        json!({"email": "nobody"}),
        json!({"email": "a@b@c.example"}),
        json!({"serves": ["acme/.."]}),
        json!({"serves": ["a b"]}),
        json!({"serves": vec!["acme"; 51]}),
        json!({"repository": "tools"}),
        json!({"repository": "acme/../x"}),
        json!({"forge": "svn"}),
        json!({"username": "x".repeat(300)}),
    ] {
        let answer = w.t.post("/v1/accounts", given(more.clone())).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "account.invalid"),
            "{more}: {}",
            answer.text
        );
        assert!(
            !answer.text.contains('\u{202e}') && !answer.text.contains("u001b"),
            "{}",
            answer.text
        );
    }
    for more in [
        json!({"purposes": ["world_domination"]}),
        json!({"lable": "x"}),
        json!({"label": 7}),
        json!({"token": null}),
        json!({"serves": "acme"}),
        json!({"shared": "yes"}),
    ] {
        let sent = given(more.clone());
        let answer = w.t.post("/v1/accounts", sent.clone()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "request.invalid"),
            "{more}: {}",
            answer.text
        );
        if let Some(token) = sent["token"].as_str() {
            assert!(!answer.text.contains(token), "{}", answer.text);
        }
    }
    let harmless = "<img src=x onerror=alert(1)> & 'quotes' ✓ übung 日本";
    let added =
        w.t.post("/v1/accounts", given(json!({"label": "harmless", "note": harmless})))
            .await;
    assert_eq!(
        (added.status, text(&added.json()["account"]["note"])),
        (201, harmless),
        "{}",
        added.text
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_token_is_told_so_without_asking_anybody() {
    let w = start().await;
    let good = w.token(Forge::GitHub);
    let calls = w.calls(Forge::GitHub).total();
    let cut = &good[..30];
    let cases = [
        (String::new(), "credential.not_a_token"),
        ("   ".to_owned(), "credential.not_a_token"),
        ("octocat".to_owned(), "credential.not_a_token"),
        ("x".repeat(9 * 1024), "credential.not_a_token"),
        ("https://github.com/acme/tools".to_owned(), "credential.not_a_token"),
        (format!("{good}\r\nx-evil: 1"), ""),
        (format!("{}\r\n{}", &good[..20], &good[20..]), ""),
        (cut.to_owned(), "credential.damaged"),
        (format!("{good}x"), "credential.damaged"),
        (w.token(Forge::GitLab), "credential.wrong_forge"),
        (["gh", "s_", &"x1".repeat(18)].concat(), "credential."),
        ("\u{202e}".to_owned() + &good + "\u{0}", ""),
    ];
    for (token, code) in cases {
        let given = with(w.given(Forge::GitHub, &good), &json!({"token": token, "label": "x"}));
        let answer = w.t.post("/v1/accounts", given).await;
        if code.is_empty() {
            // Either is right: told, or taken for what it evidently is.
            if answer.status == 201 {
                assert!(
                    !answer.json()["findings"].as_array().unwrap().is_empty(),
                    "{}",
                    answer.text
                );
                let handed =
                    w.t.try_issue(json!({"account": "x", "repositories": ["acme/tools"]}))
                        .await;
                assert_eq!(text(&handed.json()["token"]), good, "nothing but the token");
                assert_eq!(w.t.delete("/v1/accounts/x?force=true").await.status, 200);
                continue;
            }
        }
        assert_eq!(answer.status, 422, "{:.60?}: {}", token, answer.text);
        assert!(answer.code().starts_with(code), "{:.60?}: {}", token, answer.text);
        assert!(text(&answer.json()["remedy"]).len() > 15, "{}", answer.text);
        let shown = token.trim();
        assert!(shown.len() < 12 || !answer.text.contains(shown), "{}", answer.text);
    }
    let asked = w.calls(Forge::GitHub).total() - calls;
    assert!(asked <= 20, "only what looked like a whole token was tried: {asked}");
    assert_eq!(w.labels().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_or_no_json_is_refused_on_every_route() {
    let w = start().await;
    w.stored(Forge::GitLab, "work").await;
    let large = "x".repeat(10 * 1024 * 1024);
    let routes = [
        ("POST", "/v1/accounts"),
        ("POST", "/v1/accounts/test"),
        ("POST", "/v1/accounts/import-environment"),
        ("PATCH", "/v1/accounts/work"),
        ("POST", "/v1/accounts/work/test"),
        ("POST", "/v1/accounts/work/default"),
        ("POST", "/v1/accounts/work/rotate"),
        ("POST", "/v1/inspect"),
    ];
    let key = w.t.key.secret().expose().to_owned();
    let send = async |method: &str, path: &str, body: String, kind: &str| {
        w.t.send(|http, url| {
            http.request(method.parse().unwrap(), format!("{url}{path}"))
                .bearer_auth(&key)
                .header("content-type", kind)
                .body(body)
        })
        .await
    };
    for (method, path) in routes {
        let answer = send(
            method,
            path,
            format!("{{\"token\": \"{}\"}}", &large[..200_000]),
            "application/json",
        )
        .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (413, "request.too_large"),
            "{path}: {:.300}",
            answer.text
        );
        for body in [
            "",
            "{",
            "[]",
            "null",
            "{\"token\": \"\\ud800\"}",
            "{\"token\": \"a\", \"token\": \"b\"}",
        ] {
            let answer = send(method, path, body.to_owned(), "application/json").await;
            assert!((400..500).contains(&answer.status), "{path} {body}: {}", answer.text);
        }
        let answer = send(method, path, "token=x".to_owned(), "application/x-www-form-urlencoded").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (415, "request.media_type"),
            "{path}: {}",
            answer.text
        );
    }
    // Ten megabytes are refused by what is said of them, before they come.
    let address = w.t.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/accounts HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        large.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&large.as_bytes()[..10_000]).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    assert_eq!(w.show("work").await["validity"], "valid");
    let record: String = entries(&w.t, "").await.iter().map(ToString::to_string).collect();
    assert!(!record.contains("xxxxxxxxxx"));
}
