//! Files that tools break on, and what git itself says of them.

use std::path::Path;

use jeton_forge_sim::CommitSpec;

use crate::git::git;

/// Names that have to be escaped on their way, and contents that must not be touched.
pub(crate) fn files() -> Vec<(&'static str, Vec<u8>)> {
    let long = "ä0123456789".repeat(150_000);
    vec![
        ("empty", Vec::new()),
        ("a b.txt", b"one\r\ntwo\r\n".to_vec()),
        ("c#d?e&f=g.txt", b"no newline at the end".to_vec()),
        ("100%.md", b"# 100 %\n".to_vec()),
        ("%2F.txt", b"a name that looks escaped\n".to_vec()),
        ("plus+and;semi.txt", b"+\n".to_vec()),
        ("it's.txt", b"'\n".to_vec()),
        ("Übung/ä ö.txt", "grüße\n".as_bytes().to_vec()),
        ("latin1.txt", b"gr\xfc\xdfe\n".to_vec()),
        ("binary.bin", vec![0, 255, 10, 13, 0]),
        ("Case.txt", b"upper\n".to_vec()),
        ("case.txt", b"lower\n".to_vec()),
        ("deep/er/.hidden", b"\xef\xbb\xbfbom\n".to_vec()),
        ("long.txt", long.into_bytes()),
    ]
}

/// All of them in one commit.
pub(crate) fn commit() -> CommitSpec {
    let spec = CommitSpec::new("Add what tools break on");
    files()
        .into_iter()
        .fold(spec, |spec, (path, content)| spec.file(path, content))
}

/// The bytes of a file, as git has them.
pub(crate) async fn show(clone: &Path, commit: &str, path: &str) -> Vec<u8> {
    let output = git(clone, &["show", &format!("{commit}:{path}")]).await;
    assert!(output.status.success(), "{path}");
    output.stdout
}

/// Percent-encodes everything that is neither a letter nor a digit, and what `kept` says.
pub(crate) fn escape(path: &str, kept: &str) -> String {
    path.bytes()
        .map(|byte| {
            let letter = char::from(byte);
            if letter.is_ascii_alphanumeric() || (letter.is_ascii() && kept.contains(letter)) {
                letter.to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
