//! Cutting a recording into what a recogniser does best on.

use std::ops::Range;

use crate::media::resample::{MODEL_RATE, TELEPHONE_RATE, to_f32_16k};

/// Audio kept on each side of a segment, in milliseconds. Without it the recogniser repeats words;
/// with much more of it, it drops replies of one word.
pub const PADDING_MS: usize = 100;

const PADDING: usize = PADDING_MS * TELEPHONE_RATE as usize / 1000;
/// Longest piece that the recogniser is given, in samples at 16 kHz: 25 s.
const LONGEST: usize = 25 * MODEL_RATE as usize;
/// A piece is never cut shorter than this, in samples at 16 kHz: 5 s.
const SHORTEST: usize = 5 * MODEL_RATE as usize;
/// Window in which the quietest place is sought, and the shortest audio that may have a word in it: 100 ms.
const WINDOW: usize = MODEL_RATE as usize / 10;

/// The speech at `span` (samples at 8 kHz) for a recogniser: 16 kHz, -1 to 1, with 100 ms on both
/// sides, taken from the recording where it has them and silent where it has not.
#[must_use]
pub fn segment_audio(recording_8k: &[i16], span: Range<usize>) -> Vec<f32> {
    let end = span.end.min(recording_8k.len());
    let start = span.start.min(end);
    let from = start.saturating_sub(PADDING);
    let to = (end + PADDING).min(recording_8k.len());
    let mut samples = vec![0i16; PADDING - (start - from)];
    samples.extend_from_slice(recording_8k.get(from..to).unwrap_or_default());
    samples.resize(end - start + 2 * PADDING, 0);
    to_f32_16k(&samples, TELEPHONE_RATE)
}

/// Whether there can be a word in a piece: it is not digital silence, and long enough for the network's first layers.
pub(super) fn has_sound(audio: &[f32]) -> bool {
    audio.len() >= WINDOW && audio.iter().any(|sample| *sample != 0.0)
}

/// Cuts audio (16 kHz) into pieces of at most 25 s, each cut at the quietest place that leaves at
/// least 5 s before it.
pub(super) fn pieces(audio: &[f32]) -> Vec<&[f32]> {
    let (mut pieces, mut rest) = (Vec::new(), audio);
    while rest.len() > LONGEST {
        let (piece, after) = rest.split_at(quietest(rest.get(..LONGEST).unwrap_or(rest), SHORTEST));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// The middle of the quietest window of `audio` after `from`.
fn quietest(audio: &[f32], from: usize) -> usize {
    let power = |at: usize| -> f32 { audio.get(at..at + WINDOW).map_or(f32::INFINITY, |w| w.iter().map(|s| s * s).sum()) };
    (from..audio.len().saturating_sub(WINDOW))
        .step_by(WINDOW / 4)
        .min_by(|a, b| power(*a).total_cmp(&power(*b)))
        .map_or(audio.len(), |at| at + WINDOW / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pads_with_the_neighbourhood_and_with_silence() {
        let recording: Vec<i16> = (0..8000).map(|k| if k < 4000 { 0 } else { 8192 }).collect();
        let got = segment_audio(&recording, 4000..4800);
        assert_eq!(got.len(), (800 + 1600) * 2);
        let near = |part: &[f32], level: f32| part.iter().all(|s| (s - level).abs() < 0.02);
        assert!(near(&got[..1400], 0.0) && near(&got[1800..4600], 0.25));
        assert_eq!(segment_audio(&recording, 0..8000).len(), (8000 + 1600) * 2);
        assert_eq!(segment_audio(&recording, 9000..9500).len(), 1600 * 2);
        assert_eq!(segment_audio(&[], 0..100).len(), 1600 * 2);
    }

    #[test]
    fn cuts_long_speech_where_it_is_quietest() {
        let second = MODEL_RATE as usize;
        let mut audio = vec![0.5f32; 60 * second];
        audio[20 * second..20 * second + 3200].fill(0.0);
        let cut = pieces(&audio);
        assert_eq!(cut.iter().map(|p| p.len()).sum::<usize>(), audio.len());
        assert!(cut.iter().all(|p| p.len() <= LONGEST));
        assert!(cut[0].len().abs_diff(20 * second + 1600) < 1600);
        assert_eq!(pieces(&audio[..LONGEST]).len(), 1);
        assert_eq!(pieces(&[]).len(), 1);
    }
}
