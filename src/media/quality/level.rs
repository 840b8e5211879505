//! How loud the bot speaks, how quiet its line is, and whether it is overdriven.

use std::ops::Range;

/// 20 ms at 8 kHz.
const FRAME: usize = 160;
/// Frames this far under the mean of speech are pauses (ITU-T P.56: margin 15.9 dB).
const MARGIN_DB: f64 = 15.9;
/// Full scale of the quietest-clipping codec: the largest value of G.711 mu-law; A-law and linear samples reach further.
const FULL_SCALE: u16 = 32_124;
/// So many samples at full scale in a row are a cut-off peak and no chance.
const CLIPPED_RUN: usize = 3;
/// From dBov to dBm0: A-law overloads at a sine of +3.14 dBm0 (G.711), whose level is -3.01 dBov. Mu-law lies 0.03 dB higher.
const DBM0_OVER_DBOV: f64 = 6.15;

/// Levels of one stretch of speech.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SpeechLevel {
    /// Active speech level in dBov: the power of speech without its pauses, against that of a full-scale square wave.
    pub level_dbov: f64,
    /// The same in dBm0.
    pub level_dbm0: f64,
    /// Share of speech samples at full scale, 0 to 1.
    pub clipping: f64,
    /// Peaks that are cut off: three samples and more at full scale in a row.
    pub clipped_runs: u64,
}

/// The level of the speech in these stretches; `None` where there is none.
pub fn speech_level(recording: &[i16], speech: &[Range<usize>]) -> Option<SpeechLevel> {
    let stretches = || speech.iter().filter_map(|range| recording.get(range.start..range.end.min(recording.len())));
    let frames: Vec<f64> = stretches().flat_map(|samples| samples.chunks(FRAME)).map(power).collect();
    let mean = |frames: &[f64]| frames.iter().sum::<f64>() / frames.len().max(1) as f64;
    let threshold = mean(&frames) / 10_f64.powf(MARGIN_DB / 10.0);
    let active: Vec<f64> = frames.into_iter().filter(|power| *power > 0.0 && *power >= threshold).collect();
    if active.is_empty() {
        return None;
    }
    let level_dbov = dbov(mean(&active));
    let count: usize = stretches().map(<[i16]>::len).sum();
    let clipped = |samples: &[i16]| samples.iter().filter(|sample| at_full_scale(**sample)).count();
    let runs = |samples: &[i16]| {
        let runs = samples.chunk_by(|a, b| at_full_scale(*a) && at_full_scale(*b));
        runs.filter(|run| run.len() >= CLIPPED_RUN).count() as u64
    };
    Some(SpeechLevel {
        level_dbov,
        level_dbm0: level_dbov + DBM0_OVER_DBOV,
        clipping: stretches().map(clipped).sum::<usize>() as f64 / count.max(1) as f64,
        clipped_runs: stretches().map(runs).sum(),
    })
}

/// Noise between the stretches of speech in dBov: the median of 20 ms frames. `None` where nothing was sent there, or digital
/// silence.
pub fn noise_floor(recording: &[i16], speech: &[Range<usize>]) -> Option<f64> {
    let starts = speech.iter().map(|range| range.start).chain([recording.len()]);
    let ends = [0].into_iter().chain(speech.iter().map(|range| range.end));
    let pauses = ends.zip(starts).filter_map(|(end, start)| recording.get(end..start));
    let frames = pauses.flat_map(|pause| pause.chunks_exact(FRAME));
    // Less than the least bit is digital silence with a codec's crumbs in it.
    let mut powers: Vec<f64> = frames.map(power).filter(|power| *power >= 1.0).collect();
    powers.sort_by(f64::total_cmp);
    powers.get(powers.len() / 2).map(|power| dbov(*power))
}

/// Mean square.
pub(super) fn power(samples: &[i16]) -> f64 {
    samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / samples.len().max(1) as f64
}

fn dbov(power: f64) -> f64 {
    10.0 * (power / 32_768_f64.powi(2)).log10()
}

fn at_full_scale(sample: i16) -> bool {
    sample.unsigned_abs() >= FULL_SCALE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(peak: f64, length: usize) -> Vec<i16> {
        (0..length).map(|k| ((k as f64 * 0.7).sin() * peak) as i16).collect()
    }

    #[test]
    fn a_full_scale_sine_is_3_db_under_overload() {
        let recording = sine(32_767.0, 8000);
        let level = speech_level(&recording, std::slice::from_ref(&(0..8000))).expect("speech");
        assert!((level.level_dbov + 3.01).abs() < 0.02 && (level.level_dbm0 - level.level_dbov - 6.15).abs() < 0.001, "{level:?}");
        assert!(level.clipping > 0.05, "{level:?}");
    }

    #[test]
    fn pauses_do_not_lower_the_level_of_speech() {
        let mut recording = sine(3276.8, 4000);
        recording.extend(sine(30.0, 4000));
        let level = speech_level(&recording, std::slice::from_ref(&(0..8000))).expect("speech");
        assert!((level.level_dbov + 23.01).abs() < 0.1 && level.clipping == 0.0, "{level:?}");
        let noise = noise_floor(&recording, std::slice::from_ref(&(0..4000))).expect("noise");
        assert!((noise + 63.8).abs() < 0.5, "{noise}");
    }

    #[test]
    fn cut_off_peaks_are_counted() {
        let loud: Vec<i16> = sine(60_000.0, 1600);
        let level = speech_level(&loud, std::slice::from_ref(&(0..1600))).expect("speech");
        assert!(level.clipped_runs > 300 && level.clipping > 0.5, "{level:?}");
    }

    #[test]
    fn silence_has_no_level() {
        assert_eq!(speech_level(&[0; 800], std::slice::from_ref(&(0..800))), None);
        assert_eq!(speech_level(&[], &[]), None);
        assert_eq!(noise_floor(&[0; 800], &[]), None);
    }
}
