use bytes::Bytes;

use super::{LARGE, all, at_once, blobs, file, id_of, named, names, scope, settings};
use crate::{
    ContentError,
    blobs::{Blob, BlobSettings, Blobs, Fetch, file::sealed_length, seal::FRAME},
};

async fn put(blobs: &Blobs, bytes: &Bytes) -> Result<Blob, ContentError> {
    blobs.put(&scope(), None, "github.com", "f", bytes.clone()).await
}

/// Room for so many large files.
fn room_for(files: u64, directory: &std::path::Path) -> BlobSettings {
    BlobSettings {
        disk_bytes: files * sealed_length(LARGE as u64) + 100,
        ..settings(Some(directory))
    }
}

#[tokio::test]
async fn files_leave_the_disk_by_least_recent_use() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = blobs(room_for(2, directory.path()));
    let [one, two, three] = [1, 2, 3].map(|seed| file(LARGE, seed));
    put(&blobs, &one).await.unwrap();
    put(&blobs, &two).await.unwrap();
    assert!(blobs.find(&scope(), &id_of(&one)).await.is_some());
    put(&blobs, &three).await.unwrap();
    assert!(blobs.find(&scope(), &id_of(&two)).await.is_none());
    for left in [&one, &three] {
        let blob = blobs.find(&scope(), &id_of(left)).await.unwrap();
        assert!(blob.read(0..LARGE as u64).await.unwrap() == *left);
    }
    assert_eq!(names(directory.path()).len(), 2);
}

#[tokio::test]
async fn a_file_for_which_the_disk_has_no_room_drives_nobody_out() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = blobs(room_for(1, directory.path()));
    let (one, two) = (file(LARGE, 1), file(2 * LARGE, 2));
    put(&blobs, &one).await.unwrap();
    assert!(matches!(put(&blobs, &two).await, Err(ContentError::Cache(_))));
    assert!(blobs.find(&scope(), &id_of(&one)).await.is_some());
    // Nor is there room when nobody has said before how large it is.
    let stream = at_once(&two, None, 5000);
    let arrival = blobs.begin(
        &scope(),
        named("f"),
        None,
        "github.com",
        "f",
        Fetch::new(async move || Ok(stream)),
    );
    assert!(matches!(arrival.whole().await, Err(ContentError::Cache(_))));
    assert!(matches!(all(arrival.stream(None)).await, Err(ContentError::Cache(_))));
    // All of its room is free again, and small files never needed it.
    put(&blobs, &file(LARGE, 3)).await.unwrap();
    put(&blobs, &file(100, 4)).await.unwrap();
    assert_eq!(names(directory.path()).len(), 1);
}

#[tokio::test]
async fn memory_is_bounded_by_bytes_and_what_leaves_it_is_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = blobs(settings(Some(directory.path())));
    let files: Vec<Bytes> = (0..25).map(|seed| file(50_000, seed)).collect();
    for file in &files {
        put(&blobs, file).await.unwrap();
        blobs.0.memory.run_pending_tasks();
        while blobs.0.disk.is_saving() {
            tokio::task::yield_now().await;
        }
    }
    assert!(blobs.0.memory.weighted_size() <= 1024 * 1024);
    let in_memory = files
        .iter()
        .filter(|file| blobs.find_now(&scope(), &id_of(file)).is_some())
        .count();
    assert!((15..21).contains(&in_memory), "{in_memory}");
    assert_eq!(names(directory.path()).len(), 25 - in_memory);
    // By least recent use.
    assert!(
        blobs.find_now(&scope(), &id_of(&files[0])).is_none() && blobs.find_now(&scope(), &id_of(&files[24])).is_some()
    );
    let back = blobs.find(&scope(), &id_of(&files[0])).await.unwrap();
    assert_eq!(back.in_memory(), Some(&files[0]));
    assert!(blobs.find_now(&scope(), &id_of(&files[0])).is_some());
}

#[tokio::test]
async fn without_a_directory_what_leaves_memory_is_gone_and_few_large_files_stay() {
    let mut settings = settings(None);
    settings.disk_bytes = 64 * 1024 * 1024;
    settings.largest_in_memory = 1000;
    settings.memory_bytes = 10_000;
    let blobs = blobs(settings);
    for seed in 0..70 {
        put(&blobs, &file(FRAME, seed)).await.unwrap();
        put(&blobs, &file(900, seed)).await.unwrap();
    }
    blobs.0.memory.run_pending_tasks();
    assert!(blobs.find(&scope(), &id_of(&file(900, 0))).await.is_none());
    assert!(blobs.find(&scope(), &id_of(&file(FRAME, 5))).await.is_none());
    let last = blobs.find(&scope(), &id_of(&file(FRAME, 69))).await.unwrap();
    assert!(last.read(0..FRAME as u64).await.unwrap() == file(FRAME, 69));
}
