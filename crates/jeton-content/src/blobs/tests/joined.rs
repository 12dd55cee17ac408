//! Whose files and whose failures are whose.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, future::join_all};
use jeton_forge::content::BlobStream;

use super::{LARGE, all, at_once, blobs, file, forge, id_of, named, scope, settings};
use crate::{
    ContentError,
    blobs::{Arrival, Blobs, Fetch, seal::FRAME},
};

fn not_found(tried: &str) -> ContentError {
    ContentError::RepositoryNotFound {
        repository: "acme/tools".to_owned(),
        host: "github.com".to_owned(),
        tried: vec![tried.to_owned()],
        diagnoses: Vec::new(),
    }
}

fn tried(error: ContentError) -> Vec<String> {
    match error {
        ContentError::RepositoryNotFound { tried, .. } => tried,
        error => panic!("{error:?}"),
    }
}

fn brings(stream: BlobStream) -> Fetch {
    Fetch::new(async move || Ok(stream))
}

fn fails(tried: &'static str) -> Fetch {
    Fetch::new(async move || Err(not_found(tried)))
}

fn begin(blobs: &Blobs, bytes: &Bytes, path: &str, fetch: Fetch) -> Arrival {
    blobs.begin(&scope(), named("f"), Some(id_of(bytes)), "github.com", path, fetch)
}

#[tokio::test]
async fn a_file_of_one_forge_is_not_given_to_who_asks_another() {
    let directory = tempfile::tempdir().unwrap();
    let other: Arc<str> = Arc::from("gitlab https://evil.example.com/api/v4");
    for length in [100, LARGE] {
        let blobs = blobs(settings(Some(directory.path())));
        let text = file(length, 1);
        let id = id_of(&text);
        blobs
            .put(&scope(), Some(&id), "github.com", "f", text.clone())
            .await
            .unwrap();
        assert!(blobs.find(&scope(), &id).await.is_some());
        assert!(blobs.find_now(&other, &id).is_none());
        assert!(blobs.find(&other, &id).await.is_none());
        let fetch = Fetch::new(async || Err(not_found("evil")));
        let arrival = blobs.begin(&other, named("f"), Some(id), "evil.example.com", "f", fetch);
        assert_eq!(tried(arrival.whole().await.unwrap_err()), ["evil"]);
    }
}

#[tokio::test]
async fn a_fetch_is_joined_within_its_forge_and_under_its_name_only() {
    let blobs = blobs(settings(None));
    let text = file(100, 1);
    let (_open, stream) = forge(Some(100));
    let first = begin(&blobs, &text, "f", brings(stream));
    let other: Arc<str> = Arc::from("github https://github.example.com/api/v3");
    for (scope, name) in [(scope(), "another repository"), (other, "f")] {
        let fetch = fails("its own");
        let arrival = blobs.begin(&scope, named(name), Some(id_of(&text)), "github.com", "f", fetch);
        assert_eq!(tried(arrival.whole().await.unwrap_err()), ["its own"]);
    }
    assert!(first.whole().now_or_never().is_none());
}

#[tokio::test]
async fn who_joined_a_fetch_that_fails_gets_the_file_by_their_own() {
    let text = file(LARGE, 1);
    for how in 0..4 {
        let blobs = blobs(settings(None));
        let first = begin(&blobs, &text, "f", fails("another's"));
        let second = begin(&blobs, &text, "f", brings(at_once(&text, Some(LARGE), 9999)));
        match how {
            0 => assert_eq!(second.whole().await.unwrap().id(), id_of(&text)),
            1 => assert_eq!(second.ready().await.unwrap(), LARGE as u64),
            2 => assert_eq!(second.begun().await.unwrap(), Some(LARGE as u64)),
            _ => assert!(all(second.stream(Some(70_000..200_000))).await.unwrap() == text[70_000..200_000]),
        }
        assert!(all(second.stream(None)).await.unwrap() == text);
        assert_eq!(tried(first.whole().await.unwrap_err()), ["another's"]);
    }
}

#[tokio::test]
async fn everybody_is_told_of_their_own_failure() {
    let blobs = blobs(settings(None));
    let text = file(100, 1);
    let names = ["first", "second", "third", "fourth"];
    let arrivals = names.map(|name| begin(&blobs, &text, "f", fails(name)));
    for (name, arrival) in names.iter().zip(&arrivals) {
        assert_eq!(tried(arrival.ready().await.unwrap_err()), [*name]);
        assert_eq!(tried(all(arrival.stream(None)).await.unwrap_err()), [*name]);
    }
    assert!(
        begin(&blobs, &text, "f", brings(at_once(&text, None, 10)))
            .whole()
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn their_own_fetch_happens_once_however_many_wait() {
    let blobs = blobs(settings(None));
    let text = file(100, 1);
    let _first = begin(&blobs, &text, "f", fails("another's"));
    let (fetches, stream) = (Arc::new(AtomicUsize::new(0)), at_once(&text, None, 10));
    let counted = Arc::clone(&fetches);
    let second = begin(
        &blobs,
        &text,
        "f",
        Fetch::new(async move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(stream)
        }),
    );
    let clones: Vec<Arrival> = (0..8).map(|_| second.clone()).collect();
    for whole in join_all(clones.iter().map(Arrival::whole)).await {
        assert_eq!(whole.unwrap().id(), id_of(&text));
    }
    assert_eq!(fetches.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_failure_after_the_first_byte_ends_the_stream_and_names_no_path_of_another() {
    let blobs = blobs(settings(None));
    let (forge, stream) = forge(None);
    let _first = blobs.begin(&scope(), named("f"), None, "github.com", "secret", brings(stream));
    let second = blobs.begin(&scope(), named("f"), None, "github.com", "mine", fails("their own"));
    let mut reader = second.stream(None);
    let text = file(4_194_305, 1);
    forge.send(Ok(text.slice(..2 * FRAME))).unwrap();
    assert!(reader.next().await.unwrap().is_ok());
    forge.send(Ok(text.slice(2 * FRAME..))).unwrap();
    let error = all(reader).await.unwrap_err();
    assert!(
        matches!(&error, ContentError::TooLarge { path, .. } if path == "mine"),
        "{error:?}"
    );
}

#[tokio::test]
async fn wrong_bytes_are_not_asked_for_again_by_each() {
    let blobs = blobs(settings(None));
    let (text, wrong) = (file(100, 1), file(100, 2));
    let _first = begin(&blobs, &text, "f", brings(at_once(&wrong, None, 10)));
    let second = begin(&blobs, &text, "f", fails("their own"));
    assert!(matches!(second.whole().await, Err(ContentError::Mismatch { .. })));
}

#[tokio::test]
async fn who_joins_lets_go_of_what_they_have_open() {
    let blobs = blobs(settings(None));
    let text = file(100, 1);
    let (theirs, stream) = forge(Some(100));
    let _first = begin(&blobs, &text, "f", brings(stream));
    let (own, stream) = forge(Some(100));
    let again = at_once(&text, Some(100), 10);
    let second = begin(&blobs, &text, "f", brings(again).with(stream));
    assert!(own.is_closed() && !theirs.is_closed());
    drop(theirs);
    assert_eq!(second.whole().await.unwrap().id(), id_of(&text));
    // Whose fetch it is takes what is open.
    let other = file(100, 2);
    let fetch = fails("nobody").with(at_once(&other, None, 10));
    let alone = blobs.begin(&scope(), named("g"), None, "github.com", "g", fetch);
    assert_eq!(alone.whole().await.unwrap().id(), id_of(&other));
}
