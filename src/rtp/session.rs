//! One call's RTP session: a pair of ports, one stream each way.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::dtls::{self, Handshake};
use super::formats::Formats;
use super::plan::{Outgoing, RtcpDestination};
use super::sender::RtpSender;
use super::shared::Shared;
use super::srtp::Keys;
use super::{receiver, reports};
use crate::clock::{CallClock, Monotonic};
use crate::media::Reception;
use crate::transport::{Capture, EventSender, SentDigits, TimestampedSocket};

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
        let guard = stop.clone().drop_guard();
        Ok(Self { shared: Arc::new(Shared::new()), socket: Arc::new(rtp), rtcp: Arc::new(rtcp), stop, _guard: guard })
    }

    /// The RTP port, for SDP.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Captures both streams, decrypted.
    pub fn capture(&self, capture: Arc<Capture>) {
        if let Ok(local) = self.local_addr() {
            self.shared.capture.begin(capture, local);
        }
    }

    /// The payload types that are understood.
    pub fn expect(&self, formats: Formats) {
        self.shared.state().expect(formats);
    }

    /// Plain media may come from this address besides the described one; once this is called, from no others.
    pub fn also_from(&self, address: IpAddr) {
        self.shared.state().also_from(address);
    }

    /// Nothing goes out or in before there are keys.
    pub fn secure(&self) {
        self.shared.state().secure();
    }

    /// What both directions are encrypted with from now on.
    ///
    /// # Errors
    /// Keys of the wrong length.
    pub fn set_keys(&self, keys: Keys) -> Result<(), String> {
        self.shared.state().set_keys(keys)
    }

    /// Where the peer's SDP says that it listens.
    pub fn set_remote(&self, remote: SocketAddr, rtcp: RtcpDestination) {
        self.shared.state().set_remote(remote, rtcp);
    }

    /// Starts to hand in what is received.
    pub fn receive(&self, clock: CallClock, events: EventSender) {
        let (socket, shared, stop) = (Arc::clone(&self.socket), Arc::clone(&self.shared), self.stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = receiver::run(&socket, &shared, clock, &events) => {}
            }
            // Nothing will be read any more, so nothing is to be waited for.
            shared.read_until(Monotonic(i64::MAX));
        });
    }

    /// Agrees on keys with the peer by DTLS (RFC 5764); bounded in time.
    ///
    /// # Errors
    /// Why there are none, in one sentence.
    pub async fn agree(&self, handshake: Handshake) -> Result<(), String> {
        let sender = self.socket.sender().map_err(|error| error.to_string())?;
        dtls::agree(handshake, sender, Arc::clone(&self.shared), self.stop.clone()).await
    }

    /// Starts RTCP and returns the sender of the caller's stream.
    ///
    /// # Errors
    /// What the system says.
    pub fn send(&self, plan: Outgoing) -> io::Result<RtpSender> {
        let (rtcp, shared, stop) = (Arc::clone(&self.rtcp), Arc::clone(&self.shared), self.stop.clone());
        let senders = (self.socket.sender()?, rtcp.sender()?);
        self.retarget(plan);
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = reports::run(&rtcp, senders, &shared) => {}
            }
        });
        RtpSender::new(self.socket.sender()?, Arc::clone(&self.shared), plan)
    }

    /// Changes what is sent, from the next packet on.
    pub fn retarget(&self, plan: Outgoing) {
        self.shared.state().retarget(plan);
    }

    /// Sends digits in the place of audio (RFC 4733) and waits until the last one is out.
    ///
    /// # Errors
    /// The call is over first.
    pub async fn press(&self, digits: &str) -> Result<SentDigits, String> {
        let (reply, sent) = oneshot::channel();
        self.shared.state().press(digits, reply);
        let over = || "the call was over before the digits were sent".to_owned();
        tokio::select! {
            () = self.stop.cancelled() => Err(over()),
            sent = sent => sent.map_err(|_| over()),
        }
    }

    /// Up to when everything that came has been handed in: on a busy machine packets wait in the socket.
    pub fn read_until(&self) -> Monotonic {
        self.shared.was_read_until()
    }

    /// What was received so far.
    pub fn reception(&self) -> Reception {
        self.shared.state().reception().report()
    }

    /// What came and was not used, one sentence for each reason.
    pub fn ignored(&self) -> Vec<String> {
        self.shared.ignored.sentences()
    }

    /// The way to the peer and back, by the last receiver report.
    pub fn round_trip(&self) -> Option<Duration> {
        self.shared.state().feedback().round_trip
    }

    /// Ends both directions.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}
