use std::{io, net::SocketAddr, ops::Range};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A keep-alive HTTP/1.1 connection that has one request under way at most.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer; its bytes lie in the connection's buffer.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    pub(crate) status: u16,
    /// Status line and headers, with the empty line.
    pub(crate) head: &'a [u8],
    pub(crate) body: &'a [u8],
}

/// The bytes of a `GET`.
pub(crate) fn request_for(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").into_bytes()
}

/// The bytes of a `GET` with an API key.
pub(crate) fn request_with_key(path: &str, key: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n\r\n").into_bytes()
}

/// The bytes of a `POST` of JSON with an API key.
pub(crate) fn post_with_key(path: &str, key: &str, body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\ncontent-type: \
         application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        // Larger than any answer here, so that it is read in one go.
        Ok(Self {
            stream,
            buffer: vec![0; 16 * 1024],
        })
    }

    /// Sends a request and reads its whole answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<Reply<'_>> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let mut parsed: Option<Parsed> = None;
        let (status, head, body) = loop {
            if let Some((status, head, body)) = parsed.clone()
                && filled >= body.end
            {
                if filled > body.end {
                    return Err(bad("bytes after the answer"));
                }
                break (status, head, body);
            }
            if filled == self.buffer.len() {
                self.buffer.resize(filled * 2, 0);
            }
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            if read == 0 {
                let what = format!("the server closed the connection after {filled} bytes of an answer");
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
            }
            filled += read;
            if parsed.is_none() {
                parsed = parse_head(&self.buffer[..filled])?;
            }
        };
        Ok(Reply {
            status,
            head: &self.buffer[head],
            body: &self.buffer[body],
        })
    }
}

pub(super) type Parsed = (u16, Range<usize>, Range<usize>);

/// Status, head and body; `None` while the head is incomplete.
pub(super) fn parse_head(bytes: &[u8]) -> io::Result<Option<Parsed>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = &bytes[..end + 2];
    let status = head
        .get(9..12)
        .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    let status = status
        .filter(|_| head.starts_with(b"HTTP/1.1 "))
        .ok_or_else(|| bad("no status line"))?;
    let length = content_length(head).ok_or_else(|| bad("an answer without Content-Length"))?;
    let start = end + 4;
    Ok(Some((status, 0..start, start..start + length)))
}

fn content_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let mut lines = head.split(|byte| *byte == b'\n').skip(1);
    let value = lines.find_map(|line| {
        let (name, value) = line.split_at_checked(NAME.len())?;
        name.eq_ignore_ascii_case(NAME).then_some(value)
    })?;
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::{parse_head, post_with_key};

    #[test]
    fn a_post_says_how_long_its_body_is() {
        let request = post_with_key("/v1/x", "k", &serde_json::json!({ "é": 1 }));
        let text = String::from_utf8(request).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, r#"{"é":1}"#);
        assert!(
            head.ends_with("\r\ncontent-type: application/json\r\ncontent-length: 8"),
            "{head}"
        );
    }

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let whole = b"HTTP/1.1 200 OK\r\nx: y\r\nContent-Length: 3\r\n\r\nabc";
        for cut in 0..whole.len() - 3 {
            assert!(parse_head(&whole[..cut]).unwrap().is_none(), "cut at {cut}");
        }
        let (status, head, body) = parse_head(whole).unwrap().unwrap();
        assert_eq!((status, head.end, &whole[body]), (200, whole.len() - 3, &b"abc"[..]));
    }

    #[test]
    fn what_cannot_be_counted_is_an_error() {
        assert!(parse_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(parse_head(b"SSH-2.0-x\r\n\r\n").is_err());
    }
}
