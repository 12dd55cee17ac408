use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{LARGE, SMALL, all, blobs, file, id_of, names, scope, settings};
use crate::{
    ContentError,
    blobs::{Blob, Blobs, seal::FRAME},
};

async fn put(blobs: &Blobs, bytes: &Bytes) -> Blob {
    blobs
        .put(&scope(), None, "github.com", "f", bytes.clone())
        .await
        .unwrap()
}

fn only(directory: &Path) -> PathBuf {
    let names = names(directory);
    assert_eq!(names.len(), 1, "{names:?}");
    directory.join(&names[0])
}

#[tokio::test]
async fn what_is_on_disk_is_sealed_and_nobody_elses() {
    let directory = tempfile::tempdir().unwrap();
    let inside = directory.path().join("deep/cache");
    let blobs = blobs(settings(Some(&inside)));
    assert!(!inside.exists());
    // The same frame again and again, and what it is sealed to never the same.
    let bytes = Bytes::from(vec![b'a'; 4 * FRAME]);
    put(&blobs, &bytes).await;
    let path = only(&inside);
    let sealed = fs::read(&path).unwrap();
    assert_eq!(sealed.len(), 4 * (FRAME + 16));
    assert!(!sealed.windows(8).any(|window| window == b"aaaaaaaa"));
    let frames: Vec<&[u8]> = sealed.chunks(FRAME + 16).collect();
    assert!((1..4).all(|frame| frames[frame] != frames[0]));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&inside)), (0o600, 0o700));
}

#[tokio::test]
async fn a_directory_that_was_there_is_closed_to_others() {
    let directory = tempfile::tempdir().unwrap();
    let chmod = |mode| fs::set_permissions(directory.path(), fs::Permissions::from_mode(mode)).unwrap();
    let mode = || fs::metadata(directory.path()).unwrap().permissions().mode() & 0o7777;
    chmod(0o755);
    put(&blobs(settings(Some(directory.path()))), &file(LARGE, 1)).await;
    assert_eq!(mode(), 0o700);
    // One that is for all to put things in is left as it is.
    chmod(0o1777);
    assert!(refuses(directory.path()).await.contains("share"));
    assert_eq!(mode(), 0o1777);
    chmod(0o700);
}

#[tokio::test]
async fn another_users_directory_is_not_taken() {
    let directory = tempfile::tempdir().unwrap();
    let path = if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(directory.path(), Some(12_345), None).unwrap();
        directory.path()
    } else {
        Path::new("/")
    };
    assert!(refuses(path).await.contains("another user's"));
}

async fn refuses(directory: &Path) -> String {
    let blobs = blobs(settings(Some(directory)));
    let error = blobs.put(&scope(), None, "github.com", "f", file(LARGE, 1)).await;
    let error = error.unwrap_err();
    assert!(matches!(error, ContentError::Cache(_)), "{error}");
    error.to_string()
}

#[tokio::test]
async fn small_files_need_no_disk() {
    let directory = tempfile::tempdir().unwrap();
    let inside = directory.path().join("cache");
    let blobs = blobs(settings(Some(&inside)));
    put(&blobs, &file(usize::try_from(SMALL).unwrap(), 1)).await;
    assert!(!inside.exists());
}

#[tokio::test]
async fn what_an_earlier_process_left_is_removed_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let left = [
        "jeton-blob-0123456789abcdef-0.sealed",
        "jeton-blob-ffffffffffffffff-123.sealed",
    ];
    let kept = [
        "jeton-blob-0123456789abcdeg-0.sealed",
        "jeton-blob-0123456789abcdef-.sealed",
        "jeton-blob-0123456789abcdef-0.sealed.bak",
        "notes.txt",
    ];
    for name in left.iter().chain(&kept) {
        fs::write(directory.path().join(name), "x").unwrap();
    }
    fs::create_dir(directory.path().join("jeton-blob-0123456789abcdef-1.sealed")).unwrap();
    let blobs = blobs(settings(Some(directory.path())));
    put(&blobs, &file(LARGE, 1)).await;
    for name in left {
        assert!(!directory.path().join(name).exists(), "{name}");
    }
    for name in kept.iter().chain(&["jeton-blob-0123456789abcdef-1.sealed"]) {
        assert!(directory.path().join(name).exists(), "{name}");
    }
}

