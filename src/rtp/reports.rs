//! RTCP sender and receiver reports (RFC 3550, section 6).

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rtc_shared::marshal::Marshal;
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport;
use rtcp::sender_report::SenderReport;
use rtcp::source_description::{SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem};

use super::feedback::SHORT;
use super::shared::Shared;
use super::state::SessionState;
use crate::clock::Monotonic;
use crate::transport::TimestampedSocket;

/// RFC 3550's recommended interval.
const INTERVAL: Duration = Duration::from_secs(5);
/// Half of it before the first report (section 6.2).
const FIRST: Duration = Duration::from_millis(2500);

/// Sends a compound report every interval and reads the peer's from the RTCP port.
pub(super) async fn run(socket: &TimestampedSocket, senders: (UdpSocket, UdpSocket), shared: &Shared) {
    let mut buffer = [0_u8; 1500];
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + FIRST, INTERVAL);
    loop {
        tokio::select! {
            _ = interval.tick() => send(&senders, shared),
            received = socket.recv(&mut buffer) => match received {
                Ok((length, from, at)) => if let Some(datagram) = buffer.get(..length) { received_rtcp(shared, datagram, from, false, at) },
                // A peer without an RTCP port answers with ICMP; that is its right.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
        }
    }
}

/// Takes a datagram of the peer's from either port; `muxed` from that of the audio.
pub(super) fn received_rtcp(shared: &Shared, datagram: &[u8], from: SocketAddr, muxed: bool, at: Monotonic) {
    let unprotected = {
        let mut state = shared.state();
        if !state.receiving().may_come_from(from.ip()) {
            return;
        }
        state.unprotect_rtcp(datagram)
    };
    let Some(plain) = unprotected else { return };
    shared.capture.report_received(at, from, muxed, &plain);
    let at = (at, ntp(at));
    shared.state().feedback().read(&plain, at, shared.ssrc);
}

fn send((rtp, rtcp): &(UdpSocket, UdpSocket), shared: &Shared) {
    let mut state = shared.state();
    let Some((remote, muxed)) = state.rtcp_remote() else { return };
    let Some(plain) = compound(&mut state, shared.ssrc) else { return };
    let Some(report) = state.protect_rtcp(&plain) else { return };
    drop(state);
    shared.capture.report_sent(Monotonic::now(), remote, muxed, &plain);
    let socket = if muxed { rtp } else { rtcp };
    // The next interval sends again; a lost report does not matter.
    let _lost = socket.send_to(&report, remote);
}

fn compound(state: &mut SessionState, ssrc: u32) -> Option<BytesMut> {
    let sent = state.sender_state();
    let reports: Vec<ReceptionReport> = reception_report(state).into_iter().collect();
    let now = Monotonic::now();
    let mut out = match sent.at {
        Some(at) => {
            let since = i128::from(now.0 - at.0) * i128::from(state.clock_rate()) / 1_000_000_000;
            SenderReport {
                ssrc,
                ntp_time: ntp(now),
                rtp_time: sent.timestamp.wrapping_add(since as u32),
                packet_count: sent.packets,
                octet_count: sent.octets,
                reports,
                ..SenderReport::default()
            }
            .marshal()
        }
        None => ReceiverReport { ssrc, reports, ..ReceiverReport::default() }.marshal(),
    }
    .ok()?;
    let name = SourceDescriptionItem { sdes_type: SdesType::SdesCname, text: Bytes::from(format!("{ssrc:08x}@goldencall")) };
    let description = SourceDescription { chunks: vec![SourceDescriptionChunk { source: ssrc, items: vec![name] }] };
    out.extend_from_slice(&description.marshal().ok()?);
    Some(out)
}

fn reception_report(state: &mut SessionState) -> Option<ReceptionReport> {
    let counter = state.reception();
    let (ssrc, highest) = counter.highest()?;
    let report = counter.report();
    let feedback = state.feedback();
    let (last, fraction_lost) = (feedback.last, feedback.fraction(report.packets + report.lost, report.lost));
    let delay = last.map_or(0, |(_, at)| i128::from(Monotonic::now().0 - at.0) * i128::from(SHORT) / 1_000_000_000);
    Some(ReceptionReport {
        ssrc,
        fraction_lost,
        total_lost: report.lost.min(0x00ff_ffff) as u32,
        last_sequence_number: highest,
        jitter: counter.jitter_ticks(state.clock_rate()),
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
