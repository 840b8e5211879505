//! One call's RTP session: a pair of ports, one stream each way.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{receiver, reports, sender::RtpSender};
use crate::clock::{CallClock, Monotonic};
use crate::media::{Reception, ReceptionCounter};
use crate::scenario::Codec;
use crate::transport::{CallEvent, TimestampedSocket};

/// What the tasks of a session share.
#[derive(Debug)]
pub(super) struct Shared {
    pub ssrc: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    remote: SocketAddr,
    /// The far end has shown where it sends from (symmetric RTP).
    latched: bool,
    reception: ReceptionCounter,
    sent: Sent,
}

/// What RTCP sender reports tell of the caller's stream.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent {
    pub packets: u32,
    pub octets: u32,
    pub timestamp: u32,
    pub at: Option<Monotonic>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn remote(&self) -> SocketAddr {
        self.lock().remote
    }

    pub fn sent(&self, samples: usize, timestamp: u32, at: Monotonic) {
        let sent = &mut self.lock().sent;
        sent.packets = sent.packets.wrapping_add(1);
        sent.octets = sent.octets.wrapping_add(samples as u32);
        (sent.timestamp, sent.at) = (timestamp, Some(at));
    }

    pub fn sender_state(&self) -> Sent {
        self.lock().sent
    }

    /// Takes a packet from this source if it is the peer: the first valid sender is, and stays so. Bots behind NAT or
    /// in containers send from other addresses than their SDP says (symmetric RTP, RFC 4961).
    pub fn accept(&self, from: SocketAddr) -> bool {
        let mut state = self.lock();
        if !state.latched {
            state.latched = true;
            state.remote = from;
        }
        state.remote == from
    }

    pub fn count(&self, frame: &crate::media::MediaFrame) {
        self.lock().reception.push(frame);
    }

    pub fn reception(&self) -> ReceptionCounter {
        self.lock().reception.clone()
    }
}

/// Both directions of one call's audio. Dropping it ends its tasks.
#[derive(Debug)]
pub struct RtpSession {
    shared: Arc<Shared>,
    socket: Arc<TimestampedSocket>,
    rtcp: Arc<TimestampedSocket>,
    stop: CancellationToken,
    _guard: DropGuard,
}

impl RtpSession {
    /// Binds a pair of ports; nothing is sent before a remote address is known.
    ///
    /// # Errors
    /// No free ports.
    pub fn bind(ip: IpAddr) -> io::Result<Self> {
        let (rtp, rtcp) = TimestampedSocket::bind_pair(ip)?;
        let stop = CancellationToken::new();
        let remote = SocketAddr::new(IpAddr::from([0, 0, 0, 0]), 0);
        let state = State { remote, latched: false, reception: ReceptionCounter::default(), sent: Sent::default() };
        let shared = Arc::new(Shared { ssrc: rand::random(), state: Mutex::new(state) });
        let guard = stop.clone().drop_guard();
        Ok(Self { shared, socket: Arc::new(rtp), rtcp: Arc::new(rtcp), stop, _guard: guard })
    }

    /// The RTP port, for SDP.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Where the peer's SDP says that it listens.
    pub fn set_remote(&self, remote: SocketAddr) {
        let mut state = self.shared.lock();
        if state.remote != remote {
            state.remote = remote;
            state.latched = false;
        }
    }

    /// Starts to hand in what is received.
    pub fn receive(&self, clock: CallClock, events: mpsc::UnboundedSender<CallEvent>) {
        let (socket, shared, stop) = (Arc::clone(&self.socket), Arc::clone(&self.shared), self.stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = receiver::run(&socket, &shared, clock, &events) => {}
            }
        });
    }

    /// Starts RTCP and returns the sender of the caller's stream.
    ///
    /// # Errors
    /// What the system says.
    pub fn send(&self, codec: Codec) -> io::Result<RtpSender> {
        let (rtcp, shared, stop) = (Arc::clone(&self.rtcp), Arc::clone(&self.shared), self.stop.clone());
        let sender = rtcp.sender()?;
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = reports::run(&rtcp, &sender, &shared) => {}
            }
        });
        Ok(RtpSender::new(self.socket.sender()?, Arc::clone(&self.shared), codec))
    }

    /// What was received so far.
    pub fn reception(&self) -> Reception {
        self.shared.reception().report()
    }

    /// Ends both directions.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}
