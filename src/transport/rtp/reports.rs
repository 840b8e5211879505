//! RTCP sender and receiver reports (RFC 3550, section 6).

use std::net::{SocketAddr, UdpSocket};
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

/// The peer's last sender report: the middle bits of its NTP time, and when it came.
#[derive(Clone, Copy, Debug)]
struct LastReport {
    middle: u32,
    at: Monotonic,
}

/// Sends a compound report every interval and remembers the peer's.
pub(super) async fn run(socket: &TimestampedSocket, sender: &UdpSocket, shared: &Shared) {
    let mut buffer = [0_u8; 1500];
    let mut last = None;
    let mut interval = tokio::time::interval(INTERVAL);
    interval.tick().await;
    loop {
        tokio::select! {
            _ = interval.tick() => send(sender, shared, last),
            received = socket.recv(&mut buffer) => match received {
                Ok((length, _, at)) => last = buffer.get(..length).and_then(sender_report_time).map(|middle| LastReport { middle, at }).or(last),
                // A peer without an RTCP port answers with ICMP; that is its right.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
        }
    }
}

fn send(sender: &UdpSocket, shared: &Shared, last: Option<LastReport>) {
    let remote = shared.remote();
    let Some(port) = remote.port().checked_add(1).filter(|port| *port > 1) else { return };
    if let Some(report) = compound(shared, last) {
        // The next interval sends again; a lost report is no event.
        let _lost = sender.send_to(&report, SocketAddr::new(remote.ip(), port));
    }
}

fn compound(shared: &Shared, last: Option<LastReport>) -> Option<BytesMut> {
    let sent = shared.sender_state();
    let reports: Vec<ReceptionReport> = reception_report(shared, last).into_iter().collect();
    let mut out = match sent.at {
        Some(at) => {
            let late = (Monotonic::now().0 - at.0) / crate::media::codec::SAMPLE_NANOS;
            let rtp_time = sent.timestamp.wrapping_add(late as u32);
            SenderReport {
                ssrc: shared.ssrc,
                ntp_time: ntp_now(),
                rtp_time,
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

fn reception_report(shared: &Shared, last: Option<LastReport>) -> Option<ReceptionReport> {
    let counter = shared.reception();
    let (ssrc, highest) = counter.highest()?;
    let report = counter.report();
    let expected = report.packets + report.lost;
    let fraction = (report.lost * 255).checked_div(expected).unwrap_or(0) as u8;
    let delay = last.map_or(0, |last| (Monotonic::now().0 - last.at.0) as i128 * 65_536 / 1_000_000_000);
    Some(ReceptionReport {
        ssrc,
        fraction_lost: fraction,
        total_lost: report.lost.min(0x00ff_ffff) as u32,
        last_sequence_number: highest,
        jitter: counter.jitter_samples(),
        last_sender_report: last.map_or(0, |last| last.middle),
        delay: delay as u32,
    })
}

/// The middle 32 bits of the NTP time in a sender report.
fn sender_report_time(datagram: &[u8]) -> Option<u32> {
    let packets = rtcp::packet::unmarshal(&mut Bytes::copy_from_slice(datagram)).ok()?;
    packets.iter().find_map(|packet| packet.as_any().downcast_ref::<SenderReport>()).map(|report| (report.ntp_time >> 16) as u32)
}

/// NTP time: seconds since 1900 and a binary fraction.
fn ntp_now() -> u64 {
    let nanos = jiff::Timestamp::now().as_nanosecond();
    let seconds = (nanos.div_euclid(1_000_000_000) + 2_208_988_800) as u64;
    let fraction = ((nanos.rem_euclid(1_000_000_000) as u64) << 32) / 1_000_000_000;
    (seconds << 32) | fraction
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            sender_report_time(&bytes);
        }
    }

    #[test]
    fn a_sender_report_gives_its_time() {
        let report = SenderReport { ssrc: 1, ntp_time: 0x1122_3344_5566_7788, ..SenderReport::default() };
        assert_eq!(sender_report_time(&report.marshal().expect("RTCP")), Some(0x3344_5566));
    }
}
