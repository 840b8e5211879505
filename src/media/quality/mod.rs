//! How well a call sounded, as the network and the line left it: packets, jitter, bursts, gaps, levels, and the mean opinion
//! score that follows from them.

mod burst;
mod emodel;
mod gaps;
mod jitter;
mod level;
mod metric;
mod packets;
mod stream;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::time::Span;

pub use burst::{BurstLoss, burst_loss};
pub use emodel::{Line, impairment, rate};
pub use gaps::gaps;
pub use jitter::JitterMeter;
pub use level::{noise_floor, speech_level};
pub use metric::{Comparison, QualityMetric, Unit};
pub use packets::PacketLog;
pub use stream::DEJITTER_NANOS;
use stream::{Fate, Stream};

/// How a call or a turn of it sounded. What its transport cannot measure is `None`: a media socket over TCP loses no packets, and
/// without RTCP or ICE the round trip is unknown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quality {
    /// RTP packets received, duplicates left out.
    pub packets: Option<u64>,
    /// Packets that never came.
    pub lost: Option<u64>,
    /// Share of packets that never came, 0 to 1.
    pub loss: Option<f64>,
    /// Packets that came after their playout time, with a de-jitter buffer of 60 ms.
    pub late: Option<u64>,
    /// Share of packets that came too late, 0 to 1.
    pub late_share: Option<f64>,
    /// Packets that came after one with a higher sequence number.
    pub reordered: Option<u64>,
    /// Packets that came again.
    pub duplicates: Option<u64>,
    /// Interarrival jitter (RFC 3550, section 6.4.1) after the last packet, in milliseconds.
    pub jitter_ms: Option<f64>,
    /// The mean of it over all packets.
    pub jitter_mean_ms: Option<f64>,
    /// The largest it became.
    pub jitter_max_ms: Option<f64>,
    /// Share of packets lost or late inside bursts, 0 to 1 (RFC 3611, section 4.7.2; Gmin 16); 0 without bursts.
    pub burst_density: Option<f64>,
    /// Share of packets lost or late outside bursts, 0 to 1.
    pub gap_density: Option<f64>,
    /// Bursts of lost or late packets.
    pub bursts: Option<u64>,
    /// Most packets lost or late in a row.
    pub longest_loss: Option<u64>,
    /// When that began, in milliseconds after dial.
    pub longest_loss_at_ms: Option<f64>,
    /// The round trip of a packet to the bot, in milliseconds.
    pub round_trip_ms: Option<f64>,
    /// One-way delay that the E-model was given: half the round trip (nothing where it is not known), one packet, and a
    /// de-jitter buffer of 60 ms.
    pub delay_ms: Option<f64>,
    /// R of the E-model (G.107; G.107.1 for wideband codecs).
    pub r: Option<f64>,
    /// Conversational quality, MOS-CQE.
    pub mos: Option<f64>,
    /// Listening quality, MOS-LQE: the same without delay.
    pub mos_lqe: Option<f64>,
    /// Holes of 60 ms and more inside the bot's utterances.
    pub gaps: Option<u64>,
    /// The longest of them, in milliseconds.
    pub longest_gap_ms: Option<f64>,
    /// When it began, in milliseconds after dial.
    pub longest_gap_at_ms: Option<f64>,
    /// Active speech level in dBov.
    pub level_dbov: Option<f64>,
    /// The same in dBm0.
    pub level_dbm0: Option<f64>,
    /// Noise between utterances in dBov.
    pub noise_dbov: Option<f64>,
    /// Share of speech samples at full scale, 0 to 1.
    pub clipping: Option<f64>,
    /// Peaks cut off: three and more samples at full scale in a row.
    pub clipped_runs: Option<u64>,
    /// From dial to answer, in milliseconds; set while a turn is judged, since reports have it by call.
    #[serde(skip)]
    pub setup_ms: Option<f64>,
    /// From dial to the first ringing, in milliseconds; set while a turn is judged.
    #[serde(skip)]
    pub post_dial_delay_ms: Option<f64>,
}

/// What the quality of a call is worked out from.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// Every packet; `None` over transports that have none.
    pub packets: Option<&'a PacketLog>,
    /// The negotiated codec, as SDP names it.
    pub codec: &'a str,
    /// The round trip of a packet to the bot, in milliseconds.
    pub round_trip_ms: Option<f64>,
    /// The bot's audio, 8 kHz, from dial on.
    pub recording: &'a [i16],
    /// Where packets are missing in it, in order.
    pub missing: &'a [Range<usize>],
}

