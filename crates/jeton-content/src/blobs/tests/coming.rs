use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, future::join_all};
use jeton_domain::{Code, Coded as _};
use jeton_outbound::OutboundError;
use tokio::sync::oneshot;

use super::{LARGE, all, at_once, blobs, file, forge, id_of, named, scope, settings};
use crate::{
    ContentError,
    blobs::{Arrival, Blobs, Fetch, seal::FRAME},
};

fn begin(blobs: &Blobs, bytes: &Bytes, stream: jeton_forge::content::BlobStream) -> Arrival {
    blobs.begin(
        &scope(),
        named("f"),
        Some(id_of(bytes)),
        "github.com",
        "f",
        Fetch::new(async move || Ok(stream)),
    )
}

#[tokio::test]
async fn followers_get_the_bytes_while_they_come() {
    for announced in [true, false] {
        let blobs = blobs(settings(None));
        let text = file(LARGE, 1);
        let (forge, stream) = forge(announced.then_some(LARGE));
        let arrival = begin(&blobs, &text, stream);
        let mut early = arrival.stream(None);
        forge.send(Ok(text.slice(..2 * FRAME + 5))).unwrap();
        let mut got = early.next().await.unwrap().unwrap().to_vec();
        assert_eq!(got, text[..got.len()]);
        // Two frames are there for whoever comes now, before anything else comes.
        while got.len() < 2 * FRAME {
            got.extend_from_slice(&early.next().await.unwrap().unwrap());
        }
        let mut late = arrival.stream(Some(FRAME as u64 - 3..LARGE as u64));
        let mut part = late.next().await.unwrap().unwrap().to_vec();
        assert!(arrival.whole().now_or_never().is_none());
        for start in (2 * FRAME + 5..LARGE).step_by(777) {
            forge.send(Ok(text.slice(start..(start + 777).min(LARGE)))).unwrap();
        }
        drop(forge);
        got.extend(all(early).await.unwrap());
        part.extend(all(late).await.unwrap());
        assert!(got == text && part == text[FRAME - 3..]);
        assert_eq!(arrival.whole().await.unwrap().id(), id_of(&text));
        assert!(all(arrival.stream(None)).await.unwrap() == text);
    }
}

#[tokio::test]
async fn followers_of_a_small_file_get_it_while_it_comes() {
    let blobs = blobs(settings(None));
    let text = file(1000, 1);
    let (forge, stream) = forge(Some(1000));
    let arrival = begin(&blobs, &text, stream);
    assert_eq!(arrival.ready().await.unwrap(), 1000);
    let mut early = arrival.stream(None);
    forge.send(Ok(text.slice(..600))).unwrap();
    let first = early.next().await.unwrap().unwrap();
    assert_eq!(first, text[..first.len()]);
    forge.send(Ok(text.slice(600..))).unwrap();
    drop(forge);
    assert_eq!([first.to_vec(), all(early).await.unwrap()].concat(), text);
}

#[tokio::test]
async fn the_last_byte_waits_until_all_is_known_to_be_right() {
    for length in [1000, 2 * FRAME, LARGE] {
        for announced in [true, false] {
            let blobs = blobs(settings(None));
            let (text, wrong) = (file(length, 1), file(length, 2));
            let arrival = begin(&blobs, &text, at_once(&wrong, announced.then_some(length), 999));
            for range in [None, Some(0..length as u64), Some(0..100)] {
                let end = range.as_ref().map_or(length as u64, |range| range.end);
                let mut stream = arrival.stream(range);
                let mut got = 0;
                let error = loop {
                    match stream.next().await.expect("it never ends well") {
                        Ok(piece) => got += piece.len() as u64,
                        Err(error) => break error,
                    }
                };
                assert!(got < end);
                assert!(matches!(error, ContentError::Mismatch { .. }));
                assert!(stream.next().await.is_none());
            }
            assert!(matches!(arrival.whole().await, Err(ContentError::Mismatch { .. })));
            assert!(blobs.find(&scope(), &id_of(&wrong)).await.is_none());
        }
    }
}

