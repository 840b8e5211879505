//! A UDP socket that knows when the kernel received each datagram.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::clock::Monotonic;

/// A bound UDP socket with kernel receive timestamps (`SO_TIMESTAMPNS`) where the system has them.
#[derive(Debug)]
pub struct TimestampedSocket {
    socket: UdpSocket,
    sender: std::net::UdpSocket,
}

impl TimestampedSocket {
    /// Binds; must be called inside a tokio runtime.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        #[cfg(target_os = "linux")]
        nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::ReceiveTimestampns, &true)?;
        let sender = socket.try_clone()?;
        Ok(Self { socket: UdpSocket::from_std(socket)?, sender })
    }

    /// An even port for RTP and the next one for RTCP (RFC 3550, section 11).
    ///
    /// # Errors
    /// No free pair was found.
    pub fn bind_pair(ip: IpAddr) -> io::Result<(Self, Self)> {
        let mut last = io::Error::other("no free pair of UDP ports");
        for _ in 0..64 {
            let rtp = Self::bind(SocketAddr::new(ip, 0))?;
            let port = rtp.local_addr()?.port();
            if port % 2 != 0 || port == u16::MAX {
                continue;
            }
            match Self::bind(SocketAddr::new(ip, port + 1)) {
                Ok(rtcp) => return Ok((rtp, rtcp)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// A handle that sends without waiting, from any thread.
    ///
    /// # Errors
    /// What the system says.
    pub fn sender(&self) -> io::Result<std::net::UdpSocket> {
        self.sender.try_clone()
    }

    /// Receives a datagram that is already there; `WouldBlock` where none is.
    ///
    /// # Errors
    /// As [`Self::recv`].
    pub fn recv_now(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, Monotonic)> {
        receive(&self.sender, buffer)
    }

    /// Receives one datagram: its length, where it came from, and when the kernel had it.
    ///
    /// # Errors
    /// What the system says; an ICMP error of an earlier datagram comes as `ConnectionRefused`.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, Monotonic)> {
        self.socket.async_io(Interest::READABLE, || receive(&self.sender, buffer)).await
    }
}

#[cfg(target_os = "linux")]
fn receive(socket: &std::net::UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, Monotonic)> {
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};
    use nix::sys::time::TimeSpec;
    use std::os::fd::AsRawFd;

    let mut control = nix::cmsg_space!(TimeSpec);
    let mut parts = [io::IoSliceMut::new(buffer)];
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::MSG_DONTWAIT)?;
    let from = message.address.as_ref().and_then(socket_address).ok_or_else(|| io::Error::other("a datagram from no address"))?;
    let stamp = message.cmsgs().ok().and_then(|mut all| {
        all.find_map(|one| match one {
            ControlMessageOwned::ScmTimestampns(time) => Some(time.tv_sec() * 1_000_000_000 + time.tv_nsec()),
            _ => None,
        })
    });
    Ok((message.bytes, from, stamp.map_or_else(Monotonic::now, Monotonic::from_realtime)))
}

/// An address of either family.
#[cfg(target_os = "linux")]
pub(crate) fn socket_address(storage: &nix::sys::socket::SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|v4| SocketAddr::from((v4.ip(), v4.port())));
    v4.or_else(|| storage.as_sockaddr_in6().map(|v6| SocketAddr::from((v6.ip(), v6.port()))))
}

#[cfg(not(target_os = "linux"))]
fn receive(socket: &std::net::UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, Monotonic)> {
    let (length, from) = socket.recv_from(buffer)?;
    Ok((length, from, Monotonic::now()))
}
