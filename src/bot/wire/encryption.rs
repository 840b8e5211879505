//! SRTP on the bot's side.

use std::time::Instant;

use crate::rtp::dtls::Handshake;
use crate::rtp::{Cipher, Keys};

/// How a wire's packets are encrypted.
#[derive(Debug, Default)]
pub(in crate::bot) struct Encryption {
    secured: bool,
    inbound: Option<Cipher>,
    outbound: Option<Cipher>,
    handshake: Option<Handshake>,
}

impl Encryption {
    /// With keys that are known.
    pub fn keyed(keys: &Keys) -> Result<Self, String> {
        Ok(Self { secured: true, inbound: Some(keys.inbound()?), outbound: Some(keys.outbound()?), handshake: None })
    }

    /// With keys from a handshake that is still to come; until then nothing is sent.
    pub fn by_handshake(mut handshake: Handshake) -> Result<Self, String> {
        handshake.start(now())?;
        Ok(Self { secured: true, inbound: None, outbound: None, handshake: Some(handshake) })
    }

    /// A datagram of the handshake.
    pub fn handshake_datagram(&mut self, datagram: &[u8]) {
        let Some(handshake) = &mut self.handshake else { return };
        match handshake.read(datagram, now()) {
            Ok(Some(keys)) => (self.inbound, self.outbound) = (keys.inbound().ok(), keys.outbound().ok()),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "the bot's DTLS handshake"),
        }
    }

    /// What the handshake has to send by now.
    pub fn due(&mut self) -> Vec<Vec<u8>> {
        let Some(handshake) = &mut self.handshake else { return Vec::new() };
        if let Err(error) = handshake.tick(now()) {
            tracing::debug!(%error, "the bot's DTLS handshake");
        }
        std::iter::from_fn(|| handshake.transmit()).collect()
    }

    /// The packet in a datagram.
    pub fn open(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        if self.secured { self.inbound.as_mut()?.unprotect_rtp(datagram) } else { Some(datagram.to_vec()) }
    }

    /// The datagram around a packet.
    pub fn seal(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        if self.secured { self.outbound.as_mut()?.protect_rtp(packet) } else { Some(packet.to_vec()) }
    }

    /// The RTCP packet in a datagram.
    pub fn open_report(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        if self.secured { self.inbound.as_mut()?.unprotect_rtcp(datagram) } else { Some(datagram.to_vec()) }
    }

    /// The datagram around an RTCP packet.
    pub fn seal_report(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        if self.secured { self.outbound.as_mut()?.protect_rtcp(packet) } else { Some(packet.to_vec()) }
    }
}

#[expect(clippy::disallowed_methods, reason = "the bot shares no clock with the tester")]
fn now() -> Instant {
    Instant::now()
}
