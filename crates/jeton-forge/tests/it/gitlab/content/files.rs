use jeton_domain::{Code, ObjectId};
use jeton_forge::content::{EntryKind, ReadError};
use jeton_forge_sim::CommitSpec;

use super::{ODD, Reader, here, odd, text_of, world};

#[tokio::test]
async fn files_of_any_name_come_byte_for_byte() {
    let (w, project, token) = world().await;
    let commit: ObjectId = w.sim.commit_files(project, &odd()).unwrap().parse().unwrap();
    let reader = Reader::new(&w, "lab/sub/group/tools", Some(&token));
    assert_eq!(reader.resolve(None).await, Ok(commit));
    for path in ODD {
        let want = text_of(path);
        let before = w.sim.calls().total();
        let opened = reader.look(&commit, path).await.unwrap();
        assert_eq!(w.sim.calls().total() - before, 1, "{path}");
        assert_eq!(
            (opened.entry.kind, here(&opened)),
            (EntryKind::File, Some(want.as_bytes())),
            "{path}"
        );
        for id in [opened.entry.id.as_ref(), None] {
            assert_eq!(reader.blob(&commit, path, id).await.unwrap(), want.as_bytes(), "{path}");
        }
    }
    let empty = reader.look(&commit, "empty").await.unwrap();
    assert_eq!((empty.entry.kind, here(&empty)), (EntryKind::File, Some(&b""[..])));
    let id = empty.entry.id.as_ref();
    assert_eq!(reader.blob(&commit, "empty", id).await.unwrap(), b"");
}

#[tokio::test]
async fn any_bytes_come_along_and_what_is_large_comes_apart() {
    let (w, project, token) = world().await;
    let noise = |length: u32| -> Vec<u8> { (0..length).map(|n| n.to_le_bytes()[1] ^ 0xa5).collect() };
    let (most, large) = (noise(1_000_000), noise(2_000_000));
    let spec = CommitSpec::new("large")
        .file("most.bin", &most)
        .file("large.bin", &large);
    let commit: ObjectId = w.sim.commit_files(project, &spec).unwrap().parse().unwrap();
    let reader = Reader::new(&w, "lab/sub/group/tools", Some(&token));
    for (path, calls, along) in [("most.bin", 1, Some(&most)), ("large.bin", 2, None)] {
        let before = w.sim.calls().total();
        let opened = reader.look(&commit, path).await.unwrap();
        assert_eq!(w.sim.calls().total() - before, calls, "{path}");
        assert!(here(&opened) == along.map(Vec::as_slice), "{path}");
    }
    let (kind, size, id) = reader.open(&commit, "large.bin").await.unwrap();
    assert_eq!((kind, size), (EntryKind::File, Some(2_000_000)));
    assert!(reader.blob(&commit, "large.bin", id.as_ref()).await.unwrap() == large);
}

