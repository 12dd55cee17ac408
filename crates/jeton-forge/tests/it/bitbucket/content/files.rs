use jeton_domain::{Code, ObjectId};
use jeton_forge::content::{EntryKind, ReadError};
use jeton_forge_sim::CommitSpec;

use super::{ODD, commit, odd, text_of, tools};
use crate::bitbucket::World;

#[tokio::test]
async fn files_of_any_name_come_byte_for_byte() {
    let w = World::new().await;
    let commit = commit(&w, &odd());
    let reader = tools(&w);
    assert_eq!(reader.resolve(None).await, Ok(commit));
    for path in ODD {
        let want = text_of(path);
        let before = w.sim.calls().total();
        let (entry, bytes) = reader.look(&commit, path).await.unwrap();
        assert_eq!(w.sim.calls().total() - before, 1, "{path}");
        assert_eq!(
            (entry.kind, entry.size, bytes.as_deref()),
            (EntryKind::File, Some(want.len() as u64), Some(want.as_bytes())),
            "{path}"
        );
        assert_eq!(reader.blob(&commit, path).await.unwrap(), want.as_bytes(), "{path}");
    }
    assert_eq!(reader.blob(&commit, "empty").await.unwrap(), b"");
    assert_eq!(reader.blob(&commit, "link").await.unwrap(), b"Notes.md");
}

/// Around the length up to which a file is looked into, and well beyond what is held at once.
#[tokio::test]
async fn a_file_of_any_length_comes_whole_with_one_call() {
    let w = World::new().await;
    let reader = tools(&w);
    for length in [4095, 4096, 4097, 8192, 2_000_000_u32] {
        // no line end and no NUL: only its length tells that it is no link
        let bytes: Vec<u8> = (0..length).map(|n| n.to_le_bytes()[1] | 0x80).collect();
        let commit = super::commit(&w, &CommitSpec::new("large").file("large.bin", &bytes));
        let before = w.sim.calls().total();
        let (entry, came) = reader.look(&commit, "large.bin").await.unwrap();
        let calls = if length <= 4096 { 2 } else { 1 };
        assert_eq!(w.sim.calls().total() - before, calls, "{length}");
        assert_eq!(
            (entry.kind, entry.size),
            (EntryKind::File, Some(u64::from(length))),
            "{length}"
        );
        assert!(came.as_ref() == Some(&bytes), "{length}");
        assert!(reader.blob(&commit, "large.bin").await.unwrap() == bytes, "{length}");
    }
}

#[tokio::test]
async fn only_what_could_be_a_link_is_looked_at_twice() {
    let w = World::new().await;
    let spec = CommitSpec::new("links")
        .symlink("link", "../ü/no where")
        .file("VERSION", "1.2.3")
        .executable("run", "exec")
        .file("two", "1.2.3\n")
        .file("nul", "1\0")
        .executable("script", "#!/bin/sh\n")
        .file("empty", "")
        .submodule("vendor", &"5".repeat(40))
        .file("dir/f", "x\n");
    let commit = commit(&w, &spec);
    let reader = tools(&w);
    for (path, kind, text, calls) in [
        ("link", EntryKind::Symlink, Some("../ü/no where"), 2),
        ("VERSION", EntryKind::File, Some("1.2.3"), 2),
        ("run", EntryKind::Executable, Some("exec"), 2),
        ("two", EntryKind::File, Some("1.2.3\n"), 1),
        ("nul", EntryKind::File, Some("1\0"), 1),
        // which only a listing tells
        ("script", EntryKind::File, Some("#!/bin/sh\n"), 1),
        ("empty", EntryKind::File, Some(""), 2),
        ("vendor", EntryKind::Submodule, None, 2),
        ("dir", EntryKind::Directory, None, 1),
    ] {
        let before = w.sim.calls().total();
        let (entry, bytes) = reader.look(&commit, path).await.unwrap();
        assert_eq!(w.sim.calls().total() - before, calls, "{path}");
        assert_eq!(
            (entry.kind, bytes.as_deref()),
            (kind, text.map(str::as_bytes)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn each_kind_is_told_apart() {
    let w = World::new().await;
    let commit = commit(&w, &odd());
    let reader = tools(&w);
    for (path, kind) in [
        ("", EntryKind::Directory),
        ("x/y", EntryKind::Directory),
        ("50%", EntryKind::Directory),
        ("link", EntryKind::Symlink),
        ("dir/vendor", EntryKind::Submodule),
    ] {
        assert_eq!(
            reader.open(&commit, path).await.map(|(kind, _)| kind),
            Ok(kind),
            "{path}"
        );
    }
    for missing in ["nothing", "x/nothing", "Notes.md/x", "NOTES.md"] {
        for error in [
            reader.open(&commit, missing).await.unwrap_err(),
            reader.blob(&commit, missing).await.unwrap_err(),
        ] {
            assert!(
                matches!(&error, ReadError::NotFound(why) if why.code == Code::ContentPathNotFound),
                "{error:?}"
            );
        }
    }
    let other = reader.open(&ObjectId::sha1([7; 20]), "Notes.md").await.unwrap_err();
    assert!(matches!(other, ReadError::NotFound(_)), "{other:?}");
}

#[tokio::test]
async fn listings_come_in_pages_with_each_kind() {
    let w = World::new().await;
    let mut spec = odd();
    for n in 0..250 {
        spec = spec.file(format!("many/f{n:03} #?.txt"), "x");
    }
    let commit = commit(&w, &spec);
    let reader = tools(&w);
    let (mut shallow, cut) = reader.list(&commit, "dir", false).await.unwrap();
    shallow.sort();
    assert_eq!(
        shallow,
        ["File dir/.hidden", "File dir/ü+'\"&=.rs", "Submodule dir/vendor"]
    );
    assert!(!cut);
    let (many, _) = reader.list(&commit, "many", false).await.unwrap();
    assert_eq!(many.len(), 250);
    assert_eq!(many[249], "File many/f249 #?.txt");
    let (deep, cut) = reader.list(&commit, "", true).await.unwrap();
    for want in [
        "Executable bin/run",
        "Symlink link",
        "Submodule dir/vendor",
        "Directory x/y",
        "File 50%/+plus+",
    ] {
        assert!(deep.iter().any(|entry| entry == want), "{want} in {deep:?}");
    }
    assert!(!cut && deep.len() >= 12 + 7 + 250);
    let error = reader.list(&commit, "nothing", false).await.unwrap_err();
    assert!(matches!(error, ReadError::NotFound(_)), "{error:?}");
}

#[tokio::test]
async fn a_walk_that_bitbucket_gives_up_is_cut() {
    let w = World::new().await;
    let commit = commit(&w, &odd());
    let reader = tools(&w);
    w.sim.set_walk_limit(5);
    assert_eq!(reader.list(&commit, "", true).await, Ok((vec![], true)));
    assert!(
        reader
            .list(&commit, "", false)
            .await
            .is_ok_and(|(found, cut)| !cut && found.len() > 5)
    );
}

#[tokio::test]
async fn a_tree_deeper_than_the_walk_is_cut() {
    let w = World::new().await;
    let path = format!("{}f", "d/".repeat(101));
    let commit = commit(&w, &CommitSpec::new("deep").file(&path, "x"));
    let (found, cut) = tools(&w).list(&commit, "", true).await.unwrap();
    assert!(cut && !found.contains(&format!("File {path}")));
}
