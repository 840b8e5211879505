//! What the tasks of a session share.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::formats::Formats;
use super::keying::Keying;
use super::receiver::Accepted;
use super::reports::Feedback;
use super::session::{Outgoing, RtcpWay};
use super::srtp::{Cipher, Keys};
use crate::clock::Monotonic;
use crate::codec::Codec;
use crate::media::telephone_event::Keyed;
use crate::media::{MediaFrame, ReceptionCounter, packet_samples};
use crate::transport::{Capture, SentDigits};

/// Handshake datagrams that may wait for the answer that tells what to do with them.
const DTLS_WAITING: usize = 32;

/// So many packets make a sender the peer for good. One with fewer, silent for [`STRAY_SILENCE`], was none.
const ESTABLISHED: u32 = 5;

/// In nanoseconds.
const STRAY_SILENCE: i64 = 500_000_000;

/// A datagram of DTLS and its sender.
pub(super) type DtlsDatagram = (Vec<u8>, SocketAddr);

#[derive(Debug)]
pub(super) struct Shared {
    pub ssrc: u32,
    state: Mutex<State>,
    keying: Mutex<Keying>,
    feedback: Mutex<Feedback>,
    ciphers: Mutex<Ciphers>,
    dtls: mpsc::Sender<DtlsDatagram>,
    dtls_inbox: Mutex<Option<mpsc::Receiver<DtlsDatagram>>>,
    /// The capture of the call, and the address of this end in it.
    capture: OnceLock<(Arc<Capture>, SocketAddr)>,
}

#[derive(Debug)]
struct State {
    /// Where the peer's description says that it listens.
    said: Option<SocketAddr>,
    /// Who sends, where that is somebody else (symmetric RTP).
    latched: Option<Latch>,
    rtcp: RtcpWay,
    incoming: Arc<Formats>,
    plan: Outgoing,
    keys: Option<Arc<Keys>>,
    /// Nothing is sent or taken without keys.
    secured: bool,
    reception: ReceptionCounter,
    sent: Sent,
}

/// The sender whose packets are taken.
#[derive(Debug)]
struct Latch {
    from: SocketAddr,
    packets: u32,
    first: Monotonic,
    last: Monotonic,
}

/// The state of what is received under the present keys, and of the RTCP that is sent.
#[derive(Debug, Default)]
struct Ciphers {
    inbound: Option<Cipher>,
    reports: Option<Cipher>,
}

/// What RTCP sender reports tell of the caller's stream.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent {
    pub packets: u32,
    pub octets: u32,
    pub timestamp: u32,
    pub at: Option<Monotonic>,
}

/// What the next packet is made with, and where it goes.
#[derive(Clone, Debug)]
pub(super) struct NextPacket {
    pub plan: Outgoing,
    pub keys: Option<Arc<Keys>>,
    /// `None` where nothing may be sent now.
    pub remote: Option<SocketAddr>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub fn new() -> Self {
        let (dtls, inbox) = mpsc::channel(DTLS_WAITING);
        let plan = Outgoing { codec: Codec::Pcmu, number: 0, events: None, samples: packet_samples(Codec::Pcmu, 20), active: true };
        let state = State {
            said: None,
            latched: None,
            rtcp: RtcpWay::Next,
            incoming: Arc::default(),
            plan,
            keys: None,
            secured: false,
            reception: ReceptionCounter::default(),
            sent: Sent::default(),
        };
        Self {
            ssrc: rand::random(),
            state: Mutex::new(state),
            keying: Mutex::default(),
            feedback: Mutex::default(),
            ciphers: Mutex::default(),
            dtls,
            dtls_inbox: Mutex::new(Some(inbox)),
            capture: OnceLock::new(),
        }
    }

    /// From now on both streams and their reports are taken down.
    pub fn capture(&self, capture: Arc<Capture>, local: SocketAddr) {
        let _already = self.capture.set((capture, local));
    }

    /// A packet of the caller's, as it was before it was encrypted.
    pub fn capture_sent(&self, at: Monotonic, to: SocketAddr, packet: &[u8]) {
        if let Some((capture, local)) = self.capture.get() {
            capture.at(at, *local, to, packet);
        }
    }

    /// A packet of the bot's, decrypted.
    pub fn capture_received(&self, at: Monotonic, from: SocketAddr, packet: &[u8]) {
        if let Some((capture, local)) = self.capture.get() {
            capture.at(at, from, *local, packet);
        }
    }

    /// A report of either side's, as plain RTCP; `muxed` ones share the port of the audio.
    pub fn capture_rtcp(&self, at: Monotonic, peer: SocketAddr, muxed: bool, sent: bool, packet: &[u8]) {
        let Some((capture, local)) = self.capture.get() else { return };
        let local = SocketAddr::new(local.ip(), local.port() + u16::from(!muxed));
        let (from, to) = if sent { (local, peer) } else { (peer, local) };
        capture.at(at, from, to, packet);
    }

    pub fn expect(&self, formats: Formats) {
        locked(&self.state).incoming = Arc::new(formats);
    }

