//! The pages for people, over real HTTP, with cookies.

use jeton_testkit::{TestJeton, both_databases};
use jiff::SignedDuration;
use serde_json::json;

use crate::browser::{Browser, field, person};

const PASSWORD: &str = "correct horse battery";

async fn first_link(t: &TestJeton) -> String {
    t.broker
        .access()
        .first_setup()
        .await
        .unwrap()
        .unwrap()
        .expose()
        .to_owned()
}

both_databases! {
    async fn the_first_administrator_comes_in_by_the_link(t: TestJeton) {
        let link = first_link(&t).await;
        let mut browser = Browser::default();
        let page = browser.get(&t, &format!("/setup?link={link}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains("first administrator") && page.text.contains("autocomplete=\"new-password\""));
        assert_eq!(field(&page.text, "link"), link);
        for (name, password, again, words) in [
            ("root", PASSWORD, "correct horse batterx", "not the same"),
            ("root", "short", "short", "12"),
            ("ROOT user", PASSWORD, PASSWORD, "a-z"),
        ] {
            let fields = [("link", link.as_str()), ("name", name), ("password", password), ("again", again)];
            let again = browser.post(&t, "/setup", &fields).await;
            assert_eq!(again.status, 400, "{}", again.text);
            assert!(again.text.contains(words) && again.text.contains("role=\"alert\""), "{words}: {}", again.text);
            assert!(again.text.contains(&format!("value=\"{name}\"")) && !again.text.contains(password), "{}", again.text);
        }
        let done = browser.set_up(&t, &link, Some("root"), PASSWORD).await;
        assert_eq!((done.status, done.header("location")), (303, "/"), "{}", done.text);
        assert!(browser.get(&t, "/").await.text.contains("<h1>Overview</h1>"));
        let home = browser.get(&t, "/profile").await;
        assert!(home.text.contains("signed in as <strong>operator</strong>") && home.text.contains("(this one)"), "{}", home.text);
        for used in [link.as_str(), "", "x", "%00", "AAAA.BBBB"] {
            let mut other = Browser::default();
            let page = other.get(&t, &format!("/setup?link={used}")).await;
            assert_eq!(page.status, 403, "{used}");
            assert!(page.text.contains("href=\"/settings/users\"") && page.header("content-type").starts_with("text/html"), "{}", page.text);
            assert_eq!(other.set_up(&t, used, Some("second"), PASSWORD).await.status, 403);
            assert_eq!(other.session(), None);
        }
        assert!(t.broker.access().first_setup().await.unwrap().is_none());
    }

    async fn people_sign_in_and_out(t: TestJeton) {
        person(&t, "ada", "member", PASSWORD).await;
        let mut browser = Browser::default();
        let welcome = browser.get(&t, "/").await;
        assert!(welcome.text.contains("href=\"/sign-in\""));
        let page = browser.get(&t, "/sign-in?next=/docs").await;
        assert_eq!((page.status, field(&page.text, "next").as_str()), (200, "/docs"));
        assert!(!page.text.contains("/sign-in/provider"), "there is none");
        let wrong = browser.sign_in(&t, "ada", "not the password").await;
        assert_eq!(wrong.status, 403, "401 would ask for another way to sign in");
        assert!(wrong.text.contains("value=\"ada\"") && !wrong.text.contains("not the password"), "{}", wrong.text);
        let unknown = browser.sign_in(&t, "bob", "not the password").await;
        assert_eq!(unknown.text.replace("\"bob\"", "\"ada\""), wrong.text, "who is there is not told");
        let fields = [("name", " Ada "), ("password", PASSWORD), ("next", "/docs")];
        let done = browser.post(&t, "/sign-in", &fields).await;
        assert_eq!((done.status, done.header("location")), (303, "/docs"), "{}", done.text);
        assert_eq!(browser.get(&t, "/sign-in?next=/docs").await.header("location"), "/docs");
        let home = browser.get(&t, "/").await;
        let csrf = field(&home.text, "csrf");
        let cookie = browser.session().unwrap().to_owned();
        assert!(!home.text.contains(&cookie));
        let out = browser.post(&t, "/sign-out", &[("csrf", &csrf)]).await;
        assert_eq!((out.status, out.header("location")), (303, "/"));
        assert_eq!(browser.session(), None);
        browser.cookies.insert("__Host-jeton".to_owned(), cookie);
        assert!(browser.get(&t, "/").await.text.contains("href=\"/sign-in\""), "the cookie opens nothing any more");
        assert_eq!(browser.post(&t, "/sign-out", &[("csrf", &csrf)]).await.header("location"), "/", "twice is no mistake");
    }

    async fn nobody_is_sent_to_another_site(t: TestJeton) {
        person(&t, "ada", "member", PASSWORD).await;
        let evil = [
            "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "/\t/evil.example",
            "/\n/evil.example", "javascript:alert(1)", "evil.example", "", "/x\r\nset-cookie: a=b", " /docs",
        ];
        for next in evil {
            let mut browser = Browser::default();
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            let page = browser.get(&t, &format!("/sign-in?{query}")).await;
            assert!(!page.text.contains("name=\"next\""), "{next:?}");
            let fields = [("name", "ada"), ("password", PASSWORD), ("next", next)];
            let done = browser.post(&t, "/sign-in", &fields).await;
            assert_eq!((done.status, done.header("location")), (303, "/"), "{next:?}");
            assert_eq!(browser.get(&t, &format!("/sign-in?{query}")).await.header("location"), "/", "{next:?}");
        }
    }

    async fn no_other_site_can_act_for_a_browser(t: TestJeton) {
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let csrf = field(&root.get(&t, "/").await.text, "csrf");
        let mut elsewhere = Browser::default();
        for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "null")] {
            let foreign = |browser: &Browser| {
                // An older browser says nothing but where the page came from.
                let browser = if name == "origin" { browser.clone().with_header("sec-fetch-site", "") } else { browser.clone() };
                browser.with_header(name, value)
            };
            let stranger = foreign(&elsewhere).sign_in(&t, "root", PASSWORD).await;
            assert_eq!(stranger.status, 403, "{name}: {value}");
            assert!(stranger.headers.get("set-cookie").is_none() && stranger.text.contains("page of this server"));
            let out = foreign(&root).post(&t, "/sign-out", &[("csrf", &csrf)]).await;
            assert_eq!(out.status, 403, "the right token from the wrong place: {name}: {value}");
        }
        let wrong = "A".repeat(43);
        for fields in [vec![], vec![("csrf", "")], vec![("csrf", wrong.as_str())], vec![("csrf", &csrf[1..])]] {
            assert_eq!(root.post(&t, "/sign-out", &fields).await.status, 403, "{fields:?}");
        }
        let body = || Some(json!({"name": "x", "role": "member"}).to_string());
        let json = [("content-type", "application/json"), ("sec-fetch-site", "same-origin")];
        let bare = root.send(&t, "POST", "/v1/users", &json, body()).await;
        assert_eq!((bare.status, bare.code().as_str()), (403, "auth.csrf"));
        let with_token = [json[0], json[1], ("x-csrf-token", csrf.as_str())];
        assert_eq!(root.send(&t, "POST", "/v1/users", &with_token, body()).await.status, 201);
        let foreign = [json[0], ("sec-fetch-site", "cross-site"), ("x-csrf-token", csrf.as_str())];
        assert_eq!(root.send(&t, "POST", "/v1/users", &foreign, body()).await.code(), "auth.csrf");
        assert_eq!(root.send(&t, "GET", "/v1/users", &[("sec-fetch-site", "none")], None).await.status, 200);
        let mut other = person(&t, "eve", "member", PASSWORD).await;
        let theirs = field(&other.get(&t, "/").await.text, "csrf");
        assert_eq!(root.post(&t, "/sign-out", &[("csrf", &theirs)]).await.status, 403, "somebody else's token");
        let odd = elsewhere.send(&t, "POST", "/sign-in", &[("content-type", "text/plain")], Some("name=a&password=b".to_owned()));
        assert_eq!(odd.await.status, 415);
    }

    async fn one_browser_ends_another(t: TestJeton) {
        let mut first = person(&t, "ada", "member", PASSWORD).await;
        let mut second = Browser::default().with_header("user-agent", "<script>alert(1)</script>\"'&");
        let mut third = Browser::default();
        for browser in [&mut second, &mut third] {
            assert_eq!(browser.sign_in(&t, "ada", PASSWORD).await.status, 303);
        }
        let home = first.get(&t, "/profile").await;
        assert!(!home.text.contains("<script>"), "{}", home.text);
        assert!(home.text.contains("&#60;script&#62;") || home.text.contains("&lt;script&gt;"), "{}", home.text);
        let csrf = field(&home.text, "csrf");
        let row = home.text.split("<tr>").find(|row| row.contains("script&")).unwrap();
        let id = field(row, "session");
        assert_eq!(first.post(&t, "/sign-out", &[("csrf", &csrf), ("session", &id)]).await.status, 303);
        assert!(second.get(&t, "/").await.text.contains("href=\"/sign-in\""));
        assert!(third.get(&t, "/").await.text.contains("Sign out"));
        assert_eq!(first.post(&t, "/sign-out", &[("csrf", &csrf), ("session", "others")]).await.status, 303);
        assert!(third.get(&t, "/").await.text.contains("href=\"/sign-in\""));
        assert!(first.get(&t, "/").await.text.contains("Sign out"));
        let eve = person(&t, "eve", "member", PASSWORD).await;
        let mut eve = eve;
        let theirs = field(&eve.get(&t, "/").await.text, "csrf");
        let mine = first.get(&t, "/profile").await.text;
        assert!(mine.contains("(this one)"));
        assert_eq!(eve.post(&t, "/sign-out", &[("csrf", &theirs), ("session", "0123456789ab")]).await.status, 303);
        assert!(first.get(&t, "/").await.text.contains("Sign out"), "nobody ends what is not theirs");
    }

    async fn who_guesses_is_told_when_to_come_back(t: TestJeton) {
        person(&t, "ada", "member", PASSWORD).await;
        let mut browser = Browser::default();
        let mut last = browser.sign_in(&t, "ada", "wrong password").await;
        for _ in 0..5 {
            if last.status == 429 {
                break;
            }
            last = browser.sign_in(&t, "ada", "wrong password").await;
        }
        assert_eq!(last.status, 429, "{}", last.text);
        let seconds: i64 = last.header("retry-after").parse().unwrap();
        assert!(seconds >= 1 && last.text.contains("Try again in"), "{}", last.text);
        assert!(last.text.contains("value=\"ada\""));
        assert_eq!(browser.sign_in(&t, "ada", PASSWORD).await.status, 429, "the right one waits too");
        t.clock.advance(SignedDuration::from_secs(seconds));
        assert_eq!(browser.sign_in(&t, "ada", PASSWORD).await.status, 303);
    }

    async fn a_session_ends_by_itself(t: TestJeton) {
        let mut ada = person(&t, "ada", "member", PASSWORD).await;
        for _ in 0..7 {
            t.clock.advance(SignedDuration::from_mins(100));
            assert!(ada.get(&t, "/").await.text.contains("Sign out"));
        }
        t.clock.advance(SignedDuration::from_mins(100));
        let home = ada.get(&t, "/").await;
        assert!(home.text.contains("href=\"/sign-in\""), "after 12 hours, used or not");
        assert_eq!(ada.sign_in(&t, "ada", PASSWORD).await.status, 303);
        t.clock.advance(SignedDuration::from_mins(121));
        assert!(ada.get(&t, "/").await.text.contains("href=\"/sign-in\""), "after two hours without use");
    }

    async fn over_plain_http_the_pages_say_what_is_needed(t: TestJeton) {
        person(&t, "ada", "member", PASSWORD).await;
        let mut browser = Browser::default().with_header("host", "jeton.example").with_header("sec-fetch-site", "");
        for path in ["/", "/sign-in"] {
            assert!(browser.get(&t, path).await.text.contains("This page needs https"), "{path}");
        }
        let answer = browser.sign_in(&t, "ada", PASSWORD).await;
        assert_eq!(answer.status, 403);
        assert!(answer.text.contains("This page needs https") && answer.headers.get("set-cookie").is_none());
        // A stranger's word that there was https counts for nothing.
        let mut liar = browser.clone().with_header("x-forwarded-proto", "https");
        assert!(liar.get(&t, "/sign-in").await.text.contains("This page needs https"));
        let mut local = Browser::default();
        assert!(!local.get(&t, "/sign-in").await.text.contains("This page needs https"));
    }

    async fn every_page_is_guarded(t: TestJeton) {
        let mut ada = person(&t, "ada", "member", PASSWORD).await;
        let mut nobody = Browser::default();
        let home = ada.get(&t, "/").await;
        let style = home.text.split("rel=\"stylesheet\" href=\"/assets/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let docs = nobody.get(&t, "/docs").await;
        let nothing = nobody.get(&t, "/no/such/page").await;
        assert_eq!(nothing.status, 404);
        let pages = [home, nobody.get(&t, "/").await, nobody.get(&t, "/sign-in").await, nobody.get(&t, "/setup?link=x").await, nothing];
        for page in pages.iter().chain([&docs]) {
            let policy = page.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
            assert_eq!(page.header("referrer-policy"), "same-origin");
            assert_eq!(page.header("x-content-type-options"), "nosniff");
            assert_eq!(page.header("x-frame-options"), "DENY");
            let scripts: Vec<&str> = page.text.split("<script").skip(1).collect();
            assert!(scripts.len() == 1 && scripts[0].starts_with(" src=\"/assets/script.js?v="), "{}", page.text);
            for forbidden in ["style=\"", "<style", " onclick", "src=\"http"] {
                assert!(!page.text.contains(forbidden), "{forbidden}: {}", page.text);
            }
            assert!(page.text.contains("<html lang=\"en\">") && page.text.contains("<main id=\"content\" tabindex=\"-1\">"));
        }
        for page in &pages {
            assert_eq!(page.header("cache-control"), "no-store");
        }
        let style = nobody.get(&t, &format!("/assets/{style}")).await;
        assert_eq!((style.status, style.header("content-type")), (200, "text/css; charset=utf-8"));
        assert!(style.header("cache-control").contains("immutable"));
        assert_eq!(nobody.get(&t, "/assets/style.css?v=old").await.header("cache-control"), "no-cache");
        let program = t.get_anonymously("/").await;
        assert_eq!(program.json()["docs"], "/docs", "programs get JSON");
    }

    async fn what_is_typed_comes_back_as_text(t: TestJeton) {
        let mut browser = Browser::default();
        let planted = "\"><script>alert(1)</script>";
        let answer = browser.sign_in(&t, planted, "whatever it is").await;
        assert_eq!(answer.status, 403);
        assert!(!answer.text.contains("<script>") && answer.text.contains("script&"), "{}", answer.text);
        let link = first_link(&t).await;
        let answer = browser.set_up(&t, &link, Some(planted), PASSWORD).await;
        assert_eq!(answer.status, 400);
        assert!(!answer.text.contains("<script>"), "{}", answer.text);
        let answer = browser.get(&t, "/sign-in?next=/%22%3E%3Cscript%3E").await;
        assert!(!answer.text.contains("<script>"), "{}", answer.text);
    }

    async fn the_record_knows_who_signed_in(t: TestJeton) {
        let mut ada = person(&t, "ada", "member", PASSWORD).await;
        ada.sign_in(&t, "ada", "wrong password").await;
        ada.sign_in(&t, "my secret password typed here", "x").await;
        t.broker.access().ledger().flush().await.unwrap();
        let record = t.get("/v1/record?event=user.").await;
        for event in ["user.added", "user.password_set", "user.signed_in", "user.sign_in_refused"] {
            assert!(record.text.contains(event), "{event}: {}", record.text);
        }
        for secret in [PASSWORD, "wrong password", "typed here", ada.session().unwrap()] {
            assert!(!record.text.contains(secret), "{secret}");
        }
    }
}