#[tokio::test]
async fn two_processes_leave_each_others_files_alone() {
    let directory = tempfile::tempdir().unwrap();
    let first = blobs(settings(Some(directory.path())));
    let second = Blobs::new(settings(Some(directory.path())), u64::MAX, &super::numbers(8));
    let (one, two) = (file(LARGE, 1), file(LARGE, 2));
    put(&first, &one).await;
    let path = only(directory.path());
    put(&second, &two).await;
    assert_eq!(only(directory.path()), path);
    for (blobs, bytes) in [(&first, &one), (&second, &two)] {
        let blob = blobs.find(&scope(), &id_of(bytes)).await.unwrap();
        assert!(all(blob.stream(0..LARGE as u64)).await.unwrap() == *bytes);
    }
}

#[tokio::test]
async fn files_go_with_the_cache() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = blobs(settings(Some(directory.path())));
    let blob = put(&blobs, &file(LARGE, 1)).await;
    drop(blobs);
    assert!(blob.read(0..LARGE as u64).await.unwrap() == file(LARGE, 1));
    drop(blob);
    assert!(names(directory.path()).is_empty());
}

#[tokio::test]
async fn a_file_that_was_changed_is_never_given_out() {
    let change: [fn(&mut Vec<u8>); 4] = [
        |sealed| sealed[3] ^= 1,
        |sealed| sealed.truncate(FRAME + 100),
        // Frames change places.
        |sealed| sealed[..2 * (FRAME + 16)].rotate_left(FRAME + 16),
        |sealed| sealed.clear(),
    ];
    for change in change {
        let directory = tempfile::tempdir().unwrap();
        let blobs = blobs(settings(Some(directory.path())));
        let text = file(LARGE, 1);
        let blob = put(&blobs, &text).await;
        let path = only(directory.path());
        let mut sealed = fs::read(&path).unwrap();
        change(&mut sealed);
        fs::write(&path, &sealed).unwrap();
        assert!(matches!(blob.read(0..LARGE as u64).await, Err(ContentError::Cache(_))));
        assert!(matches!(
            all(blob.stream(0..LARGE as u64)).await,
            Err(ContentError::Cache(_))
        ));
        // Then it is fetched anew.
        assert!(blobs.find(&scope(), &id_of(&text)).await.is_none());
        put(&blobs, &text).await;
        let blob = blobs.find(&scope(), &id_of(&text)).await.unwrap();
        assert!(blob.read(0..LARGE as u64).await.unwrap() == text);
    }
}

#[tokio::test]
async fn a_file_that_somebody_removed_is_fetched_anew() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = blobs(settings(Some(directory.path())));
    let text = file(LARGE, 1);
    put(&blobs, &text).await;
    fs::remove_file(only(directory.path())).unwrap();
    assert!(blobs.find(&scope(), &id_of(&text)).await.is_none());
    put(&blobs, &text).await;
    assert!(blobs.find(&scope(), &id_of(&text)).await.is_some());
}

#[tokio::test]
async fn a_directory_that_somebody_removed_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let inside = directory.path().join("cache");
    let blobs = blobs(settings(Some(&inside)));
    put(&blobs, &file(LARGE, 1)).await;
    fs::remove_dir_all(&inside).unwrap();
    put(&blobs, &file(LARGE, 2)).await;
    only(&inside);
}

#[tokio::test]
async fn one_process_cannot_read_what_another_has_sealed() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (directory.path().join("one"), directory.path().join("two"));
    let text = file(LARGE, 1);
    let first = Blobs::new(settings(Some(&one)), u64::MAX, &super::numbers(1));
    let second = Blobs::new(settings(Some(&two)), u64::MAX, &super::numbers(2));
    put(&first, &text).await;
    let blob = put(&second, &text).await;
    fs::copy(only(&one), only(&two)).unwrap();
    assert!(matches!(blob.read(0..10).await, Err(ContentError::Cache(_))));
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_said_and_small_files_still_work() {
    let directory = tempfile::tempdir().unwrap();
    let file_there = directory.path().join("file");
    fs::write(&file_there, "x").unwrap();
    let blobs = blobs(settings(Some(&file_there.join("cache"))));
    let error = blobs
        .put(&scope(), None, "github.com", "f", file(LARGE, 1))
        .await
        .unwrap_err();
    assert!(matches!(&error, ContentError::Cache(_)), "{error}");
    // Whoever is told of it is not told where it is.
    assert!(
        !error.to_string().contains(directory.path().to_str().unwrap()),
        "{error}"
    );
    let small = file(100, 1);
    put(&blobs, &small).await;
    assert!(blobs.find(&scope(), &id_of(&small)).await.is_some());
    // Repaired, it works without a restart.
    fs::remove_file(&file_there).unwrap();
    put(&blobs, &file(LARGE, 1)).await;
}
