use bytes::Bytes;
use jeton_domain::Entropy;
use proptest::prelude::*;

use super::{LARGEST_PIECE, read_lines, text_piece};
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
    blobs.put(None, "github.com", "a", bytes.into()).await.unwrap()
}

/// All of a text, piece by piece.
async fn pieces(text: &str, limit: u64) -> Vec<String> {
    let blob = blob(text.to_owned()).await;
    let (mut at, mut out) = (0, Vec::new());
    while at < blob.size() {
        let (piece, end) = text_piece(&blob, at, (at + limit).min(blob.size())).await.unwrap();
        assert!(end > at, "each piece is a step ahead");
        out.push(piece);
        at = end;
    }
    out
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

proptest! {
    #[test]
    fn pieces_are_the_whole_and_no_longer_than_asked(text in "[aä€😀\\n]{0,40}", limit in 1_u64..12) {
        let pieces = wait(pieces(&text, limit));
        prop_assert_eq!(pieces.concat(), text);
        for piece in pieces {
            prop_assert!(piece.len() as u64 <= limit || piece.chars().count() == 1, "{}", piece);
        }
    }
}

#[tokio::test]
async fn an_offset_inside_of_a_character_is_refused_with_the_nearest_before() {
    let blob = blob("a😀b").await;
    for offset in 2..5 {
        let error = text_piece(&blob, offset, 6).await.unwrap_err();
        assert!(
            matches!(&error, ContentError::Range(told) if told.ends_with("begins at 1")),
            "{error}"
        );
    }
    assert_eq!(text_piece(&blob, 5, 6).await.unwrap(), ("b".to_owned(), 6));
    assert_eq!(text_piece(&blob, 6, 6).await.unwrap(), (String::new(), 6));
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
