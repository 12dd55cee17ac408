//! Fetches that nobody waits for.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::time::{Instant, advance};

use super::{Forge, LARGE, all, blobs, file, forge, id_of, named, names, scope, settings};
use crate::{
    ContentError,
    blobs::{Arrival, Blobs, Fetch, seal::FRAME},
};

fn begin(blobs: &Blobs, bytes: &Bytes, announced: Option<usize>) -> (Forge, Arrival) {
    let (forge, stream) = forge(announced);
    let fetch = Fetch::new(async move || Ok(stream));
    let arrival = blobs.begin(&scope(), named("f"), Some(id_of(bytes)), "github.com", "f", fetch);
    (forge, arrival)
}

#[tokio::test(start_paused = true)]
async fn a_large_file_that_nobody_waits_for_any_more_ceases_to_come() {
    for announced in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let blobs = blobs(settings(Some(directory.path())));
        let text = file(LARGE, 1);
        let (forge, arrival) = begin(&blobs, &text, announced.then_some(LARGE));
        let mut reader = arrival.stream(None);
        forge.send(Ok(text.slice(..2 * FRAME))).unwrap();
        assert!(reader.next().await.unwrap().is_ok());
        drop(arrival);
        // Its reader is enough.
        advance(Duration::from_mins(1)).await;
        forge.send(Ok(text.slice(2 * FRAME..3 * FRAME + 5))).unwrap();
        assert!(reader.next().await.unwrap().is_ok());
        drop(reader);
        let left = Instant::now();
        forge.closed().await;
        assert!(left.elapsed() >= Duration::from_secs(10));
        assert!(names(directory.path()).is_empty());
        // Who comes now begins anew.
        let (forge, arrival) = begin(&blobs, &text, Some(LARGE));
        forge.send(Ok(text.clone())).unwrap();
        drop(forge);
        assert!(all(arrival.stream(None)).await.unwrap() == text);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_the_forge_has_not_answered_ends_too() {
    let blobs = blobs(settings(None));
    let (forge, stream) = forge(None);
    let fetch = Fetch::new(async move || {
        std::future::pending::<()>().await;
        Ok::<_, ContentError>(stream)
    });
    drop(blobs.begin(&scope(), named("f"), None, "github.com", "f", fetch));
    forge.closed().await;
}

#[tokio::test(start_paused = true)]
async fn who_comes_within_the_grace_joins_it() {
    let blobs = blobs(settings(None));
    let text = file(LARGE, 1);
    let (forge, arrival) = begin(&blobs, &text, Some(LARGE));
    forge.send(Ok(text.slice(..FRAME))).unwrap();
    arrival.ready().await.unwrap();
    drop(arrival);
    advance(Duration::from_secs(9)).await;
    let (unused, joined) = begin(&blobs, &text, Some(LARGE));
    advance(Duration::from_mins(5)).await;
    forge.send(Ok(text.slice(FRAME..))).unwrap();
    drop(forge);
    assert!(all(joined.stream(None)).await.unwrap() == text);
    drop(unused);
}

#[tokio::test(start_paused = true)]
async fn a_small_file_comes_to_its_end() {
    let blobs = blobs(settings(None));
    let text = file(1000, 1);
    let (forge, arrival) = begin(&blobs, &text, Some(1000));
    forge.send(Ok(text.slice(..600))).unwrap();
    assert_eq!(arrival.begun().await.unwrap(), Some(1000));
    drop(arrival);
    advance(Duration::from_mins(5)).await;
    forge.send(Ok(text.slice(600..))).unwrap();
    drop(forge);
    let (_, stream) = super::forge(None);
    let fetch = Fetch::new(async move || Ok(stream));
    let joined = blobs.begin(&scope(), named("f"), Some(id_of(&text)), "github.com", "f", fetch);
    assert_eq!(joined.whole().await.unwrap().in_memory(), Some(&text));
}
