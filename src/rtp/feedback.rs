//! What the peer's RTCP says (RFC 3550, section 6.4): the round trip, and how the caller's stream arrives. Pure: the time is passed in.

use std::time::Duration;

use bytes::Bytes;
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport;
use rtcp::sender_report::SenderReport;

use crate::clock::Monotonic;

/// Units of short NTP times per second.
pub(super) const SHORT: i64 = 65_536;
/// A longer round trip than this is a report that came late, or another clock's.
const LONGEST_TRIP: u32 = 60 * SHORT as u32;

/// What the peer's reports say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Feedback {
    /// Its last sender report: the middle bits of its NTP time, and when it came.
    pub last: Option<(u32, Monotonic)>,
    /// The way there and back.
    pub round_trip: Option<Duration>,
    /// Expected and lost at the last report sent.
    before: (u64, u64),
}

impl Feedback {
    /// Takes a compound packet of the peer's, which came at this moment and NTP time; `ssrc` is the caller's stream.
    pub fn read(&mut self, datagram: &[u8], (at, ntp): (Monotonic, u64), ssrc: u32) {
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
                self.block(block, ntp);
            }
        }
    }

    fn block(&mut self, block: &ReceptionReport, ntp: u64) {
        if block.last_sender_report != 0 {
            let came = (ntp >> 16) as u32;
            // RFC 3550, section 6.4.1: A - LSR - DLSR.
            let trip = came.wrapping_sub(block.last_sender_report).wrapping_sub(block.delay);
            // On a fast network the peer's rounding may make it a little less than nothing.
            let trip = if trip > u32::MAX - SHORT as u32 / 100 { 0 } else { trip };
            if trip < LONGEST_TRIP {
                self.round_trip = Some(Duration::from_nanos(u64::from(trip) * 1_000_000_000 / SHORT as u64));
            }
        }
    }

    /// Share of packets lost since the last report, in 256ths.
    pub fn fraction(&mut self, expected: u64, lost: u64) -> u8 {
        let (expected_before, lost_before) = std::mem::replace(&mut self.before, (expected, lost));
        let (expected, lost) = (expected.saturating_sub(expected_before), lost.saturating_sub(lost_before));
        u8::try_from((lost * 256).checked_div(expected).unwrap_or(0)).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rtc_shared::marshal::Marshal;

    use super::*;
    use crate::time::Millis;

    /// Some moment, as monotonic and as NTP time.
    const NOW: (Monotonic, u64) = (Monotonic(77_000_000_000), 0xe1b8_4a00_8000_0000);

    /// An NTP time this many nanoseconds before [`NOW`], as reports carry it.
    fn before(nanos: u64) -> u32 {
        ((NOW.1 - ((nanos << 32) / 1_000_000_000)) >> 16) as u32
    }

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            Feedback::default().read(&bytes, NOW, 1);
        }
    }

    #[test]
    fn the_round_trip_is_what_the_peer_did_not_wait() {
        let sent = before(1_250_000_000);
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
        feedback.read(&report.marshal().expect("RTCP"), NOW, 7);
        let trip = feedback.round_trip.expect("a round trip").millis_f64();
        assert!((trip - 250.0).abs() < 2.0, "{trip}");
    }

    #[test]
    fn a_peer_that_rounds_up_is_no_distant_one() {
        let sent = before(0);
        let block = ReceptionReport { ssrc: 7, last_sender_report: sent, delay: 60, ..ReceptionReport::default() };
        let report = ReceiverReport { ssrc: 1, reports: vec![block], ..ReceiverReport::default() };
        let mut feedback = Feedback::default();
        feedback.read(&report.marshal().expect("RTCP"), NOW, 7);
        assert!(feedback.round_trip.is_some_and(|trip| trip < Duration::from_millis(1)), "{feedback:?}");
    }

    #[test]
    fn a_sender_report_gives_its_time() {
        let report = SenderReport { ssrc: 1, ntp_time: 0x1122_3344_5566_7788, ..SenderReport::default() };
        let mut feedback = Feedback::default();
        feedback.read(&report.marshal().expect("RTCP"), (Monotonic(5), NOW.1), 1);
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
