//! Content from a server of a few lines that answers what no simulator would, and shows what it was asked.

use jeton_domain::{Clock as _, Credential, FilePath, ForgeEndpoint, ForgeKind, ObjectId, RefName, RepoPath};
use jeton_forge::{
    HttpOptions,
    content::{Body, CommitsAsk, ContentForges, EntryKind, ListAsk, Listed, Opened, Place, ReadError, Resolved, Told},
};
use tokio::task::JoinHandle;

use super::Fits;
use crate::{
    gitlab::{credential, outbound},
    raw::answer_each,
    world::TestClock,
};

/// A reader of `acme/sub/to ols`, whose forge answers so.
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
        let credential = credential(&url.replace("/api/v3", "/lab"), "s3cret");
        Self {
            forges: ContentForges::new(outbound(HttpOptions::default())),
            forge: credential.forge.clone(),
            repository: RepoPath::parse(ForgeKind::GitLab, "acme/sub/to ols").unwrap(),
            credential,
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

    async fn resolve(&self, name: Option<&str>, known: Option<&str>) -> Told<Resolved> {
        let name = name.map(|name| RefName::parse(name).unwrap());
        let api = self.forges.of(ForgeKind::GitLab);
        api.resolve(&self.place(), name.as_ref(), known).await
    }

    async fn open(&self, path: &str) -> Result<Opened, ReadError> {
        let path = FilePath::parse(path).unwrap();
        let api = self.forges.of(ForgeKind::GitLab);
        api.open(&self.place(), &ObjectId::sha1([0xab; 20]), &path).await.answer
    }

    async fn list(&self, directory: &str, deep: bool, page: Option<&str>) -> Result<Listed, ReadError> {
        let (commit, directory) = (ObjectId::sha1([0xab; 20]), FilePath::parse(directory).unwrap());
        let ask = ListAsk {
            commit: &commit,
            directory: &directory,
            tree: None,
            deep,
            page,
        };
        self.forges.of(ForgeKind::GitLab).list(&self.place(), &ask).await.answer
    }
}

macro_rules! ok {
    ($headers:literal, $body:literal) => {
        concat!("HTTP/1.1 200 OK\r\nconnection: close\r\n", $headers, "\r\n", $body)
    };
}

#[tokio::test]
async fn a_request_carries_the_token_and_the_condition_in_headers_alone() {
    let reader = Reader::new(&["HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n"]).await;
    let told = reader.resolve(Some("feature/a&b=c#d"), Some("W/\"x\"")).await;
    assert_eq!(told.answer, Ok(Resolved::Unchanged));
    let request = reader.server.await.unwrap().remove(0);
    assert!(
        request.starts_with(
            "GET /lab/api/v4/projects/acme%2Fsub%2Fto%20ols/repository/commits?per_page=1&ref_name=feature%2Fa%26b%3Dc%23d HTTP/1.1"
        ),
        "{request}"
    );
    assert!(request.contains("private-token: s3cret\r\n") && request.contains("if-none-match: W/\"x\"\r\n"));
    assert_eq!(request.matches("s3cret").count(), 1);
}

/// A file of three bytes and a line end among them, with one thing of it replaced.
fn file(from: &str, to: &str) -> &'static str {
    let body = r#"{"size":3,"encoding":"base64","content":"aGkK","blob_id":"0123456789abcdef0123456789abcdef01234567",
        "commit_id":"abababababababababababababababababababab","execute_filemode":false}"#;
    assert!(body.contains(from), "{from}");
    ok(&body.replace(from, to))
}

fn ok(body: &str) -> &'static str {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}").leak()
}

/// A success that is too large to come along.
macro_rules! large {
    () => {
        ok!("content-length: 999999999999\r\n", "")
    };
}

#[tokio::test]
async fn a_path_is_one_encoded_segment() {
    let reader = Reader::new(&[
        large!(),
        ok!(
            "x-gitlab-size: 12\r\nx-gitlab-blob-id: 0123456789abcdef0123456789abcdef01234567\r\n\
            x-gitlab-execute-filemode: true\r\ncontent-length: 999999999999\r\n",
            ""
        ),
    ])
    .await;
    let opened = reader.open("a b/ü#?%2e+'.rs").await.unwrap();
    assert!(matches!(opened.body, Body::Apart));
    assert_eq!(
        (opened.entry.kind, opened.entry.size),
        (EntryKind::Executable, Some(12))
    );
    let path = "files/a%20b%2F%C3%BC%23%3F%252e%2B%27.rs?ref=abababababababababababababababababababab ";
    for (request, method) in reader.server.await.unwrap().iter().zip(["GET ", "HEAD "]) {
        assert!(request.starts_with(method) && request.contains(path), "{request}");
    }
}

