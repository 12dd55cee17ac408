use jeton_api::{
    CommitEntry, CommitList, CommitPerson, ContentOrigin, Diagnosis, FileContent, FileFacts, FileLineCount, FileLines,
    LfsObject, RepositoryTree, TreeEntry,
};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn origin() -> ContentOrigin {
    ContentOrigin {
        forge: "github.com".to_owned(),
        repository: "acme/tools".to_owned(),
        reference: Some("main".to_owned()),
        commit: COMMIT.to_owned(),
        source: "app:ci".to_owned(),
        stale_seconds: None,
        notices: Vec::new(),
    }
}

fn facts(charset: &str, size: u64, max_lines: u64) -> FileFacts {
    FileFacts {
        path: "a b.txt".to_owned(),
        kind: "file".to_owned(),
        id: COMMIT.to_owned(),
        size,
        charset: charset.to_owned(),
        binary: charset == "binary",
        line_endings: "lf".to_owned(),
        max_lines,
        lfs: None,
        link: None,
    }
}

fn part(file: FileFacts, content: &str, offset: u64, next: Option<u64>) -> FileContent {
    FileContent {
        origin: origin(),
        encoding: if file.charset.starts_with("utf-8") {
            "utf-8"
        } else {
            "base64"
        }
        .to_owned(),
        file,
        content: content.to_owned(),
        offset,
        truncated: next.is_some(),
        next,
    }
}

#[test]
fn text_is_given_as_it_is() {
    let whole = super::file(&part(facts("utf-8", 8, 1), "# \"a\"\\\r\n", 0, None), false);
    let head = format!("a b.txt in github.com/acme/tools at main (commit {COMMIT}): whole, 1 line of 8 bytes");
    assert_eq!(whole, format!("{head}\n# \"a\"\\\r\n"));
    let some = super::file(&part(facts("utf-8", 90, 9), "xyz", 3, Some(6)), false);
    assert!(
        some.contains("): bytes 3 to 6 (excluded) of 90 bytes; goes on with offset=6\nxyz"),
        "{some}"
    );
}

#[test]
fn what_is_no_text_is_described() {
    let small = super::file(&part(facts("binary", 3, 0), "AAAA", 0, None), false);
    assert!(small.ends_with(
        "\nThe file is binary, and not shown. For programs 3 bytes of it are in structuredContent, as base64."
    ));
    assert!(!small.contains("AAAA"));
    let large = super::file(&part(facts("8-bit", 60_000, 0), "AAAA", 0, None), true);
    assert!(
        large.contains("Latin-1") && large.contains("`limit` up to 50000"),
        "{large}"
    );
    let mut pointer = facts("utf-8", 130, 3);
    pointer.lfs = Some(LfsObject {
        oid: "sha256:00".to_owned(),
        size: 12_345,
    });
    pointer.link = Some("link".to_owned());
    let pointer = super::line_count(&FileLineCount {
        origin: origin(),
        file: pointer,
    });
    assert!(
        pointer.starts_with("a b.txt (through the link link) in github.com/acme/tools at main"),
        "{pointer}"
    );
    assert!(
        pointer.contains(", a Git LFS pointer to an object of 12345 bytes, which is not given: 3 lines, 130 bytes")
    );
}

#[test]
fn lines_carry_their_numbers() {
    let lines = |start_line, end_line, lines: &[&str], next: Option<u64>| {
        super::lines(&FileLines {
            origin: origin(),
            file: facts("utf-8", 90, 120),
            start_line,
            end_line,
            lines: lines.iter().map(ToString::to_string).collect(),
            truncated: next.is_some(),
            next,
        })
    };
    let some = lines(99, 100, &["a", ""], Some(101));
    assert!(
        some.ends_with("): lines 99 to 100 of 120; goes on with start_line=101\n 99\ta\n100\t"),
        "{some}"
    );
    assert!(lines(1, 0, &[], None).ends_with("): no lines of 120"));
}

#[test]
fn trees_have_a_path_per_line() {
    let entry = |path: &str, kind: &str| TreeEntry {
        path: path.to_owned(),
        kind: kind.to_owned(),
        id: Some(COMMIT.to_owned()),
        size: None,
    };
    let entries = ["file", "executable", "symlink", "directory", "submodule"];
    let text = super::tree(&RepositoryTree {
        origin: ContentOrigin {
            reference: Some(COMMIT.to_owned()),
            stale_seconds: Some(7),
            ..origin()
        },
        path: "src".to_owned(),
        entries: entries.iter().map(|kind| entry(&format!("src/{kind}"), kind)).collect(),
        truncated: true,
        next: Some("abc".to_owned()),
    });
    let lines: Vec<&str> = text.lines().collect();
    let stale = "as of 7 seconds ago, because the forge does not answer";
    assert_eq!(
        lines,
        [
            &*format!("src in github.com/acme/tools (commit {COMMIT}, {stale}): 5 entries; goes on with cursor=abc"),
            "src/file",
            "src/executable (executable)",
            "src/symlink (symlink)",
            "src/directory/",
            "src/submodule (submodule at 0123456789ab)",
        ]
    );
}

#[test]
fn a_commit_is_one_line_whatever_it_is_called() {
    let person = |name: &str| CommitPerson {
        name: name.to_owned(),
        email: "ada@example.com".to_owned(),
        date: "2026-11-22T10:00:00Z".to_owned(),
    };
    let text = super::commits(&CommitList {
        origin: origin(),
        commits: vec![CommitEntry {
            id: COMMIT.to_owned(),
            message: "Fix\tit\r\n\nAt last.\n".to_owned(),
            author: person("Ada\nfake line"),
            committer: person("Bo"),
            parents: Vec::new(),
            url: None,
            cursor: "x".to_owned(),
        }],
        next: None,
    });
    let line = "0123456789ab 2026-11-22T10:00:00Z Ada fake line: Fix it";
    assert_eq!(
        text,
        format!("github.com/acme/tools at main (commit {COMMIT}): 1 commit\n{line}")
    );
}

#[test]
fn a_notice_says_what_to_do() {
    let notice = Diagnosis {
        code: "credential.expired".to_owned(),
        cause: "It is over.".to_owned(),
        remedy: "Renew it.".to_owned(),
        url: None,
        retry_at: None,
    };
    assert_eq!(
        super::notice(&notice),
        "Note: credential.expired: It is over. Renew it."
    );
}
