//! Answers about content that are given again: without a call to the forge, and never to whom or when they must not be.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use jeton_forge_sim::CommitSpec;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use crate::content_world::{Got, World};

/// Routes of all kinds: native and compatible, with the file's text in each.
fn routes(w: &World) -> Vec<String> {
    vec![
        w.route("file", &[("path", "README.md")]),
        w.route("lines", &[("path", "README.md")]),
        w.route("raw", &[("path", "README.md")]),
        "/repo/acme/tools/file/README.md/content".to_owned(),
        "/repo/acme/tools/file/README.md/lines?start_line=0&end_line=1".to_owned(),
    ]
}

fn shown(got: &Got) -> String {
    String::from_utf8_lossy(&got.bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_answer_is_the_first_without_a_call() {
    let w = World::start().await;
    for route in routes(&w).iter().chain(&[
        w.route("tree", &[]),
        w.route("commits", &[]),
        w.route("max-lines", &[("path", "crlf.txt")]),
    ]) {
        let first = w.get(route).await;
        assert_eq!(first.status, 200, "{route}: {}", shown(&first));
        w.t.sim.calls().reset();
        for _ in 0..3 {
            let again = w.get(route).await;
            assert!(again.status == 200 && again.bytes == first.bytes, "{route}");
            let told = |got: &Got| {
                let mut headers: Vec<_> = got
                    .headers
                    .iter()
                    .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"))
                    .map(|(name, value)| (name.to_string(), value.clone()))
                    .collect();
                headers.sort_by(|a, b| a.0.cmp(&b.0));
                headers
            };
            assert_eq!(told(&again), told(&first), "{route}");
            assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
        }
        assert_eq!(w.t.sim.calls().total(), 0, "{route}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conditions_hold_for_what_is_prepared() {
    let w = World::start().await;
    for route in routes(&w) {
        let first = w.get(&route).await;
        let etag = first.header("etag").to_owned();
        let known = w.send(Method::GET, &route, &[("if-none-match", &etag)]).await;
        assert_eq!((known.status, known.bytes.len()), (304, 0), "{route}");
        let head = w.send(Method::HEAD, &route, &[]).await;
        assert_eq!((head.status, head.bytes.len()), (200, 0), "{route}");
        assert_eq!(head.header("content-length"), first.bytes.len().to_string(), "{route}");
    }
    let raw = w.route("raw", &[("path", "README.md")]);
    let part = w.send(Method::GET, &raw, &[("range", "bytes=2-6")]).await;
    assert_eq!((part.status, shown(&part).as_str()), (206, "Tools"));
    assert_eq!(
        shown(&w.get(&raw).await),
        "# Tools\n",
        "a part is not kept for the whole"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_moved_is_not_given_again_for_long() {
    let w = World::start().await;
    for route in routes(&w) {
        assert!(shown(&w.get(&route).await).contains("# Tools"), "{route}");
    }
    let moved = CommitSpec::new("Move on").file("README.md", "# Moved\n");
    w.t.sim.github().commit("acme", "tools", &moved).unwrap();
    w.t.clock.advance(SignedDuration::from_secs(6));
    for route in routes(&w) {
        assert!(shown(&w.get(&route).await).contains("# Moved"), "{route}");
    }
    let again = CommitSpec::new("Move on").file("README.md", "# Again\n");
    w.t.sim.github().commit("acme", "tools", &again).unwrap();
    for route in routes(&w) {
        let anew = w.send(Method::GET, &route, &[("cache-control", "no-cache")]).await;
        assert!(shown(&anew).contains("# Again"), "{route}");
        assert!(
            shown(&w.get(&route).await).contains("# Again"),
            "what one saw is seen by the next: {route}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_what_was_prepared_for_another() {
    let w = World::start().await;
    let (reader, stranger) = (w.t.client("reader").await, w.t.client("stranger").await);
    w.t.policy(json!({
        "name": "reads", "callers": {"client": "reader"}, "actions": ["content.read"], "repositories": ["acme/tools"],
    }))
    .await;
    for route in routes(&w) {
        for _ in 0..2 {
            let got = w.send_as(Some(&reader), Method::GET, &route, &[]).await;
            assert_eq!(got.status, 200, "{route}: {}", shown(&got));
        }
        let refused = w.send_as(Some(&stranger), Method::GET, &route, &[]).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (403, "policy.denied"),
            "{route}"
        );
        let unknown = w.send_as(Some("jtn_nobody"), Method::GET, &route, &[]).await;
        assert_eq!(unknown.status, 401, "{route}");
    }
    // Native routes have no anonymous callers, even when the same was prepared for somebody.
    let native = w.send_as(None, Method::GET, &routes(&w)[0], &[]).await;
    assert_eq!(native.status, 401);
    // A right that ends, ends at once; so does a key.
    assert_eq!(w.t.delete("/v1/policies/reads").await.status, 200);
    for route in routes(&w) {
        let refused = w.send_as(Some(&reader), Method::GET, &route, &[]).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (403, "policy.denied"),
            "{route}"
        );
    }
    assert_eq!(w.t.delete("/v1/clients/reader").await.status, 200);
    for route in routes(&w) {
        assert_eq!(
            w.send_as(Some(&reader), Method::GET, &route, &[]).await.status,
            401,
            "{route}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_the_forge_took_away_ends_in_the_time_that_is_told() {
    let w = World::start().await;
    let pinned = w.route("file", &[("path", "README.md"), ("ref", &w.commit)]);
    assert_eq!(w.get(&pinned).await.status, 200);
    assert!(w.t.sim.github().uninstall(w.installation));
    w.t.clock.advance(SignedDuration::from_secs(301));
    let got = w.get(&pinned).await;
    assert!((400..500).contains(&got.status), "{}: {}", got.status, shown(&got));
}

/// What the access log says; by it is seen which answers were written already.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn listen() -> Self {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_env_filter("jeton_web=debug")
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("each test is a process of its own");
        log
    }

    /// What a request got, and whether its answer was written already.
    async fn ask(
        &self,
        w: &World,
        key: Option<&str>,
        method: Method,
        path: &str,
        more: &[(&str, &str)],
    ) -> (Got, bool) {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let id = format!("look-{}-", NEXT.fetch_add(1, Ordering::Relaxed));
        let headers: Vec<_> = more.iter().copied().chain([("x-request-id", id.as_str())]).collect();
        let got = w.send_as(key, method, path, &headers).await;
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let line = text.lines().find(|line| line.contains(&id));
        let line = line.unwrap_or_else(|| panic!("no line about {path}"));
        (got, line.contains("route=\"prepared\""))
    }

    /// The same for a plain `GET` that is answered.
    async fn get(&self, w: &World, key: &str, path: &str) -> (String, bool) {
        let (got, prepared) = self.ask(w, Some(key), Method::GET, path, &[]).await;
        assert_eq!(got.status, 200, "{path}: {}", shown(&got));
        (shown(&got), prepared)
    }
}

async fn reader(w: &World, name: &str) -> String {
    let key = w.t.client(name).await;
    w.t.policy(json!({
        "name": format!("{name}-reads"), "callers": {"client": name}, "actions": ["content.read"],
        "repositories": ["acme/tools"],
    }))
    .await;
    key
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_plain_question_of_the_same_caller_gets_what_is_prepared() {
    let log = Log::listen();
    let w = World::start().await;
    let (key, other) = (reader(&w, "one").await, reader(&w, "other").await);
    for route in routes(&w) {
        let (first, prepared) = log.get(&w, &key, &route).await;
        assert!(!prepared, "{route}: nothing is prepared before somebody asks");
        assert_eq!(log.get(&w, &key, &route).await, (first, true), "{route}");
        let anew = [("cache-control", "no-cache")];
        let (etag, _) = log.ask(&w, Some(&key), Method::GET, &route, &anew).await;
        let etag = etag.header("etag").to_owned();
        for (name, value) in [
            ("cache-control", "no-cache"),
            ("pragma", "no-cache"),
            ("range", "bytes=0-0"),
            ("if-range", etag.as_str()),
            ("if-none-match", etag.as_str()),
            ("if-match", etag.as_str()),
        ] {
            let (got, prepared) = log.ask(&w, Some(&key), Method::GET, &route, &[(name, value)]).await;
            assert!(!prepared && got.status < 400, "{route} with {name}: {}", got.status);
        }
        let (head, prepared) = log.ask(&w, Some(&key), Method::HEAD, &route, &[]).await;
        assert!(!prepared && head.status == 200, "{route}: HEAD");
        for wrong in ["jtn_nobody", ""] {
            let (got, prepared) = log.ask(&w, Some(wrong), Method::GET, &route, &[]).await;
            assert!(!prepared && got.status == 401, "{route}: {}", got.status);
        }
        assert!(!log.get(&w, &other, &route).await.1, "{route}: another has nothing yet");
        assert!(log.get(&w, &other, &route).await.1, "{route}");
        assert!(
            log.get(&w, &key, &route).await.1,
            "{route}: nor was the first forgotten"
        );
    }
    let spelt = w.route("file", &[("path", "README.md")]).replace("README", "%52EADME");
    assert!(!log.get(&w, &key, &spelt).await.1, "the words of the question count");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_prepared_goes_with_the_policy_the_branch_and_the_right() {
    let log = Log::listen();
    let w = World::start().await;
    let key = reader(&w, "one").await;
    let pinned = w.route("file", &[("path", "README.md"), ("ref", &w.commit)]);
    for route in routes(&w).iter().chain([&pinned]) {
        assert!(!log.get(&w, &key, route).await.1, "{route}");
        assert!(log.get(&w, &key, route).await.1, "{route}");
    }
    // Any change of the policies: who may read is decided anew.
    reader(&w, "unrelated").await;
    for route in routes(&w).iter().chain([&pinned]) {
        assert!(!log.get(&w, &key, route).await.1, "{route}");
        assert!(log.get(&w, &key, route).await.1, "{route}");
    }
    // A branch is looked at again within seconds, whether or not it moved; so is who may read what never changes.
    let moved = CommitSpec::new("Move on").file("README.md", "# Moved\n");
    w.t.sim.github().commit("acme", "tools", &moved).unwrap();
    w.t.clock.advance(SignedDuration::from_secs(6));
    for route in routes(&w) {
        let (text, prepared) = log.get(&w, &key, &route).await;
        assert!(!prepared && text.contains("# Moved"), "{route}: {text}");
        assert_eq!(log.get(&w, &key, &route).await, (text, true), "{route}");
    }
    let (text, prepared) = log.get(&w, &key, &pinned).await;
    assert!(!prepared && text.contains("# Tools"), "{text}");
    assert_eq!(log.get(&w, &key, &pinned).await, (text, true));
    // The forge shows the repository no more.
    assert!(w.t.sim.github().uninstall(w.installation));
    w.t.clock.advance(SignedDuration::from_secs(301));
    for route in routes(&w).iter().chain([&pinned]) {
        let (got, prepared) = log.ask(&w, Some(&key), Method::GET, route, &[]).await;
        assert!(!prepared && (400..500).contains(&got.status), "{route}: {}", got.status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_prepared_ends_with_the_right_at_once() {
    let log = Log::listen();
    let w = World::start().await;
    let key = reader(&w, "one").await;
    for route in routes(&w) {
        assert!(!log.get(&w, &key, &route).await.1, "{route}");
        assert!(log.get(&w, &key, &route).await.1, "{route}");
    }
    assert_eq!(w.t.delete("/v1/policies/one-reads").await.status, 200);
    for route in routes(&w) {
        let (got, prepared) = log.ask(&w, Some(&key), Method::GET, &route, &[]).await;
        assert_eq!(
            (got.status, got.code().as_str(), prepared),
            (403, "policy.denied", false),
            "{route}"
        );
    }
}
