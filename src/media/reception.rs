//! What RTP itself says about a received stream (RFC 3550, section 6.4 and appendix A).

use serde::{Deserialize, Serialize};

use super::quality::JitterMeter;
use super::timeline::MediaFrame;

/// Counts of one received stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reception {
    /// Packets received, duplicates left out.
    pub packets: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets that came after one with a higher sequence number.
    pub reordered: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Interarrival jitter in milliseconds (RFC 3550, section 6.4.1).
    pub jitter_ms: f64,
}

/// Counts packets as they come.
#[derive(Clone, Debug, Default)]
pub struct ReceptionCounter {
    source: Option<Source>,
    packets: u64,
    lost_before: u64,
    reordered: u64,
    duplicates: u64,
    jitter: JitterMeter,
}

#[derive(Clone, Debug)]
struct Source {
    ssrc: u32,
    first: i64,
    highest: i64,
    received: u64,
    /// The last 64 sequence numbers below the highest, as bits.
    recent: u64,
}

impl Source {
    fn lost(&self) -> u64 {
        u64::try_from(self.highest - self.first + 1).unwrap_or(0).saturating_sub(self.received)
    }
}

impl ReceptionCounter {
    /// Counts one packet.
    pub fn push(&mut self, frame: &MediaFrame) {
        let Some(source) = self.source.as_mut().filter(|source| source.ssrc == frame.ssrc) else {
            self.lost_before += self.source.as_ref().map_or(0, Source::lost);
            let sequence = i64::from(frame.sequence);
            self.source = Some(Source { ssrc: frame.ssrc, first: sequence, highest: sequence, received: 1, recent: 1 });
            self.packets += 1;
            self.jitter = JitterMeter::default();
            self.jitter.push(frame.received.as_nanos(), frame.timestamp, frame.marker);
            return;
        };
        if !frame.samples.is_empty() {
            self.jitter.push(frame.received.as_nanos(), frame.timestamp, frame.marker);
        }
        let step = frame.sequence.wrapping_sub(source.highest as u16) as i16;
        if step > 0 {
            source.recent = source.recent.checked_shl(u32::from(step.unsigned_abs())).unwrap_or(0) | 1;
            source.highest += i64::from(step);
        } else {
            let bit = 1_u64.checked_shl(u32::from(step.unsigned_abs())).unwrap_or(0);
            if source.recent & bit != 0 {
                self.duplicates += 1;
                return;
            }
            source.recent |= bit;
            source.first = source.first.min(source.highest + i64::from(step));
            self.reordered += 1;
        }
        source.received += 1;
        self.packets += 1;
    }

    /// The counts so far.
    pub fn report(&self) -> Reception {
        Reception {
            packets: self.packets,
            lost: self.lost_before + self.source.as_ref().map_or(0, Source::lost),
            reordered: self.reordered,
            duplicates: self.duplicates,
            jitter_ms: self.jitter.jitter_ms(),
        }
    }

    /// Extended highest sequence number and SSRC, for RTCP reception reports.
    pub fn highest(&self) -> Option<(u32, u32)> {
        self.source.as_ref().map(|source| (source.ssrc, source.highest as u32))
    }

    /// Jitter in units of the codec's RTP clock (in hertz), for RTCP.
    pub fn jitter_ticks(&self, clock: u32) -> u32 {
        (self.jitter.jitter_ms() * f64::from(clock) / 1000.0) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::CallTime;

    fn push(counter: &mut ReceptionCounter, arrival_ms: i64, sequence: u16) {
        let timestamp = u32::from(sequence.wrapping_sub(65_530)) * 160;
        let arrival = CallTime::from_millis(arrival_ms);
        counter.push(&MediaFrame { arrival, received: arrival, ssrc: 1, sequence, timestamp, marker: false, samples: vec![0; 160] });
    }

    #[test]
    fn loss_reordering_and_duplicates_are_told_apart_across_the_wrap() {
        let mut counter = ReceptionCounter::default();
        for (k, sequence) in [65_530_u16, 65_531, 65_533, 65_532, 65_532, 0, 1].into_iter().enumerate() {
            push(&mut counter, k as i64 * 20, sequence);
        }
        let report = counter.report();
        assert_eq!((report.packets, report.lost, report.reordered, report.duplicates), (6, 2, 1, 1));
    }

    #[test]
    fn a_steady_stream_has_no_jitter() {
        let mut counter = ReceptionCounter::default();
        for k in 0..100_u16 {
            push(&mut counter, i64::from(k) * 20, 65_530_u16.wrapping_add(k));
        }
        assert!(counter.report().jitter_ms < 0.01);
    }
}
