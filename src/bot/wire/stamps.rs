//! The bot's own arrival times: kernel timestamps, because packets wait for the bot's thread.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use super::super::log::now_ns;

/// Makes reads return at once and asks the kernel for arrival times, in microseconds.
#[cfg(target_os = "linux")]
pub(super) fn stamp_arrivals(socket: &UdpSocket) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    nix::sys::socket::setsockopt(socket, nix::sys::socket::sockopt::ReceiveTimestamp, &true)?;
    Ok(())
}

/// One datagram, its sender and when it arrived, in nanoseconds of `CLOCK_MONOTONIC`.
#[cfg(target_os = "linux")]
pub(super) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, i64)> {
    use std::os::fd::AsRawFd;

    use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};
    use nix::sys::time::{TimeVal, TimeValLike};

    use crate::transport::socket_address;

    let mut control = nix::cmsg_space!(TimeVal);
    let mut parts = [io::IoSliceMut::new(buffer)];
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::empty())?;
    let from = message.address.as_ref().and_then(socket_address).ok_or_else(|| io::Error::other("a datagram from no address"))?;
    let stamp = message.cmsgs()?.find_map(|one| match one {
        ControlMessageOwned::ScmTimestamp(time) => Some(time.num_microseconds()),
        _ => None,
    });
    let wall = jiff::Timestamp::now().as_microsecond();
    let waited = stamp.map_or(0, |stamp| (wall - stamp).max(0) * 1000);
    Ok((message.bytes, from, now_ns() - waited))
}

/// Makes reads return at once.
#[cfg(not(target_os = "linux"))]
pub(super) fn stamp_arrivals(socket: &UdpSocket) -> io::Result<()> {
    socket.set_nonblocking(true)
}

/// One datagram, its sender and when it was read.
#[cfg(not(target_os = "linux"))]
pub(super) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, i64)> {
    let (length, from) = socket.recv_from(buffer)?;
    Ok((length, from, now_ns()))
}
