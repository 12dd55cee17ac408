//! Content from a server of a few lines that answers what no simulator would, and shows what it was asked.

use futures_util::TryStreamExt as _;
use jeton_domain::{
    Clock as _, Credential, CredentialKind, FilePath, ForgeEndpoint, ForgeKind, ObjectId, RepoPath, Secret,
};
use jeton_forge::{
    AddressRules, HttpOptions, Outbound,
    content::{Body, ContentForges, EntryKind, ListAsk, Listed, Opened, Place, ReadError, Resolved},
};
use tokio::task::JoinHandle;

use crate::{raw::answer_each, world::TestClock};

/// A reader of `Acme/tools`, whose forge answers so.
struct Reader {
    forges: ContentForges,
    forge: ForgeEndpoint,
    repository: RepoPath,
    credential: Credential,
    server: JoinHandle<Vec<String>>,
}

impl Reader {
    async fn new(answers: &[&'static str]) -> Self {
        let (url, server) = answer_each(answers).await;
        let forge = ForgeEndpoint::bitbucket(&url.replace("/api/v3", "/2.0")).unwrap();
        let rules = AddressRules {
            allow_loopback: true,
            ..AddressRules::default()
        };
        Self {
            forges: ContentForges::new(Outbound::new(HttpOptions::default(), rules).unwrap()),
            repository: RepoPath::parse(ForgeKind::Bitbucket, "Acme/tools").unwrap(),
            credential: Credential {
                kind: CredentialKind::BitbucketRepository,
                forge: forge.clone(),
                token: Secret::new("s3cret"),
                username: None,
                email: None,
            },
            forge,
            server,
        }
    }

    fn place(&self) -> Place<'_> {
        Place {
            forge: &self.forge,
            repository: &self.repository,
            credential: Some(&self.credential),
            now: TestClock::new().now(),
        }
    }

    async fn resolve(&self) -> Result<Resolved, ReadError> {
        self.forges
            .of(ForgeKind::Bitbucket)
            .resolve(&self.place(), None, None)
            .await
            .answer
    }

    async fn open(&self, path: &str) -> Result<Opened, ReadError> {
        let path = FilePath::parse(path).unwrap();
        let api = self.forges.of(ForgeKind::Bitbucket);
        api.open(&self.place(), &ObjectId::sha1([0xab; 20]), &path).await.answer
    }

    async fn list(&self, directory: &str, page: Option<&str>) -> Result<Listed, ReadError> {
        let (commit, directory) = (ObjectId::sha1([0xab; 20]), FilePath::parse(directory).unwrap());
        let ask = ListAsk {
            commit: &commit,
            directory: &directory,
            tree: None,
            deep: false,
            page,
        };
        self.forges
            .of(ForgeKind::Bitbucket)
            .list(&self.place(), &ask)
            .await
            .answer
    }
}

macro_rules! ok {
    ($body:literal) => {
        concat!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", $body)
    };
}

macro_rules! found {
    ($location:literal) => {
        concat!(
            "HTTP/1.1 302 Found\r\nconnection: close\r\nlocation: ",
            $location,
            "\r\n\r\n"
        )
    };
}

#[tokio::test]
async fn the_default_branch_is_read_from_the_redirect_and_nobody_goes_there() {
    let hash = "0123456789abcdef0123456789abcdef01234567";
    for answer in [
        found!(
            "https://elsewhere.example/2.0/repositories/acme/tools/src/0123456789abcdef0123456789abcdef01234567/?pagelen=1"
        ),
        found!("/2.0/repositories/acme/tools/src/0123456789abcdef0123456789abcdef01234567/"),
        ok!(
            r#"{"values":[{"type":"commit_file","path":"a","commit":{"hash":"0123456789abcdef0123456789abcdef01234567"}}]}"#
        ),
    ] {
        let reader = Reader::new(&[answer]).await;
        let found = reader.resolve().await;
        assert!(
            matches!(&found, Ok(Resolved::At { commit, .. }) if commit.to_string() == hash),
            "{found:?}"
        );
        let request = reader.server.await.unwrap().remove(0);
        assert!(
            request.starts_with("GET /2.0/repositories/Acme/tools/src?pagelen=1 "),
            "{request}"
        );
        assert!(request.contains("authorization: Bearer s3cret\r\n"), "{request}");
    }
}

