//! What signalling, the receiver, the sender and the reports of one session agree on. Pure: the time is passed in, no sockets.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::feedback::Feedback;
use super::formats::Formats;
use super::keying::Keying;
use super::latch::Described;
use super::plan::{Outgoing, RtcpDestination};
use super::srtp::{Cipher, Keys};
use crate::clock::Monotonic;
use crate::codec::Codec;
use crate::media::telephone_event::Keyed;
use crate::media::{MediaFrame, ReceptionCounter, packet_samples};
use crate::transport::SentDigits;

#[derive(Debug)]
pub(super) struct SessionState {
    described: Described,
    /// Who sends, where that is another address (symmetric RTP).
    latched: Option<SocketAddr>,
    rtcp: RtcpDestination,
    incoming: Arc<Formats>,
    plan: Outgoing,
    keys: Option<Arc<Keys>>,
    /// Besides the described address, media may come from these; `None`: from anywhere.
    sources: Option<Arc<Vec<IpAddr>>>,
    /// Nothing is sent or taken without keys.
    secured: bool,
    /// SRTCP of both directions; sender and receiver of the audio have ciphers of their own.
    reports: Option<(Cipher, Cipher)>,
    reception: ReceptionCounter,
    sent: Sent,
    feedback: Feedback,
    keying: Keying,
}

/// What RTCP sender reports say of the caller's stream.
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

/// What a received packet is read with.
#[derive(Clone, Debug)]
pub(super) struct Receiving {
    pub formats: Arc<Formats>,
    /// Packets must be encrypted; without keys yet, none can be read.
    pub secured: bool,
    pub keys: Option<Arc<Keys>>,
    pub described: Described,
    pub sources: Option<Arc<Vec<IpAddr>>>,
}

impl Receiving {
    /// Whether plain packets from here can be the peer's: anybody who can reach the port can send them. What can be decrypted is the
    /// peer's wherever it comes from, and until the peer has described its address there is nothing to compare with.
    pub fn may_come_from(&self, from: IpAddr) -> bool {
        let (Some(sources), Some(described)) = (&self.sources, self.described.address) else { return true };
        self.secured || described.ip().is_unspecified() || described.ip() == from || sources.contains(&from)
    }
}

impl Default for SessionState {
    fn default() -> Self {
        Self {
            described: Described::default(),
            latched: None,
            rtcp: RtcpDestination::Next,
            incoming: Arc::default(),
            plan: Outgoing { codec: Codec::Pcmu, number: 0, events: None, samples: packet_samples(Codec::Pcmu, 20), active: true },
            keys: None,
            sources: None,
            secured: false,
            reports: None,
            reception: ReceptionCounter::default(),
            sent: Sent::default(),
            feedback: Feedback::default(),
            keying: Keying::default(),
        }
    }
}

impl SessionState {
    pub fn expect(&mut self, formats: Formats) {
        self.incoming = Arc::new(formats);
    }

    /// Media may come from this address too, and from no others that are not described.
    pub fn also_from(&mut self, address: IpAddr) {
        let mut sources = self.sources.as_deref().cloned().unwrap_or_default();
        sources.push(address);
        self.sources = Some(Arc::new(sources));
    }

    pub fn secure(&mut self) {
        self.secured = true;
    }

    /// New keys begin new ciphers; the same ones go on, or a repeated answer would open the door to replayed packets.
    pub fn set_keys(&mut self, keys: Keys) -> Result<(), String> {
        if self.keys.as_deref() == Some(&keys) {
            return Ok(());
        }
        self.reports = Some((keys.inbound()?, keys.outbound()?));
        self.keys = Some(Arc::new(keys));
        self.secured = true;
        Ok(())
    }

    pub fn set_remote(&mut self, remote: SocketAddr, rtcp: RtcpDestination) {
        self.rtcp = rtcp;
        if self.described.address != Some(remote) {
            self.described = Described { address: Some(remote), generation: self.described.generation.wrapping_add(1) };
            self.latched = None;
        }
    }

    pub fn retarget(&mut self, plan: Outgoing) {
        self.plan = plan;
    }

    pub fn clock_rate(&self) -> u32 {
        self.plan.codec.clock_rate()
    }

    pub fn outgoing(&self) -> NextPacket {
        let allowed = self.plan.active && (!self.secured || self.keys.is_some());
        let remote = self.remote().filter(|remote| allowed && !remote.ip().is_unspecified());
        NextPacket { plan: self.plan, keys: self.keys.clone(), remote }
    }

    pub fn receiving(&self) -> Receiving {
        let (formats, keys) = (Arc::clone(&self.incoming), self.keys.clone());
        Receiving { formats, secured: self.secured, keys, described: self.described, sources: self.sources.clone() }
    }

    /// A packet of the peer's was taken, which came from here while the description said `described`; `fresh` where it begins
    /// the statistics again. A description that has changed meanwhile is not undone.
    pub fn received(&mut self, described: Described, from: SocketAddr, fresh: bool, counted: Option<&MediaFrame>) {
        if self.described == described {
            self.latched = Some(from);
        }
        if fresh {
            self.reception = ReceptionCounter::default();
        }
        if let Some(frame) = counted {
            self.reception.push(frame);
        }
    }

