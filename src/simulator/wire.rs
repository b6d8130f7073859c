//! Connections that can be counted, cut, reset and slowed down, between HTTP and TLS.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{extract::connect_info::Connected, serve::IncomingStream, serve::Listener};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::Sleep,
};

/// How the bytes of a response are disturbed.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// Number of bytes that still pass.
    pub left: usize,
    /// Whether the connection ends with a TCP reset instead of a close.
    pub reset: bool,
    /// Send one byte at a time, with this pause between bytes.
    pub slice: Option<Duration>,
}

/// The connection that a request came on.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Number of the connection, counted from 1.
    pub number: u64,
    cut: Arc<Mutex<Option<Cut>>>,
}

impl Peer {
    /// Sets or clears the disturbance of the next response.
    pub(super) fn cut(&self, cut: Option<Cut>) {
        *self.cut.lock().unwrap_or_else(PoisonError::into_inner) = cut;
    }
}

/// A stream that can end with a reset.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Turns the next close into a TCP reset.
    fn reset_when_closed(&self);
}

impl Stream for TcpStream {
    fn reset_when_closed(&self) {
        let _ = self.set_zero_linger();
    }
}

/// Wraps another listener, counts its connections and can refuse them.
pub(super) struct Watched<L> {
    pub(super) listener: L,
    /// Returns the number of a new connection, or `None` to refuse it.
    pub(super) accepted: Box<dyn FnMut() -> Option<u64> + Send>,
}

impl<L: Listener<Addr = SocketAddr>> Listener for Watched<L>
where
    L::Io: Stream,
{
    type Io = Connection<L::Io>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (io, address) = self.listener.accept().await;
            if let Some(number) = (self.accepted)() {
                return (Connection { io, peer: Peer { number, cut: Arc::default() }, sleep: None }, address);
            }
            io.reset_when_closed();
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

impl<L: Listener<Addr = SocketAddr>> Connected<IncomingStream<'_, Watched<L>>> for Peer
where
    L::Io: Stream,
{
    fn connect_info(stream: IncomingStream<'_, Watched<L>>) -> Self {
        stream.io().peer.clone()
    }
}

/// One connection, as hyper writes to it.
pub(super) struct Connection<S> {
    io: S,
    peer: Peer,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<S: Stream> AsyncRead for Connection<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<S: Stream> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let mut cut = this.peer.cut.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Cut { left, reset, slice }) = &mut *cut else {
            drop(cut);
            return Pin::new(&mut this.io).poll_write(cx, bytes);
        };
        if *left == 0 {
            if *reset {
                this.io.reset_when_closed();
            }
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if let Some(sleep) = &mut this.sleep {
            std::task::ready!(sleep.as_mut().poll(cx));
            this.sleep = None;
        }
        let most = if slice.is_some() { 1 } else { *left };
        let some = bytes.get(..bytes.len().min(most)).unwrap_or_default();
        let written = std::task::ready!(Pin::new(&mut this.io).poll_write(cx, some))?;
        *left = left.saturating_sub(written);
        this.sleep = slice.map(|pause| Box::pin(tokio::time::sleep(pause)));
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// A listener without TLS.
///
/// # Errors
///
/// When the socket cannot be registered with the runtime.
pub(super) fn plain(listener: std::net::TcpListener) -> io::Result<TcpListener> {
    TcpListener::from_std(listener)
}
