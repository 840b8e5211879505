//! Holes in the middle of what the bot says: packets that were lost or came too late, or silence that a starved player put in.

use std::ops::Range;

use super::level::power;
use crate::codec::SAMPLE_RATE;

/// Shorter holes are concealed by every telephone: 60 ms, three packets.
pub const LEAST_GAP: usize = SAMPLE_RATE as usize * 60 / 1000;
/// 10 ms of sound on each side of a hole.
const EDGE: usize = SAMPLE_RATE as usize / 100;
/// A pause of speech fades out; sound within 25 dB of the level of speech that stops at once is cut off.
const CUT_OFF: f64 = 316.0;
/// The quietest values of G.711: zero, and A-law's 8.
const SILENT: u16 = 8;

/// Holes of at least 60 ms inside stretches of speech.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// How many.
    pub count: u64,
    /// The longest, in samples.
    pub longest: usize,
    /// Where it begins, as an index of the recording.
    pub longest_at: usize,
}

/// Looks into each stretch of speech; `missing` is where packets are missing, in order.
pub fn gaps(recording: &[i16], missing: &[Range<usize>], speech: &[Range<usize>]) -> Gaps {
    let mut found: Vec<Range<usize>> = Vec::new();
    for stretch in speech {
        let end = stretch.end.min(recording.len());
        let lost = missing.iter().filter(|range| range.start >= stretch.start && range.end <= end);
        found.extend(lost.cloned());
        found.extend(cut_off(recording, stretch.start.min(end)..end));
    }
    found.sort_by_key(|range| range.start);
    let mut gaps = Gaps::default();
    for hole in joined(found).into_iter().filter(|hole| hole.len() >= LEAST_GAP) {
        gaps.count += 1;
        if hole.len() > gaps.longest {
            (gaps.longest, gaps.longest_at) = (hole.len(), hole.start);
        }
    }
    gaps
}

/// Digital silence between sounds that do not fade.
fn cut_off(recording: &[i16], stretch: Range<usize>) -> Vec<Range<usize>> {
    let speech = &recording[stretch.clone()];
    let loud = power(speech) / CUT_OFF;
    let mut holes = Vec::new();
    let mut at = stretch.start;
    for run in speech.chunk_by(|a, b| a == b) {
        let hole = at..at + run.len();
        at = hole.end;
        let silent = run[0].unsigned_abs() <= SILENT && run.len() >= LEAST_GAP;
        let inside = hole.start >= stretch.start + EDGE && hole.end + EDGE <= stretch.end;
        if silent
            && inside
            && power(&recording[hole.start - EDGE..hole.start]) > loud
            && power(&recording[hole.end..hole.end + EDGE]) > loud
        {
            holes.push(hole);
        }
    }
    holes
}

/// Overlapping holes as one.
fn joined(sorted: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for hole in sorted {
        match joined.last_mut() {
            Some(last) if hole.start <= last.end => last.end = last.end.max(hole.end),
            _ => joined.push(hole),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice() -> Vec<i16> {
        (0..8000).map(|k| ((f64::from(k) * 0.11).sin() * 8000.0) as i16).collect()
    }

    fn of(recording: &[i16], missing: &[Range<usize>]) -> Gaps {
        gaps(recording, missing, std::slice::from_ref(&(0..recording.len())))
    }

    #[test]
    fn three_missing_packets_are_a_gap_and_two_are_not() {
        let mut recording = voice();
        recording[800..1120].fill(0);
        assert_eq!(of(&recording, std::slice::from_ref(&(800..1120))), Gaps::default());
        recording[1120..1280].fill(0);
        assert_eq!(of(&recording, &[800..1120, 1120..1280]), Gaps { count: 1, longest: 480, longest_at: 800 });
    }

    #[test]
    fn silence_put_into_a_word_is_a_gap_and_a_pause_is_not() {
        let mut recording = voice();
        recording[4000..4800].fill(0);
        assert_eq!(of(&recording, &[]), Gaps { count: 1, longest: 800, longest_at: 4000 });
        // The same silence after a sound that faded.
        for (k, sample) in recording[3200..4000].iter_mut().enumerate() {
            *sample = (f64::from(*sample) * (-(k as f64) / 100.0).exp()) as i16;
        }
        assert_eq!(of(&recording, &[]), Gaps::default());
    }

    #[test]
    fn what_is_missing_outside_speech_is_no_gap() {
        let recording = voice();
        assert_eq!(gaps(&recording, &[0..800, 7000..7900], std::slice::from_ref(&(1000..6000))), Gaps::default());
        assert_eq!(gaps(&recording, &[], std::slice::from_ref(&(7900..9000))), Gaps::default());
    }
}
