use bytes::Bytes;
use jeton_domain::ObjectId;

use super::{LARGE, at_once, blobs, file, id_of, named, scope, settings};
use crate::{
    ContentError, Encoding,
    blobs::{Fetch, seal::FRAME},
};

const EMPTY: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
const EMPTY_SHA256: &str = "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813";
const HELLO: &str = "ce013625030ba8dba906f756967f9e9ca394464a";

fn id(text: &str) -> ObjectId {
    text.parse().unwrap()
}

#[tokio::test]
async fn ids_are_those_of_git() {
    let blobs = blobs(settings(None));
    let put = async |expected: Option<&str>, bytes: &'static [u8]| {
        let expected = expected.map(id);
        blobs
            .put(
                &scope(),
                expected.as_ref(),
                "github.com",
                "a",
                Bytes::from_static(bytes),
            )
            .await
            .unwrap()
    };
    assert_eq!(put(None, b"").await.id(), id(EMPTY));
    assert_eq!(put(Some(EMPTY_SHA256), b"").await.id(), id(EMPTY_SHA256));
    assert_eq!(put(None, b"hello\n").await.id(), id(HELLO));
    assert!(blobs.find(&scope(), &id(HELLO)).await.is_some());
    assert_eq!(
        blobs.find_now(&scope(), &id(HELLO)).unwrap().in_memory().unwrap(),
        "hello\n"
    );
    assert!(blobs.find(&scope(), &id_of(b"other")).await.is_none());
}

#[tokio::test]
async fn an_empty_file_comes() {
    let blobs = blobs(settings(None));
    for size in [Some(0), None] {
        let stream = at_once(&Bytes::new(), size, 1);
        let arrival = blobs.begin(
            &scope(),
            named("x"),
            None,
            "github.com",
            "x",
            Fetch::new(async move || Ok(stream)),
        );
        assert_eq!(super::all(arrival.stream(None)).await.unwrap(), b"");
        assert_eq!(arrival.ready().await.unwrap(), 0);
        assert_eq!(arrival.whole().await.unwrap().id(), id(EMPTY));
    }
}

#[tokio::test]
async fn other_bytes_than_those_of_the_id_are_not_kept() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = blobs(settings(Some(directory.path())));
    for length in [10, LARGE] {
        let (right, wrong) = (file(length, 1), file(length, 2));
        let id = id_of(&right);
        let error = blobs
            .put(&scope(), Some(&id), "github.com", "a", wrong.clone())
            .await
            .unwrap_err();
        assert!(
            matches!(&error, ContentError::Mismatch { host, object } if host == "github.com" && *object == id.to_string())
        );
        assert!(blobs.find(&scope(), &id).await.is_none());
        assert!(blobs.find(&scope(), &id_of(&wrong)).await.is_none());
        assert!(blobs.put(&scope(), Some(&id), "github.com", "a", right).await.is_ok());
    }
    assert_eq!(super::names(directory.path()).len(), 1);
}

#[tokio::test]
async fn facts_come_with_the_file() {
    let blobs = blobs(settings(None));
    for length in [1000, LARGE] {
        let text = file(length, 3);
        let blob = blobs
            .put(&scope(), None, "github.com", "a", text.clone())
            .await
            .unwrap();
        assert_eq!(blob.facts().encoding, Encoding::Utf8);
        assert_eq!(
            blob.facts().lines,
            std::str::from_utf8(&text).unwrap().lines().count() as u64
        );
        let lines = blob.lines(20..23).await.unwrap();
        let found: Vec<&str> = lines.strs().unwrap().collect();
        let expected: Vec<&str> = std::str::from_utf8(&text).unwrap().lines().skip(20).take(3).collect();
        assert_eq!(found, expected);
        assert_eq!(blob.locate(20..23).await.unwrap(), lines.bytes);
        assert_eq!(blob.lines_within(20..23, 60).await.unwrap().range, 20..22);
        assert_eq!(blob.chunk(100, 50).await.unwrap(), text.slice(100..150));
    }
}

#[tokio::test]
async fn any_range_is_those_bytes() {
    let blobs = blobs(settings(None));
    for length in [1000, 2 * FRAME, 2 * FRAME + 1, LARGE] {
        let text = file(length, 4);
        let blob = blobs
            .put(&scope(), None, "github.com", "a", text.clone())
            .await
            .unwrap();
        assert_eq!(blob.in_memory().is_some(), length == 1000);
        let edges = [
            0,
            1,
            999,
            FRAME - 1,
            FRAME,
            FRAME + 1,
            2 * FRAME,
            length / 2,
            length - 1,
            length,
        ];
        let pairs = edges
            .iter()
            .flat_map(|start| edges.iter().map(move |end| (*start, *end)));
        for (start, end) in pairs.filter(|(start, end)| start <= end && *end <= length) {
            let range = start as u64..end as u64;
            assert_eq!(blob.read(range.clone()).await.unwrap(), text.slice(start..end));
            assert_eq!(super::all(blob.stream(range)).await.unwrap(), text.slice(start..end));
        }
        #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
        for bad in [0..length as u64 + 1, 5..4, u64::MAX - 1..u64::MAX] {
            assert!(matches!(blob.read(bad.clone()).await, Err(ContentError::Range(_))));
            assert!(matches!(
                super::all(blob.stream(bad)).await,
                Err(ContentError::Range(_))
            ));
        }
    }
}