#[tokio::test]
async fn a_cut_stream_is_an_error_of_the_forge_and_leaves_nothing() {
    for length in [1000, LARGE] {
        let cases = [
            (Some(length), None, Code::ForgeUnavailable),
            (Some(length), Some(OutboundError::Timeout), Code::ForgeTimeout),
            (
                None,
                Some(OutboundError::Cut("reset".to_owned())),
                Code::ForgeUnavailable,
            ),
        ];
        for (announced, error, code) in cases {
            let directory = tempfile::tempdir().unwrap();
            let blobs = blobs(settings(Some(directory.path())));
            let text = file(length, 1);
            let (forge, stream) = forge(announced);
            forge.send(Ok(text.slice(..length - 1))).unwrap();
            if let Some(error) = error {
                forge.send(Err(error)).unwrap();
            }
            drop(forge);
            let arrival = begin(&blobs, &text, stream);
            let error = arrival.whole().await.unwrap_err();
            assert_eq!(error.code(), code);
            assert!(error.to_string().contains("github.com"), "{error}");
            assert_eq!(all(arrival.stream(None)).await.unwrap_err().code(), code);
            assert!(blobs.find(&scope(), &id_of(&text)).await.is_none());
            assert!(super::names(directory.path()).is_empty());
        }
    }
}

#[tokio::test]
async fn more_than_announced_is_refused() {
    let blobs = blobs(settings(None));
    let text = file(1000, 1);
    let arrival = begin(&blobs, &text, at_once(&text, Some(999), 100));
    assert_eq!(arrival.whole().await.unwrap_err().code(), Code::ForgeGarbled);
}

