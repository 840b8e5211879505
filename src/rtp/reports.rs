//! RTCP sender and receiver reports (RFC 3550, section 6).

use std::net::UdpSocket;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rtc_shared::marshal::Marshal;
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport;
use rtcp::sender_report::SenderReport;
use rtcp::source_description::{SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem};

use super::session::Shared;
use crate::clock::Monotonic;
use crate::transport::TimestampedSocket;

/// RFC 3550's recommended interval.
const INTERVAL: Duration = Duration::from_secs(5);
/// Half of it before the first report (section 6.2).
const FIRST: Duration = Duration::from_millis(2500);
/// Units of short NTP times a second.
const SHORT: i64 = 65_536;
/// A longer way than this is a report that came late, or another clock's.
const LONGEST_TRIP: u32 = 60 * SHORT as u32;

/// What the peer's reports tell.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Feedback {
    /// Its last sender report: the middle bits of its NTP time, and when it came.
    last: Option<(u32, Monotonic)>,
    /// The way there and back.
    pub round_trip: Option<Duration>,
    /// What it says of the caller's stream.
    pub remote: Option<RemoteReport>,
    /// Expected and lost at the last report sent.
    before: (u64, u64),
}

/// What the peer's last receiver report says of the stream that it is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RemoteReport {
    /// Packets lost since the start.
    pub lost: u32,
    /// Interarrival jitter.
    pub jitter_ms: f64,
    /// Share of packets lost since the report before, 0 to 1.
    pub fraction: f64,
}

impl Feedback {
    /// Takes a compound packet of the peer's.
    pub fn read(&mut self, datagram: &[u8], at: Monotonic, ssrc: u32, clock: u32) {
        let Ok(packets) = rtcp::packet::unmarshal(&mut Bytes::copy_from_slice(datagram)) else { return };
        for packet in packets {
            let packet = packet.as_any();
            let blocks = match (packet.downcast_ref::<SenderReport>(), packet.downcast_ref::<ReceiverReport>()) {
                (Some(report), _) => {
                    self.last = Some(((report.ntp_time >> 16) as u32, at));
                    &report.reports
                }
                (_, Some(report)) => &report.reports,
                _ => continue,
            };
            for block in blocks.iter().filter(|block| block.ssrc == ssrc) {
                self.block(block, at, clock);
            }
        }
    }

    fn block(&mut self, block: &ReceptionReport, at: Monotonic, clock: u32) {
        let jitter_ms = f64::from(block.jitter) * 1000.0 / f64::from(clock.max(1));
        self.remote = Some(RemoteReport { lost: block.total_lost, jitter_ms, fraction: f64::from(block.fraction_lost) / 256.0 });
        if block.last_sender_report != 0 {
            let came = (ntp(at) >> 16) as u32;
            // RFC 3550, section 6.4.1: A - LSR - DLSR.
            let trip = came.wrapping_sub(block.last_sender_report).wrapping_sub(block.delay);
            // On a fast network the peer's rounding may make it a little less than nothing.
            let trip = if trip > u32::MAX - SHORT as u32 / 100 { 0 } else { trip };
            if trip < LONGEST_TRIP {
                self.round_trip = Some(Duration::from_nanos(u64::from(trip) * 1_000_000_000 / SHORT as u64));
            }
        }
    }

    fn fraction(&mut self, expected: u64, lost: u64) -> u8 {
        let (expected_before, lost_before) = std::mem::replace(&mut self.before, (expected, lost));
        let (expected, lost) = (expected.saturating_sub(expected_before), lost.saturating_sub(lost_before));
        u8::try_from((lost * 256).checked_div(expected).unwrap_or(0)).unwrap_or(u8::MAX)
    }
}

/// Sends a compound report every interval and reads the peer's from the RTCP port.
pub(super) async fn run(socket: &TimestampedSocket, senders: (UdpSocket, UdpSocket), shared: &Shared) {
    let mut buffer = [0_u8; 1500];
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + FIRST, INTERVAL);
    loop {
        tokio::select! {
            _ = interval.tick() => send(&senders, shared),
            received = socket.recv(&mut buffer) => match received {
                Ok((length, from, at)) => if let Some(datagram) = buffer.get(..length) { shared.rtcp_received(datagram, from, false, at) },
                // A peer without an RTCP port answers with ICMP; that is its right.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
        }
    }
}

fn send((rtp, rtcp): &(UdpSocket, UdpSocket), shared: &Shared) {
    let Some((remote, muxed)) = shared.rtcp_remote() else { return };
    let Some(plain) = compound(shared) else { return };
    if let Some(report) = shared.protect_rtcp(&plain) {
        shared.capture_rtcp(Monotonic::now(), remote, muxed, true, &plain);
        let socket = if muxed { rtp } else { rtcp };
        // The next interval sends again; a lost report is no event.
        let _lost = socket.send_to(&report, remote);
    }
}