/// GitLab shows a submodule as a file without a byte.
#[tokio::test]
async fn a_submodule_is_no_empty_file() {
    let submodule = file(
        r#""size":3,"encoding":"base64","content":"aGkK""#,
        r#""size":0,"encoding":"base64","content":"""#,
    );
    let empty = submodule.replace(
        "0123456789abcdef0123456789abcdef01234567",
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    );
    let reader = Reader::new(&[submodule, empty.leak()]).await;
    let opened = reader.open("vendor").await.unwrap();
    assert_eq!((opened.entry.kind, opened.entry.size), (EntryKind::Submodule, None));
    assert!(matches!(opened.body, Body::Apart));
    assert_eq!(reader.open("empty").await.unwrap().entry.kind, EntryKind::File);
}

#[tokio::test]
async fn a_file_that_comes_along_and_lies_is_not_taken() {
    let reader = Reader::new(&[file("aGkK", "aGkK")]).await;
    assert!(matches!(reader.open("a").await.unwrap().body, Body::Here(bytes) if &bytes[..] == b"hi\n"));
    let of = "abababababababababababababababababababab";
    for answer in [
        file(r#""size":3"#, r#""size":4"#),
        file(r#""size":3"#, r#""size":0"#),
        file(r#""size":3"#, r#""size":-3"#),
        file("aGkK", "aGk"),
        file("aGkK", "aG<K"),
        file(r#""base64""#, r#""text""#),
        file(r#""content":"aGkK","#, ""),
        file("0123456789abcdef0123456789abcdef01234567", "../../x"),
        file(of, "0123456789abcdef0123456789abcdef01234567"),
        file(of, "main"),
        ok("<html>please sign in</html>"),
        ok(""),
    ] {
        let reader = Reader::new(&[answer]).await;
        let error = reader.open("a").await.unwrap_err();
        assert!(matches!(error, ReadError::Garbled(_)), "{answer}: {error:?}");
    }
}

#[tokio::test]
async fn a_large_file_that_lies_is_not_taken() {
    for answer in [
        ok!("x-gitlab-size: 1\r\n", ""),
        ok!("x-gitlab-size: 1\r\nx-gitlab-blob-id: ../../x\r\n", ""),
        ok!(
            "x-gitlab-size: -1\r\nx-gitlab-blob-id: 0123456789abcdef0123456789abcdef01234567\r\n",
            ""
        ),
        ok!(
            "x-gitlab-size: 1\r\nx-gitlab-blob-id: 0123456789abcdef0123456789abcdef01234567\r\n\
            x-gitlab-commit-id: 0123456789abcdef0123456789abcdef01234567\r\n",
            ""
        ),
    ] {
        let reader = Reader::new(&[large!(), answer]).await;
        let error = reader.open("a").await.unwrap_err();
        assert!(matches!(error, ReadError::Garbled(_)), "{answer}: {error:?}");
    }
}

#[tokio::test]
async fn entries_that_walk_are_left_out_and_ids_that_are_none_are_not() {
    let reader = Reader::new(&[
        ok!(
            "",
            r#"[{"id":"0123456789abcdef0123456789abcdef01234567","name":"a","type":"blob","path":"src/a","mode":"100644"},
            {"id":"0123456789abcdef0123456789abcdef01234567","name":"x","type":"blob","path":"src/../../x","mode":"100644"},
            {"id":"0123456789abcdef0123456789abcdef01234567","name":"x","type":"blob","path":"etc/x","mode":"100644"},
            {"id":"0123456789abcdef0123456789abcdef01234567","name":"x","type":"blob","path":"src/\u0000","mode":"100644"},
            {"id":"0123456789abcdef0123456789abcdef01234567","name":"x","type":"spell","path":"src/x","mode":"100644"}]"#
        ),
        ok!("", r#"[{"id":"HEAD","name":"a","type":"blob","path":"src/a","mode":"100644"}]"#),
        ok!("", r#"{"entries":[]}"#),
    ])
    .await;
    let listed = reader.list("src", true, None).await.unwrap();
    let paths: Vec<_> = listed.entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!((paths, listed.cut), (vec!["src/a"], false));
    for _ in 0..2 {
        let error = reader.list("src", true, None).await.unwrap_err();
        assert!(matches!(error, ReadError::Garbled(_)), "{error:?}");
    }
    let requests = reader.server.await.unwrap();
    assert!(
        requests[0]
            .contains("tree?ref=abababababababababababababababababababab&path=src&recursive=true&pagination=none "),
        "{}",
        requests[0]
    );
}

#[tokio::test]
async fn the_next_page_is_a_place_and_no_address() {
    let link = ok!(
        "link: <http://127.0.0.1:1/evil?page_token=a%26b&private_token=x>; rel=\"next\"\r\n",
        r#"[{"id":"0123456789abcdef0123456789abcdef01234567","name":"a","type":"tree","path":"a","mode":"040000"}]"#
    );
    let reader = Reader::new(&[link, link]).await;
    let first = reader.list("", false, None).await.unwrap();
    assert_eq!(first.next.as_deref(), Some("a&b"));
    // the second page leads to itself
    let error = reader.list("", false, first.next.as_deref()).await.unwrap_err();
    assert!(matches!(error, ReadError::Garbled(_)), "{error:?}");
    let error = reader.list("", true, first.next.as_deref()).await.unwrap_err();
    assert!(matches!(error, ReadError::NotFound(_)), "{error:?}");
    let requests = reader.server.await.unwrap();
    let wanted = "/lab/api/v4/projects/acme%2Fsub%2Fto%20ols/repository/tree?ref=abababababababababababababababababababab\
        &pagination=keyset&per_page=100&page_token=a%26b ";
    assert!(requests[1].contains(wanted), "{}", requests[1]);
}

macro_rules! moved {
    ($location:literal) => {
        concat!(
            "HTTP/1.1 301 Moved Permanently\r\nconnection: close\r\nlocation: ",
            $location,
            "\r\n\r\n"
        )
    };
}

#[tokio::test]
async fn a_project_that_moved_is_told() {
    let reader = Reader::new(&[
        moved!("/lab/api/v4/projects/42/repository/commits"),
        moved!("/lab/api/v4/projects/acme%2Fnew/repository/commits"),
        moved!("/lab/api/v4/projects/acme%2Fsub%2Fto%20ols/repository/commits"),
        moved!("https://sso.example/lab/api/v4/projects/42"),
        moved!("/users/sign_in"),
    ])
    .await;
    for to in [None, Some("acme/new".to_owned())] {
        assert_eq!(reader.resolve(None, None).await.answer, Err(ReadError::Moved { to }));
    }
    for _ in 0..3 {
        let error = reader.resolve(None, None).await.answer.unwrap_err();
        assert!(matches!(error, ReadError::Garbled(_)), "{error:?}");
    }
}

#[tokio::test]
async fn pages_of_others_are_no_word_of_gitlabs() {
    for answer in [
        ok!("content-type: text/html\r\n", "<html>Sign in</html>"),
        "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n<html>no such page</html>",
        "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n<html>no</html>",
        "HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n",
        ok!("", r#"[{"id":"main"}]"#),
    ] {
        let reader = Reader::new(&[answer]).await;
        let error = reader.resolve(None, None).await.answer.unwrap_err();
        assert!(matches!(error, ReadError::Garbled(_)), "{answer}: {error:?}");
    }
}

/// Some versions answer an unknown name with an empty list.
#[tokio::test]
async fn a_name_without_commits_is_looked_into() {
    let name = |error: &ReadError| matches!(error, ReadError::NoSuchName(_));
    let empty = |error: &ReadError| *error == ReadError::Empty;
    let gone = |error: &ReadError| matches!(error, ReadError::NotFound(_));
    let none = ok!("", "[]");
    let absent = "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n{\"message\":\"404 Commit Not Found\"}";
    let project = "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n{\"message\":\"404 Project Not Found\"}";
    let narrow = "HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n\
        {\"error\":\"insufficient_scope\",\"error_description\":\"x\",\"scope\":\"api read_api\"}";
    let cases: [(&[&'static str], Fits<'_>); 5] = [
        (&[none, ok!("", r#"{"empty_repo":false}"#)], &name),
        (&[absent, ok!("", r#"{"empty_repo":true}"#)], &empty),
        (&[absent, narrow], &name),
        (&[absent, project], &gone),
        (&[project], &gone),
    ];
    for (answers, fits) in cases {
        let reader = Reader::new(answers).await;
        let error = reader.resolve(Some("no"), None).await.answer.unwrap_err();
        assert!(fits(&error), "{answers:?}: {error:?}");
        assert_eq!(reader.server.await.unwrap().len(), answers.len());
    }
}

#[tokio::test]
async fn a_commit_that_lies_is_not_taken() {
    for answer in [
        ok!(
            "",
            r#"[{"id":"x","authored_date":"2024-01-01T00:00:00Z","committed_date":"2024-01-01T00:00:00Z"}]"#
        ),
        ok!(
            "",
            r#"[{"id":"0123456789abcdef0123456789abcdef01234567","authored_date":"soon","committed_date":"2024-01-01T00:00:00Z"}]"#
        ),
        ok!(
            "",
            r#"[{"id":"0123456789abcdef0123456789abcdef01234567","parent_ids":["1"],"authored_date":"2024-01-01T00:00:00Z","committed_date":"2024-01-01T00:00:00Z"}]"#
        ),
    ] {
        let reader = Reader::new(&[answer]).await;
        let (from, path) = (ObjectId::sha1([0xab; 20]), FilePath::root());
        let ask = CommitsAsk {
            from: &from,
            path: &path,
            since: None,
            until: None,
            page: None,
        };
        let told = reader.forges.of(ForgeKind::GitLab).commits(&reader.place(), &ask).await;
        assert!(matches!(told.answer, Err(ReadError::Garbled(_))), "{answer}: {told:?}");
    }
}
