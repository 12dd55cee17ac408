//! Connections that a forge kept open and closes just when the next question comes.

use futures_util::TryStreamExt as _;
use jeton_domain::{Clock as _, FilePath, ForgeEndpoint, ForgeKind, ObjectId, RepoPath};
use jeton_forge::{
    AddressRules, HttpOptions, Outbound,
    content::{BlobStream, ContentForges, ListAsk, Listed, Place, ReadError},
};
use tokio::{io::AsyncWriteExt as _, net::TcpListener, task::JoinHandle};

use crate::{raw::read_request, world::TestClock};

/// What the server does with one request.
#[derive(Clone, Copy)]
enum Act {
    /// Answers with this body, and keeps the connection.
    Answer(&'static str),
    /// Reads it and closes the connection.
    Close,
    /// Begins to answer, and closes the connection.
    CloseInBody,
}

use Act::{Answer, Close, CloseInBody};

/// Takes one connection after the other, each until it is closed; gives back how many requests came.
async fn serve(connections: &[&[Act]]) -> (String, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections: Vec<Vec<Act>> = connections.iter().map(|acts| acts.to_vec()).collect();
    let task = tokio::spawn(async move {
        let mut requests = 0;
        for acts in connections {
            let (mut stream, _) = listener.accept().await.unwrap();
            for act in acts {
                read_request(&mut stream).await;
                requests += 1;
                let text = match act {
                    Answer(body) => format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()),
                    CloseInBody => "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[".to_owned(),
                    Close => String::new(),
                };
                stream.write_all(text.as_bytes()).await.unwrap();
            }
        }
        requests
    });
    (url, task)
}

/// Somebody without a token, who reads `acme/tools`.
struct Reader {
    forges: ContentForges,
    forge: ForgeEndpoint,
    repository: RepoPath,
}

impl Reader {
    fn new(kind: ForgeKind, url: &str) -> Self {
        let forge = match kind {
            ForgeKind::GitHub => ForgeEndpoint::github(&format!("{url}/api/v3")),
            ForgeKind::GitLab => ForgeEndpoint::gitlab(url),
            ForgeKind::Bitbucket => ForgeEndpoint::bitbucket(&format!("{url}/2.0")),
        };
        let rules = AddressRules {
            allow_loopback: true,
            ..AddressRules::default()
        };
        Self {
            forges: ContentForges::new(Outbound::new(HttpOptions::default(), rules).unwrap()),
            forge: forge.unwrap(),
            repository: RepoPath::parse(kind, "acme/tools").unwrap(),
        }
    }

    fn place(&self) -> Place<'_> {
        Place {
            forge: &self.forge,
            repository: &self.repository,
            credential: None,
            now: TestClock::new().now(),
        }
    }

    /// A question whose answer comes whole.
    async fn list(&self) -> Result<Listed, ReadError> {
        let (commit, directory) = (ObjectId::sha1([0xab; 20]), FilePath::root());
        let ask = ListAsk {
            commit: &commit,
            directory: &directory,
            tree: None,
            deep: false,
            page: None,
        };
        let forge = self.forges.of(self.forge.kind());
        forge.list(&self.place(), &ask).await.answer
    }

    /// One whose answer is a stream.
    async fn blob(&self) -> Result<BlobStream, ReadError> {
        let (commit, path) = (ObjectId::sha1([0xab; 20]), FilePath::parse("a").unwrap());
        let forge = self.forges.of(self.forge.kind());
        forge.blob(&self.place(), &commit, &path, Some(&commit)).await.answer
    }
}

/// Each forge, with a listing of nothing as it writes that.
const FORGES: [(ForgeKind, &str); 3] = [
    (ForgeKind::GitHub, r#"{"tree":[]}"#),
    (ForgeKind::GitLab, "[]"),
    (ForgeKind::Bitbucket, r#"{"values":[]}"#),
];

async fn all(stream: BlobStream) -> Vec<u8> {
    let pieces: Vec<_> = stream.bytes.try_collect().await.unwrap();
    pieces.concat()
}

#[tokio::test]
async fn a_question_that_was_cut_is_asked_once_more() {
    for (kind, nothing) in FORGES {
        let (url, server) = serve(&[
            &[Answer(nothing), Close],
            &[Answer(nothing), Answer("bytes"), Close],
            &[Answer("bytes")],
        ])
        .await;
        let reader = Reader::new(kind, &url);
        for _ in 0..2 {
            assert_eq!(reader.list().await.unwrap().entries, [], "{kind:?}");
        }
        for _ in 0..2 {
            assert_eq!(all(reader.blob().await.unwrap()).await, b"bytes", "{kind:?}");
        }
        assert_eq!(server.await.unwrap(), 6, "{kind:?}");
    }
}

#[tokio::test]
async fn a_question_that_is_cut_again_is_not_asked_a_third_time() {
    for (kind, nothing) in FORGES {
        let (url, server) = serve(&[&[Answer(nothing), Close], &[Close], &[Close], &[Close]]).await;
        let reader = Reader::new(kind, &url);
        reader.list().await.unwrap();
        let error = reader.list().await.unwrap_err();
        assert!(matches!(error, ReadError::Down(_)), "{kind:?}: {error:?}");
        let error = reader.blob().await.unwrap_err();
        assert!(matches!(error, ReadError::Down(_)), "{kind:?}: {error:?}");
        assert_eq!(server.await.unwrap(), 5, "{kind:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_cut_on_its_way_is_not_asked_for_again() {
    for (kind, _) in FORGES {
        let (url, server) = serve(&[&[CloseInBody]]).await;
        let reader = Reader::new(kind, &url);
        let stream = reader.blob().await.unwrap();
        let read: Result<Vec<_>, _> = stream.bytes.try_collect().await;
        assert!(read.is_err(), "{kind:?}: {read:?}");
        assert_eq!(server.await.unwrap(), 1, "{kind:?}");
    }
}
