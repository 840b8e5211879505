//! Whether a sound has a pitch: distinguishes the first moments of speech from a burst of noise, on which
//! the network is unsure for a few frames after silence.

/// Shortest and longest pitch period at 8 kHz: 400 to 80 Hz.
const PERIODS: std::ops::RangeInclusive<usize> = 20..=100;
/// Correlation at the pitch period above which a sound is voiced. Noise reaches 0.2.
const VOICED: f32 = 0.3;
const PRE_EMPHASIS: f32 = 0.9;

/// Whether the samples (8 kHz, at least 30 ms) repeat themselves at a pitch period. Hum and a
/// constant offset do not count.
pub(super) fn is_voiced(samples: &[f32]) -> bool {
    let mut x: Vec<f32> = samples.windows(2).map(|w| w[1] - PRE_EMPHASIS * w[0]).collect();
    let mean = x.iter().sum::<f32>() / x.len().max(1) as f32;
    x.iter_mut().for_each(|sample| *sample -= mean);
    PERIODS.into_iter().any(|period| correlation(&x, period) > VOICED)
}

fn correlation(x: &[f32], lag: usize) -> f32 {
    let (early, late) = (x, x.get(lag..).unwrap_or_default());
    let (mut both, mut left, mut right) = (0.0f32, 0.0f32, 0.0f32);
    for (a, b) in early.iter().zip(late) {
        both += a * b;
        left += a * a;
        right += b * b;
    }
    both / (left * right).sqrt().max(f32::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pulses_are_voiced_noise_and_hum_are_not() {
        let pulses: Vec<f32> = (0..512).map(|k| if k % 64 < 8 { 0.1 } else { 0.0 }).collect();
        assert!(is_voiced(&pulses));
        let mut seed = 1u32;
        let noise: Vec<f32> = (0..512)
            .map(|k| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let hum = 0.03 * (k as f32 * std::f32::consts::TAU * 50.0 / 8000.0).sin();
                0.2 + hum + 0.1 * (seed >> 8) as f32 / 16_777_216.0
            })
            .collect();
        assert!(!is_voiced(&noise));
        assert!(!is_voiced(&[0.0; 512]));
        assert!(!is_voiced(&[]));
    }
}
