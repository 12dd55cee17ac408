//! Files that are passed on as they are read, however large.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _};
use tokio::process::Command;
use tokio_util::io::ReaderStream;

use super::objects::is_id;
use super::store::GitStore;

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;
/// 45 bytes are 60 letters.
const BYTES_PER_LINE: usize = 45;

impl GitStore {
    /// A file's bytes, by its id. Within a runtime only; the process ends when nobody reads any more, and a stream
    /// that ends early means that git failed.
    pub(crate) fn stream_blob(&self, id: u64, object: &str) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
        if !is_id(object) {
            return Err(super::names::invalid(format!("{object:?} is no object")));
        }
        let mut child = Command::from(self.command(id, &["cat-file", "blob", object]))
            .kill_on_drop(true)
            .spawn()?;
        drop((child.stdin.take(), child.stderr.take()));
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| io::Error::other("git has no pipes"))?;
        let pieces = ReaderStream::with_capacity(stdout, PIECE).map(move |piece| {
            // It lives as long as somebody reads it.
            let _keep = &child;
            piece
        });
        Ok(pieces.boxed())
    }
}

/// Base64 of a stream, with a break after every 60 letters and at the end; an empty `line_break` makes one line.
pub(crate) fn base64_stream(
    pieces: BoxStream<'static, io::Result<Bytes>>,
    line_break: &'static [u8],
) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    let state = Some((pieces, Vec::<u8>::new()));
    stream::unfold(state, move |state| async move {
        let (mut pieces, mut rest) = state?;
        loop {
            match pieces.next().await {
                Some(Ok(piece)) => {
                    rest.extend_from_slice(&piece);
                    if rest.len() < BYTES_PER_LINE {
                        continue;
                    }
                    let later = rest.split_off(rest.len() - rest.len() % BYTES_PER_LINE);
                    let lines = in_lines(&rest, line_break);
                    return Some((Ok(lines.into()), Some((pieces, later))));
                }
                Some(Err(error)) => return Some((Err(error), None)),
                None if rest.is_empty() => return None,
                None => return Some((Ok(in_lines(&rest, line_break).into()), None)),
            }
        }
    })
}

fn in_lines(bytes: &[u8], line_break: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() / 3 * 4 + (bytes.len() / BYTES_PER_LINE + 1) * line_break.len() + 4);
    for line in bytes.chunks(BYTES_PER_LINE) {
        text.extend(STANDARD.encode(line).into_bytes());
        text.extend_from_slice(line_break);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn base64_is_the_same_wherever_the_pieces_end() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let whole = String::from_utf8(in_lines(&bytes, b"\n")).unwrap();
        assert!(whole.lines().all(|line| line.len() <= 60) && whole.ends_with('\n'));
        assert_eq!(STANDARD.decode(whole.replace('\n', "")).unwrap(), bytes);
        for size in [1, 2, 44, 45, 46, 999, 1000] {
            let pieces: Vec<io::Result<Bytes>> = bytes.chunks(size).map(|p| Ok(Bytes::copy_from_slice(p))).collect();
            let mut text = Vec::new();
            let mut stream = Box::pin(base64_stream(stream::iter(pieces).boxed(), b"\n"));
            while let Some(piece) = stream.next().await {
                text.extend_from_slice(&piece.unwrap());
            }
            assert_eq!(text, whole.as_bytes(), "{size}");
        }
    }
}