#[tokio::test]
async fn too_large_is_said_before_the_first_byte_where_it_is_announced() {
    let blobs = blobs(settings(None));
    let too_large = |error: ContentError| {
        assert!(matches!(error, ContentError::TooLarge { path, limit: 4_194_304, by_forge: false } if path == "f"));
    };
    let (forge_open, stream) = forge(Some(4_194_305));
    let arrival = begin(&blobs, &Bytes::new(), stream);
    too_large(arrival.ready().await.unwrap_err());
    drop(forge_open);
    let text = file(4_194_305, 1);
    too_large(
        begin(&blobs, &text, at_once(&text, None, 100_000))
            .whole()
            .await
            .unwrap_err(),
    );
    too_large(
        blobs
            .put(&scope(), None, "github.com", "f", text.clone())
            .await
            .unwrap_err(),
    );
    let most = text.slice(1..);
    assert!(
        begin(&blobs, &most, at_once(&most, None, 100_000))
            .whole()
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_size_that_was_not_announced_is_known_at_the_end() {
    let blobs = blobs(settings(None));
    let text = file(LARGE, 1);
    let (forge, stream) = forge(None);
    let arrival = begin(&blobs, &text, stream);
    forge.send(Ok(text.clone())).unwrap();
    assert_eq!(arrival.stream(None).next().await.unwrap().unwrap(), text[..FRAME]);
    assert_eq!(arrival.size(), None);
    // Whoever only waits for its beginning need not wait any longer.
    assert_eq!(arrival.begun().await.unwrap(), None);
    assert!(arrival.ready().now_or_never().is_none());
    drop(forge);
    assert_eq!(arrival.ready().await.unwrap(), LARGE as u64);
    assert_eq!(arrival.begun().await.unwrap(), Some(LARGE as u64));
    assert_eq!(arrival.size(), Some(LARGE as u64));
}

#[tokio::test]
async fn a_hundred_askers_share_one_fetch() {
    let blobs = blobs(settings(None));
    let text = file(LARGE, 1);
    let fetches = Arc::new(AtomicUsize::new(0));
    let (forge, stream) = forge(Some(LARGE));
    let stream = Arc::new(std::sync::Mutex::new(Some(stream)));
    let arrivals: Vec<Arrival> = (0..100)
        .map(|asker| {
            let (fetches, stream) = (Arc::clone(&fetches), Arc::clone(&stream));
            let fetch = Fetch::new(async move || {
                fetches.fetch_add(1, Ordering::Relaxed);
                Ok(stream.lock().unwrap().take().unwrap())
            });
            // Some do not know yet what it is.
            let id = (asker % 2 == 0).then(|| id_of(&text));
            blobs.begin(&scope(), named("same"), id, "github.com", "f", fetch)
        })
        .collect();
    let readers = join_all(arrivals.iter().map(|arrival| all(arrival.stream(None))));
    for start in (0..LARGE).step_by(10_000) {
        forge.send(Ok(text.slice(start..(start + 10_000).min(LARGE)))).unwrap();
    }
    drop(forge);
    for read in readers.await {
        assert!(read.unwrap() == text);
    }
    assert_eq!(fetches.load(Ordering::Relaxed), 1);
    // And later ones need none.
    let (_, stream) = super::forge(None);
    assert!(begin(&blobs, &text, stream).whole().await.is_ok());
}

#[tokio::test]
async fn a_name_alone_is_shared_and_another_id_is_not() {
    let blobs = blobs(settings(None));
    let (one, two) = (file(100, 1), file(100, 2));
    let (forge, stream) = forge(None);
    let first = blobs.begin(
        &scope(),
        named("f"),
        None,
        "github.com",
        "f",
        Fetch::new(async move || Ok(stream)),
    );
    let (_, unused) = super::forge(None);
    let joined = blobs.begin(
        &scope(),
        named("f"),
        None,
        "github.com",
        "f",
        Fetch::new(async move || Ok(unused)),
    );
    // Who knows which file it has to be is not given whatever comes.
    let apart = begin(&blobs, &two, at_once(&two, Some(100), 100));
    assert_eq!(apart.whole().await.unwrap().id(), id_of(&two));
    forge.send(Ok(one.clone())).unwrap();
    drop(forge);
    assert_eq!(first.whole().await.unwrap().id(), id_of(&one));
    assert_eq!(joined.whole().await.unwrap().id(), id_of(&one));
}

#[tokio::test]
async fn a_fetch_goes_on_when_its_first_asker_leaves() {
    let blobs = blobs(settings(None));
    let text = file(LARGE, 1);
    let (forge, stream) = forge(Some(LARGE));
    let (begun, has_begun) = oneshot::channel();
    let first = blobs.begin(
        &scope(),
        named("f"),
        Some(id_of(&text)),
        "github.com",
        "f",
        Fetch::new(async move || {
            begun.send(()).unwrap();
            Ok(stream)
        }),
    );
    let mut reader = first.stream(None);
    forge.send(Ok(text.slice(..2 * FRAME))).unwrap();
    assert!(reader.next().await.unwrap().is_ok());
    has_begun.await.unwrap();
    drop((first, reader));
    let (_, unused) = super::forge(None);
    let second = begin(&blobs, &text, unused);
    forge.send(Ok(text.slice(2 * FRAME..))).unwrap();
    drop(forge);
    assert!(all(second.stream(None)).await.unwrap() == text);
}

#[tokio::test]
async fn a_fetch_that_panics_fails_and_blocks_nobody() {
    let blobs = blobs(settings(None));
    let text = file(100, 1);
    let panics = Fetch::new(async || panic!("on purpose"));
    let broken = blobs.begin(&scope(), named("f"), Some(id_of(&text)), "github.com", "f", panics);
    assert!(matches!(broken.whole().await, Err(ContentError::Internal(_))));
    assert!(begin(&blobs, &text, at_once(&text, None, 10)).whole().await.is_ok());
}

#[tokio::test]
async fn a_range_beyond_the_file_is_refused_when_the_size_is_known() {
    for announced in [Some(1000), None] {
        let blobs = blobs(settings(None));
        let text = file(1000, 1);
        let arrival = begin(&blobs, &text, at_once(&text, announced, 100));
        for range in [0..1001, 1001..1001, 2000..3000] {
            assert!(matches!(
                all(arrival.stream(Some(range))).await,
                Err(ContentError::Range(_))
            ));
        }
        assert_eq!(all(arrival.stream(Some(1000..1000))).await.unwrap(), b"");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_readers_hold_little_of_a_large_file() {
    let blobs = blobs(settings(None));
    let text = file(3 * 1024 * 1024, 1);
    let arrival = begin(&blobs, &text, at_once(&text, Some(text.len()), 16_000));
    let readers = (0..64).map(|_| {
        let (arrival, text) = (arrival.clone(), text.clone());
        tokio::spawn(async move {
            let mut stream = arrival.stream(None);
            let mut at = 0;
            while let Some(piece) = stream.next().await {
                let piece = piece.unwrap();
                assert!(piece.len() <= FRAME && piece == text[at..at + piece.len()]);
                at += piece.len();
            }
            assert_eq!(at, text.len());
            assert_eq!(arrival.ready().await.unwrap(), arrival.whole().await.unwrap().size());
        })
    });
    for reader in join_all(readers).await {
        reader.unwrap();
    }
}