/// All that is logged, by a thread or another.
#[derive(Debug, Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_link_cookie_or_password_reaches_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).expect("each test is a process of its own");
    let t = TestJeton::start(jeton_testkit::DatabaseKind::Sqlite).await;
    let link = first_link(&t).await;
    let mut browser = Browser::default();
    browser.get(&t, &format!("/setup?link={link}")).await;
    assert_eq!(browser.set_up(&t, &link, Some("root"), PASSWORD).await.status, 303);
    let cookie = browser.session().unwrap().to_owned();
    let csrf = field(&browser.get(&t, "/").await.text, "csrf");
    browser.sign_in(&t, "root", "a wrong password").await;
    browser
        .get(&t, "/sign-in/callback?code=planted-code&state=planted-state")
        .await;
    browser.post(&t, "/sign-out", &[("csrf", &csrf)]).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    // The test's own client logs what it sends; the server's lines are those of jeton's crates.
    let ours: Vec<&str> = text.lines().filter(|line| line.contains(" jeton_")).collect();
    let heard = ours.iter().any(|line| line.contains("route=\"/setup\""));
    assert!(heard, "the log was listened to: {ours:?}");
    for secret in [
        link.as_str(),
        &cookie,
        &csrf,
        PASSWORD,
        "a wrong password",
        "planted-code",
        "planted-state",
    ] {
        for line in &ours {
            assert!(!line.contains(secret), "{line}");
        }
    }
}
