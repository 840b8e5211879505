//! A TCP stream that knows when the kernel received what was read last.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::clock::Monotonic;

/// When the kernel received the last bytes that were read.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastArrival(Arc<AtomicI64>);

impl LastArrival {
    /// `None` before anything was read.
    pub fn get(&self) -> Option<Monotonic> {
        Some(self.0.load(Ordering::Relaxed)).filter(|nanos| *nanos != 0).map(Monotonic)
    }

    fn set(&self, at: Monotonic) {
        self.0.store(at.0, Ordering::Relaxed);
    }
}

/// A TCP stream with kernel receive timestamps (`SO_TIMESTAMPNS`) where the system has them.
#[derive(Debug)]
pub(crate) struct TimestampedTcp {
    stream: TcpStream,
    arrival: LastArrival,
}

impl TimestampedTcp {
    /// Asks the kernel for timestamps, and for no delay on what is sent.
    pub fn new(stream: TcpStream) -> Self {
        // Without either, audio only leaves later or is stamped later.
        let _slower = stream.set_nodelay(true);
        #[cfg(target_os = "linux")]
        let _unstamped = nix::sys::socket::setsockopt(&stream, nix::sys::socket::sockopt::ReceiveTimestampns, &true);
        Self { stream, arrival: LastArrival::default() }
    }

    /// A view of the last arrival that outlives the stream.
    pub fn arrival(&self) -> LastArrival {
        self.arrival.clone()
    }
}

impl AsyncRead for TimestampedTcp {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.stream.poll_read_ready(context))?;
            let read = self.stream.try_io(Interest::READABLE, || receive(&self.stream, buffer.initialize_unfilled()));
            match read {
                Ok((length, at)) => {
                    buffer.advance(length);
                    if length > 0 {
                        self.arrival.set(at);
                    }
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for TimestampedTcp {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(target_os = "linux")]
fn receive(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<(usize, Monotonic)> {
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
    use nix::sys::time::TimeSpec;
    use std::os::fd::AsRawFd;

    let mut control = nix::cmsg_space!(TimeSpec);
    let mut parts = [io::IoSliceMut::new(buffer)];
    let message = recvmsg::<()>(stream.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::MSG_DONTWAIT)?;
    let stamp = message.cmsgs().ok().and_then(|mut all| {
        all.find_map(|one| match one {
            ControlMessageOwned::ScmTimestampns(time) => Some(time.tv_sec() * 1_000_000_000 + time.tv_nsec()),
            _ => None,
        })
    });
    Ok((message.bytes, stamp.map_or_else(Monotonic::now, Monotonic::from_realtime)))
}

#[cfg(not(target_os = "linux"))]
fn receive(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<(usize, Monotonic)> {
    Ok((stream.try_read(buffer)?, Monotonic::now()))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn bytes_come_with_their_arrival_however_late_they_are_read() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let address = listener.local_addr().expect("address");
        let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (mut reader, mut writer) = (TimestampedTcp::new(client.expect("client")), server.expect("server").0);
        let arrival = reader.arrival();
        assert_eq!(arrival.get(), None);
        let sent = Monotonic::now();
        writer.write_all(b"hello").await.expect("write");
        let mut bytes = [0; 5];
        reader.read_exact(&mut bytes).await.expect("read");
        let (at, now) = (arrival.get().expect("a stamp"), Monotonic::now());
        assert_eq!(&bytes, b"hello");
        assert!(at >= sent.plus_nanos(-1_000_000) && at <= now, "{sent:?} {at:?} {now:?}");
        drop(writer);
        assert_eq!(reader.read(&mut bytes).await.expect("end"), 0);
    }
}