#[tokio::test]
async fn a_link_is_told_from_a_text_that_looks_like_one() {
    let (w, project, token) = world().await;
    let spec = CommitSpec::new("links")
        .symlink("link", "../ü/no where")
        .file("VERSION", "1.2.3")
        .executable("run", "exec")
        .file("two", "1.2.3\n");
    let commit: ObjectId = w.sim.commit_files(project, &spec).unwrap().parse().unwrap();
    let reader = Reader::new(&w, "lab/sub/group/tools", Some(&token));
    for (path, kind, text, calls) in [
        ("link", EntryKind::Symlink, "../ü/no where", 2),
        ("VERSION", EntryKind::File, "1.2.3", 2),
        ("run", EntryKind::Executable, "exec", 1),
        ("two", EntryKind::File, "1.2.3\n", 1),
    ] {
        let before = w.sim.calls().total();
        let opened = reader.look(&commit, path).await.unwrap();
        assert_eq!(w.sim.calls().total() - before, calls, "{path}");
        assert_eq!(
            (opened.entry.kind, here(&opened)),
            (kind, Some(text.as_bytes())),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_link_among_many_is_one_as_far_as_is_looked() {
    let (w, project, token) = world().await;
    let commit = async |entries: usize| -> ObjectId {
        let spec = (0..entries).fold(CommitSpec::new("many"), |spec, n| {
            spec.file(format!("d{entries}/f{n:04}"), "x\n")
        });
        let spec = spec.symlink(format!("d{entries}/link"), "f0000");
        w.sim.commit_files(project, &spec).unwrap().parse().unwrap()
    };
    let reader = Reader::new(&w, "lab/sub/group/tools", Some(&token));
    for (entries, kind, calls) in [
        (99, EntryKind::Symlink, 2),
        (150, EntryKind::Symlink, 3),
        (999, EntryKind::Symlink, 11),
        (1000, EntryKind::File, 11),
    ] {
        let commit = commit(entries).await;
        let before = w.sim.calls().total();
        let opened = reader.look(&commit, &format!("d{entries}/link")).await.unwrap();
        assert_eq!(
            (opened.entry.kind, here(&opened)),
            (kind, Some(&b"f0000"[..])),
            "{entries}"
        );
        assert_eq!(w.sim.calls().total() - before, calls, "{entries}");
    }
}

#[tokio::test]
async fn what_is_no_file_is_told_apart() {
    let (w, project, token) = world().await;
    let commit: ObjectId = w.sim.commit_files(project, &odd()).unwrap().parse().unwrap();
    let reader = Reader::new(&w, "lab/sub/group/tools", Some(&token));
    let kind = async |path| reader.open(&commit, path).await.map(|(kind, ..)| kind);
    assert_eq!(kind("").await, Ok(EntryKind::Directory));
    assert_eq!(kind("x/y").await, Ok(EntryKind::Directory));
    assert_eq!(kind("50%").await, Ok(EntryKind::Directory));
    assert_eq!(kind("bin/run").await, Ok(EntryKind::Executable));
    assert_eq!(kind("dir/vendor").await, Ok(EntryKind::Submodule));
    assert_eq!(kind("link").await, Ok(EntryKind::Symlink));
    for missing in ["nothing", "x/nothing", "README.md/x", "ReadMe.md", "x/y/z/deep"] {
        let error = kind(missing).await.unwrap_err();
        assert!(
            matches!(&error, ReadError::NotFound(why) if why.code == Code::ContentPathNotFound),
            "{error:?}"
        );
    }
    let other = reader.open(&ObjectId::sha1([7; 20]), "README.md").await.unwrap_err();
    assert!(matches!(other, ReadError::NotFound(_)), "{other:?}");
}

#[tokio::test]
async fn a_directory_among_many_is_found() {
    let (w, project, token) = world().await;
    let mut spec = CommitSpec::new("many");
    for n in 0..150 {
        spec = spec.file(format!("d{n:03}/f"), "x");
    }
    let commit: ObjectId = w.sim.commit_files(project, &spec).unwrap().parse().unwrap();
    let reader = Reader::new(&w, "lab/sub/group/tools", Some(&token));
    assert_eq!(reader.open(&commit, "d149").await.unwrap().0, EntryKind::Directory);
    assert!(matches!(
        reader.open(&commit, "d150").await,
        Err(ReadError::NotFound(_))
    ));
    let shallow = reader.list(&commit, "", false).await.unwrap();
    assert_eq!(shallow.len(), 150);
    assert_eq!(shallow[149], "Directory d149");
    assert_eq!(reader.list(&commit, "", true).await.unwrap().len(), 300);
}

#[tokio::test]
async fn listings_name_each_kind_from_the_root() {
    let (w, project, token) = world().await;
    let commit: ObjectId = w.sim.commit_files(project, &odd()).unwrap().parse().unwrap();
    let reader = Reader::new(&w, "lab/sub/group/tools", Some(&token));
    let mut shallow = reader.list(&commit, "dir", false).await.unwrap();
    shallow.sort();
    assert_eq!(
        shallow,
        ["File dir/.hidden", "File dir/ü+'\"&=.rs", "Submodule dir/vendor"]
    );
    let deep = reader.list(&commit, "", true).await.unwrap();
    for want in [
        "Executable bin/run",
        "Symlink link",
        "Submodule dir/vendor",
        "Directory x/y",
        "File 50%/+plus+",
    ] {
        assert!(deep.iter().any(|entry| entry == want), "{want} in {deep:?}");
    }
    assert_eq!(deep.len(), 12 + 6);
    for missing in ["nothing", "README.md"] {
        let error = reader.list(&commit, missing, true).await.unwrap_err();
        assert!(matches!(error, ReadError::NotFound(_)), "{missing}: {error:?}");
    }
}

#[tokio::test]
async fn a_tree_of_a_hundred_thousand_files_comes_whole() {
    use std::fmt::Write as _;

    let (w, project, token) = world().await;
    let mut stream = String::from("blob\nmark :1\ndata 1\nx\ncommit refs/heads/main\n");
    stream += "committer A <a@example.com> 1767225600 +0000\ndata 4\nmany\n";
    for n in 0..100_000 {
        writeln!(stream, "M 100644 :1 d{:03}/f{n:06}.txt", n % 500).unwrap();
    }
    w.sim.import(project, stream.as_bytes()).unwrap();
    let reader = Reader::new(&w, "lab/sub/group/tools", Some(&token));
    let commit = reader.resolve(None).await.unwrap();
    let before = w.sim.calls().total();
    let listed = reader.list(&commit, "", true).await.unwrap();
    assert_eq!((listed.len(), w.sim.calls().total() - before), (100_500, 1));
}
