//! When RTP packets really came: the kernel's stamps, taken below the WebRTC stack.
//!
//! SRTP leaves the RTP header readable, so that a stamp finds its packet again by SSRC and sequence number however
//! long the packet waits in queues above.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime, TokioRuntime, Transmit,
};

use crate::clock::Monotonic;
use crate::lock::lock;

/// Packets remembered: ten seconds of a stream.
const MOST: usize = 512;

/// Arrival times of the last packets.
#[derive(Debug, Default)]
pub(crate) struct Stamps {
    arrivals: Mutex<VecDeque<(u32, u16, Monotonic)>>,
}

impl Stamps {
    /// When this packet came off the wire.
    pub fn arrival(&self, ssrc: u32, sequence: u16) -> Option<Monotonic> {
        let arrivals = lock(&self.arrivals);
        arrivals.iter().rev().find(|(source, number, _)| *source == ssrc && *number == sequence).map(|(.., at)| *at)
    }

    fn note(&self, datagram: &[u8], at: Monotonic) {
        if !is_rtp(datagram) {
            return;
        }
        let sequence = u16::from_be_bytes([datagram[2], datagram[3]]);
        let ssrc = u32::from_be_bytes([datagram[8], datagram[9], datagram[10], datagram[11]]);
        let mut arrivals = lock(&self.arrivals);
        if arrivals.len() >= MOST {
            arrivals.pop_front();
        }
        arrivals.push_back((ssrc, sequence, at));
    }
}

/// RTP among STUN, DTLS and RTCP on one port (RFC 7983, RFC 5761).
fn is_rtp(datagram: &[u8]) -> bool {
    datagram.len() > 12 && (128..=191).contains(&datagram[0]) && !(192..=223).contains(&datagram[1])
}

/// The tokio runtime with stamped sockets.
#[derive(Debug)]
pub(super) struct StampingRuntime {
    pub inner: TokioRuntime,
    pub stamps: Arc<Stamps>,
}

#[derive(Debug)]
struct StampingSocket {
    inner: Arc<dyn AsyncUdpSocket>,
    stamps: Arc<Stamps>,
}

impl AsyncUdpSocket for StampingSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        self.inner.poll_send(cx, transmit)
    }

    fn poll_recv(&self, cx: &mut Context<'_>, bufs: &mut [IoSliceMut<'_>], meta: &mut [RecvMeta]) -> Poll<io::Result<usize>> {
        let polled = self.inner.poll_recv(cx, bufs, meta);
        if let Poll::Ready(Ok(count)) = &polled {
            for (buffer, meta) in bufs.iter().zip(meta.iter()).take(*count) {
                let wall = meta.timestamp.and_then(|stamp: Duration| i64::try_from(stamp.as_nanos()).ok());
                let at = wall.map_or_else(Monotonic::now, Monotonic::from_realtime);
                let datagrams = buffer.get(..meta.len).unwrap_or_default();
                datagrams.chunks(meta.stride.max(1)).for_each(|datagram| self.stamps.note(datagram, at));
            }
        }
        polled
    }

    fn max_gso_segments(&self) -> usize {
        self.inner.max_gso_segments()
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Runtime for StampingRuntime {
    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) -> Box<dyn JoinHandle> {
        self.inner.spawn(future)
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let inner = self.inner.wrap_udp_socket(socket)?;
        Ok(Arc::new(StampingSocket { inner, stamps: Arc::clone(&self.stamps) }))
    }

    fn wrap_tcp_listener(&self, listener: std::net::TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        self.inner.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(&'a self, address: SocketAddr) -> Boxed<'a, io::Result<Arc<dyn AsyncTcpStream>>> {
        self.inner.connect_tcp(address)
    }

    fn resolve_host<'a>(&'a self, host: &'a str) -> Boxed<'a, io::Result<Vec<SocketAddr>>> {
        self.inner.resolve_host(host)
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        self.inner.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        self.inner.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.inner.block_on(future);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_finds_its_packet_and_memory_is_bounded() {
        let stamps = Stamps::default();
        for sequence in 0..1000_u16 {
            let [high, low] = sequence.to_be_bytes();
            let datagram = [0x80, 111, high, low, 0, 0, 0, 0, 0, 0, 0, 7, 1];
            stamps.note(&datagram, Monotonic(i64::from(sequence)));
        }
        stamps.note(&[0x80, 200, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 1], Monotonic(-1));
        assert_eq!(stamps.arrival(7, 999), Some(Monotonic(999)));
        assert_eq!(stamps.arrival(7, 1), None);
        assert_eq!(stamps.arrivals.lock().expect("lock").len(), MOST);
    }
}
