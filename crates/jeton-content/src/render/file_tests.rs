use bytes::Bytes;
use jeton_domain::Entropy;

use super::{LARGEST_PIECE, LONGEST_LINE, read_lines};
use crate::{Blob, BlobSettings, Blobs, ContentError};

/// Nothing here hangs on randomness.
#[derive(Debug)]
struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

async fn blob(bytes: impl Into<Bytes>) -> Blob {
    let blobs = Blobs::new(BlobSettings::new(None), 1 << 30, &Zeros);
    blobs
        .put(&"github".into(), None, "github.com", "a", bytes.into())
        .await
        .unwrap()
}

#[tokio::test]
async fn lines_end_where_they_are_too_much_and_one_is_given_whole() {
    let long = "x".repeat(usize::try_from(LARGEST_PIECE).unwrap());
    let blob = blob(format!("a\nb\r\n{long}x\nc\n{long}")).await;
    let read = async |start, end| {
        let lines = read_lines(&blob, start, end).await.unwrap();
        let texts: Vec<String> = lines.strs().unwrap().map(str::to_owned).collect();
        assert_eq!(lines.range.end - lines.range.start, texts.len() as u64);
        (lines.range.end, texts)
    };
    assert_eq!(read(0, 5).await, (2, vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(read(2, 5).await, (3, vec![format!("{long}x")]));
    assert_eq!(read(3, 5).await, (4, vec!["c".to_owned()]));
    assert_eq!(read(4, 5).await, (5, vec![long.clone()]));
    assert_eq!(read(1, 2).await, (2, vec!["b".to_owned()]));
}

#[tokio::test]
async fn an_empty_file_has_no_line_and_nobody_minds() {
    let lines = read_lines(&blob("").await, 0, 0).await.unwrap();
    assert_eq!(lines.strs().unwrap().count(), 0);
}

#[tokio::test]
async fn a_line_that_is_too_long_is_refused_with_the_byte_where_it_begins() {
    let long = "x".repeat(usize::try_from(LONGEST_LINE).unwrap() - 1);
    let blob = blob(format!("ä\n{long}\n{long}y\nb")).await;
    assert_eq!(read_lines(&blob, 1, 4).await.unwrap().range, 1..2);
    assert_eq!(read_lines(&blob, 0, 4).await.unwrap().range, 0..1);
    assert_eq!(read_lines(&blob, 3, 4).await.unwrap().range, 3..4);
    let error = read_lines(&blob, 2, 3).await.unwrap_err();
    let begin = 3 + LONGEST_LINE;
    assert!(
        matches!(&error, ContentError::Range(told)
            if told.starts_with("line 3 alone") && told.contains(&format!("`offset` {begin}, or with `raw`"))),
        "{error}"
    );
}