/// Works out the quality of calls and turns from the same evidence.
#[derive(Debug)]
pub struct Assessor<'a> {
    evidence: Evidence<'a>,
    stream: Option<Stream>,
}

impl<'a> Assessor<'a> {
    /// Sorts the packets once.
    pub fn new(evidence: Evidence<'a>) -> Self {
        let stream = evidence.packets.map(Stream::of);
        Self { evidence, stream }
    }

    /// A turn, or the whole call without a window. `speech` is where the bot speaks, as indices of the recording; `heard_at`
    /// says when a sample is heard, in milliseconds after dial.
    pub fn assess(&self, window: Option<Span>, speech: &[Range<usize>], heard_at: &dyn Fn(usize) -> f64) -> Quality {
        let mut quality = Quality { round_trip_ms: self.evidence.round_trip_ms, ..Quality::default() };
        match (&self.stream, window) {
            (Some(stream), Some(window)) => self.count(&stream.within(window), &mut quality),
            (Some(stream), None) => self.count(stream, &mut quality),
            (None, _) => {}
        }
        if !speech.is_empty() {
            let gaps = gaps(self.evidence.recording, self.evidence.missing, speech);
            quality.gaps = Some(gaps.count);
            if gaps.count > 0 {
                quality.longest_gap_ms = Some(gaps.longest as f64 / 8.0);
                quality.longest_gap_at_ms = Some(heard_at(gaps.longest_at));
            }
        }
        if let Some(level) = speech_level(self.evidence.recording, speech) {
            (quality.level_dbov, quality.level_dbm0) = (Some(level.level_dbov), Some(level.level_dbm0));
            (quality.clipping, quality.clipped_runs) = (Some(level.clipping), Some(level.clipped_runs));
        }
        if window.is_none() {
            quality.noise_dbov = noise_floor(self.evidence.recording, speech);
        }
        quality
    }

    fn count(&self, stream: &Stream, quality: &mut Quality) {
        let of = |fate: Fate| stream.slots.iter().filter(|slot| slot.fate == fate).count() as u64;
        let (lost, late) = (of(Fate::Lost), of(Fate::Late));
        let expected = stream.slots.len() as u64;
        (quality.packets, quality.lost, quality.late) = (Some(expected - lost), Some(lost), Some(late));
        quality.reordered = Some(stream.arrivals.iter().filter(|arrival| arrival.reordered).count() as u64);
        quality.duplicates = Some(stream.arrivals.iter().filter(|arrival| arrival.duplicate).count() as u64);
        if expected == 0 {
            return;
        }
        let share = |count: u64| Some(count as f64 / expected as f64);
        (quality.loss, quality.late_share) = (share(lost), share(late));
        let jitter: Vec<f64> = stream.arrivals.iter().filter_map(|arrival| arrival.jitter_ms).collect();
        quality.jitter_ms = jitter.last().copied();
        quality.jitter_mean_ms = (!jitter.is_empty()).then(|| jitter.iter().sum::<f64>() / jitter.len() as f64);
        quality.jitter_max_ms = jitter.iter().copied().reduce(f64::max);
        let missing: Vec<bool> = stream.slots.iter().map(|slot| slot.fate != Fate::Played).collect();
        let burst = burst_loss(&missing);
        (quality.burst_density, quality.gap_density) = (Some(burst.burst_density), Some(burst.gap_density));
        (quality.bursts, quality.longest_loss) = (Some(burst.bursts), Some(burst.longest_run));
        if burst.longest_run > 0 {
            quality.longest_loss_at_ms = stream.slots.get(burst.longest_run_at).map(|slot| slot.at as f64 / 1e6);
        }
        self.rate(stream, &burst, quality);
    }

    fn rate(&self, stream: &Stream, burst: &BurstLoss, quality: &mut Quality) {
        let packetisation = stream.slots.iter().map(|slot| slot.length).max().unwrap_or(0);
        let delay_ms = quality.round_trip_ms.unwrap_or(0.0) / 2.0 + (packetisation + DEJITTER_NANOS) as f64 / 1e6;
        quality.delay_ms = Some(delay_ms);
        let Some(codec) = impairment(self.evidence.codec) else { return };
        let loss = quality.loss.unwrap_or(0.0) + quality.late_share.unwrap_or(0.0);
        let rating = rate(&Line { codec, loss, burst_ratio: burst.burst_ratio, delay_ms });
        (quality.r, quality.mos, quality.mos_lqe) = (Some(rating.r), Some(rating.mos_cqe), Some(rating.mos_lqe));
    }
}
