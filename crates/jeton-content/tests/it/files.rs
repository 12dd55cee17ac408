//! Files come to the byte, whatever is in them and however they are called.

use jeton_content::{ContentError, Encoding};
use jeton_forge_sim::CommitSpec;

use crate::world::{REPOSITORY, World, whole};

#[tokio::test]
async fn nasty_files_are_those_of_git() {
    let world = World::new().await;
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("no-newline", b"one\ntwo\nthree".to_vec()),
        ("crlf", b"a\r\nb\r\n".to_vec()),
        ("latin-1", b"caf\xe9\n".to_vec()),
        ("binary", b"\x00\x01\x02\xff".to_vec()),
        ("one-line", vec![b'x'; 5 << 20]),
        ("utf-8", "ä\u{2028}\u{c}€𝄞".repeat(40_000).into_bytes()),
        ("with space", b"1".to_vec()),
        ("with#hash", b"2".to_vec()),
        ("with?question", b"3".to_vec()),
        ("literal%20percent", b"4".to_vec()),
        ("with+plus&and=", b"5".to_vec()),
        ("quote'single", b"6".to_vec()),
        ("ümläut/文件.txt", b"7".to_vec()),
        ("Case", b"upper".to_vec()),
        ("case", b"lower".to_vec()),
        ("content/lines", b"8".to_vec()),
    ];
    let mut spec = CommitSpec::new("all of them");
    for (path, bytes) in &files {
        spec = spec.file(*path, bytes.clone());
    }
    let commit = world.github().commit("acme", "site", &spec).unwrap();
    for (path, bytes) in &files {
        assert_eq!(world.bytes(path).await, *bytes, "{path}");
        let pinned = world
            .content
            .file(REPOSITORY, Some(&commit), &format!("/{path}"))
            .await
            .unwrap();
        assert_eq!(whole(&pinned.value.blob).await, *bytes, "{path}");
    }
    let encoding = async |path: &str| {
        world
            .content
            .file(REPOSITORY, None, path)
            .await
            .unwrap()
            .value
            .blob
            .facts()
            .encoding
    };
    assert_eq!(encoding("latin-1").await, Encoding::EightBit);
    assert_eq!(encoding("binary").await, Encoding::Binary);
    assert_eq!(encoding("utf-8").await, Encoding::Utf8);
    let lines = async |path: &str| {
        world
            .content
            .file(REPOSITORY, None, path)
            .await
            .unwrap()
            .value
            .blob
            .facts()
            .lines
    };
    assert_eq!(lines("empty").await, 0);
    assert_eq!(lines("no-newline").await, 3);
    assert_eq!(lines("utf-8").await, 1);
}

#[tokio::test]
async fn a_link_is_followed_and_named_and_a_submodule_is_named() {
    let world = World::new().await;
    let other = "0123456789abcdef0123456789abcdef01234567";
    let spec = CommitSpec::new("links")
        .file("docs/guide.md", "guide")
        .symlink("guide", "docs/guide.md")
        .symlink("twice", "guide")
        .symlink("out", "../../etc/passwd")
        .symlink("circle", "circle")
        .symlink("nowhere", "none")
        .submodule("vendor/lib", other);
    world.github().commit("acme", "site", &spec).unwrap();
    for path in ["guide", "twice"] {
        let read = world.content.file(REPOSITORY, None, path).await.unwrap();
        assert_eq!(whole(&read.value.blob).await, b"guide");
        let link = read.value.link.unwrap();
        assert_eq!((link.path.as_str(), link.to.as_str()), (path, "docs/guide.md"));
    }
    let error = async |path: &str| world.content.file(REPOSITORY, None, path).await.unwrap_err();
    assert!(matches!(error("out").await, ContentError::LinkBroken { .. }));
    assert!(matches!(error("circle").await, ContentError::LinkBroken { .. }));
    assert!(matches!(error("docs").await, ContentError::IsDirectory(_)));
    assert!(matches!(error("/").await, ContentError::IsDirectory(_)));
    match error("vendor/lib").await {
        ContentError::IsSubmodule { commit, .. } => assert_eq!(commit.as_deref(), Some(other)),
        error => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_wrong_path_is_told_with_what_was_meant() {
    let world = World::new().await;
    world.write("src/Main.rs", b"x");
    match world.content.file(REPOSITORY, None, "src/main.rs").await.unwrap_err() {
        ContentError::PathNotFound { similar, .. } => assert_eq!(similar, ["src/Main.rs"]),
        error => panic!("{error:?}"),
    }
    for bad in ["../x", "a//b", "a\nb", "a/../b"] {
        let error = world.content.file(REPOSITORY, None, bad).await.unwrap_err();
        assert!(matches!(error, ContentError::Invalid(_)), "{bad:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_file_above_the_limit_is_refused_before_it_comes() {
    let world = World::with(|settings| settings.max_file_bytes = 2 << 20).await;
    world.write("big.bin", &vec![0; 3 << 20]);
    let error = world.content.file(REPOSITORY, None, "big.bin").await.unwrap_err();
    assert!(
        matches!(error, ContentError::TooLarge { by_forge: false, .. }),
        "{error:?}"
    );
}