#[tokio::test]
async fn where_the_redirect_names_a_branch_the_repository_is_asked() {
    let reader = Reader::new(&[
        found!("/2.0/repositories/acme/tools/src/trunk/"),
        ok!(r#"{"mainbranch":{"name":"trunk/2"}}"#),
        ok!(r#"{"name":"trunk/2","target":{"hash":"0123456789abcdef0123456789abcdef01234567"}}"#),
    ])
    .await;
    let found = reader.resolve().await;
    assert!(
        matches!(&found, Ok(Resolved::At { default_branch: Some(name), .. }) if name == "trunk/2"),
        "{found:?}"
    );
    let requests = reader.server.await.unwrap();
    assert!(requests[2].contains("/refs/branches/trunk/2 "), "{}", requests[2]);
}

#[tokio::test]
async fn a_redirect_to_another_place_is_followed_by_nobody() {
    let moved = found!("/2.0/repositories/acme/new-tools/commits");
    let reader = Reader::new(&[moved, found!("https://sso.example/login"), found!("")]).await;
    let to = Some("acme/new-tools".to_owned());
    assert_eq!(reader.resolve().await, Err(ReadError::Moved { to }));
    for _ in 0..2 {
        let error = reader.resolve().await.unwrap_err();
        assert!(matches!(error, ReadError::Garbled(_)), "{error:?}");
    }
}

/// A file, whose name in the header is in no encoding that a header should have.
macro_rules! attached {
    ($headers:literal, $body:literal) => {
        concat!(
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-disposition: Attachment; filename=\"ü\"\r\n",
            $headers,
            "\r\n",
            $body
        )
    };
}

#[tokio::test]
async fn a_file_that_lies_is_not_taken() {
    let short = attached!("content-length: 1\r\n", "x");
    for answer in [
        ok!(r#"{"type":"commit_file","path":"b","size":1}"#),
        ok!(r#"{"type":"commit_file","path":"a","size":-1}"#),
        ok!(r#"{"type":"commit_file","path":"a","size":2}"#),
        ok!(r#"{"type":"commit_directory","path":"a"}"#),
        ok!(r#"{"type":"spell","path":"a"}"#),
        ok!(r#"{"type":"commit_file","path":"a","commit":{"hash":"0123456789abcdef0123456789abcdef01234567"}}"#),
        ok!("<html>Sign in</html>"),
    ] {
        let reader = Reader::new(&[short, answer]).await;
        let error = reader.open("a").await.unwrap_err();
        assert!(matches!(error, ReadError::Garbled(_)), "{answer}: {error:?}");
    }
    let told = ok!(r#"{"type":"commit_file","path":"a","size":1,"attributes":["executable"]}"#);
    let reader = Reader::new(&[short, told]).await;
    let opened = reader.open("a").await.unwrap();
    assert_eq!((opened.entry.kind, opened.entry.size), (EntryKind::Executable, Some(1)));
}

#[tokio::test]
async fn what_is_no_whole_file_is_not_taken_for_one() {
    let portal = ok!("<html>Sign in</html>");
    let encoded = attached!("content-encoding: gzip\r\ncontent-length: 2\r\n", "x\n");
    let part = "HTTP/1.1 206 Partial Content\r\nconnection: close\r\ncontent-disposition: attachment\r\n\r\nx\n";
    for answers in [&[portal, portal][..], &[encoded], &[part]] {
        let reader = Reader::new(answers).await;
        let error = reader.open("a").await.unwrap_err();
        assert!(matches!(error, ReadError::Garbled(_)), "{answers:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_cut_never_passes_for_a_file() {
    let reader = Reader::new(&[attached!("content-length: 9\r\n", "line\n")]).await;
    let error = reader.open("a").await.unwrap_err();
    assert!(matches!(error, ReadError::Down(_)), "{error:?}");
    let reader = Reader::new(&[attached!("content-length: 5000\r\n", "line\n")]).await;
    let opened = reader.open("a").await.unwrap();
    assert_eq!(opened.entry.size, Some(5000));
    let Body::Coming(stream) = opened.body else {
        panic!("{:?}", opened.body);
    };
    let read: Result<Vec<_>, _> = stream.bytes.try_collect().await;
    assert!(read.is_err(), "{read:?}");
}

/// Nothing says how long the file is: what was looked into comes again at its place.
#[tokio::test]
async fn a_file_of_unknown_length_comes_whole() {
    let long = "ab".repeat(5000);
    let answer = format!("{}{long}", attached!("", ""));
    let reader = Reader::new(&[answer.leak()]).await;
    let opened = reader.open("a").await.unwrap();
    assert_eq!((opened.entry.kind, opened.entry.size), (EntryKind::File, None));
    let Body::Coming(stream) = opened.body else {
        panic!("{:?}", opened.body);
    };
    let pieces: Vec<_> = stream.bytes.try_collect().await.unwrap();
    assert!(pieces.concat() == long.as_bytes());
    let reader = Reader::new(&[attached!("", "one\ntwo")]).await;
    let opened = reader.open("a").await.unwrap();
    assert_eq!((opened.entry.kind, opened.entry.size), (EntryKind::File, Some(7)));
    assert!(matches!(opened.body, Body::Here(bytes) if &bytes[..] == b"one\ntwo"));
}

#[tokio::test]
async fn a_directory_is_known_without_its_entries() {
    let entries = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\n\r\n{";
    let slash = "HTTP/1.1 301 Moved Permanently\r\nconnection: close\r\n\
        location: /2.0/repositories/acme/tools/src/abababababababababababababababababababab/a%20b/\r\n\r\n";
    for answer in [entries, slash] {
        let reader = Reader::new(&[answer]).await;
        let opened = reader.open("a b").await.unwrap();
        assert_eq!((opened.entry.kind, opened.entry.size), (EntryKind::Directory, None));
        assert!(matches!(opened.body, Body::Apart));
    }
}

#[tokio::test]
async fn a_path_is_encoded_part_by_part() {
    let reader = Reader::new(&[attached!("content-length: 2\r\n", "x\n")]).await;
    reader.open("a b/ü#?%2e+'").await.unwrap();
    let request = reader.server.await.unwrap().remove(0);
    let path = "src/abababababababababababababababababababab/a%20b/%C3%BC%23%3F%252e%2B%27 HTTP/1.1\r\n";
    assert!(
        request.contains(path) && request.contains("accept: */*\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn entries_that_walk_are_left_out() {
    let reader = Reader::new(&[ok!(
        r#"{"values":[{"type":"commit_file","path":"src/a","size":1},{"type":"commit_file","path":"src/../../x"},
        {"type":"commit_file","path":"etc/x"},{"type":"commit_file","path":"src/a/b"},{"type":"spell","path":"src/x"}]}"#
    )])
    .await;
    let listed = reader.list("src", None).await.unwrap();
    let paths: Vec<_> = listed.entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["src/a"]);
    let request = reader.server.await.unwrap().remove(0);
    assert!(
        request.contains("/src/abababababababababababababababababababab/src/?pagelen=100 "),
        "{request}"
    );
}

#[tokio::test]
async fn a_next_page_elsewhere_is_no_next_page() {
    for answer in [
        ok!(r#"{"values":[],"next":"https://evil.example/2.0/repositories/acme/tools/src/x/?page=2"}"#),
        ok!(r#"{"values":[],"next":"nonsense"}"#),
        ok!(r#"{"values":[],"next":""}"#),
    ] {
        let reader = Reader::new(&[answer]).await;
        let error = reader.list("", None).await.unwrap_err();
        assert!(matches!(error, ReadError::Garbled(_)), "{answer}: {error:?}");
    }
    let reader = Reader::new(&[]).await;
    for bad in [
        "https://evil.example/?page=2",
        "access_token=x",
        "pagelen=1",
        &"p".repeat(3000),
    ] {
        let error = reader.list("", Some(bad)).await.unwrap_err();
        assert!(matches!(error, ReadError::NotFound(_)), "{bad}: {error:?}");
    }
    assert!(reader.server.await.unwrap().is_empty());
}
