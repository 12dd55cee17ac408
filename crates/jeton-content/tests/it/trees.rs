//! Trees, also those that the forge cuts.

use jeton_content::{ContentError, TreeQuery};
use jeton_forge::content::EntryKind;
use jeton_forge_sim::{CommitSpec, ContentLimits};

use crate::world::{REPOSITORY, World};

fn query(directory: &str, recursive: bool, limit: usize) -> TreeQuery {
    TreeQuery {
        directory: directory.parse().unwrap(),
        recursive,
        limit,
        cursor: None,
    }
}

async fn paths(world: &World, query: TreeQuery) -> Vec<String> {
    let read = world.content.tree(REPOSITORY, None, query).await.unwrap();
    assert!(read.value.next.is_none());
    read.value
        .entries()
        .iter()
        .map(|entry| entry.path.to_string())
        .collect()
}

#[tokio::test]
async fn kinds_are_named_and_directories_listed_flat_or_deep() {
    let world = World::new().await;
    let spec = CommitSpec::new("kinds")
        .file("a/x.txt", "x")
        .file("a-b", "y")
        .executable("a/run", "#!")
        .symlink("a/link", "x.txt")
        .submodule("a/sub", "0123456789abcdef0123456789abcdef01234567");
    world.github().commit("acme", "site", &spec).unwrap();
    let deep = paths(&world, query("", true, 100)).await;
    assert_eq!(deep, ["README.md", "a", "a-b", "a/link", "a/run", "a/sub", "a/x.txt"]);
    assert_eq!(paths(&world, query("", false, 100)).await, ["README.md", "a", "a-b"]);
    assert_eq!(
        paths(&world, query("/a/", false, 100)).await,
        ["a/link", "a/run", "a/sub", "a/x.txt"]
    );
    let read = world
        .content
        .tree(REPOSITORY, None, query("a", true, 100))
        .await
        .unwrap();
    let kinds: Vec<EntryKind> = read.value.entries().iter().map(|entry| entry.kind).collect();
    let wanted = [
        EntryKind::Symlink,
        EntryKind::Executable,
        EntryKind::Submodule,
        EntryKind::File,
    ];
    assert_eq!(kinds, wanted);
    let error = async |path: &str| {
        world
            .content
            .tree(REPOSITORY, None, query(path, true, 9))
            .await
            .unwrap_err()
    };
    assert!(matches!(error("none").await, ContentError::PathNotFound { .. }));
    assert!(matches!(error("a/x.txt").await, ContentError::IsFile(_)));
    assert!(matches!(error("a/sub").await, ContentError::IsSubmodule { .. }));
}

#[tokio::test]
async fn pages_are_of_one_commit() {
    let world = World::new().await;
    let mut spec = CommitSpec::new("many");
    for number in 0..25 {
        spec = spec.file(format!("f{number:02}"), "x");
    }
    world.github().commit("acme", "site", &spec).unwrap();
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = TreeQuery {
            cursor: cursor.clone(),
            ..query("", true, 10)
        };
        let read = world.content.tree(REPOSITORY, None, page).await.unwrap();
        seen.extend(read.value.entries().iter().map(|entry| entry.path.to_string()));
        world.write(&format!("later-{}", seen.len()), b"y");
        cursor = read.value.next.clone();
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 26);
    for bad in ["x", "", "AAAA", &"A".repeat(1000)] {
        let page = TreeQuery {
            cursor: Some(bad.to_owned()),
            ..query("", true, 10)
        };
        let error = world.content.tree(REPOSITORY, None, page).await.unwrap_err();
        assert!(matches!(error, ContentError::Cursor), "{bad}: {error:?}");
    }
}

#[tokio::test]
async fn a_tree_that_the_forge_cuts_comes_whole() {
    let world = World::new().await;
    let mut spec = CommitSpec::new("many");
    for directory in 0..20 {
        for file in 0..10 {
            spec = spec.file(format!("d{directory:02}/s{}/f{file}", file % 3), "x");
        }
    }
    world.github().commit("acme", "site", &spec).unwrap();
    // README, 20 directories with 3 in each, 200 files.
    world.github().set_content_limits(ContentLimits {
        tree_entries: 50,
        ..ContentLimits::default()
    });
    let mut all = paths(&world, query("", true, 10_000)).await;
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 1 + 20 + 60 + 200);
    let below = paths(&world, query("d07", true, 10_000)).await;
    assert_eq!(below.len(), 3 + 10);
}