    pub fn incoming(&self) -> Arc<Formats> {
        Arc::clone(&locked(&self.state).incoming)
    }

    pub fn secure(&self) {
        locked(&self.state).secured = true;
    }

    /// New keys begin new ciphers; the same ones go on, or a repeated answer would open the door to replayed packets.
    pub fn set_keys(&self, keys: Keys) -> Result<(), String> {
        let mut state = locked(&self.state);
        if state.keys.as_deref() == Some(&keys) {
            return Ok(());
        }
        let ciphers = Ciphers { inbound: Some(keys.inbound()?), reports: Some(keys.outbound()?) };
        *locked(&self.ciphers) = ciphers;
        state.keys = Some(Arc::new(keys));
        state.secured = true;
        Ok(())
    }

    pub fn set_remote(&self, remote: SocketAddr, rtcp: RtcpWay) {
        let mut state = locked(&self.state);
        state.rtcp = rtcp;
        if state.said != Some(remote) {
            state.said = Some(remote);
            state.latched = None;
        }
    }

    pub fn retarget(&self, plan: Outgoing) {
        locked(&self.state).plan = plan;
    }

    pub fn outgoing(&self) -> NextPacket {
        let state = locked(&self.state);
        let allowed = state.plan.active && (!state.secured || state.keys.is_some());
        let remote = state.remote().filter(|remote| allowed && !remote.ip().is_unspecified());
        NextPacket { plan: state.plan, keys: state.keys.clone(), remote }
    }

    pub fn sent(&self, octets: usize, timestamp: u32, at: Monotonic) {
        let sent = &mut locked(&self.state).sent;
        sent.packets = sent.packets.wrapping_add(1);
        sent.octets = sent.octets.wrapping_add(octets as u32);
        (sent.timestamp, sent.at) = (timestamp, Some(at));
    }

    pub fn sender_state(&self) -> Sent {
        locked(&self.state).sent
    }

    /// Whether a packet that could be read comes from the peer: from the address of its description, or else from the first
    /// that sends. Bots behind NAT or in containers send from other addresses than their SDP says (symmetric RTP, RFC 4961),
    /// and the beginning of what they say must not be lost; but whoever came first gives way to the address of the SDP, and a
    /// stray packet or two to whoever goes on sending.
    pub fn accept(&self, from: SocketAddr, at: Monotonic) -> Accepted {
        let mut state = locked(&self.state);
        let said = state.said;
        let fresh = Latch { from, packets: 1, first: at, last: at };
        let Some(latch) = state.latched.as_mut() else {
            state.latched = Some(fresh);
            return Accepted::Yes;
        };
        if latch.from == from {
            (latch.packets, latch.last) = (latch.packets.saturating_add(1), at);
            return Accepted::Yes;
        }
        let stray = said != Some(latch.from) && latch.packets < ESTABLISHED && at.0 - latch.last.0 > STRAY_SILENCE;
        if said != Some(from) && !stray {
            return Accepted::No;
        }
        let stranger = std::mem::replace(latch, fresh);
        state.reception = ReceptionCounter::default();
        Accepted::InsteadOf(stranger.from, stranger.first)
    }

    pub fn count(&self, frame: &MediaFrame) {
        locked(&self.state).reception.push(frame);
    }

    pub fn reception(&self) -> ReceptionCounter {
        locked(&self.state).reception.clone()
    }

    /// The RTP packet in a datagram; the datagram itself where nothing is encrypted.
    pub fn unprotect(&self, datagram: &[u8]) -> Option<Vec<u8>> {
        if !locked(&self.state).secured {
            return Some(datagram.to_vec());
        }
        locked(&self.ciphers).inbound.as_mut()?.unprotect_rtp(datagram)
    }

    pub fn protect_rtcp(&self, report: &[u8]) -> Option<Vec<u8>> {
        if !locked(&self.state).secured {
            return Some(report.to_vec());
        }
        locked(&self.ciphers).reports.as_mut()?.protect_rtcp(report)
    }

    pub fn rtcp_received(&self, datagram: &[u8], from: SocketAddr, muxed: bool, at: Monotonic) {
        let (secured, clock) = {
            let state = locked(&self.state);
            (state.secured, state.plan.codec.clock_rate())
        };
        let plain = if secured {
            locked(&self.ciphers).inbound.as_mut().and_then(|cipher| cipher.unprotect_rtcp(datagram))
        } else {
            Some(datagram.to_vec())
        };
        if let Some(plain) = plain {
            self.capture_rtcp(at, from, muxed, false, &plain);
            self.feedback(|feedback| feedback.read(&plain, at, self.ssrc, clock));
        }
    }

    /// Where RTCP goes, and whether over the RTP port.
    pub fn rtcp_remote(&self) -> Option<(SocketAddr, bool)> {
        let state = locked(&self.state);
        let remote = state.remote()?;
        let next = |port: u16| port.checked_add(1).filter(|port| *port > 1);
        let (address, muxed) = match state.rtcp {
            RtcpWay::Muxed => (remote, true),
            RtcpWay::At(address) => (address, false),
            RtcpWay::Next => (SocketAddr::new(remote.ip(), next(remote.port())?), false),
        };
        (!address.ip().is_unspecified() && address.port() > 0).then_some((address, muxed))
    }

