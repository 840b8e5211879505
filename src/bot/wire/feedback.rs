//! The bot's RTCP: a receiver report for each sender report.

use bytes::Bytes;
use rtc_shared::marshal::Marshal;
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport;
use rtcp::sender_report::SenderReport;

/// What answers a compound packet that came so many nanoseconds ago.
pub(super) fn answer(datagram: &[u8], ssrc: u32, waited: i64) -> Option<Vec<u8>> {
    let packets = rtcp::packet::unmarshal(&mut Bytes::copy_from_slice(datagram)).ok()?;
    let report = packets.iter().find_map(|packet| packet.as_any().downcast_ref::<SenderReport>())?;
    let block = ReceptionReport {
        ssrc: report.ssrc,
        last_sender_report: (report.ntp_time >> 16) as u32,
        delay: (i128::from(waited.max(0)) * 65_536 / 1_000_000_000) as u32,
        ..ReceptionReport::default()
    };
    let answer = ReceiverReport { ssrc, reports: vec![block], ..ReceiverReport::default() };
    answer.marshal().ok().map(|bytes| bytes.to_vec())
}
