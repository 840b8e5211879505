//! HTTP listeners that anybody who reaches the port may try to block: of too many connections, the one that has been idle for longest is
//! closed, so that neither descriptors nor memory run out and whoever has something to say is heard.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::lock::lock;

/// Connections that are open at once.
const MOST: usize = 200;
/// A connection over which nothing has come for so long is idle: a call's audio comes every 20 ms.
const IDLE: Duration = Duration::from_secs(2);

/// A listener with a bound on its connections.
pub struct Guarded<L> {
    listener: L,
    open: Open,
    accepted: u64,
    most: usize,
    idle: Duration,
}

type Open = Arc<Mutex<HashMap<u64, (Instant, CancellationToken)>>>;

impl<L> Guarded<L> {
    /// Guards a listener.
    pub fn new(listener: L) -> Self {
        Self { listener, open: Open::default(), accepted: 0, most: MOST, idle: IDLE }
    }
}

impl<L: Listener> Listener for Guarded<L> {
    type Io = Connection<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (io, address) = self.listener.accept().await;
        let mut open = lock(&self.open);
        while open.len() >= self.most {
            let idle = open.iter().min_by_key(|(_, (last, _))| *last).filter(|(_, (last, _))| last.elapsed() >= self.idle);
            let idle = idle.map(|(number, _)| *number);
            // Where all are busy there are as many calls, which must not be cut off.
            let Some((_, closed)) = idle.and_then(|number| open.remove(&number)) else { break };
            closed.cancel();
        }
        self.accepted += 1;
        let closed = CancellationToken::new();
        open.insert(self.accepted, (Instant::now(), closed.clone()));
        let closed = Box::pin(closed.cancelled_owned());
        (Connection { io, number: self.accepted, open: Arc::clone(&self.open), closed }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A connection that is closed when it is idle and another needs its place.
pub struct Connection<I> {
    io: I,
    number: u64,
    open: Open,
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl<I> Connection<I> {
    /// What is guarded.
    pub fn inner(&self) -> &I {
        &self.io
    }

    fn active(&self) {
        if let Some((last, _)) = lock(&self.open).get_mut(&self.number) {
            *last = Instant::now();
        }
    }
}

impl<I> Drop for Connection<I> {
    fn drop(&mut self) {
        lock(&self.open).remove(&self.number);
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Connection<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.closed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        if read.is_ready() {
            self.active();
        }
        read
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Connection<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn of_too_many_connections_the_idlest_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let address = listener.local_addr().expect("address");
        let mut guarded = Guarded { most: 2, idle: Duration::ZERO, ..Guarded::new(listener) };
        let mut clients = Vec::new();
        let mut served = Vec::new();
        for _ in 0..2 {
            clients.push(TcpStream::connect(address).await.expect("connected"));
            served.push(guarded.accept().await.0);
        }
        let mut octet = [0];
        clients[0].write_all(b"x").await.expect("sent");
        served[0].read_exact(&mut octet).await.expect("read");
        clients.push(TcpStream::connect(address).await.expect("connected"));
        served.push(guarded.accept().await.0);
        assert_eq!(served[1].read(&mut octet).await.map_err(|error| error.kind()), Err(io::ErrorKind::ConnectionAborted));
        for index in [0, 2] {
            clients[index].write_all(b"y").await.expect("sent");
            served[index].read_exact(&mut octet).await.expect("read");
        }
        drop(served);
        assert!(lock(&guarded.open).is_empty());
    }
}