    pub fn feedback<T>(&self, look: impl FnOnce(&mut Feedback) -> T) -> T {
        look(&mut locked(&self.feedback))
    }

    pub fn dtls_received(&self, datagram: &[u8], from: SocketAddr) {
        // What finds no room is sent again (RFC 6347, section 4.2.4).
        let _full = self.dtls.try_send((datagram.to_vec(), from));
    }

    /// What has come of DTLS and will come; once only.
    pub fn dtls_inbox(&self) -> Option<mpsc::Receiver<DtlsDatagram>> {
        locked(&self.dtls_inbox).take()
    }

    /// Where a handshake goes.
    pub fn said(&self) -> Option<SocketAddr> {
        locked(&self.state).said.filter(|said| said.ip() != IpAddr::from([0, 0, 0, 0]))
    }

    pub fn press(&self, digits: &str, reply: oneshot::Sender<SentDigits>) {
        let clock = locked(&self.state).plan.codec.clock_rate();
        locked(&self.keying).press(digits, clock, reply);
    }

    /// The event packet in the place of the audio at this timestamp.
    pub fn key(&self, timestamp: u32, ticks: u32) -> Option<Keyed> {
        locked(&self.keying).key(timestamp, ticks)
    }

    /// An event packet went out.
    pub fn keyed(&self, starts: bool, ends: bool, at: Monotonic) {
        locked(&self.keying).keyed(starts, ends, at);
    }
}

impl State {
    fn remote(&self) -> Option<SocketAddr> {
        self.latched.as_ref().map(|latch| latch.from).or(self.said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn the_first_sender_is_the_peer_until_the_address_of_the_sdp_sends() {
        let shared = Shared::new();
        shared.set_remote(address(1), RtcpWay::Next);
        let came = |port| shared.accept(address(port), Monotonic(0));
        assert_eq!([2, 3, 2].map(came), [Accepted::Yes, Accepted::No, Accepted::Yes]);
        assert_eq!(shared.outgoing().remote, Some(address(2)));
        assert_eq!(came(1), Accepted::InsteadOf(address(2), Monotonic(0)));
        assert_eq!([1, 2, 3].map(came), [Accepted::Yes, Accepted::No, Accepted::No]);
        assert_eq!((shared.outgoing().remote, shared.rtcp_remote()), (Some(address(1)), Some((address(2), false))));
    }

    #[test]
    fn a_stray_packet_gives_way_to_whoever_goes_on_sending() {
        let shared = Shared::new();
        shared.set_remote(address(1), RtcpWay::Next);
        let came = |port, millis: i64| shared.accept(address(port), Monotonic(millis * 1_000_000));
        assert_eq!([came(2, 0), came(3, 400)], [Accepted::Yes, Accepted::No]);
        assert_eq!(came(3, 501), Accepted::InsteadOf(address(2), Monotonic(0)));
        for k in 1..5 {
            assert_eq!(came(3, 501 + 20 * k), Accepted::Yes);
        }
        assert_eq!(came(2, 60_000), Accepted::No, "a bot may be silent, and nobody takes its place");
        assert_eq!(came(1, 60_001), Accepted::InsteadOf(address(3), Monotonic(501_000_000)));
    }

    #[test]
    fn media_that_moves_is_latched_anew() {
        let shared = Shared::new();
        shared.set_remote(address(1), RtcpWay::Muxed);
        let came = |port| shared.accept(address(port), Monotonic(0));
        assert_eq!(came(1), Accepted::Yes);
        shared.set_remote(address(1), RtcpWay::Muxed);
        assert_eq!(came(9), Accepted::No);
        shared.set_remote(address(5), RtcpWay::Muxed);
        assert_eq!((came(9), shared.rtcp_remote()), (Accepted::Yes, Some((address(9), true))));
    }

    #[test]
    fn nothing_goes_out_or_in_without_the_keys_that_were_agreed_on() {
        let shared = Shared::new();
        shared.set_remote(address(1), RtcpWay::Next);
        shared.secure();
        assert_eq!((shared.outgoing().remote, shared.unprotect(&[0x80; 40]), shared.protect_rtcp(&[0x80; 40])), (None, None, None));
    }

    #[test]
    fn a_hold_stops_what_is_sent() {
        let shared = Shared::new();
        shared.set_remote(address(1), RtcpWay::Next);
        shared.retarget(Outgoing { active: false, ..shared.outgoing().plan });
        assert_eq!(shared.outgoing().remote, None);
        shared.set_remote(SocketAddr::from(([0, 0, 0, 0], 4)), RtcpWay::Next);
        shared.retarget(Outgoing { active: true, ..shared.outgoing().plan });
        assert_eq!((shared.outgoing().remote, shared.rtcp_remote()), (None, None));
    }
}