    pub fn reception(&self) -> ReceptionCounter {
        self.reception.clone()
    }

    pub fn sent(&mut self, octets: usize, timestamp: u32, at: Monotonic) {
        let sent = &mut self.sent;
        sent.packets = sent.packets.wrapping_add(1);
        sent.octets = sent.octets.wrapping_add(octets as u32);
        (sent.timestamp, sent.at) = (timestamp, Some(at));
    }

    pub fn sender_state(&self) -> Sent {
        self.sent
    }

    pub fn protect_rtcp(&mut self, report: &[u8]) -> Option<Vec<u8>> {
        if !self.secured {
            return Some(report.to_vec());
        }
        self.reports.as_mut()?.1.protect_rtcp(report)
    }

    /// The RTCP packet in a datagram; the datagram itself where nothing is encrypted.
    pub fn unprotect_rtcp(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        if !self.secured {
            return Some(datagram.to_vec());
        }
        self.reports.as_mut()?.0.unprotect_rtcp(datagram)
    }

    /// Where RTCP goes, and whether over the RTP port.
    pub fn rtcp_remote(&self) -> Option<(SocketAddr, bool)> {
        let remote = self.remote()?;
        let next = |port: u16| port.checked_add(1).filter(|port| *port > 1);
        let (address, muxed) = match self.rtcp {
            RtcpDestination::Muxed => (remote, true),
            RtcpDestination::At(address) => (address, false),
            RtcpDestination::Next => (SocketAddr::new(remote.ip(), next(remote.port())?), false),
        };
        (!address.ip().is_unspecified() && address.port() > 0).then_some((address, muxed))
    }

    pub fn feedback(&mut self) -> &mut Feedback {
        &mut self.feedback
    }

    /// Where a handshake goes.
    pub fn described(&self) -> Option<SocketAddr> {
        self.described.address.filter(|described| described.ip() != IpAddr::from([0, 0, 0, 0]))
    }

    pub fn press(&mut self, digits: &str, reply: oneshot::Sender<SentDigits>) {
        let clock = self.clock_rate();
        self.keying.press(digits, clock, reply);
    }

    /// The event packet in the place of the audio at this timestamp.
    pub fn key(&mut self, timestamp: u32, ticks: u32) -> Option<Keyed> {
        self.keying.key(timestamp, ticks)
    }

    /// An event packet went out.
    pub fn keyed(&mut self, starts: bool, ends: bool, at: Monotonic) {
        self.keying.keyed(starts, ends, at);
    }

    fn remote(&self) -> Option<SocketAddr> {
        self.latched.or(self.described.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn described(rtcp: RtcpDestination) -> SessionState {
        let mut state = SessionState::default();
        state.set_remote(address(1), rtcp);
        state
    }

    #[test]
    fn packets_go_to_whoever_sends() {
        let mut state = described(RtcpDestination::Next);
        assert_eq!((state.outgoing().remote, state.rtcp_remote()), (Some(address(1)), Some((address(2), false))));
        state.received(state.receiving().described, address(2), false, None);
        assert_eq!(state.outgoing().remote, Some(address(2)));
    }

    #[test]
    fn a_packet_on_its_way_does_not_undo_a_new_description() {
        let mut state = described(RtcpDestination::Muxed);
        let before = state.receiving().described;
        state.set_remote(address(5), RtcpDestination::Muxed);
        state.received(before, address(1), false, None);
        assert_eq!((state.outgoing().remote, state.rtcp_remote()), (Some(address(5)), Some((address(5), true))));
        state.received(state.receiving().described, address(9), false, None);
        assert_eq!(state.rtcp_remote(), Some((address(9), true)));
        // Back at the first address, the packet is no more up to date than before.
        state.set_remote(address(1), RtcpDestination::Muxed);
        state.received(before, address(8), false, None);
        assert_eq!(state.outgoing().remote, Some(address(1)));
    }

    #[test]
    fn nothing_goes_out_or_in_without_the_keys_that_were_agreed_on() {
        let mut state = described(RtcpDestination::Next);
        state.secure();
        assert_eq!((state.outgoing().remote, state.protect_rtcp(&[0x80; 40]), state.unprotect_rtcp(&[0x80; 40])), (None, None, None));
        assert!(state.receiving().secured && state.receiving().keys.is_none());
    }

    #[test]
    fn a_hold_stops_what_is_sent() {
        let mut state = described(RtcpDestination::Next);
        state.retarget(Outgoing { active: false, ..state.outgoing().plan });
        assert_eq!(state.outgoing().remote, None);
        state.set_remote(SocketAddr::from(([0, 0, 0, 0], 4)), RtcpDestination::Next);
        state.retarget(Outgoing { active: true, ..state.outgoing().plan });
        assert_eq!((state.outgoing().remote, state.rtcp_remote()), (None, None));
    }
}
