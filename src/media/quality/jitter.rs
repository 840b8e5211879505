//! Interarrival jitter (RFC 3550, section 6.4.1 and appendix A.8).

use crate::codec::SAMPLE_NANOS;

/// A talkspurt that begins this much later than its timestamp says: the timestamps stood still in the pause.
const STOOD_STILL_MS: f64 = 120.0;
/// A step of the RTP clock that no network explains.
const JUMP_MS: f64 = 1000.0;

/// The running estimate for one source, in milliseconds.
///
/// Every packet counts, reordered ones and those with a marker too: across a pause whose timestamps follow the wall clock
/// (Asterisk) the formula holds as it is. Only where the sender's clock stood still or jumped does the next packet begin
/// anew, for the difference would be the length of the pause.
#[derive(Clone, Copy, Debug, Default)]
pub struct JitterMeter {
    last: Option<(i64, u32)>,
    jitter_ms: f64,
}

impl JitterMeter {
    /// Takes a packet in the order of arrival: nanoseconds, and the RTP timestamp in samples at 8 kHz. Returns the new
    /// estimate, or nothing where the packet begins anew.
    pub fn push(&mut self, arrival: i64, timestamp: u32, marker: bool) -> Option<f64> {
        let (last_arrival, last_timestamp) = self.last.replace((arrival, timestamp))?;
        let sent = i64::from(timestamp.wrapping_sub(last_timestamp) as i32) * SAMPLE_NANOS;
        let difference = (arrival - last_arrival - sent) as f64 / 1e6;
        if difference.abs() >= JUMP_MS || (marker && difference >= STOOD_STILL_MS) {
            return None;
        }
        self.jitter_ms += (difference.abs() - self.jitter_ms) / 16.0;
        Some(self.jitter_ms)
    }

    /// The estimate, in milliseconds.
    pub fn jitter_ms(&self) -> f64 {
        self.jitter_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(packets: impl IntoIterator<Item = (f64, u32, bool)>) -> f64 {
        let mut meter = JitterMeter::default();
        for (arrival_ms, timestamp, marker) in packets {
            meter.push((arrival_ms * 1e6) as i64, timestamp, marker);
        }
        meter.jitter_ms()
    }

    #[test]
    fn one_late_packet_gives_the_value_of_the_rfc() {
        // D = 8 ms, then -8 ms: J = 8/16, then 0.5 + (8 - 0.5) / 16.
        let jitter = run([(0.0, 0, true), (28.0, 160, false), (40.0, 320, false)]);
        assert!((jitter - (0.5 + 7.5 / 16.0)).abs() < 1e-9, "{jitter}");
    }

    #[test]
    fn a_pause_on_the_wall_clock_is_measured_across() {
        // Asterisk: 5 s without packets, marker, the timestamp 5 s on; the packet is 4 ms late.
        let jitter = run([(0.0, 0, true), (20.0, 160, false), (5024.0, 40_160, true)]);
        assert!((jitter - 0.25).abs() < 1e-9, "{jitter}");
    }

    #[test]
    fn a_clock_that_stood_still_is_no_jitter() {
        assert!(run([(0.0, 0, true), (20.0, 160, false), (820.0, 320, true), (840.0, 480, false)]) < 1e-9);
        assert!(run([(0.0, 0, true), (20.0, 160, false), (5020.0, 320, false), (5040.0, 480, false)]) < 1e-9);
        assert!(run([(0.0, 0, true), (20.0, 900_000, false), (40.0, 900_160, false)]) < 1e-9);
    }

    #[test]
    fn timestamps_wrap() {
        assert!(run([(0.0, u32::MAX - 159, true), (20.0, 0, false), (40.0, 160, false)]) < 1e-9);
    }
}
