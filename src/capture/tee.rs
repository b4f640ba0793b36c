//! A stream that remembers what was received first, counts it, and ends when it is too much.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes kept: enough for a whole clear-text Certificate message.
const MOST_KEPT: usize = 256 * 1024;
/// Bytes a handshake may take.
const MOST_RECEIVED: u64 = 1024 * 1024;

/// What was received so far.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// The first bytes.
    pub(super) first: Vec<u8>,
    /// How many there were in all.
    pub(super) total: u64,
    /// There were more than a handshake may take.
    pub(super) too_much: bool,
}

/// The stream.
pub(super) struct Tee<S> {
    inner: S,
    received: Arc<Mutex<Received>>,
}

impl<S> Tee<S> {
    /// Wraps a stream; what it receives is seen through `received`, also after it is gone.
    pub(super) fn new(inner: S, received: Arc<Mutex<Received>>) -> Self {
        Self { inner, received }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tee<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        let new = buf.filled().get(before..).unwrap_or_default();
        if let Ok(mut received) = self.received.lock() {
            let room = MOST_KEPT.saturating_sub(received.first.len());
            received
                .first
                .extend_from_slice(new.get(..room).unwrap_or(new));
            received.total += new.len() as u64;
            if received.total > MOST_RECEIVED {
                received.too_much = true;
                return Poll::Ready(Err(io::Error::other("too much data")));
            }
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tee<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
