//! Packet loss concealment for the recording: what people listen to should not click where a packet was lost.
//! Detection, transcription and every measurement see the gap as it is.

use std::ops::Range;

use crate::codec::SAMPLE_RATE;

/// Pitch periods of voices: 66 to 400 Hz.
const PERIODS: Range<usize> = SAMPLE_RATE as usize / 400..SAMPLE_RATE as usize / 66 + 1;
/// Samples that are compared to find the period: 10 ms.
const WINDOW: usize = 80;
/// Until here a repeated period keeps its level; then it fades (G.711 appendix I has the same shape).
const FULL: usize = 80;
/// Longer gaps end in silence.
const FADED: usize = 480;

/// Fills each gap with the pitch period before it, fading out.
pub(super) fn conceal(recording: &mut [i16], gaps: &[Range<usize>]) {
    for gap in gaps {
        let (before, rest) = recording.split_at_mut(gap.start.min(recording.len()));
        let Some(period) = period(before) else { continue };
        let last = &before[before.len() - period..];
        for (index, sample) in rest.iter_mut().take(gap.len().min(FADED)).enumerate() {
            let level = if index < FULL { 1.0 } else { (FADED - index) as f64 / (FADED - FULL) as f64 };
            *sample = (f64::from(last[index % period]) * level) as i16;
        }
    }
}

/// The shift at which the last samples are most like those before them; `None` where there are too few.
fn period(before: &[i16]) -> Option<usize> {
    let end = before.len();
    if end < WINDOW + PERIODS.end {
        return None;
    }
    let likeness = |shift: usize| {
        let pairs = before[end - WINDOW..].iter().zip(&before[end - WINDOW - shift..end - shift]);
        let (mut product, mut energy) = (0.0, 1.0);
        for (now, then) in pairs {
            product += f64::from(*now) * f64::from(*then);
            energy += f64::from(*then).powi(2);
        }
        product / energy.sqrt()
    };
    PERIODS.max_by(|a, b| likeness(*a).total_cmp(&likeness(*b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_packet_in_a_vowel_goes_on_and_a_long_gap_fades() {
        let vowel: Vec<i16> = (0..1600).map(|k| ((f64::from(k) * std::f64::consts::TAU / 57.0).sin() * 8000.0) as i16).collect();
        let mut lost = vowel.clone();
        lost[800..960].fill(0);
        conceal(&mut lost, std::slice::from_ref(&(800..960)));
        let worst = (800..880).map(|k| (lost[k] - vowel[k]).abs()).max();
        assert!(worst < Some(1500), "{worst:?}");
        let mut long = vowel;
        long[800..1600].fill(0);
        conceal(&mut long, std::slice::from_ref(&(800..1600)));
        assert!(long[1300..].iter().all(|sample| *sample == 0));
    }

    #[test]
    fn gaps_at_the_ends_are_left_alone() {
        for gap in [0..160, 100..260, 4000..4160] {
            let mut recording = vec![5; 260];
            conceal(&mut recording, std::slice::from_ref(&gap));
            assert_eq!(recording.len(), 260);
        }
    }
}
