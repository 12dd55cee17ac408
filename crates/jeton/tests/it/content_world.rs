//! A repository, `acme/tools`, with files of every nasty kind, and how to ask for them.

use jeton_forge_sim::CommitSpec;
use jeton_testkit::{Database, DatabaseKind, NodeOptions, TestJeton};
use reqwest::{Method, header::HeaderMap};
use serde_json::Value;

/// A file, as git has it.
pub(crate) struct Fixture {
    pub(crate) path: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl Fixture {
    fn new(path: &'static str, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        Self { path, bytes }
    }

    /// Its text, if it is UTF-8 and git would not call it binary.
    pub(crate) fn text(&self) -> Option<&str> {
        let head = &self.bytes[..self.bytes.len().min(8000)];
        if head.contains(&0) {
            return None;
        }
        std::str::from_utf8(&self.bytes).ok()
    }

    /// Its lines, as simply as can be: LF and CRLF end them.
    pub(crate) fn lines(&self) -> Vec<&str> {
        let text = self.text().unwrap_or_default();
        let lines = text.split_inclusive('\n');
        let without_end = |line: &'_ str| -> usize {
            let line = line
                .strip_suffix('\n')
                .map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
            line.len()
        };
        lines.map(|line| &line[..without_end(line)]).collect()
    }
}

/// Names that break tools, and bytes that break tools.
pub(crate) fn fixtures() -> Vec<Fixture> {
    let three_bytes = "€".repeat(20_000);
    // The same with characters that begin one byte later, so that every edge of 50,000 bytes lies inside of one.
    let shifted = format!("x{}", "😀".repeat(30_000));
    let numbered: String = (1..=20_000).fold(String::new(), |text, line| text + "line " + &line.to_string() + " é\n");
    let large: String = (0..60_000).fold(String::new(), |text, at| {
        text + "größer — 日本 " + &at.to_string() + "\r\n"
    });
    vec![
        Fixture::new("README.md", "# Tools\n"),
        Fixture::new("empty.txt", ""),
        Fixture::new("one newline", "\n"),
        Fixture::new("no newline.txt", "one\ntwo\nthree"),
        Fixture::new("crlf.txt", "one\r\ntwo\r\n\r\nthree\r\n"),
        Fixture::new("mixed.txt", "a\rb\u{2028}c\u{c}d\u{85}e\nf\r\ng\r"),
        Fixture::new("controls.txt", "tab\tquote\"back\\slash\u{1}\u{1f}\u{7f}</script>\n"),
        Fixture::new("bom.txt", "\u{feff}with a mark\n"),
        Fixture::new("Case.txt", "upper\n"),
        Fixture::new("case.txt", "lower\n"),
        Fixture::new("dir with space/ünï/日本語.md", "# 日本語\n"),
        Fixture::new("odd/what? #1 100% & more;v=1+2.txt", "odd\n"),
        Fixture::new("odd/%20%2F.txt", "encoded by name\n"),
        Fixture::new("odd/say \"hi\" 'there' `now` \\back.txt", "quotes\n"),
        Fixture::new("odd/content", "called like a route\n"),
        Fixture::new("odd/lines/content", "called like two\n"),
        Fixture::new("three.txt", three_bytes),
        Fixture::new("shifted.txt", shifted),
        Fixture::new("numbered.txt", numbered),
        Fixture::new("large.txt", large),
        Fixture::new("one line.txt", "é".repeat(2_500_000)),
        Fixture::new("latin1.txt", b"caf\xe9 cr\xe8me\n"),
        Fixture::new("utf16.txt", b"\xff\xfeh\0i\0\n\0"),
        Fixture::new("all bytes.bin", (0..=255).collect::<Vec<u8>>().repeat(10)),
        Fixture::new("page.html", "<script>alert(1)</script>\n"),
        Fixture::new("pointer.bin", pointer()),
    ]
}

/// A Git LFS pointer.
pub(crate) fn pointer() -> String {
    let oid = "4d7a2146".repeat(8);
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n")
}

/// Where a submodule stands.
pub(crate) const SUBMODULE: &str = "1111111111111111111111111111111111111111";

/// What a request got, with bytes that need not be text.
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, String::from_utf8_lossy(&self.bytes)))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

pub(crate) struct World {
    pub(crate) t: TestJeton,
    /// The commit with all of it.
    pub(crate) commit: String,
    /// The App's installation on `acme`.
    pub(crate) installation: u64,
    http: reqwest::Client,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(NodeOptions::default()).await
    }

    pub(crate) async fn start_with(options: NodeOptions) -> Self {
        let t = TestJeton::start_with(Database::new(DatabaseKind::Sqlite), options).await;
        let installation = t.install("acme", &["tools"]);
        let mut spec = CommitSpec::new("Add everything")
            .executable("run.sh", "#!/bin/sh\n")
            .symlink("link", "dir with space/ünï/日本語.md")
            .symlink("broken", "../../etc/passwd")
            .submodule("vendor/lib", SUBMODULE);
        for file in fixtures() {
            spec = spec.file(file.path, file.bytes);
        }
        let github = t.sim.github();
        let commit = github.commit("acme", "tools", &spec).unwrap();
        t.sim.calls().reset();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            t,
            commit,
            installation,
            http,
        }
    }

    /// The simulator's host, as the routes name it.
    pub(crate) fn host(&self) -> String {
        self.t.sim.web_url().trim_start_matches("http://").to_owned()
    }

    /// A native route of `acme/tools`.
    pub(crate) fn route(&self, operation: &str, query: &[(&str, &str)]) -> String {
        let query: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        format!("/v1/content/{}/acme/tools/{operation}?{}", self.host(), query.join("&"))
    }

    /// `GET` with the operator's key.
    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(Method::GET, path, &[]).await
    }

    /// A native route, with the operator's key.
    pub(crate) async fn ask(&self, operation: &str, query: &[(&str, &str)]) -> Got {
        self.get(&self.route(operation, query)).await
    }

    /// Any request with the operator's key.
    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Got {
        let key = self.t.key.secret().expose().to_owned();
        self.send_as(Some(&key), method, path, headers).await
    }

    /// Any request.
    pub(crate) async fn send_as(&self, key: Option<&str>, method: Method, path: &str, headers: &[(&str, &str)]) -> Got {
        let mut request = self.http.request(method, format!("{}{path}", self.t.url));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        Got {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            bytes: answer.bytes().await.unwrap().to_vec(),
        }
    }
}

/// Percent-encodes a part of a path or a value of a query; all but what never needs it.
pub(crate) fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out + char::from(byte).encode_utf8(&mut [0; 4])
        } else {
            out + &format!("%{byte:02X}")
        }
    })
}
