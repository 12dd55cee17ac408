use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

/// How long, and how much, is read on after the last answer. A socket that is dropped with unread bytes on it makes
/// the system send a reset, which destroys the answer on its way to a caller who is still sending. Enough for a body
/// of 100 MB on a fast network: callers that send all before they read then still get their 413.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 128 << 20;
/// A caller that sends nothing for this long has nothing on its way.
const LINGER_IDLE: Duration = Duration::from_millis(500);

/// A caller that takes nothing of its answer for this long is dropped.
const WRITE_STALL: Duration = Duration::from_secs(30);

/// A connection that closes so that the last answer can be read, and that does not wait for ever to be read.
pub(crate) struct PoliteIo<S> {
    stream: S,
    linger: Linger,
    stall: Option<Pin<Box<Sleep>>>,
}

enum Linger {
    No,
    Reading {
        left: usize,
        end: Instant,
        wake: Pin<Box<Sleep>>,
    },
    Done,
}

impl<S> PoliteIo<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            linger: Linger::No,
            stall: None,
        }
    }

    /// Says whether a write that made no progress has waited too long.
    fn stalled(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let stall = self
            .stall
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_STALL)));
        ready!(stall.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the caller does not read its answer",
        )))
    }

    fn written(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if outcome.is_pending() {
            return self.stalled(cx);
        }
        self.stall = None;
        outcome
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PoliteIo<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for PoliteIo<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Closes our side, then reads on and throws away until the caller closes too, or enough is enough.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &mut this.linger {
                Linger::No => {
                    ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
                    let now = Instant::now();
                    this.linger = Linger::Reading {
                        left: LINGER_BYTES,
                        end: now + LINGER,
                        wake: Box::pin(tokio::time::sleep_until(now + LINGER_IDLE)),
                    };
                }
                Linger::Reading { left, end, wake } => {
                    let mut scratch = [0_u8; 16 * 1024];
                    let mut buffer = ReadBuf::new(&mut scratch);
                    match Pin::new(&mut this.stream).poll_read(cx, &mut buffer) {
                        Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                            let now = Instant::now();
                            *left = left.saturating_sub(buffer.filled().len());
                            if *left == 0 || now >= *end {
                                this.linger = Linger::Done;
                            } else {
                                wake.as_mut().reset((*end).min(now + LINGER_IDLE));
                            }
                        }
                        Poll::Ready(_) => this.linger = Linger::Done,
                        Poll::Pending => {
                            ready!(wake.as_mut().poll(cx));
                            this.linger = Linger::Done;
                        }
                    }
                }
                Linger::Done => return Poll::Ready(Ok(())),
            }
        }
    }
}
