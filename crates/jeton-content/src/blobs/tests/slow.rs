//! Readers and forges that are slow while others need the room on disk.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream::BoxStream};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::{all, blobs, file, forge, id_of, named, names, scope, settings};
use crate::{
    ContentError,
    blobs::{Blob, BlobSettings, Blobs, Fetch, file::sealed_length, seal::FRAME},
};

/// Pieces of a file here.
const PIECES: usize = 56;
const LENGTH: usize = PIECES * FRAME;

async fn put(blobs: &Blobs, bytes: &Bytes) -> Result<Blob, ContentError> {
    blobs.put(&scope(), None, "github.com", "f", bytes.clone()).await
}

fn room_for(files: u64, directory: Option<&Path>) -> BlobSettings {
    BlobSettings {
        disk_bytes: files * sealed_length(LENGTH as u64),
        ..settings(directory)
    }
}

/// Reads a file with a break before each piece.
fn read(
    mut stream: BoxStream<'static, Result<Bytes, ContentError>>,
    pause: Duration,
) -> JoinHandle<Result<usize, ContentError>> {
    tokio::spawn(async move {
        let mut pieces = 0;
        while let Some(piece) = stream.next().await {
            piece?;
            pieces += 1;
            sleep(pause).await;
        }
        Ok(pieces)
    })
}

#[tokio::test(start_paused = true)]
async fn readers_that_take_nothing_do_not_keep_the_room_from_others() {
    for named in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let blobs = blobs(room_for(2, named.then(|| directory.path())));
        let mut readers = Vec::new();
        for seed in 0..2 {
            let mut reader = put(&blobs, &file(LENGTH, seed)).await.unwrap().stream(0..LENGTH as u64);
            assert!(reader.next().await.unwrap().is_ok());
            readers.push(reader);
        }
        let begun = Instant::now();
        let third = put(&blobs, &file(LENGTH, 2)).await.unwrap();
        assert!((14..20).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
        // Only as many had to leave as were needed; who is left has the right bytes.
        let mut left = 0;
        for (seed, reader) in (0..2).zip(readers) {
            match all(reader).await {
                Ok(rest) => {
                    assert!(rest == file(LENGTH, seed)[FRAME..]);
                    left += 1;
                }
                Err(error) => {
                    assert!(matches!(error, ContentError::Cache(_)));
                    // It is not found any more, and nobody is told that the disk is broken.
                    assert!(error.to_string().contains("too slowly"), "{error}");
                    assert!(blobs.find(&scope(), &id_of(&file(LENGTH, seed))).await.is_none());
                }
            }
        }
        assert_eq!(left, 1);
        assert!(all(third.stream(0..LENGTH as u64)).await.unwrap() == file(LENGTH, 2));
        if named {
            assert_eq!(names(directory.path()).len(), 2);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nor_do_those_that_take_a_little_again_and_again() {
    let blobs = blobs(room_for(1, None));
    let one = put(&blobs, &file(LENGTH, 1)).await.unwrap();
    let reader = read(one.stream(0..LENGTH as u64), Duration::from_secs(5));
    drop(one);
    assert!(put(&blobs, &file(LENGTH, 2)).await.is_ok());
    assert!(matches!(reader.await.unwrap(), Err(ContentError::Cache(_))));
}

#[tokio::test(start_paused = true)]
async fn a_reader_who_goes_on_keeps_the_file_to_its_end() {
    let blobs = blobs(room_for(1, None));
    let one = put(&blobs, &file(LENGTH, 1)).await.unwrap();
    // 128 KiB a second: 28 seconds.
    let reader = read(one.stream(0..LENGTH as u64), Duration::from_millis(500));
    drop(one);
    assert!(matches!(
        put(&blobs, &file(LENGTH, 2)).await,
        Err(ContentError::Cache(_))
    ));
    // The next one waits until the reader is done.
    assert!(put(&blobs, &file(LENGTH, 2)).await.is_ok());
    assert_eq!(reader.await.unwrap().unwrap(), PIECES);
}

#[tokio::test(start_paused = true)]
async fn without_need_a_slow_reader_is_left_alone() {
    let blobs = blobs(room_for(1, None));
    let one = put(&blobs, &file(LENGTH, 1)).await.unwrap();
    let reader = read(one.stream(0..LENGTH as u64), Duration::from_mins(1));
    drop(one);
    assert_eq!(reader.await.unwrap().unwrap(), PIECES);
}

#[tokio::test(start_paused = true)]
async fn nobody_has_to_leave_in_vain() {
    let blobs = blobs(room_for(2, None));
    let (slow, quick) = (file(LENGTH / 2, 1), file(LENGTH, 2));
    let mut slow_reader = put(&blobs, &slow).await.unwrap().stream(0..slow.len() as u64);
    assert!(slow_reader.next().await.unwrap().is_ok());
    let quick_reader = read(
        put(&blobs, &quick).await.unwrap().stream(0..LENGTH as u64),
        Duration::from_millis(900),
    );
    // Even without the slow one there would be no room for it: 1.1 files, of which there are 2, where 1.0 is in quick hands.
    let wanted = file(LENGTH + 5 * FRAME, 3);
    assert!(matches!(put(&blobs, &wanted).await, Err(ContentError::Cache(_))));
    assert!(all(slow_reader).await.is_ok());
    assert_eq!(quick_reader.await.unwrap().unwrap(), PIECES);
}

#[tokio::test(start_paused = true)]
async fn files_on_their_way_count_and_a_forge_that_stalls_loses_the_room() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = blobs(room_for(1, Some(directory.path())));
    let (forge, stream) = forge(Some(LENGTH));
    let fetch = Fetch::new(async move || Ok(stream));
    let coming = blobs.begin(&scope(), named("f"), None, "github.com", "f", fetch);
    assert_eq!(coming.ready().await.unwrap(), LENGTH as u64);
    let text = file(LENGTH, 2);
    let mut putting = Box::pin(put(&blobs, &text));
    assert!(putting.as_mut().now_or_never().is_none());
    putting.await.unwrap();
    forge.send(Ok(file(LENGTH, 1))).unwrap();
    assert!(matches!(coming.whole().await, Err(ContentError::Cache(_))));
    drop(coming);
    assert_eq!(names(directory.path()).len(), 1);
    assert!(blobs.find(&scope(), &id_of(&text)).await.is_some());
}
