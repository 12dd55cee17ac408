//! What reading costs the forge.

use futures_util::future::join_all;
use jeton_content::TreeQuery;
use jiff::SignedDuration;

use crate::world::{REPOSITORY, World, whole};

#[tokio::test]
async fn a_cold_megabyte_needs_two_calls_and_what_is_pinned_and_seen_none() {
    let world = World::new().await;
    let bytes = b"0123456789abcde\n".repeat(1_000_000 / 16);
    let commit = world.write("big.txt", &bytes);
    let (read, calls) = world.calls(world.content.file(REPOSITORY, None, "big.txt")).await;
    let read = read.unwrap();
    assert_eq!(whole(&read.value.blob).await, bytes);
    assert_eq!(read.meta.commit.to_string(), commit);
    assert!(calls <= 2, "{calls}");
    let (_, calls) = world
        .calls(world.content.file(REPOSITORY, Some(&commit), "big.txt"))
        .await;
    assert_eq!(calls, 0);
    // A branch that was looked at a moment ago.
    let (_, calls) = world.calls(world.content.file(REPOSITORY, None, "big.txt")).await;
    assert_eq!(calls, 0);
}

#[tokio::test]
async fn a_branch_is_looked_at_again_with_one_call_and_only_what_is_new_is_brought() {
    let world = World::new().await;
    world.write("a.txt", b"one");
    world.write("b.txt", b"two");
    assert_eq!(world.bytes("a.txt").await, b"one");
    assert_eq!(world.bytes("b.txt").await, b"two");
    world.clock.pass(SignedDuration::from_secs(6));
    let (_, calls) = world.calls(world.bytes("a.txt")).await;
    assert_eq!(calls, 1, "the branch");
    world.write("a.txt", b"new");
    world.clock.pass(SignedDuration::from_secs(6));
    assert_eq!(world.bytes("a.txt").await, b"new");
}

#[tokio::test]
async fn many_who_want_the_same_file_are_one_download() {
    let world = World::new().await;
    let bytes = vec![b'x'; 3 << 20];
    world.write("big.bin", &bytes);
    let askers = (0..50).map(|_| world.content.file(REPOSITORY, None, "big.bin"));
    let (reads, calls) = world.calls(join_all(askers)).await;
    for read in reads {
        assert_eq!(read.unwrap().value.blob.size(), 3 << 20);
    }
    assert!(calls <= 3, "{calls}");
}

#[tokio::test]
async fn what_is_not_there_is_asked_for_once() {
    let world = World::new().await;
    let (_, first) = world.calls(world.content.file(REPOSITORY, None, "none.txt")).await;
    assert!(first >= 1);
    let (again, calls) = world.calls(world.content.file(REPOSITORY, None, "none.txt")).await;
    assert!(again.is_err());
    assert_eq!(calls, 0);
}

#[tokio::test]
async fn a_tree_answers_for_its_directories_and_files() {
    let world = World::new().await;
    world.write("src/deep/a.rs", b"a");
    world.write("src/b.rs", b"b");
    let all = TreeQuery {
        recursive: true,
        limit: 100,
        ..TreeQuery::default()
    };
    world.content.tree(REPOSITORY, None, all.clone()).await.unwrap();
    let below = TreeQuery {
        directory: "src".parse().unwrap(),
        ..all
    };
    let (read, calls) = world.calls(world.content.tree(REPOSITORY, None, below)).await;
    assert_eq!((read.unwrap().value.entries().len(), calls), (3, 0));
    let (_, calls) = world.calls(world.bytes("src/deep/a.rs")).await;
    assert_eq!(calls, 1, "the blob alone");
}