fn compound(shared: &Shared) -> Option<BytesMut> {
    let sent = shared.sender_state();
    let reports: Vec<ReceptionReport> = reception_report(shared).into_iter().collect();
    let now = Monotonic::now();
    let mut out = match sent.at {
        Some(at) => {
            let clock = i64::from(shared.outgoing().plan.codec.clock_rate());
            let since = i128::from(now.0 - at.0) * i128::from(clock) / 1_000_000_000;
            SenderReport {
                ssrc: shared.ssrc,
                ntp_time: ntp(now),
                rtp_time: sent.timestamp.wrapping_add(since as u32),
                packet_count: sent.packets,
                octet_count: sent.octets,
                reports,
                ..SenderReport::default()
            }
            .marshal()
        }
        None => ReceiverReport { ssrc: shared.ssrc, reports, ..ReceiverReport::default() }.marshal(),
    }
    .ok()?;
    let name = SourceDescriptionItem { sdes_type: SdesType::SdesCname, text: Bytes::from(format!("{:08x}@goldencall", shared.ssrc)) };
    let description = SourceDescription { chunks: vec![SourceDescriptionChunk { source: shared.ssrc, items: vec![name] }] };
    out.extend_from_slice(&description.marshal().ok()?);
    Some(out)
}

fn reception_report(shared: &Shared) -> Option<ReceptionReport> {
    let counter = shared.reception();
    let (ssrc, highest) = counter.highest()?;
    let report = counter.report();
    let (last, fraction_lost) = shared.feedback(|feedback| (feedback.last, feedback.fraction(report.packets + report.lost, report.lost)));
    let delay = last.map_or(0, |(_, at)| i128::from(Monotonic::now().0 - at.0) * i128::from(SHORT) / 1_000_000_000);
    Some(ReceptionReport {
        ssrc,
        fraction_lost,
        total_lost: report.lost.min(0x00ff_ffff) as u32,
        last_sequence_number: highest,
        jitter: counter.jitter_ticks(shared.outgoing().plan.codec.clock_rate()),
        last_sender_report: last.map_or(0, |(middle, _)| middle),
        delay: delay as u32,
    })
}

/// NTP time of a moment: seconds since 1900 and a binary fraction.
fn ntp(moment: Monotonic) -> u64 {
    let ago = i128::from(Monotonic::now().0 - moment.0);
    let nanos = jiff::Timestamp::now().as_nanosecond() - ago;
    let seconds = (nanos.div_euclid(1_000_000_000) + 2_208_988_800) as u64;
    let fraction = ((nanos.rem_euclid(1_000_000_000) as u64) << 32) / 1_000_000_000;
    (seconds << 32) | fraction
}

#[cfg(test)]
mod tests {
    use crate::time::Millis;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            Feedback::default().read(&bytes, Monotonic::now(), 1, 8000);
        }
    }

    #[test]
    fn the_round_trip_is_what_the_peer_did_not_wait() {
        let now = Monotonic::now();
        let sent = (ntp(now.plus_nanos(-1_250_000_000)) >> 16) as u32;
        let block = ReceptionReport {
            ssrc: 7,
            fraction_lost: 64,
            total_lost: 5,
            jitter: 80,
            last_sender_report: sent,
            delay: SHORT as u32,
            ..ReceptionReport::default()
        };
        let other = ReceptionReport { ssrc: 8, total_lost: 99, ..block.clone() };
        let report = ReceiverReport { ssrc: 1, reports: vec![block, other], ..ReceiverReport::default() };
        let mut feedback = Feedback::default();
        feedback.read(&report.marshal().expect("RTCP"), now, 7, 8000);
        let trip = feedback.round_trip.expect("a round trip").millis_f64();
        assert!((trip - 250.0).abs() < 2.0, "{trip}");
        assert_eq!(feedback.remote, Some(RemoteReport { lost: 5, jitter_ms: 10.0, fraction: 0.25 }));
    }

    #[test]
    fn a_peer_that_rounds_up_is_no_distant_one() {
        let now = Monotonic::now();
        let sent = (ntp(now) >> 16) as u32;
        let block = ReceptionReport { ssrc: 7, last_sender_report: sent, delay: 60, ..ReceptionReport::default() };
        let report = ReceiverReport { ssrc: 1, reports: vec![block], ..ReceiverReport::default() };
        let mut feedback = Feedback::default();
        feedback.read(&report.marshal().expect("RTCP"), now, 7, 8000);
        assert!(feedback.round_trip.is_some_and(|trip| trip < Duration::from_millis(1)), "{feedback:?}");
    }

    #[test]
    fn a_sender_report_gives_its_time() {
        let report = SenderReport { ssrc: 1, ntp_time: 0x1122_3344_5566_7788, ..SenderReport::default() };
        let mut feedback = Feedback::default();
        feedback.read(&report.marshal().expect("RTCP"), Monotonic(5), 1, 8000);
        assert_eq!(feedback.last.map(|(middle, at)| (middle, at.0)), Some((0x3344_5566, 5)));
    }

    #[test]
    fn the_fraction_lost_is_since_the_last_report() {
        let mut feedback = Feedback::default();
        assert_eq!(
            [feedback.fraction(100, 50), feedback.fraction(200, 50), feedback.fraction(200, 50), feedback.fraction(204, 54)],
            [128, 0, 0, 255]
        );
    }
}
