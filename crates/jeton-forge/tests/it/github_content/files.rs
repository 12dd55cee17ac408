//! Files, links, directories and submodules.

use jeton_forge::content::{Body, EntryKind, ReadError};
use jeton_forge_sim::{CommitSpec, ContentLimits};

use super::{Reader, kind, path, read};

#[tokio::test]
async fn files_of_every_name_come_byte_for_byte() {
    let r = Reader::new().await;
    let all: Vec<u8> = (0..=255).collect();
    let line = "ü".repeat(200_000);
    let files: [(&str, &[u8]); 14] = [
        ("empty", b""),
        ("a b/c d.txt", b"spaces"),
        ("c#/what?.md", b"#?"),
        ("100%/%20.txt", b"%"),
        ("\"quoted\" 'too'.txt", b"\"'"),
        ("gr\u{fc}n/\u{65e5}\u{672c}.txt", b"names"),
        ("a+b&c=d;e.txt", b"+&=;"),
        ("README.md", b"upper"),
        ("readme.md", b"lower"),
        ("...", b"dots"),
        ("latin1", b"caf\xe9\r\n"),
        ("binary", &all),
        ("crlf", b"one\r\ntwo\r\nthree"),
        ("line", line.as_bytes()),
    ];
    let spec = files
        .iter()
        .fold(CommitSpec::new("All"), |spec, (path, content)| spec.file(path, content));
    r.github().commit("acme", "tools", &spec).unwrap();
    for (name, content) in files {
        let opened = r.open(name).await.unwrap();
        assert_eq!((opened.entry.path.as_str(), opened.entry.kind), (name, EntryKind::File));
        assert_eq!(opened.entry.size, Some(content.len() as u64), "{name}");
        assert!(matches!(&opened.body, Body::Here(bytes) if bytes == content), "{name}");
        let head = r.head().await;
        // without its id, too
        for id in [opened.entry.id.as_ref(), None] {
            let stream = r.forge().blob(&r.at(), &head, &path(name), id).await.answer.unwrap();
            assert_eq!(stream.size, Some(content.len() as u64), "{name}");
            assert_eq!(read(stream).await.unwrap(), content, "{name}");
        }
    }
    assert_eq!(kind(r.open("Readme.md").await), "not found");
}

#[tokio::test]
async fn a_large_file_takes_two_calls_and_no_range() {
    let r = Reader::new().await;
    let content: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let spec = CommitSpec::new("Large").file("large.bin", &content);
    r.github().commit("acme", "tools", &spec).unwrap();
    let head = r.head().await;
    let before = r.calls();
    let opened = r.forge().open(&r.at(), &head, &path("large.bin")).await.answer.unwrap();
    assert!(matches!(opened.body, Body::Apart));
    assert_eq!(opened.entry.size, Some(content.len() as u64));
    let id = opened.entry.id.as_ref();
    let stream = r.forge().blob(&r.at(), &head, &opened.entry.path, id).await;
    assert!(stream.quota.is_some());
    assert_eq!(read(stream.answer.unwrap()).await.unwrap(), content);
    assert_eq!(r.calls() - before, 2);
    // again, while GitHub has it at hand
    let again = r
        .forge()
        .blob(&r.at(), &head, &opened.entry.path, id)
        .await
        .answer
        .unwrap();
    assert!(read(again).await.unwrap() == content, "the second time is another file");
}

#[tokio::test]
async fn what_is_no_file_is_named_as_such() {
    let r = Reader::new().await;
    let library = "1".repeat(40);
    let spec = CommitSpec::new("Kinds")
        .executable("run.sh", "#!/bin/sh\n")
        .file("docs/real.md", "# Real\n")
        .symlink("inside", "docs/real.md")
        .symlink("docs/folder", "../docs")
        .symlink("outside", "../../etc/passwd")
        .symlink("nowhere", "gr\u{fc}n/missing")
        .symlink("odd", b"caf\xe9")
        .file(
            ".gitmodules",
            "[submodule \"lib\"]\n\tpath = vendor/lib\n\turl = https://git.example.com/lib.git\n",
        )
        .submodule("vendor/lib", &library)
        .submodule("vendor/bare", &library);
    r.github().commit("acme", "tools", &spec).unwrap();

    for name in ["docs", "vendor"] {
        let opened = r.open(name).await.unwrap();
        assert_eq!(
            (opened.entry.kind, opened.entry.path.as_str()),
            (EntryKind::Directory, name)
        );
    }
    for name in ["vendor/lib", "vendor/bare"] {
        let opened = r.open(name).await.unwrap();
        assert_eq!(opened.entry.kind, EntryKind::Submodule, "{name}");
        assert_eq!(opened.entry.id.unwrap().to_string(), library);
    }
    let followed = r.open("inside").await.unwrap();
    assert_eq!(
        (followed.entry.kind, followed.entry.path.as_str()),
        (EntryKind::File, "docs/real.md")
    );
    assert_eq!(r.bytes(&followed).await, b"# Real\n");
    for (name, target) in [
        ("docs/folder", &b"../docs"[..]),
        ("outside", b"../../etc/passwd"),
        ("nowhere", "gr\u{fc}n/missing".as_bytes()),
        ("odd", b"caf\xe9"),
    ] {
        let opened = r.open(name).await.unwrap();
        assert_eq!(
            (opened.entry.kind, opened.entry.path.as_str()),
            (EntryKind::Symlink, name)
        );
        assert_eq!(r.bytes(&opened).await, target, "{name}");
    }
}

#[tokio::test]
async fn the_root_is_known_without_a_call_and_what_is_not_there_is_not_found() {
    let r = Reader::new().await;
    let head = r.head().await;
    let before = r.calls();
    let root = r.forge().open(&r.at(), &head, &path("")).await;
    assert_eq!(
        (root.answer.unwrap().entry.kind, root.quota),
        (EntryKind::Directory, None)
    );
    assert_eq!(r.calls(), before);
    for name in ["nope", "README.md/x", "readme.md"] {
        assert_eq!(kind(r.open(name).await), "not found", "{name}");
    }
    let unknown = "ab".repeat(20).parse().unwrap();
    let readme = path("README.md");
    assert_eq!(
        kind(r.forge().open(&r.at(), &unknown, &readme).await.answer),
        "not found"
    );
    assert_eq!(
        kind(r.forge().blob(&r.at(), &head, &readme, Some(&unknown)).await.answer),
        "not found"
    );
}

#[tokio::test]
async fn a_file_beyond_what_github_gives_is_too_large() {
    let r = Reader::new().await;
    let spec = CommitSpec::new("Large").file("large.bin", vec![7; 2_000_000]);
    r.github().commit("acme", "tools", &spec).unwrap();
    let head = r.head().await;
    let id = r.open("large.bin").await.unwrap().entry.id;
    r.github().set_content_limits(ContentLimits {
        blob_bytes: 1_500_000,
        ..ContentLimits::default()
    });
    let limit = 100 << 20;
    let large = path("large.bin");
    assert_eq!(r.open("large.bin").await.unwrap_err(), ReadError::TooLarge { limit });
    for id in [id.as_ref(), None] {
        let told = r.forge().blob(&r.at(), &head, &large, id).await;
        assert_eq!(told.answer.unwrap_err(), ReadError::TooLarge { limit });
    }
}
