//! Directories and whole trees.

use std::fmt::Write as _;

use jeton_domain::ObjectId;
use jeton_forge::content::{EntryKind, ListAsk, Listed, ReadError};
use jeton_forge_sim::{CommitSpec, ContentLimits};

use super::{Reader, kind, path};

async fn list(r: &Reader, directory: &str, tree: Option<&ObjectId>, deep: bool) -> Result<Listed, ReadError> {
    let (commit, directory) = (r.head().await, path(directory));
    let ask = ListAsk {
        commit: &commit,
        directory: &directory,
        tree,
        deep,
        page: None,
    };
    r.forge().list(&r.at(), &ask).await.answer
}

fn shown(listed: &Listed) -> Vec<(&str, EntryKind)> {
    listed.entries.iter().map(|one| (one.path.as_str(), one.kind)).collect()
}

#[tokio::test]
async fn a_listing_tells_kinds_and_whole_paths() {
    let r = Reader::new().await;
    let library = "1".repeat(40);
    let spec = CommitSpec::new("Kinds")
        .remove("README.md")
        .executable("run.sh", "#!/bin/sh\n")
        .symlink("link", "run.sh")
        .submodule("lib", &library)
        .file("src/a b#?%.rs", "one")
        .file("src/deep/ü.rs", "three");
    r.github().commit("acme", "tools", &spec).unwrap();

    let top = list(&r, "", None, false).await.unwrap();
    assert_eq!(
        shown(&top),
        [
            ("lib", EntryKind::Submodule),
            ("link", EntryKind::Symlink),
            ("run.sh", EntryKind::Executable),
            ("src", EntryKind::Directory),
        ]
    );
    assert_eq!((top.cut, &top.next), (false, &None));
    assert_eq!(top.entries[0].id.unwrap().to_string(), library);
    assert_eq!(
        top.entries.iter().map(|one| one.size).collect::<Vec<_>>(),
        [None, Some(6), Some(10), None]
    );

    let src = top.entries[3].id;
    let inside = list(&r, "src", src.as_ref(), false).await.unwrap();
    assert_eq!(
        shown(&inside),
        [("src/a b#?%.rs", EntryKind::File), ("src/deep", EntryKind::Directory)]
    );
    let below = list(&r, "src", src.as_ref(), true).await.unwrap();
    assert_eq!(below.entries.last().unwrap().path.as_str(), "src/deep/ü.rs");
    let all = list(&r, "", None, true).await.unwrap();
    assert_eq!(all.entries.len(), 7);
    assert_eq!(all.entries[6], below.entries[2]);
    // by its id from the listing, the very bytes
    let last = &all.entries[6];
    let head = r.head().await;
    let stream = r
        .forge()
        .blob(&r.at(), &head, &last.path, last.id.as_ref())
        .await
        .answer
        .unwrap();
    assert_eq!(super::read(stream).await.unwrap(), b"three");
}

#[tokio::test]
async fn a_tree_that_github_cuts_is_said_to_be_cut() {
    let r = Reader::new().await;
    let spec = (0..20).fold(CommitSpec::new("Many"), |spec, n| spec.file(format!("d/{n:02}"), "x"));
    r.github().commit("acme", "tools", &spec).unwrap();
    r.github().set_content_limits(ContentLimits {
        tree_entries: 10,
        ..ContentLimits::default()
    });
    let all = list(&r, "", None, true).await.unwrap();
    assert_eq!((all.entries.len(), all.cut), (10, true));
    let top = list(&r, "", None, false).await.unwrap();
    assert_eq!((top.entries.len(), top.cut), (2, false));
}

#[tokio::test]
async fn what_cannot_be_listed_is_refused() {
    let r = Reader::new().await;
    let unknown = "ab".repeat(20).parse().unwrap();
    assert_eq!(kind(list(&r, "src", Some(&unknown), false).await), "not found");
    let readme = r.open("README.md").await.unwrap().entry.id;
    assert_eq!(kind(list(&r, "README.md", readme.as_ref(), false).await), "not found");
    // whose tree is not known is not asked for
    let before = r.calls();
    assert_eq!(kind(list(&r, "src", None, false).await), "garbled");
    assert_eq!(r.calls() - before, 1, "only the head");
}

#[tokio::test]
async fn a_hundred_thousand_files_are_listed_in_one_call() {
    let r = Reader::new().await;
    let mut stream = String::from("blob\nmark :1\ndata 1\nx\ncommit refs/heads/main\n");
    stream.push_str("committer Ada <ada@example.com> 1780000000 +0000\ndata 4\nMany\n");
    for number in 0..99_000 {
        writeln!(stream, "M 100644 :1 src/d{:03}/f{number}.rs", number % 500).unwrap();
    }
    stream.push_str("done\n");
    r.github().import("acme", "tools", stream.as_bytes()).unwrap();
    let all = list(&r, "", None, true).await.unwrap();
    assert_eq!((all.entries.len(), all.cut), (99_000 + 500 + 1, false));
}
